"""What was handed back for the client's or for safety's sake: who looks at it, by when, and what it counts for."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from excusing import LATE, answers, point, steps, waiting
from outboxes import Post
from points import account_of, reckons, starts
from racing import race
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.errors import Conflict
from dispatch.jobs.releasing import release
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, ReviewRow, StaffRow, new_id
from dispatch.reputation.excuses import hand_back, move_on
from dispatch.reputation.reviews import answer

WORDS = "The store says that it is closed all week"


def hands_back(story, given, why="no_access", *, hours=2, words=WORDS):
    starts(story, given, -60 * hours)
    said = {"why": why, "words": words} if words else {"why": why}
    return given.technician.post(f"/v1/assignments/{given.assignment_id}/back-out", said)


@pytest.fixture
def given(story):
    """Work of a technician's, for tomorrow or sooner."""
    return story.assigned()


@pytest.fixture
def operator(town):
    return town.key("operator")


def test_it_does_not_count_before_the_client_has_looked_and_both_read_what_was_said(story, given, operator):
    assert hands_back(story, given).status_code == 200
    before = point(story, given)
    assert (before["counts"], before["why_not"], before["points"]) == (False, "in_review", 0)
    assert "a person looks at it" in before["why_not_words"]
    (waits,) = waiting(given.staff)
    assert (waits["about"], waits["why"], waits["words"]) == ("excuse", "no_access", WORDS)
    assert (waits["job_id"], waits["assignment_id"]) == (given.job["id"], given.assignment_id)
    assert waits["event_id"] == before["event_id"]
    assert waits["moves"] == ["answer"]
    due = datetime.fromisoformat(waits["due_at"]) - datetime.fromisoformat(waits["made_at"])
    assert due == timedelta(days=account_of(given)["rules"]["excuse_days"]) == timedelta(days=7)
    assert waiting(operator) == [], "the client first"
    assert waiting(given.technician) == []
    assert answers(operator, waits["id"]).status_code == 409
    assert answers(story.town.stranger, waits["id"]).status_code == 404
    assert answers(given.technician, waits["id"]).status_code == 403
    assert answers(given.staff, waits["id"], words=" ").status_code == 422
    assert answers(given.staff, waits["id"], "upheld", "We were closed indeed").status_code == 200
    after = point(story, given)
    assert (after["counts"], after["why_not"], after["points"]) == (False, "client", 0)
    (read,) = given.technician.get("/v1/reviews").json()["items"]
    assert (read["state"], read["answer"], read["words"]) == ("upheld", "We were closed indeed", WORDS)
    assert answers(given.staff, waits["id"]).status_code == 409, "once"
    assert waiting(given.staff) == []
    assert steps(story) == ["made", "upheld"]


@pytest.mark.parametrize(("hours", "kind"), [(30, "early_back_out"), (2, "back_out")])
def test_turned_around_it_counts_by_when_it_was_handed_back_and_can_be_appealed(story, given, operator, hours, kind):
    assert hands_back(story, given, "unsafe", hours=hours).status_code == 200
    (waits,) = waiting(given.staff)
    assert answers(given.staff, waits["id"]).status_code == 200
    counted = point(story, given)
    assert (counted["kind"], counted["counts"]) == (kind, True)
    assert counted["points"] < 0
    assert counted["review_id"] is None, "the answer is no appeal"
    appeal = given.technician.post("/v1/appeals", {"event_id": counted["event_id"], "words": "Nobody was there"})
    assert appeal.status_code == 201, appeal.text
    aside = point(story, given)
    assert (aside["why_not"], aside["review_state"]) == ("disputed", "open")
    assert answers(given.staff, appeal.json()["id"]).status_code == 409, "not by whose word it is about"
    assert answers(operator, appeal.json()["id"], "upheld", "The log shows it").status_code == 200
    assert point(story, given)["why_not"] == "corrected"
    assert steps(story) == ["made", "rejected"]


