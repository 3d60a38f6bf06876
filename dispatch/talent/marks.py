"""Who does not want whom, and who likes whom? Blocks and favourites, both ways.

Neither side learns of the other's: a client's mark is told on the client's chain of events, a technician's on
their own.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientMarkRow, ClientRow, TechnicianMarkRow
from dispatch.talent.rights import hold_for_client, hold_technician, only
from dispatch.talent.words import checked_text

Mark = Literal["block", "favourite"]

_DONE = {"block": "blocked", "favourite": "favoured"}


def mark_technician(
    session: Session,
    actor: Actor,
    client_id: UUID,
    technician_id: UUID,
    mark: Mark | None,
    *,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """A client blocks a technician, makes them a favourite, or (None) takes its mark back: whether it is news.

    A block holds for what is offered and accepted from now on; what it ends: `dispatch/admission/blocking.py`.

    Raises
    ------
    NotFound, Refused, BadInput
        The client or the technician is not for this actor; the actor is not of a client's staff; a block says no why.
    """
    only(actor, "client_admin", "dispatcher", "operator", doing="marking technicians")
    hold_for_client(session, actor, client_id, [technician_id])
    words = _why(mark, reason)
    whose = {"client_id": client_id, "technician_id": technician_id}
    if not _put(session, ClientMarkRow, whose, mark, {"reason": words, "marked_at": now}):
        return False
    kind = f"technician_{_DONE[mark]}" if mark else "technician_unmarked"
    data = {"technician": str(technician_id)}
    record(session, actor, ("client", client_id), kind, data, client_id=client_id, now=now)
    return True


def mark_client(
    session: Session,
    actor: Actor,
    technician_id: UUID,
    client_id: UUID,
    mark: Mark | None,
    *,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """A technician blocks a client, makes it a favourite, or (None) takes their mark back: whether it is news.

    Raises
    ------
    NotFound, BadInput
        The technician is not this actor's, or there is no such client; a block says no why.
    """
    hold_technician(session, actor, technician_id)
    if session.get(ClientRow, client_id) is None:
        raise NotFound("client", client_id)
    words = _why(mark, reason)
    whose = {"technician_id": technician_id, "client_id": client_id}
    if not _put(session, TechnicianMarkRow, whose, mark, {"reason": words, "marked_at": now}):
        return False
    kind = f"client_{_DONE[mark]}" if mark else "client_unmarked"
    data = {"client": str(client_id)}
    record(session, actor, ("technician", technician_id), kind, data, client_id=None, now=now)
    return True


def _why(mark: Mark | None, reason: str | None) -> str | None:
    if mark == "block" and reason is None:
        raise BadInput("reason", None, "say why: a block has a reason, which the other side never reads")
    return None if reason is None else checked_text("reason", reason, max_chars=500)


def _put(
    session: Session,
    table: type[ClientMarkRow] | type[TechnicianMarkRow],
    whose: dict[str, UUID],
    mark: Mark | None,
    values: dict[str, object],
) -> bool:
    """Set or take the mark; whether anything changed."""
    if mark is None:
        gone = delete(table).filter_by(**whose).returning(table.kind)
        return session.scalar(gone) is not None
    new = insert(table).values(kind=mark, **whose, **values)
    kept = new.on_conflict_do_update(
        index_elements=list(whose),
        set_={"kind": mark, **values},
        where=(table.kind != mark) | table.reason.is_distinct_from(values["reason"]),
    ).returning(table.kind)
    return session.scalar(kept) is not None
