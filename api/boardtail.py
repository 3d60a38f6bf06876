"""How do a thousand boards of one client cost one read? What all of them are told is read once, and kept as bytes.

Every member of a client's staff sees the same frames and the same snapshot. One task a client (`live._keep`)
hears its bell, reads what is new and packs it; only then the streams wake, and those that stand at the same place take
the same bytes.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from api.telling import Told
from dispatch.record.relay import Frame, Frames

#: Frames kept for those who are a little behind; who is further behind reads for themselves.
MAX_KEPT = 2_000
#: Frames that go over the wire together at most: what is held for a reader who stalls.
MAX_AT_ONCE = 100
#: Seconds for which a snapshot serves all: the frames after it follow.
SNAPSHOT_FRESH_S = 2.0
#: Seconds after which a tail that nobody follows is forgotten.
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Piece:
    """An event as it goes over the wire, and its place."""

    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """What goes over the wire at once, the place after it, and whether nothing more is known."""

    told: list[Told]
    seq: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class Log:
    """The end of a client's log at one moment. Never changed, so that any thread may look."""

    last_seq: int
    pieces: tuple[Piece, ...] = ()
    _parts: dict[int, Part] = field(default_factory=dict)

    def after(self, seq: int) -> Part | None:
        """What follows a place, the same for all who stand there; None where it is not here."""
        num = self.last_seq - seq
        if not 0 <= num <= len(self.pieces):
            return None
        if num == 0:
            return Part([], seq, is_all=True)
        found = self._parts.get(seq)
        if found is None:
            at = len(self.pieces) - num
            self._parts[seq] = found = part_of(self.pieces[at : at + MAX_AT_ONCE], is_all=num <= MAX_AT_ONCE)
        return found

    def and_then(self, pieces: list[Piece]) -> "Log":
        """The same with what followed."""
        return Log(pieces[-1].seq, (*self.pieces, *pieces)[-MAX_KEPT:]) if pieces else self


def part_of(pieces: Sequence[Piece], *, is_all: bool) -> Part:
    """Frames, at least one, as they go over the wire together."""
    seq = pieces[-1].seq
    return Part([Told("frame", packed=b"".join(each.body for each in pieces), id=str(seq))], seq, is_all)


@dataclass(slots=True)
class Tail:
    """What the streams of one client share. `keeper` keeps `log` up to date while there are any (`num_streams`)."""

    log: Log | None = None
    num_streams: int = 0
    keeper: asyncio.Task[None] | None = None
    _snapshots: dict[str, tuple[float, Piece]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self, place: int, read: Callable[[int], Frames], encode: Callable[[Frame], bytes]) -> bool:
        """Bring the log up to date, begun at `place` where there is none: whether that was all; for one at a time."""
        log = self.log or Log(place)
        found = read(log.last_seq)
        now = log.and_then([Piece(frame.seq, encode(frame)) for frame in found.frames])
        is_all = not found.is_gap and now.last_seq >= found.last_seq
        if is_all or (self.log is not None and not found.is_gap):
            self.log = now
            return is_all
        # Whoever is not at the new beginning, and who came first may be far behind, reads alone until they are.
        self.log = Log(found.last_seq)
        return True

    def snapshot(self, kind: str, make: Callable[[], Piece]) -> Piece:
        """The board as one kind of reader sees it, a moment old at most."""
        with self._lock:
            made_at, found = self._snapshots.get(kind, (float("-inf"), None))
            if found is None or time.monotonic() - made_at >= SNAPSHOT_FRESH_S:
                found = make()
                self._snapshots[kind] = (time.monotonic(), found)
            return found

    def forget(self) -> None:
        """Nobody follows: what comes meanwhile is not kept up with."""
        self.log, self.keeper = None, None
        self._snapshots.clear()


class Tails:
    """The tails of one process, by client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[UUID, Tail] = {}
        self._used_at: dict[UUID, float] = {}

    def of(self, client_id: UUID) -> Tail:
        """The tail of a client, the same for all as long as anybody follows it."""
        now = time.monotonic()
        with self._lock:
            old = [each for each, at in self._used_at.items() if now - at > _IDLE_S and each != client_id]
            for each in old:
                if self._found[each].num_streams == 0:
                    del self._used_at[each], self._found[each]
            self._used_at[client_id] = now
            return self._found.setdefault(client_id, Tail())
