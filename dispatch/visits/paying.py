"""How far is a job by its money? Disputed while somebody is to decide, paid once all that it cost has arrived."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from dispatch.money.approving import late_jobs
from dispatch.money.bonuses import Bonus, add_bonus, answer_bonus
from dispatch.money.contesting import let_stand
from dispatch.money.deciders import Naming, name_decider
from dispatch.money.disputing import Dispute, concede, decide, note_late, open_dispute
from dispatch.money.extras import answer_extra
from dispatch.money.payouts import hear
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import DisputeRow, JobRow, PaymentRow, PayoutRow
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.completion import move_job

_OVER = ("paid", "released")


def dispute_pay(session: Session, actor: Actor, wish: Dispute, *, now: datetime) -> UUID:
    """Dispute part of what is claimed; a job that was approved is disputed. As `dispatch.money.disputing`."""
    _hold_jobs(session, select(PaymentRow.job_id).where(PaymentRow.id == wish.payment_id))
    dispute_id = open_dispute(session, actor, wish, now=now)
    follow_money(session, actor, session.get_one(DisputeRow, dispute_id).job_id, now=now)
    return dispute_id


def decide_dispute(
    session: Session, actor: Actor, dispute_id: UUID, awarded: Decimal, note: str, *, now: datetime
) -> None:
    """Decide, once; the alarm about it ends. As `dispatch.money.disputing`."""
    _hold_jobs(session, select(DisputeRow.job_id).where(DisputeRow.id == dispute_id))
    decide(session, actor, dispute_id, awarded, note, now=now)
    clear_alarms(session, actor, ("dispute_late",), subject_id=dispute_id, why="decided", now=now)
    follow_money(session, actor, session.get_one(DisputeRow, dispute_id).job_id, now=now)


def concede_dispute(session: Session, actor: Actor, dispute_id: UUID, *, now: datetime) -> None:
    """One side gives way, once; the alarm about it ends. As `dispatch.money.disputing`."""
    _hold_jobs(session, select(DisputeRow.job_id).where(DisputeRow.id == dispute_id))
    concede(session, actor, dispute_id, now=now)
    clear_alarms(session, actor, ("dispute_late",), subject_id=dispute_id, why="conceded", now=now)
    follow_money(session, actor, session.get_one(DisputeRow, dispute_id).job_id, now=now)


def name_another_decider(session: Session, actor: Actor, dispute_id: UUID, wish: Naming, *, now: datetime) -> None:
    """Somebody else decides; with a new date the alarm about it ends. As `dispatch.money.deciders`."""
    name_decider(session, actor, dispute_id, wish, now=now)
    if wish.decide_by is not None:
        clear_alarms(session, actor, ("dispute_late",), subject_id=dispute_id, why="new_date", now=now)


def answer_pay_extra(
    session: Session, actor: Actor, payment_id: UUID, extra_id: UUID, wish: str, *, now: datetime
) -> None:
    """Answer an extra; an approved job with a penalty that is contested is disputed. As `dispatch.money.extras`."""
    jobs = _hold_jobs(session, select(PaymentRow.job_id).where(PaymentRow.id == payment_id))
    if not answer_bonus(session, actor, payment_id, extra_id, wish, now=now):
        answer_extra(session, actor, payment_id, extra_id, wish, now=now)
    for job_id in jobs:
        follow_money(session, actor, job_id, now=now)


def give_bonus(session: Session, actor: Actor, payment_id: UUID, wish: Bonus, *, now: datetime) -> bool:
    """Add a bonus that the offer did not list; a job that was paid owes again. As `dispatch.money.bonuses`."""
    jobs = _hold_jobs(session, select(PaymentRow.job_id).where(PaymentRow.id == payment_id))
    is_given = add_bonus(session, actor, payment_id, wish, now=now)
    for job_id in jobs:
        follow_money(session, actor, job_id, now=now)
    return is_given


def let_penalties_stand(session: Session, now: datetime) -> int:
    """What penalties took off goes back to clients once nobody contested them in time: of how many payments."""
    done = 0
    for job_id in late_jobs(session, now, "due"):
        which = select(JobRow.id).where(JobRow.id == job_id)
        client = session.scalar(
            which.with_only_columns(JobRow.client_id).with_for_update(key_share=True, skip_locked=True)
        )
        if client is None:
            continue
        actor = replace(ENGINE, client_id=client)
        mine = select(PaymentRow.id).where(PaymentRow.job_id == job_id, PaymentRow.approve_by <= now)
        done += sum(let_stand(session, actor, each, now=now) for each in session.scalars(mine.order_by(PaymentRow.id)))
        follow_money(session, actor, job_id, now=now)
    return done


def hear_of_payout(session: Session, actor: Actor, word: Word, *, now: datetime) -> bool:
    """Note what became of a payout: jobs all of whose money has arrived are paid, others are not, or no longer.

    Whether it is new.
    """
    items = session.scalars(select(PayoutRow.items).where(PayoutRow.id == word.payout_id)).one_or_none()
    payments = [UUID(item["payment"]) for item in items or ()]
    jobs = _hold_jobs(session, select(PaymentRow.job_id).where(PaymentRow.id.in_(payments)))
    is_new = hear(session, actor, word, now=now)
    if is_new:
        for job_id in jobs:
            follow_money(session, actor, job_id, now=now)
    return is_new


def watch_disputes(session: Session, now: datetime) -> int:
    """Raise an alarm about each dispute that should have been decided by now: how many."""
    late = note_late(session, now)
    for dispute in late:
        raise_alarm(
            session,
            ENGINE,
            "dispute_late",
            client_id=dispute.client_id,
            due_at=dispute.decide_by,
            now=now,
            job_id=dispute.job_id,
            subject_id=dispute.id,
        )
    return len(late)


def follow_money(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """Move the job to where its money is, if it was approved before. Runs as the engine.

    Paid is a job of which nothing is due, disputed or on its way; what comes back from a bank makes it approved again.
    """
    payments = session.execute(select(PaymentRow.id, PaymentRow.state).where(PaymentRow.job_id == job_id)).all()
    state = session.scalars(
        select(JobRow.state).where(JobRow.id == job_id).execution_options(populate_existing=True)
    ).one()
    is_disputed = any(each.state == "disputed" for each in payments)
    if is_disputed and state == "paid" and move_job(session, actor, job_id, "owe", "owed", now):
        state = "approved"
    if is_disputed and state == "approved":
        move_job(session, actor, job_id, "dispute", "disputed", now)
    elif not is_disputed and state == "disputed":
        move_job(session, actor, job_id, "approve", "approved", now, {"why": "decided"})
    ids = [each.id for each in payments]
    if not all(each.state in _OVER for each in payments):
        move_job(session, actor, job_id, "owe", "owed", now)
    elif ids and not _is_on_its_way(session, ids):
        move_job(session, actor, job_id, "pay", "paid", now)


def _hold_jobs(session: Session, which: Select[UUID]) -> list[UUID]:
    """Hold these jobs, by id: before any payment or account, as an approval does."""
    held = select(JobRow.id).where(JobRow.id.in_(which)).order_by(JobRow.id).with_for_update(key_share=True)
    return list(session.scalars(held))


def _is_on_its_way(session: Session, payments: list[UUID]) -> bool:
    """Whether a transfer of one of these payments has neither arrived nor failed."""
    going = select(PayoutRow.id).where(PayoutRow.state.in_(("created", "sent")))
    contains = [PayoutRow.items.contains(type_coerce([{"payment": str(each)}], JSONB)) for each in payments]
    return any(session.scalar(going.where(each).limit(1)) is not None for each in contains)
