"""When does a technician work? Hours and times off."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, writing
from api.people import find_visible
from api.schemas.pages import PageOf
from api.schemas.talent import (
    HoursIn,
    HoursOut,
    SpanIn,
    TimeOffIn,
    TimeOffOut,
    minutes,
)
from api.talent import Keeper
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import TechnicianRow, TimeOffRow, WorkingHoursRow
from dispatch.talent.schedules import give_time_back, set_hours, take_time_off

router = APIRouter(prefix="/v1", tags=["technicians"])


@router.get("/technicians/{technician_id}/hours", response_model=HoursOut, summary="When do they work?")
def get_hours(request: Request, actor: Keeper, technician_id: UUID) -> HoursOut:
    """Working hours by weekday, local to the technician; none means any time."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return _hours(session, find_visible(session, actor, technician_id))


@router.put("/technicians/{technician_id}/hours", response_model=HoursOut, summary="Set working hours")
def put_hours(request: Request, actor: Keeper, technician_id: UUID, hours: HoursIn) -> HoursOut:
    """All of them: what is left out is gone."""
    spans = [(span.weekday, minutes(span.begin), minutes(span.end)) for span in hours.hours]
    with writing(request, actor, "engine") as session:
        set_hours(session, actor, technician_id, spans, now=database_now(session))
        return _hours(session, find_visible(session, actor, technician_id))


@router.get("/technicians/{technician_id}/time-off", response_model=PageOf[TimeOffOut], summary="When are they away?")
def list_time_off(
    request: Request, actor: Keeper, response: Response, technician_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[TimeOffOut]:
    """Times off that have not passed."""
    wanted = select(TimeOffRow).where(
        TimeOffRow.technician_id == technician_id, func.upper(TimeOffRow.during) > func.clock_timestamp()
    )
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        found = page(session, request, wanted, TimeOffRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_time_off(row[0]) for row in found.rows], next=found.next)


@router.post(
    "/technicians/{technician_id}/time-off", status_code=201, response_model=TimeOffOut, summary="Take time off"
)
def post_time_off(request: Request, actor: Keeper, technician_id: UUID, time_off: TimeOffIn) -> Response:
    """No work is offered in it; what is booked stays booked."""

    def work(session: Session, now: datetime) -> Reply:
        made = take_time_off(session, actor, technician_id, time_off.start_at, time_off.end_at, now=now)
        return Reply(_time_off(session.get_one(TimeOffRow, made)), 201)

    return idempotent(request, actor, work)


@router.delete(
    "/technicians/{technician_id}/time-off/{time_off_id}",
    status_code=204,
    response_class=Response,
    summary="Work after all",
)
def delete_time_off(request: Request, actor: Keeper, technician_id: UUID, time_off_id: UUID) -> Response:
    """Give a time off back."""
    with writing(request, actor, "engine") as session:
        give_time_back(session, actor, technician_id, time_off_id, now=database_now(session))
    return Response(status_code=204)


def _hours(session: Session, technician: TechnicianRow) -> HoursOut:
    rows = session.scalars(
        select(WorkingHoursRow)
        .where(WorkingHoursRow.technician_id == technician.id)
        .order_by(WorkingHoursRow.weekday, WorkingHoursRow.from_minute)
    )
    spans = [
        SpanIn(weekday=row.weekday, begin=_clock(row.from_minute), end=_clock(row.to_minute)) for row in rows.all()
    ]
    return HoursOut(time_zone=technician.time_zone, hours=spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _time_off(row: TimeOffRow) -> TimeOffOut:
    assert row.during.lower is not None, "a constraint refuses times off without bounds"
    assert row.during.upper is not None
    return TimeOffOut(id=row.id, start_at=row.during.lower, end_at=row.during.upper)
