"""Whose visit is it? Found for who is on it, or dispatches it; for nobody else is there one."""

from uuid import UUID

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.reading import is_work
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, VisitRow


def find_visit(session: Session, actor: Actor, visit_id: UUID) -> VisitRow:
    """The visit, if the actor is on it or dispatches for its client.

    Raises
    ------
    NotFound
        When it is not: another's is not told apart from none.
    """
    visit = session.scalars(select(VisitRow).where(VisitRow.id == visit_id)).one_or_none()
    if visit is None or not (is_clients(actor, visit.client_id) or is_on_it(session, actor, visit.job_id, visit_id)):
        raise NotFound("visit", visit_id)
    return visit


def find_visit_ever(session: Session, actor: Actor, visit_id: UUID) -> VisitRow:
    """The visit, if the actor is or was on it, or works for its client: to look back, not to move it.

    Raises
    ------
    NotFound
        When neither.
    """
    visit = session.scalars(select(VisitRow).where(VisitRow.id == visit_id)).one_or_none()
    if visit is None:
        raise NotFound("visit", visit_id)
    if not is_clients(actor, visit.client_id) and actor.kind != "gateway" and not _was_on(session, actor, visit_id):
        raise NotFound("visit", visit_id)
    return visit


def _was_on(session: Session, actor: Actor, visit_id: UUID) -> bool:
    mine = select(AssignmentRow.id).where(AssignmentRow.visit_id == visit_id, of_actor(actor))
    return session.scalar(mine.limit(1)) is not None


def of_actor(actor: Actor) -> ColumnElement[bool]:
    """The condition that an assignment is the technician's own, or of one of the company's; no one else has any."""
    if actor.technician_id is not None:
        return AssignmentRow.technician_id == actor.technician_id
    if actor.company_id is not None:
        return AssignmentRow.company_id == actor.company_id
    return false()


def find_own_job(session: Session, actor: Actor, job_id: UUID) -> JobRow:
    """The job, if the actor is on one of its visits or works for its client.

    Raises
    ------
    NotFound
        When neither.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or not (is_clients(actor, job.client_id) or is_on_it(session, actor, job_id, None)):
        raise NotFound("job", job_id)
    return job


def find_assignment(session: Session, actor: Actor, visit_id: UUID, assignment_id: UUID | None) -> AssignmentRow:
    """The named assignment on a visit, or the only live one of this actor's that works; the visit was found before.

    Raises
    ------
    NotFound
        When there is none of this actor's.
    BadInput
        When there are several and none is named.
    """
    wanted = select(AssignmentRow).where(AssignmentRow.visit_id == visit_id)
    if actor.technician_id is not None:
        wanted = wanted.where(AssignmentRow.technician_id == actor.technician_id)
    elif actor.company_id is not None:
        wanted = wanted.where(AssignmentRow.company_id == actor.company_id)
    if assignment_id is not None:
        found = session.scalars(wanted.where(AssignmentRow.id == assignment_id)).one_or_none()
        if found is None:
            raise NotFound("assignment", assignment_id)
        return found
    live = session.scalars(wanted.where(AssignmentRow.state == "live", is_work()).limit(2)).all()
    if not live:
        raise NotFound("assignment on visit", visit_id)
    if len(live) > 1:
        raise BadInput("assignment_id", None, "name the assignment: several have work on this visit")
    return live[0]


def find_own_assignment(session: Session, actor: Actor, visit_id: UUID, technician_id: UUID | None) -> AssignmentRow:
    """The live assignment on a visit for which the actor speaks: a technician's own, else that of the one named.

    Runs as the engine. Nobody need be named where only one is on the visit for whom the actor may speak.

    Raises
    ------
    NotFound
        When the visit is not the actor's.
    Conflict
        When nobody is on the visit any more.
    BadInput
        When the one named is not on the visit, or several are and none is named.
    """
    visit = find_visit(session, actor, visit_id)
    mine = select(AssignmentRow).where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live", is_work())
    if actor.technician_id is not None:
        technician_id = actor.technician_id
    elif actor.company_id is not None:
        mine = mine.where(AssignmentRow.company_id == actor.company_id)
    found = list(session.scalars(mine.order_by(AssignmentRow.id).execution_options(populate_existing=True)))
    if not found:
        raise Conflict(visit.state, "speak for a technician", ("pick somebody for the open slot",))
    named = [each for each in found if technician_id in (None, each.technician_id)]
    if len(named) != 1:
        who = ", ".join(str(each.technician_id) for each in found)
        raise BadInput("technician_id", technician_id, f"name one of those who are on the visit: {who}")
    return named[0]


def is_clients(actor: Actor, client_id: UUID) -> bool:
    """Whether the actor is staff of this client."""
    return actor.client_id is not None and actor.client_id == client_id


def is_on_it(session: Session, actor: Actor, job_id: UUID, visit_id: UUID | None) -> bool:
    """Whether the actor, or one of their company, has live work on the job (on the visit, if named).

    An observer has none: they look on, and move nothing.
    """
    if actor.kind == "gateway":
        return True
    mine = select(AssignmentRow.id).where(AssignmentRow.job_id == job_id, AssignmentRow.state == "live", is_work())
    if visit_id is not None:
        mine = mine.where(AssignmentRow.visit_id == visit_id)
    if actor.technician_id is not None:
        mine = mine.where(AssignmentRow.technician_id == actor.technician_id)
    elif actor.company_id is not None:
        mine = mine.where(AssignmentRow.company_id == actor.company_id)
    else:
        return False
    return session.scalar(mine.limit(1)) is not None
