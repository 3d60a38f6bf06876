"""What waits for a person's look in a story: who reads it, answers it, and what the record has of it."""

from points import account_of, agrees_with_events, reckons
from sqlalchemy import select

from dispatch.record.tables import EventRow

LATE = "UPDATE reviews SET due_at = now() - interval '1 minute' WHERE about = 'excuse'"


def waiting(caller):
    """What waits for this caller's answer."""
    found = caller.get("/v1/reviews", params={"to_answer": True})
    assert found.status_code == 200, found.text
    return found.json()["items"]


def answers(caller, review, verdict="rejected", words="The store was open; we asked"):
    return caller.post(f"/v1/reviews/{review}/answer", {"verdict": verdict, "words": words})


def point(story, given, *, part=None, of=None):
    """The only point of the account, of this part where one is named, of this work where it has more."""
    reckons(story)
    agrees_with_events(story)
    points = [each for each in account_of(given)["points"] if part in (None, each["part"])]
    (found,) = [each for each in points if of is None or each["assignment_id"] == of.assignment_id]
    return found


def steps(story):
    """What became of excuses, by their events."""
    with story.town.world.as_engine() as (session, _):
        kinds = select(EventRow.kind).where(EventRow.subject_kind == "excuse").order_by(EventRow.seq)
        return list(session.scalars(kinds))
