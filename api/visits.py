"""What happens on the day? Visits: list, confirm, leave, check in, check out."""

from collections.abc import Callable
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
from api.schemas.story import VisitLine
from api.schemas.visits import CheckOutIn, FixIn, LateIn, LeaveIn, StampIn, SwitchIn, VisitMoved, WhoIn
from api.showing import show_place
from api.visibility import view
from dispatch.jobs.lifecycle import PRESENCE, VISIT
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, VisitRow
from dispatch.reputation.excuses import leave_visit
from dispatch.visits.before import confirm, leave, run_late
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_in, switch
from dispatch.visits.partcheck import read_parts
from dispatch.visits.positions import Fix
from dispatch.visits.presence import Moved
from dispatch.visits.stamps import Stamp

router = APIRouter(prefix="/v1/visits", tags=["visits"])

#: wish -> the address that makes it
MOVES = {"confirm": "confirm", "leave": "leave", "check_in": "check-in", "check_out": "check-out"}

#: What is meant where nothing is sent.
_NOBODY, _FROM_WHEREVER, _NOW, _COMPLETE = WhoIn(), LeaveIn(), StampIn(), CheckOutIn()


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
        parts = read_parts(session, [row[0].id for row in found.rows])
    response.headers.update(found.headers)
    lacking = {visit_id for visit_id, own in parts.items() if any(part.is_missing for part in own)}
    return PageOf(items=[_show(actor, row, lacking) for row in found.rows], next=found.next)


@router.post("/{visit_id}/confirm", response_model=VisitMoved, summary="Confirm a visit")
def confirm_visit(request: Request, actor: OnVisit, visit_id: UUID, who: WhoIn = _NOBODY) -> Response:
    """I will be there."""
    return _move(request, actor, lambda session, now: confirm(session, actor, visit_id, who.technician_id, now=now))


@router.post("/{visit_id}/leave", response_model=VisitMoved, summary="Set out")
def leave_for_visit(request: Request, actor: OnVisit, visit_id: UUID, way: LeaveIn = _FROM_WHEREVER) -> Response:
    """I am on the way; the answer says when I should be there."""
    fix = _fix(way.position)
    return _move(
        request, actor, lambda session, now: leave(session, actor, visit_id, way.technician_id, fix=fix, now=now)
    )


@router.post("/{visit_id}/late", response_model=VisitMoved, summary="Run late")
def run_late_for_visit(request: Request, actor: OnVisit, visit_id: UUID, late: LateIn) -> Response:
    """I come later than agreed; whoever waits at the site is told."""
    return _move(
        request,
        actor,
        lambda session, now: run_late(
            session, actor, visit_id, late.technician_id, minutes=late.minutes, eta_at=late.eta_at, now=now
        ),
    )


@router.post("/{visit_id}/check-in", response_model=VisitMoved, summary="Check in")
def check_in_to_visit(request: Request, actor: OnVisit, visit_id: UUID, stamp: StampIn = _NOW) -> Response:
    """I am there; the first one starts the job. A time claimed by a phone without signal holds."""
    return _move(
        request,
        actor,
        lambda session, now: check_in(session, actor, visit_id, stamp.technician_id, _stamp(stamp), now=now),
    )


@router.post("/{visit_id}/time", response_model=VisitMoved, summary="Wait, take a break, go on")
def switch_time(request: Request, actor: OnVisit, visit_id: UUID, wish: SwitchIn) -> Response:
    """Another span of the time log begins, and the one before ends."""
    return _move(
        request,
        actor,
        lambda session, now: switch(
            session,
            actor,
            visit_id,
            wish.technician_id,
            wish.kind,
            _stamp(wish),
            reason=wish.reason,
            note=wish.note,
            now=now,
        ),
    )


@router.post("/{visit_id}/check-out", response_model=VisitMoved, summary="Check out")
def check_out_of_visit(request: Request, actor: OnVisit, visit_id: UUID, said: CheckOutIn = _COMPLETE) -> Response:
    """I am done here, and this is how it went. A return makes the next visit; the same technician is asked first."""
    ending = Ending(
        said.outcome,
        said.why,
        said.note,
        tuple(said.evidence),
        said.window.start_at if said.window else None,
        said.window.end_at if said.window else None,
        said.duration_min,
    )
    return _move(
        request,
        actor,
        lambda session, now: leave_visit(session, actor, visit_id, said.technician_id, _stamp(said), ending, now=now),
    )


def _move(request: Request, actor: Actor, do: Callable[[Session, datetime], Moved]) -> Response:
    return idempotent(request, actor, lambda session, now: Reply(moved_out(session, do(session, now))))


def moved_out(session: Session, moved: Moved) -> VisitMoved:
    """What became of a technician and the visit, as it is answered."""
    eta_at = session.scalar(select(AssignmentRow.eta_at).where(AssignmentRow.id == moved.assignment_id))
    return VisitMoved.model_validate(
        {
            "id": moved.visit_id,
            "state": moved.visit_state,
            "assignment_id": moved.assignment_id,
            "presence": moved.presence,
            "eta_at": eta_at,
            "next_visit_id": moved.next_visit_id,
            "moves": [MOVES[wish] for wish in PRESENCE[moved.presence] if wish in MOVES],
        }
    )


def _fix(position: FixIn | None) -> Fix | None:
    if position is None:
        return None
    return Fix(position.lat, position.lng, position.accuracy_m, position.is_mocked)


def _stamp(said: StampIn) -> Stamp:
    return Stamp(said.at, _fix(said.position))


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


def _show(actor: Actor, row: Row[*tuple[Any, ...]], lacking: set[UUID]) -> VisitLine:
    visit, title, site = row[:3]
    return VisitLine(
        **{name: getattr(visit, name) for name in _SAME},
        title=title,
        window=WindowOut(start_at=visit.window_start_at, end_at=visit.window_end_at),
        place=show_place(site, view(actor.kind, "assigned")),
        is_part_missing=visit.id in lacking,
        moves=_moves(visit.state),
    )


_SAME = (
    "id", "job_id", "num", "state", "duration_min", "planned_start_at", "planned_end_at", "confirm_by", "confirmed_at",
    "checked_in_at", "checked_out_at",
)  # fmt: skip
