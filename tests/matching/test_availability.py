"""Open spans against a wall clock read instant by instant.

The nights: America/New_York skips 02:00-03:00 on 8 March 2026 and repeats 01:00-02:00 on 1 November; Lord Howe moves by
half an hour on 5 April and 4 October; Kathmandu stands at +05:45 and never moves; Havana repeats midnight itself.
"""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.availability import Hours, Quiet, Span, is_quiet, local_days, merged, offset_s, open_spans

HOUR = 3600
NEW_YORK, LORD_HOWE, KATHMANDU, HAVANA = "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"

#: A moment near each change of clocks, and one in the quietest zone.
NIGHTS = {
    NEW_YORK: (datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)),
    LORD_HOWE: (datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    HAVANA: (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)),
    KATHMANDU: (datetime(2026, 5, 4, 18, 15, tzinfo=UTC),),
}

minutes = st.one_of(st.integers(0, 1440), st.sampled_from([0, 60, 90, 105, 120, 150, 180, 1380, 1440]))
hours_of_week = st.lists(st.tuples(st.integers(0, 6), minutes, minutes), max_size=9).map(tuple)
quiet_hours = st.none() | st.tuples(minutes, minutes.map(lambda minute: minute % 1440))
nights = st.sampled_from([(zone, int(at.timestamp())) for zone, moments in NIGHTS.items() for at in moments])
some_spans = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


def clock_says_open(hours: Hours, quiet: Quiet, zone: str, at_s: int) -> bool:
    """The definition, read off the wall clock."""
    local = datetime.fromtimestamp(at_s, ZoneInfo(zone))
    second = local.hour * 3600 + local.minute * 60 + local.second
    works = not hours or any(
        local.weekday() == day and start * 60 <= second < end * 60 for day, start, end in hours if start < end
    )
    return works and not (quiet is not None and clock_says_quiet(quiet, second))


def clock_says_quiet(quiet: Span, second: int) -> bool:
    start, end = quiet[0] * 60, quiet[1] * 60
    return start <= second < end if start <= end else second >= start or second < end


@given(
    night=nights, hours=hours_of_week, quiet=quiet_hours, before=st.integers(0, 130_000), length=st.integers(0, 200_000)
)
def test_spans_hold_exactly_the_minutes_that_the_clock_shows_as_open(
    night: tuple[str, int], hours: Hours, quiet: Quiet, before: int, length: int
) -> None:
    zone, at_s = night
    from_s, to_s = at_s - before, at_s - before + length
    spans = open_spans(hours, quiet, False, zone, from_s, to_s)
    assert list(spans) == merged(spans)
    assert all(from_s <= start < end <= to_s for start, end in spans)
    edges = [second + step for span in spans for second in span for step in (-1, 0)]
    for second in [*range(from_s, to_s, 433), *edges]:
        if from_s <= second < to_s:
            inside = any(start <= second < end for start, end in spans)
            assert inside == clock_says_open(hours, quiet, zone, second), second


def test_a_span_over_the_skipped_hour_is_an_hour_shorter() -> None:
    sunday = ((6, 0, 360),)
    spans = open_spans(sunday, None, False, NEW_YORK, utc(2026, 3, 8), utc(2026, 3, 9))
    assert spans == ((utc(2026, 3, 8, 5), utc(2026, 3, 8, 10)),)


def test_a_span_inside_the_skipped_hour_is_not_there() -> None:
    assert open_spans(((6, 125, 175),), None, False, NEW_YORK, utc(2026, 3, 8), utc(2026, 3, 9)) == ()


def test_a_span_inside_the_repeated_hour_comes_twice() -> None:
    spans = open_spans(((6, 75, 105),), None, False, NEW_YORK, utc(2026, 11, 1), utc(2026, 11, 2))
    assert spans == (
        (utc(2026, 11, 1, 5, 15), utc(2026, 11, 1, 5, 45)),
        (utc(2026, 11, 1, 6, 15), utc(2026, 11, 1, 6, 45)),
    )


