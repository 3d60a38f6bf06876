"""Hours left against an oracle that adds the work to the days and looks at every window of every day.

A limit of 100 hours in 3 months is used where a year would make the oracle slow; the clocks are those of New York.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from matching.usage import (
    NO_LIMIT,
    HoursLimit,
    HoursRules,
    Limit,
    TenureLimit,
    by_day,
    hours_left,
    left_on,
    shifted,
)

TODAY = date(2026, 3, 10).toordinal()
HOUR = 3600


def breaks(limit: Limit, seconds: dict[int, int], day: int) -> bool:
    """Whether some window that holds `day` has more than it may, seen day by day."""
    return any(_breaks_at(limit, seconds, end, day) for end in range(day, day + 31 * 40))


def _breaks_at(limit: Limit, seconds: dict[int, int], end: int, day: int) -> bool:
    if isinstance(limit, TenureLimit):
        last = date.fromordinal(end)
        months = {last.year * 12 + last.month - back for back in range(limit.in_months)}
        of = {date.fromordinal(each).year * 12 + date.fromordinal(each).month for each in seconds}
        asked = date.fromordinal(day)
        return asked.year * 12 + asked.month in months and len(months & of) > limit.most_months
    ends = [end, *(shifted(end, -limit.window_months * year) for year in range(1, limit.num_years + 1))]
    windows = [range(ends[year + 1] + 1, ends[year] + 1) for year in range(limit.num_years)]
    sums = [sum(seconds.get(each, 0) for each in window) for window in windows]
    too_much = all(each >= limit.most_s if limit.crossed == "reached" else each > limit.most_s for each in sums)
    return too_much and any(day in window for window in windows)


@pytest.mark.parametrize(
    "limit",
    [
        HoursLimit("h", 100 * HOUR, 3),
        HoursLimit("h", 100 * HOUR, 3, crossed="exceeded"),
        HoursLimit("two", 60 * HOUR, 3, num_years=2),
        HoursLimit("three", 30 * HOUR, 2, num_years=3),
        TenureLimit("t", 3, 5),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_work_that_fits_what_is_left_breaks_no_window_and_a_second_more_breaks_one(limit: Limit, seed: int):
    random = Random(seed)
    days = {TODAY + random.randint(-200, 60): random.randint(1, 12 * HOUR) for _ in range(40)}
    steps = hours_left(days, [limit], TODAY)
    seen = set()
    for day in sorted(random.sample(range(TODAY, TODAY + 300), 25)):
        left = left_on(steps, [day])
        seen.add(left)
        if left < NO_LIMIT:
            more = {**days, day: days.get(day, 0) + max(left, 0)}
            assert left <= 0 or not breaks(limit, more, day), (limit, day)
            more[day] += 1
            assert breaks(limit, more, day), (limit, day)
        else:
            assert not breaks(limit, {**days, day: days.get(day, 0) + 14 * 86400}, day) or day not in days
    assert len(seen) > 1, "this seed shows one side only"


def broken(limits: list[Limit], seconds: dict[int, int]) -> set[int]:
    """The days with work whose own window has more than the limits of that day allow."""
    return {
        day
        for day, worked in seconds.items()
        for limit in limits
        if worked and limit.valid_from <= day <= limit.valid_to and _breaks_at(limit, seconds, day, day)
    }


@pytest.mark.parametrize(
    "versions",
    [
        [HoursLimit("h", 160 * HOUR, 3, valid_to=TODAY + 49), HoursLimit("h", 90 * HOUR, 3, valid_from=TODAY + 50)],
        [HoursLimit("h", 90 * HOUR, 3, valid_to=TODAY + 49), HoursLimit("h", 160 * HOUR, 3, valid_from=TODAY + 50)],
        [HoursLimit("h", 90 * HOUR, 3, valid_from=TODAY + 30, valid_to=TODAY + 60)],
        [TenureLimit("t", 4, 5, valid_to=TODAY + 49), TenureLimit("t", 2, 5, valid_from=TODAY + 50)],
        [TenureLimit("t", 2, 5, valid_from=TODAY + 20, valid_to=TODAY + 50)],
    ],
    ids=["stricter", "looser", "for a month", "fewer months", "fewer months for a month"],
)
def test_work_is_judged_by_the_version_of_its_day_and_never_breaks_what_is_promised_under_another(
    versions: list[Limit],
):
    random, seen = Random(3), set()
    num_days = 3 if isinstance(versions[0], TenureLimit) else 24
    for _ in range(4):
        days = {TODAY + random.randint(-80, 140): random.randint(1, 6 * HOUR) for _ in range(num_days)}
        already = broken(versions, days)
        steps = hours_left(days, versions, TODAY)
        for day in range(TODAY, TODAY + 170, 3):
            left = left_on(steps, [day])
            seen.add(left)
            fits = {**days, day: days.get(day, 0) + max(min(left, 400 * HOUR), 0)}
            assert left <= 0 or broken(versions, fits) <= already, day
            if left < NO_LIMIT:
                fits[day] += 1
                assert broken(versions, fits) - already or already & set(range(day, TODAY + 300)), day
    assert len(seen) > 1, "one side only was seen"


def test_a_version_that_begins_later_holds_from_its_day_also_for_who_never_worked():
    old = HoursLimit("h", 8 * HOUR, 12, crossed="exceeded", valid_to=TODAY + 9)
    new = HoursLimit("h", 5 * HOUR, 12, crossed="exceeded", valid_from=TODAY + 10)
    assert hours_left({}, [old, new], TODAY) == ((1, 8 * HOUR), (TODAY + 10, 5 * HOUR))
    rules = HoursRules("UTC", (old, new))
    assert [rules.fresh_on(TODAY + day, "contractor") for day in (9, 10)] == [8 * HOUR, 5 * HOUR]
    far = HoursLimit("h", 3 * HOUR, 12, crossed="exceeded", valid_from=TODAY + 4000)
    steps = hours_left({TODAY: HOUR}, [HoursLimit("h", 9 * HOUR, 12, valid_to=TODAY + 3999), far], TODAY)
    assert [left_on(steps, [TODAY + day]) for day in (1, 3999, 4000)] == [8 * HOUR - 1, 9 * HOUR - 1, 3 * HOUR]
    assert left_on(hours_left({TODAY - 9: 7 * HOUR}, [old], TODAY), [TODAY + 10]) == NO_LIMIT, "it holds no more"


def test_a_promise_in_june_takes_from_may_too():
    """The window that ends with the promise holds both: work in May would make it too full."""
    june, may = date(2026, 6, 20).toordinal(), date(2026, 5, 20).toordinal()
    steps = hours_left({june: 90 * HOUR}, [HoursLimit("h", 100 * HOUR, 3, crossed="exceeded")], TODAY)
    assert left_on(steps, [may]) == 10 * HOUR
    assert left_on(steps, [date(2026, 3, 20).toordinal()]) == 100 * HOUR
    assert left_on(steps, [may, june]) == 10 * HOUR


def test_the_hours_of_a_leap_day_leave_the_window_with_the_first_of_march():
    leap = date(2028, 2, 29).toordinal()
    steps = hours_left({leap: 90 * HOUR}, [HoursLimit("h", 100 * HOUR, 12, crossed="exceeded")], leap)
    assert left_on(steps, [date(2029, 2, 28).toordinal()]) == 10 * HOUR
    assert left_on(steps, [date(2029, 3, 1).toordinal()]) == 100 * HOUR


def test_with_little_work_nothing_is_said_and_nobody_is_looked_at_twice():
    year = HoursLimit("year", 1000 * HOUR, 12)
    assert hours_left({TODAY: 8 * HOUR}, [year], TODAY) == ()
    assert hours_left({}, [year], TODAY) == ()
    assert hours_left({}, [HoursLimit("small", 8 * HOUR, 12, crossed="exceeded")], TODAY) == ((1, 8 * HOUR),)
    assert HoursRules("UTC", (year,)).fresh_on(TODAY, "contractor") == 1000 * HOUR - 1


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-12-31T22:00-05:00", 5, {"2026-12-31": 2, "2027-01-01": 3}),
        ("2026-03-08T00:00-05:00", 30, {"2026-03-08": 23, "2026-03-09": 7}),
        ("2026-11-01T00:00-04:00", 30, {"2026-11-01": 25, "2026-11-02": 5}),
        ("2028-02-28T12:00-05:00", 40, {"2028-02-28": 12, "2028-02-29": 24, "2028-03-01": 4}),
        ("2026-07-01T00:00-04:00", 24, {"2026-07-01": 24}),
    ],
)
def test_a_time_lies_on_the_days_of_the_clients_clocks(start: str, hours: int, expected: dict[str, int]):
    begins = datetime.fromisoformat(start).astimezone(UTC)
    split = by_day(begins, begins + timedelta(hours=hours), "America/New_York")
    assert {date.fromordinal(day).isoformat(): seconds / HOUR for day, seconds in split.items()} == expected


def test_cut_anywhere_the_parts_of_a_time_sum_to_the_whole():
    begins = datetime(2026, 3, 7, 20, 15, 0, 250_000, tzinfo=UTC)
    whole = by_day(begins, begins + timedelta(days=3, seconds=0.9), "America/New_York")
    middle = begins + timedelta(hours=31, seconds=0.4)
    parts = [by_day(begins, middle, "America/New_York")]
    parts.append(by_day(middle, begins + timedelta(days=3, seconds=0.9), "America/New_York"))
    assert {day: sum(part.get(day, 0) for part in parts) for day in whole} == whole


def test_a_month_before_or_after_ends_with_the_month():
    named = {"2028-02-29": -12, "2026-01-31": 1, "2026-12-31": -6, "2026-05-15": -5}
    moved = [date.fromordinal(shifted(date.fromisoformat(day).toordinal(), by)) for day, by in named.items()]
    assert [day.isoformat() for day in moved] == ["2027-02-28", "2026-02-28", "2026-06-30", "2025-12-15"]
