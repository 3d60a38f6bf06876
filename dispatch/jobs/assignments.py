"""Who has a slot? Taking it, and settling what goes with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Select, case, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch.jobs.answers import note_yes
from dispatch.jobs.lifecycle import JOB, states_with
from dispatch.jobs.reading import RoleOfVisit
from dispatch.jobs.rounds import close_rounds
from dispatch.money.holding import Work, set_aside
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    JobRow,
    OfferRow,
    SlotRow,
    VisitRow,
    new_id,
)
from dispatch.talent.usage import take_hours
from matching.job import Job, Pay
from matching.technician import Technician


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed: pay, the terms' version, and the start where a counter named one."""

    pay: Pay
    version: int
    start_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """Who gets which slot on what terms; `job` is the work at its agreed start, `offer` the one they said yes to.

    Until `hand_back_until` whoever was assigned unasked may hand it back.
    """

    unit: RoleOfVisit
    slot_id: UUID
    technician: Technician
    job: Job
    offer: OfferRow | None
    terms: Terms
    hand_back_until: datetime | None = None


class GivenBackError(Exception):
    """Whoever held the slot gave it back: ask again, after a rollback to where this one asked."""


def take_slot(session: Session, visit_id: UUID, role: str, technician_id: UUID) -> UUID | None:
    """Take one open slot of a role: its id, or None when none is open any more.

    The one statement that decides the winner. Losers wait for the row lock (no SKIP LOCKED: they would hear "taken"
    while the winner rolls back) and then find it filled.
    """
    open_slot = _open_slots(visit_id, role).limit(1).with_for_update()
    return session.scalar(
        update(SlotRow)
        .where(SlotRow.id == open_slot.scalar_subquery(), SlotRow.state == "open")
        .values(state="filled", technician_id=technician_id)
        .returning(SlotRow.id)
    )


def take_slot_in_crowd(session: Session, visit_id: UUID, role: str, technician_id: UUID) -> UUID | None:
    """As `take_slot`, for many at once: whoever finds the slot held waits beside the others, not behind them.

    A waiter who wants the slot for itself gets it from the one before, finds it filled, and keeps it until its own
    rollback: each loser costs the next a round trip. So only one who finds the first open slot free takes it; the
    others wait in the same statement with a shared lock, all woken by the winner's commit.

    Raises
    ------
    GivenBackError
        When a slot is open after all; the caller rolls back, which frees the shared lock, and calls `take_slot`.
    """
    first = _open_slots(visit_id, role).limit(1).scalar_subquery()
    free = select(SlotRow.id).where(SlotRow.id == first, SlotRow.state == "open").with_for_update(skip_locked=True)
    mine = free.cte("mine")
    taken = (
        update(SlotRow)
        .where(SlotRow.id == select(mine.c.id).scalar_subquery())
        .values(state="filled", technician_id=technician_id)
        .returning(SlotRow.id)
        .cte("taken")
    )
    nobody = ~select(mine.c.id).exists()
    left = _open_slots(visit_id, role).where(nobody).limit(1).with_for_update(read=True).cte("left_open")
    slot_id, open_id = session.execute(
        select(select(taken.c.id).scalar_subquery(), select(left.c.id).scalar_subquery())
    ).one()
    if open_id is not None:
        raise GivenBackError
    return cast(UUID | None, slot_id)


def _open_slots(visit_id: UUID, role: str) -> Select[UUID]:
    return (
        select(SlotRow.id)
        .where(SlotRow.visit_id == visit_id, SlotRow.role == role, SlotRow.state == "open")
        .order_by(SlotRow.num)
    )


def settle(session: Session, actor: Actor, deal: Deal, *, now: datetime, unpaid: list[Work] | None = None) -> UUID:
    """Book the time, make the assignment, and end what the filled slot ends: its id.

    The caller holds the technician and the slot, and has ended the offer. With `unpaid`, money is not set aside yet:
    the work is added to the list, for the caller to do so at its end.

    Raises
    ------
    IntegrityError
        When the technician is booked at that time after all (`ex_bookings_no_overlap`), or the client's money and
        credit don't suffice (`dispatch.money.funds.is_short`).
    HoursMovedError
        When the technician's hours with the client are not those that were judged any more.
    """
    take_hours(session, deal.job.hours_rules, deal.job.client_id, deal.technician)
    booking_id = book(session, deal.technician.id, deal.job, now=now)
    others = _close_when_full(session, deal.unit, now)
    assignment_id = _assign(session, deal, booking_id, now)
    if deal.offer is not None and deal.offer.state != "requested":
        note_yes(session, deal.offer.technician_id, now)
    job_state = _fill(session, deal.unit, deal.job, now)
    _tell(session, actor, deal, assignment_id, others, job_state, now)
    work = _work_of(deal, assignment_id)
    if unpaid is None:
        set_aside(session, actor, work, now=now)
    else:
        unpaid.append(work)
    return assignment_id


def book(session: Session, technician_id: UUID, job: Job, *, now: datetime) -> UUID:
    """A technician's time is taken, with any client: the booking's id. Raises as `settle` where they are booked."""
    booking_id = new_id()
    session.execute(
        insert(BookingRow).values(
            id=booking_id,
            technician_id=technician_id,
            busy=Range(job.start_at, job.end_at),
            lat=job.lat,
            lng=job.lng,
            created_at=now,
        )
    )
    return booking_id


