"""In which order does a technician's day go? The visits of one local day, with the way between."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.jobs.reading import is_work
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, TechnicianRow, VisitRow
from dispatch.visits.travelling import Place, drive
from geo.distance import distance_m
from geo.timezones import local_day, zone


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit of the day; the way is from the stop before, from the base for the first."""

    assignment: AssignmentRow
    visit: VisitRow
    job: JobRow
    site: SiteRow
    travel: timedelta
    distance_m: float
    leave_by: datetime


def order_of_day(session: Session, technician_id: UUID, day: date | None, *, now: datetime) -> tuple[date, list[Stop]]:
    """The day (today where the technician is, if None is named) and its visits in order. Runs as the engine.

    The visits are the technician's own, of whichever clients; a day is theirs by the start, in their own zone.
    """
    technician = session.scalars(select(TechnicianRow).where(TechnicianRow.id == technician_id)).one()
    here = zone(technician.time_zone)
    day = day or local_day(now, here)
    rows = session.execute(
        select(AssignmentRow, VisitRow, JobRow, SiteRow)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.start_at >= datetime.combine(day, time(), here),
            AssignmentRow.start_at < datetime.combine(day + timedelta(days=1), time(), here),
            is_work(),
        )
        .order_by(func.coalesce(AssignmentRow.checked_in_at, AssignmentRow.start_at), AssignmentRow.id)
    ).all()
    before, stops = Place(technician.lat, technician.lng), []
    for assignment, visit, job, site in rows:
        way = drive(before, site)
        metres = distance_m(before, site)
        stops.append(Stop(assignment, visit, job, site, way, metres, assignment.start_at - way))
        before = Place(site.lat, site.lng)
    return day, stops
