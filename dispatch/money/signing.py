"""Whose yes suffices? By role, up to a limit; above a sum, or past a soft budget, two people sign.

Of a job all that was said yes to counts together: in parts nobody approves more than at once.

People are members of staff by name. A key without one may sign, and its role's limit counts, but it is nobody: who
makes such keys would else be as many people as they like.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import Refused
from dispatch.money.claims import approved_of, argued_of, check_answered, lines_of, sum_of, unanswered
from dispatch.money.committing import is_used_up, needs_second
from dispatch.money.finding import change, lock_of_job, rules_of
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ApiKeyRow, PaymentRow
from matching.moneyrules import Signature, what_is_missing

#: Which words on a payment are somebody's yes for the client; a trigger counts the same.
YES = ("approved", "part_approved", "conceded")


@dataclass(frozen=True, slots=True)
class Lack:
    """What a yes would still lack: `answers` to extras, a role's `limit`, a `second` signature, the `budget`, nothing.

    `limit` is how much their role may approve, `roles` those that may approve all of it.
    """

    missing: str | None
    limit: Decimal
    roles: tuple[str, ...]
    signed: tuple[Signature, ...]


def lack_of(session: Session, actor: Actor, payments: Sequence[PaymentRow]) -> Lack:
    """What the actor's yes to a job with these held payments would lack now; `sign` asks the same."""
    first, (asked, more) = payments[0], _asked_for(session, payments)
    limits, total = rules_of(first).limits, asked + agreed_before(session, first)
    missing = _missing(session, actor, first, total, more)
    if any(unanswered(each) for each in payments):
        missing = "answers"
    if missing is None and is_used_up(session, first.budget_id, more):
        missing = "budget"
    roles = tuple(sorted(role for role, limit in limits.items() if limit >= total))
    return Lack(missing, limits.get(actor.kind, Decimal(0)), roles, signatures_of(session, first))


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
    payments = lock_of_job(session, job_id, ("held",))
    if not payments:
        return True
    check_answered(payments, "approve")
    asked, more = _asked_for(session, payments)
    return is_signed(session, actor, payments[0], asked, more, now)


def is_signed(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal, now: datetime
) -> bool:
    """Whether enough people have signed so much more of a job, the actor among them; `more` is not committed yet.

    A signature is for all of the job up to then: the next part needs another.
    """
    total = amount + agreed_before(session, payment)
    mine = signature(session, str(actor.id), actor.kind, total)
    before = signatures_of(session, payment)
    missing = _missing(session, actor, payment, total, more)
    if missing == "limit":
        refuse_limit(actor, payment, total)
    if missing == "second":
        if all(each.by != mine.by or each.amount < total for each in before):
            signed = {"by": mine.by, "role": mine.role, "amount": str(total), "why": "signed"}
            change(session, payment, approvals=[*payment.approvals, signed])
            told = {"payment": str(payment.id), "amount": str(total), "currency": payment.currency}
            subject = ("assignment", payment.assignment_id)
            record(session, actor, subject, "pay_signed", told, client_id=payment.client_id, now=now)
        return False
    return True


def may_approve(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal) -> bool:
    """Whether the actor's yes to so much of a held payment would lack nothing: limit, signature, budget."""
    more = amount - payment.held - payment.beyond
    if _missing(session, actor, payment, amount + agreed_before(session, payment), more) is not None:
        return False
    return not is_used_up(session, payment.budget_id, more)


def refuse_limit(actor: Actor, payment: PaymentRow, amount: Decimal) -> NoReturn:
    """Say how much the actor's role may approve."""
    limit = rules_of(payment).limits.get(actor.kind, Decimal(0))
    told = f"a {actor.kind} may approve up to {limit} {payment.currency} of a job, not {amount}"
    raise Refused(told, ("only_within_limit",))


def check_alone(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal) -> None:
    """Whether this member of the client's staff may let so much more of a job go without anybody else.

    Raises
    ------
    Refused
        When their role may not, or a second person must sign.
    """
    total = amount + agreed_before(session, payment)
    if amount and what_is_missing(rules_of(payment), (Signature(str(actor.id), actor.kind, total),), total):
        raise Refused(f"you alone may not agree to {total} {payment.currency} of a job", ("only_within_limit",))


def agreed_before(session: Session, payment: PaymentRow) -> Decimal:
    """To how much of the payment's job the client's people have said yes so far, our fee included.

    What was asked back later counts: a yes is not taken back by that. The caller holds the job's payments.
    """
    theirs = select(PaymentRow.approvals).where(
        PaymentRow.client_id == payment.client_id, PaymentRow.job_id == payment.job_id
    )
    return sum((_agreed(approvals) for approvals in session.scalars(theirs)), Decimal(0))


def signatures_of(session: Session, payment: PaymentRow) -> tuple[Signature, ...]:
    """Who has signed so far, while a second signature was missing."""
    kept = [each for each in payment.approvals if each["why"] == "signed"]
    return tuple(signature(session, each["by"], each["role"], Decimal(each["amount"])) for each in kept)


def signature(session: Session, by: str, role: str, amount: Decimal) -> Signature:
    """A yes, and whether it is that of a person: a key that names no member of staff signs with its own id."""
    is_key = session.scalar(select(ApiKeyRow.id).where(ApiKeyRow.id == UUID(by))) is not None
    return Signature(by, role, amount, is_person=not is_key)


def _agreed(approvals: Sequence[Mapping[str, Any]], why: Sequence[str] = YES) -> Decimal:
    return sum((Decimal(each["amount"]) for each in approvals if each["why"] in why), Decimal(0))


def _asked_for(session: Session, payments: Sequence[PaymentRow]) -> tuple[Decimal, Decimal]:
    """What is claimed for a job, not disputed, and not said yes to; and how much of it is not committed yet."""
    asked = more = Decimal(0)
    for each in payments:
        disputed, awarded = argued_of(session, each)
        mine = max(Decimal(0), sum_of(lines_of(session, each, only_agreed=False)) - disputed)
        asked += max(Decimal(0), mine - _agreed(each.approvals, ("part_approved",)))
        more += mine + awarded - each.held - each.beyond - approved_of(each)
    return asked, more


def _missing(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal) -> str | None:
    """What so much would lack with the actor's signature beside those that there are."""
    mine = signature(session, str(actor.id), actor.kind, amount)
    is_passed = needs_second(session, payment.budget_id, payment.job_id, more)
    signed = (*signatures_of(session, payment), mine)
    return what_is_missing(rules_of(payment), signed, amount, is_second_needed=is_passed)