def test_clocks_that_move_by_half_an_hour_move_the_span_by_it() -> None:
    monday = ((0, 540, 1020),)
    before = open_spans(monday, None, False, LORD_HOWE, utc(2026, 3, 29), utc(2026, 3, 31))
    after = open_spans(monday, None, False, LORD_HOWE, utc(2026, 4, 5), utc(2026, 4, 7))
    assert after[0][0] - before[0][0] == 7 * 24 * HOUR + 1800


def test_a_zone_at_three_quarters_of_an_hour_opens_at_its_own_nine_o_clock() -> None:
    spans = open_spans(((0, 540, 1020),), None, False, KATHMANDU, utc(2026, 5, 3), utc(2026, 5, 5))
    assert spans == ((utc(2026, 5, 4, 3, 15), utc(2026, 5, 4, 11, 15)),)


def test_quiet_hours_over_midnight_shut_both_ends_of_the_day() -> None:
    spans = open_spans((), (1320, 360), False, "UTC", utc(2026, 5, 4), utc(2026, 5, 5))
    assert spans == ((utc(2026, 5, 4, 6), utc(2026, 5, 4, 22)),)


def test_quiet_hours_cut_a_night_shift_unless_one_works_in_them() -> None:
    night_shift = ((0, 1200, 1440), (1, 0, 480))
    cut = open_spans(night_shift, (1320, 360), False, "UTC", utc(2026, 5, 4), utc(2026, 5, 6))
    whole = open_spans(night_shift, (1320, 360), True, "UTC", utc(2026, 5, 4), utc(2026, 5, 6))
    assert cut == ((utc(2026, 5, 4, 20), utc(2026, 5, 4, 22)), (utc(2026, 5, 5, 6), utc(2026, 5, 5, 8)))
    assert whole == ((utc(2026, 5, 4, 20), utc(2026, 5, 5, 8)),)


@pytest.mark.parametrize("quiet", [None, (480, 480)])
def test_no_hours_and_no_quiet_is_any_time(quiet: Quiet) -> None:
    assert open_spans((), quiet, False, NEW_YORK, 1000, 2000) == ((1000, 2000),)


def test_an_empty_range_has_no_spans() -> None:
    assert open_spans((), None, False, "UTC", 1000, 1000) == ()


@given(night=nights, quiet=quiet_hours, ahead=st.integers(-100_000, 100_000))
def test_quiet_and_offset_are_those_of_the_clock(night: tuple[str, int], quiet: Quiet, ahead: int) -> None:
    zone, at_s = night[0], night[1] + ahead
    local = datetime.fromtimestamp(at_s, ZoneInfo(zone))
    second = local.hour * 3600 + local.minute * 60 + local.second
    assert is_quiet(quiet, zone, at_s) == (quiet is not None and clock_says_quiet(quiet, second))
    assert offset_s(zone, at_s) == local.utcoffset().total_seconds()  # type: ignore[union-attr]


@given(night=nights, ahead=st.lists(st.integers(-200_000, 200_000), max_size=9))
def test_local_days_are_those_of_the_calendar_on_the_wall(night: tuple[str, int], ahead: list[int]) -> None:
    zone, moments = night[0], [night[1] + step for step in ahead]
    dates = [datetime.fromtimestamp(at_s, ZoneInfo(zone)).date() for at_s in moments]
    found = local_days(zone, np.array(moments, dtype=np.int64))
    assert found.tolist() == [day.toordinal() - date(1970, 1, 1).toordinal() for day in dates]


@given(spans=some_spans)
def test_merging_keeps_the_instants_and_leaves_gaps_between_spans(spans: list[Span]) -> None:
    joined = merged(spans)
    assert {at for a, b in joined for at in range(a, b)} == {at for a, b in spans for at in range(a, b)}
    assert all(left[1] < right[0] for left, right in pairwise(joined))
