"""May this person read what only the cleared may? Judged, unsealed and recorded in one transaction.

A technician reads while the work is theirs and not checked out, and while they hold what the client demands, by their
own key alone: a company's or a gateway's speaks for people and is none. Of the client's staff those read who have the
right (`matching.disclosure.STAFF_WHO_READ`). The database's lock on the technician makes a revocation come before or
after, never in between.
"""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, Refused
from dispatch.jobs.cleared import Owner, read_cleared
from dispatch.jobs.reading import is_work, read_requirements
from dispatch.record.events import record
from dispatch.record.sealing import KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow
from dispatch.talent.reading import lock_technician
from matching.disclosure import STAFF_WHO_READ, lacking
from matching.proof import needed_keys

#: The kind of event that each reading is.
READ = "cleared_read"


def read_cleared_texts(session: Session, actor: Actor, job_id: UUID, ring: KeyRing, *, now: datetime) -> dict[str, str]:
    """The cleared texts of a job by name; that they were read is an event. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such job, or it is not the actor's.
    Refused
        When the actor lacks the right, or credentials: names their kinds.
    MissingService, Damaged
        When a text cannot be unsealed.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None:
        raise NotFound("job", job_id)
    if actor.client_id is not None:
        _check_staff(actor, job)
    else:
        _check_technician(session, actor, job, now)
    texts = read_cleared(session, Owner("job", job.id, job.client_id), ring)
    if texts:
        record(session, actor, ("job", job_id), READ, {"names": sorted(texts)}, client_id=job.client_id, now=now)
    return texts


def kinds_lacking(session: Session, technician_id: UUID, job: JobRow, *, now: datetime) -> tuple[str, ...]:
    """Kinds of credential that this technician, whom the transaction locks, would need today and does not hold."""
    site = session.scalars(select(SiteRow).where(SiteRow.id == job.site_id)).one()
    technician = lock_technician(session, technician_id, now=now)
    held = technician.credentials if technician is not None and technician.is_active else {}
    asked = read_requirements(session, job.client_id)
    needed = needed_keys(job.disclosure.get("cleared_for", ()), asked, site.region)
    return lacking(needed, held, now.astimezone(ZoneInfo(site.time_zone)).date().toordinal())


def _check_staff(actor: Actor, job: JobRow) -> None:
    if actor.client_id != job.client_id:
        raise NotFound("job", job.id)
    if actor.kind not in STAFF_WHO_READ:
        raise Refused(f"cleared texts are for {' and '.join(STAFF_WHO_READ)}: ask one of them", ("only_cleared_staff",))


def _check_technician(session: Session, actor: Actor, job: JobRow, now: datetime) -> None:
    if actor.kind != "technician" or actor.technician_id is None:
        raise NotFound("job", job.id)
    missing = kinds_lacking(session, actor.technician_id, job, now=now)
    # Looked at with the technician held: whoever gives the work back or takes it away waits, or was before.
    mine = select(AssignmentRow.id).where(
        AssignmentRow.job_id == job.id,
        AssignmentRow.technician_id == actor.technician_id,
        AssignmentRow.state == "live",
        AssignmentRow.presence != "checked_out",
        is_work(),
    )
    if session.scalar(mine.with_for_update(read=True).limit(1)) is None:
        raise NotFound("job", job.id)
    if missing:
        words = f"you need {', '.join(missing)} in force to read this: hand it in, or ask the client"
        raise Refused(words, tuple(f"only_with:{kind}" for kind in missing))
