"""Which events go to which endpoint? The board's log is followed, an endpoint at its own place in it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.queue import enqueue
from dispatch.record.events import record
from dispatch.record.session import ENGINE
from dispatch.record.tables import WebhookDeliveryRow, WebhookRow, new_id

#: What PostgreSQL rings when a served endpoint has more to be told.
CHANNEL = "truckroll_webhooks"
#: The queues of the healthy and of the troubled, and the errand that serves one endpoint.
QUICK, TROUBLED = "webhooks", "webhooks_troubled"
TASK = "webhooks.serve"
#: The event of a test, told to its own endpoint alone.
PING = "pinged"
#: Frames that an endpoint is taken on by at once, and endpoints at once.
MAX_FRAMES = 500
_MAX_ENDPOINTS = 500
#: How long the log of deliveries goes back.
KEPT = timedelta(days=30)
_MAX_FORGOTTEN = 5_000
#: A payload of NOTIFY holds 8,000 bytes.
_IDS_A_RING = 150


def follow_board(session: Session, now: datetime) -> int:
    """Take endpoints on along their clients' logs: how many frames were read, 0 when all were taken to the end.

    Run as the engine. The endpoint's place moves in the transaction that writes its deliveries; what a replay passes
    again waits again.
    """
    behind = session.execute(_BEHIND, {"limit": _MAX_ENDPOINTS}).all()
    if not behind:
        return 0
    frames = _read_frames(session, {(row.client_id, row.after_seq) for row in behind})
    fed: list[UUID] = []
    for endpoint in behind:
        found = frames[endpoint.client_id, endpoint.after_seq]
        if not found:
            continue
        _note_gap(session, endpoint, found[0].seq, now)
        wanted = [frame for frame in found if wants(endpoint.id, endpoint.kinds, frame)]
        if wanted:
            _write(session, endpoint, wanted, now)
            fed.append(endpoint.id)
        session.execute(update(WebhookRow).where(WebhookRow.id == endpoint.id).values(after_seq=found[-1].seq))
    wake(session, fed)
    has_more = len(behind) == _MAX_ENDPOINTS or any(len(each) == MAX_FRAMES for each in frames.values())
    return sum(map(len, frames.values())) if has_more else 0


def wants(webhook_id: UUID, kinds: Sequence[str], frame: Row[Any]) -> bool:
    """Whether the endpoint hears of this event.

    What happens to webhooks is not told by webhooks: one that cannot be delivered would make the next. Only a test is,
    to its own endpoint, whatever kinds that wants.
    """
    if frame.subject_kind == "webhook":
        return bool(frame.kind == PING and frame.subject_id == webhook_id)
    return not kinds or f"{frame.subject_kind}.{frame.kind}" in kinds or f"{frame.subject_kind}.*" in kinds


def wake(session: Session, webhook_ids: Iterable[UUID]) -> None:
    """See to it that these endpoints are served: those that are, are rung; for the others an errand is left."""
    ids = list(webhook_ids)
    served: list[str] = []
    for row in session.execute(_TO_WAKE, {"ids": ids}):
        if row.served_by is not None:
            served.append(str(row.id))
        else:
            leave_errand(session, row.id, is_troubled=row.is_troubled, at=row.next_try_at)
    for at in range(0, len(served), _IDS_A_RING):
        session.execute(_RING, {"channel": CHANNEL, "ids": json.dumps(served[at : at + _IDS_A_RING])})


def leave_errand(session: Session, webhook_id: UUID, *, is_troubled: bool, at: datetime | None) -> None:
    """Have an endpoint served, not before `at`. One waits at a time, and one serves at a time."""
    lock = f"webhook:{webhook_id}"
    queue = TROUBLED if is_troubled else QUICK
    enqueue(session, TASK, {"webhook": str(webhook_id)}, queue=queue, lock=lock, queueing_lock=lock, at=at)


def mend(session: Session, now: datetime) -> int:
    """Leave an errand for every endpoint with something to tell that nobody will serve; run as the engine.

    There should be none. But an endpoint that is never served again would be noticed by nobody.
    """
    forgotten = session.execute(_FORGOTTEN).all()
    for row in forgotten:
        leave_errand(session, row.id, is_troubled=row.is_troubled, at=row.next_try_at)
    return len(forgotten)


def forget_delivered(session: Session, now: datetime) -> int:
    """Forget what was delivered or failed long ago: how many; run as the engine."""
    forgotten = session.execute(_FORGET, {"before": now - KEPT, "limit": _MAX_FORGOTTEN}).all()
    return len(forgotten)


def _read_frames(session: Session, places: set[tuple[UUID, int]]) -> dict[tuple[UUID, int], list[Row[Any]]]:
    """(client, place in the log) -> what follows, oldest first."""
    asked = [{"client_id": str(client_id), "after_seq": seq} for client_id, seq in places]
    found: dict[tuple[UUID, int], list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_FRAMES, {"places": json.dumps(asked), "limit": MAX_FRAMES}):
        found[row.client_id, row.after_seq].append(row)
    return found


def _write(session: Session, endpoint: Row[Any], frames: Sequence[Row[Any]], now: datetime) -> None:
    row = insert(WebhookDeliveryRow)
    again = row.on_conflict_do_update(
        index_elements=["webhook_id", "seq"],
        set_={"state": "waiting", "num_tries": 0, "next_try_at": None},
        where=WebhookDeliveryRow.state != "waiting",
    )
    session.execute(
        again,
        [
            {
                "id": new_id(),
                "client_id": endpoint.client_id,
                "webhook_id": endpoint.id,
                "seq": frame.seq,
                "event_id": frame.event_id,
                "about_id": frame.about_id,
                "created_at": now,
            }
            for frame in frames
        ],
    )


def _note_gap(session: Session, endpoint: Row[Any], first_seq: int, now: datetime) -> None:
    """Frames that were no longer kept when the endpoint came to them were missed, and that is said."""
    if first_seq == endpoint.after_seq + 1:
        return
    told = {"from_seq": endpoint.after_seq + 1, "to_seq": first_seq - 1}
    record(session, ENGINE, ("webhook", endpoint.id), "missed", told, client_id=endpoint.client_id, now=now)


_BEHIND = text("""
SELECT w.id, w.client_id, w.kinds, w.after_seq FROM webhooks w
WHERE w.state = 'active'
    AND w.after_seq < (SELECT f.seq FROM board_frames f WHERE f.client_id = w.client_id ORDER BY f.seq DESC LIMIT 1)
