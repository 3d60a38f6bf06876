"""A hard limit of hours with a client is never passed, whoever says yes at the same moment: with real commits.

Acme's own limit is 40 hours in 12 months, in this world of one technician; each job takes two hours, at the one site,
three hours after the one before.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from racing import race
from soundness import assert_sound
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from worlds import World, small_world

from dispatch.jobs.acceptance import Answer, Lost, Won, accept_offer
from dispatch.jobs.assignments import Deal, Terms, settle, take_slot
from dispatch.jobs.judging import at_start, failed_now
from dispatch.jobs.offers import offer_job
from dispatch.jobs.reading import read_role
from dispatch.jobs.rounds import due_rounds
from dispatch.record.tables import AssignmentRow, ClientRow, OfferRow, UsageRow
from dispatch.talent.reading import read_technicians
from dispatch.talent.usage import HoursMovedError
from matching.usage import NO_RULES

pytestmark = pytest.mark.guards

HOUR = 3600
POLICY = {"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600, "max_asks_a_day": 100}}


@pytest.fixture
def alone(database_url: str) -> Iterator[World]:
    """One technician, who may work 40 hours for Acme."""
    with small_world(database_url, num_technicians=1, pool_size=70) as world:
        limit(world, 40)
        yield world


def limit(world: World, hours: int) -> None:
    own = {"id": "own", "hours": hours, "window_months": 12, "binding": "hard"}
    with world.as_engine() as (session, _):
        session.execute(update(ClientRow).values(limits={"own": [own]}))


def promised_s(session: Session) -> int:
    """What was promised, from the assignments themselves."""
    live = session.scalars(select(AssignmentRow).where(AssignmentRow.state == "live"))
    return sum(int((each.end_at - each.start_at).total_seconds()) for each in live)


def answered(world: World, offer: OfferRow) -> Answer:
    with world.as_engine() as (session, now):
        return accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)


def offered(world: World, round_id: UUID) -> Any:
    with world.as_engine() as (session, now):
        world.feed.refresh(session, now=now)
        return offer_job(session, world.feed.roster, round_id, now=now, seed=3)


def test_of_64_offers_and_yeses_at_once_twenty_fit_forty_hours(alone: World) -> None:
    for num in range(48):
        alone.post(start_at=alone.start + timedelta(hours=3 * num), policy=POLICY)
    alone.send_waves()
    first = alone.offers()
    for num in range(48, 64):
        alone.post(start_at=alone.start + timedelta(hours=3 * num), policy=POLICY)
    with alone.as_engine() as (session, now):
        due = due_rounds(session, now=now)
    assert (len(first), len(due)) == (48, 16)
    answers = race([partial(answered, alone, each) for each in first] + [partial(offered, alone, each) for each in due])
    seen = {each.id for each in first}
    late = [each for each in alone.offers() if each.id not in seen]
    answers += race([partial(answered, alone, each) for each in late]) if late else []
    won = [answer for answer in answers if isinstance(answer, Won)]
    lost = [answer for answer in answers if isinstance(answer, Lost)]
    assert len(won) == 20
    assert {answer.rules for answer in lost} == {("limit",)}
    with alone.as_engine() as (session, _):
        assert promised_s(session) == 40 * HOUR
        assert session.scalars(select(UsageRow.promised_s)).one() == 40 * HOUR
    assert_sound(alone)


def promise(world: World, offer: OfferRow, gate: Barrier, *, compares: bool) -> bool:
    """As an acceptance, but the technician is not locked, and all have judged before the first writes."""
    with world.as_engine() as (session, now):
        unit = read_role(session, offer.visit_id, offer.role)
        (technician,) = read_technicians(session, [offer.technician_id], now=now)
        job = at_start(unit, technician, None, now=now)
        assert job is not None
        assert not failed_now(unit, technician, job, now=now)
        gate.wait(10)
        slot = take_slot(session, offer.visit_id, offer.role, technician.id)
        assert slot is not None
        terms = Terms(unit.job.pay, unit.job.terms_version)
        job = job if compares else replace(job, hours_rules=NO_RULES)
        settle(session, world.actor_of(offer), Deal(unit, slot, technician, job, None, terms), now=now)
        return True


@pytest.mark.parametrize("compares", [True, False], ids=["compared", "not compared"])
def test_without_the_lock_the_comparison_alone_keeps_the_limit_and_without_both_it_is_passed(
    alone: World, compares: bool
) -> None:
    limit(alone, 5)
    offers = [alone.offered(start_at=alone.start + timedelta(hours=3 * num))[0] for num in range(8)]
    gate = Barrier(len(offers))

    def run(offer: OfferRow) -> bool:
        try:
            return promise(alone, offer, gate, compares=compares)
        except HoursMovedError:
            return False

    kept = race([partial(run, offer) for offer in offers])
    with alone.as_engine() as (session, _):
        total = promised_s(session)
    assert sum(kept) * 2 * HOUR == total
    assert total == 2 * HOUR if compares else total > 5 * HOUR
    assert_counted_anyway(alone)


def assert_counted_anyway(world: World) -> None:
    with world.as_engine() as (session, _):
        assert session.scalars(select(UsageRow.promised_s)).one() == promised_s(session)
