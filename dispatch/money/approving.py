"""Is the work worth its pay? Claimed when it is done, approved whole, in parts, or by nobody's word in time; then due.

A payment's row is held while its money moves, and every move has a key of its own: approved twice, approved against
cancelled, a part against the whole, each cent is booked once.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.money.claims import check_answered, lines_of, sum_of, taken_off, unanswered
from dispatch.money.committing import is_used_up, needs_second, within_budget
from dispatch.money.holding import lock_payments, payee_of
from dispatch.money.ledger import About, Owner, account_id, post
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ChargeRow, PaymentRow
from matching.currencies import has_too_many_digits
from matching.moneyrules import CONTEST_DAYS, MoneyRules, Signature, what_is_missing
from matching.pay import net_of

#: How many jobs are approved by nobody's word in one transaction.
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Lack:
    """What somebody's yes would still lack: their role's `limit`, a `second` signature, the `budget`, or nothing.

    `limit` is how much their role may approve, `roles` those that may approve all of it.
    """

    missing: str | None
    limit: Decimal
    roles: tuple[str, ...]
    signed: tuple[Signature, ...]


def lack_of(session: Session, actor: Actor, payments: Sequence[PaymentRow]) -> Lack:
    """What the actor's yes to a job with these held payments would lack now; `sign` asks the same."""
    first, (claimed, more) = payments[0], _asked_for(session, payments)
    limits = _rules(first).limits
    missing = _missing(session, actor, first, claimed, more)
    if missing is None and is_used_up(session, first.budget_id, more):
        missing = "budget"
    roles = tuple(sorted(role for role, limit in limits.items() if limit >= claimed))
    return Lack(missing, limits.get(actor.kind, Decimal(0)), roles, signatures_of(first))


def claim(session: Session, job_id: UUID, *, now: datetime) -> int:
    """The work of a job is done: what is claimed for it, and by when a word is due. How many payments there are."""
    payments = _lock_of_job(session, job_id, ("held",))
    for payment in payments:
        rules = _rules(payment)
        days = rules.approve_after_days
        lines = lines_of(session, payment, only_agreed=False)
        approve_by = now + timedelta(days=days) if days else None
        change(session, payment, lines=lines, approve_by=approve_by)
    return len(payments)


def unclaim(session: Session, job_id: UUID) -> None:
    """The work was sent back: nothing is approved by silence until it is done again."""
    for payment in _lock_of_job(session, job_id, ("held",)):
        change(session, payment, approve_by=None)


