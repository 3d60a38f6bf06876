"""Which jobs does a client post again and again? Templates: stored, changed, archived."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.cleared import Owner, cleared_from, put_cleared, without_texts
from dispatch.record.events import record
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import Actor
from dispatch.record.tables import SeriesRow, TemplateRow, new_id
from dispatch.standing.works import check_document


def find_template(session: Session, actor: Actor, template_id: UUID, *, lock: bool = False) -> TemplateRow:
    """The client's template; with `lock` it stays as it is until the transaction ends.

    Raises
    ------
    NotFound
        When there is none for this actor.
    """
    wanted = select(TemplateRow).where(TemplateRow.id == template_id)
    row = session.scalars(wanted.with_for_update(read=True) if lock else wanted).one_or_none()
    if row is None or actor.client_id not in (None, row.client_id):
        raise NotFound("template", template_id)
    return row


def use_template(session: Session, actor: Actor, template_id: UUID) -> TemplateRow:
    """The client's template, to post from; it can be neither changed nor archived meanwhile.

    Raises
    ------
    NotFound
        When there is none for this actor.
    Conflict
        When it was archived.
    """
    row = find_template(session, actor, template_id, lock=True)
    if row.archived_at is not None:
        raise Conflict("archived", "post from it", ("store it anew under the same name",))
    return row


def create_template(
    session: Session, actor: Actor, name: str, document: Mapping[str, Any], *, now: datetime, ring: KeyRing = NO_KEYS
) -> UUID:
    """Store a template: its id. What only the cleared may read is sealed beside it. Runs as the application.

    Raises
    ------
    BadInput
        When the client has a template of this name, or posting would refuse the work.
    """
    kept = without_texts(document)
    check_document(session, actor, kept, "job", now=now)
    row = {"id": new_id(), "client_id": actor.client_id, "name": name, "document": kept, "created_at": now}
    template_id: UUID | None = session.scalar(
        insert(TemplateRow)
        .values(row)
        .on_conflict_do_nothing(index_elements=["client_id", "name"], index_where=TemplateRow.archived_at.is_(None))
        .returning(TemplateRow.id)
    )
    if template_id is None:
        raise _name_taken(name)
    _put_texts(session, actor, template_id, document, ring, now)
    _tell(session, actor, "template_created", template_id, {}, now)
    return template_id


def change_template(
    session: Session,
    actor: Actor,
    template_id: UUID,
    changes: Mapping[str, Any],
    version: int,
    *,
    now: datetime,
    ring: KeyRing = NO_KEYS,
) -> bool:
    """Change name, document, or both, of this version: whether it still was this one. Runs as the application.

    Jobs that were posted keep what they were posted with; a series takes the new document for those to come.

    Raises
    ------
    NotFound, Conflict
        When there is none for this actor; when it was archived.
    BadInput
        As `create_template`.
    """
    if find_template(session, actor, template_id).archived_at is not None:
        raise Conflict("archived", "change it", ("store it anew",))
    columns = dict(changes)
    if "document" in changes:
        columns["document"] = without_texts(changes["document"])
        check_document(session, actor, columns["document"], "job", now=now)
    if "name" in changes:
        _check_name(session, actor, template_id, changes["name"])
    done = session.scalar(
        update(TemplateRow)
        .where(TemplateRow.id == template_id, TemplateRow.version == version, TemplateRow.archived_at.is_(None))
        .values(**columns, version=version + 1)
        .returning(TemplateRow.id)
    )
    if done is not None:
        if "document" in changes:
            _put_texts(session, actor, template_id, changes["document"], ring, now)
        _tell(session, actor, "template_changed", template_id, {"fields": sorted(changes)}, now)
    return done is not None


def archive_template(session: Session, actor: Actor, template_id: UUID, *, now: datetime) -> None:
    """Nobody posts from it any more; its name is free again. Runs as the application.

    Raises
    ------
    NotFound
        When there is none for this actor.
    Conflict
        When it was archived before, or a series that has not ended uses it.
    """
    find_template(session, actor, template_id)
    archived = session.scalar(
        update(TemplateRow)
        .where(TemplateRow.id == template_id, TemplateRow.archived_at.is_(None))
        .values(archived_at=now, version=TemplateRow.version + 1)
        .returning(TemplateRow.id)
    )
    if archived is None:
        raise Conflict("archived", "archive")
    used = session.scalar(select(func.count()).where(SeriesRow.template_id == template_id, SeriesRow.state != "ended"))
    if used:
        raise Conflict(f"used by {used} series", "archive", ("end the series",))
    _tell(session, actor, "template_archived", template_id, {}, now)


def put_template_back(session: Session, actor: Actor, template_id: UUID, *, now: datetime) -> None:
    """It is posted from again, under its name: an archive was taken back. Runs as the application.

    Raises
    ------
    NotFound
        When there is none for this actor.
    Conflict
        When it is not archived, or another has its name by now.
    """
    row = find_template(session, actor, template_id)
    try:
        _check_name(session, actor, template_id, row.name)
    except BadInput as error:
        raise Conflict("its name is another's", "put it back", ("rename the other one",)) from error
    back = session.scalar(
        update(TemplateRow)
        .where(TemplateRow.id == template_id, TemplateRow.archived_at.is_not(None))
        .values(archived_at=None, version=TemplateRow.version + 1)
        .returning(TemplateRow.id)
    )
    if back is None:
        raise Conflict("kept", "put it back", ("archive",))
    _tell(session, actor, "template_put_back", template_id, {}, now)


def _put_texts(
    session: Session, actor: Actor, template_id: UUID, document: Mapping[str, Any], ring: KeyRing, now: datetime
) -> None:
    assert actor.client_id is not None, "templates are a client's"
    own = Owner("template", template_id, actor.client_id)
    try:
        put_cleared(session, own, cleared_from(document.get("cleared"), own), ring, now=now)
    except BadInput as error:
        raise BadInput(f"job.{error.field}", error.value, error.way_out) from error


def _check_name(session: Session, actor: Actor, template_id: UUID, name: str) -> None:
    others = select(TemplateRow.id).where(
        TemplateRow.client_id == actor.client_id,
        TemplateRow.name == name,
        TemplateRow.archived_at.is_(None),
        TemplateRow.id != template_id,
    )
    if session.scalar(others) is not None:
        raise _name_taken(name)


def _name_taken(name: str) -> BadInput:
    return BadInput("name", name, "use a name that none of your templates has")


def _tell(session: Session, actor: Actor, kind: str, template_id: UUID, more: Mapping[str, Any], now: datetime) -> None:
    assert actor.client_id is not None, "templates are a client's"
    told = {"template": str(template_id), **more}
    record(session, actor, ("client", actor.client_id), kind, told, client_id=actor.client_id, now=now)
