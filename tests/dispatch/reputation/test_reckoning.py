"""What is a technician's reputation now, and what is the network's mean?"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from racing import race
from sqlalchemy import func, insert, select, update
from worlds import World

from dispatch.jobs.acceptance import Won, accept_offer
from dispatch.jobs.releasing import release
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    EventRow,
    NetworkMeansRow,
    OutcomeRow,
    TechnicianRow,
    new_id,
)
from dispatch.reputation.projecting import keep_outcomes, project, rebuild
from dispatch.reputation.reckoning import measure_network, policy_at, reckon, refresh, reputation_of
from dispatch.talent.reading import read_technicians
from matching.reputation import LEAST_MEASURED, ReputationPolicy

RULES = ReputationPolicy()


def _reputations(world: World) -> list[tuple[float, float | None]]:
    with world.as_engine() as (session, _):
        rows = session.execute(
            select(TechnicianRow.reputation, TechnicianRow.reputation_high).order_by(TechnicianRow.number)
        )
        return [(row[0], row[1]) for row in rows]


def _as_matched(world: World) -> list[tuple[float, float]]:
    with world.as_engine() as (session, now):
        found = {each.id: each for each in read_technicians(session, world.technicians, now=now)}
    return [(found[each].reputation, found[each].reputation_high) for each in world.technicians]


def _assigned(world: World) -> tuple[UUID, UUID]:
    """A job that somebody took: the assignment and its technician."""
    offer = world.offered()[0]
    with world.as_engine() as (session, now):
        won = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
        assert isinstance(won, Won), won
        return won.assignment_id, offer.technician_id


def test_newcomers_start_at_the_networks_mean_and_who_was_loaded_with_a_reputation_keeps_it(world):
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).where(TechnicianRow.id == world.technicians[0]).values(reputation=0.8))
    before = _reputations(world)
    loaded, *new = _as_matched(world)
    mean = sum(RULES.weights[part] * RULES.means[part] for part in RULES.weights)
    assert loaded == (0.8, 1.0)
    assert [score for score, _ in new] == [pytest.approx(mean, abs=1e-6)] * 7
    assert all(high > score for score, high in new), "nobody knows them: they may be better"
    with world.as_engine() as (session, now):
        made = reputation_of(session, world.technicians[1], at=now)
        assert new[0] == (made.score, made.high), "the same as is told them"
        assert refresh(session, now) == 0
    assert _reputations(world) == before, "nothing was written of them"


def test_newcomers_follow_the_network_as_it_was_measured_last(world):
    with world.as_engine() as (session, now):
        for num, kept in enumerate((0.5, 0.7), start=1):
            means = {**RULES.means, "kept": kept}
            session.execute(insert(NetworkMeansRow).values(num=num, means=means, measured_at=now))
        made = reputation_of(session, world.technicians[0], at=now)
    assert set(_as_matched(world)) == {(made.score, made.high)}


def test_whom_nothing_happened_to_for_a_week_is_reckoned_anew_a_few_at_a_time(world):
    with world.as_engine() as (session, now):
        reckon(session, world.technicians, now=now)
    with world.as_engine() as (session, now):
        assert refresh(session, now) == 0, "a week has not passed"
        assert refresh(session, now + timedelta(days=7)) == 8
        assert refresh(session, now + timedelta(days=7)) == 0


def test_the_network_is_measured_once_a_week_where_there_is_enough(world):
    assignment, technician = _assigned(world)
    with world.as_engine() as (session, now):
        assert measure_network(session, now) == 0
        assert session.scalars(select(NetworkMeansRow)).all() == []
    _with_outcomes(world, LEAST_MEASURED, value=0.6)
    with world.as_engine() as (session, now):
        assert measure_network(session, now) == 1
        assert measure_network(session, now) == 0
        policy = policy_at(session, now)
        assert policy.means == {**RULES.means, "kept": 0.6}
        assert policy_at(session, now - timedelta(seconds=1)) == RULES, "as it was before"
        reckon(session, [technician], now=now)
        assert (
            reputation_of(session, technician, at=now).start
            < reputation_of(session, technician, at=now - timedelta(seconds=1)).start
        )
    assert assignment


def _with_outcomes(world: World, num: int, *, value: float) -> None:
    """So many outcomes of other work, each of an assignment of its own."""
    with world.as_engine() as (session, now):
        row, booking = session.execute(
            select(AssignmentRow, BookingRow).join(BookingRow, BookingRow.id == AssignmentRow.booking_id)
        ).one()
        event = session.scalars(select(EventRow.id)).first()
        work, time = _columns(row), _columns(booking)
        told = {"client_id": row.client_id, "technician_id": row.technician_id, "event_id": event, "at": now}
        told |= {"part": "kept", "kind": "begun", "value": value, "severity": 1.0}
        ids = [(new_id(), new_id()) for _ in range(num)]
        session.execute(insert(BookingRow), [time | {"id": each, "live": False} for _, each in ids])
        ended = {"state": "released", "ended_at": now}
        session.execute(insert(AssignmentRow), [work | ended | {"id": a, "booking_id": b} for a, b in ids])
        session.execute(insert(OutcomeRow), [told | {"assignment_id": each} for each, _ in ids])


def _columns(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.computed is None}


def test_outcomes_fade_so_a_bad_day_weighs_half_after_half_a_year(world):
    assignment, technician = _assigned(world)
    with world.as_engine() as (session, now):
        release(session, _self(technician), assignment, "sick", now=now)
    with world.as_engine() as (session, now):
        keep_outcomes(session, [assignment], RULES)
        fresh = reputation_of(session, technician, at=now)
        later = reputation_of(session, technician, at=now + timedelta(days=180))
    (bad,) = fresh.contributions
    (faded,) = later.contributions
    assert bad.points < faded.points < 0
    assert faded.points / bad.points == pytest.approx(0.5, abs=0.03)


def _self(technician: UUID) -> Actor:
    return Actor("technician", technician, technician_id=technician)


def test_many_at_work_while_outcomes_are_kept_never_wait_for_each_other_in_a_circle(world):
    work = [_assigned(world) for _ in range(4)]

    def looks():
        with world.as_engine() as (session, now):
            return project(session, now)

    def gives_back(assignment, technician):
        with world.as_engine() as (session, now):
            return release(session, _self(technician), assignment, "sick", now=now)

    def agrees(assignment):
        with world.as_engine() as (session, now):
            told = {"start_at": (now + timedelta(days=3)).isoformat()}
            return record(session, ENGINE, ("assignment", assignment), "changed", told, client_id=world.client, now=now)

    race(
        [looks] * 6
        + [lambda each=each: gives_back(*each) for each in work]
        + [lambda each=each: agrees(each[0]) for each in work]
    )
    ids = [assignment for assignment, _ in work]
    with world.as_engine() as (session, _):
        keep_outcomes(session, ids, RULES)
        made = {
            (key[0], each.part, each.severity) for key, told in rebuild(session, ids, RULES).items() for each in told
        }
        kept = session.execute(select(OutcomeRow.assignment_id, OutcomeRow.part, OutcomeRow.severity)).all()
        assert {tuple(row) for row in kept} == made
        assert session.scalar(select(func.count()).select_from(OutcomeRow)) == 4


def test_looking_again_from_the_first_event_changes_nothing(world):
    work = [_assigned(world) for _ in range(2)]
    ids = [assignment for assignment, _ in work]
    with world.as_engine() as (session, now):
        release(session, _self(work[0][1]), work[0][0], "sick", now=now)
    with world.as_engine() as (session, _):
        assert keep_outcomes(session, ids, RULES) == {work[0][1]}
        assert keep_outcomes(session, ids, RULES) == set()
