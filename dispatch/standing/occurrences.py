"""When is a series' next visit? The days of its rule, moved off closed days, on the clock of the site. Pure.

An occurrence is known by the day that the rule names, wherever it was moved. A time that the clocks skip is the first
that they show after it; of a time that they show twice, the first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dispatch.standing.recurrence import Rule, days_of
from geo.timezones import first_at

OnClosedDay = Literal["skip", "next_open_day", "keep"]

#: How far an occurrence moves off closed days; a site that is closed for longer is skipped.
MAX_MOVE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a series is, as far as its days go. `start` is the clock's at the site.

    `why_closed` says why the site is closed on a day (`holiday`, `closed_day`), or None. `exceptions` are what somebody
    decided about single days: the instant that one was moved to, None where it is left out.
    """

    rule: Rule
    first_day: date
    start: time
    zone: ZoneInfo
    on_closed_day: OnClosedDay
    why_closed: Callable[[date], str | None]
    exceptions: Mapping[date, datetime | None]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One day of the rule: what it would be by the rule alone, and what it is (None: left out).

    `notes` say why the two differ: `holiday`, `closed_day`, `moved_on`, `no_open_day`, `there_already`, `skipped`,
    `moved`, `clock_skips`, `clock_repeats`.
    """

    day: date
    nominal_at: datetime
    start_at: datetime | None
    notes: tuple[str, ...] = ()


def occurrences(plan: Plan, *, after: date | None, until: date) -> Iterator[Occurrence]:
    """The occurrences whose days by the rule come after `after`, until `until`, in the order of these days."""
    named = list(days_of(plan.rule, plan.first_day, plan.start, plan.zone, until=until + MAX_MOVE))
    known, used = set(named), set[date]()
    # What comes shortly before may have been moved on to a day that is then taken.
    from_day = date.min if after is None else after - min(MAX_MOVE, after - date.min)
    for day in named:
        if day > until:
            return
        if day < from_day:
            continue
        found = _occurrence(plan, day, known, used)
        if after is None or day > after:
            yield found


def is_named(plan: Plan, day: date) -> bool:
    """Whether the rule names this day."""
    return day in days_of(plan.rule, plan.first_day, plan.start, plan.zone, until=day)


def _occurrence(plan: Plan, day: date, known: set[date], used: set[date]) -> Occurrence:
    nominal_at = first_at(datetime.combine(day, plan.start), plan.zone)
    if day in plan.exceptions:
        moved_at = plan.exceptions[day]
        return Occurrence(day, nominal_at, moved_at, ("skipped",) if moved_at is None else ("moved",))
    on_day, notes = _off_closed_days(plan, day, known, used)
    if on_day is None:
        return Occurrence(day, nominal_at, None, notes)
    used.add(on_day)
    local = datetime.combine(on_day, plan.start)
    return Occurrence(day, nominal_at, first_at(local, plan.zone), (*notes, *_clock(local, plan.zone)))


def _off_closed_days(plan: Plan, day: date, known: set[date], used: set[date]) -> tuple[date | None, tuple[str, ...]]:
    """The day on which the work is to be, None for none, and why it is not the rule's."""
    why = None if plan.on_closed_day == "keep" else plan.why_closed(day)
    if why is None:
        return day, ()
    if plan.on_closed_day == "skip":
        return None, (why,)
    later = (day + timedelta(days=num) for num in range(1, MAX_MOVE.days + 1))
    opens = next((each for each in later if plan.why_closed(each) is None), None)
    if opens is None:
        return None, (why, "no_open_day")
    if opens in known or opens in used:
        return None, (why, "there_already")
    return opens, (why, "moved_on")


def _clock(local: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Whether the clocks skip or repeat this time: it then has two readings, of a repeated one the first is ahead."""
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first == second:
        return ()
    return ("clock_repeats",) if first > second else ("clock_skips",)
