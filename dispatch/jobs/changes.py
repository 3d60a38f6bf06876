"""What if the client changes their mind? Hold, change the terms, take back, answer a counter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.acceptance import Answer, Lost, pick
from dispatch.jobs.assignments import Terms
from dispatch.jobs.budgeting import check_price
from dispatch.jobs.devices import pay_anew
from dispatch.jobs.lifecycle import JOB, move, states_with
from dispatch.jobs.reading import needs_document
from dispatch.jobs.rounds import close_rounds, open_rounds, withdraw_counters
from dispatch.jobs.terms import record_terms
from dispatch.jobs.wishes import check_bundled_mode, check_needs
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    CounterRow,
    JobRow,
    OfferRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
)
from matching.errors import PolicyError
from matching.job import Needs, Pay
from matching.policy import Policy


@dataclass(frozen=True, slots=True)
class Change:
    """New terms of an open or unfilled job; None leaves as it is. Pay and needs apply to the named role, or all.

    The pay is the sum itself: by the hour its rate, by the device that of all devices expected, blended the fixed part.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    duration_min: int | None = None
    pay: Pay | None = None
    needs: Needs | None = None
    role: str | None = None
    policy: dict[str, Any] | None = None
    mode: str | None = None


def find_job(session: Session, actor: Actor, job_id: UUID) -> JobRow:
    """The actor's client's job, as it stands.

    Raises
    ------
    NotFound
        When there is none: another client's is not told apart from none.
    """
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or (actor.client_id is not None and job.client_id != actor.client_id):
        raise NotFound("job", job_id)
    return job


