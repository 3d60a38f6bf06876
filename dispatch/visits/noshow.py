"""What if nobody came? A person calls, and then says so; never a machine. The backup is asked at once.

Where others are on the visit, the place alone is given up: it opens again, on the same visit. Where nobody else is, the
visit is missed, and stays so in the record: what comes after is the job's next visit, at the window that the dispatcher
names, or as soon as may be. Whoever did not come is asked for no visit of this job again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.lifecycle import NOT_THERE_YET, PRESENCE, VISIT, states_with
from dispatch.jobs.reading import is_work
from dispatch.jobs.releasing import find_backup, release
from dispatch.jobs.rounds import close_rounds
from dispatch.jobs.terms import record_terms
from dispatch.money.holding import give_back
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, JobRow, SlotRow, VisitRow
from dispatch.visits.alarms import PASSING, clear_alarms
from dispatch.visits.answering import overtake
from dispatch.visits.finding import find_own_assignment
from dispatch.visits.nextvisit import Window, add_visit
from dispatch.visits.openslots import hold_slots
from dispatch.visits.presence import Moved, lock_visit

#: What a person found out before saying so, as codes.
WHYS = ("called_no_answer", "called_not_coming", "unreachable", "seen_absent", "other")
#: The backup may answer, and come, within this.
_TIME_TO_COME = timedelta(hours=4)


def mark_no_show(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    technician_id: UUID | None,
    why: str,
    *,
    window: Window | None = None,
    now: datetime,
) -> Moved:
    """A dispatcher says that a technician did not come, after the agreed start. Runs as the engine.

    Raises
    ------
    BadInput
        When the reason is none of `WHYS`, or the window cannot be used.
    Conflict
        When the agreed start has not passed, or the technician was there after all.
    NotFound
        When the visit is not the actor's.
    """
    assignment = find_own_assignment(session, actor, visit_id, technician_id)
    if why not in WHYS:
        raise BadInput("why", why, f"send one of {', '.join(WHYS)}")
    if assignment.start_at > now:
        raise Conflict(f"agreed for {assignment.start_at.isoformat()}", "mark a no-show", ("wait", "release"))
    hold_slots(session, visit_id)
    if _others(session, assignment):
        release(session, actor, assignment.id, "no_show", now=now)
        visit = lock_visit(session, visit_id)
        _make_room(session, actor, visit, now)
        overtake(session, actor, [assignment.id], "no_show", now=now)
        clear_alarms(session, actor, visit_id=visit_id, subject_id=assignment.id, why="no_show", now=now)
        return Moved(assignment.id, assignment.presence, visit_id, visit.state)
    backup = _backups(session, assignment)
    visit = _miss(session, actor, assignment, why, now)
    again = window or _as_soon_as_may_be(visit, now)
    next_id = add_visit(session, actor, visit, again, "no_show", first_ask=backup, now=now)
    return Moved(assignment.id, assignment.presence, visit_id, visit.state, next_id)


def _others(session: Session, assignment: AssignmentRow) -> bool:
    others = select(AssignmentRow.id).where(
        AssignmentRow.visit_id == assignment.visit_id,
        AssignmentRow.state == "live",
        AssignmentRow.id != assignment.id,
        is_work(),
    )
    return session.scalar(others.limit(1)) is not None


def _backups(session: Session, assignment: AssignmentRow) -> dict[str, Sequence[UUID]]:
    role = session.scalars(select(SlotRow.role).where(SlotRow.id == assignment.slot_id)).one()
    return {role: find_backup(session, assignment.visit_id, role, assignment.technician_id)}


def _miss(session: Session, actor: Actor, assignment: AssignmentRow, why: str, now: datetime) -> VisitRow:
    """End the assignment and the visit; the statement asks again whether nobody came after all."""
    withdrawn = _close_rounds(session, assignment, now)
    ended = session.scalar(
        update(AssignmentRow)
        .where(
            AssignmentRow.id == assignment.id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(NOT_THERE_YET),
        )
        .values(state="released", ended_at=now, ended_by=actor.kind, ended_why="no_show", watch_at=None)
        .returning(AssignmentRow.id)
    )
    if ended is None:
        session.refresh(assignment)
        state = assignment.presence if assignment.state == "live" else assignment.state
        raise Conflict(state, "mark a no-show", tuple(PRESENCE.get(state, ())))
    session.execute(
        update(SlotRow).where(SlotRow.visit_id == assignment.visit_id).values(state="closed", technician_id=None)
    )
    missed = session.scalar(
        update(VisitRow)
        .where(VisitRow.id == assignment.visit_id, VisitRow.state.in_(states_with(VISIT, "miss")))
        .values(state="missed")
        .returning(VisitRow.id)
    )
    visit = lock_visit(session, assignment.visit_id)
    if missed is None:
        raise Conflict(visit.state, "mark a no-show", tuple(VISIT[visit.state]))
    session.execute(update(BookingRow).where(BookingRow.id == assignment.booking_id).values(live=False))
    overtake(session, actor, [assignment.id], "no_show", now=now)
    clear_alarms(session, actor, PASSING, visit_id=visit.id, why="missed", now=now)
    give_back(session, assignment.id, now=now)
    _tell(session, actor, assignment, why, withdrawn, now)
    return visit


def _close_rounds(session: Session, assignment: AssignmentRow, now: datetime) -> list[UUID]:
    """Close what is still asked for the visit: the offers that ended."""
    roles = session.scalars(select(SlotRow.role).where(SlotRow.visit_id == assignment.visit_id).distinct())
    return [
        offer
        for role in sorted(roles)
        for offer in close_rounds(
            session, assignment.job_id, "withdrawn", now=now, visit_id=assignment.visit_id, role=role
        )
    ]


def _tell(
    session: Session, actor: Actor, assignment: AssignmentRow, why: str, withdrawn: Sequence[UUID], now: datetime
) -> None:
    of = {"job": str(assignment.job_id), "visit": str(assignment.visit_id), "technician": str(assignment.technician_id)}
    client_id = assignment.client_id
    told = of | {"why": "no_show"}
    record(session, actor, ("assignment", assignment.id), "released", told, client_id=client_id, now=now)
    missed = {**of, "assignment": str(assignment.id), "why": why, "state": "missed"}
    more = {"start_at": assignment.start_at.isoformat(), "offers_withdrawn": [str(each) for each in withdrawn]}
    record(session, actor, ("visit", assignment.visit_id), "missed", missed | more, client_id=client_id, now=now)


def _make_room(session: Session, actor: Actor, visit: VisitRow, now: datetime) -> None:
    """Whoever comes instead needs time to come and to work: the window is longer then, under new terms."""
    again = _as_soon_as_may_be(visit, now)
    if again.end_at == visit.window_end_at:
        return
    visit.window_end_at = again.end_at
    session.flush()
    version = session.scalars(
        update(JobRow)
        .where(JobRow.id == visit.job_id)
        .values(terms_version=JobRow.terms_version + 1, version=JobRow.version + 1)
        .returning(JobRow.terms_version)
    ).one()
    record_terms(session, visit.client_id, visit.job_id, version, now)
    told = {"terms_version": version, "visit": str(visit.id), "end_at": again.end_at.isoformat()}
    record(session, actor, ("job", visit.job_id), "window_extended", told, client_id=visit.client_id, now=now)


def _as_soon_as_may_be(visit: VisitRow, now: datetime) -> Window:
    """The window as it was, if the work still fits into what is left of it; else the next hours."""
    work = timedelta(minutes=visit.duration_min)
    left = visit.window_end_at - now
    end_at = visit.window_end_at if left >= work + timedelta(minutes=30) else now + work + _TIME_TO_COME
    return Window(now, end_at, visit.duration_min)
