"""What can be gathered? The calm news of one reader, when their digest is due, into one notice."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dispatch.messages.errands import leave_deliveries
from dispatch.messages.people import Ref, read_people
from dispatch.record.tables import NoticeRow, new_id

OCCASION = "digest"
#: A digest is read on a desk or a screen; as a text it would be cut.
CHANNELS = ("mail", "push")
_MAX_GATHERED = 500


def gather(session: Session, now: datetime) -> int:
    """Gather what is due into one notice a reader: how many notices were gathered. Runs as the engine."""
    due = session.scalars(
        select(NoticeRow)
        .where(NoticeRow.state == "held", NoticeRow.reason == "digest", NoticeRow.until_at <= now)
        .order_by(NoticeRow.until_at, NoticeRow.id)
        .limit(_MAX_GATHERED)
        .with_for_update(skip_locked=True)
    ).all()
    by_reader: dict[Ref, list[NoticeRow]] = defaultdict(list)
    for notice in due:
        by_reader[notice.reader_kind, notice.reader_id].append(notice)
    people = read_people(session, by_reader)
    made: list[tuple[UUID, datetime | None]] = []
    for ref, notices in by_reader.items():
        person = people.get(ref)
        ways = [each for each in CHANNELS if person is not None and each in person.reachable]
        digest = _digest(ref, notices, ways, now)
        session.execute(insert(NoticeRow).values(digest))
        session.execute(
            update(NoticeRow)
            .where(NoticeRow.id.in_([each.id for each in notices]))
            .values(state="gathered", reason=None, until_at=None)
        )
        if ways:
            made.append((digest["id"], None))
    leave_deliveries(session, made)
    return len(due)


def _digest(ref: Ref, notices: list[NoticeRow], ways: Sequence[str], now: datetime) -> dict[str, Any]:
    clients = {each.client_id for each in notices}
    return {
        "id": new_id(),
        # A technician hears from several clients in one: that notice is nobody's but theirs.
        "client_id": clients.pop() if len(clients) == 1 else None,
        "occasion": OCCASION,
        "reader_kind": ref[0],
        "reader_id": ref[1],
        "data": {"notices": [str(each.id) for each in notices]},
        "channels": list(ways),
        "state": "queued" if ways else "suppressed",
        "reason": None if ways else "no_address",
        "made_at": now,
    }
