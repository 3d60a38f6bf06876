"""What does it cost to tell somebody off? Cancelled or released, with what is owed booked in the same transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.cancelling import cancel_job
from dispatch.jobs.changes import find_job, lock_slots
from dispatch.jobs.lifecycle import JOB
from dispatch.jobs.releasing import release
from dispatch.money.approving import claim
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, VisitRow
from dispatch.visits.alarms import PASSING, clear_alarms
from dispatch.visits.answering import overtake
from dispatch.visits.charging import Owed, book_charges, owed_for
from dispatch.visits.timelog import stop_clocks


def cancel_work(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> list[Owed]:
    """Cancel a job at any time before it is done; who is there is told to stop. What is owed. Runs as the engine.

    Raises
    ------
    NotFound
        When the job is not the actor's client's.
    Conflict
        When the job has ended, or nothing of it is left to cancel.
    """
    ended = cancel_job(session, actor, job_id, why, now=now, may_have_begun=True)
    stop_clocks(session, actor, job_id, now=now)
    overtake(session, actor, ended, "cancelled", now=now)
    clear_alarms(session, actor, PASSING, job_id=job_id, why="cancelled", now=now)
    owed = []
    for each in ended:
        assignment = session.get_one(AssignmentRow, each, populate_existing=True)
        costs = owed_for(session, assignment, "cancelled", why, now=now)
        book_charges(session, actor, assignment, costs.charges, now=now)
        owed.append(costs)
    # Of what was done before, the pay is claimed: the job cannot be finished any more.
    claim(session, job_id, now=now)
    return owed


def release_from_work(
    session: Session, actor: Actor, assignment_id: UUID, why: str, *, now: datetime
) -> tuple[Owed, UUID | None]:
    """The client ends an assignment: what is owed, and the new round's id. Runs as the engine.

    To the technician it is what a cancellation is. The caller has checked that the assignment is the actor's client's.

    Raises
    ------
    Conflict
        When the assignment has ended, or the work has begun.
    """
    job_id = session.scalars(select(AssignmentRow.job_id).where(AssignmentRow.id == assignment_id)).one()
    lock_slots(session, job_id)
    # With all slots of the job held, nobody who holds an offer of it asks for the assignment: it may be held early.
    assignment = session.get_one(
        AssignmentRow, assignment_id, with_for_update={"key_share": True}, populate_existing=True
    )
    owed = owed_for(session, assignment, "cancelled", why, now=now)
    round_id = release(session, actor, assignment_id, why, now=now)
    overtake(session, actor, [assignment_id], "released", now=now)
    book_charges(session, actor, assignment, owed.charges, now=now)
    return owed, round_id


def preview(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> list[Owed]:
    """What it would cost to cancel at this moment; changes nothing.

    Raises
    ------
    NotFound
        When the job is not the actor's client's.
    Conflict
        When the job can no longer be cancelled.
    """
    job = find_job(session, actor, job_id)
    if "cancel" not in JOB[job.state]:
        raise Conflict(job.state, "cancel", tuple(JOB[job.state]))
    live = session.scalars(
        select(AssignmentRow)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .where(AssignmentRow.job_id == job_id, AssignmentRow.state == "live", VisitRow.state != "checked_out")
        .where(AssignmentRow.presence != "checked_out")
        .order_by(AssignmentRow.id)
    ).all()
    return [owed_for(session, each, "cancelled", why, now=now) for each in live]
