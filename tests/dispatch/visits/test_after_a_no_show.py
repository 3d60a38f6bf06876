"""What holds for somebody who has not the work any more? Found by the machine of lifecycles."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from worlds import World

from dispatch.errors import Conflict, Refused
from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.jobs.market import request_job
from dispatch.jobs.releasing import release
from dispatch.record.session import Actor
from dispatch.record.tables import AlarmRow, AssignmentRow, ProposalRow, new_id
from dispatch.reputation.excuses import leave_visit
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.dropping import drop_visit
from dispatch.visits.endings import Ending
from dispatch.visits.lookout import watch_visits
from dispatch.visits.noshow import mark_no_show
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.proposing import Wanted, propose
from dispatch.visits.stamps import Stamp


def won(world: World) -> tuple[Won, Actor]:
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won)
    return answer, world.actor_of(offer)


def begins_now(world: World, mine: Won) -> None:
    with world.as_engine() as (session, now):
        times = {"start_at": now - timedelta(minutes=20), "end_at": now + timedelta(hours=1)}
        session.execute(update(AssignmentRow).where(AssignmentRow.id == mine.assignment_id).values(times))


def asks_for_another_time(world: World, mine: Won, technician: Actor) -> None:
    with world.as_engine() as (session, now):
        wanted = Wanted(start_at=mine.start_at + timedelta(hours=3))
        propose(session, technician, mine.visit_id, wanted, reason="late", now=now)


def proposals(world: World) -> list[str]:
    with world.as_engine() as (session, _):
        return list(session.scalars(select(ProposalRow.state)))


def open_alarms(world: World) -> list[str]:
    with world.as_engine() as (session, _):
        return sorted(session.scalars(select(AlarmRow.kind).where(AlarmRow.cleared_at.is_(None))))


def test_what_somebody_proposed_who_did_not_come_is_overtaken_at_once(world: World) -> None:
    mine, technician = won(world)
    asks_for_another_time(world, mine, technician)
    assert open_alarms(world) == ["proposal_waiting"]
    begins_now(world, mine)
    with world.as_engine() as (session, now):
        mark_no_show(session, world.staff, mine.visit_id, None, "unreachable", now=now)
    assert (proposals(world), open_alarms(world)) == (["overtaken"], [])


def test_what_one_of_two_proposed_who_did_not_come_is_overtaken_at_once(world: World) -> None:
    both = []
    for offer in world.offered(count=2)[:2]:
        with world.as_engine() as (session, now):
            answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        assert isinstance(answer, Won)
        both.append((answer, world.actor_of(offer)))
    mine, technician = both[0]
    asks_for_another_time(world, mine, technician)
    begins_now(world, mine)
    with world.as_engine() as (session, now):
        moved = mark_no_show(session, world.staff, mine.visit_id, technician.technician_id, "unreachable", now=now)
    assert moved.next_visit_id is None, "the other one comes"
    assert (proposals(world), open_alarms(world)) == (["overtaken"], [])


def test_what_a_person_must_look_at_is_not_over_with_a_visit_that_is_missed(world: World) -> None:
    mine, _ = won(world)
    begins_now(world, mine)
    with world.as_engine() as (session, now):
        about = {"client_id": world.client, "job_id": mine.job_id, "visit_id": mine.visit_id}
        for kind in ("incident", "long_entry", "not_left"):
            raise_alarm(session, world.staff, kind, subject_id=new_id(), due_at=now, now=now, **about)
    with world.as_engine() as (session, now):
        mark_no_show(session, world.staff, mine.visit_id, None, "unreachable", now=now)
    assert open_alarms(world) == ["incident", "long_entry"]


def test_what_a_person_must_look_at_is_not_over_with_a_visit_that_is_dropped(world: World) -> None:
    mine, technician = won(world)
    with world.as_engine() as (session, now):
        check_in(session, technician, mine.visit_id, None, Stamp(), now=now)
    with world.as_engine() as (session, now):
        again = Ending("return_needed", "part", "the belt is worn")
        next_visit = leave_visit(session, technician, mine.visit_id, None, Stamp(), again, now=now).next_visit_id
    assert next_visit is not None
    with world.as_engine() as (session, now):
        about = {"client_id": world.client, "job_id": mine.job_id, "visit_id": next_visit}
        for kind in ("incident", "part_missing"):
            raise_alarm(session, world.staff, kind, subject_id=new_id(), due_at=now, now=now, **about)
        drop_visit(session, world.staff, next_visit, "no_longer_needed", now=now)
    assert open_alarms(world) == ["incident"]


def test_who_did_not_come_cannot_take_the_job_back_from_the_market(world: World) -> None:
    mine, technician = won(world)
    begins_now(world, mine)
    with world.as_engine() as (session, now):
        again = mark_no_show(session, world.staff, mine.visit_id, None, "unreachable", now=now).next_visit_id
    assert again is not None
    with pytest.raises(Refused, match="did not come"), world.as_engine() as (session, now):
        request_job(session, technician, again, "technician", start_at=None, now=now)


def test_an_alarm_about_a_technician_ends_when_they_have_not_the_work_any_more(world: World) -> None:
    mine, technician = won(world)
    with world.as_engine() as (session, now):
        about = {"client_id": world.client, "job_id": mine.job_id, "visit_id": mine.visit_id}
        raise_alarm(session, world.staff, "not_left", subject_id=mine.assignment_id, due_at=now, now=now, **about)
    with world.as_engine() as (session, now):
        release(session, technician, mine.assignment_id, "ill", now=now)
        assert watch_visits(session, now) == 1
        assert session.scalars(select(AlarmRow.cleared_why)).all() == ["gone"]


def test_a_job_whose_visits_are_missed_or_done_has_nothing_left_to_cancel(world: World) -> None:
    mine, _ = won(world)
    begins_now(world, mine)
    with world.as_engine() as (session, now):
        mark_no_show(session, world.staff, mine.visit_id, None, "unreachable", now=now)
    world.send_waves()
    offer = next(each for each in world.offers(mine.job_id) if each.state == "sent")
    with world.as_engine() as (session, now):
        other = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        assert isinstance(other, Won)
        check_in(session, world.actor_of(offer), other.visit_id, None, Stamp(), now=now)
    with world.as_engine() as (session, now):
        check_out(session, world.actor_of(offer), other.visit_id, None, Stamp(), Ending(), now=now)
    with pytest.raises(Conflict, match="finish"), world.as_engine() as (session, now):
        cancel_work(session, world.staff, mine.job_id, "closed", now=now)
