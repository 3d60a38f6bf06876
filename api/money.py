"""What money has a client here, what is each assignment worth, and is it approved? Funds, payments, extras."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, Anyone, Operator, Requester, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.money import (
    Approved,
    BonusIn,
    ExtraAnswerIn,
    ExtraIn,
    FundsIn,
    ListedOut,
    MoneyOut,
    MoneyRulesIn,
    PartOfPayIn,
    PaymentOut,
    PaymentState,
    TravelIn,
)
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.money.approving import approve_part
from dispatch.money.bonuses import UNPROMISED, Bonus
from dispatch.money.claims import net_so_far
from dispatch.money.extras import ExtraWish, ask_extra, ask_travel
from dispatch.money.funds import move_funds, set_rules
from dispatch.money.ledger import Owner, balance_of
from dispatch.money.ontop import disputable_until
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, PaymentRow
from dispatch.talent.paydays import check_pay_rules
from dispatch.visits.paying import answer_pay_extra, give_bonus
from matching.moneyrules import MoneyRules
from matching.rates import Rates

router = APIRouter(prefix="/v1", tags=["money"])

Side = Annotated[Actor, Depends(only(*STAFF, *TALENT))]
ClientReader = Annotated[Actor, Depends(only(*STAFF, "operator"))]


@router.get("/clients/{client_id}/money", response_model=MoneyOut, summary="Read a client's money")
def get_money(request: Request, actor: ClientReader, client_id: UUID) -> MoneyOut:
    """Its rules, its funds, what is set aside, and how much room there is for more work."""
    with reading(request, actor) as session:
        return _show_money(session, actor, client_id)


@router.post("/clients/{client_id}/money", response_model=MoneyOut, summary="Agree on money rules")
def post_money_rules(request: Request, actor: Operator, client_id: UUID, wish: MoneyRulesIn) -> Response:
    """From now on money is set aside for each assignment of this client; without enough of it, nobody is asked."""

    def work(session: Session, now: datetime) -> Reply:
        check_pay_rules(session, client_id, wish.rules, now=now)
        set_rules(session, actor, client_id, wish.rules, now=now)
        return Reply(_show_money(session, actor, client_id))

    return idempotent(request, actor, work)


@router.post("/clients/{client_id}/funds", status_code=201, response_model=MoneyOut, summary="Move a client's funds")
def post_funds(request: Request, actor: Operator, client_id: UUID, wish: FundsIn) -> Response:
    """The client paid in, or takes back what is not needed."""

    def work(session: Session, now: datetime) -> Reply:
        amount = -wish.amount if wish.is_withdrawal else wish.amount
        move_funds(session, actor, client_id, amount, now=now)
        return Reply(_show_money(session, actor, client_id), 201)

    return idempotent(request, actor, work)


@router.get("/payments", response_model=PageOf[PaymentOut], summary="List payments")
def list_payments(
    request: Request,
    actor: Anyone,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    state: Annotated[PaymentState | None, Query(description="Only in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[PaymentOut]:
    """What each assignment is worth: a client's, or a technician's or company's own; newest first."""
    asked = {PaymentRow.job_id: job_id, PaymentRow.state: state}
    wanted = select(PaymentRow).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, PaymentRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[show_payment(row[0], actor) for row in found.rows], next=found.next)


@router.post("/payments/{payment_id}/approve", response_model=Approved, summary="Approve part of a payment")
def approve_a_part(request: Request, actor: Requester, payment_id: UUID, part: PartOfPayIn) -> Response:
    """Part of what is claimed is due at once, the rest stays set aside; `POST /v1/jobs/{id}/approve` approves all.

    Above the sum that your money rules state, a second person approves before it is.
    """

    def work(session: Session, now: datetime) -> Reply:
        is_approved = approve_part(session, actor, payment_id, part.amount, now=now)
        return Reply(Approved(is_approved=is_approved, payment=_read(session, actor, payment_id)))

    return idempotent(request, actor, work)


@router.post("/payments/{payment_id}/extras", status_code=201, response_model=Approved, summary="Add an extra")
def post_extra(request: Request, actor: Side, payment_id: UUID, wish: ExtraIn) -> Response:
    """An expense of the technician, a bonus or penalty of the client: only what the offer listed, up to its cap."""

    def work(session: Session, now: datetime) -> Reply:
        ask_extra(session, actor, payment_id, ExtraWish(wish.code, wish.amount, wish.file_id), now=now)
        return Reply(Approved(is_approved=False, payment=_read(session, actor, payment_id)), 201)

    return idempotent(request, actor, work)


