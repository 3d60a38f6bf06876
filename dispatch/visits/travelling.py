"""How long is the way to a visit? From where the technician is, or comes from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, BookingRow, JobRow, SiteRow, TechnicianRow
from geo.distance import Located, distance_m
from geo.travel import travel_s

#: Whoever finished longer ago has gone home.
_STILL_OUT = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Place:
    """WGS 84 degrees."""

    lat: float
    lng: float


def drive(a: Located, b: Located) -> timedelta:
    """The time that driving from one place to the other takes, as everywhere in the program."""
    return timedelta(seconds=int(travel_s(distance_m(a, b))))


def site_of(session: Session, job_id: UUID) -> SiteRow:
    """The site of a job."""
    return session.scalars(select(SiteRow).join(JobRow, JobRow.site_id == SiteRow.id).where(JobRow.id == job_id)).one()


def comes_from(session: Session, assignment: AssignmentRow) -> Place:
    """Where the technician sets out from: the booked visit before, else the base.

    Runs as the engine: the visit before may be another client's.
    """
    before = session.execute(
        select(BookingRow.lat, BookingRow.lng)
        .where(
            BookingRow.technician_id == assignment.technician_id,
            BookingRow.live,
            BookingRow.id != assignment.booking_id,
            func.upper(BookingRow.busy) <= assignment.start_at,
            func.upper(BookingRow.busy) > assignment.start_at - _STILL_OUT,
        )
        .order_by(func.upper(BookingRow.busy).desc())
        .limit(1)
    ).one_or_none()
    if before is None:
        base = select(TechnicianRow.lat, TechnicianRow.lng).where(TechnicianRow.id == assignment.technician_id)
        before = session.execute(base).one()
    return Place(before.lat, before.lng)


def leave_by(session: Session, assignment: AssignmentRow) -> datetime:
    """When the technician should set out to be there at the agreed start."""
    return assignment.start_at - drive(comes_from(session, assignment), site_of(session, assignment.job_id))
