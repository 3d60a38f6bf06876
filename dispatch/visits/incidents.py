"""What happened on the site that should not have? An incident is told, a person of the client decides.

An unnamed person on the site flags the assignment they came for; no machine draws a conclusion from it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, FileRow, IncidentRow, VisitRow, new_id
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.finding import find_assignment, find_visit, is_clients


def report_incident(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    kind: str,
    *,
    note: str = "",
    files: Sequence[UUID] = (),
    assignment_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Tell of an incident on a visit: its id. The dispatcher gets an alarm. Runs as the engine.

    Raises
    ------
    NotFound
        When the visit or the assignment is not this actor's.
    BadInput
        When an unnamed person came for one of several assignments, and none is named.
    """
    visit = find_visit(session, actor, visit_id)
    about = _about(session, actor, visit_id, kind, assignment_id)
    _check_files(session, visit, files)
    incident_id = new_id()
    session.execute(
        insert(IncidentRow).values(
            id=incident_id,
            client_id=visit.client_id,
            job_id=visit.job_id,
            visit_id=visit_id,
            assignment_id=about,
            kind=kind,
            note=note,
            files=list(files),
            by_kind=actor.kind,
            by_id=actor.id,
            reported_at=now,
        )
    )
    raise_alarm(
        session,
        actor,
        "incident",
        client_id=visit.client_id,
        job_id=visit.job_id,
        visit_id=visit_id,
        subject_id=incident_id,
        due_at=now,
        now=now,
    )
    told = {
        "job": str(visit.job_id),
        "incident": str(incident_id),
        "what": kind,
        "assignment": str(about) if about else None,
        "files": [str(each) for each in files],
    }
    record(session, actor, ("visit", visit_id), "incident_reported", told, client_id=visit.client_id, now=now)
    return incident_id


def decide_incident(session: Session, actor: Actor, incident_id: UUID, decision: str, *, now: datetime) -> IncidentRow:
    """A person of the client says what it was: `confirmed` or `dismissed`. Runs as the engine.

    Raises
    ------
    NotFound
        When it is not the client's.
    Conflict
        When it was decided already.
    """
    row = session.scalars(select(IncidentRow).where(IncidentRow.id == incident_id)).one_or_none()
    if row is None or not is_clients(actor, row.client_id):
        raise NotFound("incident", incident_id)
    decided = session.scalars(
        update(IncidentRow)
        .where(IncidentRow.id == incident_id, IncidentRow.decision.is_(None))
        .values(decision=decision, decided_at=now)
        .returning(IncidentRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if decided is None:
        session.refresh(row)
        raise Conflict(row.decision or "decided", "decide the incident")
    clear_alarms(session, actor, ("incident",), subject_id=incident_id, why=decision, now=now)
    told = {"job": str(row.job_id), "incident": str(incident_id), "what": row.kind, "decision": decision}
    record(session, actor, ("visit", row.visit_id), "incident_decided", told, client_id=row.client_id, now=now)
    return decided


def is_flagged() -> ColumnElement[bool]:
    """The condition that an assignment has an unnamed person to be explained: nobody has decided yet."""
    return (
        select(IncidentRow.id)
        .where(
            IncidentRow.assignment_id == AssignmentRow.id,
            IncidentRow.kind == "unnamed_person",
            IncidentRow.decision.is_(None),
        )
        .exists()
    )


def _check_files(session: Session, visit: VisitRow, files: Sequence[UUID]) -> None:
    of_job = select(FileRow.id).where(
        FileRow.id.in_(files), FileRow.client_id == visit.client_id, FileRow.job_id == visit.job_id
    )
    known = set(session.scalars(of_job)) if files else set()
    for num, each in enumerate(files):
        if each not in known:
            raise BadInput(f"files[{num}]", each, "send the file to /v1/files with this visit_id first")


def _about(session: Session, actor: Actor, visit_id: UUID, kind: str, assignment_id: UUID | None) -> UUID | None:
    """Whose work it is about: the one named; else, for an unnamed person, the only one there is."""
    if assignment_id is None and kind != "unnamed_person":
        return None
    try:
        return find_assignment(session, actor, visit_id, assignment_id).id
    except NotFound:
        if assignment_id is not None:
            raise
        raise BadInput("assignment_id", None, "name the assignment: nobody has live work on this visit") from None
