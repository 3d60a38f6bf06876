"""By when was it promised, and how much of that is left? Deadlines in a site's open time, moved by pauses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from matching.daypolicy import ServiceLevel
from matching.sitecalendar import SiteCalendar, add_open_time, open_time_between

#: Why the clock of a promise may stand still.
PAUSES = ("customer_asked", "waiting_for_part", "access", "other")


@dataclass(frozen=True, slots=True)
class Deadline:
    """One promise: it is broken at `by`, and at risk from `warn_at` on; never later than `by`."""

    by: datetime
    warn_at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised for a job; None: nothing."""

    respond: Deadline | None = None
    fix: Deadline | None = None

    def to_document(self) -> dict[str, Any]:
        """The moments of warning as they are stored; the deadlines have columns of their own."""
        found = {"respond_warn_at": self.respond, "fix_warn_at": self.fix}
        return {name: each.warn_at.isoformat() for name, each in found.items() if each is not None}


def promised(level: ServiceLevel, warn_min: int, calendar: SiteCalendar, posted_at: datetime) -> Promise:
    """Return what a job posted then is promised.

    Raises
    ------
    CalendarError
        The site is not open long enough within five years.
    """
    counted = counting(level, calendar)
    deadlines = (
        None if minutes is None else _deadline(minutes, warn_min, counted, posted_at)
        for minutes in (level.respond_min, level.fix_min)
    )
    return Promise(*deadlines)


def resumed(
    promise: Promise, level: ServiceLevel, calendar: SiteCalendar, paused_at: datetime, now: datetime
) -> Promise:
    """Return the promise after a pause: what was still ahead has as much time left as when the pause began.

    What was broken by then stays broken.

    Raises
    ------
    CalendarError
        The site is not open long enough within five years.
    """
    counted = counting(level, calendar)

    def shifted(at: datetime) -> datetime:
        return add_open_time(now, open_time_between(paused_at, at, counted), counted) if at > paused_at else at

    def moved(deadline: Deadline | None) -> Deadline | None:
        return None if deadline is None else Deadline(shifted(deadline.by), shifted(deadline.warn_at))

    return Promise(moved(promise.respond), moved(promise.fix))


def counting(level: ServiceLevel, calendar: SiteCalendar) -> SiteCalendar:
    """Return the calendar whose open time counts towards a level."""
    return calendar if level.counted == "open_hours" else SiteCalendar(calendar.zone)


def read_promise(respond_by: datetime | None, fix_by: datetime | None, document: Mapping[str, Any]) -> Promise:
    """Return the promise that is stored."""

    def read(by: datetime | None, name: str) -> Deadline | None:
        return None if by is None else Deadline(by, datetime.fromisoformat(document[name]))

    return Promise(read(respond_by, "respond_warn_at"), read(fix_by, "fix_warn_at"))


def _deadline(minutes: int, warn_min: int, counted: SiteCalendar, start: datetime) -> Deadline:
    by = add_open_time(start, timedelta(minutes=minutes), counted)
    return Deadline(by, add_open_time(start, timedelta(minutes=max(0, minutes - warn_min)), counted))
