"""What does a serving read and write? Results in, deliveries out: many servings in one transaction.

A serving holds an endpoint by its token. Whoever took the endpoint over wrote another one: the loser's health is not
written any more, and it is told that it is over. What it delivered was delivered all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from dispatch.record.events import as_told, record
from dispatch.record.session import ENGINE
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.webhooks.envelope import Told
from dispatch.webhooks.following import leave_errand
from dispatch.webhooks.health import ALARM_AFTER, PAUSED_AFTER, Health

_ALARM = "webhook_failing"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to deliver: `secrets` are those that count now, the newest first."""

    id: UUID
    client_id: UUID
    url: str
    secrets: tuple[str, ...]
    health: Health


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery that is due."""

    id: UUID
    num_tries: int
    told: Told


@dataclass(frozen=True, slots=True)
class Result:
    """What a delivery is after a try."""

    id: UUID
    state: str
    num_tries: int
    next_try_at: datetime | None
    tried_at: datetime
    status: int | None
    code: str
    ms: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What a serving brings, and what it wants: at most `room` parcels, none of those that are `busy`.

    `health` is what became of the endpoint's at `url`, None where nothing was tried; `gone`: it said never to come
    again.
    """

    webhook_id: UUID
    token: UUID
    url: str
    room: int
    busy: Sequence[UUID] = ()
    results: Sequence[Result] = ()
    health: Health | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What a serving gets. `endpoint` is None when it is over: paused, removed, or taken over.

    `is_noted`: its health was written, if there was any; else somebody held the row, and it is to be brought again.
    """

    endpoint: Endpoint | None
    parcels: list[Parcel] = field(default_factory=list)
    is_noted: bool = True


def begin(session: Session, webhook_id: UUID, token: UUID) -> Endpoint | None:
    """Take hold of an endpoint, whoever held it: None when it is paused or gone."""
    row = session.execute(_TAKE, {"id": webhook_id, "token": token}).one_or_none()
    return None if row is None else _endpoint(row)


def turn(session: Session, asks: Sequence[Ask], now: datetime) -> dict[UUID, Given]:
    """Write what the servings bring, then read what they want; run as the engine."""
    urls = {ask.webhook_id: ask.url for ask in asks}
    _write_results(session, [result for ask in asks for result in ask.results])
    unnoted = {
        ask.webhook_id
        for ask in sorted(asks, key=lambda each: each.webhook_id)
        if ask.health is not None and not _write_health(session, ask, ask.health, now)
    }
    held = session.execute(_HELD, {"asks": json.dumps([_held(ask) for ask in asks])})
    given = {row.id: Given(_endpoint(row), is_noted=row.url != urls[row.id] or row.id not in unnoted) for row in held}
    wanted = [_wanted(ask) for ask in asks if ask.webhook_id in given and ask.room > 0]
    if wanted:
        for row in session.execute(_DUE, {"asks": json.dumps(wanted), "now": now}):
            given[row.webhook_id].parcels.append(_parcel(row))
    return {ask.webhook_id: given.get(ask.webhook_id, Given(None)) for ask in asks}


def close(session: Session, webhook_id: UUID, token: UUID, now: datetime, *, is_leaving: bool) -> bool:
    """Let go of an endpoint: False when there is something to do now, and the serving need not leave.

    Whatever is fed after this finds the endpoint free and leaves an errand for it; what waits for its time gets one
    here. The row is locked first, so nothing is fed in between.
    """
    row = session.execute(_LET_GO, {"id": webhook_id, "token": token}).one_or_none()
    if row is None or row.state != "active":
        return True
    due_at = session.execute(_NEXT, {"id": webhook_id, "now": now}).scalar_one()
    if due_at is None:
        return True
    due_at = max(due_at, row.next_try_at or due_at)
    if due_at <= now and not is_leaving:
        session.execute(_TAKE, {"id": webhook_id, "token": token})
        return False
    leave_errand(session, webhook_id, is_troubled=row.is_troubled, at=due_at if due_at > now else None)
    return True


def _write_results(session: Session, results: Sequence[Result]) -> None:
    if not results:
        return
    written = session.execute(_WRITE, {"results": json.dumps([asdict(each) for each in results], default=str)})
    for row in written:
        if row.state == "failed":
            told = {"delivery": str(row.id), "event": str(row.event_id), "seq": row.seq, "why": row.last_code}
            subject = ("webhook", row.webhook_id)
            record(session, ENGINE, subject, "delivery_failed", told, client_id=row.client_id, now=row.tried_at)


def _write_health(session: Session, ask: Ask, health: Health, now: datetime) -> bool:
    """Write it while the serving holds the endpoint, and nobody else its row: all others would wait with it.

    Failing for long raises an alarm, and then pauses the endpoint.
    """
    values = {"id": ask.webhook_id, "token": ask.token, "url": ask.url, **asdict(health)}
    row = session.execute(_WRITE_HEALTH, values).one_or_none()
    if row is None:
        return False
    failing_for = None if health.failing_since is None else now - health.failing_since
    if ask.gone or (failing_for is not None and failing_for >= PAUSED_AFTER):
        pause_by_us(session, ask.webhook_id, row.client_id, "gone" if ask.gone else "failing", now)
    elif failing_for is not None and failing_for >= ALARM_AFTER:
        due_at = now - failing_for + PAUSED_AFTER
        raise_alarm(session, ENGINE, _ALARM, client_id=row.client_id, subject_id=ask.webhook_id, due_at=due_at, now=now)
    elif health.failing_since is None and row.was_failing:
        clear_failing(session, ask.webhook_id, "delivered", now)
    return True


def pause_by_us(session: Session, webhook_id: UUID, client_id: UUID, why: str, now: datetime) -> None:
    """Leave an endpoint alone until a person resumes it; what waits keeps waiting."""
    session.execute(_PAUSE, {"id": webhook_id, "why": why})
    record(session, ENGINE, ("webhook", webhook_id), "paused", {"why": why}, client_id=client_id, now=now)
    raise_alarm(session, ENGINE, _ALARM, client_id=client_id, subject_id=webhook_id, due_at=now, now=now)


def clear_failing(session: Session, webhook_id: UUID, why: str, now: datetime) -> None:
    """The endpoint needs nobody any more."""
    clear_alarms(session, ENGINE, (_ALARM,), subject_id=webhook_id, why=why, now=now)


def _held(ask: Ask) -> Mapping[str, str]:
    return {"id": str(ask.webhook_id), "token": str(ask.token)}


def _wanted(ask: Ask) -> Mapping[str, Any]:
    return {"webhook_id": str(ask.webhook_id), "room": ask.room, "busy": [str(each) for each in ask.busy]}


def _endpoint(row: Row[Any]) -> Endpoint:
    health = Health(row.num_failures, row.failing_since, row.trouble, row.is_troubled, row.next_try_at)
    secrets = (row.secret, row.old_secret) if row.old_secret is not None else (row.secret,)
    return Endpoint(row.id, row.client_id, row.url, secrets, health)


def _parcel(row: Row[Any]) -> Parcel:
    told = Told(
        seq=row.seq,
        event_id=row.event_id,
        about_id=row.about_id,
        at=row.at,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        subject_seq=row.subject_seq,
        kind=row.kind,
        data=as_told(row.kind, row.data, "client"),
    )
    return Parcel(row.id, row.num_tries, told)


_ENDPOINT = """w.id, w.client_id, w.url, w.secret, w.num_failures, w.failing_since, w.trouble, w.is_troubled,
    w.next_try_at, CASE WHEN w.old_secret_until > clock_timestamp() THEN w.old_secret END AS old_secret"""

_TAKE = text(f"UPDATE webhooks w SET served_by = :token WHERE w.id = :id AND w.state = 'active' RETURNING {_ENDPOINT}")

_LET_GO = text("""
UPDATE webhooks SET served_by = NULL WHERE id = :id AND served_by = :token
RETURNING state, next_try_at, is_troubled
""")

_HELD = text(f"""
SELECT {_ENDPOINT} FROM jsonb_to_recordset(cast(:asks AS jsonb)) AS a(id uuid, token uuid)
JOIN webhooks w ON w.id = a.id AND w.served_by = a.token AND w.state = 'active'
""")

#: Of what is about the same, nothing overtakes one that waits for its next try, nor what is on its way.
_DUE = text("""
SELECT d.*, e.at, e.subject_kind, e.subject_id, e.seq AS subject_seq, e.kind, e.data
FROM jsonb_to_recordset(cast(:asks AS jsonb)) AS a(webhook_id uuid, room int, busy uuid[])
CROSS JOIN LATERAL (
    SELECT d.id, d.webhook_id, d.num_tries, d.seq, d.event_id, d.about_id FROM webhook_deliveries d
    WHERE d.webhook_id = a.webhook_id AND d.state = 'waiting' AND NOT d.about_id = ANY(a.busy)
        AND NOT EXISTS (
            SELECT FROM webhook_deliveries h WHERE h.webhook_id = d.webhook_id AND h.about_id = d.about_id
                AND h.state = 'waiting' AND h.next_try_at IS NOT NULL AND h.next_try_at > :now AND h.seq <= d.seq
        )
    ORDER BY d.seq LIMIT a.room
) d
JOIN events e ON e.id = d.event_id
ORDER BY d.webhook_id, d.seq
""")

_WRITE = text("""
UPDATE webhook_deliveries d SET state = r.state, num_tries = r.num_tries, next_try_at = r.next_try_at,
    tried_at = r.tried_at, last_status = r.status, last_code = r.code, last_ms = r.ms
