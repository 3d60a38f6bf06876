"""First starts against every start tried, second by second, in windows of a minute at most."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.availability import Span, merged
from matching.starts import Bars, Openings, Window, any_time, barred_starts, first_starts

spans = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=5).map(merged)
bars = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 60), st.integers(-5, 60)), max_size=12)
windows = st.builds(
    lambda first_s, length, duration_s: Window(first_s, first_s + length, duration_s),
    st.integers(1, 40),
    st.integers(-3, 25),
    st.integers(1, 12),
)


def columns(bars: Sequence[tuple[int, int, int]]) -> Bars:
    table = np.array(bars, dtype=np.int64).reshape(-1, 3)
    return Bars(table[:, 0], table[:, 1], table[:, 2])


def things(*each: tuple[int, int, int], duration_s: int) -> Bars:
    """Bars of one technician by things (start, end, travel)."""
    start_s, end_s, travel_s = np.array(each, dtype=np.int64).T
    return barred_starts(np.zeros(len(each), dtype=np.int64), start_s, end_s, travel_s, duration_s)


def first_of(window: Window, bars: Bars) -> int:
    return int(first_starts(any_time(window), np.zeros(1, dtype=np.int64), bars, window)[0])


@given(weeks=st.lists(spans, min_size=1, max_size=3), bars=bars, window=windows, data=st.data())
def test_everyones_first_start_is_the_first_of_all_starts_tried(
    weeks: list[list[Span]], bars: list[tuple[int, int, int]], window: Window, data: st.DataObject
) -> None:
    week = data.draw(st.lists(st.integers(0, len(weeks) - 1), min_size=4, max_size=4))
    found = first_starts(Openings.of(weeks, window), np.array(week), columns(bars), window)
    for row in range(4):
        tried = [
            start
            for start in range(window.first_s, window.last_s + 1)
            if any(a <= start and start + window.duration_s <= b for a, b in weeks[week[row]])
            and not any(owner == row and a <= start < b for owner, a, b in bars)
        ]
        assert found[row] == (tried[0] if tried else 0)


@given(
    booked=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15), st.integers(0, 9)), max_size=4), window=windows
)
def test_every_booking_is_kept_its_distance_from_on_both_sides(
    booked: list[tuple[int, int, int]], window: Window
) -> None:
    each = [(start, start + length, travel) for start, length, travel in booked]
    tried = [
        start
        for start in range(window.first_s, window.last_s + 1)
        if all(b + way <= start or start + window.duration_s + way <= a for a, b, way in each)
    ]
    bars = things(*each, duration_s=window.duration_s) if each else columns([])
    assert first_of(window, bars) == (tried[0] if tried else 0)


def test_without_a_way_between_work_begins_as_one_booking_ends_and_ends_as_the_next_begins() -> None:
    around = things((100, 200, 0), (250, 300, 0), duration_s=50)
    assert first_of(Window(60, 400, 50), around) == 200
    assert first_of(Window(201, 400, 50), around) == 300


def test_one_second_too_little_for_the_way_to_the_next_booking_is_too_little() -> None:
    enough = things((100, 200, 30), (320, 400, 40), duration_s=50)
    short = things((100, 200, 30), (319, 400, 40), duration_s=50)
    assert first_of(Window(100, 300, 50), enough) == 230
    assert first_of(Window(100, 300, 50), short) == 0


def test_a_far_booking_bars_though_a_near_one_lies_between() -> None:
    """The way from the first place is longer than the visit in between: to look at neighbours alone would not do."""
    far = things((100, 200, 500), (300, 320, 0), duration_s=50)
    assert first_of(Window(320, 900, 50), far) == 700


def test_a_window_that_has_passed_holds_no_start() -> None:
    assert first_of(Window(100, 99, 50), columns([])) == 0


def test_bars_outside_the_window_are_dropped_and_those_on_its_edges_kept() -> None:
    kept = columns([(0, 90, 100), (0, 90, 101), (0, 120, 130), (0, 121, 130)]).within(Window(100, 120, 5))
    assert list(zip(kept.from_s.tolist(), kept.to_s.tolist(), strict=True)) == [(90, 101), (120, 130)]
