"""Whom does an alarm climb to that nobody takes on? Step by step up the ladder, each step told once."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import CLOCK, ENGINE
from dispatch.record.tables import AlarmRow, DutyShiftRow, StaffRow
from dispatch.visits.alarms import told_of
from dispatch.visits.responding import ladder_of
from matching.escalation import first_at, next_at, step_from

#: How many alarms climb in one transaction at most.
_BATCH = 100


class Hearers(NamedTuple):
    """Who hears of a step: members of staff, and the shift whose contact from outside has the duty."""

    staff: tuple[UUID, ...] = ()
    shift: UUID | None = None


def climb(session: Session, now: datetime) -> int:
    """Every alarm whose time has come climbs a step: how many did. Another dispatcher's are left to it."""
    due = session.scalars(
        select(AlarmRow)
        .where(AlarmRow.next_climb_at <= CLOCK)
        .order_by(AlarmRow.next_climb_at, AlarmRow.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_climb(session, alarm, now) for alarm in due)


def hearers(session: Session, client_id: UUID | None, whom: str, now: datetime) -> Hearers:
    """Who hears of a step for `whom` now; nobody where the rota has a gap or they have left. No client: operators."""
    kind, _, name = whom.partition(":")
    there = select(StaffRow.id).where(StaffRow.client_id == client_id, StaffRow.left_at.is_(None))
    if client_id is None:
        # The operator has no rota.
        return Hearers(tuple(session.scalars(there.order_by(StaffRow.id))))
    if kind == "role":
        return Hearers(tuple(session.scalars(there.where(StaffRow.role == name).order_by(StaffRow.id))))
    if kind == "staff":
        return Hearers(tuple(session.scalars(there.where(StaffRow.id == UUID(name)))))
    shift = session.execute(
        select(DutyShiftRow.id, DutyShiftRow.staff_id).where(
            DutyShiftRow.client_id == client_id,
            DutyShiftRow.level == int(name or 1),
            DutyShiftRow.during.contains(now),
        )
    ).one_or_none()
    if shift is None:
        return Hearers()
    if shift.staff_id is None:
        return Hearers(shift=shift.id)
    staff = tuple(session.scalars(there.where(StaffRow.id == shift.staff_id)))
    return Hearers(staff, shift.id if staff else None)


def _climb(session: Session, alarm: AlarmRow, now: datetime) -> int:
    """One step; the row is held."""
    ladder, priority = ladder_of(session, alarm)
    first = first_at(ladder, priority, alarm.raised_at)
    is_fresh = alarm.level == 0 and alarm.acknowledged_at is None
    if first is None or (is_fresh and first > now):
        # Just raised, or put off without a ladder: the clock is set, nobody is told.
        alarm.next_climb_at, alarm.snoozed_until, alarm.snoozed_why = first, None, None
        session.flush()
        return 0
    step = step_from(ladder, alarm.level)
    heard = hearers(session, alarm.client_id, step.whom, now)
    was_acknowledged = alarm.acknowledged_at is not None
    alarm.level += 1
    alarm.next_climb_at = next_at(ladder, priority, alarm.level, now, was_heard=heard != Hearers())
    alarm.acknowledged_at, alarm.acknowledged_by, alarm.snoozed_until, alarm.snoozed_why = None, None, None, None
    alarm.told = sorted({*alarm.told, *map(str, heard.staff)})
    session.flush()
    told: dict[str, Any] = {
        **told_of(alarm),
        "level": alarm.level,
        "whom": step.whom,
        "channels": list(step.channels),
        "staff": [str(each) for each in heard.staff],
        "shift": str(heard.shift) if heard.shift else None,
        "due_at": alarm.due_at.isoformat(),
        "was_acknowledged": was_acknowledged,
    }
    record(session, ENGINE, ("alarm", alarm.id), "escalated", told, client_id=alarm.client_id, now=now)
    return 1
