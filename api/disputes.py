"""What if the sides don't agree about pay? Disputes: open, state, decide."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, Anyone, Operator, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.money import DisputeIn, DisputeOut, RulingIn, StandpointIn
from api.schemas.pages import PageOf
from dispatch.money.disputing import Dispute, Position, state_position
from dispatch.record.session import Actor
from dispatch.record.tables import DisputeRow
from dispatch.visits.paying import concede_dispute, decide_dispute, dispute_pay

router = APIRouter(prefix="/v1", tags=["money"])

Side = Annotated[Actor, Depends(only(*STAFF, *TALENT))]


@router.post("/payments/{payment_id}/dispute", status_code=201, response_model=DisputeOut, summary="Dispute a payment")
def post_dispute(request: Request, actor: Side, payment_id: UUID, wish: DisputeIn) -> Response:
    """Dispute part of what is claimed. The rest is due at once; a named person decides by a date.

    A client may also ask back what it approved, once, while that is due and in no payout: it is set aside again.
    """

    def work(session: Session, now: datetime) -> Reply:
        asked = Dispute(payment_id, wish.amount, wish.reason, _position(wish.position), wish.decider_id)
        made = dispute_pay(session, actor, asked, now=now)
        return Reply(_read(session, made), 201)

    return idempotent(request, actor, work)


@router.get("/disputes", response_model=PageOf[DisputeOut], summary="List disputes")
def list_disputes(
    request: Request, actor: Anyone, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[DisputeOut]:
    """Your disputes, decided ones too; newest first."""
    with reading(request, actor) as session:
        found = page(session, request, select(DisputeRow), DisputeRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[DisputeOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.post("/disputes/{dispute_id}/state", response_model=DisputeOut, summary="State your side of a dispute")
def state_a_position(request: Request, actor: Side, dispute_id: UUID, position: StandpointIn) -> Response:
    """Hours, sum and evidence as they are right to your side; the last word of each side holds."""

    def work(session: Session, now: datetime) -> Reply:
        state_position(session, actor, dispute_id, _position(position), now=now)
        return Reply(_read(session, dispute_id))

    return idempotent(request, actor, work)


@router.post("/disputes/{dispute_id}/decide", response_model=DisputeOut, summary="Decide a dispute")
def decide_a_dispute(request: Request, actor: Operator, dispute_id: UUID, decision: RulingIn) -> Response:
    """The person named decides, once; what the technician does not get goes back to the client."""

    def work(session: Session, now: datetime) -> Reply:
        decide_dispute(session, actor, dispute_id, decision.awarded, decision.note, now=now)
        return Reply(_read(session, dispute_id))

    return idempotent(request, actor, work)


@router.post("/disputes/{dispute_id}/concede", response_model=DisputeOut, summary="Give way in a dispute")
def concede_a_dispute(request: Request, actor: Side, dispute_id: UUID) -> Response:
    """All that is disputed is the other side's, and nobody has to decide."""

    def work(session: Session, now: datetime) -> Reply:
        concede_dispute(session, actor, dispute_id, now=now)
        return Reply(_read(session, dispute_id))

    return idempotent(request, actor, work)


def _position(position: StandpointIn) -> Position:
    return Position(position.hours, position.amount, tuple(position.files), position.note)


def _read(session: Session, dispute_id: UUID) -> DisputeOut:
    return DisputeOut.model_validate(session.get_one(DisputeRow, dispute_id, populate_existing=True))
