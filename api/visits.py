"""What happens on the day? Visits: list, confirm, leave, check in, check out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from api.assignments import own_assignments
from api.auth import TALENT, Anyone, OnVisit
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.jobs import VisitState, WindowOut
from api.schemas.pages import PageOf
from api.schemas.story import VisitLine, VisitMoved
from api.showing import show_place
from api.visibility import view
from dispatch.jobs.lifecycle import VISIT
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, VisitRow
from dispatch.visits.moves import move_visit

router = APIRouter(prefix="/v1/visits", tags=["visits"])

#: wish -> the address that makes it
MOVES = {"confirm": "confirm", "leave": "leave", "check_in": "check-in", "check_out": "check-out"}


@router.get("", response_model=PageOf[VisitLine], summary="List visits")
def list_visits(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[VisitState | None, Query(description="Only these.", examples=["planned"])] = None,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[VisitLine]:
    """A client's visits; a technician's or a company's own, which they are assigned to; newest first."""
    asked = {VisitRow.state: state, VisitRow.job_id: job_id}
    wanted = _own(actor).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, VisitRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(actor, row) for row in found.rows], next=found.next)


@router.post("/{visit_id}/confirm", response_model=VisitMoved, summary="Confirm a visit")
def confirm_visit(request: Request, actor: OnVisit, visit_id: UUID) -> Response:
    """I will be there."""
    return _move(request, actor, visit_id, "confirm")


@router.post("/{visit_id}/leave", response_model=VisitMoved, summary="Set out")
def leave_for_visit(request: Request, actor: OnVisit, visit_id: UUID) -> Response:
    """I am on the way."""
    return _move(request, actor, visit_id, "leave")


@router.post("/{visit_id}/check-in", response_model=VisitMoved, summary="Check in")
def check_in(request: Request, actor: OnVisit, visit_id: UUID) -> Response:
    """I am there; the first one starts the job."""
    return _move(request, actor, visit_id, "check_in")


@router.post("/{visit_id}/check-out", response_model=VisitMoved, summary="Check out")
def check_out(request: Request, actor: OnVisit, visit_id: UUID) -> Response:
    """I am done here."""
    return _move(request, actor, visit_id, "check_out")


def _move(request: Request, actor: Actor, visit_id: UUID, wish: str) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        state = move_visit(session, actor, visit_id, wish, now=now)
        return Reply(VisitMoved.model_validate({"id": visit_id, "state": state, "moves": _moves(state)}))

    return idempotent(request, actor, work)


def _own(actor: Actor) -> Select[*tuple[Any, ...]]:
    wanted = (
        select(VisitRow, JobRow.title, SiteRow)
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
    )
    if actor.kind not in TALENT:
        return wanted
    mine = select(AssignmentRow.id).where(
        AssignmentRow.visit_id == VisitRow.id, AssignmentRow.state.in_(("live", "finished")), own_assignments(actor)
    )
    return wanted.where(mine.exists())


def _moves(state: str) -> list[str]:
    return [MOVES[wish] for wish in VISIT[state] if wish in MOVES]


def _show(actor: Actor, row: Row[*tuple[Any, ...]]) -> VisitLine:
    visit, title, site = row[:3]
    return VisitLine(
        **{name: getattr(visit, name) for name in _SAME},
        title=title,
        window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
        place=show_place(site, view(actor.kind, "assigned")),
        moves=_moves(visit.state),
    )


_SAME = (
    "id", "job_id", "num", "state", "duration_min", "planned_start_at", "planned_end_at", "confirm_by", "confirmed_at",
    "checked_in_at", "checked_out_at",
)  # fmt: skip
