"""Whose file is it, and who may read it? Kept for a client, by whoever has to do with its work."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.files.examining import Examined
from dispatch.files.personal import put_personal
from dispatch.files.storing import FileStore
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, FileRow, JobRow, PaymentRow, SiteRow, new_id
from dispatch.visits.finding import find_own_job, find_visit

#: A claimed time further than this from when the file came, or further ahead than phones' clocks are, is doubtful.
_CLOSE = timedelta(days=1)
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Belongs:
    """What a file is about: a visit or a job, a site, or a person with whom the client speaks; None: not that.

    A technician who names none of their work names the client.
    """

    visit_id: UUID | None = None
    job_id: UUID | None = None
    site_id: UUID | None = None
    technician_id: UUID | None = None
    client_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file will stand in the record, and the zone of the clocks there."""

    client_id: UUID
    job_id: UUID | None = None
    visit_id: UUID | None = None
    site_id: UUID | None = None
    technician_id: UUID | None = None
    time_zone: str | None = None


def keep_file(
    session: Session, store: FileStore, actor: Actor, file: Examined, belongs: Belongs, *, now: datetime
) -> UUID:
    """Keep a file: its bytes first, then its row, so that no row is ever without bytes. Runs as the engine.

    Bytes whose row does not come to be are swept away later (`orphans`).

    Raises
    ------
    NotFound
        When the visit, job, site, technician or client is not one that this actor has to do with.
    BadInput
        When a technician names nothing, or more than one thing is named.
    MissingService
        When the file store does not take it.
    """
    place = _place(session, actor, belongs)
    file_id = new_id()
    put_personal(session, store, place.client_id, file_id, file.data, actor.technician_id, now=now)
    _write(session, actor, file_id, file, place, now)
    subject = ("job", place.job_id) if place.job_id else ("client", place.client_id)
    told = {"file": str(file_id), "kind": file.kind, "visit": str(place.visit_id) if place.visit_id else None}
    record(session, actor, subject, "file_kept", told, client_id=place.client_id, now=now)
    return file_id


def keep_own(
    session: Session, store: FileStore, actor: Actor, client_id: UUID, file: Examined, *, now: datetime
) -> UUID:
    """Keep a file as the client's own, read by its staff alone: its id. Whoever keeps it records what it is."""
    file_id = new_id()
    store.put(client_id, file_id, file.data)
    _write(session, actor, file_id, file, _Place(client_id), now)
    return file_id


def find_file(session: Session, file_id: UUID) -> FileRow:
    """The file, if the transaction's actor may read it: row-level security decides.

    Its client's staff may; of technicians and their companies those who are on its job, have work at its site, or
    whom it is sent to.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    row = session.scalars(select(FileRow).where(FileRow.id == file_id)).one_or_none()
    if row is None:
        raise NotFound("file", file_id)
    return row


def check_is_kept(row: FileRow) -> None:
    """Raise Conflict where the file's bytes went with the person whose they were."""
    if row.erased_at is not None:
        raise Conflict("erased", "read the file")


def is_time_doubtful(claimed_taken_at: datetime | None, received_at: datetime) -> bool:
    """Whether what the camera claims lies in the future, or more than a day away from when the file came."""
    if claimed_taken_at is None:
        return False
    return claimed_taken_at > received_at + _AHEAD or claimed_taken_at < received_at - _CLOSE


def _write(session: Session, actor: Actor, file_id: UUID, file: Examined, place: _Place, now: datetime) -> None:
    session.execute(
        insert(FileRow).values(
            id=file_id,
            client_id=place.client_id,
            job_id=place.job_id,
            visit_id=place.visit_id,
            site_id=place.site_id,
            technician_id=place.technician_id,
            kind=file.kind,
            content_type=file.content_type,
            num_bytes=len(file.data),
            sha256=file.sha256,
            width=file.width,
            height=file.height,
            claimed_taken_at=_instant(file.claimed_taken_at, place.time_zone),
            received_at=now,
            uploaded_by_kind=actor.kind,
            uploaded_by=actor.id,
        )
    )


