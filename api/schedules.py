"""When does a technician work, and what is proved about them? Hours, times off, credentials."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from api.auth import Operator
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, writing
from api.people import find_visible
from api.schemas.pages import PageOf
from api.schemas.talent import (
    CredentialIn,
    CredentialMoved,
    CredentialOut,
    HoursIn,
    HoursOut,
    SpanIn,
    TimeOffIn,
    TimeOffOut,
    minutes,
)
from api.talent import Keeper, Knows
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import CredentialKindRow, CredentialRow, TechnicianRow, TimeOffRow, WorkingHoursRow
from dispatch.talent.credentials import reject_credential, revoke_credential, submit_credential, verify_credential
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


@router.get("/technicians/{technician_id}/credentials", response_model=PageOf[CredentialOut], summary="What is proved?")
def list_credentials(
    request: Request, actor: Knows, response: Response, technician_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[CredentialOut]:
    """Newest first. A client sees what is verified, without evidence, and nothing of screenings."""
    wanted = select(CredentialRow).where(CredentialRow.technician_id == technician_id)
    if actor.client_id is not None:
        is_screening = exists().where(CredentialKindRow.code == CredentialRow.kind, CredentialKindRow.is_screening)
        wanted = wanted.where(CredentialRow.state == "verified", ~is_screening)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        found = page(session, request, wanted, CredentialRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_credential(actor, row[0]) for row in found.rows], next=found.next)


@router.post(
    "/technicians/{technician_id}/credentials",
    status_code=201,
    response_model=CredentialOut,
    summary="Hand in a proof",
)
def post_credential(request: Request, actor: Keeper, technician_id: UUID, proof: CredentialIn) -> Response:
    """It counts once the operator has verified it."""

    def work(session: Session, now: datetime) -> Reply:
        made = submit_credential(session, actor, technician_id, **proof.model_dump(), now=now)
        return Reply(_credential(actor, session.get_one(CredentialRow, made)), 201)

    return idempotent(request, actor, work)


@router.post("/credentials/{credential_id}/verify", response_model=CredentialMoved, summary="It is genuine")
def post_verify(request: Request, actor: Operator, credential_id: UUID) -> Response:
    """The rules trust it from now on."""

    def work(session: Session, now: datetime) -> Reply:
        verify_credential(session, actor, credential_id, now=now)
        return Reply(CredentialMoved(id=credential_id, state="verified", assignments=[]))

    return idempotent(request, actor, work)


@router.post("/credentials/{credential_id}/reject", response_model=CredentialMoved, summary="It does not hold")
def post_reject(request: Request, actor: Operator, credential_id: UUID) -> Response:
    """Of a proof that was handed in."""

    def work(session: Session, now: datetime) -> Reply:
        reject_credential(session, actor, credential_id, now=now)
        return Reply(CredentialMoved(id=credential_id, state="rejected", assignments=[]))

    return idempotent(request, actor, work)


@router.post("/credentials/{credential_id}/revoke", response_model=CredentialMoved, summary="Take a proof back")
def post_revoke(request: Request, actor: Operator, credential_id: UUID) -> Response:
    """No acceptance counts on it any more. Nobody is taken off a job: `assignments` are those it leaves uncovered."""

    def work(session: Session, now: datetime) -> Reply:
        touched = revoke_credential(session, actor, credential_id, now=now)
        return Reply(CredentialMoved(id=credential_id, state="revoked", assignments=touched))

    return idempotent(request, actor, work)


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


def _credential(actor: Actor, row: CredentialRow) -> CredentialOut:
    same: dict[str, Any] = {name: getattr(row, name) for name in CredentialOut.model_fields}
    return CredentialOut(**{**same, "evidence": None if actor.client_id is not None else row.evidence})
