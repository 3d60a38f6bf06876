"""May somebody who was given notice set out, or begin? Their work to come waits for its dispatcher, and for them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.lifecycle import NOT_THERE_YET
from dispatch.record.tables import AssignmentRow, RemovalRow
from dispatch.record.tables.proofs import ENDED_REMOVALS


def check_not_held(session: Session, assignment: AssignmentRow, wish: str, at: datetime) -> None:
    """Raise Conflict when notice of a removal had been given by then, and this work has not begun.

    Whoever was there before the notice was there, however late we learn of it; and what has begun goes on.
    """
    if assignment.presence not in NOT_THERE_YET:
        return
    noticed = select(RemovalRow.id).where(
        RemovalRow.technician_id == assignment.technician_id,
        RemovalRow.state.not_in(ENDED_REMOVALS),
        RemovalRow.created_at <= at,
    )
    if session.scalar(noticed.limit(1)) is not None:
        raise Conflict("held", wish, ("answer the notice",))