ORDER BY w.id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

#: What an event is about, for the order: its job, where it has one.
_FRAMES = text("""
SELECT p.client_id, p.after_seq, f.seq, f.event_id, e.subject_kind, e.subject_id, e.kind, coalesce(CASE
    WHEN e.subject_kind = 'job' THEN e.subject_id
    WHEN e.data ->> 'job' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (e.data ->> 'job')::uuid
    WHEN e.subject_kind = 'visit' THEN (SELECT v.job_id FROM visits v WHERE v.id = e.subject_id)
    WHEN e.subject_kind = 'offer' THEN (SELECT o.job_id FROM offers o WHERE o.id = e.subject_id)
    WHEN e.subject_kind = 'assignment' THEN (SELECT a.job_id FROM assignments a WHERE a.id = e.subject_id)
    END, e.subject_id) AS about_id
FROM jsonb_to_recordset(cast(:places AS jsonb)) AS p(client_id uuid, after_seq bigint)
CROSS JOIN LATERAL (
    SELECT f.seq, f.event_id FROM board_frames f
    WHERE f.client_id = p.client_id AND f.seq > p.after_seq ORDER BY f.seq LIMIT :limit
) f
JOIN events e ON e.id = f.event_id
ORDER BY p.client_id, p.after_seq, f.seq
""")

_TO_WAKE = text("""
SELECT id, served_by, is_troubled, next_try_at FROM webhooks
WHERE id = ANY(cast(:ids AS uuid[])) AND state = 'active' ORDER BY id FOR UPDATE
""")

_RING = text("SELECT pg_notify(:channel, :ids)")

_FORGET = text("""
DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE state <> 'waiting' AND tried_at < :before ORDER BY tried_at LIMIT :limit
) RETURNING id
""")

_FORGOTTEN = text("""
SELECT w.id, w.is_troubled, w.next_try_at FROM webhooks w
WHERE w.state = 'active'
    AND EXISTS (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting')
    AND NOT EXISTS (
        SELECT FROM queue.procrastinate_jobs j WHERE j.lock = 'webhook:' || w.id AND j.status IN ('todo', 'doing')
    )
""")
