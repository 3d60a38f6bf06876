"""When is a site open, and when have so many of its open minutes passed?

Opening hours are told by the clock at the site, so a night on which the clocks change is longer or shorter by itself:
a span begins when the clocks first show its beginning and ends when they last show its end. A span whose end is not
later than its beginning runs into the next day, and belongs to the day on which it begins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from geo.errors import RegionError
from geo.restdays import known_region, rest_days
from geo.timezones import first_at, last_at, local_day
from matching.errors import CalendarError

#: (minute from local midnight, minute from the same midnight); the second may lie on the next day.
Spans = tuple[tuple[int, int], ...]

DAY_MIN = 24 * 60
ALL_DAY: Spans = ((0, DAY_MIN),)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Nobody is promised anything later than this, and a site that stays closed so long never opens.
AHEAD = timedelta(days=5 * 366)
_MAX_SPANS, _MAX_DAYS = 8, 400
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """Opening hours. `weekly` has Monday first; `days` are hours of particular days, which win over all else.

    `region` names whose holidays close the site (`geo.restdays`); None: it is open on them as on other days.
    """

    zone: ZoneInfo
    weekly: tuple[Spans, ...] = (ALL_DAY,) * 7
    days: Mapping[date, Spans] = field(default_factory=dict)
    region: str | None = None

    def spans_on(self, day: date) -> Spans:
        """Return the spans that begin on a local day."""
        if day in self.days:
            return self.days[day]
        return () if day in rest_days(self.region, day.year) else self.weekly[day.weekday()]


def next_open(start: datetime, calendar: SiteCalendar) -> datetime:
    """Return `start` if the site is open then, else when it opens next.

    Raises
    ------
    CalendarError
        It does not open within five years.
    """
    begin, _ = next(_open_times(start, calendar))
    return begin


def is_open(at: datetime, calendar: SiteCalendar) -> bool:
    """Return whether the site is open at an instant."""
    return next((begin <= at for begin, _ in _open_times(at, calendar, at + timedelta(minutes=1))), False)


def add_open_time(start: datetime, amount: timedelta, calendar: SiteCalendar) -> datetime:
    """Return when, counted from `start`, so much time has passed in which the site was open.

    Nothing added is `start` itself, open or not; a time that ends with the opening hours ends at closing time, not
    when the site opens next.

    Raises
    ------
    CalendarError
        That is not within five years.
    """
    left = amount
    if left <= timedelta(0):
        return start
    for begin, end in _open_times(start, calendar):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise AssertionError("the times end only by raising")


def open_time_between(start: datetime, end: datetime, calendar: SiteCalendar) -> timedelta:
    """Return for how much of [start, end) the site is open; nothing where the end is not after the start."""
    times = open_times_between(start, end, calendar)
    return sum((closes - opens for opens, closes in times), timedelta(0))


def open_times_between(start: datetime, end: datetime, calendar: SiteCalendar) -> list[tuple[datetime, datetime]]:
    """Return the open times inside [start, end), ascending; those that touch, as of two days in a row, stay two."""
    return [(opens, min(closes, end)) for opens, closes in _open_times(start, calendar, end)]


def read_calendar(document: Mapping[str, Any] | None, zone: ZoneInfo, region: str | None) -> SiteCalendar:
    """Return the calendar of a site's opening hours as they are stored; `region` as in `geo.restdays`.

    A site whose hours nobody stated is open around the clock. The document:
    ``{"weekly": {"mon": ["08:00-12:00", "13:00-17:00"], …}, "days": {"2026-12-24": ["08:00-12:00"], "2026-12-28": []},
    "on_holidays": "closed"}``; a weekday that is left out is closed, and `on_holidays` may be `open`.

    Raises
    ------
    CalendarError
        It cannot be read, or the site never opens.
    """
    if document is None:
        return SiteCalendar(zone)
    if unknown := sorted(document.keys() - {"weekly", "days", "on_holidays"}):
        raise _bad(unknown[0], document[unknown[0]], "name weekly, days and on_holidays only")
    weekly, days = _mapping(document, "weekly"), _mapping(document, "days")
    if unknown := sorted(weekly.keys() - set(WEEKDAYS)):
        raise _bad(f"weekly.{unknown[0]}", weekly[unknown[0]], f"name the weekdays {', '.join(WEEKDAYS)}")
    if len(days) > _MAX_DAYS:
        raise _bad("days", f"{len(days)} days", f"name at most {_MAX_DAYS} particular days")
    on_holidays = document.get("on_holidays", "closed")
    if on_holidays not in ("closed", "open"):
        raise _bad("on_holidays", on_holidays, "give closed or open")
    found = tuple(_spans(weekly.get(name, ()), f"weekly.{name}") for name in WEEKDAYS)
    if not any(found):
        raise _bad("weekly", dict(weekly), "open on one weekday at least: nothing can be promised where nobody opens")
    particular = {_day(text): _spans(spans, f"days.{text}") for text, spans in days.items()}
    return SiteCalendar(zone, found, particular, _checked(region) if on_holidays == "closed" else None)


def _open_times(
    start: datetime, calendar: SiteCalendar, until: datetime | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the open times from `start` on, in order and apart; until then, or until AHEAD, which raises."""
    limit = start + AHEAD
    reached = start
    # Spans that began the day before may run on.
    day = local_day(start, calendar.zone) - timedelta(days=1)
    while True:
        for opens, closes in calendar.spans_on(day):
            begin = max(first_at(_wall(day, opens), calendar.zone), reached)
            if until is not None and begin >= until:
                return
            end = last_at(_wall(day, closes), calendar.zone)
            if begin < end:
                yield begin, end
                reached = end
        day += timedelta(days=1)
        midnight = datetime.combine(day, time(), UTC)
        if until is not None and midnight - timedelta(days=1) > until:
            return
        if midnight > limit:
            raise CalendarError(
                f"the site is not open long enough before {limit.date().isoformat()}: give it longer opening hours, or"
                " promise less"
            )


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, Mapping):
        raise _bad(name, found, "give an object")
    return found


def _spans(written: object, where: str) -> Spans:
    if not isinstance(written, list | tuple) or len(written) > _MAX_SPANS:
        raise _bad(
            where, written, f"give a list of at most {_MAX_SPANS} spans such as 08:00-17:00; an empty one: closed"
        )
    spans = tuple(_span(each, f"{where}[{num}]") for num, each in enumerate(written))
    for num, (before, after) in enumerate(pairwise(spans), start=1):
        if after[0] < before[1]:
            raise _bad(f"{where}[{num}]", written[num], "begin after the span before it has ended")
    return spans


def _span(text: object, where: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _bad(where, text, "write a span as 08:00-17:00, up to 24:00; 22:00-06:00 ends on the next day")
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    opens, closes = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if closes > DAY_MIN:
        raise _bad(where, text, "end at 24:00 at the latest")
    return opens, closes if closes > opens else closes + DAY_MIN


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.isoformat() != text or not 2000 <= day.year <= 2100:
        raise _bad("days", text, "write a day as 2026-12-24, from 2000 to 2100")
    return day


def _checked(region: str | None) -> str | None:
    try:
        return None if region is None else known_region(region)
    except RegionError as error:
        raise CalendarError(str(error), field="holiday_region", value=region) from error


def _bad(where: str, value: object, way_out: str) -> CalendarError:
    return CalendarError(way_out, field=where, value=value)
