"""What comes on top, or off? Expenses, travel, bonuses and penalties: only what the offer listed, to its cap.

An expense, and the miles or hours of the way, are asked for by the technician and approved by the client; a bonus or a
penalty is the client's word. A penalty that the technician contests while the claim is open does not count; contested
within some days of the approval, it is disputed (`dispatch.money.contesting`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.money.approving import check_sum
from dispatch.money.claims import lines_of
from dispatch.money.committing import notice, within_budget
from dispatch.money.contesting import contest_approved
from dispatch.money.disputing import side_of
from dispatch.money.evidence import check_files
from dispatch.money.finding import find_payment
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import PaymentRow, new_id
from matching.currencies import rounded
from matching.rates import Rates

#: kind -> who asks for it, and what it is then
_ASKS = {"expense": ("technician", "asked"), "bonus": ("client", "approved"), "penalty": ("client", "approved")}
#: (side, wish) -> kinds, state before, state after
_ANSWERS: Mapping[tuple[str, str], tuple[tuple[str, ...], str, str]] = {
    ("client", "approve"): (("expense", "travel"), "asked", "approved"),
    ("client", "refuse"): (("expense", "travel"), "asked", "refused"),
    ("technician", "contest"): (("penalty",), "approved", "contested"),
}
#: What a way is paid by, and the most of it for one assignment.
_TRAVEL = {"travel_mile": Decimal(2_000), "travel_hour": Decimal(48)}


@dataclass(frozen=True, slots=True)
class ExtraWish:
    """An extra by its code in the terms; `file_id` is its receipt."""

    code: str
    amount: Decimal
    file_id: UUID | None = None


def ask_extra(session: Session, actor: Actor, payment_id: UUID, wish: ExtraWish, *, now: datetime) -> UUID:
    """Ask for an expense, or add a bonus or a penalty: its id. Runs as the engine.

    Raises
    ------
    NotFound
        When the payment is not the actor's.
    BadInput
        When the offer did not list it for this side, with others it is above its cap, or its receipt is none that may
        be named.
    Conflict
        When the payment is no longer open.
    """
    payment = _open_payment(session, actor, payment_id)
    rates = Rates.from_document(payment.terms["rates"])
    extra = rates.extra(wish.code)
    listed = [each.code for each in rates.extras if _ASKS[each.kind][0] == side_of(actor)]
    if extra is None or extra.code not in listed:
        named = ", ".join(listed) or "nothing"
        raise BadInput("code", wish.code, f"the offer listed for your side: {named}")
    taken = sum(
        (
            Decimal(each["amount"])
            for each in payment.extras
            if each["code"] == wish.code and each["state"] != "refused"
        ),
        Decimal(0),
    )
    check_sum("amount", wish.amount, extra.cap - taken, payment.currency)
    check_files(session, actor, payment, [wish.file_id] if wish.file_id else [], "file_id")
    receipt = str(wish.file_id) if wish.file_id else None
    made = new_extra(extra.kind, extra.code, wish.amount, _ASKS[extra.kind][1], file=receipt)
    keep_extra(session, actor, payment, [*payment.extras, made], made, now)
    return UUID(made["id"])


def ask_travel(session: Session, actor: Actor, payment_id: UUID, code: str, units: Decimal, *, now: datetime) -> UUID:
    """The technician says how far, or how long, the way was; at the rate of the offer, once for each: its id.

    Raises
    ------
    NotFound
        When the payment is not the actor's.
    BadInput
        When the offer pays no such thing, or it is no number of miles or hours.
    Conflict
        When the payment is no longer open, or that was said before and not refused.
    """
    payment = _open_payment(session, actor, payment_id)
    rates = Rates.from_document(payment.terms["rates"])
    listed = [each for each in _TRAVEL if side_of(actor) == "technician" and getattr(rates, each)]
    if code not in listed:
        raise BadInput("code", code, f"the offer pays for your way: {', '.join(listed) or 'nothing'}")
    if not units.is_finite() or not 0 < units <= _TRAVEL[code] or units != round(units, 2):
        raise BadInput("units", units, f"give a number above 0, at most {_TRAVEL[code]}, in hundredths")
    if any(each["kind"] == "travel" and each["code"] == code and each["state"] != "refused" for each in payment.extras):
        raise Conflict("asked already", "ask for travel", ("wait for the answer",))
    amount = rounded(units * getattr(rates, code), payment.currency)
    made = new_extra("travel", code, amount, "asked", units=str(units))
    keep_extra(session, actor, payment, [*payment.extras, made], made, now)
    return UUID(made["id"])


def answer_extra(session: Session, actor: Actor, payment_id: UUID, extra_id: UUID, wish: str, *, now: datetime) -> None:
    """The client approves or refuses an expense or a way; the technician contests a penalty, also once it is approved.

    Runs as the engine; the caller holds the job.

    Raises
    ------
    NotFound
        When there is no such extra of the actor's.
    Conflict
        When it was answered already, is not this side's to answer, or the payment is no longer open for it.
    """
    payment = find_payment(session, actor, payment_id)
    found = next((each for each in payment.extras if each["id"] == str(extra_id)), None)
    if found is None:
        raise NotFound("extra", extra_id)
    rule = _ANSWERS.get((side_of(actor), wish))
    if rule is None or found["kind"] not in rule[0] or found["state"] != rule[1]:
        raise Conflict(found["state"], wish)
    if payment.state != "held" and wish == "contest":
        contest_approved(session, actor, payment, now=now)
        return
    _check_open(payment)
    after = {**found, "state": rule[2]}
    keep_extra(session, actor, payment, [after if each is found else each for each in payment.extras], after, now)


def _open_payment(session: Session, actor: Actor, payment_id: UUID) -> PaymentRow:
    payment = find_payment(session, actor, payment_id)
    _check_open(payment)
    return payment


def _check_open(payment: PaymentRow) -> None:
    if payment.state != "held":
        raise Conflict(payment.state, "change its extras")


def new_extra(kind: str, code: str, amount: Decimal, state: str, **more: Any) -> dict[str, Any]:
    """An extra's document, as a payment keeps it: `file` is its receipt, `more` what its kind has besides."""
    made = {"id": str(new_id()), "code": code, "kind": kind, "amount": str(amount), "file": None, "state": state}
    return made | more


def told_of_extra(payment: PaymentRow, extra: Mapping[str, Any]) -> dict[str, Any]:
    """What the event of an extra says of it."""
    return {name: extra[name] for name in ("id", "code", "kind", "amount", "state")} | {"currency": payment.currency}


def keep_extra(
    session: Session,
    actor: Actor,
    payment: PaymentRow,
    extras: list[dict[str, Any]],
    changed: dict[str, Any],
    now: datetime,
) -> None:
    """Keep what is on top of a payment, one of it changed: its lines, what it commits, and the event."""
    payment.extras = extras
    more = Decimal(changed["amount"]) if changed["state"] == "approved" and changed["kind"] != "penalty" else Decimal(0)
    lines = (
        lines_of(session, payment, only_agreed=False) if payment.lines and payment.state == "held" else payment.lines
    )
    values = {"extras": extras, "lines": lines, "beyond": PaymentRow.beyond + more, "version": PaymentRow.version + 1}
    with within_budget(session):
        session.execute(update(PaymentRow).where(PaymentRow.id == payment.id).values(values))
    if more:
        notice(session, actor, payment.budget_id, payment.job_id, now=now)
    subject, told = ("assignment", payment.assignment_id), told_of_extra(payment, changed)
    record(session, actor, subject, f"extra_{changed['state']}", told, client_id=payment.client_id, now=now)
