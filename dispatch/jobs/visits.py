"""What happens on the day? Confirmed, on the way, checked in, checked out; the job done and approved."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound
from dispatch.jobs.lifecycle import JOB, VISIT, move, states_with
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, VisitRow

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
    visit = _find_visit(session, actor, visit_id)
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
        _move_job(session, actor, visit.job_id, "start", "started", now)
    return state


def finish_job(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """The technician says that the work is done; every visit is checked out. Runs as the engine.

    Raises
    ------
    NotFound
        When the actor is not on the job.
    Conflict
        When a visit is still to come or under way.
    """
    job = _find_own_job(session, actor, job_id)
    unfinished = session.scalars(
        select(VisitRow.state).where(VisitRow.job_id == job_id, VisitRow.state.not_in(("checked_out", "cancelled")))
    ).first()
    if unfinished is not None:
        raise Conflict(f"a visit is {unfinished}", "finish", tuple(VISIT[unfinished]))
    if not _move_job(session, actor, job.id, "finish", "done", now):
        session.refresh(job)
        raise Conflict(job.state, "finish", tuple(JOB[job.state]))


def approve_job(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """The client approves the work: its assignments are finished. Runs as the engine.

    Raises
    ------
    NotFound
        When the job is not the client's.
    Conflict
        When it is not done.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or job.client_id != actor.client_id:
        raise NotFound("job", job_id)
    finished = session.scalars(
        update(AssignmentRow)
        .where(
            AssignmentRow.job_id == job_id,
            AssignmentRow.state == "live",
            select(JobRow.id).where(JobRow.id == job_id, JobRow.state.in_(states_with(JOB, "approve"))).exists(),
        )
        .values(state="finished", ended_at=now, ended_by=actor.kind, ended_why="approved")
        .returning(AssignmentRow.id)
    ).all()
    if not _move_job(session, actor, job_id, "approve", "approved", now):
        session.refresh(job)
        raise Conflict(job.state, "approve", tuple(JOB[job.state]))
    for assignment in finished:
        record(session, actor, ("assignment", assignment), "finished", client_id=job.client_id, now=now)


def _find_visit(session: Session, actor: Actor, visit_id: UUID) -> VisitRow:
    visit = session.scalars(select(VisitRow).where(VisitRow.id == visit_id)).one_or_none()
    if visit is None or not (_is_clients(actor, visit.client_id) or _is_on_it(session, actor, visit.job_id, visit_id)):
        raise NotFound("visit", visit_id)
    return visit


def _find_own_job(session: Session, actor: Actor, job_id: UUID) -> JobRow:
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or not (_is_clients(actor, job.client_id) or _is_on_it(session, actor, job_id, None)):
        raise NotFound("job", job_id)
    return job


def _is_clients(actor: Actor, client_id: UUID) -> bool:
    return actor.client_id is not None and actor.client_id == client_id


def _is_on_it(session: Session, actor: Actor, job_id: UUID, visit_id: UUID | None) -> bool:
    if actor.kind == "gateway":
        return True
    mine = select(AssignmentRow.id).where(AssignmentRow.job_id == job_id, AssignmentRow.state == "live")
    if visit_id is not None:
        mine = mine.where(AssignmentRow.visit_id == visit_id)
    if actor.technician_id is not None:
        mine = mine.where(AssignmentRow.technician_id == actor.technician_id)
    elif actor.company_id is not None:
        mine = mine.where(AssignmentRow.company_id == actor.company_id)
    else:
        return False
    return session.scalar(mine.limit(1)) is not None


def _somebody_is_on_it(visit_id: UUID) -> ColumnElement[bool]:
    return select(AssignmentRow.id).where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live").exists()


def _move_job(session: Session, actor: Actor, job_id: UUID, wish: str, kind: str, now: datetime) -> bool:
    moved = session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state.in_(states_with(JOB, wish)))
        .values(state=_after(wish), version=JobRow.version + 1)
        .returning(JobRow.client_id)
    ).one_or_none()
    if moved is not None:
        record(session, actor, ("job", job_id), kind, client_id=moved[0], now=now)
    return moved is not None


def _after(wish: str) -> str:
    """The one state that a move of a job leads to."""
    return next(moves[wish] for moves in JOB.values() if wish in moves)
