"""Opening hours against a walk minute by minute with the site's clock.

The walk knows no interval and no change of clocks: a minute is open when, within the reach of a span, the clock has
shown its beginning and will still show a time before its end.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.errors import CalendarError
from matching.sitecalendar import (
    WEEKDAYS,
    SiteCalendar,
    add_open_time,
    is_open,
    next_open,
    open_time_between,
    read_calendar,
)

CHICAGO, KATHMANDU, LORD_HOWE = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")
HAVANA, APIA = ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia")
MINUTE = timedelta(minutes=1)
HOURS = ["08:00-12:00", "13:00-17:00"]
OFFICE = {"weekly": {day: HOURS for day in WEEKDAYS[:5]}}

#: Nights on which the clocks change, ends of years, and an ordinary day.
NIGHTS = [
    (CHICAGO, date(2026, 3, 8)),
    (CHICAGO, date(2026, 11, 1)),
    (LORD_HOWE, date(2026, 4, 5)),
    (LORD_HOWE, date(2026, 10, 4)),
    (HAVANA, date(2026, 3, 8)),
    (HAVANA, date(2026, 11, 1)),
    (APIA, date(2011, 12, 30)),
    (KATHMANDU, date(2026, 12, 31)),
    (CHICAGO, date(2026, 12, 31)),
    (CHICAGO, date(2026, 7, 15)),
]
WALK = 4 * 24 * 60


def walk(calendar: SiteCalendar, day: date) -> tuple[datetime, list[bool]]:
    """(the first minute, for each minute from then on whether the site is open), around a day, by the clock alone."""
    first = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=2)
    clock = [(first + n * MINUTE).astimezone(calendar.zone).replace(tzinfo=None, fold=0) for n in range(WALK)]
    is_open = [False] * WALK
    for each in range(-4, 5):
        begins_on = day + timedelta(days=each)
        midnight = datetime.combine(begins_on, datetime.min.time())
        for opens, closes in calendar.spans_on(begins_on):
            begin, end = midnight + opens * MINUTE, midnight + closes * MINUTE
            begun = next((n for n in range(WALK) if clock[n] >= begin), WALK)
            ended = next((n + 1 for n in reversed(range(WALK)) if clock[n] < end), 0)
            is_open[begun:ended] = [True] * max(0, ended - begun)
    return first, is_open


@st.composite
def spans(draw):
    edges = draw(st.lists(st.integers(0, 47), min_size=0, max_size=6, unique=True).map(sorted))
    whole = [(a * 30, b * 30) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if whole and draw(st.booleans()):
        opens, closes = whole[-1]
        whole[-1] = (opens, draw(st.sampled_from([closes, 1440, 1440 + max(0, opens - 30)])))
    return tuple((a, b) for a, b in whole if b > a)


@st.composite
def calendars(draw):
    zone, day = draw(st.sampled_from(NIGHTS))
    weekly = tuple(draw(spans()) for _ in range(7))
    days = draw(st.dictionaries(st.integers(-1, 1).map(lambda n: day + timedelta(days=n)), spans(), max_size=2))
    region = draw(st.sampled_from([None, "US", "US-IL", "NP"]))
    return SiteCalendar(zone, weekly, days, region), day


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, WALK // 2), st.integers(0, WALK // 2 - 1))
@example(
    (SiteCalendar(HAVANA, (((0, 1440),), *((),) * 6), {date(2026, 10, 31): ((0, 1440),)}), date(2026, 11, 1)), 0, 2880
)
def test_open_time_is_what_a_walk_minute_by_minute_counts(given_calendar, start_min, length_min):
    calendar, day = given_calendar
    first, open_minutes = walk(calendar, day)
    start, end = first + start_min * MINUTE, first + (start_min + length_min) * MINUTE
    counted = sum(open_minutes[start_min : start_min + length_min])
    assert open_time_between(start, end, calendar) == counted * MINUTE
    assert is_open(start, calendar) == open_minutes[start_min]
    assert is_open(end, calendar) == open_minutes[start_min + length_min]


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, WALK // 2), st.integers(1, 600))
def test_time_is_added_as_a_walk_minute_by_minute_would(given_calendar, start_min, amount_min):
    calendar, day = given_calendar
    first, open_minutes = walk(calendar, day)
    start = first + start_min * MINUTE
    opened = [n for n in range(start_min, WALK - 48 * 60) if open_minutes[n]]
    if opened:
        assert next_open(start, calendar) == first + opened[0] * MINUTE
    if len(opened) >= amount_min:
        assert add_open_time(start, amount_min * MINUTE, calendar) == first + (opened[amount_min - 1] + 1) * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, WALK * 60), st.integers(0, 100_000), st.integers(0, 100_000))
@example((SiteCalendar(CHICAGO), date(2026, 11, 1)), 0, 1, 0)
def test_what_is_added_has_passed_and_adding_twice_is_adding_once(given_calendar, start_s, one_s, other_s):
    calendar, day = given_calendar
    start = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=2) + timedelta(seconds=start_s)
    one, other = timedelta(seconds=one_s), timedelta(seconds=other_s)
    if not any(calendar.weekly):
        return
    end = add_open_time(start, one, calendar)
    assert open_time_between(start, end, calendar) == one
    if other:
        assert add_open_time(end, other, calendar) == add_open_time(start, one + other, calendar)


def test_an_hour_more_is_open_on_the_night_on_which_the_clocks_go_back():
    always = SiteCalendar(CHICAGO)
    start = datetime(2026, 11, 1, 5, tzinfo=UTC)  # midnight in Chicago
    assert open_time_between(start, datetime(2026, 11, 2, 6, tzinfo=UTC), always) == timedelta(hours=25)
    night = read_calendar({"weekly": {"sat": ["22:00-06:00"]}}, CHICAGO, None)
    assert open_time_between(start - timedelta(days=1), start + timedelta(days=1), night) == timedelta(hours=9)


def test_a_holiday_and_the_weekend_after_it_do_not_count():
    calendar = read_calendar(OFFICE, CHICAGO, "US")
    wednesday = datetime(2026, 11, 25, 16, tzinfo=CHICAGO)
    # An hour on Wednesday, nothing on Thanksgiving; Friday is a working day in the whole of the United States.
    assert add_open_time(wednesday, timedelta(hours=2), calendar) == datetime(2026, 11, 27, 9, tzinfo=CHICAGO)
    texan = read_calendar(OFFICE, CHICAGO, "US-TX")
    assert add_open_time(wednesday, timedelta(hours=2), texan) == datetime(2026, 11, 30, 9, tzinfo=CHICAGO)
    never_rests = read_calendar(OFFICE | {"on_holidays": "open"}, CHICAGO, "US-TX")
    assert add_open_time(wednesday, timedelta(hours=2), never_rests) == datetime(2026, 11, 26, 9, tzinfo=CHICAGO)


def test_hours_of_a_particular_day_win_over_the_week_and_its_holidays():
    days = {"2026-11-26": ["10:00-11:00"], "2026-11-27": []}
    calendar = read_calendar(OFFICE | {"days": days}, CHICAGO, "US")
    wednesday = datetime(2026, 11, 25, 17, tzinfo=CHICAGO)
    assert next_open(wednesday, calendar) == datetime(2026, 11, 26, 10, tzinfo=CHICAGO)
    assert add_open_time(wednesday, timedelta(hours=2), calendar) == datetime(2026, 11, 30, 9, tzinfo=CHICAGO)


def test_time_that_ends_with_the_hours_ends_at_closing_time():
    calendar = read_calendar(OFFICE, KATHMANDU, None)
    friday = datetime(2026, 1, 2, 16, tzinfo=KATHMANDU)
    assert friday.utcoffset() == timedelta(hours=5, minutes=45)
    assert add_open_time(friday, timedelta(hours=1), calendar) == friday + timedelta(hours=1)
    assert add_open_time(friday + timedelta(days=1), timedelta(0), calendar) == friday + timedelta(days=1)
    assert open_time_between(friday, friday - timedelta(days=1), calendar) == timedelta(0)


def test_a_site_that_opens_too_seldom_says_so():
    calendar = SiteCalendar(CHICAGO, ((),) * 7, {date(2027, 1, 4): ((480, 540),)})
    start = datetime(2026, 12, 31, tzinfo=UTC)
    assert add_open_time(start, timedelta(hours=1), calendar) == datetime(2027, 1, 4, 9, tzinfo=CHICAGO)
    with pytest.raises(CalendarError, match="not open long enough before 2032-01-04: give it longer opening hours"):
        add_open_time(start, timedelta(hours=1, seconds=1), calendar)
    with pytest.raises(CalendarError):
        next_open(datetime(2027, 2, 1, tzinfo=UTC), calendar)


@pytest.mark.parametrize(
    ("document", "where", "way_out"),
    [
        ({"weekly": {}}, "weekly", "open on one weekday"),
        ({"weekly": {"mon": []}}, "weekly", "open on one weekday"),
        ({}, "weekly", "open on one weekday"),
        ({"weekly": []}, "weekly", "give an object"),
        ({"weekly": {"monday": ["08:00-17:00"]}}, "weekly.monday", "name the weekdays mon"),
        ({"weekly": {"mon": "08:00-17:00"}}, "weekly.mon", "give a list"),
        ({"weekly": {"mon": ["8-17"]}}, "weekly.mon[0]", "write a span as 08:00-17:00"),
        ({"weekly": {"mon": [True]}}, "weekly.mon[0]", "write a span as 08:00-17:00"),
        ({"weekly": {"mon": ["08:00-24:01"]}}, "weekly.mon[0]", "end at 24:00"),
        ({"weekly": {"mon": ["08:00-12:00", "11:59-17:00"]}}, "weekly.mon[1]", "begin after the span before it"),
        ({"weekly": {"mon": ["22:00-06:00", "23:00-23:30"]}}, "weekly.mon[1]", "begin after the span before it"),
        ({"weekly": {"mon": ["08:00-09:00"] * 9}}, "weekly.mon", "at most 8 spans"),
        (OFFICE | {"on_holidays": "maybe"}, "on_holidays", "closed or open"),
        (OFFICE | {"on_holidays": ["closed"]}, "on_holidays", "closed or open"),
        (OFFICE | {"holidays": "US"}, "holidays", "name weekly, days and on_holidays"),
        (OFFICE | {"days": {"24.12.2026": []}}, "days", "write a day as 2026-12-24"),
        (OFFICE | {"days": {"20261224": []}}, "days", "write a day as 2026-12-24"),
        (OFFICE | {"days": {"2026-02-29": []}}, "days", "write a day as 2026-12-24"),
        (OFFICE | {"days": {"9999-12-31": []}}, "days", "from 2000 to 2100"),
    ],
)
def test_opening_hours_that_cannot_be_read_name_the_place_and_the_way_out(document, where, way_out):
    with pytest.raises(CalendarError, match=way_out) as caught:
        read_calendar(document, CHICAGO, None)
    assert caught.value.field == where


def test_a_region_that_nobody_knows_is_refused_with_the_nearest():
    with pytest.raises(CalendarError, match="perhaps 'US-TX'") as caught:
        read_calendar(OFFICE, CHICAGO, "US-TXX")
    assert caught.value.field == "holiday_region"
