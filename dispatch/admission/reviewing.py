"""Which requirements does this technician meet, of pools and of jobs, and what can they do about the others?

For the technician alone, in full; a block by the other side is the one thing that they are not told: work of a client
that blocked them is not there, and its pools neither.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from dispatch.errors import NotFound
from dispatch.index.search import candidate_of
from dispatch.jobs.market import find_open_role
from dispatch.record.tables import ClientMarkRow, ClientRow, OfferRow, PoolMemberRow, PoolOverrideRow, PoolRow
from dispatch.talent.membership import requirements_of
from dispatch.talent.reading import read_technicians
from dispatch.talent.usage import soft_left
from matching.advice import ADVICE
from matching.eligibility import Rule
from matching.membership import Told, tell
from matching.technician import Technician
from matching.ticks import Tick, ticks


@dataclass(frozen=True, slots=True)
class PoolReview:
    """An open pool as a technician sees it; `override_until` says how long an exception holds, if there is one."""

    pool: PoolRow
    client: str
    is_member: bool
    checks: tuple[Told, ...]
    override_until: datetime | None


@dataclass(frozen=True, slots=True)
class JobReview:
    """A role of a visit, rule by rule; `advice` says what to do about a cross."""

    visit_id: UUID
    role: str
    checks: tuple[tuple[Tick, str], ...]


def review_pools(session: Session, technician_id: UUID, *, now: datetime) -> list[PoolReview]:
    """All open pools of approved clients that have not blocked the technician, by the client's name."""
    who = _person(session, technician_id, now)
    rows = session.execute(
        select(PoolRow, ClientRow.name)
        .join(ClientRow, ClientRow.id == PoolRow.client_id)
        .where(PoolRow.requirements.is_not(None), ClientRow.state == "approved", ~_has_blocked(technician_id))
        .order_by(ClientRow.name, PoolRow.name, PoolRow.id)
    ).all()
    mine = set(session.scalars(select(PoolMemberRow.pool_id).where(PoolMemberRow.technician_id == technician_id)))
    exceptions = dict(
        session.execute(
            select(PoolOverrideRow.pool_id, PoolOverrideRow.until_at).where(
                PoolOverrideRow.technician_id == technician_id,
                PoolOverrideRow.ended_at.is_(None),
                PoolOverrideRow.until_at > now,
            )
        ).all()
    )
    today = now.astimezone(UTC).date()
    asked = requirements_of(session, [pool for pool, _ in rows])
    return [
        PoolReview(
            pool,
            client,
            pool.id in mine,
            tell(asked[pool.id], who, pool.client_id, today),
            exceptions.get(pool.id),
        )
        for pool, client in rows
    ]


def review_job(session: Session, technician_id: UUID, visit_id: UUID, role: str, *, now: datetime) -> JobReview:
    """Every rule of an open role, for the technician: one that they were asked for, or that the market or a pool opens.

    Raises
    ------
    NotFound
        There is no such open role, or not for them.
    """
    who = _person(session, technician_id, now)
    unit = find_open_role(session, visit_id, role)
    if unit is None or _is_blocked(session, unit.job.client_id, technician_id):
        raise NotFound("open job", visit_id)
    facts = candidate_of(who, unit.job, unit.policy, now=now)
    soft_s = soft_left(session, unit.job, technician_id, now=now)
    told = ticks(unit.job, facts, unit.policy, 0, soft_left_s=soft_s)
    was_asked = select(OfferRow.id).where(OfferRow.visit_id == visit_id, OfferRow.technician_id == technician_id)
    is_let_in = any(tick.rule is Rule.POOL and tick.holds for tick in told)
    if not is_let_in and session.scalar(was_asked.limit(1)) is None:
        raise NotFound("open job", visit_id)
    return JobReview(visit_id, role, tuple((tick, "" if tick.holds else ADVICE[tick.rule]) for tick in told))


def _person(session: Session, technician_id: UUID, now: datetime) -> Technician:
    found = read_technicians(session, [technician_id], now=now)
    if not found:
        raise NotFound("technician", technician_id)
    return found[0]


def _has_blocked(technician_id: UUID) -> ColumnElement[bool]:
    return (
        select(ClientMarkRow.client_id)
        .where(
            ClientMarkRow.client_id == ClientRow.id,
            ClientMarkRow.technician_id == technician_id,
            ClientMarkRow.kind == "block",
        )
        .exists()
    )


def _is_blocked(session: Session, client_id: UUID, technician_id: UUID) -> bool:
    return (
        session.scalar(select(ClientRow.id).where(ClientRow.id == client_id, _has_blocked(technician_id))) is not None
    )