def test_what_the_client_leaves_is_the_operators_and_what_nobody_answers_stays_excused(story, given, operator):
    assert hands_back(story, given).status_code == 200
    (waits,) = waiting(given.staff)
    story.time_passes(LATE)
    assert answers(given.staff, waits["id"]).status_code == 409, "past its date"
    reckons(story)
    assert waiting(given.staff) == []
    (passed,) = waiting(operator)
    assert (passed["id"], passed["moves"], passed["is_late"]) == (waits["id"], ["answer"], False)
    assert passed["passed_on_at"] is not None
    refused = answers(given.staff, waits["id"])
    assert (refused.status_code, "until its date" in refused.text) == (409, True)
    assert point(story, given)["why_not"] == "in_review"
    story.time_passes(LATE)
    assert answers(operator, waits["id"]).status_code == 409
    unanswered = point(story, given)
    assert (unanswered["why_not"], unanswered["counts"], unanswered["points"]) == ("unanswered", False, 0)
    assert "nobody looked at it by the date" in unanswered["why_not_words"]
    assert answers(operator, waits["id"]).status_code == 409
    (read,) = given.technician.get("/v1/reviews").json()["items"]
    assert (read["state"], read["moves"]) == ("unanswered", [])
    assert steps(story) == ["made", "passed_on", "unanswered"]
    assert story.alarms("review_late") == []


def test_the_operator_turns_around_what_was_passed_on(story, given, operator):
    assert hands_back(story, given).status_code == 200
    story.time_passes(LATE)
    reckons(story)
    (passed,) = waiting(operator)
    assert answers(operator, passed["id"]).status_code == 200
    counted = point(story, given)
    assert (counted["counts"], counted["why_not"]) == (True, None)
    assert steps(story) == ["made", "passed_on", "rejected"]


def test_where_there_is_nothing_to_excuse_nobody_is_asked(story, given):
    refused = hands_back(story, given, "ill")
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "/words")
    assert hands_back(story, given, "ill", words="").status_code == 200
    free = story.assigned()
    story.time_passes("UPDATE assignments SET hand_back_until = now() + interval '1 hour' WHERE state = 'live'")
    assert hands_back(story, free, "unsafe").status_code == 200
    with story.town.world.as_engine() as (session, _):
        assert session.scalars(select(ReviewRow)).all() == []
    assert point(story, given)["counts"]
    assert [each["assignment_id"] for each in account_of(free)["points"]] == [given.assignment_id]


def test_handed_back_without_asking_anybody_it_is_not_handed_back(story, given):
    """The database refuses what the code above never does."""
    work = UUID(given.assignment_id)
    actor = Actor("technician", given.technician_id, technician_id=given.technician_id)

    def by_the_side(why):
        with story.town.world.as_engine() as (session, now):
            release(session, actor, work, why, now=now)

    with pytest.raises(IntegrityError, match="nobody is asked to look at it"):
        by_the_side("unsafe")
    by_the_side("ill")


def test_of_many_who_answer_while_it_is_passed_on_one_holds(story, given):
    """The client's people answer, the operator does, and the date passes, all at once: one end, by one side."""
    world = story.town.world
    actor = Actor("technician", given.technician_id, technician_id=given.technician_id)
    with world.as_engine() as (session, now):
        row = hand_back(session, actor, UUID(given.assignment_id), "unsafe", now=now - timedelta(days=7))
        assert row is not None
        review = row.id
    operator = Actor("operator", UUID(int=1))

    def says(who, verdict):
        def do():
            with world.as_engine() as (session, now):
                return answer(session, who, review, verdict, "Said", now=now - timedelta(seconds=30)).state

        return do

    def passes():
        with world.as_engine() as (session, now):
            return move_on(session, now)

    said = race([says(world.staff, "rejected"), says(world.staff, "upheld"), says(operator, "rejected"), passes] * 2)
    held = [each for each in said if isinstance(each, str)]
    assert len(held) <= 1
    assert all(isinstance(each, str | int | Conflict) or "answers" in str(each) for each in said), said
    with world.as_engine() as (session, _):
        kinds = session.scalars(select(EventRow.kind).where(EventRow.subject_kind == "excuse").order_by(EventRow.seq))
        ended = [kind for kind in kinds if kind in ("upheld", "rejected", "unanswered")]
        assert ended == held


def test_the_client_is_told_that_somebody_waits_and_the_technician_what_was_said(story, given):
    post, sam = Post(story.town.world), new_id()
    with story.town.world.as_engine() as (session, now):
        person = {"role": "dispatcher", "name": "Sam Lopez", "email": "sam@acme.example", "created_at": now}
        session.add(StaffRow(id=sam, client_id=story.town.world.client, **person))
    post.goes_out()
    assert hands_back(story, given).status_code == 200
    told = [each.body for each in post.goes_out() if each.address == "sam@acme.example"]
    assert sum("under Reviews" in each for each in told) == 1, told
    (waits,) = waiting(given.staff)
    assert answers(given.staff, waits["id"]).status_code == 200
    assert any("you can appeal" in each.body.lower() for each in post.goes_out())