def hold_job(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> None:
    """Stop asking for now: offers are withdrawn. Runs as the engine.

    Raises
    ------
    Conflict
        When the job is not open.
    """
    job = find_job(session, actor, job_id)
    lock_slots(session, job_id)
    withdrawn = close_rounds(session, job_id, "withdrawn", now=now)
    move_held_job(session, job, "hold")
    told = {"why": why, "offers_withdrawn": [str(offer) for offer in withdrawn]}
    record(session, actor, ("job", job_id), "held", told, client_id=job.client_id, now=now)


def resume_job(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """Ask again, with nothing changed: a new round, in which everyone may be asked again. Runs as the engine.

    Raises
    ------
    Conflict
        When the job is neither on hold nor unfilled.
    """
    job = find_job(session, actor, job_id)
    lock_slots(session, job_id)
    move_held_job(session, job, "resume", unfilled=None)
    record(session, actor, ("job", job_id), "resumed", client_id=job.client_id, now=now)
    open_rounds(session, job.client_id, job_id, "resumed", now=now)


def change_job(session: Session, actor: Actor, job_id: UUID, change: Change, *, now: datetime) -> int:
    """Offer other terms: the terms' new version. Open offers are withdrawn and a new round begins. As the engine.

    Raises
    ------
    Conflict
        When someone has the job already: a change then needs their agreement.
    BadInput
        When the new window has passed or no longer holds the work, a need or setting is not known, or the pay is what
        is paid already, or not the same for each device.
    Refused
        When the job's budget does not suffice for the new terms, or is not for that day.
    """
    job = find_job(session, actor, job_id)
    lock_slots(session, job_id)
    taken = session.scalar(select(SlotRow.id).where(SlotRow.job_id == job_id, SlotRow.state == "filled").limit(1))
    if taken is not None and (change.start_at or change.end_at or change.duration_min):
        raise Conflict(job.state, "change the time", ("release the assignment", "cancel"))
    withdrawn = close_rounds(session, job_id, "withdrawn", now=now)
    _change_visits(session, job_id, change, now)
    _change_slots(session, job, change)
    session.flush()
    check_price(session, actor, job_id)
    return renew_terms(session, actor, job, withdrawn, {}, now=now, **_settings(job, change))


def renew_terms(
    session: Session,
    actor: Actor,
    job: JobRow,
    withdrawn: Sequence[UUID],
    told: Mapping[str, str],
    *,
    now: datetime,
    **values: Any,
) -> int:
    """The terms' new version, told with the offers that were withdrawn, and new rounds; the slots are held."""
    move_held_job(session, job, "change", unfilled=None, terms_version=JobRow.terms_version + 1, **values)
    session.refresh(job)
    record_terms(session, job.client_id, job.id, job.terms_version, now)
    data = {"terms_version": job.terms_version, "offers_withdrawn": [str(offer) for offer in withdrawn], **told}
    record(session, actor, ("job", job.id), "terms_changed", data, client_id=job.client_id, now=now)
    open_rounds(session, job.client_id, job.id, "terms_changed", now=now)
    return job.terms_version


def accept_counter(session: Session, actor: Actor, counter_id: UUID, *, now: datetime) -> Answer:
    """Take a technician's counter: the terms get a new version and the slot is theirs. Runs as the engine.

    `Lost` when the technician may not do it at that time any more, or another has it.

    Raises
    ------
    NotFound
        When there is no such counter of the actor's client.
    Conflict
        When the counter was answered already.
    """
    counter, offer = _find_counter(session, actor, counter_id)
    session.scalars(
        select(TechnicianRow.id).where(TechnicianRow.id == offer.technician_id).with_for_update(key_share=True)
    )
    slots = lock_slots(session, offer.job_id)
    same_role = [slot for slot in slots if slot.visit_id == offer.visit_id and slot.role == offer.role]
    pay = _pay_of(same_role[0])
    if counter.pay_amount is not None:
        pay = Pay(counter.pay_kind, counter.pay_amount, pay.currency)  # type: ignore[arg-type]
    version = find_job(session, actor, offer.job_id).terms_version + 1
    with session.begin_nested() as savepoint:
        answer = pick(session, actor, offer.id, now=now, terms=Terms(pay, version, counter.start_at))
        if isinstance(answer, Lost):
            savepoint.rollback()
            return answer
        _close_counter(session, counter_id, "accepted", now)
        paid = {"pay_kind": pay.kind, "pay_amount": pay.amount, "currency": pay.currency}
        session.execute(
            update(SlotRow)
            .where(SlotRow.technician_id == offer.technician_id, SlotRow.visit_id == offer.visit_id)
            .values(paid)
        )
        session.execute(update(JobRow).where(JobRow.id == offer.job_id).values(terms_version=version))
        record_terms(session, offer.client_id, offer.job_id, version, now)
    told = {"counter": str(counter_id), "terms_version": version}
    record(session, actor, ("offer", offer.id), "counter_accepted", told, client_id=offer.client_id, now=now)
    return answer


def refuse_counter(session: Session, actor: Actor, counter_id: UUID, *, now: datetime) -> None:
    """Say no to a counter: the offer stands as it was, for as long as it was, or a minute longer.

    Raises
    ------
    NotFound, Conflict
        As `accept_counter`.
    """
    counter, offer = _find_counter(session, actor, counter_id)
    _close_counter(session, counter.id, "refused", now)
    told = {"counter": str(counter_id)}
    session.execute(
        update(OfferRow).where(OfferRow.id == offer.id, OfferRow.state == "countered").values(state="viewed")
    )
    record(session, actor, ("offer", offer.id), "counter_refused", told, client_id=offer.client_id, now=now)


def withdraw_offer(session: Session, actor: Actor, offer_id: UUID, why: str, *, now: datetime) -> None:
    """Take an offer back before it is answered. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such offer of the actor's client.
    Conflict
        When it has ended.
    """
    offer = session.scalars(select(OfferRow).where(OfferRow.id == offer_id)).one_or_none()
    if offer is None or offer.client_id != actor.client_id:
        raise NotFound("offer", offer_id)
    done = session.scalar(
        update(OfferRow)
        .where(OfferRow.id == offer_id, OfferRow.state.in_(("sent", "viewed", "requested", "countered")))
        .values(state="withdrawn", reason=why)
        .returning(OfferRow.id)
    )
    if done is None:
        session.refresh(offer)
        raise Conflict(offer.state, "withdraw")
    session.execute(withdraw_counters([offer_id], now))
    record(session, actor, ("offer", offer_id), "withdrawn", {"why": why}, client_id=offer.client_id, now=now)


def lock_slots(session: Session, job_id: UUID) -> list[SlotRow]:
    """Hold every slot of a job, as they stand: no acceptance, release, change of terms or cancellation goes on."""
    return list(
        session.scalars(
            select(SlotRow)
            .where(SlotRow.job_id == job_id)
            .order_by(SlotRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def move_held_job(session: Session, job: JobRow, wish: str, **values: Any) -> None:
    """Move the job by a guarded statement; the slots are held."""
    session.refresh(job)
    state = move(JOB, job.state, wish)
    done = session.scalar(
        update(JobRow)
        .where(JobRow.id == job.id, JobRow.state.in_(states_with(JOB, wish)))
        .values(state=state, version=JobRow.version + 1, **values)
        .returning(JobRow.id)
    )
    if done is None:
        session.refresh(job)
        raise Conflict(job.state, wish, tuple(JOB[job.state]))


def _change_visits(session: Session, job_id: UUID, change: Change, now: datetime) -> None:
    for visit in session.scalars(select(VisitRow).where(VisitRow.job_id == job_id, VisitRow.state == "planned")):
        start, end = change.start_at or visit.window_start_at, change.end_at or visit.window_end_at
        minutes = change.duration_min or visit.duration_min
        if end <= now:
            raise BadInput("window.end_at", end.isoformat(), "choose a time that has not passed")
        if (end - start).total_seconds() < minutes * 60:
            raise BadInput(
                "window", f"{start.isoformat()}/{end.isoformat()}", f"leave room for {minutes} minutes of work"
            )
        visit.window_start_at, visit.window_end_at, visit.duration_min = start, end, minutes


def _change_slots(session: Session, job: JobRow, change: Change) -> None:
    slots = select(SlotRow).where(SlotRow.job_id == job.id, SlotRow.state == "open")
    if change.role is not None:
        slots = slots.where(SlotRow.role == change.role)
    if change.needs is not None:
        check_needs(session, change.needs, "needs")
    rows = session.scalars(slots).all()
    if not rows and (change.pay or change.needs):
        raise BadInput("role", change.role, "name a role of which a slot is open")
    if change.pay is not None:
        _change_pay(job, rows, change.pay, is_all=replace(change, pay=None, role=None) == Change())
    if change.needs is not None:
        for slot in rows:
            slot.needs = needs_document(change.needs)


def _change_pay(job: JobRow, slots: Sequence[SlotRow], pay: Pay, *, is_all: bool) -> None:
    """Pay these places otherwise; where it `is_all` that changes, it is another pay for one of them at least."""
    if is_all and all(pay == _pay_of(slot) for slot in slots):
        raise BadInput("pay.amount", pay.amount, "name another sum: so much is paid already")
    for slot in slots:
        if pay.currency != slot.currency:
            raise BadInput("pay.currency", pay.currency, f"pay in the job's currency, {slot.currency}")
        pay_anew(job, _pay_of(slot), pay)
        slot.pay_kind, slot.pay_amount = pay.kind, pay.amount


def _pay_of(slot: SlotRow) -> Pay:
    return Pay(slot.pay_kind, slot.pay_amount, slot.currency)  # type: ignore[arg-type]


def _settings(job: JobRow, change: Change) -> dict[str, Any]:
    if change.policy is None and change.mode is None:
        return {}
    try:
        wanted = {**job.policy, **(change.policy or {}), "mode": change.mode or job.mode}
        policy = Policy.from_document(wanted)
    except PolicyError as error:
        raise BadInput("policy", change.policy, str(error)) from error
    if job.bundle_id is not None:
        check_bundled_mode(policy)
    return {"policy": policy.to_document(), "mode": policy.mode}


def _find_counter(session: Session, actor: Actor, counter_id: UUID) -> tuple[CounterRow, OfferRow]:
    row = session.execute(
        select(CounterRow, OfferRow)
        .join(OfferRow, OfferRow.id == CounterRow.offer_id)
        .where(CounterRow.id == counter_id, CounterRow.client_id == actor.client_id)
    ).one_or_none()
    if row is None:
        raise NotFound("counter", counter_id)
    return row[0], row[1]


def _close_counter(session: Session, counter_id: UUID, state: str, now: datetime) -> None:
    closed = session.scalar(
        update(CounterRow)
        .where(CounterRow.id == counter_id, CounterRow.state == "open")
        .values(state=state, decided_at=now)
        .returning(CounterRow.id)
    )
    if closed is None:
        raise Conflict("answered", f"mark the counter {state}")