def _place(session: Session, actor: Actor, belongs: Belongs) -> _Place:
    named = [each for each in (belongs.visit_id, belongs.job_id, belongs.site_id, belongs.technician_id) if each]
    if len(named) > 1:
        raise BadInput("?", len(named), "name one thing that the file is about: a visit, job, site or technician")
    if belongs.visit_id is not None:
        visit = find_visit(session, actor, belongs.visit_id)
        return _Place(visit.client_id, visit.job_id, visit.id, time_zone=_zone(session, visit.job_id))
    if belongs.job_id is not None:
        job = _find_job(session, actor, belongs.job_id)
        return _Place(job.client_id, job.id, time_zone=_zone(session, job.id))
    if actor.client_id is None:
        return _sent_to_client(session, actor, belongs.client_id)
    return _clients_own(session, actor.client_id, belongs)


def _find_job(session: Session, actor: Actor, job_id: UUID) -> JobRow:
    """The job, if the actor is on it or works for its client, or did it and pay for it may still be disputed."""
    whose = PaymentRow.technician_id if actor.technician_id is not None else PaymentRow.company_id
    unsettled = (
        select(JobRow)
        .join(PaymentRow, PaymentRow.job_id == JobRow.id)
        .join(AssignmentRow, AssignmentRow.id == PaymentRow.assignment_id)
        .where(JobRow.id == job_id, PaymentRow.state.in_(("held", "due", "disputed")))
        .where(AssignmentRow.state == "finished", whose == (actor.technician_id or actor.company_id))
    )
    return session.scalars(unsettled.limit(1)).one_or_none() or find_own_job(session, actor, job_id)


def _clients_own(session: Session, client_id: UUID, belongs: Belongs) -> _Place:
    if belongs.site_id is not None:
        zone = session.scalar(
            select(SiteRow.time_zone).where(SiteRow.id == belongs.site_id, SiteRow.client_id == client_id)
        )
        if zone is None:
            raise NotFound("site", belongs.site_id)
        return _Place(client_id, site_id=belongs.site_id, time_zone=zone)
    if belongs.technician_id is not None:
        if not _has_worked_for(session, client_id, AssignmentRow.technician_id == belongs.technician_id):
            raise NotFound("technician", belongs.technician_id)
        return _Place(client_id, technician_id=belongs.technician_id)
    return _Place(client_id)


def _sent_to_client(session: Session, actor: Actor, client_id: UUID | None) -> _Place:
    """From a technician to a client for whom they have or had work."""
    if client_id is None or actor.technician_id is None:
        raise BadInput("?visit_id", None, "name the visit or job that the file is about")
    if not _has_worked_for(session, client_id, AssignmentRow.technician_id == actor.technician_id):
        raise NotFound("client", client_id)
    return _Place(client_id, technician_id=actor.technician_id)


def _has_worked_for(session: Session, client_id: UUID, whose: object) -> bool:
    work = select(AssignmentRow.id).where(AssignmentRow.client_id == client_id, whose)  # type: ignore[arg-type]
    return session.scalar(work.limit(1)) is not None


def _zone(session: Session, job_id: UUID) -> str:
    return session.scalars(
        select(SiteRow.time_zone).join(JobRow, JobRow.site_id == SiteRow.id).where(JobRow.id == job_id)
    ).one()


def _instant(claimed: datetime | None, time_zone: str | None) -> datetime | None:
    """The claimed time as an instant; without an offset of its own it is read by the site's clocks."""
    if claimed is None:
        return None
    try:
        aware = claimed if claimed.tzinfo else claimed.replace(tzinfo=ZoneInfo(time_zone) if time_zone else UTC)
        return aware.astimezone(UTC)
    except OverflowError:
        return None
