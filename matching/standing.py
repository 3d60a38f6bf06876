"""How near is a technician to the limits of a client, and what can be done about it?

Green, amber or red under each pack, with words: by what was worked and is promised in the fullest window from today
on, and by the pace of the last weeks. Each version of a pack judges the days on which it holds, also one that begins
later: with what is promised by then, or weeks ahead. Guidance for people who decide; only a hard limit refuses
anything, and that is `matching.usage`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Literal

from matching.packs import Binding, Pack
from matching.usage import HoursLimit, Limit, TenureLimit, hours_left, shifted

Level = Literal["green", "amber", "red"]
LEVELS: tuple[Level, ...] = ("green", "amber", "red")

#: A pace is taken from so many days, and warns when it would reach the limit within so many.
PACE_DAYS = 56
WARN_DAYS = 42

#: Day as ordinal -> (seconds worked, seconds promised)
Hours = Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one technician stands under one pack; `from_day` is when a version begins that is not in force yet.

    `signed_on` is since when the written contract that it asks for is signed; `is_at_stake`: open offers together would
    cross the limit.
    `used` and `projected` are in the pack's own `unit`: what is worked in the window that ends today, and what will be
    in the fullest window with all that is promised. `reaches_on` is when the limit is reached at the pace of the last
    weeks, `free_on` the first day with room again once there is none.
    """

    pack: Pack
    binding: Binding
    level: Level
    used: float
    projected: float
    most: float
    reaches_on: date | None
    free_on: date | None
    from_day: date | None = None
    signed_on: date | None = None
    is_at_stake: bool = False

    @property
    def unit(self) -> str:
        """What the figures count."""
        return {"hours": "hours", "tenure": "months", "income_share": "share"}.get(self.pack.kind, "USD")

    @property
    def text(self) -> str:
        """The standing in one sentence."""
        if self.unit == "share":
            return f"{self.used:.0%} of what they earned here, {self.most:.0%} is a sign"
        told = f"{self.projected:.10g} of {self.most:.10g} {self.unit} with what is promised"
        if self.from_day is not None:
            told = f"from {self.from_day.isoformat()}: {told}"
        if self.is_at_stake:
            told = f"{told}; the open offers together would cross it"
        if self.signed_on is not None:
            before = "; work before that had none" if self.level == "amber" else ""
            return f"{told}; a contract is signed since {self.signed_on.isoformat()}{before}"
        if self.free_on is not None:
            return f"{told}: pause until {self.free_on.isoformat()}"
        return told if self.reaches_on is None else f"{told}; at this pace full on {self.reaches_on.isoformat()}"


def standings(hours: Hours, in_force: Sequence[tuple[Pack, Binding]], today: int) -> tuple[Standing, ...]:
    """How a technician stands under each pack that counts hours or months, in their order.

    `in_force` are the versions that hold today or later; of a pack the one under which they stand worst is told.
    """
    busy = [day for day, seconds in hours.items() if day > today and any(seconds)]
    counted = ((pack, binding, pack.limit) for pack, binding in in_force)
    return worst_of_each(
        [
            _standing(pack, binding, limit, hours, today, ends)
            for pack, binding, limit in counted
            if limit is not None and (ends := judged_days(pack, today, busy))
        ]
    )


def judged_days(pack: Pack, today: int, planned: Iterable[int]) -> list[int]:
    """The days that a version judges: today, or its first day if that is soon, and all with something planned."""
    first = max(today, pack.valid_from.toordinal())
    days = {day for day in planned if pack.holds_on(date.fromordinal(day))}
    if first <= today + WARN_DAYS and pack.holds_on(date.fromordinal(first)):
        days.add(first)
    return sorted(days)


def begins_later(pack: Pack, today: int) -> date | None:
    """The first day of a version that is not in force yet."""
    return pack.valid_from if pack.valid_from.toordinal() > today else None


def worst_of_each(found: Iterable[Standing]) -> tuple[Standing, ...]:
    """Of the versions of each pack the one that stands worst, the earlier of two alike; in the order of the packs."""
    told: dict[str, Standing] = {}
    for each in found:
        before = told.get(each.pack.id)
        if before is None or LEVELS.index(each.level) > LEVELS.index(before.level):
            told[each.pack.id] = each
    return tuple(told.values())


