"""When is the work done, and when is it good? Finish, approve, send back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.lifecycle import JOB, VISIT, states_with
from dispatch.money.approving import approve_all, claim, is_disputed, late_jobs, unclaim
from dispatch.money.signing import sign
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AssignmentRow, JobRow, VisitRow
from dispatch.visits.alarms import clear_alarms
from dispatch.visits.corrections import agree_to_all
from dispatch.visits.evidence import check_handed_in
from dispatch.visits.finding import find_own_job

#: States of a visit that is to come or under way.
_GOING_ON = tuple(state for state, moves in VISIT.items() if moves)


def finish_job(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """The technician says that the work is done; every visit is checked out. Runs as the engine.

    Raises
    ------
    NotFound
        When the actor is not on the job.
    Conflict
        When a visit is still to come or under way.
    Missing
        When something that the job asks for is not handed in, or was sent back.
    """
    job = find_own_job(session, actor, job_id)
    unfinished = session.scalars(
        select(VisitRow.state).where(VisitRow.job_id == job_id, VisitRow.state.in_(_GOING_ON))
    ).first()
    if unfinished is not None:
        raise Conflict(f"a visit is {unfinished}", "finish", tuple(VISIT[unfinished]))
    check_handed_in(session, job.id)
    clear_alarms(session, actor, ("could_not_start",), job_id=job_id, why="finished", now=now)
    if not move_job(session, actor, job.id, "finish", "done", now):
        session.refresh(job)
        raise Conflict(job.state, "finish", tuple(JOB[job.state]))
    claim(session, job.id, now=now)


def approve_job(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> bool:
    """The client approves the work: its assignments are finished, undisputed time is agreed, its pay is due.

    Runs as the engine. Whether it is approved: above a sum, a second person signs before it is.

    Raises
    ------
    NotFound
        When the job is not the client's.
    Conflict
        When it is not done.
    Refused
        When it costs more than the actor may approve.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or job.client_id != actor.client_id:
        raise NotFound("job", job_id)
    if not _hold(session, job):
        raise Conflict(job.state, "approve", tuple(JOB[job.state]))
    if not sign(session, actor, job_id, now=now):
        return False
    _approve(session, actor, job, "approved", now)
    return True


def approve_silently(session: Session, now: datetime) -> int:
    """What nobody said anything about in the days that the client stated is approved: how many jobs.

    Work that was done before its job was cancelled is paid too. What others hold is left to them.
    """
    done = 0
    for job_id in late_jobs(session, now):
        job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one()
        actor = replace(ENGINE, client_id=job.client_id)
        if _hold(session, job, skip_locked=True):
            _approve(session, actor, job, "silence", now)
        elif job.state == "cancelled":
            agree_to_all(session, actor, job_id, now=now)
            approve_all(session, actor, job_id, "silence", now=now)
        else:
            continue
        done += 1
    return done


def _hold(session: Session, job: JobRow, *, skip_locked: bool = False) -> bool:
    """Hold the assignments, then the job, if it can be approved: whether it can."""
    live = select(AssignmentRow.id).where(AssignmentRow.job_id == job.id, AssignmentRow.state == "live")
    mine = session.scalars(
        live.order_by(AssignmentRow.id).with_for_update(key_share=True, skip_locked=skip_locked)
    ).all()
    # Whoever holds one of them may wait for the job: to hold the job and wait for that one would be a ring.
    if skip_locked and set(mine) != set(session.scalars(live)):
        return False
    # What is disputed is decided, not approved.
    held = select(JobRow.id).where(JobRow.id == job.id, JobRow.state == "done")
    if session.scalar(held.with_for_update(key_share=True, skip_locked=skip_locked)) is not None:
        return True
    session.refresh(job)
    return False


def _approve(session: Session, actor: Actor, job: JobRow, why: str, now: datetime) -> None:
    """With assignments and job held: finished, agreed, due, approved."""
    finished = session.scalars(
        update(AssignmentRow)
        .where(AssignmentRow.job_id == job.id, AssignmentRow.state == "live")
        .values(state="finished", ended_at=now, ended_by=actor.kind, ended_why=why)
        .returning(AssignmentRow.id)
    ).all()
    agree_to_all(session, actor, job.id, now=now)
    approve_all(session, actor, job.id, why, now=now)
    if not move_job(session, actor, job.id, "approve", "approved", now):
        session.refresh(job)
        raise Conflict(job.state, "approve", tuple(JOB[job.state]))
    for assignment in finished:
        record(session, actor, ("assignment", assignment), "finished", client_id=job.client_id, now=now)
    if is_disputed(session, job.id):
        move_job(session, actor, job.id, "dispute", "disputed", now)


def send_back_job(
    session: Session, actor: Actor, job_id: UUID, items: Sequence[str], due_at: datetime, *, now: datetime
) -> None:
    """The client sends finished work back, with a list of what is to be mended and by when. Runs as the engine.

    What was handed in is sent back item by item (`dispatch.visits.deliverables`); this is for all else. The list
    stands until the work is sent back again.

    Raises
    ------
    NotFound
        When the job is not the client's.
    BadInput
        When nothing is listed, or the date has passed.
    Conflict
        When it is not done.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or job.client_id != actor.client_id:
        raise NotFound("job", job_id)
    if not items:
        raise BadInput("items", [], "list what is to be mended")
    if due_at <= now:
        raise BadInput("due_at", due_at.isoformat(), "choose a time that has not passed")
    listed = [{"what": what} for what in items]
    if not put_back(session, actor, job_id, listed, due_at, {"num_items": len(items)}, now=now):
        session.refresh(job)
        raise Conflict(job.state, "send back", tuple(JOB[job.state]))
    unclaim(session, job_id)


def put_back(
    session: Session,
    actor: Actor,
    job_id: UUID,
    items: Sequence[Mapping[str, Any]],
    due_at: datetime,
    told: Mapping[str, Any],
    *,
    now: datetime,
) -> bool:
    """Done work is to be mended by `due_at`; the list is kept with the job: whether it was done. As the engine."""
    listed = {"due_at": due_at.isoformat(), "items": list(items)}
    return move_job(
        session, actor, job_id, "send_back", "sent_back", now, {"due_at": due_at.isoformat(), **told}, listed
    )


def move_job(
    session: Session,
    actor: Actor,
    job_id: UUID,
    wish: str,
    kind: str,
    now: datetime,
    told: Mapping[str, Any] | None = None,
    sent_back: Mapping[str, Any] | None = None,
) -> bool:
    """Move a job by a guarded statement, with its event: whether it was in a state that allows it.

    `sent_back` is the new list of what is to be mended; None: the one before stands.
    """
    values: dict[str, Any] = {"state": _after(wish), "version": JobRow.version + 1}
    if sent_back is not None:
        values["sent_back"] = dict(sent_back)
    moved = session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state.in_(states_with(JOB, wish)))
        .values(values)
        .returning(JobRow.client_id)
    ).one_or_none()
    if moved is not None:
        record(session, actor, ("job", job_id), kind, dict(told or {}), client_id=moved[0], now=now)
    return moved is not None


def _after(wish: str) -> str:
    """The one state that a move of a job leads to."""
    return next(moves[wish] for moves in JOB.values() if wish in moves)
