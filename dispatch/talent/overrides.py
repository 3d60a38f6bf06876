"""Which exceptions does an open pool have? In without meeting it, or out though meeting it: why, and until when."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import PoolOverrideRow, PoolRow, new_id
from dispatch.talent.membership import renew_memberships
from dispatch.talent.pools import find_pool
from dispatch.talent.rights import hold_for_client
from dispatch.talent.words import checked_text

MAX_DAYS = 366
#: Overrides that end in one transaction at most.
_BATCH = 200


def put_override(
    session: Session,
    actor: Actor,
    pool_id: UUID,
    technician_id: UUID,
    *,
    is_member: bool,
    reason: str,
    until: datetime,
    now: datetime,
) -> UUID:
    """Make an exception for one technician, in place of one that there was: its id. It ends by itself.

    Raises
    ------
    BadInput
        The reason is empty, or the end not ahead, or over `MAX_DAYS` away.
    Conflict
        The pool is not open: its members are put there and taken out by hand.
    NotFound, Refused
        The pool or the technician is not for this actor.
    """
    pool = _open_pool(session, actor, pool_id)
    words = checked_text("reason", reason, max_chars=500)
    if not now < until <= now + timedelta(days=MAX_DAYS):
        raise BadInput("until", until.isoformat(), f"give an end ahead, at most {MAX_DAYS} days away")
    hold_for_client(session, actor, pool.client_id, [technician_id])
    _end(session, actor, pool, technician_id, "replaced", now)
    override_id = new_id()
    session.execute(
        insert(PoolOverrideRow).values(
            id=override_id,
            client_id=pool.client_id,
            pool_id=pool_id,
            technician_id=technician_id,
            is_member=is_member,
            reason=words,
            made_by=actor.id,
            made_at=now,
            until_at=until,
        )
    )
    more = {"is_member": is_member, "until": until.isoformat()}
    _tell(session, actor, pool, technician_id, "pool_override_made", override_id, more, now)
    renew_memberships(session, [technician_id], now=now)
    return override_id


def take_override_back(session: Session, actor: Actor, pool_id: UUID, technician_id: UUID, *, now: datetime) -> None:
    """End an exception before its time; without one nothing changes. Raises as `put_override`."""
    pool = _open_pool(session, actor, pool_id)
    hold_for_client(session, actor, pool.client_id, [technician_id])
    if _end(session, actor, pool, technician_id, "taken_back", now):
        renew_memberships(session, [technician_id], now=now)


def end_overrides(session: Session, now: datetime) -> int:
    """End the exceptions whose time has come, and bring their pools in step: how many. Runs as the engine."""
    due = select(PoolOverrideRow.id, PoolOverrideRow.technician_id, PoolOverrideRow.pool_id).where(
        PoolOverrideRow.ended_at.is_(None), PoolOverrideRow.until_at <= now
    )
    rows = session.execute(due.order_by(PoolOverrideRow.technician_id).limit(_BATCH)).all()
    ended = 0
    for row in rows:
        pool = session.scalars(select(PoolRow).where(PoolRow.id == row.pool_id)).one()
        hold_for_client(session, ENGINE, pool.client_id, [row.technician_id])
        ended += _end(session, ENGINE, pool, row.technician_id, "over", now, only=row.id)
    if ended:
        renew_memberships(session, [row.technician_id for row in rows], now=now)
    return ended


def _open_pool(session: Session, actor: Actor, pool_id: UUID) -> PoolRow:
    pool = find_pool(session, actor, pool_id)
    if pool.requirements is None:
        raise Conflict("private", "make an exception", ("put somebody in", "take somebody out"))
    return pool


def _end(
    session: Session,
    actor: Actor,
    pool: PoolRow,
    technician_id: UUID,
    why: str,
    now: datetime,
    *,
    only: UUID | None = None,
) -> int:
    """End the exception that stands, by a guarded statement: whether there was one."""
    wanted = update(PoolOverrideRow).where(
        PoolOverrideRow.pool_id == pool.id,
        PoolOverrideRow.technician_id == technician_id,
        PoolOverrideRow.ended_at.is_(None),
    )
    if only is not None:
        wanted = wanted.where(PoolOverrideRow.id == only, PoolOverrideRow.until_at <= now)
    override_id = session.scalar(wanted.values(ended_at=now).returning(PoolOverrideRow.id))
    if override_id is None:
        return 0
    _tell(session, actor, pool, technician_id, "pool_override_ended", override_id, {"why": why}, now)
    return 1


def _tell(
    session: Session,
    actor: Actor,
    pool: PoolRow,
    technician_id: UUID,
    kind: str,
    override_id: UUID,
    more: dict[str, object],
    now: datetime,
) -> None:
    data = {"pool": str(pool.id), "technician": str(technician_id), "override": str(override_id), **more}
    record(session, actor, ("client", pool.client_id), kind, data, client_id=pool.client_id, now=now)