def full_days(limit: Limit, hours: Hours) -> set[int]:
    """The days with work on which a limit is crossed by what is worked and promised in the window that ends there."""
    both = {day: worked + promised for day, (worked, promised) in hours.items() if worked or promised}
    measure = _hours_in if isinstance(limit, HoursLimit) else _months_in
    most = limit.allowed_s if isinstance(limit, HoursLimit) else limit.most_months
    return {day for day in both if limit.valid_from <= day <= limit.valid_to and measure(limit, both, day) > most}


def warned(found: Sequence[Standing], with_offers: Sequence[Standing]) -> tuple[Standing, ...]:
    """The same, amber where only the open offers together would cross the limit: they warn, and lock nobody out."""
    crossed = {each.pack.id for each in with_offers if each.level == "red"}
    return tuple(
        replace(each, level="amber", is_at_stake=True) if each.level != "red" and each.pack.id in crossed else each
        for each in found
    )


def worst(levels: Sequence[str]) -> Level:
    """The worst of these levels; green if there are none."""
    return max((level for level in LEVELS if level in levels), key=LEVELS.index, default="green")


def _standing(pack: Pack, binding: Binding, limit: Limit, hours: Hours, today: int, ends: Sequence[int]) -> Standing:
    both = {day: worked + promised for day, (worked, promised) in hours.items()}
    worked = {day: seconds for day, (seconds, _) in hours.items() if seconds and day <= today}
    measure = _hours_in if isinstance(limit, HoursLimit) else _months_in
    from_day = begins_later(pack, today)
    projected = max(measure(limit, both, end) for end in ends)
    most: float = limit.most_s if isinstance(limit, HoursLimit) else limit.most_months
    is_full = _is_full(limit, projected)
    reaches_on = None if from_day else _reaches_on(limit, both, today, most - projected)
    is_near = projected >= pack.amber * most or reaches_on is not None
    level: Level = "red" if is_full else "amber" if is_near else "green"
    unit = 3600 if isinstance(limit, HoursLimit) else 1
    return Standing(
        pack,
        binding,
        level,
        used=measure(limit, worked, today) / unit,
        projected=projected / unit,
        most=most / unit,
        reaches_on=None if is_full else reaches_on,
        free_on=_free_on(limit, both, max(today, limit.valid_from)) if is_full else None,
        from_day=from_day,
    )


def _hours_in(limit: Limit, seconds: Mapping[int, int], end: int) -> int:
    """The work in the window that ends on a day; of several years the least, which is what counts."""
    assert isinstance(limit, HoursLimit)
    edges = [shifted(end, -limit.window_months * year) if year else end for year in range(limit.num_years + 1)]
    return min(
        sum(each for day, each in seconds.items() if edges[year + 1] < day <= edges[year])
        for year in range(limit.num_years)
    )


def _months_in(limit: Limit, seconds: Mapping[int, int], end: int) -> int:
    assert isinstance(limit, TenureLimit)
    months = {date.fromordinal(day).year * 12 + date.fromordinal(day).month for day, each in seconds.items() if each}
    last = date.fromordinal(end).year * 12 + date.fromordinal(end).month
    return sum(last - limit.in_months < month <= last for month in months)


def _is_full(limit: Limit, projected: int) -> bool:
    if isinstance(limit, HoursLimit):
        return projected > limit.allowed_s
    return projected >= limit.most_months


def _reaches_on(limit: Limit, seconds: Mapping[int, int], today: int, left_s: float) -> date | None:
    """The day on which the pace of the last weeks uses up what is left, if it comes soon."""
    if not isinstance(limit, HoursLimit) or left_s <= 0:
        return None
    pace = sum(each for day, each in seconds.items() if today - PACE_DAYS < day <= today) / PACE_DAYS
    days = ceil(left_s / pace) if pace else WARN_DAYS + 1
    return date.fromordinal(today + days) if days <= WARN_DAYS and today + days <= limit.valid_to else None


def _free_on(limit: Limit, seconds: Mapping[int, int], first: int) -> date | None:
    """The first day from `first` on that has room again."""
    steps = hours_left(seconds, [limit], first)
    day = next((from_day for from_day, left in steps if left > 0), None)
    return date.fromordinal(max(day, first)) if day is not None else None
