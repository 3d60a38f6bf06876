"""How is everything sealed anew when a key is to go? In batches, each a transaction; begun anew it goes on.

A row that is sealed with the newest key is done, so nothing need be remembered: after a crash the next run finds what
is left. Rows that somebody else holds are left alone and looked at again: it never waits for a row while it holds
others. What a process that still has the old keys seals meanwhile is found by the next run; a key may go once
`count_by_key` names it no more.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from dispatch.jobs.cleared import place_of
from dispatch.record.sealing import KeyRing, reseal
from dispatch.record.tables import ClearedTextRow

#: Rows of a transaction, for which a change of the same job waits.
BATCH = 200
#: Seconds until rows that somebody held are looked at again.
_AGAIN_S = 0.1


def count_by_key(session: Session) -> dict[str, int]:
    """How many texts stand sealed with each key, by its id. Runs as the engine."""
    counts = select(ClearedTextRow.key_id, func.count()).group_by(ClearedTextRow.key_id).order_by(ClearedTextRow.key_id)
    return {str(key_id): num for key_id, num in session.execute(counts)}


def rotate(
    transaction: Callable[[], AbstractContextManager[Session]],
    ring: KeyRing,
    told: Callable[[int], None] = lambda _: None,
    *,
    batch: int = BATCH,
) -> int:
    """Seal everything with the newest key: how many texts were. `told` hears after each batch how many there are.

    Raises
    ------
    MissingService
        When a key is not at hand: names it; what was done stays done.
    Damaged
        When a text is not what was sealed for its place.
    """
    done = 0
    while True:
        with transaction() as session:
            num = _rotate_some(session, ring, batch)
            is_done = num == 0 and not session.scalar(select(_is_old(ring).exists()))
        if is_done:
            return done
        if num == 0:
            time.sleep(_AGAIN_S)
            continue
        done += num
        told(done)


def _is_old(ring: KeyRing) -> Select[ClearedTextRow]:
    return select(ClearedTextRow).where(ClearedTextRow.key_id != ring.newest.id)


def _rotate_some(session: Session, ring: KeyRing, batch: int) -> int:
    rows = session.scalars(
        _is_old(ring).order_by(ClearedTextRow.id).limit(batch).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        place = place_of(row.client_id, row.job_id, row.template_id, row.name)
        renewed = reseal(row.sealed, ring, place)
        session.execute(update(ClearedTextRow).where(ClearedTextRow.id == row.id).values(sealed=renewed))
    return len(rows)
