"""How do a thousand boards of one client cost one read? What all of them are told is read once, and kept as bytes.

Every member of a client's staff sees the same frames and the same snapshot. Whoever comes first after a ring reads for
all, those who come meanwhile wait for that read, and whoever finds it done takes its bytes.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from dispatch.record.relay import Frame, Frames

#: Frames kept for those who are a little behind; who is further behind reads for themselves.
MAX_KEPT = 2_000
#: Seconds for which a read serves all without a ring; for which a snapshot does: the frames after it follow.
FRESH_S = 1.0
SNAPSHOT_FRESH_S = 2.0
#: Seconds after which nobody's tail is forgotten.
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Piece:
    """An event as it goes over the wire, and its place."""

    seq: int
    body: bytes


@dataclass(slots=True)
class Tail:
    """The end of one client's log, as bytes; `lock` is held by whoever reads for all, `turn` by whose turn it is."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    snapshot_lock: threading.Lock = field(default_factory=threading.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    pieces: deque[Piece] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))
    last_seq: int | None = None
    num_rings: int = -1
    read_at: float = float("-inf")
    snapshots: dict[str, tuple[float, Piece]] = field(default_factory=dict)

    def after(self, seq: int) -> list[Piece] | None:
        """What follows a place; None where it is not all here."""
        if self.last_seq is None or seq > self.last_seq:
            return None
        num = self.last_seq - seq
        if num > len(self.pieces):
            return None
        pieces = self.pieces
        return [pieces[place] for place in range(len(pieces) - num, len(pieces))]

    def is_fresh(self, num_rings: int) -> bool:
        """Whether nothing was rung for since the last read, which is not long ago."""
        return self.num_rings >= num_rings and time.monotonic() - self.read_at < FRESH_S

    def refresh(
        self, num_rings: int, seq: int, read: Callable[[int], Frames], encode: Callable[[Frame], bytes]
    ) -> bool:
        """Bring the tail up to date, unless somebody just did; false where the log has a gap at its place."""
        with self.lock:
            if self.last_seq is not None and self.is_fresh(num_rings):
                return True
            now = time.monotonic()
            place = seq if self.last_seq is None else self.last_seq
            found = read(place)
            if found.is_gap:
                self.pieces.clear()
                self.last_seq = None
                return False
            self.pieces.extend([Piece(frame.seq, encode(frame)) for frame in found.frames])
            self.last_seq = found.frames[-1].seq if found.frames else place
            # A read that was cut is not the newest.
            is_all = self.last_seq >= found.last_seq
            self.num_rings, self.read_at = (num_rings, now) if is_all else (-1, float("-inf"))
            return True

    def snapshot(self, kind: str, make: Callable[[], Piece]) -> Piece:
        """The board as one kind of reader sees it, a moment old at most."""
        with self.snapshot_lock:
            made_at, found = self.snapshots.get(kind, (float("-inf"), None))
            if found is None or time.monotonic() - made_at >= SNAPSHOT_FRESH_S:
                found = make()
                self.snapshots[kind] = (time.monotonic(), found)
            return found


class Tails:
    """The tails of one process, by client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[UUID, Tail] = {}
        self._used_at: dict[UUID, float] = {}

    def of(self, client_id: UUID) -> Tail:
        """The tail of a client, while anybody uses it."""
        now = time.monotonic()
        with self._lock:
            for each in [each for each, at in self._used_at.items() if now - at > _IDLE_S and each != client_id]:
                del self._used_at[each], self._found[each]
            self._used_at[client_id] = now
            return self._found.setdefault(client_id, Tail())