def sign(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> bool:
    """Whether the actor's approval of a job suffices; one that a second person must sign too is kept.

    A second one signs above the sum that the client's rules state, and where a soft budget is passed without a reason.

    Raises
    ------
    Refused
        When it is more than the actor's role may approve, and nobody who may has signed.
    Conflict
        When the technician asked for something that nobody answered: a yes to the rest would drop it.
    """
    payments = _lock_of_job(session, job_id, ("held",))
    if not payments:
        return True
    check_answered(payments, "approve")
    claimed, more = _asked_for(session, payments)
    return _signed(session, actor, payments[0], claimed, more, now)


def approve_all(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> list[UUID]:
    """All that is claimed for a job, by the time agreed to, and not disputed is due: its payments. Runs as the engine.

    Silence is a yes to the expenses and ways too that were asked for within what the offer lists, as it is to the work.
    What was set aside and is not needed goes back to the client; what a penalty took off stays set aside for the days
    in which it may be contested. The caller holds the job's row and has agreed to the time.

    Raises
    ------
    Refused
        When somebody of the client approves more than is left of a hard budget; what silence approves is owed.
    """
    done = []
    for payment in _lock_of_job(session, job_id, ("held",)):
        if why == "silence":
            _count_asked(session, actor, payment, now)
        lines = lines_of(session, payment, only_agreed=True)
        change(session, payment, lines=lines)
        with within_budget(session):
            _approve(session, actor, payment, sum_of(lines) - approved_of(payment), True, why, now)
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
    left = sum_of(payment.lines) - approved_of(payment)
    check_sum("amount", amount, left, payment.currency)
    if not _signed(session, actor, payment, amount, amount - payment.held - payment.beyond, now):
        return False
    with within_budget(session):
        _approve(session, actor, payment, amount, False, "part_approved", now)
    return True


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


def approved_of(payment: PaymentRow) -> Decimal:
    """What was approved of a payment so far, our fee included."""
    return payment.due + payment.paid + payment.fee


def find_payment(session: Session, actor: Actor, payment_id: UUID) -> PaymentRow:
    """A payment of the actor's, held until the transaction ends.

    Raises
    ------
    NotFound
        When it is not the actor's.
    """
    found = next(iter(lock_payments(session, PaymentRow.id == payment_id)), None)
    if found is None or not _is_theirs(actor, found):
        raise NotFound("payment", payment_id)
    return found


def check_sum(field: str, amount: Decimal, most: Decimal, currency: str) -> None:
    """Whether it is a sum of money above nothing, at most so much.

    Raises
    ------
    BadInput
        When it is not.
    """
    if not amount.is_finite() or amount <= 0 or has_too_many_digits(amount, currency) or amount > most:
        raise BadInput(field, amount, f"give a sum above 0, at most {most}, in whole minor units of {currency}")


def check_alone(actor: Actor, payment: PaymentRow, amount: Decimal) -> None:
    """Whether this member of the client's staff may let so much go without anybody else.

    Raises
    ------
    Refused
        When their role may not, or a second person must sign.
    """
    if amount and what_is_missing(_rules(payment), (Signature(str(actor.id), actor.kind, amount),), amount):
        raise Refused(f"you alone may not agree to {amount} {payment.currency}", ("only_within_limit",))


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
    fee, net = net_of(amount, _rules(payment).fee_share, payment.currency)
    moves = {
        account_id(Owner(client_id=payment.client_id), source, payment.currency): -amount,
        account_id(Owner(), "fees", payment.currency): fee,
        account_id(payee_of(payment), "due", payment.currency): net,
    }
    return fee if post(session, kind, key, moves, _about(payment), now=now) else None


def _signed(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal, now: datetime) -> bool:
    """Whether enough people have signed so much, the actor among them; `more` of it is not committed yet."""
    mine = Signature(str(actor.id), actor.kind, amount)
    before = signatures_of(payment)
    missing = _missing(session, actor, payment, amount, more)
    if missing == "limit":
        limit = _rules(payment).limits.get(actor.kind, Decimal(0))
        raise Refused(
            f"a {actor.kind} may approve up to {limit} {payment.currency}, not {amount}", ("only_within_limit",)
        )
    if missing == "second":
        if all(each.by != mine.by or each.amount < amount for each in before):
            signed = {**asdict(mine), "amount": str(amount), "why": "signed"}
            change(session, payment, approvals=[*payment.approvals, signed])
            told = {"payment": str(payment.id), "amount": str(amount), "currency": payment.currency}
            subject = ("assignment", payment.assignment_id)
            record(session, actor, subject, "pay_signed", told, client_id=payment.client_id, now=now)
        return False
    return True


def signatures_of(payment: PaymentRow) -> tuple[Signature, ...]:
    """Who has signed so far, while a second signature was missing."""
    kept = [each for each in payment.approvals if each["why"] == "signed"]
    return tuple(Signature(each["by"], each["role"], Decimal(each["amount"])) for each in kept)


def _asked_for(session: Session, payments: Sequence[PaymentRow]) -> tuple[Decimal, Decimal]:
    """What is claimed for a job, and how much of it is not committed yet."""
    lines = [lines_of(session, each, only_agreed=False) for each in payments]
    claimed = sum((sum_of(each) for each in lines), Decimal(0))
    return claimed, claimed - sum((each.held + each.beyond + approved_of(each) for each in payments), Decimal(0))


def _missing(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal) -> str | None:
    """What so much would lack with the actor's signature beside those that there are."""
    mine = Signature(str(actor.id), actor.kind, amount)
    is_passed = needs_second(session, payment.budget_id, payment.job_id, more)
    signed = (*signatures_of(payment), mine)
    return what_is_missing(_rules(payment), signed, amount, is_second_needed=is_passed)


def _is_theirs(actor: Actor, payment: PaymentRow) -> bool:
    if actor.client_id is not None:
        return payment.client_id == actor.client_id
    if actor.technician_id is not None and payment.company_id is None:
        return payment.technician_id == actor.technician_id
    return actor.kind == "operator" or (actor.company_id is not None and payment.company_id == actor.company_id)


def _lock_of_job(session: Session, job_id: UUID, states: Sequence[str]) -> list[PaymentRow]:
    return lock_payments(session, PaymentRow.job_id == job_id, PaymentRow.state.in_(states))


def change(session: Session, payment: PaymentRow, **values: Any) -> None:
    """Change a held payment, and move its version; what was changed by somebody else meanwhile is not written over."""
    changed = session.scalar(
        update(PaymentRow)
        .where(PaymentRow.id == payment.id, PaymentRow.version == payment.version)
        .values(version=payment.version + 1, **values)
        .returning(PaymentRow.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise Conflict("changed meanwhile", "change the payment", ("ask again",))
    session.refresh(payment)


def _rules(payment: PaymentRow) -> MoneyRules:
    """The client's rules as they stood at the yes."""
    return MoneyRules.from_document(payment.terms["rules"])


def _due_at(payment: PaymentRow, now: datetime) -> datetime:
    """What waits for its day already waits no longer because more is due."""
    new = now + timedelta(days=_rules(payment).pay_after_days)
    return min(new, payment.due_at) if payment.due and payment.due_at else new


def _about(payment: PaymentRow) -> About:
    return About(payment.client_id, payment.technician_id, payment.company_id, payment.id)
