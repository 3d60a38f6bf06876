"""Is the work worth its pay? Claimed when it is done, approved whole, in parts, or by nobody's word in time; then due.

A payment's row is held while its money moves, and every move has a key of its own: approved twice, approved against
cancelled, a part against the whole, each cent is booked once.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.money.claims import disputed_now, left_of, lines_of, sum_of, taken_off, unanswered
from dispatch.money.committing import within_budget
from dispatch.money.finding import change, find_payment, lock_of_job, rules_of
from dispatch.money.holding import lock_payments, payee_of
from dispatch.money.ledger import About, Owner, account_id, post
from dispatch.money.signing import is_signed
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ChargeRow, PaymentRow
from matching.currencies import has_too_many_digits
from matching.moneyrules import CONTEST_DAYS
from matching.pay import net_of

#: How many jobs are approved by nobody's word in one transaction.
_BATCH = 50


def claim(session: Session, job_id: UUID, *, now: datetime) -> int:
    """The work of a job is done: what is claimed for it, and by when a word is due. How many payments there are."""
    payments = lock_of_job(session, job_id, ("held",))
    for payment in payments:
        rules = rules_of(payment)
        days = rules.approve_after_days
        lines = lines_of(session, payment, only_agreed=False)
        approve_by = now + timedelta(days=days) if days else None
        change(session, payment, lines=lines, approve_by=approve_by)
    return len(payments)


def unclaim(session: Session, job_id: UUID) -> None:
    """The work was sent back: nothing is approved by silence until it is done again."""
    for payment in lock_of_job(session, job_id, ("held",)):
        change(session, payment, approve_by=None)


def approve_all(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> list[UUID]:
    """All that is claimed for a job, by the time agreed to, and not disputed is due: its payments. Runs as the engine.

    Silence is a yes to the expenses and ways too that were asked for within what the offer lists, as it is to the work.
    What was set aside and is not needed goes back to the client; what a penalty took off stays set aside for the days
    in which it may be contested. Where somebody is to decide about a part, the rest is due and that part stays set
    aside. The caller holds the job's row and has agreed to the time.

    Raises
    ------
    Refused
        When somebody of the client approves more than is left of a hard budget; what silence approves is owed.
    """
    done = []
    for payment in lock_of_job(session, job_id, ("held",)):
        if why == "silence":
            _count_asked(session, actor, payment, now)
        claimed = sum_of(lines_of(session, payment, only_agreed=False))
        lines = lines_of(session, payment, only_agreed=True)
        change(session, payment, lines=lines)
        left = left_of(session, payment, claimed, sum_of(lines))
        settle_rest(session, actor, payment, left, why, now=now)
        done.append(payment.id)
    return done


def _count_asked(session: Session, actor: Actor, payment: PaymentRow, now: datetime) -> None:
    """What was asked for, to its cap, and nobody answered in time counts as claimed, each with its event."""
    asked = unanswered(payment)
    if not asked:
        return
    change(
        session,
        payment,
        extras=[{**each, "state": "approved"} if each["state"] == "asked" else each for each in payment.extras],
    )
    for each in asked:
        said = {"state": "approved", "why": "silence", "currency": payment.currency}
        told = {name: each[name] for name in ("id", "code", "kind", "amount")} | said
        subject = ("assignment", payment.assignment_id)
        record(session, actor, subject, "extra_approved", told, client_id=payment.client_id, now=now)


def approve_part(session: Session, actor: Actor, payment_id: UUID, amount: Decimal, *, now: datetime) -> bool:
    """Part of a claim is due at once; the rest stays set aside. Whether it is: a second signature may be wanted.

    Runs as the engine.

    Raises
    ------
    NotFound
        When the payment is not the actor's client's.
    BadInput
        When it is no sum of the currency, or more than is claimed and not yet approved.
    Conflict
        When nothing is claimed yet, or no more is to be approved.
    Refused
        When it is more than the actor may approve, or than is left of a hard budget.
    """
    payment = find_payment(session, actor, payment_id)
    if payment.state != "held" or not payment.lines:
        state = "held, and nothing is claimed yet" if payment.state == "held" else payment.state
        raise Conflict(state, "approve a part")
    check_sum("amount", amount, left_of(session, payment, sum_of(payment.lines)), payment.currency)
    if not is_signed(session, actor, payment, amount, amount - payment.held - payment.beyond, now):
        return False
    with within_budget(session):
        _approve(session, actor, payment, amount, False, "part_approved", now)
    return True


def settle_rest(session: Session, actor: Actor, payment: PaymentRow, left: Decimal, why: str, *, now: datetime) -> None:
    """All that nobody disputes of a held payment is due: it ends with that, or waits for a decision about the rest.

    The caller holds the row.

    Raises
    ------
    Refused
        When somebody of the client approves more than is left of a hard budget.
    """
    is_last = disputed_now(session, payment) is None
    with within_budget(session):
        _approve(session, actor, payment, left, is_last, why, now)
        if not is_last:
            change(session, payment, state="disputed", approved_at=now, approve_by=None)


def late_jobs(session: Session, now: datetime, state: str = "held") -> list[UUID]:
    """Jobs with something claimed, or `due` with a penalty, that nobody said anything about in time."""
    late = select(PaymentRow.job_id).where(PaymentRow.approve_by <= now, PaymentRow.state == state)
    return list(session.scalars(late.distinct().limit(_BATCH)))


def pay_charges(session: Session, assignment_id: UUID, *, now: datetime) -> Decimal | None:
    """What a client owes for work that ended early is due at once, whatever its credit: how much is new.

    While the work goes on, charges are part of its claim. Runs as the engine, each charge once.
    """
    payments = lock_payments(session, PaymentRow.assignment_id == assignment_id)
    if not payments or payments[0].state not in ("released", "due"):
        return None
    payment = payments[0]
    owed = fees = Decimal(0)
    for charge in session.scalars(
        select(ChargeRow).where(ChargeRow.assignment_id == assignment_id).order_by(ChargeRow.id)
    ):
        fee = _take(session, payment, "charge", f"charge:{charge.id}", charge.amount, "funds", now)
        if fee is not None:
            owed, fees = owed + charge.amount, fees + fee
    if owed:
        due, due_at = payment.due + owed - fees, _due_at(payment, now)
        change(session, payment, state="due", due=due, fee=payment.fee + fees, due_at=due_at)
    return owed


def is_disputed(session: Session, job_id: UUID) -> bool:
    """Whether somebody is to decide about pay of this job."""
    open_ones = select(PaymentRow.id).where(PaymentRow.job_id == job_id, PaymentRow.state == "disputed")
    return session.scalar(open_ones.limit(1)) is not None


def check_sum(field: str, amount: Decimal, most: Decimal, currency: str) -> None:
    """Whether it is a sum of money above nothing, at most so much.

    Raises
    ------
    BadInput
        When it is not.
    """
    if not amount.is_finite() or amount <= 0 or has_too_many_digits(amount, currency) or amount > most:
        raise BadInput(field, amount, f"give a sum above 0, at most {most}, in whole minor units of {currency}")


def settle_part(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, *, is_last: bool, why: str, now: datetime
) -> None:
    """Make so much of a held payment due; with the last part, what is left goes back, save what a penalty took off.

    The caller holds the row.
    """
    _approve(session, actor, payment, amount, is_last, why, now)


def _approve(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, is_last: bool, why: str, now: datetime
) -> None:
    amount = max(Decimal(0), amount)
    from_held = min(amount, payment.held)
    key = f"{payment.id}:{payment.version}"
    fee = _take(session, payment, "approve", f"approve:{key}", from_held, "held", now) or Decimal(0)
    fee += _take(session, payment, "charge", f"beyond:{key}", amount - from_held, "funds", now) or Decimal(0)
    left = payment.held - from_held
    off = taken_off(payment) if is_last else Decimal(0)
    kept = min(off, left) if is_last else left
    contest_by = now + timedelta(days=CONTEST_DAYS) if off else None
    release_held(session, payment, left - kept, f"rest:{key}", now)
    due = payment.due + amount - fee
    told = {
        "payment": str(payment.id),
        "amount": str(amount),
        "fee": str(fee),
        "currency": payment.currency,
        "why": why,
    }
    change(
        session,
        payment,
        state=state_after(payment, due, contest_by is not None) if is_last else payment.state,
        held=kept,
        beyond=Decimal(0) if is_last else max(Decimal(0), payment.beyond - amount + from_held),
        refunded=payment.refunded + left - kept,
        due=due,
        fee=payment.fee + fee,
        due_at=_due_at(payment, now),
        approved_at=now if is_last else payment.approved_at,
        approve_by=contest_by if is_last else payment.approve_by,
        approvals=[*payment.approvals, {"by": str(actor.id), "role": actor.kind, "amount": str(amount), "why": why}],
    )
    subject = ("assignment", payment.assignment_id)
    record(session, actor, subject, "pay_approved", told, client_id=payment.client_id, now=now)


def state_after(payment: PaymentRow, due: Decimal, may_be_contested: bool) -> str:
    """Where a payment is with the last part of it approved."""
    if due or may_be_contested:
        return "due"
    return "paid" if payment.paid else "released"


def release_held(session: Session, payment: PaymentRow, amount: Decimal, key: str, now: datetime) -> None:
    """From what is set aside back to the client's funds, once for each key."""
    owner = Owner(client_id=payment.client_id)
    back = {account_id(owner, "held", payment.currency): -amount, account_id(owner, "funds", payment.currency): amount}
    post(session, "release", key, back, _about(payment), now=now)


def _take(
    session: Session, payment: PaymentRow, kind: str, key: str, amount: Decimal, source: str, now: datetime
) -> Decimal | None:
    """From the client's account to the payee's and ours: the fee; None where nothing was to move, or it had before."""
    fee, net = net_of(amount, rules_of(payment).fee_share, payment.currency)
    moves = {
        account_id(Owner(client_id=payment.client_id), source, payment.currency): -amount,
        account_id(Owner(), "fees", payment.currency): fee,
        account_id(payee_of(payment), "due", payment.currency): net,
    }
    return fee if post(session, kind, key, moves, _about(payment), now=now) else None


def _due_at(payment: PaymentRow, now: datetime) -> datetime:
    """What waits for its day already waits no longer because more is due."""
    new = now + timedelta(days=rules_of(payment).pay_after_days)
    return min(new, payment.due_at) if payment.due and payment.due_at else new


def _about(payment: PaymentRow) -> About:
    return About(payment.client_id, payment.technician_id, payment.company_id, payment.id)
