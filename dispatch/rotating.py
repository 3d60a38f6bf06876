"""How is everything sealed anew when a key is to go? In batches, each a transaction; begun anew it goes on.

What is sealed with the newest key is done, so nothing need be remembered: after a crash the next run finds what is
left. Rows that somebody else holds are left alone and looked at again: it never waits for a row while it holds others.
What a process that still has the old keys seals meanwhile is found by the next run; a key may go once `count_by_key`
names it no more. What people wrote is sealed with keys of their own: of these it is the key that is sealed anew.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.jobs.cleared import place_of
from dispatch.record.persons import place_of_kept, place_of_key
from dispatch.record.sealing import KeyRing, reseal
from dispatch.record.tables import ClearedTextRow, PersonKeyRow

#: Rows of a transaction, for which a change of the same job waits.
BATCH = 200
#: Seconds until rows that somebody held are looked at again.
_AGAIN_S = 0.1


def _key_id(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """The id of the key that sealed bytes name inside."""
    return func.encode(func.substring(column, 3, func.get_byte(column, 1)), "escape")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A column of bytes that the installation's keys sealed; `place` is where a row's stand."""

    row_id: InstrumentedAttribute[Any]
    column: InstrumentedAttribute[Any]
    key_id: ColumnElement[Any] | InstrumentedAttribute[Any]
    place: Callable[[Any], bytes]

    def old(self, ring: KeyRing) -> Select[Any]:
        """Rows that another key than the newest sealed."""
        row = self.column.class_
        return select(row).where(self.column.is_not(None), self.key_id != ring.newest.id).order_by(self.row_id)


#: Everything that the installation's keys seal; a test compares it with the tables.
SHELVES = (
    Shelf(
        ClearedTextRow.id,
        ClearedTextRow.sealed,
        ClearedTextRow.key_id,
        lambda row: place_of(row.client_id, row.job_id, row.template_id, row.name),
    ),
    Shelf(
        PersonKeyRow.person_id,
        PersonKeyRow.sealed,
        _key_id(PersonKeyRow.sealed),
        lambda row: place_of_key(row.person_id),
    ),
    Shelf(
        PersonKeyRow.person_id,
        PersonKeyRow.kept,
        _key_id(PersonKeyRow.kept),
        lambda row: place_of_kept(row.person_id),
    ),
)


def count_by_key(session: Session) -> dict[str, int]:
    """How much stands sealed with each key, by its id. Runs as the engine."""
    counts: Counter[str] = Counter()
    for shelf in SHELVES:
        of_shelf = select(shelf.key_id, func.count()).where(shelf.column.is_not(None)).group_by(shelf.key_id)
        for key_id, num in session.execute(of_shelf):
            counts[key_id] += num
    return dict(sorted(counts.items()))


def rotate(
    transaction: Callable[[], AbstractContextManager[Session]],
    ring: KeyRing,
    told: Callable[[int], None] = lambda _: None,
    *,
    batch: int = BATCH,
) -> int:
    """Seal everything with the newest key: how much was. `told` hears after each batch how much there is by then.

    Raises
    ------
    MissingService
        When a key is not at hand: names it; what was done stays done.
    Damaged
        When something is not what was sealed for its place.
    """
    done = 0
    for shelf in SHELVES:
        while True:
            with transaction() as session:
                num = _rotate_some(session, shelf, ring, batch)
                is_empty = num == 0 and not session.scalar(select(shelf.old(ring).exists()))
            if is_empty:
                break
            if num == 0:
                time.sleep(_AGAIN_S)
                continue
            done += num
            told(done)
    return done


def _rotate_some(session: Session, shelf: Shelf, ring: KeyRing, batch: int) -> int:
    rows = session.scalars(shelf.old(ring).limit(batch).with_for_update(skip_locked=True)).all()
    for row in rows:
        renewed = reseal(bytes(getattr(row, shelf.column.key)), ring, shelf.place(row))
        this = shelf.row_id == getattr(row, shelf.row_id.key)
        session.execute(update(shelf.column.class_).where(this).values({shelf.column.key: renewed}))
    return len(rows)
