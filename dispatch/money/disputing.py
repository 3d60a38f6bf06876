"""What if the sides don't agree? What nobody disputes is due once the client says yes; a named person decides the rest.

A client that disputes a part says yes to what it does not dispute, where the one who disputes may: that is due at once.
Else, and where the technician disputes, the rest stays set aside and waits for the client's word, or its silence.

One side's dispute does not take the other's from it: of the rest, the other may dispute, too. That is a dispute of its
own, with its own sum, reason and end: who gives way in one has not given way in the other, and whoever was to decide
about 40 finds no 140 in its place. The same person decides both. No cent is in two disputes, and what neither awards
goes back only once both have ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.money.approving import check_sum, settle_part, settle_rest
from dispatch.money.claims import check_answered, disputable_of, disputed_now, left_of, sum_of
from dispatch.money.deciders import find_decider
from dispatch.money.evidence import check_files
from dispatch.money.finding import change, find_payment
from dispatch.money.ontop import award, join_approved, join_open
from dispatch.money.refunding import take_back
from dispatch.money.signing import check_alone, may_approve
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import DisputeRow, PaymentRow, new_id
from matching.moneyrules import MoneyRules

REASONS = ("hours", "quality", "not_done", "expense", "penalty", "pay", "other")
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Position:
    """What one side says: hours and sum that are right to them, files as evidence, words."""

    hours: Decimal | None = None
    amount: Decimal | None = None
    files: Sequence[UUID] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Of a payment, `amount` is not agreed on; one of the operator's staff decides, whom no side chooses."""

    payment_id: UUID
    amount: Decimal
    reason: str
    position: Position


def open_dispute(session: Session, actor: Actor, wish: Dispute, *, now: datetime) -> UUID:
    """Either side disputes part of what is claimed. The dispute's id. Runs as the engine.

    The rest is due at once where it is a member of the client's staff who may approve it, by limit, signatures and
    budget; else the payment stays held, and the rest waits for the client's approval or its silence as any claim does.

    What the technician asked for on top and nobody answered joins their dispute; what was refused may be disputed once
    the work is approved, too (`dispatch.money.ontop`). A client may ask back what it approved, once, as long as that is
    in no payout. Each side has one open dispute of a payment at a time.

    Raises
    ------
    NotFound
        When the payment is not the actor's.
    BadInput
        When the sum is more than is claimed and not yet approved, the reason unknown, nobody may decide, or a file is
        none that may be named.
    Conflict
        When nothing is claimed yet, everything was approved, that side disputes already, or the client disputes before
        it answered what the technician asked for on top.
    """
    payment = find_payment(session, actor, wish.payment_id)
    if wish.reason not in REASONS:
        raise BadInput("reason", wish.reason, f"give one of {', '.join(REASONS)}")
    decider = find_decider(session, None, payment=payment)
    check_files(session, actor, payment, wish.position.files, "position.files")
    if payment.state == "held":
        return _open_on_claim(session, actor, payment, wish, decider, now)
    if payment.state == "due" and side_of(actor) == "client":
        take_back(session, payment, wish.amount, wish.reason, now=now)
    elif payment.state in ("due", "paid") and side_of(actor) == "technician":
        join_approved(session, actor, payment, wish.amount, wish.reason, now=now)
    else:
        raise Conflict(payment.state, "dispute", ("state your side",) if payment.state == "disputed" else ())
    return _open(session, actor, payment, wish, decider, now)


def open_about_penalty(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, *, now: datetime) -> UUID:
    """The technician contests a penalty on work that is approved: what it took off is decided as any dispute is.

    The caller holds the payment. The dispute's id; runs as the engine.
    """
    wish = Dispute(payment.id, amount, "penalty", Position())
    return _open(session, actor, payment, wish, find_decider(session, None), now)


def _open_on_claim(
    session: Session, actor: Actor, payment: PaymentRow, wish: Dispute, decider: UUID, now: datetime
) -> UUID:
    """Dispute part of what is claimed and not approved; what the client may say yes to with it is due."""
    amount, of_claim = _disputed(session, actor, payment, wish, now)
    made = _open(session, actor, payment, replace(wish, amount=amount), decider, now, of_claim=of_claim)
    rest = left_of(session, payment, sum_of(payment.lines))
    if not rest:
        change(session, payment, state="disputed", approved_at=now, approve_by=None)
    elif side_of(actor) == "client" and may_approve(session, actor, payment, rest):
        # It is somebody's yes to a part, and bound by a hard budget as any is.
        settle_rest(session, actor, payment, rest, "part_approved", now=now)
    return made


