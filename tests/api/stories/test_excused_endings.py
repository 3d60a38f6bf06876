"""Work that could not start, or must go on another day, and not by their doing: who looks, and what it counts."""

from datetime import timedelta
from uuid import UUID

import pytest
from excusing import LATE, answers, point, steps, waiting
from outboxes import Post
from points import reckons, starts
from racing import race
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.errors import Refused
from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, ReviewRow, StaffRow, new_id
from dispatch.reputation.excuses import leave_visit
from dispatch.reputation.reviews import answer, appeal
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_out
from dispatch.visits.stamps import Stamp

WORDS = "A drive of another size"
RETURN = {"outcome": "return_needed", "why": "part", "note": WORDS}
CLOSED = {"outcome": "could_not_start", "why": "no_access", "note": "Nobody opened"}


@pytest.fixture
def given(story):
    """Somebody is there, in time."""
    given = story.assigned()
    starts(story, given, 5)
    given.does("check-in")
    return given


@pytest.fixture
def operator(town):
    return town.key("operator")


def leaves(given, ending, caller=None):
    left = (caller or given.technician).post(f"{given.visit}/check-out", ending)
    assert left.status_code == 200, left.text
    return left.json()


def completed(story, given):
    return point(story, given, part="completed")


@pytest.mark.parametrize("ending", [RETURN, CLOSED], ids=["return_needed", "could_not_start"])
def test_it_does_not_count_before_the_client_has_looked_and_counts_when_the_client_says_so(story, given, ending):
    leaves(given, ending)
    before = completed(story, given)
    assert (before["kind"], before["counts"], before["why_not"]) == (ending["outcome"], False, "in_review")
    (waits,) = waiting(given.staff)
    told = (waits["about"], waits["outcome"], waits["why"], waits["words"])
    assert told == ("excuse", ending["outcome"], ending["why"], ending["note"])
    assert (waits["event_id"], waits["assignment_id"]) == (before["event_id"], given.assignment_id)
    assert answers(given.staff, waits["id"], "rejected", "You had the right one with you").status_code == 200
    after = completed(story, given)
    assert (after["counts"], after["why_not"]) == (True, None)
    assert after["points"] < 0
    (read,) = given.technician.get("/v1/reviews").json()["items"]
    assert (read["state"], read["answer"]) == ("rejected", "You had the right one with you")
    assert steps(story) == ["made", "rejected"]


def test_upheld_it_is_excused_for_good_and_what_nobody_answers_stays_so(story, given, operator):
    leaves(given, RETURN)
    (waits,) = waiting(given.staff)
    story.time_passes(LATE)
    reckons(story)
    (passed,) = waiting(operator)
    assert (passed["id"], waiting(given.staff)) == (waits["id"], [])
    story.time_passes(LATE)
    unanswered = completed(story, given)
    assert (unanswered["counts"], unanswered["why_not"]) == (False, "unanswered")
    assert steps(story) == ["made", "passed_on", "unanswered"]
    again = story.assigned()
    starts(story, again, 5)
    again.does("check-in")
    leaves(again, CLOSED)
    (waits,) = waiting(again.staff)
    assert answers(again.staff, waits["id"], "upheld", "We were closed").status_code == 200
    assert point(story, again, part="completed", of=again)["why_not"] == "client"


def test_what_was_in_their_hands_or_said_by_the_client_asks_nobody(story, given):
    leaves(given, {"outcome": "return_needed", "why": "time", "note": "Two more hours"})
    assert completed(story, given)["counts"]
    theirs = story.assigned()
    starts(story, theirs, 5)
    theirs.does("check-in")
    leaves(theirs, CLOSED | {"technician_id": str(theirs.technician_id)}, theirs.staff)
    assert waiting(theirs.staff) == []
    assert point(story, theirs, part="completed", of=theirs)["why_not"] == "client"


def test_of_a_crew_the_leads_word_is_looked_at_whoever_leaves_last(story):
    lead, helper = story.crew_of_two()
    for each in (lead, helper):
        each.does("check-in")
    leaves(lead, RETURN)
    assert waiting(lead.staff) == [], "the visit goes on"
    leaves(helper, {"technician_id": str(helper.technician_id)}, helper.staff)
    (waits,) = waiting(lead.staff)
    assert (waits["assignment_id"], waits["outcome"], waits["why"]) == (lead.assignment_id, "return_needed", "part")


def test_the_day_says_whose_word_counts_so_that_the_phone_tells_nobody_else_of_a_look(story):
    alone = story.assigned()
    assert word_counts(alone)
    lead, helper = story.crew_of_two()
    assert [word_counts(each) for each in (lead, helper)] == [True, False]
    handed = lead.technician.post(f"{lead.visit}/lead", {"technician_id": str(helper.technician_id)})
    assert handed.status_code < 300, handed.text
    assert [word_counts(each) for each in (lead, helper)] == [False, True]


def word_counts(given):
    answer = given.technician.get(f"/v1/day?date={given.town.world.start.date()}")
    (mine,) = [each for each in answer.json()["stops"] if given.visit.endswith(each["visit_id"])]
    return mine["word_counts"]


