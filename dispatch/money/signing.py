"""Whose yes suffices? By role, up to a limit; above a sum, or past a soft budget, two people sign.

People are members of staff by name. A key without one may sign, and its role's limit counts, but it is nobody: who
makes such keys would else be as many people as they like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NoReturn
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
    first, (claimed, more) = payments[0], _asked_for(session, payments)
    limits = rules_of(first).limits
    missing = _missing(session, actor, first, claimed, more)
    if any(unanswered(each) for each in payments):
        missing = "answers"
    if missing is None and is_used_up(session, first.budget_id, more):
        missing = "budget"
    roles = tuple(sorted(role for role, limit in limits.items() if limit >= claimed))
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
    claimed, more = _asked_for(session, payments)
    return is_signed(session, actor, payments[0], claimed, more, now)


def is_signed(
    session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal, now: datetime
) -> bool:
    """Whether enough people have signed so much, the actor among them; `more` of it is not committed yet."""
    mine = signature(session, str(actor.id), actor.kind, amount)
    before = signatures_of(session, payment)
    missing = _missing(session, actor, payment, amount, more)
    if missing == "limit":
        refuse_limit(actor, payment, amount)
    if missing == "second":
        if all(each.by != mine.by or each.amount < amount for each in before):
            signed = {"by": mine.by, "role": mine.role, "amount": str(amount), "why": "signed"}
            change(session, payment, approvals=[*payment.approvals, signed])
            told = {"payment": str(payment.id), "amount": str(amount), "currency": payment.currency}
            subject = ("assignment", payment.assignment_id)
            record(session, actor, subject, "pay_signed", told, client_id=payment.client_id, now=now)
        return False
    return True


def may_approve(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal) -> bool:
    """Whether the actor's yes to so much of a held payment would lack nothing: limit, signature, budget."""
    more = amount - payment.held - payment.beyond
    if _missing(session, actor, payment, amount, more) is not None:
        return False
    return not is_used_up(session, payment.budget_id, more)


def refuse_limit(actor: Actor, payment: PaymentRow, amount: Decimal) -> NoReturn:
    """Say how much the actor's role may approve."""
    limit = rules_of(payment).limits.get(actor.kind, Decimal(0))
    raise Refused(f"a {actor.kind} may approve up to {limit} {payment.currency}, not {amount}", ("only_within_limit",))


def check_alone(actor: Actor, payment: PaymentRow, amount: Decimal) -> None:
    """Whether this member of the client's staff may let so much go without anybody else.

    Raises
    ------
    Refused
        When their role may not, or a second person must sign.
    """
    if amount and what_is_missing(rules_of(payment), (Signature(str(actor.id), actor.kind, amount),), amount):
        raise Refused(f"you alone may not agree to {amount} {payment.currency}", ("only_within_limit",))


def signatures_of(session: Session, payment: PaymentRow) -> tuple[Signature, ...]:
    """Who has signed so far, while a second signature was missing."""
    kept = [each for each in payment.approvals if each["why"] == "signed"]
    return tuple(signature(session, each["by"], each["role"], Decimal(each["amount"])) for each in kept)


def signature(session: Session, by: str, role: str, amount: Decimal) -> Signature:
    """A yes, and whether it is that of a person: a key that names no member of staff signs with its own id."""
    is_key = session.scalar(select(ApiKeyRow.id).where(ApiKeyRow.id == UUID(by))) is not None
    return Signature(by, role, amount, is_person=not is_key)


def _asked_for(session: Session, payments: Sequence[PaymentRow]) -> tuple[Decimal, Decimal]:
    """What is claimed for a job and not disputed, and how much of it is not committed yet."""
    claimed = more = Decimal(0)
    for each in payments:
        disputed, awarded = argued_of(session, each)
        mine = max(Decimal(0), sum_of(lines_of(session, each, only_agreed=False)) - disputed)
        claimed += mine
        more += mine + awarded - each.held - each.beyond - approved_of(each)
    return claimed, more


def _missing(session: Session, actor: Actor, payment: PaymentRow, amount: Decimal, more: Decimal) -> str | None:
    """What so much would lack with the actor's signature beside those that there are."""
    mine = signature(session, str(actor.id), actor.kind, amount)
    is_passed = needs_second(session, payment.budget_id, payment.job_id, more)
    signed = (*signatures_of(session, payment), mine)
    return what_is_missing(rules_of(payment), signed, amount, is_second_needed=is_passed)