def _open(
    session: Session,
    actor: Actor,
    payment: PaymentRow,
    wish: Dispute,
    decider: UUID,
    now: datetime,
    *,
    of_claim: Decimal | None = None,
) -> UUID:
    dispute_id, side = new_id(), side_of(actor)
    decide_by = now + timedelta(days=MoneyRules.from_document(payment.terms["rules"]).dispute_days)
    session.execute(
        insert(DisputeRow).values(
            id=dispute_id,
            client_id=payment.client_id,
            job_id=payment.job_id,
            payment_id=payment.id,
            technician_id=payment.technician_id,
            company_id=payment.company_id,
            currency=payment.currency,
            amount=wish.amount,
            of_claim=of_claim,
            reason=wish.reason,
            positions={side: _said(wish.position, now)},
            note=wish.position.note,
            opened_by=side,
            opened_at=now,
            decider_id=decider,
            decide_by=decide_by,
        )
    )
    if of_claim is None:
        session.execute(
            update(PaymentRow)
            .where(PaymentRow.id == payment.id, PaymentRow.state.in_(("due", "paid")))
            .values(state="disputed", approve_by=None, version=PaymentRow.version + 1)
        )
    told = _told(payment, wish.amount) | {"reason": wish.reason, "side": side, "decide_by": decide_by.isoformat()}
    told["staff"] = str(decider)
    record(session, actor, ("dispute", dispute_id), "opened", told, client_id=payment.client_id, now=now)
    return dispute_id


def state_position(session: Session, actor: Actor, dispute_id: UUID, position: Position, *, now: datetime) -> None:
    """One side says, or says anew, what is right to it, while nobody has decided. Runs as the engine.

    Raises
    ------
    NotFound
        When the dispute is not the actor's.
    BadInput
        When a file is none that may be named.
    Conflict
        When it is decided.
    """
    dispute = _find(session, actor, dispute_id)
    payment = session.get_one(PaymentRow, dispute.payment_id)
    check_files(session, actor, payment, position.files, "files")
    side = side_of(actor)
    stated = session.scalar(
        update(DisputeRow)
        .where(DisputeRow.id == dispute_id, DisputeRow.state == "open")
        .values(positions={**dispute.positions, side: _said(position, now)})
        .returning(DisputeRow.id)
    )
    if stated is None:
        raise Conflict(dispute.state, "state a position")
    told = _told(payment, dispute.amount) | {"side": side, "num_files": len(position.files)}
    record(session, actor, ("dispute", dispute_id), "stated", told, client_id=dispute.client_id, now=now)


def decide(session: Session, actor: Actor, dispute_id: UUID, awarded: Decimal, note: str, *, now: datetime) -> None:
    """The named person decides how much of it is the technician's; the rest goes back. Once. Runs as the engine.

    Raises
    ------
    NotFound
        When the dispute is not the actor's.
    Refused
        When the actor is not the person named.
    BadInput
        When it is more than is disputed, or no sum of the currency.
    Conflict
        When it is decided already.
    """
    dispute = _find(session, actor, dispute_id)
    if actor.id != dispute.decider_id:
        raise Refused("somebody else was named to decide this dispute", ("only_the_decider",))
    if awarded != 0:
        check_sum("awarded", awarded, dispute.amount, dispute.currency)
    payment = find_payment(session, actor, dispute.payment_id)
    _end(session, actor, payment, dispute, awarded, note, "decided", now)


def concede(session: Session, actor: Actor, dispute_id: UUID, *, now: datetime) -> None:
    """One side gives way, and nobody has to decide: all that is disputed is the other's. Runs as the engine.

    Raises
    ------
    NotFound
        When the dispute is not the actor's.
    Refused
        When the actor speaks for neither side, or may not let so much go.
    Conflict
        When it is decided already.
    """
    dispute = _find(session, actor, dispute_id)
    if actor.kind == "operator":
        raise Refused("only a side of the dispute gives way", ("only_a_side",))
    payment = find_payment(session, actor, dispute.payment_id)
    awarded = dispute.amount if side_of(actor) == "client" else Decimal(0)
    if awarded:
        check_alone(session, actor, payment, awarded)
    _end(session, actor, payment, dispute, awarded, None, "conceded", now)


