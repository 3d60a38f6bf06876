"""Who has a slot, and what if they give it back? Taking, settling, releasing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, case, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.answers import note_yes
from dispatch.jobs.lifecycle import JOB, NOT_THERE_YET, PRESENCE, VISIT, states_with, visit_state
from dispatch.jobs.reading import RoleOfVisit, is_work
from dispatch.jobs.rounds import close_rounds, open_round
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    JobRow,
    OfferRow,
    RoundRow,
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


def settle(
    session: Session,
    actor: Actor,
    unit: RoleOfVisit,
    slot_id: UUID,
    technician: Technician,
    job: Job,
    offer: OfferRow | None,
    terms: Terms,
    *,
    now: datetime,
    hand_back_until: datetime | None = None,
) -> UUID:
    """Book the time, make the assignment, and end what the filled slot ends: its id.

    `job` is the work at its agreed start. The caller holds the technician and the slot, and has ended the offer.

    Raises
    ------
    IntegrityError
        When the technician is booked at that time after all (`ex_bookings_no_overlap`).
    HoursMovedError
        When the technician's hours with the client are not those that were judged any more.
    """
    booking_id, assignment_id = new_id(), new_id()
    take_hours(session, job.hours_rules, job.client_id, technician)
    session.execute(
        insert(BookingRow).values(
            id=booking_id,
            technician_id=technician.id,
            busy=Range(job.start_at, job.end_at),
            lat=job.lat,
            lng=job.lng,
            created_at=now,
        )
    )
    others = _close_when_full(session, unit, now)
    session.execute(
        insert(AssignmentRow).values(
            id=assignment_id,
            client_id=job.client_id,
            job_id=job.job_id,
            visit_id=job.id,
            slot_id=slot_id,
            offer_id=offer.id if offer else None,
            technician_id=technician.id,
            company_id=technician.company_id,
            booking_id=booking_id,
            mode="auto" if hand_back_until else unit.job_row.mode,
            terms_version=terms.version,
            pay_kind=terms.pay.kind,
            pay_amount=terms.pay.amount,
            currency=terms.pay.currency,
            start_at=job.start_at,
            end_at=job.end_at,
            confirm_by=_confirm_by(unit, job, now),
            assigned_at=now,
            hand_back_until=hand_back_until,
        )
    )
    if offer is not None and offer.state != "requested":
        note_yes(session, offer.technician_id, now)
    job_state = _fill(session, unit, job, now)
    _tell(session, actor, job, offer, assignment_id, slot_id, technician.id, others, job_state, now)
    return assignment_id


def release(session: Session, actor: Actor, assignment_id: UUID, why: str, *, now: datetime) -> UUID | None:
    """End an assignment before its work began; its slot reopens, and the backup is asked first: the new round's id.

    Nobody is asked for a job on hold. `why` is a code. The caller has checked that the actor may; a technician within
    `hand_back_until` hands back.

    Raises
    ------
    Conflict
        When the assignment has ended, or the work has begun.
    """
    assignment = session.scalars(select(AssignmentRow).where(AssignmentRow.id == assignment_id)).one()
    slot = _open_slot_again(session, assignment)
    withdrawn = close_rounds(session, slot.job_id, "withdrawn", now=now, visit_id=slot.visit_id, role=slot.role)
    ended = session.scalar(
        update(AssignmentRow)
        .where(
            AssignmentRow.id == assignment_id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(NOT_THERE_YET),
        )
        .values(state="released", ended_at=now, ended_by=actor.kind, ended_why=why)
        .returning(AssignmentRow.id)
    )
    if ended is None:
        session.refresh(assignment)
        state = assignment.presence if assignment.state == "live" else assignment.state
        raise Conflict(state, "release", tuple(PRESENCE.get(state, ())))
    job_state, state = _look_on(session, assignment) if slot.is_observer else _reopen(session, assignment)
    session.execute(update(BookingRow).where(BookingRow.id == assignment.booking_id).values(live=False))
    told = {"technician": str(assignment.technician_id), "slot": str(assignment.slot_id), "why": why}
    more = {
        "visit": str(assignment.visit_id),
        "state": job_state,
        "visit_state": state,
        "offers_withdrawn": [str(offer) for offer in withdrawn],
    }
    record(session, actor, ("assignment", assignment_id), "released", told, client_id=assignment.client_id, now=now)
    kind = "observer_left" if slot.is_observer else "reopened"
    record(session, actor, ("job", slot.job_id), kind, {**told, **more}, client_id=slot.client_id, now=now)
    return None if job_state == "on_hold" else _ask_again(session, assignment, slot, now)


def _reopen(session: Session, assignment: AssignmentRow) -> tuple[str, str]:
    """The visit is as far as those who stay, the job is to be filled again: the job's state, and the visit's.

    Whoever stays keeps their time; with nobody left the visit is to be planned again.
    """
    visit = session.scalars(
        select(VisitRow).where(VisitRow.id == assignment.visit_id).with_for_update(key_share=True)
    ).one()
    if visit.state not in (*states_with(VISIT, "reopen"), "checked_in"):
        raise Conflict(visit.state, "release")
    plan = plan_of(session, visit.id)
    session.execute(update(VisitRow).where(VisitRow.id == visit.id).values(plan))
    states = {each: moves["reopen"] for each, moves in JOB.items() if "reopen" in moves}
    job_state = session.scalars(
        update(JobRow)
        .where(JobRow.id == assignment.job_id)
        .values(state=case(states, value=JobRow.state, else_=JobRow.state), version=JobRow.version + 1)
        .returning(JobRow.state)
    ).one()
    return job_state, plan["state"]


def plan_of(session: Session, visit_id: UUID) -> dict[str, Any]:
    """What the visit is by those who have work on it: how far, when, confirmed by when; the caller holds the visit."""
    left = session.scalars(
        select(AssignmentRow)
        .where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live", is_work())
        .execution_options(populate_existing=True)
    ).all()
    confirmed = [each.confirmed_at for each in left if each.confirmed_at is not None]
    return {
        "state": visit_state(each.presence for each in left),
        "confirmed_at": min(confirmed, default=None),
        "confirm_by": min((each.confirm_by for each in left if each.confirm_by is not None), default=None),
        "planned_start_at": min((each.start_at for each in left), default=None),
        "planned_end_at": max((each.end_at for each in left), default=None),
    }


def _confirm_by(unit: RoleOfVisit, job: Job, now: datetime) -> datetime:
    return max(now, job.start_at - timedelta(minutes=unit.policy.confirm_before_min))


def _look_on(session: Session, assignment: AssignmentRow) -> tuple[str, str]:
    """An observer leaves before the work began: the job's state and the visit's, which stay as they are."""
    state = session.scalars(
        select(VisitRow.state).where(VisitRow.id == assignment.visit_id).with_for_update(read=True)
    ).one()
    if state not in states_with(VISIT, "reopen"):
        raise Conflict(state, "release", tuple(VISIT[state]))
    return session.scalars(select(JobRow.state).where(JobRow.id == assignment.job_id)).one(), state


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
            confirm_by=func.least(VisitRow.confirm_by, _confirm_by(unit, job, now)),
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
    session: Session,
    actor: Actor,
    job: Job,
    offer: OfferRow | None,
    assignment_id: UUID,
    slot_id: UUID,
    technician_id: UUID,
    others: list[UUID],
    job_state: str,
    now: datetime,
) -> None:
    told = {
        "assignment": str(assignment_id),
        "slot": str(slot_id),
        "technician": str(technician_id),
        "start_at": job.start_at.isoformat(),
        "end_at": job.end_at.isoformat(),
        "offer": str(offer.id) if offer else None,
    }
    if offer is not None:
        record(session, actor, ("offer", offer.id), "accepted", told, client_id=job.client_id, now=now)
    record(session, actor, ("assignment", assignment_id), "made", told, client_id=job.client_id, now=now)
    more = {"state": job_state, "offers_closed": [str(each) for each in others]}
    record(session, actor, ("job", job.job_id), "slot_filled", {**told, **more}, client_id=job.client_id, now=now)


def _open_slot_again(session: Session, assignment: AssignmentRow) -> SlotRow:
    reopened = session.scalars(
        update(SlotRow)
        .where(SlotRow.id == assignment.slot_id, SlotRow.technician_id == assignment.technician_id)
        .values(state="open", technician_id=None)
        .returning(SlotRow)
    ).one_or_none()
    if reopened is None:
        session.refresh(assignment)
        raise Conflict(assignment.state, "release")
    return reopened


def _ask_again(session: Session, assignment: AssignmentRow, slot: SlotRow, now: datetime) -> UUID:
    """A new round for the reopened slot; first the backup."""
    return open_round(
        session,
        slot.client_id,
        slot.job_id,
        slot.visit_id,
        slot.role,
        "backed_out",
        now=now,
        first_ask=find_backup(session, slot.visit_id, slot.role, assignment.technician_id),
    )


def find_backup(session: Session, visit_id: UUID, role: str, gone: UUID) -> Sequence[UUID]:
    """Whom to ask first when `gone` does not come: the best of those who had said yes too, if there is one."""
    return session.scalars(
        select(OfferRow.technician_id)
        .join(RoundRow, RoundRow.id == OfferRow.round_id)
        .where(
            OfferRow.visit_id == visit_id,
            OfferRow.role == role,
            OfferRow.state.in_(("not_chosen", "withdrawn")),
            OfferRow.answered_at.is_not(None),
            OfferRow.technician_id != gone,
        )
        .order_by(RoundRow.num.desc(), OfferRow.rank.asc().nulls_last(), OfferRow.answered_at)
        .limit(1)
    ).all()
