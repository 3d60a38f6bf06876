"""What if a penalty on approved work is unjust? For some days it may be contested: nobody has the money meanwhile.

What a penalty took off stays set aside (`dispatch.money.approving`) until `approve_by`. Contested until then, it is
disputed as any other sum; with nobody's word it stands, and goes back to the client.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.money.approving import release_held, state_after
from dispatch.money.claims import is_contestable, lines_of, taken_off
from dispatch.money.disputing import open_about_penalty
from dispatch.money.finding import change
from dispatch.money.holding import lock_payments
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import PaymentRow
from matching.moneyrules import CONTEST_DAYS


def contest_approved(session: Session, actor: Actor, payment: PaymentRow, *, now: datetime) -> UUID:
    """Contest the penalties on approved work, all that still may be: one dispute decides about them. Its id.

    A side has one open dispute of a payment at a time, and two penalties may have taken off the same money. The caller
    holds job and payment. Runs as the engine.

    Raises
    ------
    Conflict
        When their days are over, or something else is disputed first.
    """
    _check_in_time(payment, now)
    off = taken_off(payment)
    mine = [each for each in payment.extras if is_contestable(each)]
    extras = [{**each, "state": "contested"} if is_contestable(each) else each for each in payment.extras]
    change(session, payment, extras=extras)
    change(session, payment, lines=lines_of(session, payment, only_agreed=True))
    for each in mine:
        told = {name: each[name] for name in ("id", "code", "kind", "amount")} | {
            "state": "contested",
            "currency": payment.currency,
        }
        subject = ("assignment", payment.assignment_id)
        record(session, actor, subject, "extra_contested", told, client_id=payment.client_id, now=now)
    return open_about_penalty(session, actor, payment, off, now=now)


def _check_in_time(payment: PaymentRow, now: datetime) -> None:
    if payment.state == "due" and payment.approve_by is not None and now < payment.approve_by:
        return
    later = payment.state == "disputed" and any(is_contestable(each) for each in payment.extras)
    ways = (f"contest it once that is decided: then {CONTEST_DAYS} days are left",) if later else ()
    raise Conflict(payment.state, "contest a penalty", ways)


def let_stand(session: Session, actor: Actor, payment_id: UUID, *, now: datetime) -> bool:
    """The days are over in which penalties could be contested: what they took off goes back to the client, once.

    Whether that was so. Runs as the engine.
    """
    payment = next(iter(lock_payments(session, PaymentRow.id == payment_id)), None)
    if payment is None or payment.state != "due" or payment.approve_by is None or payment.approve_by > now:
        return False
    left = payment.held
    release_held(session, payment, left, f"stands:{payment.id}:{payment.version}", now)
    change(
        session,
        payment,
        state=state_after(payment, payment.due, may_be_contested=False),
        held=Decimal(0),
        refunded=payment.refunded + left,
        approve_by=None,
        extras=[{**each, "state": "stands"} if is_contestable(each) else each for each in payment.extras],
    )
    told = {"payment": str(payment.id), "amount": str(left), "currency": payment.currency}
    subject = ("assignment", payment.assignment_id)
    record(session, actor, subject, "penalty_stands", told, client_id=payment.client_id, now=now)
    return True
