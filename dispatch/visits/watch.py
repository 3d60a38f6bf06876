"""What should have happened by now, and when is the next look due? The deadlines of one technician's visit. Pure.

An alarm says that we have not heard, not that somebody is at fault: a phone without signal is never late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.jobs.lifecycle import NOT_THERE_YET
from matching.daypolicy import Day

#: Whoever took the work on short notice has this long before anything is missed.
_SHORT_NOTICE = timedelta(minutes=15)
#: Whoever runs over is not done the next moment.
_NOT_YET_DONE = timedelta(minutes=15)
#: How often an overrun is compared with what the technician has next.
_LOOK_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Watched:
    """One technician on a visit: how far they are, and the times that count.

    `leave_by` is the start less the way; `next_start_at` and `next_travel` are of what they have booked next, if that
    is near.
    """

    presence: str
    assigned_at: datetime
    confirm_by: datetime
    is_reminded: bool
    start_at: datetime
    end_at: datetime
    eta_at: datetime | None
    checked_in_at: datetime | None
    leave_by: datetime
    next_start_at: datetime | None = None
    next_travel: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Look:
    """What is due now: `remind`, or kinds of alarms with the time at which it will be too late; and the next look."""

    due: tuple[tuple[str, datetime], ...]
    next_at: datetime | None


def look(watched: Watched, day: Day, now: datetime) -> Look:
    """What of the deadlines has passed, and when the next one does; None: nothing is left to watch."""
    deadlines = list(_deadlines(watched, day, now))
    due = tuple((kind, too_late_at) for kind, at, too_late_at in deadlines if at <= now)
    ahead = [at for _, at, _ in deadlines if at > now]
    if watched.presence == "checked_in":
        ahead.append(now + _LOOK_AGAIN if watched.end_at <= now else watched.end_at)
    return Look(due, min(ahead, default=None))


def expected_end(watched: Watched, now: datetime) -> datetime:
    """When the technician should be done: as long after the check-in as was agreed; once that has passed, not yet."""
    begun = watched.checked_in_at or watched.start_at
    agreed = max(watched.end_at, begun + (watched.end_at - watched.start_at))
    return agreed if agreed > now else now + _NOT_YET_DONE


def _deadlines(watched: Watched, day: Day, now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """(what, due when, too late when) of everything that may still be missed."""
    earliest = watched.assigned_at + _SHORT_NOTICE
    start_at = max(watched.start_at, watched.eta_at or watched.start_at)
    if watched.presence == "assigned":
        if not watched.is_reminded and now < watched.start_at:
            yield "remind", watched.confirm_by - timedelta(minutes=day.remind_before_min), watched.confirm_by
        yield "not_confirmed", max(watched.confirm_by, earliest), watched.start_at
    if watched.presence in ("assigned", "confirmed"):
        moved = start_at - watched.start_at
        yield "not_left", max(watched.leave_by + moved, earliest), start_at
    if watched.presence in NOT_THERE_YET:
        late_at = start_at + timedelta(minutes=day.late_after_min)
        yield "no_check_in", max(late_at, earliest), max(late_at, earliest)
    if watched.presence == "checked_in":
        yield "overdue", max(watched.end_at, watched.checked_in_at or watched.end_at), watched.end_at
        if watched.next_start_at is not None:
            latest_end = watched.next_start_at - watched.next_travel
            at = now if expected_end(watched, now) > latest_end else latest_end
            yield "next_visit_at_risk", at, watched.next_start_at
