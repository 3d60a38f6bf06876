"""Is a job counted under another budget, or may it go beyond the one it has? What it commits moves along."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.jobs.budgeting import check_price, named_budget, reason_of
from dispatch.jobs.changes import find_job, lock_slots
from dispatch.money.committing import lock_budgets, notice, within_budget
from dispatch.money.holding import lock_payments
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, JobRow, PaymentRow


def put_budget(
    session: Session, actor: Actor, job_id: UUID, code: str | None, words: str | None, *, now: datetime
) -> UUID | None:
    """Count a job under this budget, or none: its id. `words` say why it may go beyond a soft one. As the engine.

    Raises
    ------
    NotFound
        When the job is not the actor's client's.
    BadInput
        When the client has no such budget, or a reason fits none.
    Refused
        When what is committed and asked for does not fit, or the actor's role gives no reasons.
    """
    find_job(session, actor, job_id)
    lock_slots(session, job_id)
    job = session.get_one(JobRow, job_id, with_for_update={"key_share": True}, populate_existing=True)
    row = named_budget(session, job.client_id, code)
    reason = reason_of(actor, row, words, now)
    after = None if row is None else row.id
    if reason is None and after == job.budget_id:
        reason = job.over_budget
    # The budgets in their order, before the accounts that follow the payments.
    payments = select(PaymentRow.id).where(PaymentRow.job_id == job_id).order_by(PaymentRow.id)
    session.execute(payments.with_for_update(key_share=True))
    lock_budgets(session, (job.budget_id, after))
    lock_payments(session, PaymentRow.job_id == job_id)
    moved = after != job.budget_id
    values = {"budget_id": after, "over_budget": reason}
    session.execute(
        update(JobRow).where(JobRow.id == job_id).values(values).execution_options(synchronize_session=False)
    )
    session.refresh(job)
    if moved:
        _move_payments(session, job_id, after)
        notice(session, actor, after, job_id, now=now)
    check_price(session, actor, job_id)
    if words is not None and row is not None:
        _tell_reason(session, actor, job, row, now)
    return after


def code_of(session: Session, job: JobRow) -> str | None:
    """The code of a job's budget."""
    return session.scalar(select(BudgetRow.code).where(BudgetRow.id == job.budget_id)) if job.budget_id else None


def _move_payments(session: Session, job_id: UUID, after: UUID | None) -> None:
    with within_budget(session):
        session.execute(
            update(PaymentRow)
            .where(PaymentRow.job_id == job_id)
            .values(budget_id=after, version=PaymentRow.version + 1)
            .execution_options(synchronize_session=False)
        )


def _tell_reason(session: Session, actor: Actor, job: JobRow, row: BudgetRow, now: datetime) -> None:
    """That there is a reason, and whose; its words stay with the job."""
    told = {"budget": str(row.id), "committed": str(row.committed), "amount": str(row.amount)}
    record(session, actor, ("job", job.id), "budget_reasoned", told, client_id=job.client_id, now=now)
