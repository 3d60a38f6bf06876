"""What is claimed for the work? Lines from the terms and the time log, charges, what the site granted, extras."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.money.finding import rules_of
from dispatch.money.holding import holidays_of
from dispatch.record.tables import (
    AssignmentRow,
    ChargeRow,
    DeliverableRow,
    DisputeRow,
    PaymentRow,
    SiteRequestRow,
    TimeEntryRow,
    VisitRow,
)
from matching.job import Pay
from matching.pay import PayLine, Worked, net_of, pay_lines
from matching.rates import Rates

#: Kinds of time that are paid for.
PAID_KINDS = ("work", "wait")
_ONE = Decimal(1)


def lines_of(session: Session, payment: PaymentRow, *, only_agreed: bool) -> list[dict[str, Any]]:
    """The lines of a payment as they stand: of all the time logged, or of that which both sides agreed to."""
    assignment, visit = session.execute(
        select(AssignmentRow, VisitRow)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .where(AssignmentRow.id == payment.assignment_id)
    ).one()
    lines: list[PayLine] = []
    if visit.outcome != "could_not_start":
        lines += _of_work(session, payment, only_agreed)
    lines += _of_charges(session, payment)
    lines += _granted(session, assignment)
    lines += [_extra(payment, each) for each in payment.extras if each["state"] in ("approved", "stands")]
    return [{name: str(value) for name, value in asdict(line).items()} for line in lines]


def sum_of(lines: Sequence[dict[str, Any]]) -> Decimal:
    """What the lines add up to; penalties never take more than there is."""
    return max(Decimal(0), sum((Decimal(line["amount"]) for line in lines), Decimal(0)))


def approved_of(payment: PaymentRow) -> Decimal:
    """What was approved of a payment so far, our fee included."""
    return payment.due + payment.paid + payment.fee


def net_so_far(payment: PaymentRow) -> Decimal:
    """What comes to the technician of a payment as it stands: due or paid, and our fee off what is still to come.

    That is what is claimed and not approved; before anything is claimed, what is set aside.
    """
    settled = payment.due + payment.paid
    if payment.state not in ("held", "disputed"):
        return settled
    left = max(Decimal(0), sum_of(payment.lines) - approved_of(payment)) if payment.lines else payment.held
    return settled + net_of(left, rules_of(payment).fee_share, payment.currency)[1]


def argued_of(session: Session, payment: PaymentRow) -> tuple[Decimal, Decimal]:
    """How much of what is claimed was ever disputed before its approval, and what was awarded of such disputes."""
    sums = select(func.sum(DisputeRow.of_claim), func.sum(DisputeRow.awarded))
    mine = sums.where(DisputeRow.payment_id == payment.id, DisputeRow.of_claim.is_not(None))
    disputed, awarded = session.execute(mine).one()
    return disputed or Decimal(0), awarded or Decimal(0)


def awarded_of(session: Session, payments: Collection[UUID]) -> Mapping[UUID, Decimal]:
    """By payment: what was awarded of all its disputes, of those that had any."""
    wanted = select(DisputeRow.payment_id, func.sum(DisputeRow.awarded)).where(DisputeRow.payment_id.in_(payments))
    ended = wanted.where(DisputeRow.awarded.is_not(None)).group_by(DisputeRow.payment_id)
    return {payment: awarded or Decimal(0) for payment, awarded in session.execute(ended)}


def left_of(session: Session, payment: PaymentRow, claimed: Decimal, agreed: Decimal | None = None) -> Decimal:
    """What of a claim waits for a yes: it is neither approved, nor disputed, nor decided; of what is `agreed` to only.

    Time that is both disputed and not agreed to is left out once.
    """
    disputed, awarded = argued_of(session, payment)
    undisputed = claimed - disputed if agreed is None else min(agreed, claimed - disputed)
    return max(Decimal(0), max(Decimal(0), undisputed) + awarded - approved_of(payment))


def disputed_now(session: Session, payment: PaymentRow) -> Decimal | None:
    """How much is to be decided about, by either side's dispute; None: nobody disputes it."""
    is_open = (DisputeRow.payment_id == payment.id, DisputeRow.state == "open")
    return session.scalar(select(func.sum(DisputeRow.amount)).where(*is_open))


def disputable_of(session: Session, payment: PaymentRow) -> Decimal:
    """What of a claim is not approved yet, set aside, and disputed by nobody."""
    is_open = (DisputeRow.payment_id == payment.id, DisputeRow.state == "open")
    taken = session.scalar(select(func.sum(DisputeRow.of_claim)).where(*is_open)) or Decimal(0)
    return min(left_of(session, payment, sum_of(payment.lines)), max(Decimal(0), payment.held - taken))


def unanswered(payment: PaymentRow) -> list[dict[str, Any]]:
    """The expenses and ways that the technician asked for and the client has not answered."""
    return [each for each in payment.extras if each["state"] == "asked"]


