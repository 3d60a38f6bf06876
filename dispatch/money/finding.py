"""Whose payment is it, and what is it held for? Found for its sides, held, and changed by whoever holds it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound
from dispatch.money.holding import lock_payments
from dispatch.record.session import Actor
from dispatch.record.tables import PaymentRow
from matching.moneyrules import MoneyRules


def find_payment(session: Session, actor: Actor, payment_id: UUID) -> PaymentRow:
    """A payment of the actor's, held until the transaction ends with the others of its job: limits count them together.

    Raises
    ------
    NotFound
        When it is not the actor's.
    """
    job = select(PaymentRow.job_id).where(PaymentRow.id == payment_id).scalar_subquery()
    found = next((each for each in lock_payments(session, PaymentRow.job_id == job) if each.id == payment_id), None)
    if found is None or not _is_theirs(actor, found):
        raise NotFound("payment", payment_id)
    return found


def lock_of_job(session: Session, job_id: UUID, states: Sequence[str]) -> list[PaymentRow]:
    """The payments of a job in these states, held, by id."""
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


def rules_of(payment: PaymentRow) -> MoneyRules:
    """The client's rules as they stood at the yes."""
    return MoneyRules.from_document(payment.terms["rules"])


def _is_theirs(actor: Actor, payment: PaymentRow) -> bool:
    if actor.client_id is not None:
        return payment.client_id == actor.client_id
    if actor.technician_id is not None and payment.company_id is None:
        return payment.technician_id == actor.technician_id
    return actor.kind == "operator" or (actor.company_id is not None and payment.company_id == actor.company_id)
