"""Who hears ahead that the operator's word on a clearance ends? Its technician, the operator, clients whose work it is.

Proofs are warned of by themselves (`lapses.end_proofs`); a word counts only where no proof clears.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import AssignmentRow, SlotRow, StaffRow, TechnicianRow
from dispatch.talent.clearances import hold_words
from dispatch.talent.credentials import first_day_anywhere

#: How early an end is told of, of a word as of a proof.
WARN = timedelta(days=30)
#: Clients hear who gave them work that needs the clearance in this time, or have such work of theirs to come.
_LOOKS_BACK = timedelta(days=365)


def warn_of_words(session: Session, now: datetime) -> int:
    """Warn of words that end within 30 days, of each last day once: how many. Runs as the engine."""
    warned = session.execute(
        update(TechnicianRow)
        .where(TechnicianRow.id.in_(hold_words(session, _is_due(now))))
        .values(clearance_warned=TechnicianRow.clearance_until)
        .returning(TechnicianRow.id, TechnicianRow.clearance_until)
    ).all()
    operators = [str(each) for each in session.scalars(_OPERATORS)] if warned else []
    for technician_id, until in sorted(warned):
        told = {"valid_until": f"{until}"}
        of = ("technician", technician_id)
        record(session, ENGINE, of, "clearance_ending", told | {"staff": operators}, client_id=None, now=now)
        for client_id in _touched(session, technician_id, now):
            record(session, ENGINE, of, "cleared_work_ending", told, client_id=client_id, now=now)
    return len(warned)


_OPERATORS = select(StaffRow.id).where(StaffRow.client_id.is_(None), StaffRow.left_at.is_(None)).order_by(StaffRow.id)


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Its end is near, and nobody was told of this last day."""
    until = TechnicianRow.clearance_until
    soon = now.astimezone(UTC).date() + WARN
    return until.between(first_day_anywhere(now), soon) & until.is_distinct_from(TechnicianRow.clearance_warned)


def _touched(session: Session, technician_id: UUID, now: datetime) -> Sequence[UUID]:
    """The clients whose work that needs a clearance they have, or had not long ago."""
    return session.scalars(
        select(AssignmentRow.client_id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .where(
            AssignmentRow.technician_id == technician_id,
            AssignmentRow.state.in_(("live", "finished")),
            AssignmentRow.end_at > now - _LOOKS_BACK,
            SlotRow.needs["clearance"].as_boolean(),
        )
        .distinct()
        .order_by(AssignmentRow.client_id)
    ).all()
