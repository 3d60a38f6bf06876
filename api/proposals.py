"""What is to be agreed anew? Proposals after assignment: make, list, accept, refuse, withdraw; other starts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.answering import lost_problem
from api.auth import Anyone, OnVisit
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.problems import Problem
from api.schemas.changes import (
    ProposalIn,
    ProposalMoved,
    ProposalOut,
    ProposalState,
    SuggestionOut,
    SuggestionsOut,
    payload_fields,
)
from api.schemas.pages import PageOf
from api.schemas.posting import WhyIn
from api.schemas.values import Instant
from api.showing import show_needs
from dispatch.errors import NotFound
from dispatch.jobs.acceptance import Lost
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import ProposalRow, VisitRow
from dispatch.visits.agreeing import NotPossible, accept_proposal
from dispatch.visits.answering import find_proposal, refuse, side_of, withdraw
from dispatch.visits.proposing import propose
from dispatch.visits.suggesting import suggest_starts
from matching.reasons import Audience

router = APIRouter(prefix="/v1", tags=["changes"])

_SAME = (
    "id", "job_id", "visit_id", "assignment_id", "technician_id", "by_side", "kind", "state", "description", "reason",
    "note", "terms_version", "made_at", "expires_at", "decided_at",
)  # fmt: skip


@router.post("/visits/{visit_id}/proposals", response_model=ProposalOut, status_code=201, summary="Propose other terms")
def make_proposal(request: Request, actor: OnVisit, visit_id: UUID, wish: ProposalIn) -> Response:
    """Ask the other side for another time, place, scope or pay; a no changes nothing and is held against nobody."""

    def work(session: Session, now: datetime) -> Reply:
        made = propose(
            session,
            actor,
            visit_id,
            wish.to_wanted(),
            reason=wish.reason,
            note=wish.note,
            assignment_id=wish.assignment_id,
            now=now,
        )
        return Reply(_show(actor, find_proposal(session, actor, made)), 201, {"Location": f"/v1/proposals/{made}"})

    return idempotent(request, actor, work)


@router.get("/visits/{visit_id}/proposals", response_model=PageOf[ProposalOut], summary="List a visit's proposals")
def list_proposals_of_visit(
    request: Request, actor: Anyone, response: Response, visit_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[ProposalOut]:
    """Of both sides, newest first."""
    with reading(request, actor) as session:
        if session.get(VisitRow, visit_id) is None:
            raise NotFound("visit", visit_id)
    return _list(request, actor, response, _own(actor).where(ProposalRow.visit_id == visit_id), limit, cursor)


@router.get("/proposals", response_model=PageOf[ProposalOut], summary="List proposals")
def list_proposals(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[ProposalState | None, Query(description="Only these.", examples=["open"])] = None,
    by_side: Annotated[
        Literal["client", "technician"] | None, Query(description="Only this side's.", examples=["client"])
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ProposalOut]:
    """A client's, a technician's own, or those of a company's workers; newest first."""
    asked = {ProposalRow.state: state, ProposalRow.by_side: by_side}
    wanted = _own(actor).where(*(column == value for column, value in asked.items() if value is not None))
    return _list(request, actor, response, wanted, limit, cursor)


@router.get("/proposals/{proposal_id}", response_model=ProposalOut, summary="Read a proposal")
def get_proposal(request: Request, actor: OnVisit, proposal_id: UUID) -> ProposalOut:
    """What one side asks the other for, and until when it can be answered."""
    with reading(request, actor) as session:
        return _show(actor, find_proposal(session, actor, proposal_id))


@router.post("/proposals/{proposal_id}/accept", response_model=ProposalMoved, summary="Say yes to a proposal")
def accept_a_proposal(request: Request, actor: OnVisit, proposal_id: UUID) -> Response:
    """The work is agreed anew, under a new version of the terms; every rule is judged again at this moment."""

    def work(session: Session, now: datetime) -> Reply | Problem:
        answer = accept_proposal(session, actor, proposal_id, now=now)
        if isinstance(answer, NotPossible):
            audience: Audience = "client" if actor.client_id is not None else "technician"
            return lost_problem(Lost(proposal_id, "not_eligible", answer.rules, "open"), audience)
        return Reply(
            ProposalMoved(
                id=proposal_id,
                state="accepted",
                terms_version=answer.terms_version,
                start_at=answer.start_at,
                end_at=answer.end_at,
            )
        )

    return idempotent(request, actor, work)


