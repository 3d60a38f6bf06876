"""How long was everybody there? The time log, its corrections, and what both sides agree to."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, OnVisit, only
from api.idempotency import Reply, idempotent
from api.parts import parts_of
from api.schemas.visits import EntryIn, EntryOut, ProofOut, TimeLogOut, TimeOut, VersionOut
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import AssignmentRow, TimeEntryRow
from dispatch.visits.corrections import (
    Span,
    accept_correction,
    agree_to_all,
    minutes_of,
    propose_correction,
    propose_entry,
    refuse_correction,
)
from dispatch.visits.finding import find_visit, find_visit_ever, of_actor

router = APIRouter(prefix="/v1/visits", tags=["time log"])

#: Was on the visit, or works for its client.
Reader = Annotated[Actor, Depends(only(*TALENT, *STAFF))]


@router.get("/{visit_id}/time-log", response_model=TimeLogOut, summary="Read a visit's time log")
def get_time_log(request: Request, actor: Reader, visit_id: UUID) -> TimeLogOut:
    """Every version of every entry; a technician sees their own. Only agreed time counts."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return _show(session, actor, visit_id)


@router.post("/{visit_id}/time-log", status_code=201, response_model=VersionOut, summary="Add time not stamped")
def post_entry(request: Request, actor: OnVisit, visit_id: UUID, span: EntryIn) -> Response:
    """Time that nobody stamped; it counts once the other side agrees."""

    def work(session: Session, now: datetime) -> Reply:
        made = propose_entry(session, actor, visit_id, span.technician_id, _span(span), now=now)
        return Reply(VersionOut(id=made), 201)

    return idempotent(request, actor, work)


@router.post(
    "/{visit_id}/time-log/{entry_id}/corrections", status_code=201, response_model=VersionOut, summary="Correct time"
)
def post_correction(request: Request, actor: OnVisit, visit_id: UUID, entry_id: UUID, span: EntryIn) -> Response:
    """How it was instead; what was written stays until the other side agrees, and beside it afterwards."""

    def work(session: Session, now: datetime) -> Reply:
        made = propose_correction(session, actor, visit_id, entry_id, _span(span), now=now)
        return Reply(VersionOut(id=made), 201)

    return idempotent(request, actor, work)


@router.post(
    "/{visit_id}/corrections/{correction_id}/accept", response_model=TimeLogOut, summary="Agree to a correction"
)
def accept_a_correction(request: Request, actor: OnVisit, visit_id: UUID, correction_id: UUID) -> Response:
    """The other side agrees: it holds, and counts."""
    return _answer(
        request,
        actor,
        visit_id,
        lambda session, now: accept_correction(session, actor, visit_id, correction_id, now=now),
    )


@router.post("/{visit_id}/corrections/{correction_id}/refuse", response_model=TimeLogOut, summary="Refuse a correction")
def refuse_a_correction(request: Request, actor: OnVisit, visit_id: UUID, correction_id: UUID) -> Response:
    """The other side does not agree: what was written before holds as before."""
    return _answer(
        request,
        actor,
        visit_id,
        lambda session, now: refuse_correction(session, actor, visit_id, correction_id, now=now),
    )


@router.post("/{visit_id}/time-log/agree", response_model=TimeLogOut, summary="Agree to a visit's time")
def agree_to_time(request: Request, actor: OnVisit, visit_id: UUID) -> Response:
    """Agree to all that the other side stamped and nobody disputes; the client does so by approving the job, too."""

    def do(session: Session, now: datetime) -> None:
        visit = find_visit(session, actor, visit_id)
        agree_to_all(session, actor, visit.job_id, visit_id=visit_id, now=now)

    return _answer(request, actor, visit_id, do)


def _answer(request: Request, actor: Actor, visit_id: UUID, do: Callable[[Session, datetime], object]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        do(session, now)
        return Reply(_show(session, actor, visit_id))

    return idempotent(request, actor, work)


def _span(span: EntryIn) -> Span:
    return Span(span.started_at, span.ended_at, span.kind, span.reason, span.note)


def _show(session: Session, actor: Actor, visit_id: UUID) -> TimeLogOut:
    find_visit_ever(session, actor, visit_id)
    wanted = select(TimeEntryRow).where(TimeEntryRow.visit_id == visit_id)
    if actor.technician_id is not None or actor.company_id is not None:
        mine = select(AssignmentRow.id).where(AssignmentRow.visit_id == visit_id, of_actor(actor))
        wanted = wanted.where(TimeEntryRow.assignment_id.in_(mine))
    in_order = wanted.order_by(TimeEntryRow.entry_id, TimeEntryRow.version)
    rows = session.scalars(in_order.execution_options(populate_existing=True)).all()
    agreed = minutes_of(session, visit_id, is_agreed=True)
    logged = minutes_of(session, visit_id, is_agreed=False)
    totals = [
        TimeOut(technician_id=each, agreed_min=agreed.get(each, 0), logged_min=logged.get(each, 0))
        for each in sorted({row.technician_id for row in rows})
    ]
    return TimeLogOut(visit_id=visit_id, totals=totals, entries=[_entry(row) for row in rows])


def _entry(row: TimeEntryRow) -> EntryOut:
    same = {name: getattr(row, name) for name in EntryOut.model_fields if name not in ("arrival", "departure")}
    return EntryOut(**same, arrival=ProofOut.of(row.proof_in), departure=ProofOut.of(row.proof_out))
