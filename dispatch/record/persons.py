"""How does what somebody wrote and handed in go with them, out of every backup too? Sealed under a key of their own.

A person's key, a technician's or one of the staff's, is made when it is first needed and kept sealed with the
installation's ring, in a table that long backups leave out. Once it is destroyed nothing that it sealed can be read
again, wherever a copy lies. Sealed words and bytes say themselves whose key they ask for.

The ring comes with the session (`connect`). An installation without data keys seals nothing, and can erase nobody.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.record.sealing import DataKey, KeyRing, context, key_id_of, new_secret, seal, unseal
from dispatch.record.session import ring_of
from dispatch.record.tables import PersonKeyRow

Whose = Literal["technician", "staff"]
#: What stands where somebody's words were.
ERASED = "[erased]"
#: Before sealed words: a character that no text which is sent may hold.
_MARK = "\x01"
_HEAD = bytes((1, 36))


def seal_words(
    session: Session, person_id: UUID, words: str, place: bytes, *, of: Whose = "technician", now: datetime
) -> str:
    """Words as they are kept, for this place alone; as they are where the installation has no keys. As the engine.

    Raises
    ------
    Conflict
        When the person was erased.
    """
    sealed = seal_bytes(session, person_id, words.encode(), place, of=of, now=now)
    return words if not _is_sealed(sealed) else _MARK + base64.b64encode(sealed).decode()


def open_words(session: Session, stored: str, place: bytes) -> str:
    """Words as they were written; `ERASED` where their writer was. Runs as the engine.

    Raises
    ------
    MissingService, Damaged
        When the ring lacks the key that the person's is sealed with; when they are not what was kept here.
    """
    sealed = _sealed_of(stored)
    if sealed is None:
        return stored
    plain = open_bytes(session, sealed, place)
    return ERASED if plain is None else plain.decode()


def seal_bytes(
    session: Session, person_id: UUID, data: bytes, place: bytes, *, of: Whose = "technician", now: datetime
) -> bytes:
    """The same for a file's bytes; raises as `seal_words`."""
    if not ring_of(session).ids:
        return data
    ring = _ring(session, person_id, of, now)
    if ring is None:
        raise Conflict("erased", "keep anything of theirs")
    return seal(data, ring, place)


def open_bytes(session: Session, stored: bytes, place: bytes) -> bytes | None:
    """A file's bytes as they were handed in; None where whose they were was erased. Raises as `open_words`."""
    if not _is_sealed(stored):
        return stored
    person_id = UUID(key_id_of(stored))
    sealed = session.scalar(select(PersonKeyRow.sealed).where(PersonKeyRow.person_id == person_id))
    return None if sealed is None else unseal(stored, _opened(session, person_id, sealed), place)


def destroy_key(
    session: Session,
    person_id: UUID,
    kept: bytes | None = None,
    until: datetime | None = None,
    *,
    of: Whose = "technician",
    now: datetime,
) -> None:
    """From now on nothing that was sealed for them can be read, and no key of theirs can be made. As the engine.

    `kept` stays until `until`, sealed with the installation's ring: what the law asks to be kept. The database
    refuses it while a legal hold or live work keeps them, and of the staff before their row is overwritten.
    """
    ring = ring_of(session)
    if kept is not None:
        kept = seal(kept, ring, place_of_kept(person_id))
    none = insert(PersonKeyRow).values(
        **_owner(of, person_id), made_at=now, sealed=seal(new_secret(), ring, place_of_key(person_id))
    )
    session.execute(none.on_conflict_do_nothing())
    gone = {"sealed": None, "destroyed_at": now, "kept": kept, "kept_until": until}
    session.execute(update(PersonKeyRow).where(PersonKeyRow.person_id == person_id).values(gone))


def kept_of(session: Session, person_id: UUID) -> dict[str, Any]:
    """What is kept of somebody erased, by law and for its time; nothing after it. Runs as the engine."""
    kept = session.scalar(select(PersonKeyRow.kept).where(PersonKeyRow.person_id == person_id))
    if kept is None:
        return {}
    document: dict[str, Any] = json.loads(unseal(bytes(kept), ring_of(session), place_of_kept(person_id)))
    return document


def place_of(kind: str, id_: UUID) -> bytes:
    """Where something stands: a message's words, a file's bytes, a proof's page."""
    return context("person", kind, id_)


def _ring(session: Session, person_id: UUID, of: Whose, now: datetime) -> KeyRing | None:
    """The person's own ring, made now where there is none; None of somebody erased."""
    wanted = select(PersonKeyRow.sealed).where(PersonKeyRow.person_id == person_id)
    found = session.execute(wanted).one_or_none()
    if found is None:
        sealed = seal(new_secret(), ring_of(session), place_of_key(person_id))
        made = insert(PersonKeyRow).values(**_owner(of, person_id), sealed=sealed, made_at=now)
        session.execute(made.on_conflict_do_nothing())
        found = session.execute(wanted).one()
    return None if found.sealed is None else _opened(session, person_id, found.sealed)


def _owner(of: Whose, person_id: UUID) -> dict[str, UUID]:
    return {"person_id": person_id, f"{of}_id": person_id}


def _opened(session: Session, person_id: UUID, sealed: bytes) -> KeyRing:
    secret = unseal(bytes(sealed), ring_of(session), place_of_key(person_id))
    return KeyRing([DataKey(str(person_id), secret)])


def place_of_key(person_id: UUID) -> bytes:
    """Where somebody's own key stands."""
    return context("person", "key", person_id)


def place_of_kept(person_id: UUID) -> bytes:
    """Where what the law keeps of somebody stands."""
    return context("person", "kept", person_id)


def _sealed_of(stored: str) -> bytes | None:
    if not stored.startswith(_MARK):
        return None
    try:
        sealed = base64.b64decode(stored[1:], validate=True)
    except (binascii.Error, ValueError):
        return None
    return sealed if _is_sealed(sealed) else None


def _is_sealed(data: bytes) -> bool:
    """Sealed with a person's key: its id is the person's. No file that we keep begins so."""
    if not data.startswith(_HEAD):
        return False
    try:
        return str(UUID(data[2:38].decode("ascii"))) == data[2:38].decode("ascii")
    except ValueError:
        return False
