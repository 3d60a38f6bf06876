"""Under which budget is a job counted, and may it be asked for at its price?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Refused
from dispatch.money.committing import check_days, check_room
from dispatch.money.holding import most_pay
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, JobRow, SiteRow, SlotRow, VisitRow
from matching.job import Pay
from matching.rates import Rates


def check_price(session: Session, actor: Actor, job_id: UUID) -> None:
    """Whether what is asked for in open places of a job fits into its budget, and its visits into the budget's days.

    Raises
    ------
    BadInput
        When it is paid in another currency than its budget.
    Refused
        When it does not fit; beyond a soft budget a person needs a reason.
    """
    job, site = session.execute(
        select(JobRow, SiteRow).join(SiteRow, SiteRow.id == JobRow.site_id).where(JobRow.id == job_id)
    ).one()
    if job.budget_id is None or job.state == "draft":
        return
    places = session.execute(
        select(SlotRow, VisitRow)
        .join(VisitRow, VisitRow.id == SlotRow.visit_id)
        .where(SlotRow.job_id == job_id, SlotRow.state == "open")
    ).all()
    _check_currency(session, job, places)
    for visit in {place[1] for place in places}:
        last_start = visit.window_end_at - timedelta(minutes=visit.duration_min)
        for start_at in {visit.window_start_at, last_start}:
            check_days(session, actor, job.budget_id, start_at)
    asking = sum((_most_of(job, site, slot, visit) for slot, visit in places), Decimal(0))
    check_room(session, actor, job.budget_id, asking, job.over_budget is not None)


def named_budget(session: Session, client_id: UUID, code: str | None, where: str = "budget") -> BudgetRow | None:
    """The client's budget of this code; None where none is named.

    Raises
    ------
    BadInput
        When the client has none of this code.
    """
    if code is None:
        return None
    found = session.scalars(
        select(BudgetRow).where(BudgetRow.client_id == client_id, BudgetRow.code == code)
    ).one_or_none()
    if found is None:
        raise BadInput(where, code, f"name one of your budgets (GET /v1/clients/{client_id}/budgets), or add it first")
    return found


def reason_of(actor: Actor, row: BudgetRow | None, words: str | None, now: datetime) -> dict[str, Any] | None:
    """What a job keeps of why it may go beyond its budget; None where nothing was said.

    Raises
    ------
    BadInput
        When it has no budget, or a hard one, that nobody goes beyond.
    Refused
        When the actor's role gives no reasons.
    """
    if words is None:
        return None
    if row is None or row.is_hard:
        way_out = "raise its amount: nobody goes beyond a hard budget" if row else "name a budget, or leave it out"
        raise BadInput("budget_reason", words, way_out)
    if actor.kind not in row.reason_roles:
        who = " or ".join(row.reason_roles) or "nobody"
        raise Refused(f"a reason to go beyond budget {row.code} is given by {who}", ("only_reason_roles",))
    return {"reason": words, "by": str(actor.id), "role": actor.kind, "at": now.isoformat()}


def _check_currency(session: Session, job: JobRow, places: Sequence[Row[SlotRow, VisitRow]]) -> None:
    currency = session.scalars(select(BudgetRow.currency).where(BudgetRow.id == job.budget_id)).one()
    other = next((slot.currency for slot, _ in places if slot.currency != currency), None)
    if other is not None:
        raise BadInput("budget", other, f"pay the job in its budget's currency, {currency}")


def _most_of(job: JobRow, site: SiteRow, slot: SlotRow, visit: VisitRow) -> Decimal:
    pay = Pay(slot.pay_kind, slot.pay_amount, slot.currency)  # type: ignore[arg-type]
    rates = Rates.from_document(job.day_policy.get("rates", {}))
    return most_pay(pay, rates, visit.window_start_at, timedelta(minutes=visit.duration_min), site)
