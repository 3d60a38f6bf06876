"""What exactly was offered? Each version of a job's terms is kept as it stood."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dispatch.record.tables import ClientRow, JobRow, SlotRow, TermsRow, VisitRow


def record_terms(session: Session, client_id: UUID, job_id: UUID, version: int, now: datetime) -> None:
    """Keep what is offered under this version: windows, needs, pay, rates, rules of cancellation, as they stand."""
    session.flush()
    rows = session.execute(
        select(VisitRow, SlotRow, JobRow.day_policy, ClientRow.money)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .join(ClientRow, ClientRow.id == JobRow.client_id)
        .where(VisitRow.job_id == job_id)
    ).all()
    slots = [
        {
            "slot": str(slot.id),
            "role": slot.role,
            "is_observer": slot.is_observer,
            "pay_kind": slot.pay_kind,
            "pay_amount": str(slot.pay_amount),
            "currency": slot.currency,
            "needs": slot.needs,
            "visit": visit.num,
            "start_at": visit.window_start_at.isoformat(),
            "end_at": visit.window_end_at.isoformat(),
            "duration_min": visit.duration_min,
        }
        for visit, slot, *_ in sorted(rows, key=lambda row: (row[0].num, row[1].num))
    ]
    *_, day_policy, money = rows[0]
    terms = {"slots": slots, "cancellation": day_policy.get("cancellation", {}), "rates": day_policy.get("rates", {})}
    if money is not None:
        # The rest of the rules is between the client and the operator.
        terms["money"] = {name: money[name] for name in ("fee_share", "pay_after_days")}
    session.execute(
        insert(TermsRow).values(job_id=job_id, version=version, client_id=client_id, terms=terms, since=now)
    )