@router.post("/proposals/{proposal_id}/refuse", response_model=ProposalMoved, summary="Say no to a proposal")
def refuse_a_proposal(request: Request, actor: OnVisit, proposal_id: UUID, why: WhyIn) -> Response:
    """The work stays as it was agreed. A technician's no is never a back-out."""

    def work(session: Session, now: datetime) -> Reply:
        refuse(session, actor, proposal_id, why.why, now=now)
        return _ended(proposal_id, "refused")

    return idempotent(request, actor, work)


@router.post("/proposals/{proposal_id}/withdraw", response_model=ProposalMoved, summary="Take a proposal back")
def withdraw_a_proposal(request: Request, actor: OnVisit, proposal_id: UUID, why: WhyIn) -> Response:
    """The side that made it takes it back before it is answered."""

    def work(session: Session, now: datetime) -> Reply:
        withdraw(session, actor, proposal_id, why.why, now=now)
        return _ended(proposal_id, "withdrawn")

    return idempotent(request, actor, work)


@router.get("/visits/{visit_id}/suggestions", response_model=SuggestionsOut, summary="Find other starts")
def list_suggestions(
    request: Request,
    actor: OnVisit,
    visit_id: UUID,
    assignment_id: Annotated[UUID | None, Query(description="Whose work, where several are on the visit.")] = None,
    num: Annotated[int, Query(ge=1, le=20, description="How many at most.", examples=[5])] = 5,
    step_min: Annotated[
        int, Query(ge=15, le=240, multiple_of=15, description="On which minutes of the site's clock.", examples=[60])
    ] = 60,
    after: Annotated[Instant | None, Query(description="Not before this time.")] = None,
) -> SuggestionsOut:
    """The next starts, within two weeks, that lie in the site's open hours and suit the technician by every rule."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = suggest_starts(
            session,
            actor,
            visit_id,
            assignment_id=assignment_id,
            num=num,
            step_min=step_min,
            after=after,
            now=database_now(session),
        )
    return SuggestionsOut(items=[SuggestionOut(start_at=each.start_at, end_at=each.end_at) for each in found])


def _own(actor: Actor) -> Select[ProposalRow]:
    """The proposals of work that this actor has, or has given; row-level security says the same."""
    wanted = select(ProposalRow)
    if actor.technician_id is not None:
        return wanted.where(ProposalRow.technician_id == actor.technician_id)
    if actor.company_id is not None:
        return wanted.where(ProposalRow.company_id == actor.company_id)
    return wanted if actor.client_id is None else wanted.where(ProposalRow.client_id == actor.client_id)


def _list(
    request: Request, actor: Actor, response: Response, wanted: Select[ProposalRow], limit: int, cursor: str | None
) -> PageOf[ProposalOut]:
    with reading(request, actor) as session:
        found = page(session, request, wanted, ProposalRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(actor, row[0]) for row in found.rows], next=found.next)


def _show(actor: Actor, row: ProposalRow) -> ProposalOut:
    moves: list[str] = []
    if row.state == "open":
        moves = ["withdraw"] if side_of(actor, row) == row.by_side else ["accept", "refuse"]
    needs = row.payload.get("needs")
    return ProposalOut(
        **{name: getattr(row, name) for name in _SAME},
        **payload_fields(row.payload),
        needs=show_needs(needs) if needs is not None else None,
        moves=moves if side_of(actor, row) else [],
    )


def _ended(proposal_id: UUID, state: ProposalState) -> Reply:
    return Reply(ProposalMoved(id=proposal_id, state=state, terms_version=None, start_at=None, end_at=None))
