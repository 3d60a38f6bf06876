"""What is open between a client and a technician who part? Offers end; what is assigned stays, and is flagged.

Whoever parts them holds the technician: no acceptance of theirs goes on meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from dispatch.jobs.rounds import withdraw_counters
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, OfferRow
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.visits.alarms import clear_alarms, raise_alarm

#: Somebody whom the client blocked or suspended is still to come.
STILL_TO_COME = "parted_still_to_come"


def withdraw_offers(session: Session, actor: Actor, client_id: UUID, technician_id: UUID, *, now: datetime) -> int:
    """The client asks this technician no more: how many offers ended, each told like any other that is withdrawn."""
    return _end(session, actor, client_id, technician_id, {"state": "withdrawn"}, "withdrawn", {}, now)


def decline_offers(session: Session, actor: Actor, client_id: UUID, technician_id: UUID, *, now: datetime) -> int:
    """The technician wants nothing of this client: their open offers are declined, as if each had been by hand.

    What the client reads of it is a no like any other.
    """
    values = {"state": "declined", "answered_at": now}
    return _end(session, actor, client_id, technician_id, values, "declined", {"reason": "other"}, now)


def flag_assignments(
    session: Session, actor: Actor, client_id: UUID, technician_id: UUID, *, now: datetime
) -> list[UUID]:
    """Raise an alarm about each live assignment between the two that is not over: a dispatcher decides."""
    found = future_assignments(session, client_id, technician_id, now=now)
    for row in found:
        raise_alarm(
            session,
            actor,
            STILL_TO_COME,
            client_id=client_id,
            job_id=row.job_id,
            visit_id=row.visit_id,
            subject_id=row.id,
            due_at=row.start_at,
            now=now,
        )
    return [row.id for row in found]


def unflag_assignments(session: Session, actor: Actor, client_id: UUID, technician_id: UUID, *, now: datetime) -> None:
    """They are together again: nobody need look."""
    of_two = select(AssignmentRow.id).where(
        AssignmentRow.client_id == client_id, AssignmentRow.technician_id == technician_id
    )
    for assignment_id in session.scalars(of_two.where(AssignmentRow.state == "live").order_by(AssignmentRow.id)).all():
        clear_alarms(session, actor, (STILL_TO_COME,), why="together_again", now=now, subject_id=assignment_id)


def future_assignments(
    session: Session, client_id: UUID, technician_id: UUID, *, now: datetime
) -> Sequence[Row[UUID, UUID, UUID, datetime]]:
    """Rows (id, job_id, visit_id, start_at) of live assignments between the two that are not over, the next first."""
    return session.execute(
        select(AssignmentRow.id, AssignmentRow.job_id, AssignmentRow.visit_id, AssignmentRow.start_at)
        .where(
            AssignmentRow.client_id == client_id,
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state == "live",
            AssignmentRow.end_at > now,
        )
        .order_by(AssignmentRow.start_at, AssignmentRow.id)
    ).all()


def _end(
    session: Session,
    actor: Actor,
    client_id: UUID,
    technician_id: UUID,
    values: dict[str, object],
    kind: str,
    told: dict[str, str],
    now: datetime,
) -> int:
    live = (
        select(OfferRow.id)
        .where(
            OfferRow.client_id == client_id,
            OfferRow.technician_id == technician_id,
            OfferRow.state.in_(LIVE_OFFERS),
        )
        .order_by(OfferRow.id)
        .with_for_update()
    )
    offers = list(session.scalars(live))
    if not offers:
        return 0
    session.execute(update(OfferRow).where(OfferRow.id.in_(offers), OfferRow.state.in_(LIVE_OFFERS)).values(values))
    session.execute(withdraw_counters(offers, now))
    for offer_id in offers:
        record(session, actor, ("offer", offer_id), kind, told, client_id=client_id, now=now)
    return len(offers)
