"""What is a technician's reputation now? Reckoned from their outcomes; the prior is measured from the network.

Whoever is not reckoned anew by an event is after a week, because outcomes fade. Nobody is told of it by an event:
a reputation is no state of its own, it follows from outcomes and the day.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Float, func, insert, select, text, update
from sqlalchemy.orm import Session

from dispatch.record.tables import NetworkMeansRow, OutcomeRow, TechnicianRow
from matching.reputation import Outcome, Reputation, ReputationPolicy, measured_means, reputation

#: How long a reputation stands when nothing happens, and how often the network's means are measured, over how long.
STANDS = timedelta(days=7)
MEASURED_OVER = timedelta(days=90)
#: Older outcomes weigh less than a thousandth.
COUNTS_FOR = timedelta(days=1_800)
_BATCH = 20
#: Of a very large network the newest outcomes say as much, and are read in time.
_MOST_MEASURED = 200_000


def reckon(session: Session, technicians: Collection[UUID], *, now: datetime) -> None:
    """Set the reputations of these technicians as their outcomes stand. As the engine.

    Their rows are written in ascending order, at the end of whatever the transaction did before.
    """
    if not technicians:
        return
    policy = policy_at(session, now)
    outcomes = read_outcomes(session, technicians, now=now)
    for technician in sorted(technicians):
        made = reputation(outcomes[technician], policy, now=now)
        session.execute(
            update(TechnicianRow)
            .where(TechnicianRow.id == technician)
            .values(reputation=made.score, reputation_high=made.high, reputation_at=now)
            .execution_options(synchronize_session=False)
        )


def refresh(session: Session, now: datetime) -> int:
    """Reckon anew whom nothing happened to for a week: how many. Rows that another holds are left for later.

    Newcomers, and whoever was loaded with a reputation, have none to reckon before their first outcome
    (`dispatch.talent.reading`). Few at a time: each row written is read again by every index.
    """
    old = select(TechnicianRow.id).where(TechnicianRow.reputation_at <= now - STANDS).limit(_BATCH)
    due = session.scalars(old.with_for_update(skip_locked=True, key_share=True)).all()
    reckon(session, due, now=now)
    return len(due)


def measure_network(session: Session, now: datetime) -> int:
    """Measure the network's means once a week; whether it was done. Nothing is kept where there is too little."""
    last = session.execute(
        select(NetworkMeansRow.num, NetworkMeansRow.measured_at).order_by(NetworkMeansRow.num.desc()).limit(1)
    ).one_or_none()
    if last is not None and last.measured_at > now - STANDS:
        return 0
    if not session.execute(_TRY_LOCK).scalar_one():
        return 0
    newest = (
        select(OutcomeRow.part, OutcomeRow.value)
        .where(OutcomeRow.at > now - MEASURED_OVER, OutcomeRow.why_not.is_(None))
        .order_by(OutcomeRow.at.desc())
        .limit(_MOST_MEASURED)
        .subquery()
    )
    of_parts = select(newest.c.part, func.count(), func.sum(newest.c.value, type_=Float())).group_by(newest.c.part)
    totals = {part: (num, total) for part, num, total in session.execute(of_parts)}
    stated = ReputationPolicy()
    means = measured_means(totals, stated)
    if means == stated.means and last is None:
        return 0
    num = last.num + 1 if last is not None else 1
    session.execute(insert(NetworkMeansRow).values(num=num, means=means, measured_at=now))
    return 1


def policy_at(session: Session, at: datetime) -> ReputationPolicy:
    """The network's rules with the prior that was the newest at that time."""
    means = session.scalar(
        select(NetworkMeansRow.means)
        .where(NetworkMeansRow.measured_at <= at)
        .order_by(NetworkMeansRow.num.desc())
        .limit(1)
    )
    return replace(ReputationPolicy(), means=means) if means else ReputationPolicy()


def read_outcomes(
    session: Session, technicians: Collection[UUID], *, now: datetime
) -> defaultdict[UUID, list[Outcome]]:
    """The outcomes of each of these technicians that still weigh something."""
    found: defaultdict[UUID, list[Outcome]] = defaultdict(list)
    rows: Iterable[OutcomeRow] = session.scalars(
        select(OutcomeRow).where(OutcomeRow.technician_id.in_(technicians), OutcomeRow.at > now - COUNTS_FOR)
    )
    for row in rows:
        found[row.technician_id].append(
            Outcome(row.event_id, row.part, row.kind, row.value, row.at, row.severity, row.why_not)
        )
    return found


def reputation_of(session: Session, technician_id: UUID, *, at: datetime) -> Reputation:
    """A technician's reputation at a time, in full: for who asks about it, and to compare with what is kept."""
    outcomes = read_outcomes(session, [technician_id], now=at)[technician_id]
    return reputation(outcomes, policy_at(session, at), now=at)


_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll network means'))")
