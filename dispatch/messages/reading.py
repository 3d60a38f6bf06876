"""Which committed events has nobody been told of? They become notices, and errands to deliver them.

Read in commit order below the oldest transaction that still runs, as the board's log is (`dispatch/record/relay.py`),
with a cursor of its own; notices, errands and the cursor move in one transaction, so that nothing is lost or doubled
when the process dies.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from dispatch.messages.errands import leave_deliveries
from dispatch.messages.occasions import BY_EVENT, Occasion
from dispatch.messages.people import Person, read_people
from dispatch.messages.preferences import plan
from dispatch.messages.readers import Around, Event, Hearing, look_around, readers_of
from dispatch.record.tables import NoticeRow, new_id

#: The row of `cursors` that says how far this has come; the migration makes it.
CURSOR = "notices"
#: Events in one transaction: a wave has some hundred readers, and offering must not wait for them.
_MAX_EVENTS = 25


def tell(session: Session, now: datetime, *, max_events: int = _MAX_EVENTS) -> int:
    """Make the notices of events that committed since the last call: how many events. Runs as the engine.

    Answers 0 while another is at it.
    """
    if not session.execute(_TRY_LOCK, {"cursor": CURSOR}).scalar_one():
        return 0
    kinds = [f"{subject} {kind}" for subject, kind in BY_EVENT]
    rows = session.execute(_TAKE, {"cursor": CURSOR, "kinds": kinds, "max_events": max_events}).mappings().all()
    events = [Event(**row) for row in rows]
    if events:
        notices = _notices(session, events, now)
        if notices:
            session.execute(insert(NoticeRow), notices)
            leave_deliveries(session, _due(notices))
    return len(events)


def _notices(session: Session, events: Sequence[Event], now: datetime) -> list[dict[str, Any]]:
    around = look_around(session, events)
    heard = [
        (event, line, hearing)
        for event in events
        for line in BY_EVENT[event.subject_kind, event.kind]
        if line.when is None or event.data.get(line.when[0]) == line.when[1]
        for hearing in readers_of(event, line, around)
    ]
    people = read_people(session, {hearing.ref for _, _, hearing in heard})
    notices = []
    for event, line, hearing in heard:
        person = people.get(hearing.ref)
        if person is not None and person.is_here:
            notices += _of_one(event, line, hearing, person, around, now)
    return notices


def _of_one(
    event: Event, line: Occasion, hearing: Hearing, person: Person, around: Around, now: datetime
) -> list[dict[str, Any]]:
    """One notice, or one for each channel where the occasion wants them all."""
    moot = moot_at(line, event.data)
    asked = event.data.get("channels") or line.channels
    wanted = tuple(channel for channel in line.channels if channel in asked)
    made = plan(person.wishes, line.group, line.urgency, wanted, person.reachable, now=now, moot_at=moot)
    ways = [(channel,) for channel in made.channels] if line.everywhere and made.channels else [made.channels]
    visit_id = around.visit_of(event)
    about = {**hearing.about, **({"visit": str(visit_id)} if visit_id else {})}
    return [
        {
            "id": new_id(),
            "client_id": event.client_id,
            "event_id": event.id,
            "occasion": line.key,
            "num": num,
            "reader_kind": hearing.ref[0],
            "reader_id": hearing.ref[1],
            "job_id": around.job_of(event),
            "data": about,
            "channels": list(channels),
            "state": made.state,
            "reason": made.why,
            "until_at": made.until,
            "made_at": now,
        }
        for num, channels in enumerate(ways)
    ]


def moot_at(line: Occasion, data: Any) -> datetime | None:
    """When nobody needs to hear of it any more, by the time that the event names."""
    named = data.get(line.until) if line.until else None
    return datetime.fromisoformat(named) if isinstance(named, str) else None


def _due(notices: Sequence[dict[str, Any]]) -> list[tuple[UUID, datetime | None]]:
    """What is to be delivered, and not before when; what waits for a digest is gathered instead."""
    return [
        (each["id"], each["until_at"])
        for each in notices
        if each["state"] == "queued" or (each["state"] == "held" and each["reason"] != "digest")
    ]


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll relay'), hashtext(:cursor))")

_TAKE = text("""
WITH done AS MATERIALIZED (
    SELECT below_xid FROM cursors WHERE name = :cursor
), settled AS MATERIALIZED (
    SELECT e.xid FROM events e
    WHERE e.xid >= (SELECT below_xid FROM done) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        AND e.subject_kind || ' ' || e.kind = ANY(:kinds)
    ORDER BY e.xid, e.id LIMIT :max_events
), bound AS MATERIALIZED (
    -- As in the board's relay: a transaction is taken whole.
    SELECT CASE
        WHEN count(*) < :max_events THEN pg_snapshot_xmin(pg_current_snapshot())
        WHEN min(xid) < max(xid) THEN max(xid)
        ELSE (max(xid)::text::numeric + 1)::text::xid8
    END AS below_xid FROM settled
), moved AS (
    UPDATE cursors SET below_xid = bound.below_xid FROM bound
    WHERE cursors.name = :cursor AND cursors.below_xid < bound.below_xid
)
SELECT e.id, e.client_id, e.subject_kind, e.subject_id, e.kind, e.actor_id, e.at, e.data
FROM events e, bound, done
WHERE e.xid >= done.below_xid AND e.xid < bound.below_xid AND e.subject_kind || ' ' || e.kind = ANY(:kinds)
ORDER BY e.xid, e.id
""")
