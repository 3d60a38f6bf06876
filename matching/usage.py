"""How much more may one technician work for one client, and on which day?

Work is counted in seconds by calendar day, in the one zone in which the client's hours are kept. A limit looks at a
window of days that ends on any day; a day's *hours left* are the least room in all the windows that hold that day,
also those that end later, where more is promised. So work that fits what is left on its days breaks no limit, then
or later. A limit holds from a day through a day: what is worked on a day is judged by the limits in force on that day,
so a window counts only if it ends while its limit is in force; and before that, only up to work that is promised then.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

#: Nothing stands in the way, in seconds.
NO_LIMIT = 2**31 - 1

#: The longest that work can take (a booking is at most 14 days); with more than this left no day needs a look.
LONGEST_S = 14 * 86_400

#: (from this day on as a proleptic ordinal, seconds left), ascending; before the first day as on it.
Steps = tuple[tuple[int, int], ...]

#: How somebody works for a client: on their own account (1099), employed by a payroll partner (W-2), through a company.
ENGAGEMENTS = ("contractor", "w2", "company")

#: The ordinal of the last day there is: a limit that holds through it has no end.
FOREVER = date.max.toordinal()

#: Whether a limit is crossed when it is reached, or only above it.
Crossed = Literal["reached", "exceeded"]


#: The least time there is.
_TICK = timedelta(microseconds=1)
#: A zone by its name: asking `ZoneInfo` again takes longer than finding a day in it.
_zone = lru_cache(maxsize=1024)(ZoneInfo)


@dataclass(frozen=True, slots=True)
class HoursLimit:
    """So many seconds in any `window_months` months; with `num_years` only if the windows
    before had as many too.

    `code` is the pack's id. Worked and promised time counts alike, of those who are engaged in one of these ways. It
    holds from the day `valid_from` through `valid_to`, both ordinals.
    """

    code: str
    most_s: int
    window_months: int
    num_years: int = 1
    crossed: Crossed = "reached"
    engagements: tuple[str, ...] = ENGAGEMENTS
    valid_from: int = 1
    valid_to: int = FOREVER

    @property
    def allowed_s(self) -> int:
        """The most that may be in a window."""
        return self.most_s - 1 if self.crossed == "reached" else self.most_s


@dataclass(frozen=True, slots=True)
class TenureLimit:
    """Work in at most `most_months` calendar months of any `in_months`: the rest is the break. Holds as the other."""

    code: str
    most_months: int
    in_months: int
    engagements: tuple[str, ...] = ENGAGEMENTS
    valid_from: int = 1
    valid_to: int = FOREVER


Limit = HoursLimit | TenureLimit


@dataclass(frozen=True, slots=True)
class HoursRules:
    """What binds a client: the hard limits, each on its days, and the zone in which days are counted."""

    time_zone: str = "UTC"
    limits: tuple[Limit, ...] = ()

    def fresh_on(self, day: int, engaged_as: str) -> int:
        """What is left on a day to somebody who never worked for the client, and would in this way."""
        least = NO_LIMIT
        for limit in self.limits:
            is_on = limit.valid_from <= day <= limit.valid_to and engaged_as in limit.engagements
            if is_on and isinstance(limit, HoursLimit):
                least = min(least, limit.allowed_s)
        return least

    def limits_of(self, engaged_as: str) -> tuple[Limit, ...]:
        """The limits that concern who works for the client in this way."""
        return tuple(limit for limit in self.limits if engaged_as in limit.engagements)

    def days_of(self, start_at: datetime, end_at: datetime) -> range:
        """The days, as ordinals, on which this time lies."""
        zone = _zone(self.time_zone)
        return range(start_at.astimezone(zone).toordinal(), (end_at - _TICK).astimezone(zone).toordinal() + 1)


NO_RULES = HoursRules()


class HoursLeft(NamedTuple):
    """What one technician has left with one client, as of a version of their usage."""

    version: int
    steps: Steps


def hours_left(seconds: Mapping[int, int], limits: Sequence[Limit], today: int) -> Steps:
    """What is left under all limits from `today` on; `seconds` maps the days with work to worked and promised time.

    Days are ordinals. No steps: nothing stands in the way of any work.
    """
    return _cached_left(tuple(sorted(seconds.items())), tuple(limits), today)


def left_on(steps: Steps, days: Iterable[int]) -> int:
    """The least that is left on any of these days."""
    return min((_left(steps, day) for day in days), default=NO_LIMIT)


def by_day(start_at: datetime, end_at: datetime, time_zone: str) -> dict[int, int]:
    """Whole seconds of a time on each day of a zone, as ordinals; a day of the clocks' change has 23 or 25 hours."""
    zone, spans = ZoneInfo(time_zone), {}
    for day in HoursRules(time_zone).days_of(start_at, end_at):
        midnights = (_midnight(date.fromordinal(each), zone) for each in (day, day + 1))
        begin, end = (min(max(each, start_at), end_at) for each in midnights)
        spans[day] = int(end.timestamp()) - int(begin.timestamp())
    return spans


