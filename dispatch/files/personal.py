"""Whose bytes are these? What a technician hands in is sealed with their key, and read again while that is there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.files.storing import FileStore
from dispatch.record.persons import open_bytes, place_of, seal_bytes


def put_personal(
    session: Session,
    store: FileStore,
    folder_id: UUID,
    file_id: UUID,
    data: bytes,
    technician_id: UUID | None,
    *,
    now: datetime,
) -> None:
    """Write a file's bytes, sealed where they are somebody's; raises as `FileStore.put` and `seal_bytes`."""
    if technician_id is not None:
        data = seal_bytes(session, technician_id, data, place_of("file", file_id), now=now)
    store.put(folder_id, file_id, data)


def get_personal(
    store: FileStore, folder_id: UUID, file_id: UUID, as_engine: Callable[[], AbstractContextManager[Session]]
) -> bytes:
    """A file's bytes as they were handed in.

    Raises
    ------
    Conflict
        When whose they were was erased.
    MissingService
        When the store does not give them, or the key is not at hand.
    """
    data = store.get(folder_id, file_id)
    with as_engine() as session:
        plain = open_bytes(session, data, place_of("file", file_id))
    if plain is None:
        raise Conflict("erased", "read the file")
    return plain
