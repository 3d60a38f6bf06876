"""Who comes first, when two things happen to a visit at once? With real commits."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.jobs.wishes import SlotWish
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, EventRow, JobRow, OfferRow, TimeEntryRow, VisitRow
from dispatch.visits.before import confirm
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.corrections import Span, accept_correction, propose_correction, refuse_correction
from dispatch.visits.endings import Ending
from dispatch.visits.noshow import mark_no_show
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.presence import Moved
from dispatch.visits.stamps import Stamp
from dispatch.visits.telephone import Word, take_word
from matching.job import Needs, Pay


def won(world: World, offer: OfferRow) -> Won:
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won)
    return answer


def doing(world: World, use_case, *args, **more):
    """A call that runs a use case in a transaction of its own."""

    def call():
        with world.as_engine() as (session, now):
            return use_case(session, *args, now=now, **more)

    return call


def set_back(world: World, assignment_id: UUID, minutes: int) -> None:
    with world.as_engine() as (session, now):
        session.execute(
            update(AssignmentRow)
            .where(AssignmentRow.id == assignment_id)
            .values(start_at=now - timedelta(minutes=minutes), end_at=now + timedelta(hours=1))
        )


def states(world: World, visit_id: UUID) -> tuple[str, str]:
    with world.as_engine() as (session, _):
        visit = session.get_one(VisitRow, visit_id)
        return visit.state, session.get_one(JobRow, visit.job_id).state


def count_events(world: World, visit_id: UUID, kind: str) -> int:
    with world.as_engine() as (session, _):
        found = session.scalars(select(EventRow.id).where(EventRow.subject_id == visit_id, EventRow.kind == kind))
        return len(found.all())


@pytest.mark.parametrize("round_num", range(3))
def test_a_check_in_and_a_cancellation_leave_one_story(world: World, round_num: int) -> None:
    offer = world.offered()[0]
    mine = won(world, offer)
    there, cancelled = race(
        [
            doing(world, check_in, world.actor_of(offer), mine.visit_id, None, Stamp()),
            doing(world, cancel_work, world.staff, mine.job_id, "closed"),
        ]
    )
    assert isinstance(there, (Moved, Conflict, NotFound)), there
    assert isinstance(cancelled, list), cancelled
    # Whoever was there was told to stop, and the clock with them; else nobody was ever there.
    visit, job = states(world, mine.visit_id)
    assert (visit, job) == ("checked_out" if isinstance(there, Moved) else "cancelled", "cancelled")
    with world.as_engine() as (session, _):
        ends = session.scalars(select(TimeEntryRow.ended_at)).all()
        assert len(ends) == isinstance(there, Moved)
        assert None not in ends
        assert session.scalars(select(BookingRow.live)).all() == [False]


def test_of_eight_taps_on_check_in_one_counts(world: World) -> None:
    offer = world.offered()[0]
    mine = won(world, offer)
    answers = race([doing(world, check_in, world.actor_of(offer), mine.visit_id, None, Stamp())] * 8)
    assert sum(isinstance(answer, Moved) for answer in answers) == 1
    assert {answer.state for answer in answers if isinstance(answer, Conflict)} == {"checked_in"}
    assert count_events(world, mine.visit_id, "checked_in") == 1


def test_two_who_confirm_and_come_at_once_both_do(world: World) -> None:
    crew = (SlotWish(Needs(skills={"hvac": 2}), Pay("fixed", Decimal(140), "USD"), count=2),)
    offers = world.offered(slots=crew)[:2]
    crew_of = [won(world, offer) for offer in offers]
    visit = crew_of[0].visit_id
    for use_case, more in ((confirm, ()), (check_in, (Stamp(),)), (check_out, (Stamp(), Ending()))):
        answers = race([doing(world, use_case, world.actor_of(each), visit, None, *more) for each in offers])
        assert all(isinstance(answer, Moved) for answer in answers), answers
    assert states(world, visit) == ("checked_out", "in_progress")
    assert count_events(world, visit, "checked_out") == 2


@pytest.mark.parametrize("round_num", range(3))
def test_a_no_show_and_a_check_in_at_once_leave_one_of_them_true(world: World, round_num: int) -> None:
    offer = world.offered()[0]
    mine = won(world, offer)
    set_back(world, mine.assignment_id, 20)
    missed, there = race(
        [
            doing(world, mark_no_show, world.staff, mine.visit_id, None, "called_no_answer"),
            doing(world, check_in, world.actor_of(offer), mine.visit_id, None, Stamp()),
        ]
    )
    assert sum(isinstance(answer, Moved) for answer in (missed, there)) == 1, (missed, there)
    expected = ("missed", "open") if isinstance(missed, Moved) else ("checked_in", "in_progress")
    assert states(world, mine.visit_id) == expected
    with world.as_engine() as (session, _):
        num_visits = len(session.scalars(select(VisitRow.id).where(VisitRow.job_id == mine.job_id)).all())
    assert num_visits == (2 if isinstance(missed, Moved) else 1)


def test_a_no_show_is_marked_once(world: World) -> None:
    offer = world.offered()[0]
    mine = won(world, offer)
    set_back(world, mine.assignment_id, 20)
    answers = race([doing(world, mark_no_show, world.staff, mine.visit_id, None, "unreachable")] * 4)
    assert sum(isinstance(answer, Moved) for answer in answers) == 1
    assert count_events(world, mine.visit_id, "missed") == 1


def test_a_correction_is_answered_once(world: World) -> None:
    offer = world.offered()[0]
    mine, technician = won(world, offer), world.actor_of(offer)
    with world.as_engine() as (session, now):
        hour = timedelta(hours=1)
        check_in(session, technician, mine.visit_id, None, Stamp(now - 2 * hour), now=now)
        check_out(session, technician, mine.visit_id, None, Stamp(now - hour), Ending(), now=now)
        entry = session.scalars(select(TimeEntryRow.entry_id)).one()
        span = Span(now - 3 * hour, now - hour)
        version = propose_correction(session, technician, mine.visit_id, entry, span, now=now)
    accept = doing(world, accept_correction, world.staff, mine.visit_id, version)
    refuse = doing(world, refuse_correction, world.staff, mine.visit_id, version)
    answers = race([accept, refuse, accept, refuse])
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 3
    with world.as_engine() as (session, _):
        found = session.scalars(select(TimeEntryRow.state).where(TimeEntryRow.version == 1)).one()
        newer = session.scalars(select(TimeEntryRow.state).where(TimeEntryRow.version == 2)).one()
    assert (found, newer) in {("superseded", "current"), ("current", "refused")}


def test_a_technician_is_never_in_at_two_visits_at_once(world: World) -> None:
    first = world.offered()[0]
    mine = won(world, first)
    later = world.offered(start_at=world.start + timedelta(hours=4))
    second = next(each for each in later if each.technician_id == first.technician_id)
    other = won(world, second)
    answers = race(
        [
            doing(world, check_in, world.actor_of(first), visit, None, Stamp())
            for visit in (mine.visit_id, other.visit_id) * 3
        ]
    )
    assert sum(isinstance(answer, Moved) for answer in answers) == 1
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(TimeEntryRow.id)).all()) == 1


def test_a_carriers_eight_copies_check_in_once(world: World) -> None:
    offer = world.offered()[0]
    mine = won(world, offer)
    with world.as_engine() as (session, _):
        code = session.get_one(AssignmentRow, mine.assignment_id).reply_code
    word = Word("sms", "SM-1", "+14325550000", f"IN {code}")
    answers = race([doing(world, take_word, Actor("gateway"), word)] * 8)
    assert {answer.outcome for answer in answers} == {"done"}
    assert sum(not answer.is_duplicate for answer in answers) == 1
    assert count_events(world, mine.visit_id, "checked_in") == 1