def note_late(session: Session, now: datetime) -> list[DisputeRow]:
    """Disputes that should have been decided by now, each noted once."""
    late = (
        select(DisputeRow.id)
        .where(DisputeRow.state == "open", DisputeRow.decide_by <= now, ~DisputeRow.is_late)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(
        session.scalars(update(DisputeRow).where(DisputeRow.id.in_(late)).values(is_late=True).returning(DisputeRow))
    )


def side_of(actor: Actor) -> str:
    """On whose side the actor speaks."""
    return "client" if actor.client_id is not None else "technician"


def _disputed(
    session: Session, actor: Actor, payment: PaymentRow, wish: Dispute, now: datetime
) -> tuple[Decimal, Decimal]:
    """How much is disputed with what joins it, and how much of that was claimed and not approved."""
    if not payment.lines:
        raise Conflict("held, and nothing is claimed yet", "dispute")
    if _has_disputed(session, actor, payment):
        raise Conflict("disputed", "dispute", ("state your side", "approve a part"))
    if side_of(actor) == "client":
        check_answered([payment], "dispute")
        most = disputable_of(session, payment)
        if not most and disputed_now(session, payment) is not None:
            raise Conflict("disputed, and the rest is approved", "dispute", ("state your side",))
        check_sum("amount", wish.amount, most, payment.currency)
        return wish.amount, wish.amount
    amount, on_top = join_open(session, actor, payment, wish.amount, wish.reason, now=now)
    return amount, max(Decimal(0), amount - on_top)


def _has_disputed(session: Session, actor: Actor, payment: PaymentRow) -> bool:
    mine = (DisputeRow.payment_id == payment.id, DisputeRow.opened_by == side_of(actor), DisputeRow.state == "open")
    return session.scalar(select(DisputeRow.id).where(*mine)) is not None


def _end(
    session: Session,
    actor: Actor,
    payment: PaymentRow,
    dispute: DisputeRow,
    awarded: Decimal,
    note: str | None,
    how: str,
    now: datetime,
) -> None:
    decided = session.scalar(
        update(DisputeRow)
        .where(DisputeRow.id == dispute.id, DisputeRow.state == "open")
        .values(state="decided", decided_at=now, awarded=awarded, decided_note=note)
        .returning(DisputeRow.id)
        .execution_options(synchronize_session=False)
    )
    if decided is None:
        raise Conflict("decided", "decide")
    award(session, payment, dispute, awarded)
    # While the rest of it waits for the client's yes, or the other side's dispute is open, what is set aside stays so.
    is_last = payment.state != "held" and disputed_now(session, payment) is None
    settle_part(session, actor, payment, awarded, is_last=is_last, why=how, now=now)
    told = _told(payment, dispute.amount) | {"awarded": str(awarded), "how": how}
    record(session, actor, ("dispute", dispute.id), "decided", told, client_id=dispute.client_id, now=now)


def _find(session: Session, actor: Actor, dispute_id: UUID) -> DisputeRow:
    dispute = session.scalars(
        select(DisputeRow).where(DisputeRow.id == dispute_id).execution_options(populate_existing=True)
    ).one_or_none()
    theirs = {
        "client": dispute is not None and dispute.client_id == actor.client_id,
        "technician": dispute is not None and dispute.technician_id == actor.technician_id and not dispute.company_id,
        "company": dispute is not None and dispute.company_id is not None and dispute.company_id == actor.company_id,
        "operator": dispute is not None and actor.kind == "operator",
    }
    if dispute is None or not any(theirs.values()):
        raise NotFound("dispute", dispute_id)
    return dispute


def _said(position: Position, now: datetime) -> dict[str, Any]:
    return {
        "hours": None if position.hours is None else str(position.hours),
        "amount": None if position.amount is None else str(position.amount),
        "files": [str(each) for each in position.files],
        "note": position.note,
        "said_at": now.isoformat(),
    }


def _told(payment: PaymentRow, amount: Decimal) -> dict[str, Any]:
    return {
        "payment": str(payment.id),
        "assignment": str(payment.assignment_id),
        "job": str(payment.job_id),
        "technician": str(payment.technician_id),
        "amount": str(amount),
        "currency": payment.currency,
    }
