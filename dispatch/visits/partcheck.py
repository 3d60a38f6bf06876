"""Is every part there before anyone drives? What a visit's page shows, and the alarm where one is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, OfferRow, PartRow, VisitRow
from dispatch.visits.alarms import clear_alarms, raise_alarm

#: Not there yet, and needed.
MISSING = ("wanted", "ordered", "shipped", "lost")
#: A visit to which somebody has yet to drive, and one that is over.
_TO_COME = ("planned", "confirmed")
_OVER = ("checked_out", "missed", "cancelled")
_BATCH = 200


@dataclass(frozen=True, slots=True)
class VisitPart:
    """A part as a visit's page shows it; `is_missing`: the visit needs it and it is not there."""

    id: UUID
    item: str
    quantity: int
    state: str
    ship_to: str
    carrier: str | None
    tracking: str | None
    expected_at: datetime | None
    label_file_id: UUID | None
    note: str
    is_missing: bool


def read_parts(session: Session, visit_ids: Sequence[UUID]) -> dict[UUID, list[VisitPart]]:
    """The parts of each visit, the oldest first: those for it, and those that came along from a visit before."""
    found: dict[UUID, list[VisitPart]] = {visit_id: [] for visit_id in visit_ids}
    rows = session.execute(
        select(VisitRow.id, VisitRow.state, PartRow)
        .join(PartRow, PartRow.job_id == VisitRow.job_id)
        .where(VisitRow.id.in_(visit_ids), or_(PartRow.visit_id == VisitRow.id, _is_carried_to()))
        .order_by(PartRow.id)
    )
    for visit_id, state, part in rows:
        same = {name: getattr(part, name) for name in VisitPart.__slots__ if name != "is_missing"}
        is_missing = part.state in MISSING and state not in _OVER
        found[visit_id].append(VisitPart(**same, is_missing=is_missing))
    return found


def flag_missing_parts(session: Session, now: datetime) -> int:
    """Raise an alarm for each visit whose part is not there while somebody must soon set out; clear what is over.

    Soon: `day.part_check_before_h` before the start less the longest travel. One alarm a visit.
    """
    _clear_stale(session, now)
    leave_at = _leave_at()
    hours = func.coalesce(JobRow.day_policy[("day", "part_check_before_h")].as_integer(), 24)
    is_open = select(AlarmRow.id).where(
        AlarmRow.kind == "part_missing", AlarmRow.subject_id == VisitRow.id, AlarmRow.cleared_at.is_(None)
    )
    due = session.execute(
        select(VisitRow.id, VisitRow.job_id, VisitRow.client_id, leave_at.label("leave_at"))
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .where(_lacks_a_part(), leave_at - func.make_interval(0, 0, 0, 0, hours) <= now, ~is_open.exists())
        .order_by(VisitRow.id)
        .limit(_BATCH)
        .with_for_update(of=VisitRow, skip_locked=True, key_share=True)
    ).all()
    for row in due:
        about = {"client_id": row.client_id, "job_id": row.job_id, "visit_id": row.id}
        raise_alarm(session, ENGINE, "part_missing", due_at=row.leave_at, now=now, **about)
    return len(due)


def _clear_stale(session: Session, now: datetime) -> None:
    """Alarms of visits that lack nothing any more, are not to come, or moved: a moved one is raised anew."""
    lacking = select(VisitRow.id).where(
        VisitRow.id == AlarmRow.visit_id, _lacks_a_part(), _leave_at() == AlarmRow.due_at
    )
    stale = session.scalars(
        select(AlarmRow.visit_id)
        .where(AlarmRow.kind == "part_missing", AlarmRow.cleared_at.is_(None), ~lacking.exists())
        .order_by(AlarmRow.visit_id)
        .limit(_BATCH)
    )
    for visit_id in stale.all():
        clear_alarms(session, ENGINE, ("part_missing",), visit_id=visit_id, why="over", now=now)


def clear_if_all_there(session: Session, actor: Actor, job_id: UUID, now: datetime) -> None:
    """Of the job's visits that lack nothing any more."""
    visits = session.scalars(
        select(AlarmRow.visit_id)
        .join(VisitRow, VisitRow.id == AlarmRow.visit_id)
        .where(
            AlarmRow.job_id == job_id,
            AlarmRow.kind == "part_missing",
            AlarmRow.cleared_at.is_(None),
            ~_lacks_a_part(),
        )
        .order_by(AlarmRow.visit_id)
    )
    for visit_id in visits.all():
        clear_alarms(session, actor, ("part_missing",), visit_id=visit_id, why="part_there", now=now)


# Built once: they are looked at each second, and building them took longer than asking.


@cache
def _lacks_a_part() -> ColumnElement[bool]:
    """Somebody will set out for this visit, and a part that it needs is not there."""
    missing = select(PartRow.id).where(
        PartRow.job_id == VisitRow.job_id,
        PartRow.state.in_(MISSING),
        or_(PartRow.visit_id == VisitRow.id, _is_carried_to()),
    )
    will_go = and_(VisitRow.state.in_(_TO_COME), VisitRow.planned_start_at.is_not(None))
    return and_(will_go, missing.correlate(VisitRow).exists())


@cache
def _is_carried_to() -> ColumnElement[bool]:
    """The part is for no visit by name, or for one that is over, and this is the job's first that is not over."""
    before, meant = aliased(VisitRow), aliased(VisitRow)
    earlier = select(before.id).where(
        before.job_id == VisitRow.job_id, before.num < VisitRow.num, before.state.not_in(_OVER)
    )
    is_over = select(meant.id).where(meant.id == PartRow.visit_id, meant.state.in_(_OVER))
    is_free = or_(PartRow.visit_id.is_(None), is_over.correlate(PartRow).exists())
    return and_(is_free, VisitRow.state.not_in(_OVER), ~earlier.correlate(VisitRow).exists())


@cache
def _leave_at() -> ColumnElement[Any]:
    """When somebody must set out: the planned start, less the longest travel of those who have the visit."""
    travel = (
        select(func.coalesce(func.max(OfferRow.travel_s), 0))
        .join(AssignmentRow, AssignmentRow.offer_id == OfferRow.id)
        .where(AssignmentRow.visit_id == VisitRow.id, AssignmentRow.state == "live")
        .correlate(VisitRow)
        .scalar_subquery()
    )
    return VisitRow.planned_start_at - func.make_interval(0, 0, 0, 0, 0, 0, travel)