FROM jsonb_to_recordset(cast(:results AS jsonb)) AS r(
    id uuid, state text, num_tries smallint, next_try_at timestamptz, tried_at timestamptz, status smallint, code text,
    ms int
)
WHERE d.id = r.id AND d.state = 'waiting'
RETURNING d.id, d.state, d.webhook_id, d.client_id, d.event_id, d.seq, d.last_code, d.tried_at
""")

_WRITE_HEALTH = text("""
UPDATE webhooks w SET num_failures = :num_failures, failing_since = :failing_since, trouble = :trouble,
    is_troubled = :is_troubled, next_try_at = :next_try_at
FROM (SELECT id, failing_since IS NOT NULL AS was_failing FROM webhooks WHERE id = :id FOR UPDATE SKIP LOCKED) o
WHERE w.id = o.id AND w.served_by = :token AND w.state = 'active' AND w.url = :url
RETURNING w.client_id, o.was_failing
""")

_PAUSE = text("""
UPDATE webhooks SET state = 'paused', paused_why = :why, version = version + 1 WHERE id = :id AND state = 'active'
""")

#: When the first of each row of deliveries may be tried; those that need not wait may be at once.
_NEXT = text("""
SELECT min(coalesce(d.next_try_at, :now)) FROM (
    SELECT DISTINCT ON (about_id) next_try_at FROM webhook_deliveries
    WHERE webhook_id = :id AND state = 'waiting' ORDER BY about_id, seq
) d
""")
