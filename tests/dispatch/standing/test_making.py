"""Each day of a rule is made once: with two dispatchers at once, and with real commits."""

from collections.abc import Iterator
from datetime import time, timedelta

import pytest
from racing import race
from sqlalchemy import select, update
from worlds import World, small_world

from dispatch.record.tables import EventRow, JobRow, SeriesRow
from dispatch.standing.making import make_due
from dispatch.standing.series import SeriesWish, create_series, pause_series

WORK = {"title": "Service", "job_type": "service", "duration_min": 60, "slots": [{"pay": {"amount": "10.00"}}]}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with small_world(database_url) as made:
        yield made


def begun(world: World) -> object:
    with world.as_staff() as (session, now):
        wish = SeriesWish(
            "Daily", world.site, WORK, "FREQ=DAILY", (now + timedelta(days=2)).date(), time(8), 60, "S-{date}",
            on_closed_day="keep", make_ahead_days=8,
        )  # fmt: skip
        return create_series(session, world.staff, wish, now=now)


def making(world: World):
    def make():
        with world.as_engine() as (session, now):
            return make_due(session, now)[0]

    return make


def test_dispatchers_who_sweep_at_once_make_each_day_once(world: World):
    series = begun(world)
    race([making(world) for _ in range(6)])
    making(world)()
    with world.as_engine() as (session, _):
        days = session.scalars(select(JobRow.series_day).where(JobRow.series_id == series)).all()
        told = session.scalars(select(EventRow.data).where(EventRow.kind == "job_made")).all()
        assert 5 <= len(days) == len(set(days)) == len(told)
        assert session.scalars(select(SeriesRow.made_through)).one() == max(days)


def test_a_sweep_that_dies_before_its_commit_leaves_nothing_and_the_next_makes_all(world: World):
    begun(world)

    def dying():
        with world.as_engine() as (session, now):
            assert make_due(session, now)[0] == 1
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        dying()
    with world.as_engine() as (session, _):
        assert session.scalars(select(JobRow.id)).all() == []
    assert making(world)() == 1
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(JobRow.id)).all()) >= 5


def test_a_timer_set_back_makes_no_day_a_second_time(world: World):
    begun(world)
    making(world)()
    with world.as_engine() as (session, now):
        before = len(session.scalars(select(JobRow.id)).all())
        session.execute(update(SeriesRow).values(due_at=now, made_through=SeriesRow.first_day))
    making(world)()
    with world.as_engine() as (session, _):
        assert len(session.scalars(select(JobRow.id)).all()) == before
        assert session.scalars(select(SeriesRow.state)).one() == "active"


def test_a_series_that_is_paused_while_it_is_swept_makes_all_or_nothing(world: World):
    series = begun(world)

    def pausing():
        with world.as_engine() as (session, now):
            pause_series(session, world.staff, series, now=now)

    race([making(world), pausing])
    assert making(world)() == 0
    with world.as_engine() as (session, _):
        num = len(session.scalars(select(JobRow.id)).all())
        assert num == 0 or num >= 5
        assert session.scalars(select(SeriesRow.due_at)).one() is None