def test_left_without_asking_anybody_the_visit_does_not_end(story, given):
    """The database refuses what the code above never does."""
    actor = Actor("technician", given.technician_id, technician_id=given.technician_id)

    def by_the_side(ending):
        with story.town.world.as_engine() as (session, now):
            check_out(session, actor, UUID(given.visit.rsplit("/", 1)[1]), None, Stamp(), ending, now=now)

    with pytest.raises(IntegrityError, match="nobody is asked to look at it"):
        by_the_side(Ending("could_not_start", "unsafe", "Water on the floor"))
    by_the_side(Ending())


def test_said_many_times_at_once_one_person_is_asked_once(story, given):
    world = story.town.world
    actor = Actor("technician", given.technician_id, technician_id=given.technician_id)

    def says():
        ending = Ending("could_not_start", "no_access", "Nobody opened")
        with world.as_engine() as (session, now):
            return leave_visit(
                session, actor, UUID(given.visit.rsplit("/", 1)[1]), None, Stamp(), ending, now=now
            ).visit_state

    said = race([says] * 8)
    assert [each for each in said if isinstance(each, str)] == ["checked_out"], said
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(ReviewRow)).all()) == 1
    assert steps(story) == ["made"]


def test_both_sides_are_told(story, given):
    post, sam = Post(story.town.world), new_id()
    with story.town.world.as_engine() as (session, now):
        person = {"role": "dispatcher", "name": "Sam Lopez", "email": "sam@acme.example", "created_at": now}
        session.add(StaffRow(id=sam, client_id=story.town.world.client, **person))
    post.goes_out()
    leaves(given, CLOSED)
    told = [each.body for each in post.goes_out() if each.address == "sam@acme.example"]
    assert sum("was not done as agreed" in each and "under Reviews" in each for each in told) == 1, told
    (waits,) = waiting(given.staff)
    assert answers(given.staff, waits["id"]).status_code == 200
    assert any("you can appeal" in each.body.lower() for each in post.goes_out())


# Who answered first does not answer again.


def _joins(world, email):
    with world.as_engine() as (session, now):
        row = StaffRow(id=new_id(), role="operator", name="Of the operator", email=email, created_at=now)
        session.add(row)
        session.flush()
        return Actor("operator", row.id)


@pytest.fixture
def turned_down(story, given):
    """Olga of the operator turned an excuse down that was passed on; the technician has appealed."""
    world, technician = story.town.world, UUID(str(given.technician_id))
    olga = _joins(world, "olga@truckroll.example")
    leaves(given, RETURN)
    story.time_passes(LATE)
    reckons(story)
    (passed,) = waiting(story.town.key("operator"))
    with world.as_engine() as (session, now):
        answer(session, olga, UUID(passed["id"]), "rejected", "The part was there", now=now)
    event = completed(story, given)["event_id"]
    with world.as_engine() as (session, now):
        actor = Actor("technician", technician, technician_id=technician)
        appealed = appeal(session, actor, UUID(event), "It was not", now=now).id
    return olga, appealed


def _answers(world, who, review, verdict="rejected"):
    with world.as_engine() as (session, now):
        return answer(session, who, review, verdict, "Said", now=now).state


def test_who_turned_it_down_does_not_answer_the_appeal_and_somebody_else_does(story, turned_down):
    olga, appealed = turned_down
    pia = _joins(story.town.world, "pia@truckroll.example")
    with pytest.raises(Refused, match="somebody else has to answer"):
        _answers(story.town.world, olga, appealed)
    assert _answers(story.town.world, pia, appealed, "upheld") == "upheld"


def test_the_only_person_of_the_operators_answers_both(story, turned_down):
    olga, appealed = turned_down
    assert _answers(story.town.world, olga, appealed) == "rejected"


def test_an_appeal_and_an_excuse_answered_at_once_by_the_same_person_are_answered_once(story, given):
    world = story.town.world
    olga, _ = _joins(world, "olga@truckroll.example"), _joins(world, "pia@truckroll.example")
    leaves(given, RETURN)
    story.time_passes(LATE)
    event = completed(story, given)["event_id"]
    technician = UUID(str(given.technician_id))
    with world.as_engine() as (session, now):
        actor = Actor("technician", technician, technician_id=technician)
        appealed = appeal(session, actor, UUID(event), "It was not", now=now).id
        excuse = session.scalars(select(ReviewRow.id).where(ReviewRow.about == "excuse")).one()
        assert session.get_one(ReviewRow, excuse).due_at - now > timedelta(days=6), "passed on"
    said = race([lambda: _answers(world, olga, appealed), lambda: _answers(world, olga, excuse)] * 3)
    assert [each for each in said if isinstance(each, str)] == ["rejected"], said
    assert any(isinstance(each, Refused) for each in said), said
    with world.as_engine() as (session, _):
        ended = select(EventRow.kind).where(EventRow.subject_kind.in_(("appeal", "excuse")))
        assert list(session.scalars(ended)).count("rejected") == 1
