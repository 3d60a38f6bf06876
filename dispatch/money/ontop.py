"""What if what was asked for on top is refused, or never answered? A dispute of the technician's takes it in.

Refused expenses and ways join a dispute about expenses, also once the work is approved, for some days. What nobody has
answered joins any dispute of the technician's, since its end leaves nothing to be answered. Both once: they are
`contested` from then on, and whoever decides says how much of them is owed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.money.approving import check_sum
from dispatch.money.claims import disputable_of, refused_of, unanswered
from dispatch.money.finding import change
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import DisputeRow, PaymentRow
from matching.moneyrules import CONTEST_DAYS


def join_open(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, reason: str, *, now: datetime
) -> tuple[Decimal, Decimal]:
    """What a technician disputes of a claim, and how much of it was never claimed: what was asked for joins it.

    Raises
    ------
    BadInput
        When it is more than is claimed and set aside, with what the reason brings along.
    """
    asked = sum((Decimal(each["amount"]) for each in unanswered(payment)), Decimal(0))
    is_about_it = reason == "expense"
    refused = refused_of(payment) if is_about_it else Decimal(0)
    claimed = disputable_of(session, payment)
    check_sum("amount", amount, claimed + (asked + refused if is_about_it else 0), payment.currency)
    _contest(session, actor, payment, ("asked", "refused") if is_about_it else ("asked",), now)
    return max(amount, asked) if is_about_it else amount + asked, asked + refused


def join_approved(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, reason: str, *, now: datetime
) -> None:
    """The technician disputes what was refused on top of work that is approved, within the days for it.

    Raises
    ------
    Conflict
        When it is not about that, nothing was refused, or the days are over.
    BadInput
        When it is more than was refused.
    """
    until = disputable_until(payment)
    if reason != "expense" or until is None or now >= until:
        way_out = f"for {CONTEST_DAYS} days: what was refused on top, with the reason expense"
        raise Conflict(payment.state, "dispute", (way_out,))
    check_sum("amount", amount, refused_of(payment), payment.currency)
    _contest(session, actor, payment, ("refused",), now)


def award(session: Session, payment: PaymentRow, dispute: DisputeRow, awarded: Decimal) -> None:
    """Write beside each that joined the dispute what it got of it: what pays back expenses is no income.

    A dispute about expenses pays these first; of another, they get what is more than the work that is disputed. What
    joined is of the technician's dispute, whatever the client's own about the same payment ends with.
    """
    if dispute.opened_by == "client":
        return
    joined = [each for each in payment.extras if _waits_for_the_end(each)]
    on_top = sum((Decimal(each["amount"]) for each in joined), Decimal(0))
    work = Decimal(0) if dispute.reason == "expense" else max(Decimal(0), dispute.amount - on_top)
    left, extras = max(Decimal(0), awarded - work), []
    for each in payment.extras:
        if each in joined:
            mine = min(left, Decimal(each["amount"]))
            left -= mine
            extras.append({**each, "awarded": str(mine)})
        else:
            extras.append(each)
    if joined:
        change(session, payment, extras=extras)


def _waits_for_the_end(extra: Mapping[str, Any]) -> bool:
    return extra["state"] == "contested" and extra["kind"] != "penalty" and "awarded" not in extra


def disputable_until(payment: PaymentRow) -> datetime | None:
    """Until when the technician may dispute what was refused on top of approved work; None: nothing was, or all was."""
    if payment.state not in ("due", "paid") or payment.approved_at is None or not refused_of(payment):
        return None
    return payment.approved_at + timedelta(days=CONTEST_DAYS)


def _contest(session: Session, actor: Actor, payment: PaymentRow, states: tuple[str, ...], now: datetime) -> None:
    mine = [each for each in payment.extras if each["state"] in states]
    if not mine:
        return
    extras = [{**each, "state": "contested"} if each in mine else each for each in payment.extras]
    change(session, payment, extras=extras)
    for each in mine:
        told = {name: each[name] for name in ("id", "code", "kind", "amount")}
        told |= {"state": "contested", "currency": payment.currency}
        subject = ("assignment", payment.assignment_id)
        record(session, actor, subject, "extra_contested", told, client_id=payment.client_id, now=now)
