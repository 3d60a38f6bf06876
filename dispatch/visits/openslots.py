"""Who is still asked for a visit that is over? Nobody: what was open closes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.jobs.lifecycle import JOB, states_with
from dispatch.jobs.rounds import close_rounds
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, SlotRow, VisitRow


def hold_slots(session: Session, visit_id: UUID) -> None:
    """Lock a visit's slots, before anything else of it: nobody takes one while it ends."""
    session.execute(select(SlotRow.id).where(SlotRow.visit_id == visit_id).order_by(SlotRow.id).with_for_update())


def stop_asking(session: Session, actor: Actor, visit: VisitRow, *, now: datetime) -> None:
    """Close the open slots of a visit that is over, if there are any; the caller holds the slots."""
    some_open = select(SlotRow.id).where(SlotRow.visit_id == visit.id, SlotRow.state == "open").limit(1)
    if session.scalar(some_open) is not None:
        close_slots(session, actor, visit, "slots_closed", now=now)


def close_slots(
    session: Session,
    actor: Actor,
    visit: VisitRow,
    kind: str,
    *,
    now: datetime,
    more: dict[str, str] | None = None,
) -> None:
    """Close a visit's open slots, with their rounds and offers, and tell of it as `kind`; the caller holds the slots.

    A job that waited for those slots alone goes on.
    """
    roles = session.scalars(
        update(SlotRow)
        .where(SlotRow.visit_id == visit.id, SlotRow.state == "open")
        .values(state="closed")
        .returning(SlotRow.role)
    ).all()
    withdrawn = [
        offer
        for role in sorted(set(roles))
        for offer in close_rounds(session, visit.job_id, "withdrawn", now=now, visit_id=visit.id, role=role)
    ]
    some_open = (
        select(SlotRow.id).where(SlotRow.job_id == visit.job_id, SlotRow.state == "open", ~SlotRow.is_observer).exists()
    )
    session.execute(
        update(JobRow)
        .where(JobRow.id == visit.job_id, JobRow.state.in_(states_with(JOB, "go_on")), ~some_open)
        .values(state="in_progress", unfilled=None, version=JobRow.version + 1)
    )
    state = session.scalars(select(JobRow.state).where(JobRow.id == visit.job_id)).one()
    told = {
        "visit": str(visit.id),
        "state": state,
        "num_slots": len(roles),
        "offers_withdrawn": [str(offer) for offer in withdrawn],
        **(more or {}),
    }
    record(session, actor, ("job", visit.job_id), kind, told, client_id=visit.client_id, now=now)
