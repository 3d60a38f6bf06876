"""Is somebody coming, and when? Confirm, set out, run late."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.lifecycle import NOT_THERE_YET
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow
from dispatch.visits.alarms import clear_alarms
from dispatch.visits.finding import find_own_assignment
from dispatch.visits.holding import check_not_held
from dispatch.visits.positions import Fix
from dispatch.visits.presence import Moved, advance, follow, tell
from dispatch.visits.travelling import comes_from, drive, site_of

#: Whoever comes later than this needs another time, not a later one.
_LATEST = timedelta(hours=24)


def confirm(session: Session, actor: Actor, visit_id: UUID, technician_id: UUID | None, *, now: datetime) -> Moved:
    """I will be there. Runs as the engine.

    Raises
    ------
    NotFound, BadInput, Conflict
        As `dispatch.visits.presence.advance`.
    """
    assignment = advance(session, actor, visit_id, "confirm", technician_id, now=now, values={"confirmed_at": now})
    visit = follow(session, visit_id, "confirm")
    visit.confirmed_at = visit.confirmed_at or now
    clear_alarms(session, actor, ("not_confirmed",), subject_id=assignment.id, why="confirmed", now=now)
    tell(session, actor, "confirmed", assignment, visit.state, now=now)
    return Moved(assignment.id, assignment.presence, visit_id, visit.state)


def leave(
    session: Session, actor: Actor, visit_id: UUID, technician_id: UUID | None, *, fix: Fix | None = None, now: datetime
) -> Moved:
    """I am on the way: the arrival is estimated from the position given, else from the visit before or the base.

    Raises
    ------
    NotFound, BadInput, Conflict
        As `dispatch.visits.presence.advance`; and when notice was given to them (`dispatch.visits.holding`).
    """
    check_not_held(session, find_own_assignment(session, actor, visit_id, technician_id), "leave", now)
    assignment = advance(session, actor, visit_id, "leave", technician_id, now=now, values={"left_at": now})
    eta_at = now + drive(fix or comes_from(session, assignment), site_of(session, assignment.job_id))
    _expect(session, assignment, eta_at)
    visit = follow(session, visit_id, "leave")
    clear_alarms(session, actor, ("not_confirmed", "not_left"), subject_id=assignment.id, why="on_the_way", now=now)
    tell(session, actor, "left", assignment, visit.state, now=now, data=_expected(assignment))
    return Moved(assignment.id, assignment.presence, visit_id, visit.state)


def run_late(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    technician_id: UUID | None,
    *,
    minutes: int | None = None,
    eta_at: datetime | None = None,
    now: datetime,
) -> Moved:
    """I come later: by `minutes` after the agreed start, or at `eta_at`. The event tells whoever waits.

    Raises
    ------
    BadInput
        When both or neither are given, or the new time has passed or lies a day after the agreed one.
    Conflict
        When the technician is there already.
    NotFound
        As `find_own_assignment`.
    """
    assignment = find_own_assignment(session, actor, visit_id, technician_id)
    if (minutes is None) == (eta_at is None):
        raise BadInput("minutes", minutes, "send minutes or eta_at, one of the two")
    new = eta_at or assignment.start_at + timedelta(minutes=minutes or 0)
    if not now < new <= assignment.start_at + _LATEST:
        way_out = "send a time to come, within a day of the agreed start; else propose another time"
        raise BadInput("eta_at" if eta_at else "minutes", new.isoformat(), way_out)
    moved = session.scalars(
        update(AssignmentRow)
        .where(
            AssignmentRow.id == assignment.id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(NOT_THERE_YET),
        )
        .values(eta_at=new, watch_at=now)
        .returning(AssignmentRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if moved is None:
        session.refresh(assignment)
        raise Conflict(assignment.presence, "run late")
    clear_alarms(session, actor, ("not_left", "no_check_in"), subject_id=moved.id, why="running_late", now=now)
    visit = follow(session, visit_id, "run late")
    tell(session, actor, "running_late", moved, visit.state, now=now, data=_expected(moved))
    return Moved(moved.id, moved.presence, visit_id, visit.state)


def _expect(session: Session, assignment: AssignmentRow, eta_at: datetime) -> None:
    session.execute(update(AssignmentRow).where(AssignmentRow.id == assignment.id).values(eta_at=eta_at))
    session.refresh(assignment)


def _expected(assignment: AssignmentRow) -> dict[str, object]:
    eta_at = assignment.eta_at or assignment.start_at
    late_s = (eta_at - assignment.start_at).total_seconds()
    return {
        "eta_at": eta_at.isoformat(),
        "start_at": assignment.start_at.isoformat(),
        "late_min": max(0, round(late_s / 60)),
    }
