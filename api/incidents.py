"""What happened on the site that should not have? Incidents: report, list, decide."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.auth import Dispatcher, OnVisit, StaffReader, Technician
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.changes import DecisionIn, IncidentIn, IncidentOut, IncidentReported, OwnIncidentOut
from api.schemas.pages import PageOf
from api.showing import show_person
from api.visibility import view
from dispatch.errors import NotFound
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import AssignmentRow, IncidentRow, TechnicianRow, VisitRow
from dispatch.visits.incidents import decide_incident, report_incident

router = APIRouter(prefix="/v1", tags=["changes"])

_SAME = (
    "id", "job_id", "visit_id", "assignment_id", "kind", "note", "files", "by_kind", "reported_at", "decision",
    "decided_at",
)  # fmt: skip


@router.post(
    "/visits/{visit_id}/incidents", response_model=IncidentReported, status_code=201, summary="Report an incident"
)
def post_incident(request: Request, actor: OnVisit, visit_id: UUID, incident: IncidentIn) -> Response:
    """Tell the client's dispatcher at once; a person decides what it was."""

    def work(session: Session, now: datetime) -> Reply:
        made = report_incident(
            session,
            actor,
            visit_id,
            incident.kind,
            note=incident.note,
            files=incident.files,
            assignment_id=incident.assignment_id,
            now=now,
        )
        return Reply(IncidentReported(id=made, visit_id=visit_id), 201)

    return idempotent(request, actor, work)


@router.get("/visits/{visit_id}/incidents", response_model=PageOf[IncidentOut], summary="List a visit's incidents")
def list_incidents(
    request: Request, actor: StaffReader, response: Response, visit_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[IncidentOut]:
    """For the client's staff, newest first."""
    wanted = (
        select(IncidentRow, AssignmentRow.technician_id, TechnicianRow)
        .outerjoin(AssignmentRow, AssignmentRow.id == IncidentRow.assignment_id)
        .outerjoin(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .where(IncidentRow.visit_id == visit_id)
    )
    with reading(request, actor) as session:
        if session.get(VisitRow, visit_id) is None:
            raise NotFound("visit", visit_id)
        found = page(session, request, wanted, IncidentRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(actor, row) for row in found.rows], next=found.next)


@router.get("/incidents", response_model=PageOf[OwnIncidentOut], summary="List the incidents that you told of")
def list_own_incidents(
    request: Request,
    actor: Technician,
    response: Response,
    visit_id: Annotated[UUID | None, Query(description="Only of this visit.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[OwnIncidentOut]:
    """What a technician reported themselves, newest first; not what others said of their work."""
    wanted = select(IncidentRow).where(IncidentRow.by_kind == "technician", IncidentRow.by_id == actor.technician_id)
    if visit_id is not None:
        wanted = wanted.where(IncidentRow.visit_id == visit_id)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, wanted, IncidentRow.id, limit=limit, cursor=cursor)
        items = [OwnIncidentOut.model_validate(row[0], from_attributes=True) for row in found.rows]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/incidents/{incident_id}/decide", response_model=IncidentReported, summary="Decide an incident")
def decide_an_incident(request: Request, actor: Dispatcher, incident_id: UUID, choice: DecisionIn) -> Response:
    """A person says what it was; the alarm is cleared."""

    def work(session: Session, now: datetime) -> Reply:
        row = decide_incident(session, actor, incident_id, choice.decision, now=now)
        return Reply(IncidentReported(id=incident_id, visit_id=row.visit_id))

    return idempotent(request, actor, work)


def _show(actor: Actor, row: Row[*tuple[Any, ...]]) -> IncidentOut:
    incident, technician_id, technician = row[:3]
    person = show_person(technician, technician_id, view(actor.kind, "none")) if technician_id else None
    return IncidentOut(**{name: getattr(incident, name) for name in _SAME}, technician=person)
