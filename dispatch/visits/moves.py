"""What happens on the day? Confirmed, on the way, checked in, checked out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.lifecycle import VISIT, move, states_with
from dispatch.jobs.reading import is_work
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, VisitRow
from dispatch.visits.completion import move_job
from dispatch.visits.finding import find_visit

#: wish -> the event's kind
_TOLD = {"confirm": "confirmed", "leave": "left", "check_in": "checked_in", "check_out": "checked_out"}


def move_visit(session: Session, actor: Actor, visit_id: UUID, wish: str, *, now: datetime) -> str:
    """`confirm`, `leave` (on the way), `check_in` or `check_out` a visit: its new state. Runs as the engine.

    The actor is on the visit, or dispatches for its client. A second technician's `confirm` or `check_in` of the
    same visit finds it there already and is told so. The first check-in starts the job.

    Raises
    ------
    NotFound
        When the visit is not this actor's.
    Conflict
        When the visit's state does not allow it.
    """
    visit = find_visit(session, actor, visit_id)
    state = move(VISIT, visit.state, wish)
    values: dict[str, object] = {"state": state}
    if wish == "confirm":
        values["confirmed_at"] = now
    elif wish == "check_in":
        values["checked_in_at"] = now
    elif wish == "check_out":
        values |= {"checked_out_at": now, "outcome": "complete"}
    moved = session.scalar(
        update(VisitRow)
        .where(VisitRow.id == visit_id, VisitRow.state.in_(states_with(VISIT, wish)), _somebody_is_on_it(visit_id))
        .values(values)
        .returning(VisitRow.id)
    )
    if moved is None:
        session.refresh(visit)
        raise Conflict(visit.state, wish, tuple(VISIT[visit.state]))
    record(session, actor, ("visit", visit_id), _TOLD[wish], client_id=visit.client_id, now=now)
    if wish == "check_in":
        move_job(session, actor, visit.job_id, "start", "started", now)
    return state


def _somebody_is_on_it(visit_id: UUID) -> ColumnElement[bool]:
    live = (AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live", is_work())
    return select(AssignmentRow.id).where(*live).exists()
