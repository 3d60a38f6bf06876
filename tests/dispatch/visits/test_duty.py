"""Shifts of duty by the clock of their zone, and the gaps between them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import BadInput
from dispatch.visits.duty import Shift, _times, gaps

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def nights(weeks: int, **changes: object) -> list[tuple[datetime, datetime]]:
    """Saturday from 18 to 6 in Chicago; the second night is the one on which the clocks go forward."""
    begin = datetime(2026, 2, 28, 18, tzinfo=CHICAGO)
    wish = {"from_at": begin, "to_at": begin + 12 * HOUR, "level": 1, "time_zone": "America/Chicago", "weeks": weeks}
    return _times(Shift(**(wish | changes)), datetime(2026, 2, 20, tzinfo=UTC))  # type: ignore[arg-type]


def test_a_night_shift_begins_and_ends_by_the_clock_each_week_also_when_the_clocks_change():
    planned = nights(3)
    local = [(begin.astimezone(CHICAGO).hour, end.astimezone(CHICAGO).hour) for begin, end in planned]
    assert local == [(18, 6)] * 3
    assert [end - begin for begin, end in planned] == [12 * HOUR, 11 * HOUR, 12 * HOUR]


def test_shifts_that_meet_by_the_clock_meet_in_the_hour_that_comes_twice():
    begin = datetime(2026, 10, 25, 1, 30, tzinfo=CHICAGO)
    before = nights(2, from_at=begin - 5 * HOUR, to_at=begin)
    after = nights(2, from_at=begin, to_at=begin + 5 * HOUR)
    assert before[1][1] == after[1][0]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("level", {"level": 0}),
        ("level", {"level": 10}),
        ("weeks", {"weeks": 0}),
        ("weeks", {"weeks": 54}),
        ("time_zone", {"time_zone": "Texas"}),
        ("to_at", {"to_at": datetime(2026, 2, 28, 18, tzinfo=CHICAGO)}),
        ("to_at", {"to_at": datetime(2026, 3, 31, 19, 1, tzinfo=CHICAGO)}),
        ("from_at", {"from_at": datetime(2026, 1, 1, tzinfo=UTC), "to_at": datetime(2026, 1, 2, tzinfo=UTC)}),
        (
            "to_at",
            {
                "from_at": datetime(2026, 3, 1, 2, 10, tzinfo=CHICAGO),
                "to_at": datetime(2026, 3, 1, 2, 50, tzinfo=CHICAGO),
                "weeks": 2,
            },
        ),
    ],
)
def test_a_shift_that_cannot_be_is_refused_by_its_field(field, changes):
    with pytest.raises(BadInput) as refused:
        nights(1, **changes) if "weeks" not in changes else nights(**{"weeks": 1} | changes)
    assert refused.value.field == field


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 6)), max_size=5), st.integers(1, 24))
def test_gaps_are_the_hours_in_which_nobody_has_the_duty(starts, length):
    taken, reached = [], -10
    for begin, hours in sorted(starts):
        if begin >= reached:
            taken.append((begin, begin + hours))
            reached = begin + hours
    found = gaps([(NOON + a * HOUR, NOON + b * HOUR) for a, b in taken], NOON, NOON + length * HOUR)
    free = {n for n in range(length) if not any(a <= n < b for a, b in taken)}
    told = {n for begin, end in found for n in range((begin - NOON) // HOUR, (end - NOON) // HOUR)}
    assert told == free
    assert all(begin < end for begin, end in found)
