"""How does the index stay current? It reads what changed since the last look, in commit order."""

import gc
import time
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.index.roster import Roster
from dispatch.talent.reading import changed_since, read_asks, read_technicians

#: What a refresh may take: the first one reads everyone, one after a large import nearly everyone.
REFRESH_WITHIN_S = 120.0


class Feed:
    """The roster of one process, and how far it has read.

    One writer: only the thread that calls `refresh` changes the roster. `refreshed_at` is the moment, on the
    monotonic clock in seconds, up to which the roster is known to be current. With `is_for_life`, the roster is kept
    until the process ends: the collector of cycles does not stop everything to look through it again and again.
    """

    def __init__(self, *, is_for_life: bool = False) -> None:
        self._is_for_life = is_for_life
        self.roster = Roster()
        self.refreshed_at = float("-inf")
        self._horizon: int | None = None
        self._day: date | None = None

    def refresh(self, session: Session, *, now: datetime) -> int:
        """Bring the roster up to what is committed: how many technicians were read again.

        Runs as the engine. The first call reads everyone, and so does the first of each day (UTC): counts of a day
        and credentials that begin on it change with no row changing. A change that commits late, under an older
        transaction id, is seen by a later call: the horizon stays below every transaction that was still running.
        """
        started = time.monotonic()
        changed = changed_since(session, self._horizon or 0)
        today = now.astimezone(UTC).date()
        is_new_day = today != self._day
        if is_new_day or changed.whole:
            self.roster.upsert(read_technicians(session, None if is_new_day else changed.whole, now=now))
        if changed.asked and not is_new_day:
            self.roster.count(read_asks(session, changed.asked, now=now))
        if self._is_for_life and not self.is_loaded:
            gc.freeze()
        self._horizon, self._day = changed.horizon, today
        self.refreshed_at = started
        return len(changed.whole) + len(changed.asked)

    @property
    def is_loaded(self) -> bool:
        """Everyone was read once."""
        return self._horizon is not None

    def staleness_s(self) -> float:
        """Seconds since the roster was last known to be current."""
        return time.monotonic() - self.refreshed_at

    def move(self, technician: UUID, lat: float, lng: float, until_s: int) -> None:
        """Apply a live position, good until `until_s` (Unix seconds)."""
        self.roster.move(technician, lat, lng, until_s)
