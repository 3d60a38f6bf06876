"""What happened? One event for each change of state, chained per subject, in the transaction that changes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from dispatch.record.session import Actor
from dispatch.record.tables import EventRow, new_id
from matching.reasons import Audience


def record(
    session: Session,
    actor: Actor,
    subject: tuple[str, UUID],
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    client_id: UUID | None,
    now: datetime,
) -> UUID:
    """Append an event to `subject`'s chain, and answer its id.

    `subject` is (kind, id), the kind one of `tables.audit.SUBJECTS`; `kind` is a past participle ("accepted");
    `data` holds ids, codes, times and numbers only: no name, place, contact or free text. The chain's place and
    hash are set by the database; the subject stays locked until the transaction ends, so record at its end.
    """
    event_id = new_id()
    session.execute(
        insert(EventRow).values(
            id=event_id,
            client_id=client_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            kind=kind,
            actor_kind=actor.kind,
            actor_id=actor.id,
            at=now,
            data=data or {},
        )
    )
    return event_id


def as_told(kind: str, data: Mapping[str, Any], audience: Audience) -> dict[str, Any]:
    """What an event holds, as the audience may read it: a client gets no raw counts of rules."""
    if audience == "operator" or kind != "unfilled":
        return dict(data)
    return {name: value for name, value in data.items() if name not in ("counts", "num_in_reach", "num_may")}
