"""Which pay does a law ask for within days, or should have been there by now? An alarm each, until it is on its way."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE
from dispatch.record.tables import AlarmRow, AssignmentRow, PaymentRow
from dispatch.talent.paydays import PayDay, least_days, pay_days
from dispatch.visits.alarms import clear_these, raise_alarm
from matching.technician import CONTRACTOR

#: So long before the end of its last day pay is told of.
PAY_IS_NEAR = timedelta(days=7)
_UNPAID = ("held", "due", "disputed")


def watch_pay(session: Session, now: datetime) -> int:
    """Raise an alarm about pay whose last day by a law is near or has passed, clear it once it is paid: how many."""
    open_now = {
        alarm.subject_id: alarm
        for alarm in session.scalars(select(AlarmRow).where(AlarmRow.kind == "pay_late", AlarmRow.cleared_at.is_(None)))
    }
    near = _near(session, now)
    gone = [alarm.id for payment, alarm in open_now.items() if payment not in near]
    done = clear_these(session, ENGINE, gone, why="paid", now=now)
    for payment, (client_id, day) in near.items():
        if payment not in open_now:
            raised = raise_alarm(
                session,
                ENGINE,
                "pay_late",
                client_id=client_id,
                due_at=day.late_at,
                now=now,
                job_id=day.job_id,
                subject_id=payment,
            )
            done += raised is not None
    return done


def _near(session: Session, now: datetime) -> Mapping[UUID, tuple[UUID, PayDay]]:
    """Payments of clients, with their last days, that are near it or late."""
    within = least_days()
    if within is None:
        return {}
    # A day more than can be: days of the site have 23 to 25 hours.
    done_by = now - timedelta(days=within - 1) + PAY_IS_NEAR
    rows = session.execute(
        select(PaymentRow.client_id, PaymentRow.job_id)
        .join(AssignmentRow, AssignmentRow.id == PaymentRow.assignment_id)
        .where(
            PaymentRow.state.in_(_UNPAID), PaymentRow.engaged_as == CONTRACTOR, AssignmentRow.checked_out_at <= done_by
        )
        .distinct()
    ).all()
    jobs = defaultdict(set)
    for client_id, job_id in rows:
        jobs[client_id].add(job_id)
    return {
        day.payment_id: (client_id, day)
        for client_id, theirs in jobs.items()
        for day in pay_days(session, client_id, theirs)
        if day.late_at - PAY_IS_NEAR <= now
    }
