"""What if the sides don't agree about pay? Disputes: open, state, decide."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, Anyone, Operator, only
from api.duepaging import page_by_due
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.money import DeciderIn, DisputeIn, DisputeOut, RulingIn, StandpointIn
from api.schemas.pages import PageOf
from dispatch.money.claims import approved_of, awarded_of, left_of, sum_of
from dispatch.money.deciders import Naming
from dispatch.money.disputing import Dispute, Position, state_position
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import ClientRow, DisputeRow, JobRow, PaymentRow, StaffRow, TechnicianRow
from dispatch.visits.paying import concede_dispute, decide_dispute, dispute_pay, name_another_decider

router = APIRouter(prefix="/v1", tags=["money"])

Side = Annotated[Actor, Depends(only(*STAFF, *TALENT))]
Namer = Annotated[Actor, Depends(only("operator"))]


@router.post("/payments/{payment_id}/dispute", status_code=201, response_model=DisputeOut, summary="Dispute a payment")
def post_dispute(request: Request, actor: Side, payment_id: UUID, wish: DisputeIn) -> Response:
    """Dispute part of what is claimed; a named person decides by a date.

    The rest is due at once where you may approve it for the client, by limit, signatures and budget. Else it stays set
    aside until the client approves it or its days of silence are over: `waiting` says how much that is.

    While the other side's dispute is open, you may dispute of the rest: a dispute of its own, which the same person
    decides. Each side has one open at a time; about the other's, state your side.

    A client may also ask back what it approved, once, while that is due and in no payout: it is set aside again.
    """

    def work(session: Session, now: datetime) -> Reply:
        asked = Dispute(payment_id, wish.amount, wish.reason, _position(wish.position))
        made = dispute_pay(session, actor, asked, now=now)
        return Reply(_read(session, actor, made), 201)

    return idempotent(request, actor, work)


@router.get("/disputes", response_model=PageOf[DisputeOut], summary="List disputes")
def list_disputes(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[
        Literal["open", "decided"] | None,
        Query(description="`open`: those that wait, the first to be decided first. `decided`: the others."),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[DisputeOut]:
    """Your disputes, decided ones too; newest first, unless only open ones are wanted."""
    wanted = select(DisputeRow)
    if state is not None:
        wanted = wanted.where(DisputeRow.state == state)
    with reading(request, actor) as session:
        if state == "open":
            found = page_by_due(
                session, request, wanted, DisputeRow.decide_by, DisputeRow.id, limit=limit, cursor=cursor
            )
        else:
            found = page(session, request, wanted, DisputeRow.id, limit=limit, cursor=cursor)
    # Who they are, as either side may know: the rows were found by what the actor may see.
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        items = list(_show(session, actor, [row[0].id for row in found.rows]))
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/disputes/{dispute_id}/state", response_model=DisputeOut, summary="State your side of a dispute")
def state_a_position(request: Request, actor: Side, dispute_id: UUID, position: StandpointIn) -> Response:
    """Hours, sum and evidence as they are right to your side; the last word of each side holds."""

    def work(session: Session, now: datetime) -> Reply:
        state_position(session, actor, dispute_id, _position(position), now=now)
        return Reply(_read(session, actor, dispute_id))

    return idempotent(request, actor, work)


@router.post("/disputes/{dispute_id}/decide", response_model=DisputeOut, summary="Decide a dispute")
def decide_a_dispute(request: Request, actor: Operator, dispute_id: UUID, decision: RulingIn) -> Response:
    """The person named decides, once; what the technician does not get goes back to the client."""

    def work(session: Session, now: datetime) -> Reply:
        decide_dispute(session, actor, dispute_id, decision.awarded, decision.note, now=now)
        return Reply(_read(session, actor, dispute_id))

    return idempotent(request, actor, work)


@router.post("/disputes/{dispute_id}/decider", response_model=DisputeOut, summary="Name who decides a dispute")
def name_another(request: Request, actor: Namer, dispute_id: UUID, wish: DeciderIn) -> Response:
    """Somebody else of the operator's staff decides from now on, by the same date or a new one; both sides are told.

    No date is more than 90 days from the day on which the dispute was opened.

    When whoever decides is let go, it is handed on by itself to who has been there longest.
    """

    def work(session: Session, now: datetime) -> Reply:
        naming = Naming(wish.decider_id, wish.reason, wish.decide_by)
        name_another_decider(session, actor, dispute_id, naming, now=now)
        return Reply(_read(session, actor, dispute_id))

    return idempotent(request, actor, work)


@router.post("/disputes/{dispute_id}/concede", response_model=DisputeOut, summary="Give way in a dispute")
def concede_a_dispute(request: Request, actor: Side, dispute_id: UUID) -> Response:
    """All that is disputed is the other side's, and nobody has to decide."""

    def work(session: Session, now: datetime) -> Reply:
        concede_dispute(session, actor, dispute_id, now=now)
        return Reply(_read(session, actor, dispute_id))

    return idempotent(request, actor, work)


def _position(position: StandpointIn) -> Position:
    return Position(position.hours, position.amount, tuple(position.files), position.note)


def _read(session: Session, actor: Actor, dispute_id: UUID) -> DisputeOut:
    return next(_show(session, actor, [dispute_id]))


_SAME = (
    "id", "payment_id", "job_id", "state", "currency", "amount", "reason", "opened_by", "opened_at", "decider_id",
    "decide_by", "is_late", "decided_at", "awarded", "decided_note",
)  # fmt: skip


def _show(session: Session, actor: Actor, ids: Sequence[UUID]) -> Iterator[DisputeOut]:
    """Disputes in this order, with whom and what they are about. Runs as the engine."""
    wanted = (
        select(DisputeRow, PaymentRow, JobRow.number, JobRow.title, ClientRow.name, TechnicianRow.name, StaffRow.name)
        .join(PaymentRow, PaymentRow.id == DisputeRow.payment_id)
        .join(JobRow, JobRow.id == DisputeRow.job_id)
        .join(ClientRow, ClientRow.id == DisputeRow.client_id)
        .join(TechnicianRow, TechnicianRow.id == DisputeRow.technician_id)
        .join(StaffRow, StaffRow.id == DisputeRow.decider_id)
        .where(DisputeRow.id.in_(ids))
        .execution_options(populate_existing=True)
    )
    by_id = {row[0].id: row for row in session.execute(wanted)}
    awarded = awarded_of(session, {row[1].id for row in by_id.values()})
    for dispute, payment, number, title, client, technician, decider in (by_id[each] for each in ids):
        yield DisputeOut(
            **{name: getattr(dispute, name) for name in _SAME},
            positions=_positions(dispute),
            number=None if actor.kind in TALENT else number,
            title=title,
            client=client,
            technician=technician,
            decider=decider,
            undisputed=approved_of(payment) - awarded.get(payment.id, Decimal(0)),
            waiting=left_of(session, payment, sum_of(payment.lines)) if payment.state == "held" else Decimal(0),
        )


def _positions(dispute: DisputeRow) -> dict[str, Any]:
    """What each side says; of an old dispute the words stand beside the position that it was opened with."""
    first = {"note": dispute.note, **dispute.positions.get(dispute.opened_by, {})}
    return {**dispute.positions, dispute.opened_by: first}
