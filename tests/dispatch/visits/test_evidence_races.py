"""Parts, things handed in and requests from the site, when two people act at the same moment: with real commits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import Conflict, Missing
from dispatch.jobs.acceptance import accept_offer
from dispatch.jobs.checklists import Item
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    BookingRow,
    DeliverableRow,
    EventRow,
    JobRow,
    PartRow,
    SiteRequestRow,
    SlotRow,
    VisitRow,
)
from dispatch.visits.completion import finish_job
from dispatch.visits.deliverables import Handed, Verdict, hand_in, judge_deliverable
from dispatch.visits.endings import Ending
from dispatch.visits.granting import Grant, PersonWish, grant_from_site
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.partcheck import flag_missing_parts
from dispatch.visits.parts import PartWish, add_part, move_part
from dispatch.visits.siterequests import SiteWish, ask_from_site, end_unanswered, refuse_from_site
from dispatch.visits.stamps import Stamp

pytestmark = pytest.mark.guards

CLEAN = Item("clean", "check", "The place is clean", is_required=False)
ROUNDS = 4


def working(world: World, **wishes: Any) -> AssignmentRow:
    """A job whose technician is checked in."""
    offer = world.offered(**wishes)[0]
    actor = world.actor_of(offer)
    with world.as_engine() as (session, now):
        won = accept_offer(session, actor, world.yes(offer), now=now)
    with world.as_engine() as (session, now):
        check_in(session, actor, won.visit_id, None, Stamp(), now=now)  # type: ignore[union-attr]
        return session.get_one(AssignmentRow, won.assignment_id)  # type: ignore[union-attr]


def doing(world: World, call: Callable[..., Any], *args: Any, **more: Any) -> Callable[[], Any]:
    """One transaction of the engine, to be run at once with others."""

    def run() -> Any:
        with world.as_engine() as (session, now):
            return call(session, *args, now=now, **more)

    return run


def done(world: World, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
    return doing(world, call, *args, **more)()


def asked(world: World, work: AssignmentRow, wish: SiteWish) -> UUID:
    return done(world, ask_from_site, technician(work), work.visit_id, wish)


def leave(world: World, work: AssignmentRow) -> None:
    done(world, check_out, technician(work), work.visit_id, None, Stamp(), Ending())


def technician(work: AssignmentRow) -> Any:
    return World.actor_of(None, work)  # type: ignore[arg-type]


def kinds(world: World, subject: UUID) -> list[str]:
    with world.as_engine() as (session, _):
        told = select(EventRow.kind).where(EventRow.subject_id == subject).order_by(EventRow.seq)
        return list(session.scalars(told))


def test_a_part_is_received_once_however_many_say_so(world: World):
    work = working(world)
    for _ in range(ROUNDS):
        part = done(world, add_part, world.staff, work.job_id, PartWish("Motor"))
        people = (technician(work), world.staff, technician(work), world.staff)
        answers = race([doing(world, move_part, who, part, "receive", {}) for who in people])
        assert answers.count("received") == 1
        assert all(isinstance(each, Conflict) for each in answers if each != "received")
        assert kinds(world, part) == ["added", "received"]


def test_a_part_that_comes_while_it_is_looked_for_leaves_no_alarm_behind(world: World):
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        won = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        session.execute(
            update(VisitRow)
            .where(VisitRow.id == won.visit_id)  # type: ignore[union-attr]
            .values(planned_start_at=now + timedelta(hours=3), planned_end_at=now + timedelta(hours=5))
        )
    for _ in range(ROUNDS):
        part = done(world, add_part, world.staff, offer.job_id, PartWish("Motor"))
        sweep = doing(world, lambda session, now: flag_missing_parts(session, now))
        race([doing(world, move_part, world.staff, part, "receive", {}), sweep, sweep])
        sweep()
        with world.as_engine() as (session, _):
            still_open = session.scalars(select(AlarmRow).where(AlarmRow.cleared_at.is_(None))).all()
        assert [each.kind for each in still_open if each.kind == "part_missing"] == []


def test_one_thing_is_passed_or_sent_back_and_never_both(world: World):
    work = working(world, deliverables=(CLEAN,))
    for _ in range(ROUNDS):
        made = done(world, hand_in, technician(work), work.visit_id, Handed("clean", is_ok=True))
        answers = race(
            [
                doing(world, judge_deliverable, world.staff, made, Verdict("pass")),
                doing(world, judge_deliverable, world.staff, made, Verdict("send_back", why="dirty")),
                doing(world, judge_deliverable, world.staff, made, Verdict("pass")),
            ]
        )
        assert sum(isinstance(each, Conflict) for each in answers) == 2
        with world.as_engine() as (session, _):
            row = session.get_one(DeliverableRow, made)
        assert row.state in ("passed", "sent_back")
        assert (row.judged_why == "dirty") == (row.state == "sent_back")


def test_two_who_hand_in_the_next_version_at_once_make_one(world: World):
    work = working(world, deliverables=(CLEAN,))
    made = done(world, hand_in, technician(work), work.visit_id, Handed("clean", is_ok=True))
    done(world, judge_deliverable, world.staff, made, Verdict("send_back", why="dirty"))
    again = Handed("clean", is_ok=True, replaces=made)
    answers = race([doing(world, hand_in, technician(work), work.visit_id, again) for _ in range(4)])
    assert sum(isinstance(each, UUID) for each in answers) == 1
    with world.as_engine() as (session, _):
        rows = session.execute(select(DeliverableRow.num, DeliverableRow.version).order_by(DeliverableRow.id)).all()
    assert [tuple(row) for row in rows] == [(1, 1), (1, 2)]


def test_many_things_handed_in_at_once_are_copies_with_numbers_of_their_own(world: World):
    work = working(world, deliverables=(CLEAN,))
    race([doing(world, hand_in, technician(work), work.visit_id, Handed("clean", is_ok=True)) for _ in range(8)])
    with world.as_engine() as (session, _):
        nums = session.scalars(select(DeliverableRow.num).order_by(DeliverableRow.num)).all()
    assert nums == list(range(1, 9))


def test_a_job_is_not_done_with_something_sent_back_at_the_same_moment(world: World):
    for _ in range(ROUNDS):
        work = working(world, deliverables=(CLEAN,))
        made = done(world, hand_in, technician(work), work.visit_id, Handed("clean", is_ok=True))
        leave(world, work)
        answers = race(
            [
                doing(world, finish_job, technician(work), work.job_id),
                doing(
                    world, judge_deliverable, world.staff, made, Verdict("send_back", why="dirty", due_at=world.start)
                ),
            ]
        )
        with world.as_engine() as (session, _):
            state = session.get_one(JobRow, work.job_id).state
            assert session.get_one(DeliverableRow, made).state == "sent_back"
        # Whoever came first: never done while something is to be mended.
        assert state == ("in_progress" if isinstance(answers[0], Missing) else "sent_back")


def test_one_answer_counts_and_more_time_is_given_once(world: World):
    for _ in range(ROUNDS):
        work = working(world, start_at=world.start)
        request = asked(world, work, SiteWish("more_time", minutes=30))
        answers = race(
            [
                doing(world, grant_from_site, world.staff, request, Grant()),
                doing(world, refuse_from_site, world.staff, request, "no"),
                doing(world, grant_from_site, world.staff, request, Grant(minutes=45)),
            ]
        )
        assert answers.count(None) == 1
        minutes = {0: 30, 1: 0, 2: 45}[answers.index(None)]
        with world.as_engine() as (session, _):
            booking = session.get_one(BookingRow, work.booking_id)
            assert booking.busy.upper == work.end_at + timedelta(minutes=minutes)
            assert session.get_one(AssignmentRow, work.id).end_at == booking.busy.upper
            open_alarms = select(AlarmRow.id).where(AlarmRow.subject_id == request, AlarmRow.cleared_at.is_(None))
            assert session.scalars(open_alarms).all() == []
        leave(world, work)
        world.start += timedelta(hours=4)


def test_an_answer_and_the_timeout_at_the_same_moment_are_one_or_the_other(world: World):
    seen = set()
    for early_ms in (0, 2, 5, 10, 20, 40):
        work = working(world, start_at=world.start)
        request = asked(world, work, SiteWish("second_person"))
        with world.as_engine() as (session, now):
            soon = now + timedelta(milliseconds=early_ms)
            session.execute(update(SiteRequestRow).where(SiteRequestRow.id == request).values(
                made_at=now - timedelta(minutes=15), answer_by=soon))  # fmt: skip
        grant = Grant(person=PersonWish(role="helper"))
        sweep = doing(world, lambda session, now: end_unanswered(session, now))
        race([doing(world, grant_from_site, world.staff, request, grant), sweep, sweep])
        with world.as_engine() as (session, _):
            row = session.get_one(SiteRequestRow, request)
            helpers = session.scalars(
                select(SlotRow.id).where(SlotRow.job_id == work.job_id, SlotRow.role == "helper")
            ).all()
        told = [kind for kind in kinds(world, work.visit_id) if kind.startswith("request_")]
        if row.state == "waiting":  # too late to be answered, and the sweep looked a moment too early
            sweep()
            told = [kind for kind in kinds(world, work.visit_id) if kind.startswith("request_")]
        assert told in (["request_made", "request_granted"], ["request_made", "request_unanswered"])
        assert len(helpers) == (told[-1] == "request_granted")
        seen.add(told[-1])
        leave(world, work)
        world.start += timedelta(hours=4)
    assert "request_unanswered" in seen


def test_the_same_is_asked_for_once_by_a_finger_that_taps_many_times(world: World):
    work = working(world)
    wish = SiteWish("part", item="Belt", quantity=1)
    answers = race([doing(world, ask_from_site, technician(work), work.visit_id, wish) for _ in range(6)])
    assert sum(isinstance(each, UUID) for each in answers) == 1
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(SiteRequestRow)).all()) == 1
        assert len(session.scalars(select(PartRow)).all()) == 0


def test_more_time_and_the_check_out_at_the_same_moment_end_in_one_calendar(world: World):
    for _ in range(ROUNDS):
        work = working(world, start_at=world.start)
        request = asked(world, work, SiteWish("more_time", minutes=30))
        answers = race(
            [
                doing(world, grant_from_site, world.staff, request, Grant()),
                doing(world, check_out, technician(work), work.visit_id, None, Stamp(), Ending()),
            ]
        )
        assert isinstance(answers[0], Conflict | None)
        with world.as_engine() as (session, _):
            booking = session.get_one(BookingRow, work.booking_id)
            assert session.get_one(VisitRow, work.visit_id).state == "checked_out"
        # The work was to begin days from now: whoever has left has their time back, granted or not.
        assert booking.busy.upper == booking.busy.lower + timedelta(minutes=1)
        world.start += timedelta(hours=4)
