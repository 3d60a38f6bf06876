"""Where somebody is: kept between "on my way" and the check-out alone, forgotten in time, and not while a hold says so.

Raced with real commits: one transaction stands open while the other comes.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from racing import race
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from worlds import World

from dispatch.jobs.acceptance import accept_offer
from dispatch.privacy.holds import About, lift_hold, place_hold
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import LegalHoldRow, PositionRow, TimeEntryRow, new_id
from dispatch.visits.before import leave
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_in, check_out
from dispatch.visits.positions import Fix
from dispatch.visits.stamps import Stamp
from dispatch.visits.whereabouts import APART, Here, forget_positions, note_position

SITE = Fix(30.3585, -103.6610, 10)
HERE = Here(30.3585, -103.6610, 10.0)
OPERATOR = Actor("operator", new_id())


class Walk:
    """A technician who has a visit, and what they do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.offer = world.offered()[0]
        self.actor = world.actor_of(self.offer)
        with world.as_engine() as (session, now):
            won: Any = accept_offer(session, self.actor, world.yes(self.offer), now=now)
        self.visit, self.job = won.visit_id, won.job_id

    def does(self, use_case: Callable[..., Any], *more: Any) -> None:
        with self.world.as_engine() as (session, now):
            use_case(session, self.actor, self.visit, None, *more, now=now)

    def is_told(self, *, later: timedelta = timedelta(0)) -> bool:
        with self.world.as_engine() as (session, now):
            return note_position(session, self.offer.technician_id, HERE, now=now + later) == [self.visit]

    def num_kept(self) -> int:
        with self.world.as_engine() as (session, _):
            return len(session.scalars(select(PositionRow.id)).all())

    def forgets(self, *, after: timedelta = timedelta(0)) -> int:
        with self.world.as_engine() as (session, now):
            return forget_positions(session, now + timedelta(minutes=1) - after)

    def holds(self, **about: Any) -> Any:
        with self.world.as_engine() as (session, now):
            return place_hold(session, OPERATOR, About(**about), "lawsuit", now=now).id

    def lifts(self, hold: Any) -> None:
        with self.world.as_engine() as (session, now):
            lift_hold(session, OPERATOR, hold, now=now)


@pytest.fixture
def walk(world: World) -> Walk:
    return Walk(world)


def meanwhile(world: World, first: Callable[[Any, Any], Any], then: Callable[[], Any]) -> Any:
    """`then` begins while `first` is done and not committed, has to wait for it, and answers."""
    with ThreadPoolExecutor(1) as pool:
        with world.as_engine() as (session, now):
            first(session, now)
            session.flush()
            waiting: Future[Any] = pool.submit(then)
            with pytest.raises(TimeoutError):
                waiting.result(0.4)
        return waiting.result(5)


def test_a_position_is_kept_on_the_way_and_on_site_and_at_no_other_time(walk: Walk) -> None:
    assert not walk.is_told()
    walk.does(leave)
    assert walk.is_told()
    walk.does(check_in, Stamp())
    assert walk.is_told(later=APART * 2)
    walk.does(check_out, Stamp(), Ending())
    assert not walk.is_told(later=APART * 4)
    assert walk.num_kept() == 2


def test_a_phone_that_sends_every_second_is_kept_every_ten(walk: Walk) -> None:
    walk.does(leave)
    for second in range(21):
        assert walk.is_told(later=timedelta(seconds=second))
    assert walk.num_kept() == 3


def test_a_position_in_the_moment_of_the_check_out_waits_for_it_and_is_not_kept(walk: Walk) -> None:
    walk.does(leave)
    walk.does(check_in, Stamp())

    def leaves(session: Any, now: Any) -> None:
        check_out(session, walk.actor, walk.visit, None, Stamp(), Ending(), now=now)

    assert meanwhile(walk.world, leaves, walk.is_told) is False
    assert walk.num_kept() == 0


def test_sixteen_positions_against_a_check_out_are_all_from_before_it(walk: Walk) -> None:
    walk.does(leave)
    walk.does(check_in, Stamp())
    calls: list[Any] = [walk.is_told] * 16
    calls.insert(8, lambda: walk.does(check_out, Stamp(), Ending()))
    answers = race(calls)
    assert all(each in (True, False, None) for each in answers), answers
    assert not walk.is_told()


def test_positions_are_forgotten_in_time_and_the_proof_of_arrival_stays(walk: Walk) -> None:
    walk.does(leave)
    assert walk.is_told()
    walk.does(check_in, Stamp(fix=SITE))
    walk.does(check_out, Stamp(fix=SITE), Ending())
    assert walk.forgets(after=timedelta(hours=1)) == 0
    assert walk.forgets() == 2
    assert walk.forgets() == 0
    assert walk.num_kept() == 0
    with walk.world.as_engine() as (session, _):
        entry = session.scalars(select(TimeEntryRow)).one()
    proof = {"distance_m": 0, "accuracy_m": 10, "is_within": True, "signs": []}
    assert (entry.proof_in, entry.proof_out) == (proof, proof)
    # The next check-in has nothing to be compared with, and is taken.
    again = Walk(walk.world)
    again.does(check_in, Stamp(fix=SITE))


@pytest.mark.parametrize("about", ["job_id", "client_id", "technician_id"])
def test_a_hold_beats_the_forgetting_until_it_is_lifted(walk: Walk, about: str) -> None:
    walk.does(leave)
    assert walk.is_told()
    walk.does(check_in, Stamp(fix=SITE))
    walk.does(check_out, Stamp(), Ending())
    whose = {"job_id": walk.job, "client_id": walk.world.client, "technician_id": walk.offer.technician_id}
    hold = walk.holds(**{about: whose[about]})
    assert walk.forgets() == 0
    with (
        pytest.raises(DBAPIError, match="legal hold"),
        transaction(walk.world.engine, ENGINE, role="engine") as session,
    ):
        session.execute(text("DELETE FROM positions"))
    walk.lifts(hold)
    assert walk.forgets() == 2


def test_a_hold_that_is_being_placed_is_waited_for_and_kept_by(walk: Walk) -> None:
    walk.does(leave)
    assert walk.is_told()

    def holds(session: Any, now: Any) -> None:
        place_hold(session, OPERATOR, About(job_id=walk.job), "lawsuit", now=now)

    assert meanwhile(walk.world, holds, walk.forgets) == 0
    assert walk.num_kept() == 1


def test_who_places_a_hold_waits_for_what_is_being_forgotten(walk: Walk) -> None:
    walk.does(leave)
    assert walk.is_told()

    def forgets(session: Any, now: Any) -> None:
        assert forget_positions(session, now + timedelta(minutes=1)) == 1

    hold = meanwhile(walk.world, forgets, lambda: walk.holds(job_id=walk.job))
    with walk.world.as_engine() as (session, _):
        assert session.get_one(LegalHoldRow, hold).lifted_at is None
    assert walk.num_kept() == 0
