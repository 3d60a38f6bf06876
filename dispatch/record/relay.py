"""What changed on a client's board, in which order? Events become frames, numbered without gaps.

A sequence would skip a transaction that took its number early and committed late. So the relay reads only below the
oldest transaction still running, where nothing can appear any more, and moves its cursor in the same transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.record.tables import BoardFrameRow, CursorRow, EventRow

#: The row of `cursors` that says how far the board's log has come.
CURSOR = "board"
#: What PostgreSQL rings when frames were added (LISTEN, NOTIFY).
FRAMES = "truckroll_frames"
#: How many clients' logs, and frames of one, are pruned in one transaction at most.
_MAX_CLIENTS, _MAX_FRAMES = 20, 500


@dataclass(frozen=True, slots=True)
class Frame:
    """An event with its place in the client's board log; `seq` counts from 1 without gaps.

    `subject_seq` is the event's place in its subject's own chain.
    """

    client_id: UUID
    seq: int
    event_id: UUID
    at: datetime
    subject_kind: str
    subject_id: UUID
    subject_seq: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frames:
    """What follows a place in the log. `is_gap`: what follows is no longer kept, so a snapshot must be taken.

    `last_seq` is the newest frame's number (0: none yet): where a snapshot that is taken now goes on.
    """

    frames: tuple[Frame, ...]
    is_gap: bool
    last_seq: int


def relay(session: Session, *, max_events: int = 2_000) -> list[Frame]:
    """Number the events that committed since the last call, and answer them in order; run as the engine.

    Takes at most `max_events`, and never a part of a transaction, so a larger one comes whole. Answers nothing while
    another relay is at work. Nothing is lost or doubled when the caller dies: the log and the cursor move together.
    """
    if not session.execute(_TRY_LOCK, {"cursor": CURSOR}).scalar_one():
        return []
    session.execute(insert(CursorRow).values(name=CURSOR, below_xid=text("'0'::xid8")).on_conflict_do_nothing())
    rows = session.execute(_NUMBER, {"cursor": CURSOR, "max_events": max_events})
    frames = [Frame(**row) for row in rows.mappings()]
    if frames:
        session.execute(_RING, {"channel": FRAMES})
    return frames


def read_frames(session: Session, client_id: UUID, after_seq: int, limit: int) -> Frames:
    """The frames of a client that follow `after_seq`, oldest first, at most `limit` of them.

    A gap is answered when frames between `after_seq` and the oldest kept were pruned, and when `after_seq` was never
    reached: the asker comes from another database.
    """
    first_seq, last_seq = session.execute(
        select(func.min(BoardFrameRow.seq), func.coalesce(func.max(BoardFrameRow.seq), 0)).where(
            BoardFrameRow.client_id == client_id
        )
    ).one()
    if after_seq > last_seq or (first_seq is not None and after_seq < first_seq - 1):
        return Frames((), is_gap=True, last_seq=last_seq)
    rows = session.execute(
        select(
            BoardFrameRow.client_id,
            BoardFrameRow.seq,
            BoardFrameRow.event_id,
            BoardFrameRow.at,
            EventRow.subject_kind,
            EventRow.subject_id,
            EventRow.seq.label("subject_seq"),
            EventRow.kind,
            EventRow.data,
        )
        .join(EventRow, EventRow.id == BoardFrameRow.event_id)
        .where(BoardFrameRow.client_id == client_id, BoardFrameRow.seq > after_seq)
        .order_by(BoardFrameRow.seq)
        .limit(limit)
    )
    frames = tuple(Frame(**row) for row in rows.mappings())
    # Somebody may have pruned between the two statements.
    is_gap = bool(frames) and frames[0].seq != after_seq + 1
    return Frames(() if is_gap else frames, is_gap=is_gap, last_seq=last_seq)


def prune(session: Session, before: datetime) -> int:
    """Forget the frames from before a time, and answer how many; run as the engine.

    Only the oldest of a client's log go, up to its first frame from `before` on, so what is kept has no holes. The
    newest frame always stays: the numbers go on from it. The events themselves stay for ever. One call takes only so
    much; there is no more when it answers 0.
    """
    bounds = {"before": before, "max_clients": _MAX_CLIENTS, "max_frames": _MAX_FRAMES}
    num_gone: int = session.execute(_PRUNE, bounds).scalar_one()
    return num_gone


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll relay'), hashtext(:cursor))")

_RING = text("SELECT pg_notify(:channel, '')")

_NUMBER = text("""
WITH done AS MATERIALIZED (
    SELECT below_xid FROM cursors WHERE name = :cursor
), settled AS MATERIALIZED (
    SELECT e.id, e.xid FROM events e
    WHERE e.xid >= (SELECT below_xid FROM done) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY e.xid, e.id LIMIT :max_events
), bound AS MATERIALIZED (
    -- Fewer than asked for: everything settled is here. Else the last transaction seen may be cut: leave it for the
    -- next call, or take it whole if it is the only one.
    SELECT CASE
        WHEN count(*) < :max_events THEN pg_snapshot_xmin(pg_current_snapshot())
        WHEN min(xid) < max(xid) THEN max(xid)
        ELSE (max(xid)::text::numeric + 1)::text::xid8
    END AS below_xid FROM settled
), taken AS MATERIALIZED (
    SELECT e.id, e.client_id, e.xid, e.at, e.subject_kind, e.subject_id, e.seq, e.kind, e.data
    FROM events e, bound, done
    WHERE e.xid >= done.below_xid AND e.xid < bound.below_xid AND e.client_id IS NOT NULL
), last AS MATERIALIZED (
    -- Read once and before the frames below are added: else each row would look past all that were added before it.
    SELECT c.client_id, coalesce((SELECT max(f.seq) FROM board_frames f WHERE f.client_id = c.client_id), 0) AS seq
    FROM (SELECT DISTINCT client_id FROM taken) c
), numbered AS (
    INSERT INTO board_frames (client_id, seq, event_id, at)
    SELECT t.client_id, last.seq + row_number() OVER (PARTITION BY t.client_id ORDER BY t.xid, t.id), t.id, t.at
    FROM taken t JOIN last USING (client_id)
    RETURNING client_id, seq, event_id, at
), moved AS (
    UPDATE cursors SET below_xid = bound.below_xid FROM bound
    WHERE cursors.name = :cursor AND cursors.below_xid < bound.below_xid
)
SELECT n.client_id, n.seq, n.event_id, n.at, t.subject_kind, t.subject_id, t.seq AS subject_seq, t.kind, t.data
FROM numbered n JOIN taken t ON t.id = n.event_id
ORDER BY t.xid, t.id
""")

#: A client is looked at when its oldest frame is old and not its only one: then at least that one goes.
_PRUNE = text("""
WITH behind AS MATERIALIZED (
    SELECT c.id FROM clients c CROSS JOIN LATERAL (
        SELECT f.seq, f.at FROM board_frames f WHERE f.client_id = c.id ORDER BY f.seq LIMIT 1
    ) first
    WHERE first.at < :before
        AND EXISTS (SELECT FROM board_frames f WHERE f.client_id = c.id AND f.seq > first.seq)
    LIMIT :max_clients
), old AS MATERIALIZED (
    SELECT o.client_id, o.seq FROM behind b CROSS JOIN LATERAL (
        SELECT f.client_id, f.seq, bool_and(f.at < :before) OVER (ORDER BY f.seq) AS is_old
        FROM (SELECT * FROM board_frames f WHERE f.client_id = b.id ORDER BY f.seq LIMIT :max_frames) f
    ) o
    WHERE o.is_old
        AND EXISTS (SELECT FROM board_frames f WHERE f.client_id = o.client_id AND f.seq > o.seq)
), gone AS (
    DELETE FROM board_frames f USING old WHERE f.client_id = old.client_id AND f.seq = old.seq RETURNING f.seq
)
SELECT count(*) FROM gone
""")
