"""Other starts against every start tried, in a world of two days.

The site is in Denver, open on weekdays from 08:00 to 17:00; the technician lives 10 km away and works as each
test says. 4 May 2026 is a Monday.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import distances_m
from geo.travel import travel_s
from matching.availability import open_spans
from matching.job import Job
from matching.policy import Policy
from matching.reschedule import common_spans, other_starts
from matching.sitecalendar import open_time_between, read_calendar
from matching.technician import Booking, Technician

ZONE = ZoneInfo("America/Denver")
NOW = datetime(2026, 5, 3, 12, 0, tzinfo=ZONE)
WEEKDAYS = {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=ZONE)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def calendar(weekly: dict[str, list[str]] | None = None, days: dict[str, list[str]] | None = None, **more: Any):
    return read_calendar({"weekly": weekly or WEEKDAYS, "days": days or {}, **more}, ZONE, more.pop("region", None))


def technician(**facts: Any) -> Technician:
    proofs = {"background_check": date(2027, 12, 31).toordinal()}
    return Technician(UUID(int=9), 1, 39.83, -104.99, "America/Denver", credentials=proofs, **facts)


@pytest.fixture
def job(make_job) -> Job:
    """Two hours, somewhere on Monday or Tuesday."""
    return make_job(start_at=local(4, 0), end_at=local(6, 0), time_zone="America/Denver")


def starts(job: Job, who: Technician, opening=None, **more: Any) -> list[tuple[int, int]]:
    found = other_starts(job, who, opening or calendar(), Policy(), now=more.pop("now", NOW), **more)
    return [(each.astimezone(ZONE).day, each.astimezone(ZONE).hour) for each in found]


def test_starts_lie_in_the_sites_hours_with_room_for_the_whole_work(job):
    assert starts(job, technician()) == [(day, hour) for day in (4, 5) for hour in range(8, 16)]


def test_starts_lie_in_the_technicians_hours_and_out_of_their_quiet_time_and_time_off(job):
    off = ((seconds(local(4, 12)), seconds(local(4, 14))),)
    who = technician(hours=((0, 540, 1020), (1, 540, 1020)), quiet=(16 * 60, 8 * 60), time_off=off)
    assert starts(job, who) == [(4, 9), (4, 10), (4, 14), (5, 9), (5, 10), (5, 11), (5, 12), (5, 13), (5, 14)]


def test_other_work_bars_its_time_and_the_way_to_it(job):
    there = Booking(seconds(local(4, 12)), seconds(local(4, 13)), job.lat, job.lng)
    assert starts(job, technician(bookings=(there,)))[:4] == [(4, 8), (4, 9), (4, 10), (4, 13)], (
        "no way at the same site"
    )
    away = replace(there, lat=job.lat + 0.1)
    assert starts(job, technician(bookings=(away,)))[:3] == [(4, 8), (4, 9), (4, 14)]


def test_no_start_lies_on_a_day_that_is_closed_or_has_passed(job):
    assert starts(job, technician(), calendar(days={"2026-05-05": []})) == [(4, hour) for hour in range(8, 16)]
    assert starts(job, technician(), now=local(4, 13, 30))[:3] == [(4, 14), (4, 15), (5, 8)]


def test_the_fourth_of_july_is_no_day_for_a_visit_where_the_site_keeps_holidays(make_job):
    job = make_job(start_at=datetime(2026, 7, 2, tzinfo=ZONE), end_at=datetime(2026, 7, 7, tzinfo=ZONE))
    opening = read_calendar({"weekly": WEEKDAYS}, ZONE, "US-CO")
    days = {day for day, _ in starts(job, technician(), opening)}
    assert days == {2, 6}, "the 3rd is kept for the 4th, a Saturday"


def test_a_proof_must_last_through_the_end_of_the_work_at_the_site(job):
    who = technician()
    who = replace(who, credentials={"background_check": date(2026, 5, 4).toordinal()})
    assert {day for day, _ in starts(job, who)} == {4}
    assert starts(job, replace(who, credentials={})) == []
    export, cleared = replace(job, needs=replace(job.needs, clearance=True)), date(2026, 5, 4).toordinal()
    assert {day for day, _ in starts(export, replace(technician(), cleared_until=cleared))} == {4}


def test_a_day_that_is_full_is_left_out(job):
    early = Booking(seconds(local(4, 5)), seconds(local(4, 6)), job.lat, job.lng)
    assert {day for day, _ in starts(job, technician(day_capacity=1, bookings=(early,)))} == {5}
    assert starts(job, technician(day_capacity=0)) == []


def test_starts_lie_on_whole_steps_of_the_sites_clocks_on_any_offset(make_job):
    zone = ZoneInfo("Asia/Kathmandu")
    job = make_job(
        time_zone="Asia/Kathmandu",
        start_at=datetime(2026, 5, 4, 8, 10, tzinfo=zone),
        end_at=datetime(2026, 5, 4, 14, tzinfo=zone),
    )
    found = other_starts(job, technician(), read_calendar(None, zone, None), Policy(), now=NOW, step_min=60)
    assert [each.astimezone(zone).hour for each in found] == [9, 10, 11, 12]
    assert {each.astimezone(zone).minute for each in found} == {0}


def test_the_night_on_which_the_clocks_go_forward_has_no_start_at_the_missing_hour(make_job):
    job = make_job(start_at=datetime(2026, 3, 8, 7, tzinfo=UTC), end_at=datetime(2026, 3, 8, 12, tzinfo=UTC))
    job = replace(job, duration_min=60)
    found = other_starts(job, technician(), read_calendar(None, ZONE, None), Policy(), now=NOW - timedelta(days=90))
    assert [each.astimezone(ZONE).hour for each in found] == [0, 1, 3, 4, 5]


def test_a_window_without_room_has_no_start(job):
    assert starts(job, technician(), now=local(6, 0)) == []


hours = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 90), st.integers(1, 60)), max_size=3)
booked = st.lists(st.tuples(st.integers(0, 180), st.integers(1, 16), st.floats(39.5, 40.0)), max_size=3)


@settings(deadline=None)
@given(hours=hours, booked=booked, opens=st.integers(0, 20), length=st.integers(1, 30), minutes=st.integers(1, 300))
def test_exactly_the_starts_that_fit_are_found(make_job, hours, booked, opens, length, minutes):
    job = replace(make_job(start_at=local(4, 0), end_at=local(6, 0)), duration_min=minutes)
    weekly = tuple((day, first * 15, min(first * 15 + size * 15, 1440)) for day, first, size in hours)
    work = tuple(
        Booking(seconds(local(4, 0)) + at * 900, seconds(local(4, 0)) + (at + size) * 900, lat, -104.99)
        for at, size, lat in booked
    )
    ends = min(opens + length, 24)
    closes = f"{ends:02}:00"
    opening = calendar({day: [f"{opens:02}:00-{closes}"] for day in ("mon", "tue")}) if ends > opens else calendar()
    who = technician(hours=weekly, bookings=work)
    found = other_starts(job, who, opening, Policy(), now=NOW, step_min=30)
    tried = [local(4, 0) + timedelta(minutes=30 * step) for step in range(96)]
    assert found == [each.astimezone(UTC) for each in tried if _fits(job, who, opening, each)]


def _fits(job: Job, who: Technician, opening: Any, start: datetime) -> bool:
    end = start + job.duration
    if end > job.end_at:
        return False
    begin_s, end_s = seconds(start), seconds(end)
    own = open_spans(who.hours, None, False, who.time_zone, begin_s, end_s)
    is_site_open = open_time_between(start, end, opening) == job.duration
    return (
        is_site_open and own == ((begin_s, end_s),) and all(_is_clear(job, one, begin_s, end_s) for one in who.bookings)
    )


def _is_clear(job: Job, other: Booking, begin_s: int, end_s: int) -> bool:
    apart_m = distances_m(job.lat, job.lng, [other.lat], [other.lng])
    way_s = 0 if apart_m[0] <= 50 else int(travel_s(apart_m)[0])
    return end_s + way_s <= other.start_s or other.end_s + way_s <= begin_s


def test_spans_common_to_both_are_cut_and_in_order():
    assert common_spans([(0, 10), (20, 30)], [(5, 25), (28, 40)]) == [(5, 10), (20, 25), (28, 30)]
    assert common_spans([(0, 5)], [(5, 9)]) == []
