"""What if the work is not wanted any more? Slots close, offers are withdrawn, whoever had it is free."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.changes import find_job, lock_slots, move_held_job
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.releasing import told_of
from dispatch.jobs.rounds import close_rounds
from dispatch.money.holding import give_back, lock_payments
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, PaymentRow, SlotRow, VisitRow


def cancel_job(
    session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime, may_have_begun: bool = False
) -> list[UUID]:
    """Cancel: slots close, offers are withdrawn, assignments end and free the technician's time. Runs as the engine.

    With `may_have_begun`, who is there at this moment is told to stop: the visit ends as `cancelled`. What was done
    on earlier visits stays done. Answers the assignments that it ended.

    Raises
    ------
    Conflict
        When the job has ended, the work has begun and may not have, or no visit is left to cancel.
    """
    job = find_job(session, actor, job_id)
    lock_slots(session, job_id)
    withdrawn = close_rounds(session, job_id, "withdrawn", now=now)
    live, before = _hold_work(session, job_id)
    _check_begun(before, may_have_begun)
    done = {visit for visit, state in before.items() if state == "checked_out"}
    finished = [each for each in live if each.visit_id in done or each.presence == "checked_out"]
    released = [each for each in live if each not in finished]
    _end_assignments(session, actor, released, "released", why, now)
    _end_assignments(session, actor, finished, "finished", why, now)
    _end_visits(session, actor, job_id, now)
    kept = [each.slot_id for each in finished]
    session.execute(
        update(SlotRow)
        .where(SlotRow.job_id == job_id, SlotRow.id.not_in(kept))
        .values(state="closed", technician_id=None)
    )
    move_held_job(session, job, "cancel", cancelled_at=now, cancelled_why=why, unfilled=None)
    session.execute(
        update(BookingRow).where(BookingRow.id.in_([each.booking_id for each in released])).values(live=False)
    )
    told = {
        "why": why,
        "offers_withdrawn": [str(offer) for offer in withdrawn],
        "assignments_released": [str(each.id) for each in released],
        "assignments_finished": [str(each.id) for each in finished],
        "visits_cut_short": [str(visit) for visit, state in before.items() if state == "checked_in"],
    }
    lock_payments(session, PaymentRow.assignment_id.in_([each.id for each in released]))
    money = {each.id: told_of(give_back(session, each.id, now=now)) for each in released}
    for state, ended in (("released", released), ("finished", finished)):
        for each in ended:
            told_each = {"why": why, **money.get(each.id, {})}
            record(session, actor, ("assignment", each.id), state, told_each, client_id=job.client_id, now=now)
    record(session, actor, ("job", job_id), "cancelled", told, client_id=job.client_id, now=now)
    return [each.id for each in released]


def _hold_work(session: Session, job_id: UUID) -> tuple[list[AssignmentRow], dict[UUID, str]]:
    """The live assignments and the states of the visits, held: nobody checks in while they are ended."""
    live = (
        select(AssignmentRow)
        .where(AssignmentRow.job_id == job_id, AssignmentRow.state == "live")
        .order_by(AssignmentRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    assignments = list(session.scalars(live))
    visits = session.execute(
        select(VisitRow.id, VisitRow.state)
        .where(VisitRow.job_id == job_id)
        .order_by(VisitRow.id)
        .with_for_update(key_share=True)
    )
    return assignments, {row.id: row.state for row in visits}


def _check_begun(states: Mapping[UUID, str], may_have_begun: bool) -> None:
    begun = sorted({"checked_in", "checked_out"} & set(states.values()))
    if begun and not may_have_begun:
        raise Conflict(f"a visit is {begun[0]}", "cancel", tuple(VISIT[begun[0]]))
    if begun and not any(VISIT[state] for state in states.values()):
        raise Conflict("checked_out", "cancel", ("finish",))


def _end_assignments(
    session: Session, actor: Actor, ended: Sequence[AssignmentRow], state: str, why: str, now: datetime
) -> None:
    session.execute(
        update(AssignmentRow)
        .where(AssignmentRow.id.in_([each.id for each in ended]), AssignmentRow.state == "live")
        .values(state=state, ended_at=now, ended_by=actor.kind, ended_why=why)
        .execution_options(synchronize_session=False)
    )


def _end_visits(session: Session, actor: Actor, job_id: UUID, now: datetime) -> None:
    of_job = update(VisitRow).where(VisitRow.job_id == job_id).execution_options(synchronize_session=False)
    session.execute(of_job.where(VisitRow.state.in_(states_with(VISIT, "cancel"))).values(state="cancelled"))
    session.execute(
        of_job.where(VisitRow.state.in_(states_with(VISIT, "cut_short"))).values(
            # They may have checked in after this transaction read the clock.
            state="checked_out",
            checked_out_at=func.greatest(VisitRow.checked_in_at, now),
            outcome="cancelled",
            outcome_by=actor.kind,
        )
    )
