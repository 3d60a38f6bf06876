"""How much of a client's hours does a technician have left, and who takes of it?

The counters are kept by triggers of `assignments` and `time_entries`, so that no way into an assignment, out of it or
along it can forget them. What is judged here is written only if it still stands (`take_hours`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, ClientRow, UsageRow
from dispatch.talent.packfiles import known_packs
from matching.job import Job
from matching.packs import hard_rules, soft_rules
from matching.technician import Technician
from matching.usage import NO_LIMIT, HoursLeft, HoursRules, Steps, by_day, hours_left, left_on

# Nobody has a row before the first work: the same statement makes it, unless somebody else just did.
_TAKE = text(
    "INSERT INTO usage (client_id, technician_id, version) VALUES (:client, :technician, 1)"
    " ON CONFLICT (client_id, technician_id) DO UPDATE SET version = usage.version + 1"
    " WHERE usage.version = :judged RETURNING version"
)


#: From when to when.
Span = tuple[datetime, datetime]


class HoursMovedError(Exception):
    """The hours are not those that were judged any more: somebody took of them, or worked, at the same moment."""


def rules_of(client: ClientRow, now: datetime) -> HoursRules:
    """The hard limits that bind a client's work from this moment on, each on the days on which it holds."""
    return _rules(client.limits, client.hours_zone, now.astimezone(UTC).date())


def take_hours(session: Session, rules: HoursRules, client_id: UUID, technician: Technician) -> None:
    """Say that hours will be promised, if what was judged of this technician still stands; holds the row.

    The one statement that keeps two promises from breaking a hard limit together: it compares the version that was
    read with the technician. The lock on the technician makes a refusal rare, this makes a breach impossible.

    Raises
    ------
    HoursMovedError
        When the hours moved since the technician was read.
    """
    if not rules.limits:
        return
    held = technician.hours_left.get(client_id)
    judged = {"client": client_id, "technician": technician.id, "judged": held.version if held else 0}
    if session.scalar(_TAKE, judged) is None:
        raise HoursMovedError


def without_promise(
    session: Session,
    technician: Technician,
    rules: HoursRules,
    promise: AssignmentRow,
    after: Span | None,
    *,
    now: datetime,
) -> Technician:
    """The technician as if this promise had not been made: what its change to `after`, or to any time, is judged by.

    A change that asks for no more time, on no other day, is possible however many hours there are.
    """
    if not rules.limits:
        return technician
    row = session.scalars(
        select(UsageRow)
        .where(UsageRow.client_id == promise.client_id, UsageRow.technician_id == technician.id)
        .execution_options(populate_existing=True)
    ).one()
    before = promise.start_at, promise.end_at
    steps: Steps = ()
    if after is None or rules.days_of(*before) != rules.days_of(*after) or _length(after) > _length(before):
        seconds = seconds_by_day(row.days)
        for day, promised_s in by_day(*before, rules.time_zone).items():
            seconds[day] -= promised_s
        steps = hours_left(seconds, rules.limits_of(row.engaged_as), _since(now.astimezone(UTC).date()))
    left = HoursLeft(row.version, steps)
    return replace(technician, hours_left={**technician.hours_left, promise.client_id: left})


def take_longer(
    session: Session,
    technician: Technician,
    rules: HoursRules,
    promise: AssignmentRow,
    until: datetime,
    *,
    now: datetime,
) -> bool:
    """Whether a promise may end later; if so, its hours are taken. The caller holds the technician.

    Raises
    ------
    HoursMovedError
        When the hours moved since they were read.
    """
    after = promise.start_at, until
    changed = without_promise(session, technician, rules, promise, after, now=now)
    held = changed.hours_left.get(promise.client_id)
    needed_s = (after[1] - after[0]).total_seconds()
    if rules.limits and held and left_on(held.steps, rules.days_of(*after)) < needed_s:
        return False
    take_hours(session, rules, promise.client_id, changed)
    return True


def soft_left(session: Session, job: Job, technician_id: UUID, *, now: datetime) -> int:
    """The seconds that a technician has left at the job's end until a limit that only warns; `NO_LIMIT`: none is near.

    For people to read: the search asks what refuses alone.
    """
    row = session.get(UsageRow, (job.client_id, technician_id))
    if row is None:
        return NO_LIMIT
    today, client = now.astimezone(UTC).date(), session.get_one(ClientRow, job.client_id)
    since = _since(today)
    rules = soft_rules(client.limits, client.hours_zone, known_packs(), date.fromordinal(since))
    steps = hours_left(seconds_by_day(row.days), rules.limits_of(row.engaged_as), since)
    last = job.latest_start_at
    return left_on(steps, rules.days_of(last, last + job.duration))


def packs_refuse() -> bool:
    """Whether a pack refuses work for clients that said nothing of it."""
    return any(pack.binding == "hard" for pack in known_packs())


def hours_left_of(
    days: Mapping[str, Any], version: int, engaged_as: str, limits: Mapping[str, Any], zone: str, today: date
) -> HoursLeft:
    """What is left by a stored row of usage and its client's stored limits."""
    rules = _rules(limits, zone, today)
    return HoursLeft(version, hours_left(seconds_by_day(days), rules.limits_of(engaged_as), _since(today)))


def _rules(limits: Mapping[str, Any], zone: str, today: date) -> HoursRules:
    return hard_rules(limits, zone, known_packs(), date.fromordinal(_since(today)))


def _length(span: Span) -> timedelta:
    return span[1] - span[0]


def _since(day: date) -> int:
    """From the day before (UTC), which it still is somewhere."""
    return day.toordinal() - 1


def seconds_by_day(days: Mapping[str, Any]) -> dict[int, int]:
    """Worked and promised seconds by the day's ordinal, of a stored document."""
    return {date.fromisoformat(day).toordinal(): worked + promised for day, (worked, promised) in days.items()}