def _assign(session: Session, deal: Deal, booking_id: UUID, now: datetime) -> UUID:
    """The assignment as it was agreed: its id."""
    unit, job, terms, assignment_id = deal.unit, deal.job, deal.terms, new_id()
    session.execute(
        insert(AssignmentRow).values(
            id=assignment_id,
            client_id=job.client_id,
            job_id=job.job_id,
            visit_id=job.id,
            slot_id=deal.slot_id,
            offer_id=deal.offer.id if deal.offer else None,
            technician_id=deal.technician.id,
            company_id=deal.technician.company_id,
            booking_id=booking_id,
            mode="auto" if deal.hand_back_until else unit.job_row.mode,
            terms_version=terms.version,
            pay_kind=terms.pay.kind,
            pay_amount=terms.pay.amount,
            currency=terms.pay.currency,
            start_at=job.start_at,
            end_at=job.end_at,
            confirm_by=confirm_by(unit, job, now),
            assigned_at=now,
            hand_back_until=deal.hand_back_until,
        )
    )
    return assignment_id


def _work_of(deal: Deal, assignment_id: UUID) -> Work:
    """What money is to be set aside for."""
    return Work(
        client_id=deal.job.client_id,
        job_id=deal.job.job_id,
        assignment_id=assignment_id,
        technician_id=deal.technician.id,
        company_id=deal.technician.company_id,
        pay=deal.terms.pay,
        rates=deal.unit.job_row.day_policy.get("rates", {}),
        start_at=deal.job.start_at,
        end_at=deal.job.end_at,
        site=deal.unit.site_row,
        terms_version=deal.terms.version,
    )


def confirm_by(unit: RoleOfVisit, job: Job, now: datetime) -> datetime:
    """By when whoever has the work says that they come: so long before it as the policy says, at the soonest now."""
    return max(now, job.start_at - timedelta(minutes=unit.policy.confirm_before_min))


def _close_when_full(session: Session, unit: RoleOfVisit, now: datetime) -> list[UUID]:
    """With no slot of the role left open, its round closes and the other offers end: those that did."""
    still_open = session.scalar(
        select(SlotRow.id)
        .where(SlotRow.visit_id == unit.job.id, SlotRow.role == unit.job.role, SlotRow.state == "open")
        .limit(1)
    )
    if still_open is not None:
        return []
    return close_rounds(session, unit.job.job_id, "not_chosen", now=now, visit_id=unit.job.id, role=unit.job.role)


def _fill(session: Session, unit: RoleOfVisit, job: Job, now: datetime) -> str:
    """Note the agreed time on the visit; when no slot of the job is open, the job is assigned: the job's state.

    Where a colleague has checked in already, the work is in progress. An observer changes neither.
    """
    if unit.is_observer:
        return session.scalars(select(JobRow.state).where(JobRow.id == job.job_id)).one()
    session.execute(
        update(VisitRow)
        .where(VisitRow.id == job.id)
        .values(
            planned_start_at=func.least(func.coalesce(VisitRow.planned_start_at, job.start_at), job.start_at),
            planned_end_at=func.greatest(func.coalesce(VisitRow.planned_end_at, job.end_at), job.end_at),
            confirm_by=func.least(VisitRow.confirm_by, confirm_by(unit, job, now)),
        )
    )
    some_open = (
        select(SlotRow.id).where(SlotRow.job_id == job.job_id, SlotRow.state == "open", ~SlotRow.is_observer).exists()
    )
    begun = select(VisitRow.id).where(VisitRow.job_id == job.job_id, VisitRow.checked_in_at.is_not(None)).exists()
    filled = session.scalar(
        update(JobRow)
        .where(JobRow.id == job.job_id, JobRow.state.in_(states_with(JOB, "fill")), ~some_open)
        .values(state=case((begun, "in_progress"), else_="assigned"), unfilled=None, version=JobRow.version + 1)
        .returning(JobRow.state)
    )
    return filled or session.scalars(select(JobRow.state).where(JobRow.id == job.job_id)).one()


def _tell(
    session: Session, actor: Actor, deal: Deal, assignment_id: UUID, others: list[UUID], job_state: str, now: datetime
) -> None:
    """The events of the offer that was said yes to, of the assignment, and of the job."""
    job, offer = deal.job, deal.offer
    told = {
        "assignment": str(assignment_id),
        "slot": str(deal.slot_id),
        "technician": str(deal.technician.id),
        "start_at": job.start_at.isoformat(),
        "end_at": job.end_at.isoformat(),
        "offer": str(offer.id) if offer else None,
    }
    if offer is not None:
        record(session, actor, ("offer", offer.id), "accepted", told, client_id=job.client_id, now=now)
    record(session, actor, ("assignment", assignment_id), "made", told, client_id=job.client_id, now=now)
    more = {"state": job_state, "offers_closed": [str(each) for each in others]}
    record(session, actor, ("job", job.job_id), "slot_filled", {**told, **more}, client_id=job.client_id, now=now)
