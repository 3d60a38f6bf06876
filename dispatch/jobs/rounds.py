"""When are technicians asked? A round opens, is due for its waves, and closes. Its row is the timer."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, DateTime, Update, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.record.tables import ClientRow, CounterRow, OfferRow, RoundRow, SlotRow, WaveRow, new_id
from dispatch.record.tables.offers import LIVE_OFFERS


def open_round(
    session: Session,
    client_id: UUID,
    job_id: UUID,
    visit_id: UUID,
    role: str,
    why: str,
    *,
    now: datetime,
    first_ask: Sequence[UUID] = (),
    has_waves: bool = True,
) -> UUID:
    """A new round for a role of a visit, due at once; those of `first_ask` are asked before all others.

    Without waves nobody is asked but whom the caller asks.
    """
    num = session.scalar(
        select(func.coalesce(func.max(RoundRow.num), 0)).where(RoundRow.visit_id == visit_id, RoundRow.role == role)
    )
    round_id = new_id()
    session.execute(
        insert(RoundRow).values(
            id=round_id,
            client_id=client_id,
            job_id=job_id,
            visit_id=visit_id,
            role=role,
            num=(num or 0) + 1,
            opened_why=why,
            opened_at=now,
            next_wave_at=now if has_waves else None,
            first_ask=list(first_ask),
        )
    )
    return round_id


def open_rounds(session: Session, client_id: UUID, job_id: UUID, why: str, *, now: datetime) -> None:
    """A round for each role of the job that has an open slot and none yet, due at once."""
    is_asked = select(RoundRow.id).where(
        RoundRow.visit_id == SlotRow.visit_id, RoundRow.role == SlotRow.role, RoundRow.closed_at.is_(None)
    )
    roles = session.execute(
        select(SlotRow.visit_id, SlotRow.role)
        .where(SlotRow.job_id == job_id, SlotRow.state == "open", ~is_asked.exists())
        .distinct()
    )
    for visit_id, role in roles.all():
        open_round(session, client_id, job_id, visit_id, role, why, now=now)


def close_rounds(
    session: Session,
    job_id: UUID,
    offer_state: str,
    *,
    now: datetime,
    visit_id: UUID | None = None,
    role: str | None = None,
) -> list[UUID]:
    """Close the open rounds of a job (of one role of a visit, if named) and end their live offers and counters.

    `offer_state` is what the offers end as, `withdrawn` or `not_chosen`. Answers the offers that ended, for the event.
    The caller holds the slots.
    """
    rounds = update(RoundRow).where(RoundRow.job_id == job_id, RoundRow.closed_at.is_(None))
    offers = update(OfferRow).where(OfferRow.job_id == job_id, OfferRow.state.in_(LIVE_OFFERS))
    if visit_id is not None:
        rounds = rounds.where(RoundRow.visit_id == visit_id, RoundRow.role == role)
        offers = offers.where(OfferRow.visit_id == visit_id, OfferRow.role == role)
    session.execute(rounds.values(closed_at=now, next_wave_at=None))
    ended = offers.values(state=offer_state).returning(OfferRow.id).cte("ended")
    return list(session.scalars(select(ended.c.id).add_cte(withdraw_counters(ended.c.id, now).cte("withdrawn"))))


def withdraw_counters(offers: Iterable[UUID] | ColumnElement[UUID], now: datetime) -> Update:
    """The statement that withdraws what was still asked for in offers that ended."""
    of_them = select(offers) if isinstance(offers, ColumnElement) else list(offers)
    return (
        update(CounterRow)
        .where(CounterRow.offer_id.in_(of_them), CounterRow.state == "open")
        .values(state="withdrawn", decided_at=now)
    )


def is_due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition that a round's next wave is due: its time has come, or nobody is left who could still say yes.

    The latter while the timer is the end of a wave, or of an ask by name: one that was set to look again later
    (`unfilled.wait`) stands. Nothing is due for a client that is not approved.
    """
    is_approved = select(ClientRow.id).where(ClientRow.id == RoundRow.client_id, ClientRow.state == "approved").exists()
    someone = select(OfferRow.id).where(OfferRow.round_id == RoundRow.id, OfferRow.state.in_(LIVE_OFFERS)).exists()
    waves_own = select(WaveRow.id).where(WaveRow.round_id == RoundRow.id, WaveRow.until_at == RoundRow.next_wave_at)
    named = select(OfferRow.id).where(
        OfferRow.round_id == RoundRow.id, OfferRow.is_by_name, OfferRow.expires_at == RoundRow.next_wave_at
    )
    has_time_come = (RoundRow.next_wave_at <= now) | (~someone & (waves_own.exists() | named.exists()))
    return RoundRow.closed_at.is_(None) & RoundRow.next_wave_at.is_not(None) & has_time_come & is_approved


_DUE = (
    select(RoundRow.id).where(is_due(bindparam("now", type_=DateTime(timezone=True)))).order_by(RoundRow.next_wave_at)
)


def due_rounds(session: Session, *, now: datetime) -> list[UUID]:
    """The rounds whose next wave is due, the longest due first."""
    return list(session.scalars(_DUE, {"now": now}))
