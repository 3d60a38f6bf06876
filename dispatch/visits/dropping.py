"""What if no further trip is wanted? A visit is dropped, and the job goes on without it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.releasing import told_of
from dispatch.money.holding import give_back, lock_payments
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, PaymentRow, SlotRow, VisitRow
from dispatch.visits.alarms import PASSING, clear_alarms
from dispatch.visits.answering import overtake
from dispatch.visits.charging import Owed, book_charges, owed_for
from dispatch.visits.finding import is_clients
from dispatch.visits.openslots import close_slots, hold_slots
from dispatch.visits.presence import lock_visit


def drop_visit(session: Session, actor: Actor, visit_id: UUID, why: str, *, now: datetime) -> list[Owed]:
    """The client wants no such trip: who had it is free, and owed what their terms say. Runs as the engine.

    The job's only visit is not dropped: then the job itself is cancelled.

    Raises
    ------
    NotFound
        When the visit is not the client's.
    Conflict
        When somebody is there, it is over, or the job has no other.
    """
    visit = session.scalars(select(VisitRow).where(VisitRow.id == visit_id)).one_or_none()
    if visit is None or not is_clients(actor, visit.client_id):
        raise NotFound("visit", visit_id)
    others = select(VisitRow.id).where(
        VisitRow.job_id == visit.job_id, VisitRow.id != visit_id, VisitRow.state != "cancelled"
    )
    if session.scalar(others.limit(1)) is None:
        raise Conflict("the job's only visit", "drop it", ("cancel the job",))
    hold_slots(session, visit_id)
    live = _hold_live(session, visit_id)
    visit = lock_visit(session, visit_id)
    if visit.state not in states_with(VISIT, "cancel"):
        raise Conflict(visit.state, "drop it", tuple(VISIT[visit.state]))
    owed = [owed_for(session, each, "cancelled", why, now=now) for each in live]
    _end(session, actor, visit, live, why, now)
    for each, costs in zip(live, owed, strict=True):
        book_charges(session, actor, each, costs.charges, now=now)
    return owed


def _hold_live(session: Session, visit_id: UUID) -> list[AssignmentRow]:
    return list(
        session.scalars(
            select(AssignmentRow)
            .where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live")
            .order_by(AssignmentRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _end(session: Session, actor: Actor, visit: VisitRow, live: list[AssignmentRow], why: str, now: datetime) -> None:
    ids = [each.id for each in live]
    session.execute(
        update(AssignmentRow)
        .where(AssignmentRow.id.in_(ids), AssignmentRow.state == "live")
        .values(state="released", ended_at=now, ended_by=actor.kind, ended_why=why, watch_at=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(SlotRow)
        .where(SlotRow.visit_id == visit.id, SlotRow.state == "filled")
        .values(state="open", technician_id=None)
    )
    visit.state = "cancelled"
    session.flush()
    session.execute(update(BookingRow).where(BookingRow.id.in_([each.booking_id for each in live])).values(live=False))
    overtake(session, actor, ids, "cancelled", now=now)
    clear_alarms(session, actor, PASSING, visit_id=visit.id, why="dropped", now=now)
    lock_payments(session, PaymentRow.assignment_id.in_(ids))
    for each in ids:
        told = {"why": why, **told_of(give_back(session, each, now=now))}
        record(session, actor, ("assignment", each), "released", told, client_id=visit.client_id, now=now)
    close_slots(session, actor, visit, "visit_dropped", now=now, more={"why": why})
