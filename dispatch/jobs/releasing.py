"""What if somebody gives their slot back before the work began? It reopens, and the backup is asked first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.lifecycle import JOB, NOT_THERE_YET, PRESENCE, VISIT, states_with, visit_state
from dispatch.jobs.reading import is_work
from dispatch.jobs.rounds import close_rounds, open_round
from dispatch.money.holding import give_back
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
)

#: Who did not come to a visit of the job: the next is not theirs either (`read_asked`).
_STAYED_AWAY = select(AssignmentRow.id).where(
    AssignmentRow.job_id == OfferRow.job_id,
    AssignmentRow.technician_id == OfferRow.technician_id,
    AssignmentRow.ended_why == "no_show",
)

#: Who had said yes too, did not get it, and came wherever they were to come; the best of them first.
_YES_TOO = (
    OfferRow.state.in_(("not_chosen", "withdrawn")),
    OfferRow.answered_at.is_not(None),
    ~_STAYED_AWAY.exists(),
)
_BEST_FIRST = (RoundRow.num.desc(), OfferRow.rank.asc().nulls_last(), OfferRow.answered_at)


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
    money = told_of(give_back(session, assignment_id, now=now))
    record(
        session, actor, ("assignment", assignment_id), "released", told | money, client_id=assignment.client_id, now=now
    )
    kind = "observer_left" if slot.is_observer else "reopened"
    record(session, actor, ("job", slot.job_id), kind, {**told, **more}, client_id=slot.client_id, now=now)
    return None if job_state == "on_hold" else _ask_again(session, assignment, slot, now)


def told_of(given_back: Decimal | None) -> dict[str, str]:
    """What the event of an early end says of the money that was set aside."""
    return {} if given_back is None else {"given_back": str(given_back)}


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


def _look_on(session: Session, assignment: AssignmentRow) -> tuple[str, str]:
    """An observer leaves before the work began: the job's state and the visit's, which stay as they are."""
    state = session.scalars(
        select(VisitRow.state).where(VisitRow.id == assignment.visit_id).with_for_update(read=True)
    ).one()
    if state not in states_with(VISIT, "reopen"):
        raise Conflict(state, "release", tuple(VISIT[state]))
    return session.scalars(select(JobRow.state).where(JobRow.id == assignment.job_id)).one(), state


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
        .where(OfferRow.visit_id == visit_id, OfferRow.role == role, OfferRow.technician_id != gone, *_YES_TOO)
        .order_by(*_BEST_FIRST)
        .limit(1)
    ).all()


def backups_of(session: Session, jobs: Collection[UUID]) -> set[UUID]:
    """Of each role of these jobs that somebody has, the offer of whom `find_backup` would ask first now.

    Reads what the session may read.
    """
    has_it = (
        select(AssignmentRow.id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .where(
            AssignmentRow.visit_id == OfferRow.visit_id,
            SlotRow.role == OfferRow.role,
            AssignmentRow.state == "live",
            AssignmentRow.technician_id != OfferRow.technician_id,
            AssignmentRow.presence.in_(NOT_THERE_YET),
        )
    )
    return set(
        session.scalars(
            select(OfferRow.id)
            .join(RoundRow, RoundRow.id == OfferRow.round_id)
            .where(OfferRow.job_id.in_(jobs), *_YES_TOO, has_it.exists())
            .ext(distinct_on(OfferRow.visit_id, OfferRow.role))
            .order_by(OfferRow.visit_id, OfferRow.role, *_BEST_FIRST)
        )
    )
