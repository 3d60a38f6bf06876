"""May a client give more than the offer listed? A bonus with its reason, within what who gives it may approve.

Above that a second person signs it first: until then it is `proposed`, and no part of the pay. It goes the way of
extras: promised while the work is not approved, due at once when it is. The trigger `payments_bonus` knows both people.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, Refused
from dispatch.money.approving import check_sum, settle_part
from dispatch.money.committing import is_used_up, lock_budgets, needs_second, notice
from dispatch.money.extras import keep_extra, new_extra, told_of_extra
from dispatch.money.finding import change, find_payment, rules_of
from dispatch.money.signing import refuse_limit, signature
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import PaymentRow
from matching.moneyrules import what_is_missing

#: How it is named on the pay, apart from bonuses that the offer listed.
CODE = "extra_bonus"
#: States of a bonus that is nobody's promise: it waits for a signature, or was taken back.
UNPROMISED = ("proposed", "withdrawn")
_MOST = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Bonus:
    """So much more, and why."""

    amount: Decimal
    reason: str


def add_bonus(session: Session, actor: Actor, payment_id: UUID, wish: Bonus, *, now: datetime) -> bool:
    """Add a bonus: whether it is given; else a second person is to sign it. The caller holds the job. As the engine.

    Raises
    ------
    NotFound
        When the payment is not the actor's.
    Refused
        When it is no member of the client's staff, it is more than their role may approve, or than a hard budget has.
    BadInput
        When it is no sum of the currency.
    Conflict
        When the pay is disputed or ended without work, or a penalty may still be contested.
    """
    payment = find_payment(session, actor, payment_id)
    if actor.client_id is None:
        raise Refused("the client gives a bonus", ("only_the_client",))
    _check_open(payment)
    check_sum("amount", wish.amount, _MOST, payment.currency)
    missing = _missing(session, actor, payment, wish.amount, None)
    state, signed = "approved" if missing is None else "proposed", [str(actor.id), actor.kind]
    made = new_extra("bonus", CODE, wish.amount, state, reason=wish.reason, signed=signed)
    _keep(session, actor, payment, [*payment.extras, made], made, now)
    return missing is None


def answer_bonus(session: Session, actor: Actor, payment_id: UUID, extra_id: UUID, wish: str, *, now: datetime) -> bool:
    """A second person signs a bonus that waits for it, or somebody takes it back; False: no such bonus waits.

    Raises
    ------
    NotFound
        When the payment is not the actor's.
    Refused
        When it is more than the actor's role may approve and the first one's, or than a hard budget has.
    Conflict
        When the same person signs again, or a key of nobody's name, or the pay takes no bonus now.
    """
    payment = find_payment(session, actor, payment_id)
    found = next((each for each in payment.extras if each["id"] == str(extra_id)), None)
    if found is None or found["state"] != "proposed" or actor.client_id is None or wish not in ("approve", "refuse"):
        return False
    if wish == "approve":
        _check_open(payment)
        by, role = found["signed"]
        if _missing(session, actor, payment, Decimal(found["amount"]), (by, role)) is not None:
            way_out = "ask somebody else of your team to sign, with a login or key of their own name"
            raise Conflict("signed once", "give the bonus", (way_out,))
    by = {"second": [str(actor.id), actor.kind]} if wish == "approve" else {}
    after = {**found, "state": "approved" if wish == "approve" else "withdrawn", **by}
    _keep(session, actor, payment, [after if each is found else each for each in payment.extras], after, now)
    return True


def _check_open(payment: PaymentRow) -> None:
    if payment.state not in ("held", "due", "paid"):
        raise Conflict(payment.state, "give a bonus")
    if payment.state != "held" and payment.held:
        raise Conflict(payment.state, "give a bonus", ("wait until nobody may contest the penalty any more",))


def _missing(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, before: tuple[str, str] | None
) -> str | None:
    """What so much lacks, with all bonuses that the job's people gave before; `before` is by whom it was proposed."""
    total = amount + _given(session, payment)
    is_passed = needs_second(session, payment.budget_id, payment.job_id, amount)
    said = [before, (str(actor.id), actor.kind)] if before else [(str(actor.id), actor.kind)]
    signed = tuple(signature(session, by, role, total) for by, role in said)
    missing = what_is_missing(rules_of(payment), signed, total, is_second_needed=is_passed)
    if missing == "limit":
        refuse_limit(actor, payment, total)
    return missing


def _given(session: Session, payment: PaymentRow) -> Decimal:
    of_job = PaymentRow.client_id == payment.client_id, PaymentRow.job_id == payment.job_id
    extras = (each for row in session.scalars(select(PaymentRow.extras).where(*of_job)) for each in row)
    mine = (Decimal(each["amount"]) for each in extras if (each["code"], each["state"]) == (CODE, "approved"))
    return sum(mine, Decimal(0))


def _keep(
    session: Session,
    actor: Actor,
    payment: PaymentRow,
    extras: list[dict[str, Any]],
    changed: dict[str, Any],
    now: datetime,
) -> None:
    if payment.state == "held" or changed["state"] != "approved":
        keep_extra(session, actor, payment, extras, changed, now)
        return
    amount = changed["amount"]
    line = {"kind": changed["code"], "units": "1", "rate": amount, "amount": amount}
    # What is due is owed whatever the budget says; a bonus is not, until it is given.
    lock_budgets(session, [payment.budget_id])
    if is_used_up(session, payment.budget_id, Decimal(amount)):
        raise Refused("it is more than is left of the job's budget: raise the budget, or give less", ("over_budget",))
    change(session, payment, extras=extras, lines=[*payment.lines, line])
    settle_part(session, actor, payment, Decimal(amount), is_last=True, why="bonus", now=now)
    notice(session, actor, payment.budget_id, payment.job_id, now=now)
    subject, told = ("assignment", payment.assignment_id), told_of_extra(payment, changed)
    record(session, actor, subject, "extra_approved", told, client_id=payment.client_id, now=now)