@lru_cache(maxsize=65536)
def shifted(day: int, months: int) -> int:
    """The same day so many months later or earlier; the last of the month where it has no such day."""
    of = date.fromordinal(day)
    year, month = divmod(of.year * 12 + of.month - 1 + months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(of.day, last)).toordinal()


@lru_cache(maxsize=8192)
def _cached_left(days: tuple[tuple[int, int], ...], limits: tuple[Limit, ...], today: int) -> Steps:
    total = sum(seconds for _, seconds in days)
    limits = tuple(limit for limit in limits if limit.valid_to >= today)
    binding = [
        limit
        for limit in limits
        if isinstance(limit, TenureLimit) or limit.allowed_s * limit.num_years < total + LONGEST_S
    ]
    if not binding or not days:
        return _without_days(limits)
    counted = Days(days, today, max(_reach_months(limit) for limit in binding))
    left = np.full(counted.num_from_today, NO_LIMIT, dtype=np.int64)
    for limit in binding:
        room = _hours_room(limit, counted) if isinstance(limit, HoursLimit) else _tenure_room(limit, counted)
        np.minimum(left, room, out=left)
    at = np.flatnonzero(np.diff(left)) + 1
    steps = [(today + int(place), int(left[place])) for place in [0, *at.tolist()]]
    later = (day for day in _changes(binding) if day >= today + counted.num_from_today)
    return (*steps, *((day, _least_allowed(binding, day)) for day in later))


def _without_days(limits: Sequence[Limit]) -> Steps:
    """Nothing that counts, or so little that only a limit shorter than the longest work can matter."""
    steps = [(day, _least_allowed(limits, day)) for day in (1, *_changes(limits))]
    return tuple(steps) if any(left <= LONGEST_S for _, left in steps) else ()


def _changes(limits: Sequence[Limit]) -> list[int]:
    """The days, in order, on which other limits hold than on the day before."""
    days = {day for limit in limits for day in (limit.valid_from, limit.valid_to + 1)}
    return sorted(day for day in days if 1 < day <= FOREVER)


def _least_allowed(limits: Sequence[Limit], day: int) -> int:
    """What the limits of that day allow where nothing was worked."""
    allowed = (
        each.allowed_s for each in limits if isinstance(each, HoursLimit) and each.valid_from <= day <= each.valid_to
    )
    return min((NO_LIMIT, *allowed))


def _reach_months(limit: Limit) -> int:
    return limit.window_months * limit.num_years if isinstance(limit, HoursLimit) else limit.in_months


class Days:
    """The days with work as dense arrays, from well before the first window to the end of the last.

    `first` is the ordinal of place 0; places of `today` and later are those asked about. `total` (D + 1,) are
    cumulated seconds, so that `total[b] - total[a]` is the work of the places [a, b).
    """

    def __init__(self, days: Sequence[tuple[int, int]], today: int, reach_months: int) -> None:
        reach = 31 * reach_months + 1
        self.first = min(days[0][0], today) - reach
        self.today = today
        last = max(days[-1][0], today)
        #: from here on nothing of what is known lies in any window
        self.num_from_today = last - today + reach + 1
        self.seconds = np.zeros(last - self.first + 2 * reach + 2, dtype=np.int64)
        for day, seconds in days:
            self.seconds[day - self.first] = seconds
        self.total = np.concatenate(([0], np.cumsum(self.seconds)))
        self.days = np.arange(self.first, self.first + len(self.seconds))

    def place(self, day: int) -> int:
        """Where a day is."""
        return day - self.first

    def in_force(self, limit: Limit) -> NDArray[np.bool_]:
        """(D,) the days on which a limit holds."""
        return (self.days >= limit.valid_from) & (self.days <= limit.valid_to)


