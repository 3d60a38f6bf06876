"""What else may a technician answer? They look, decline, counter; nothing of it counts against them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.devices import check_share
from dispatch.jobs.lifecycle import OFFER, states_with
from dispatch.jobs.rounds import withdraw_counters
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CounterRow, JobRow, OfferRow, SlotRow, VisitRow, new_id
from dispatch.record.tables.offers import LIVE_OFFERS
from matching.job import Pay
from matching.rates import Rates

_COUNT_YES = text(
    "INSERT INTO day_asks (technician_id, day, num_yes) VALUES (:technician, :day, 1)"
    " ON CONFLICT (technician_id, day) DO UPDATE SET num_yes = day_asks.num_yes + 1"
)


def find_offer(session: Session, actor: Actor, offer_id: UUID) -> OfferRow:
    """The offer, if it was made to this actor: the technician, their company, or a gateway that speaks for them.

    Raises
    ------
    NotFound
        When it was not.
    """
    offer = session.scalars(select(OfferRow).where(OfferRow.id == offer_id)).one_or_none()
    if offer is None or not is_asked(actor, offer):
        raise NotFound("offer", offer_id)
    return offer


def is_asked(actor: Actor, offer: OfferRow) -> bool:
    """Whether the offer was made to this actor: the technician, their company, or a gateway that speaks for them."""
    return (
        actor.kind == "gateway"
        or (actor.technician_id is not None and actor.technician_id == offer.technician_id)
        or (actor.company_id is not None and actor.company_id == offer.company_id)
    )


def view_offer(session: Session, actor: Actor, offer_id: UUID, *, now: datetime) -> OfferRow:
    """Note that the technician has seen the offer; a second look changes nothing."""
    offer = find_offer(session, actor, offer_id)
    seen = session.scalar(
        update(OfferRow)
        .where(OfferRow.id == offer_id, OfferRow.state == "sent", OfferRow.expires_at > func.clock_timestamp())
        .values(state="viewed", viewed_at=now)
        .returning(OfferRow.id)
    )
    if seen is not None:
        record(session, actor, ("offer", offer_id), "viewed", client_id=offer.client_id, now=now)
        session.refresh(offer)
    return offer


def decline_offer(session: Session, actor: Actor, offer_id: UUID, reason: str, *, now: datetime) -> None:
    """Say no, with a reason's code (`other` if none fits). Once all have answered, the next wave is due at once.

    Raises
    ------
    Conflict
        When the offer has ended.
    """
    offer = find_offer(session, actor, offer_id)
    _answer(session, offer, "decline", {"reason": reason}, now)
    session.execute(withdraw_counters([offer_id], now))
    record(session, actor, ("offer", offer_id), "declined", {"reason": reason}, client_id=offer.client_id, now=now)


def counter_offer(
    session: Session,
    actor: Actor,
    offer_id: UUID,
    *,
    pay: Pay | None,
    start_at: datetime | None,
    reason: str,
    note: str,
    now: datetime,
) -> UUID:
    """Ask for other terms: pay, start or both, with a reason; the client accepts or refuses: the counter's id.

    A later counter replaces the one before.

    Raises
    ------
    BadInput
        When nothing else is asked for than was offered, the currency is not the job's, the start has passed, or a pay
        by the device is not the same for each.
    Conflict
        When the offer has ended.
    """
    offer = find_offer(session, actor, offer_id)
    if pay is None and start_at is None:
        raise BadInput("pay", None, "counter with a pay, a start_at, or both")
    if start_at is not None and start_at <= now:
        raise BadInput("start_at", start_at.isoformat(), "choose a time that has not passed")
    if pay is not None:
        _check_pay(session, offer, pay, is_all=start_at is None)
    visit = session.get_one(VisitRow, offer.visit_id)
    waits_until = max(offer.expires_at, min(start_at or visit.window_end_at, visit.window_end_at))
    _answer(session, offer, "counter", {"reason": reason, "expires_at": waits_until}, now)
    session.execute(withdraw_counters([offer_id], now))
    counter_id = new_id()
    session.execute(
        insert(CounterRow).values(
            id=counter_id,
            client_id=offer.client_id,
            offer_id=offer_id,
            pay_kind=pay.kind if pay else None,
            pay_amount=pay.amount if pay else None,
            currency=pay.currency if pay else None,
            start_at=start_at,
            reason=reason,
            note=note,
            made_at=now,
        )
    )
    told = {
        "counter": str(counter_id),
        "pay_kind": pay.kind if pay else None,
        "pay_amount": str(pay.amount) if pay else None,
        "start_at": start_at.isoformat() if start_at else None,
        "reason": reason,
    }
    record(session, actor, ("offer", offer_id), "countered", told, client_id=offer.client_id, now=now)
    return counter_id


def note_too_late(session: Session, actor: Actor, offer: OfferRow, *, now: datetime) -> None:
    """Note that this technician would have taken it: the backup, should the winner back out."""
    noted = session.scalar(
        update(OfferRow)
        .where(OfferRow.id == offer.id, OfferRow.state == "not_chosen", OfferRow.answered_at.is_(None))
        .values(answered_at=now, reason="too_late")
        .returning(OfferRow.id)
    )
    if noted is not None:
        note_yes(session, offer.technician_id, now)
        record(session, actor, ("offer", offer.id), "said_yes_too_late", client_id=offer.client_id, now=now)


def note_yes(session: Session, technician_id: UUID, now: datetime) -> None:
    """Count a yes: what the chance of the next one is judged by."""
    session.execute(_COUNT_YES, {"technician": technician_id, "day": now.date()})


def _answer(session: Session, offer: OfferRow, wish: str, values: dict[str, object], now: datetime) -> None:
    """Move a live offer by a guarded statement."""
    new_state = OFFER["sent"][wish]
    done = session.scalar(
        update(OfferRow)
        .where(
            OfferRow.id == offer.id,
            OfferRow.state.in_(states_with(OFFER, wish)),
            OfferRow.expires_at > func.clock_timestamp(),
        )
        .values(state=new_state, answered_at=now, **values)
        .returning(OfferRow.id)
    )
    if done is None:
        session.refresh(offer)
        state = "expired" if offer.state in LIVE_OFFERS else offer.state
        raise Conflict(state, wish, tuple(OFFER[state]))


def _check_pay(session: Session, offer: OfferRow, pay: Pay, *, is_all: bool) -> None:
    """Whether it can be asked for; where it `is_all` that is asked for, it is another than was offered."""
    slot, day_policy = session.execute(
        select(SlotRow, JobRow.day_policy)
        .join(JobRow, JobRow.id == SlotRow.job_id)
        .where(SlotRow.visit_id == offer.visit_id, SlotRow.role == offer.role)
        .order_by(SlotRow.state != "open", SlotRow.num)
        .limit(1)
    ).one()
    if pay.currency != slot.currency:
        raise BadInput("pay.currency", pay.currency, f"counter in the job's currency, {slot.currency}")
    if pay.amount <= Decimal(0):
        raise BadInput("pay.amount", pay.amount, "ask for more than nothing")
    if is_all and (pay.kind, pay.amount) == (slot.pay_kind, slot.pay_amount):
        raise BadInput("pay.amount", pay.amount, "ask for another sum: so much is offered")
    check_share(pay, Rates.from_document(day_policy.get("rates", {})))
