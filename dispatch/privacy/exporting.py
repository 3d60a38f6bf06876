"""What does a person take along? Everything held on them, as a zip of JSON and of their files, made as it is sent.

By the same list as erasure (`holdings`). What is another's, or hidden from them by rule, stays out and is named.
"""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import IO, Any, cast
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, MissingService, NotFound
from dispatch.files.personal import get_personal
from dispatch.files.storing import FileStore
from dispatch.privacy.holdings import STAFF, TECHNICIANS, Held, Holding
from dispatch.record.events import record
from dispatch.record.persons import open_words, place_of
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialRow, DocumentRow, FileRow, StaffRow, TechnicianRow
from dispatch.record.tables.clients import STAFF_ROLES
from dispatch.talent.rights import NETWORK, only

_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
AsEngine = Callable[[], AbstractContextManager[Session]]


def begin_export(session: Session, actor: Actor, technician_id: UUID, *, now: datetime) -> None:
    """Note that somebody takes their data along: they themselves, or the operator for them. Runs as the engine.

    Raises
    ------
    NotFound, Refused, Conflict
        There is no such technician for this actor; the actor is neither they nor the operator; they were erased.
    """
    only(actor, "technician", "operator", doing="exporting a person's data")
    state = session.scalar(select(TechnicianRow.state).where(TechnicianRow.id == technician_id))
    if state is None or (actor.kind == "technician" and actor.technician_id != technician_id):
        raise NotFound("technician", technician_id)
    if state == "erased":
        raise Conflict("erased", "export their data")
    record(session, actor, ("technician", technician_id), "data_exported", client_id=None, now=now)


def begin_staff_export(session: Session, actor: Actor, staff_id: UUID, *, now: datetime) -> None:
    """The same for a person of the staff; an admin takes nobody's along but their own. Runs as the engine.

    Raises
    ------
    NotFound, Refused
        There is no such person for this actor; the actor is not of the staff.
    Conflict
        They were erased.
    """
    only(actor, *STAFF_ROLES, doing="exporting a person's data")
    row = session.get(StaffRow, staff_id)
    if row is None or (actor.kind != "operator" and actor.id != staff_id):
        raise NotFound("member of staff", staff_id)
    if row.erased_at is not None:
        raise Conflict("erased", "export their data")
    subject = NETWORK if row.client_id is None else ("client", row.client_id)
    record(session, actor, subject, "data_exported", {"staff": str(staff_id)}, client_id=row.client_id, now=now)


def export(
    as_engine: AsEngine, store: FileStore, person_id: UUID, held: Held = TECHNICIANS, *, now: datetime
) -> Iterator[bytes]:
    """The zip, piece by piece: tables one after another, then the files; no more than one of them is held at a time."""
    pipe = _Pipe()
    missing: list[str] = []
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        for table, rows in _tables(as_engine, person_id, held):
            archive.writestr(f"data/{table}.json", json.dumps(rows, indent=1, ensure_ascii=False))
            yield pipe.taken()
        for folder_id, file_id, name in [] if held is STAFF else _files(as_engine, person_id):
            try:
                archive.writestr(name, get_personal(store, folder_id, file_id, as_engine))
            except MissingService:
                missing.append(name)
            yield pipe.taken()
        about = {"made_at": now.isoformat(), "withheld": held.withheld, "files_not_there": missing}
        archive.writestr("about.json", json.dumps(about, indent=1))
    yield pipe.taken()


def held_on(session: Session, person_id: UUID, held: Held = TECHNICIANS) -> dict[str, list[dict[str, Any]]]:
    """All rows that an export shows, table by table. Runs as the engine."""
    return {each.table: _rows(session, each, person_id) for each in held.holdings if each.is_shown}


#: table -> its column of sealed words, and the kind of place that they stand in
_SEALED = {"messages": ("words", "message"), "credentials": ("evidence", "credential")}


def _tables(as_engine: AsEngine, person_id: UUID, held: Held) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for each in held.holdings:
        if each.is_shown:
            with as_engine() as session:
                rows = _rows(session, each, person_id)
            yield each.table, rows


def _rows(session: Session, holding: Holding, person_id: UUID) -> list[dict[str, Any]]:
    # The table's name and the condition are the list's own; nothing of them comes from outside.
    table, rows_of = holding.table, f"(SELECT * FROM {holding.table} WHERE {holding.whose})"
    wanted = text(f"SELECT to_jsonb(the_row) - CAST(:hidden AS text[]) FROM {rows_of} AS the_row")
    rows = [row[0] for row in session.execute(wanted, {"t": person_id, "hidden": holding.hidden})]
    if table not in _SEALED:
        return rows
    column, kind = _SEALED[table]
    return [
        {**row, column: row[column] and open_words(session, row[column], place_of(kind, UUID(row["id"])))}
        for row in rows
    ]


def _files(as_engine: AsEngine, technician_id: UUID) -> list[tuple[UUID, UUID, str]]:
    """(folder, id, name in the zip) of all that they handed in."""
    mine = (FileRow.uploaded_by_kind == "technician") & (FileRow.uploaded_by == technician_id)
    with as_engine() as session:
        files = session.execute(
            select(FileRow.client_id, FileRow.id, FileRow.content_type).where(mine, FileRow.erased_at.is_(None))
        ).all()
        pages = session.execute(
            select(DocumentRow.credential_id, DocumentRow.id, DocumentRow.content_type)
            .join(CredentialRow, CredentialRow.id == DocumentRow.credential_id)
            .where(CredentialRow.technician_id == technician_id)
        ).all()
    return [
        (folder_id, id_, f"{kind}/{id_}.{_ENDINGS[content_type]}")
        for kind, rows in (("files", files), ("documents", pages))
        for folder_id, id_, content_type in rows
    ]


class _Pipe:
    """What a zip is written to: keeps what came since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
