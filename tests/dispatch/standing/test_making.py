"""Each day of a rule is made once: with two dispatchers at once, and with real commits."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from racing import race
from sqlalchemy import select, update
from worlds import ZONE, World, small_world

from dispatch.record.tables import EventRow, JobRow, SeriesRow
from dispatch.standing.making import _due, make_due
from dispatch.standing.occurrences import Plan
from dispatch.standing.recurrence import read_rule
from dispatch.standing.series import SeriesWish, create_series, pause_series, timer_of

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


@pytest.mark.parametrize("around", [date(2027, 1, 31), date(2027, 3, 14), date(2027, 11, 7)])
@pytest.mark.parametrize("start", [time(0), time(1, 30), time(8), time(23, 59)])
def test_what_is_due_is_what_starts_within_the_days_ahead_at_every_hour(around: date, start: time):
    """Three days by the hour, over a month's end and both changes of clocks, whatever day it is in UTC meanwhile."""
    chicago, ahead = ZoneInfo(ZONE), timedelta(days=3)
    first = around - timedelta(days=2)
    plan = Plan(read_rule("FREQ=DAILY;COUNT=12"), first, start, chicago, "keep", lambda _: None, {})
    starts = [datetime.combine(first + timedelta(days=num), start, chicago).astimezone(UTC) for num in range(12)]
    row = SeriesRow(make_ahead_days=3, made_through=None, exceptions={}, first_day=first)
    for hours in range(72):
        now = datetime.combine(around - timedelta(days=1), time(0), UTC) + timedelta(hours=hours)
        due = _due(row, plan, now)
        assert [each.start_at for each in due] == [each for each in starts if each <= now + ahead]
        row.made_through = due[-1].day
        coming = timer_of(row, plan, now)
        assert coming == next(each for each in starts if each > now + ahead) - ahead
        row.made_through = None
