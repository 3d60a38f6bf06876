"""What is due now? Offers that ran out, rounds whose next wave is due: each in a transaction of its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from dispatch.feed import REFRESH_WITHIN_S, Feed
from dispatch.jobs.offers import offer_job
from dispatch.jobs.rounds import due_rounds, withdraw_counters
from dispatch.record.events import record
from dispatch.record.session import CLOCK, ENGINE, database_now
from dispatch.record.tables import OfferRow
from dispatch.record.tables.offers import LIVE_OFFERS

#: Opens a transaction as the engine; `deadline_s` gives it more time than others have.
Transaction = Callable[..., AbstractContextManager[Session]]
OnFault = Callable[[UUID, Exception], None]

#: How many offers end in one transaction at most: a sweep never holds many locks for long.
_BATCH = 500

_LATE = (
    select(OfferRow.id)
    .where(OfferRow.state.in_(LIVE_OFFERS), OfferRow.expires_at <= CLOCK)
    .order_by(OfferRow.expires_at)
    .limit(_BATCH)
    .with_for_update(skip_locked=True)
)
_END_LATE = (
    update(OfferRow)
    .where(OfferRow.id.in_(_LATE.scalar_subquery()))
    .values(state="expired")
    .returning(OfferRow.id, OfferRow.job_id, OfferRow.client_id)
    .execution_options(synchronize_session=False)
)


def sweep(
    transaction: Transaction,
    feed: Feed,
    *,
    seed: int,
    after_wave: Callable[[], None] = lambda: None,
    on_fault: OnFault | None = None,
) -> int:
    """Do everything that is due by the database's clock: how many things were done.

    `transaction` opens one as the engine. Several dispatchers may sweep at once: each thing is done by one of them.
    Killed half-way, the next sweep goes on, for the rows are the timers. `after_wave` is called once a wave's
    transaction is committed, so that who waits for offers need not wait for the rest of the sweep. `on_fault` is told
    of a round that failed, and the sweep goes on with the next: one job's trouble is not another's. Without it, and
    when the database itself is gone, the fault is raised.
    """
    done, due = _end_late_offers(transaction)
    for round_id in due:
        with transaction(deadline_s=REFRESH_WITHIN_S) as session:
            feed.refresh(session, now=database_now(session))
        try:
            is_done = _work_on(transaction, feed, round_id, seed)
        except Exception as error:
            if on_fault is None or _is_database_gone(error):
                raise
            on_fault(round_id, error)
            continue
        if is_done:
            after_wave()
            done += 1
    return done


def _end_late_offers(transaction: Transaction) -> tuple[int, list[UUID]]:
    """How many offers ended, and the rounds that are due then."""
    done = 0
    while True:
        with transaction() as session:
            now = database_now(session)
            ended = expire_offers(session, now=now)
            due = due_rounds(session, now=now)
        done += ended
        if ended < _BATCH:
            return done, due


def _work_on(transaction: Transaction, feed: Feed, round_id: UUID, seed: int) -> bool:
    with transaction() as session:
        now = database_now(session)
        decision = offer_job(session, feed.roster, round_id, now=now, seed=seed ^ (round_id.int & 0x7FFFFFFF))
    return decision is not None


def _is_database_gone(error: Exception) -> bool:
    """Whether the next round would fail alike: no connection, or the one that there was is lost."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    is_unsaid = isinstance(error, (OperationalError, InterfaceError)) and getattr(error.orig, "pgcode", None) is None
    return is_unsaid or isinstance(error, NoConnection)


def expire_offers(session: Session, *, now: datetime) -> int:
    """End the offers whose time has run out, with one event a job: how many."""
    ended = session.execute(_END_LATE).all()
    if not ended:
        return 0
    session.execute(withdraw_counters([row.id for row in ended], now))
    jobs: dict[tuple[UUID, UUID], list[str]] = {}
    for row in ended:
        jobs.setdefault((row.job_id, row.client_id), []).append(str(row.id))
    for (job_id, client_id), offers in sorted(jobs.items()):
        record(session, ENGINE, ("job", job_id), "offers_expired", {"offers": offers}, client_id=client_id, now=now)
    return len(ended)
