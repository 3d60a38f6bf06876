"""Promises at a store in Chicago, open Monday to Friday from 8 to 17, and how pauses move them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.daypolicy import ServiceLevel
from matching.errors import CalendarError
from matching.sitecalendar import WEEKDAYS, SiteCalendar, open_time_between, read_calendar
from matching.sla import Deadline, Promise, promised, read_promise, resumed

CHICAGO = ZoneInfo("America/Chicago")
STORE = read_calendar({"weekly": {day: ["08:00-17:00"] for day in WEEKDAYS[:5]}}, CHICAGO, "US")
LEVEL = ServiceLevel(respond_min=120, fix_min=9 * 60)
THURSDAY = datetime(2026, 6, 18, 16, tzinfo=CHICAGO)  # the next day is Juneteenth
HOUR = timedelta(hours=1)


def monday(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, 22, hour, minute, tzinfo=CHICAGO)


def test_minutes_count_while_the_site_is_open():
    promise = promised(LEVEL, 60, STORE, THURSDAY)
    assert promise.respond == Deadline(by=monday(9), warn_at=THURSDAY + HOUR)
    assert promise.fix == Deadline(by=monday(16), warn_at=monday(15))


def test_around_the_clock_every_minute_counts():
    promise = promised(ServiceLevel(120, 540, "around_the_clock"), 60, STORE, THURSDAY)
    assert promise.respond == Deadline(THURSDAY + 2 * HOUR, THURSDAY + HOUR)
    assert promise.fix == Deadline(THURSDAY + 9 * HOUR, THURSDAY + 8 * HOUR)


def test_nothing_is_promised_where_nothing_is_said_and_a_warning_is_never_before_the_posting():
    assert promised(ServiceLevel(), 60, STORE, THURSDAY) == Promise()
    assert promised(ServiceLevel(fix_min=30), 60, STORE, THURSDAY).fix == Deadline(THURSDAY + HOUR / 2, THURSDAY)


def test_a_pause_over_a_holiday_weekend_moves_a_deadline_by_the_hours_that_were_open():
    promise = promised(LEVEL, 60, STORE, THURSDAY)
    moved = resumed(promise, LEVEL, STORE, THURSDAY, monday(10))
    # Paused for an hour of Thursday and two of Monday, not for the 90 hours between.
    assert moved.fix == Deadline(datetime(2026, 6, 23, 10, tzinfo=CHICAGO), datetime(2026, 6, 23, 9, tzinfo=CHICAGO))
    assert moved.respond == Deadline(monday(12), monday(11))


def test_a_pause_while_the_site_is_closed_moves_nothing():
    promise = promised(LEVEL, 60, STORE, THURSDAY)
    closed = THURSDAY + 2 * HOUR
    assert resumed(promise, LEVEL, STORE, closed, closed + 24 * HOUR) == promise


def test_what_was_broken_before_the_pause_stays_broken():
    promise = promised(LEVEL, 60, STORE, THURSDAY)
    moved = resumed(promise, LEVEL, STORE, monday(9), monday(10))
    assert moved.respond == promise.respond
    assert moved.fix == Deadline(monday(17), monday(16))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.integers(1, 2_000),
    st.sampled_from([STORE, SiteCalendar(CHICAGO)]),
)
def test_as_much_time_is_left_after_a_pause_as_before(until_pause_min, pause_min, fix_min, calendar):
    level = ServiceLevel(fix_min=fix_min)
    posted = datetime(2026, 10, 30, 20, tzinfo=UTC)
    paused_at = posted + timedelta(minutes=until_pause_min)
    now = paused_at + timedelta(minutes=pause_min)
    promise = promised(level, 30, calendar, posted)
    assert promise.fix is not None
    moved = resumed(promise, level, calendar, paused_at, now)
    assert moved.fix is not None
    left = open_time_between(paused_at, promise.fix.by, calendar)
    assert open_time_between(now, moved.fix.by, calendar) == (left if promise.fix.by > paused_at else timedelta(0))
    assert moved.fix.by >= promise.fix.by
    assert moved.fix.warn_at <= moved.fix.by


def test_a_promise_reads_back_as_it_was_stored():
    promise = promised(LEVEL, 60, STORE, THURSDAY)
    assert promise.respond is not None
    assert promise.fix is not None
    assert read_promise(promise.respond.by, promise.fix.by, promise.to_document()) == promise
    assert read_promise(None, None, {}) == Promise()


def test_nothing_can_be_promised_at_a_site_that_hardly_opens():
    seldom = read_calendar({"weekly": {"sun": ["10:00-10:01"]}}, CHICAGO, None)
    with pytest.raises(CalendarError, match="not open long enough"):
        promised(ServiceLevel(fix_min=1_000), 60, seldom, THURSDAY)
