"""Which bytes belong to nobody? Those whose row never came to be, or is gone: a failed transaction, a replaced page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.files.storing import FileStore
from dispatch.record.tables import DocumentRow, FileRow

#: No transaction lives as long as this: younger bytes may still get their row.
_OLD = timedelta(hours=1)
_BATCH = 500


def sweep_orphans(session: Session, store: FileStore, *, now: datetime) -> int:
    """Remove the bytes that have no row: how many files. Runs as the engine, which sees all rows.

    Several may sweep at once: ids are never used twice, so what one finds without a row stays so.
    """
    num_removed = 0
    for batch in _batches(store, now - _OLD):
        ids = [file for _, file in batch]
        files = select(FileRow.id).where(FileRow.id.in_(ids))
        documents = select(DocumentRow.id).where(DocumentRow.id.in_(ids))
        known = set(session.scalars(files.union_all(documents)))
        for owner_id, file_id in batch:
            if file_id not in known:
                store.remove(owner_id, file_id)
                num_removed += 1
    return num_removed


def _batches(store: FileStore, until: datetime) -> Iterator[list[tuple[UUID, UUID]]]:
    batch: list[tuple[UUID, UUID]] = []
    for ids in store.written_before(until):
        batch.append(ids)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