def _starts(counted: Days, months: int) -> NDArray[np.int64]:
    """For each place the first place of the window of so many months that ends there; never falls."""
    starts = [shifted(day, -months) + 1 - counted.first for day in counted.days.tolist()]
    return np.clip(np.array(starts, dtype=np.int64), 0, None)


def _hours_room(limit: HoursLimit, counted: Days) -> NDArray[np.int64]:
    """(D,) from today: the least room in all windows that hold a day; several years each have theirs.

    Before the limit holds, only what is promised while it does can be broken.
    """
    held = counted.in_force(limit)
    room = _room_in(limit, counted, held)
    num_before = limit.valid_from - counted.today
    if num_before > 0:
        promised = np.logical_or.accumulate(held & (counted.seconds > 0))
        room[:num_before] = _room_in(limit, counted, held & promised)[:num_before]
    return room


def _room_in(limit: HoursLimit, counted: Days, held: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The same of the windows that end on a day that is `held`."""
    starts = [_starts(counted, limit.window_months * year) for year in range(1, limit.num_years + 1)]
    ends = [np.arange(1, len(counted.days) + 1), *starts[:-1]]
    sums = [counted.total[end] - counted.total[start] for start, end in zip(starts, ends, strict=True)]
    room = np.full(counted.num_from_today, NO_LIMIT, dtype=np.int64)
    for year, (start, end, summed) in enumerate(zip(starts, ends, sums, strict=True)):
        counts = held.copy()
        for other in (*sums[:year], *sums[year + 1 :]):
            counts &= other > limit.allowed_s
        slack = np.where(counts, limit.allowed_s - summed, NO_LIMIT)
        np.minimum(room, _least_over(slack, start, end, counted), out=room)
    return room


def _least_over(
    slack: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], counted: Days
) -> NDArray[np.int64]:
    """For each day from today the least `slack` of the windows [start, end) that hold it."""
    days = np.arange(counted.place(counted.today), counted.place(counted.today) + counted.num_from_today)
    first = np.searchsorted(end, days, side="right")  # the first window that ends after the day
    after = np.searchsorted(start, days, side="right")  # the first window that begins after it
    return np.array(
        [slack[a:b].min() if a < b else NO_LIMIT for a, b in zip(first, after, strict=True)], dtype=np.int64
    )


def _tenure_room(limit: TenureLimit, counted: Days) -> NDArray[np.int64]:
    """(D,) from today: none in a month that would be one too many, no limit in all others.

    Too many for the day itself, while the limit holds, or for a later month with work on a day on which it does.
    """
    month_of = np.array(
        [date.fromordinal(day).year * 12 + date.fromordinal(day).month for day in counted.days.tolist()]
    )
    held, has_work = counted.in_force(limit), counted.seconds > 0
    worked, ends = set(month_of[has_work].tolist()), set(month_of[has_work & held].tolist())
    first = counted.place(counted.today)
    asked = slice(first, first + counted.num_from_today)
    months = np.unique(month_of[asked]).tolist()
    itself = {month: _is_full(month, worked, [month], limit) for month in months}
    later = {month: _is_full(month, worked, [end for end in ends if end > month], limit) for month in months}
    full = [
        later[month] or (is_held and itself[month])
        for month, is_held in zip(month_of[asked].tolist(), held[asked].tolist(), strict=True)
    ]
    return np.where(full, 0, NO_LIMIT)


def _is_full(month: int, worked: set[int], ends: Iterable[int], limit: TenureLimit) -> bool:
    """Whether a window with this month that ends with one of `ends` would have work in more months than it may."""
    with_it = worked | {month}
    return any(
        sum(each in with_it for each in range(last - limit.in_months + 1, last + 1)) > limit.most_months
        for last in ends
        if last < month + limit.in_months
    )


def _left(steps: Steps, day: int) -> int:
    if not steps:
        return NO_LIMIT
    return steps[max(0, bisect_right(steps, (day, NO_LIMIT)) - 1)][1]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
