"""Was the history tampered with? Batches of a client's events are sealed, one seal chained to the one before.

Each event carries the hash of the event before it on the same subject (a trigger sets it). That alone would not show
that a subject's last events were taken away, or its whole chain written anew: the seals do. Who keeps a copy of the
last seal's hash elsewhere can prove even that all seals were written anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.record.tables import CursorRow

#: The row of `cursors` that says below which transaction all events are sealed.
CURSOR = "seal"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the record is not what was written.

    `what` is `event_altered`, `event_missing`, `event_unchained`, `seal_altered`, `seal_missing` or
    `batch_altered`; `place` names it: a subject with its number in the subject's chain, or a seal's number.
    """

    what: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. The last `num_unsealed` events can still be cut off without a trace."""

    first_break: Break | None
    num_events: int
    num_unsealed: int


def seal(session: Session, now: datetime) -> int:
    """Seal what committed since the last call, one batch a client, and answer the number of events; as the engine.

    Only below the oldest transaction still running, where nothing can appear any more. Does nothing while another
    sealer is at work.
    """
    if not session.execute(_TRY_LOCK, {"cursor": CURSOR}).scalar_one():
        return 0
    session.execute(insert(CursorRow).values(name=CURSOR, below_xid=text("'0'::xid8")).on_conflict_do_nothing())
    num_sealed: int = session.execute(_SEAL, {"cursor": CURSOR, "now": now}).scalar_one()
    return num_sealed


def verify(session: Session, client_id: UUID | None) -> Verdict:
    """Recompute the chains of a client's events (empty: of the network's own) and its seals; as the engine.

    Events are judged before seals, each in the order they were written, so the break is named as closely as it can
    be: an altered event by itself, a vanished last event only by the batch that held it.
    """
    client = {"client_id": client_id}
    event = session.execute(_BROKEN_EVENT, client).one_or_none()
    batch = session.execute(_BROKEN_SEAL, client).one_or_none()
    num = session.execute(_COUNT, client | {"cursor": CURSOR}).one()
    if event is not None:
        first_break: Break | None = _event_break(event)
    elif batch is not None:
        first_break = _seal_break(batch)
    elif num.num_seal_gone:
        words = f"{num.num_seal_gone} events were sealed by a seal that is gone"
        first_break = Break("seal_missing", f"seal {num.num_seals + 1}", words)
    else:
        first_break = None
    return Verdict(first_break, num.num_events, num.num_unsealed)


def _event_break(event: Row[Any]) -> Break:
    subject = f"{event.subject_kind} {event.subject_id}"
    place = f"{subject} event {event.seq}"
    if event.is_altered:
        return Break("event_altered", place, f"event {event.id} is not what was written: its hash differs")
    if event.seq > event.expected_seq:
        missing = f"{subject} event {event.expected_seq}"
        return Break("event_missing", missing, f"event {event.id} follows one that is gone")
    return Break("event_unchained", place, f"event {event.id} is not chained to the event before it")


def _seal_break(batch: Row[Any]) -> Break:
    if batch.num != batch.expected_num:
        words = f"seal {batch.num} follows one that is gone"
        return Break("seal_missing", f"seal {batch.expected_num}", words)
    if batch.num_events != batch.num_found:
        words = f"seal {batch.num} was set on {batch.num_events} events and now holds {batch.num_found}"
        return Break("batch_altered", f"seal {batch.num}", words)
    if not batch.is_chained:
        return Break("seal_altered", f"seal {batch.num}", f"seal {batch.num} is not chained to the seal before it")
    return Break("seal_altered", f"seal {batch.num}", f"seal {batch.num} or its batch is not what was written")


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll sealer'), hashtext(:cursor))")

#: What a seal's hash is taken over: the seal before, its own columns, and its events' hashes in their order.
_SEAL_HASH = """sha256(
    coalesce({prev_hash}, ''::bytea)
    || convert_to(concat_ws('|', {client_id}, {num}, {from_xid}, {below_xid}, {num_events},
        to_char({sealed_at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')), 'UTF8')
    || {hashes})"""

_SEAL = text(
    """
WITH bound AS MATERIALIZED (
    SELECT below_xid AS from_xid, pg_snapshot_xmin(pg_current_snapshot()) AS below_xid
    FROM cursors WHERE name = :cursor
), batch AS MATERIALIZED (
    SELECT e.client_id, count(*)::integer AS num_events, string_agg(e.hash, ''::bytea ORDER BY e.xid, e.id) AS hashes
    FROM events e, bound WHERE e.xid >= bound.from_xid AND e.xid < bound.below_xid GROUP BY e.client_id
), next AS MATERIALIZED (
    SELECT b.*, coalesce(last.num, 0) + 1 AS num, coalesce(last.below_xid, '0'::xid8) AS from_xid, bound.below_xid,
        last.hash AS prev_hash
    FROM bound, batch b LEFT JOIN LATERAL (
        SELECT s.num, s.below_xid, s.hash FROM seals s
        WHERE s.client_id IS NOT DISTINCT FROM b.client_id ORDER BY s.num DESC LIMIT 1
    ) last ON true
), sealed AS (
    INSERT INTO seals (id, client_id, num, from_xid, below_xid, num_events, prev_hash, hash, sealed_at)
    SELECT gen_random_uuid(), n.client_id, n.num, n.from_xid, n.below_xid, n.num_events, n.prev_hash, """
    + _SEAL_HASH.format(
        prev_hash="n.prev_hash",
        client_id="n.client_id",
        num="n.num",
        from_xid="n.from_xid",
        below_xid="n.below_xid",
        num_events="n.num_events",
        sealed_at="CAST(:now AS timestamptz)",
        hashes="n.hashes",
    )
    + """, :now FROM next n RETURNING num_events
), moved AS (
    UPDATE cursors SET below_xid = bound.below_xid FROM bound
    WHERE cursors.name = :cursor AND cursors.below_xid < bound.below_xid
)
SELECT coalesce(sum(num_events), 0)::integer FROM sealed
"""
)

#: A subject's chain may hold events of several clients (a technician's), so whole subjects are read.
_BROKEN_EVENT = text("""
WITH chained AS (
    SELECT e.id, e.client_id, e.subject_kind, e.subject_id, e.seq, e.xid,
        coalesce(lag(e.seq) OVER subject, 0) + 1 AS expected_seq,
        e.prev_hash IS NOT DISTINCT FROM lag(e.hash) OVER subject AS is_chained,
        e.hash <> sha256(coalesce(e.prev_hash, ''::bytea) || convert_to(event_text(e), 'UTF8')) AS is_altered
    FROM events e
    WHERE (e.subject_kind, e.subject_id) IN (
        SELECT own.subject_kind, own.subject_id FROM events own WHERE own.client_id IS NOT DISTINCT FROM :client_id
    )
    WINDOW subject AS (PARTITION BY e.subject_kind, e.subject_id ORDER BY e.seq)
)
SELECT * FROM chained
WHERE client_id IS NOT DISTINCT FROM :client_id AND (is_altered OR NOT is_chained OR seq <> expected_seq)
ORDER BY xid, id LIMIT 1
""")

_BROKEN_SEAL = text(
    """
WITH batch AS (
    SELECT s.*, coalesce(lag(s.num) OVER chain, 0) + 1 AS expected_num,
        s.prev_hash IS NOT DISTINCT FROM lag(s.hash) OVER chain
            AND s.from_xid = coalesce(lag(s.below_xid) OVER chain, '0'::xid8) AS is_chained,
        found.num_found, coalesce(found.hashes, ''::bytea) AS hashes
    FROM seals s CROSS JOIN LATERAL (
        SELECT count(*) AS num_found, string_agg(e.hash, ''::bytea ORDER BY e.xid, e.id) AS hashes FROM events e
        WHERE e.client_id IS NOT DISTINCT FROM s.client_id AND e.xid >= s.from_xid AND e.xid < s.below_xid
    ) found
    WHERE s.client_id IS NOT DISTINCT FROM :client_id
    WINDOW chain AS (ORDER BY s.num)
)
SELECT num, expected_num, num_events, num_found, is_chained FROM batch
WHERE num <> expected_num OR num_events <> num_found OR NOT is_chained OR hash <> """
    + _SEAL_HASH.format(
        prev_hash="prev_hash",
        client_id="client_id",
        num="num",
        from_xid="from_xid",
        below_xid="below_xid",
        num_events="num_events",
        sealed_at="sealed_at",
        hashes="hashes",
    )
    + """
ORDER BY num LIMIT 1
"""
)

_COUNT = text("""
WITH seal AS (
    SELECT count(*) AS num_seals, coalesce(max(below_xid), '0'::xid8) AS below_xid
    FROM seals WHERE client_id IS NOT DISTINCT FROM :client_id
), sealer AS (
    SELECT coalesce(max(below_xid), '0'::xid8) AS below_xid FROM cursors WHERE name = :cursor
)
SELECT seal.num_seals, count(e.id) AS num_events, count(e.id) FILTER (WHERE e.xid >= seal.below_xid) AS num_unsealed,
    count(e.id) FILTER (WHERE e.xid >= seal.below_xid AND e.xid < sealer.below_xid) AS num_seal_gone
FROM seal CROSS JOIN sealer LEFT JOIN events e ON e.client_id IS NOT DISTINCT FROM :client_id
GROUP BY seal.num_seals, seal.below_xid, sealer.below_xid
""")