@router.post("/payments/{payment_id}/bonus", status_code=201, response_model=Approved, summary="Give a bonus")
def post_bonus(request: Request, actor: Requester, payment_id: UUID, wish: BonusIn) -> Response:
    """A bonus that the offer did not list, with its reason, within what you may approve; also once it is approved.

    Above the sum that your money rules state it is `proposed`, and given once a second person answers it with approve.
    """

    def work(session: Session, now: datetime) -> Reply:
        is_given = give_bonus(session, actor, payment_id, Bonus(wish.amount, wish.reason), now=now)
        return Reply(Approved(is_approved=is_given, payment=_read(session, actor, payment_id)), 201)

    return idempotent(request, actor, work)


@router.post("/payments/{payment_id}/travel", status_code=201, response_model=Approved, summary="Say how far you came")
def post_travel(request: Request, actor: Side, payment_id: UUID, wish: TravelIn) -> Response:
    """Miles or hours of the way, where the offer pays for them, once for each; the client approves them as an extra."""

    def work(session: Session, now: datetime) -> Reply:
        ask_travel(session, actor, payment_id, wish.code, wish.units, now=now)
        return Reply(Approved(is_approved=False, payment=_read(session, actor, payment_id)), 201)

    return idempotent(request, actor, work)


@router.post("/payments/{payment_id}/extras/{extra_id}/answer", response_model=Approved, summary="Answer an extra")
def answer_an_extra(request: Request, actor: Side, payment_id: UUID, extra_id: UUID, answer: ExtraAnswerIn) -> Response:
    """The client approves or refuses an expense; the technician contests a penalty, which then does not count.

    Once the work is approved a penalty may still be contested, until `approve_by`: what it took off is then disputed,
    and nobody got it meanwhile.
    """

    def work(session: Session, now: datetime) -> Reply:
        answer_pay_extra(session, actor, payment_id, extra_id, answer.answer, now=now)
        is_approved = answer.answer == "approve"
        return Reply(Approved(is_approved=is_approved, payment=_read(session, actor, payment_id)))

    return idempotent(request, actor, work)


def show_payment(row: PaymentRow, actor: Actor | None = None) -> PaymentOut:
    """A payment as its sides see it: what is not promised yet is told to no technician. None: for the client."""
    hidden = UNPROMISED if actor is not None and actor.kind in TALENT else ()
    people = {each["by"] for each in row.approvals}
    made = {
        "num_signatures": len(people),
        "listed": _listed(row),
        "dispute_until": disputable_until(row),
        "net": net_so_far(row),
        "extras": [each for each in row.extras if each["state"] not in hidden],
    }
    same = {name: getattr(row, name) for name in PaymentOut.model_fields if name not in made}
    return PaymentOut.model_validate(same | made)


def _listed(row: PaymentRow) -> list[ListedOut]:
    rates = Rates.from_document(row.terms["rates"])
    paid = {"travel_mile": rates.travel_mile, "travel_hour": rates.travel_hour}
    ways = [ListedOut(code=code, kind="travel", rate=rate) for code, rate in paid.items() if rate]
    return [ListedOut(code=each.code, kind=each.kind, cap=each.cap) for each in rates.extras] + ways


def _read(session: Session, actor: Actor, payment_id: UUID) -> PaymentOut:
    return show_payment(session.get_one(PaymentRow, payment_id, populate_existing=True), actor)


def _show_money(session: Session, actor: Actor, client_id: UUID) -> MoneyOut:
    client = session.scalars(
        select(ClientRow).where(ClientRow.id == client_id).execution_options(populate_existing=True)
    ).one_or_none()
    is_theirs = actor.kind == "operator" or actor.client_id == client_id
    if client is None or not is_theirs or client.money is None:
        raise NotFound("client with money rules", client_id)
    rules = MoneyRules.from_document(client.money)
    funds, held = (balance_of(session, Owner(client_id=client_id), each, client.currency) for each in ("funds", "held"))
    return MoneyOut(
        client_id=client_id,
        currency=client.currency,
        rules=rules.to_document(),
        funds=funds,
        held=held,
        room=funds + rules.credit_limit,
    )