def check_answered(payments: Sequence[PaymentRow], wish: str) -> None:
    """Whether everything that was asked for on top is answered.

    Raises
    ------
    Conflict
        When it is not, naming each.
    """
    asked = [f"{each['code']} {each['amount']} {row.currency}" for row in payments for each in unanswered(row)]
    if asked:
        raise Conflict(f"not answered: {', '.join(asked)}", wish, ("approve or refuse each", "approve a part"))


def refused_of(payment: PaymentRow) -> Decimal:
    """What the client refused of the expenses and ways that the technician asked for."""
    return sum((Decimal(each["amount"]) for each in payment.extras if each["state"] == "refused"), Decimal(0))


def expenses_of(payment: PaymentRow) -> Decimal:
    """What pays back what the technician laid out: expenses that the client approved, and what a dispute awarded."""
    mine = [each for each in payment.extras if each["kind"] == "expense"]
    approved = sum((Decimal(each["amount"]) for each in mine if each["state"] == "approved"), Decimal(0))
    return approved + sum((Decimal(each["awarded"]) for each in mine if "awarded" in each), Decimal(0))


def taken_off(payment: PaymentRow) -> Decimal:
    """How much less is claimed because of penalties that the technician has not contested, and still may."""
    penalties = sum((Decimal(each["amount"]) for each in payment.extras if is_contestable(each)), Decimal(0))
    left = sum((Decimal(line["amount"]) for line in payment.lines), Decimal(0))
    return max(Decimal(0), left + penalties) - max(Decimal(0), left)


def is_contestable(extra: dict[str, Any]) -> bool:
    """Whether it is a penalty that counts, and that nobody has contested or let stand."""
    return bool(extra["kind"] == "penalty" and extra["state"] == "approved")


def _of_work(session: Session, payment: PaymentRow, only_agreed: bool) -> tuple[PayLine, ...]:
    terms = payment.terms
    pay = Pay(terms["pay"]["kind"], Decimal(terms["pay"]["amount"]), payment.currency)
    rates = Rates.from_document(terms["rates"])
    worked = Worked(
        _spans(session, payment.assignment_id, only_agreed),
        terms["zone"],
        Decimal(terms["agreed_h"]),
        num_devices=_devices(session, payment, rates),
    )
    return pay_lines(pay, rates, worked, is_holiday=holidays_of(terms["region"]))


def _spans(session: Session, assignment_id: UUID, only_agreed: bool) -> list[tuple[datetime, datetime]]:
    wanted = (
        select(TimeEntryRow.started_at, TimeEntryRow.ended_at)
        .where(
            TimeEntryRow.assignment_id == assignment_id,
            TimeEntryRow.state == "current",
            TimeEntryRow.kind.in_(PAID_KINDS),
            TimeEntryRow.ended_at.is_not(None),
        )
        .order_by(TimeEntryRow.started_at)
    )
    if only_agreed:
        wanted = wanted.where(TimeEntryRow.agreed_at.is_not(None))
    return [(start, end) for start, end in session.execute(wanted) if end is not None]


def _devices(session: Session, payment: PaymentRow, rates: Rates) -> int:
    """Devices done on their visit: one for each serial number that was handed in and not sent back."""
    if rates.per_device is None:
        return 0
    visit = select(AssignmentRow.visit_id).where(AssignmentRow.id == payment.assignment_id).scalar_subquery()
    serials = select(DeliverableRow.written).where(
        DeliverableRow.visit_id == visit, DeliverableRow.kind == "serial", DeliverableRow.state != "sent_back"
    )
    return len(set(session.scalars(serials)))


def _of_charges(session: Session, payment: PaymentRow) -> list[PayLine]:
    rows = session.scalars(
        select(ChargeRow).where(ChargeRow.assignment_id == payment.assignment_id).order_by(ChargeRow.id)
    )
    return [PayLine(row.kind, _ONE, row.amount, row.amount) for row in rows]


def _granted(session: Session, assignment: AssignmentRow) -> list[PayLine]:
    """What the client granted on the day, beyond the pay."""
    rows = session.scalars(
        select(SiteRequestRow.granted_amount).where(
            SiteRequestRow.visit_id == assignment.visit_id,
            SiteRequestRow.technician_id == assignment.technician_id,
            SiteRequestRow.state == "granted",
            SiteRequestRow.granted_amount > 0,
        )
    )
    return [PayLine("granted", _ONE, amount, amount) for amount in rows if amount is not None]


def _extra(payment: PaymentRow, extra: dict[str, Any]) -> PayLine:
    amount = Decimal(extra["amount"]) * (-1 if extra["kind"] == "penalty" else 1)
    if extra["kind"] == "travel":
        units = Decimal(extra["units"])
        return PayLine(extra["code"], units, Decimal(payment.terms["rates"][extra["code"]]), amount)
    return PayLine(extra["code"], _ONE, amount, amount)
