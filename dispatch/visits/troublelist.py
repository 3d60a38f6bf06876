"""What needs a person now? The open alarms with what they are about: the one list, by minutes left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, SiteRow, StaffRow, TechnicianRow, VisitRow


@dataclass(frozen=True, slots=True)
class TroubleFilter:
    """Which alarms are asked for; empty: all. `mine` is the id of who took them on or heard of them."""

    kinds: tuple[str, ...] = ()
    client_id: UUID | None = None
    site_id: UUID | None = None
    mine: UUID | None = None
    only_unacknowledged: bool = False


def open_trouble(wanted: TroubleFilter) -> Select[*tuple[Any, ...]]:
    """Rows (alarm, job, visit, site) of the open alarms; the last three are None where there is none.

    In the order of `AlarmRow.due_at, AlarmRow.id` they are the most urgent first.
    """
    rows = (
        select(AlarmRow, JobRow, VisitRow, SiteRow)
        .outerjoin(JobRow, JobRow.id == AlarmRow.job_id)
        .outerjoin(VisitRow, VisitRow.id == AlarmRow.visit_id)
        .outerjoin(SiteRow, SiteRow.id == JobRow.site_id)
        .where(AlarmRow.cleared_at.is_(None))
    )
    if wanted.kinds:
        rows = rows.where(AlarmRow.kind.in_(wanted.kinds))
    if wanted.client_id is not None:
        rows = rows.where(AlarmRow.client_id == wanted.client_id)
    if wanted.site_id is not None:
        rows = rows.where(JobRow.site_id == wanted.site_id)
    if wanted.mine is not None:
        heard = AlarmRow.told.contains([str(wanted.mine)])
        rows = rows.where((AlarmRow.acknowledged_by == wanted.mine) | heard)
    if wanted.only_unacknowledged:
        rows = rows.where(AlarmRow.acknowledged_at.is_(None))
    return rows


def people_of(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> dict[UUID, list[tuple[UUID, TechnicianRow]]]:
    """(assignment, technician) of who has the work now, by job."""
    jobs = {row[1].id for row in rows if row[1] is not None}
    found: dict[UUID, list[tuple[UUID, TechnicianRow]]] = {}
    for job_id, assignment_id, technician in session.execute(
        select(AssignmentRow.job_id, AssignmentRow.id, TechnicianRow)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(AssignmentRow.job_id.in_(jobs), AssignmentRow.state == "live")
        .order_by(AssignmentRow.id)
    ):
        found.setdefault(job_id, []).append((assignment_id, technician))
    return found


def takers_of(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> dict[UUID, str]:
    """The names of the staff who took these alarms on, as far as the session may know them."""
    takers = {row[0].acknowledged_by for row in rows} - {None}
    return {
        each.id: each.name
        for each in session.execute(select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_(takers)))
    }
