"""Whom does a client want first? Its pools, and who is in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import PoolMemberRow, PoolRow, new_id
from dispatch.talent.rights import hold_for_client, only, own_client
from dispatch.talent.words import checked_text

_KEEPERS = ("operator", "client_admin", "dispatcher")


def create_pool(session: Session, actor: Actor, client_id: UUID, name: str, *, now: datetime) -> UUID:
    """A new, empty pool of a client.

    Raises
    ------
    BadInput
        The name cannot be kept, or the client has a pool of this name.
    NotFound, Refused
        The client is not the actor's; the actor does not keep pools.
    """
    only(actor, *_KEEPERS, doing="keeping pools")
    own_client(session, actor, client_id)
    pool_id: UUID | None = session.scalar(
        insert(PoolRow)
        .values(id=new_id(), client_id=client_id, name=checked_text("name", name), created_at=now)
        .on_conflict_do_nothing(index_elements=["client_id", "name"])
        .returning(PoolRow.id)
    )
    if pool_id is None:
        raise BadInput("name", name, "use a name that none of the client's pools has")
    record(session, actor, ("client", client_id), "pool_created", {"pool": str(pool_id)}, client_id=client_id, now=now)
    return pool_id


def add_to_pool(session: Session, actor: Actor, pool_id: UUID, technician_ids: Sequence[UUID], *, now: datetime) -> int:
    """Put technicians into a pool; how many were not in it.

    Raises
    ------
    NotFound
        The pool, or one of the technicians, does not exist or is not for this actor: then nobody is added.
    Conflict
        The pool is open: its members follow from its requirements.
    Refused
        The actor does not keep pools.
    """
    pool = _private(find_pool(session, actor, pool_id))
    if not technician_ids:
        return 0
    hold_for_client(session, actor, pool.client_id, list(technician_ids))
    rows = [
        {"pool_id": pool_id, "technician_id": each, "client_id": pool.client_id, "joined_at": now}
        for each in sorted(set(technician_ids))
    ]
    new = insert(PoolMemberRow).values(rows).on_conflict_do_nothing().returning(PoolMemberRow.technician_id)
    joined = sorted(session.scalars(new))
    _record(session, actor, pool, "pool_joined", joined, now)
    return len(joined)


def remove_from_pool(
    session: Session, actor: Actor, pool_id: UUID, technician_ids: Sequence[UUID], *, now: datetime
) -> int:
    """Take technicians out of a pool; how many were in it. Raises as `add_to_pool`."""
    pool = _private(find_pool(session, actor, pool_id))
    if not technician_ids:
        return 0
    hold_for_client(session, actor, pool.client_id, list(technician_ids))
    gone = (
        delete(PoolMemberRow)
        .where(PoolMemberRow.pool_id == pool_id, PoolMemberRow.technician_id.in_(technician_ids))
        .returning(PoolMemberRow.technician_id)
    )
    left = sorted(session.scalars(gone))
    _record(session, actor, pool, "pool_left", left, now)
    return len(left)


def find_pool(session: Session, actor: Actor, pool_id: UUID) -> PoolRow:
    """The pool, of an actor who keeps it.

    Raises
    ------
    NotFound, Refused
        There is none for this actor; the actor does not keep pools.
    """
    only(actor, *_KEEPERS, doing="keeping pools")
    pool = session.scalars(select(PoolRow).where(PoolRow.id == pool_id)).one_or_none()
    if pool is None or (actor.client_id is not None and actor.client_id != pool.client_id):
        raise NotFound("pool", pool_id)
    own_client(session, actor, pool.client_id)
    return pool


def _private(pool: PoolRow) -> PoolRow:
    if pool.requirements is not None:
        raise Conflict("open to all who meet its requirements", "move members by hand", ("make an exception",))
    return pool


def _record(session: Session, actor: Actor, pool: PoolRow, kind: str, who: list[UUID], now: datetime) -> None:
    if who:
        data = {"pool": str(pool.id), "technicians": [str(each) for each in who]}
        record(session, actor, ("client", pool.client_id), kind, data, client_id=pool.client_id, now=now)
