"""The other side says yes to a proposal: what is agreed anew, if every rule still says that it may be.

Locks in the house's order: the technician, the job's slots, rounds and offers of its open slots, the assignment, the
visit, proposals, the job. Where the technician's other work stands in the way after all, the booking's exclusion says
so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, Refused
from dispatch.jobs.assignments import confirm_by
from dispatch.jobs.changes import lock_slots
from dispatch.jobs.judging import failed_now
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.reading import (
    RoleOfVisit,
    asked_of,
    is_work,
    needs_document,
    needs_from,
    read_requirements,
    read_role,
)
from dispatch.jobs.releasing import plan_of
from dispatch.jobs.rounds import close_rounds, open_rounds
from dispatch.jobs.terms import record_terms
from dispatch.money.funds import is_short
from dispatch.money.holding import Work, hold_anew
from dispatch.record.events import record
from dispatch.record.refusals import NOT_FREE, guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    BookingRow,
    JobRow,
    ProposalRow,
    RoundRow,
    SiteRow,
    SlotRow,
    VisitRow,
)
from dispatch.talent.reading import lock_technician_row, read_held
from dispatch.talent.usage import HoursMovedError, take_hours, without_promise
from dispatch.visits.alarms import OF_COMING, clear_alarms
from dispatch.visits.answering import check_side, end, find_proposal, overtake, tell, too_late
from dispatch.visits.diary import without_booking
from dispatch.visits.proposing import are_others_on_job
from matching.job import Job, Pay
from matching.proof import Requirement


@dataclass(frozen=True, slots=True)
class Agreed:
    """Agreed anew: the booked time and the version of the terms."""

    proposal_id: UUID
    assignment_id: UUID
    job_id: UUID
    visit_id: UUID
    terms_version: int
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class NotPossible:
    """The technician may not do it so at this moment: the codes of the failed rules. The proposal stays open."""

    proposal_id: UUID
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A proposal, the work as it stands and the work as it would be."""

    proposal: ProposalRow
    assignment: AssignmentRow
    unit: RoleOfVisit
    site: SiteRow
    job: Job
    moves_visit: bool

    @property
    def concerns_others(self) -> bool:
        """Whether open slots of the job would be offered differently from now on."""
        return bool(self.proposal.payload.keys() & {"start_at", "site_id", "duration_min"})


def accept_proposal(session: Session, actor: Actor, proposal_id: UUID, *, now: datetime) -> Agreed | NotPossible:
    """Say yes to the other side's proposal. Runs as the engine.

    Raises
    ------
    NotFound, Refused
        When the proposal is not this actor's to answer, or others got work on a job that was to move.
    Conflict
        When it has ended, the work has begun, or was agreed anew since.
    """
    proposal = find_proposal(session, actor, proposal_id)
    check_side(actor, proposal, "accept")
    held = lock_technician_row(session, proposal.technician_id)
    assert held is not None, "a technician with work exists"
    lock_slots(session, proposal.job_id)
    change = _read(session, find_proposal(session, actor, proposal_id), now)
    booking = session.get_one(BookingRow, change.assignment.booking_id, populate_existing=True)
    technician = without_promise(
        session,
        without_booking(read_held(session, held, now=now), booking),
        change.job.hours_rules,
        change.assignment,
        (change.job.start_at, change.job.end_at),
        now=now,
    )
    rules = failed_now(change.unit, technician, change.job, now=now)
    if rules:
        return NotPossible(proposal_id, rules)
    try:
        with session.begin_nested():
            take_hours(session, change.job.hours_rules, change.job.client_id, technician)
            _move_booking(session, booking.id, change.job)
    except HoursMovedError:
        return NotPossible(proposal_id, ("limit",))
    except IntegrityError as error:
        if guard_of(error) not in NOT_FREE:
            raise
        return NotPossible(proposal_id, ("free",))
    return _agree(session, actor, change, now)


def _read(session: Session, proposal: ProposalRow, now: datetime) -> _Change:
    """Everything about the proposal, with the technician and the slots held."""
    if proposal.state != "open" or proposal.expires_at <= now:
        raise too_late(session, proposal, "accept")
    assignment, visit, slot = session.execute(
        select(AssignmentRow, VisitRow, SlotRow)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .where(AssignmentRow.id == proposal.assignment_id)
        .execution_options(populate_existing=True)
    ).one()
    _check_as_it_was(proposal, assignment, visit)
    unit = read_role(session, visit.id, slot.role, slot.id)
    wanted = proposal.payload
    site = session.get_one(SiteRow, UUID(wanted["site_id"])) if "site_id" in wanted else unit.site_row
    if site.id != unit.site_row.id and are_others_on_job(session, assignment):
        raise Refused("others have work on this job by now: it cannot go to another site", ("others_on_job",))
    asked = read_requirements(session, assignment.client_id)
    job = _as_wanted(unit.job, assignment, site, wanted, asked)
    moves_visit = job.start_at != assignment.start_at and not unit.is_observer
    return _Change(proposal, assignment, replace(unit, job=job), site, job, moves_visit)


def _check_as_it_was(proposal: ProposalRow, assignment: AssignmentRow, visit: VisitRow) -> None:
    """The work is live, not begun, and agreed as it was when the proposal was made."""
    if assignment.state != "live":
        raise Conflict(assignment.state, "accept the proposal")
    if visit.state not in states_with(VISIT, "replan"):
        raise Conflict(visit.state, "accept the proposal", tuple(VISIT[visit.state]))
    if assignment.terms_version != proposal.terms_version:
        raise Conflict("overtaken", "accept the proposal", ("propose it anew",))


def _as_wanted(
    job: Job, assignment: AssignmentRow, site: SiteRow, wanted: dict[str, Any], asked: Mapping[str, Requirement]
) -> Job:
    """The work at its new time and place, with its new needs and pay, as the rules judge it."""
    pay = Pay(assignment.pay_kind, assignment.pay_amount, assignment.currency)  # type: ignore[arg-type]
    if "pay" in wanted:
        kind, amount, currency = wanted["pay"]
        pay = Pay(kind, Decimal(amount), currency)
    start_at = datetime.fromisoformat(wanted["start_at"]) if "start_at" in wanted else assignment.start_at
    duration = assignment.end_at - assignment.start_at
    if "duration_min" in wanted:
        duration = timedelta(minutes=wanted["duration_min"])
    return replace(
        job,
        lat=site.lat,
        lng=site.lng,
        time_zone=site.time_zone,
        start_at=start_at,
        end_at=start_at + duration,
        duration_min=int(duration.total_seconds() // 60),
        needs=asked_of(needs_from(wanted["needs"]) if "needs" in wanted else job.needs, asked, site.region),
        pay=pay,
        asked_time="exact",
    )


def _move_booking(session: Session, booking_id: UUID, job: Job) -> None:
    """The technician's time and place; other work at that time refuses it (`ex_bookings_no_overlap`)."""
    session.execute(
        update(BookingRow)
        .where(BookingRow.id == booking_id, BookingRow.live)
        .values(busy=Range(job.start_at, job.end_at), lat=job.lat, lng=job.lng)
        .execution_options(synchronize_session=False)
    )


def _agree(session: Session, actor: Actor, change: _Change, now: datetime) -> Agreed:
    """Write what is agreed, in the order of the locks; each statement asks again whether it still may."""
    job, proposal, assignment = change.job, change.proposal, change.assignment
    version = change.unit.job_row.terms_version + 1
    _change_slot(session, change)
    withdrawn, was_offered = _close_offers(session, change, now)
    _change_assignment(session, change, version, now)
    _change_visit(session, change)
    accepted = end(session, proposal.id, "accept")
    if accepted is None:
        raise too_late(session, proposal, "accept")
    tell(session, actor, accepted, "accepted", now, terms_version=version)
    overtaken = overtake(session, actor, [assignment.id], "agreed_anew", now=now, but=proposal.id)
    if change.moves_visit:
        clear_alarms(session, actor, OF_COMING, subject_id=assignment.id, why="agreed_anew", now=now)
    _change_job(session, change, version)
    _hold_anew(session, actor, change, now)
    record_terms(session, proposal.client_id, proposal.job_id, version, now)
    _tell_work(session, actor, change, version, withdrawn, overtaken, now)
    if was_offered:
        open_rounds(session, proposal.client_id, proposal.job_id, "terms_changed", now=now)
    return Agreed(proposal.id, assignment.id, proposal.job_id, proposal.visit_id, version, job.start_at, job.end_at)


def _hold_anew(session: Session, actor: Actor, change: _Change, now: datetime) -> None:
    """What is set aside follows what is agreed; without money for it, nothing is."""
    job, assignment = change.job, change.assignment
    who, when = (assignment.technician_id, assignment.company_id), (job.start_at, job.end_at)
    rates, version = change.unit.job_row.day_policy.get("rates", {}), change.proposal.terms_version
    work = Work(job.client_id, job.job_id, assignment.id, *who, job.pay, rates, *when, change.site, version)
    try:
        with session.begin_nested():
            hold_anew(session, actor, work, now=now)
    except IntegrityError as error:
        if not is_short(error):
            raise
        raise Refused("the client cannot pay for these terms at this time", ("unfunded",)) from error


def _change_slot(session: Session, change: _Change) -> None:
    job, values = change.job, dict[str, Any]()
    if "needs" in change.proposal.payload:
        values["needs"] = needs_document(job.needs)
    if "pay" in change.proposal.payload:
        values |= {"pay_kind": job.pay.kind, "pay_amount": job.pay.amount}
    if values:
        session.execute(update(SlotRow).where(SlotRow.id == change.assignment.slot_id).values(values))


def _close_offers(session: Session, change: _Change, now: datetime) -> tuple[list[UUID], bool]:
    """What is still offered of the job would be another visit now: the offers that end, and whether to ask anew."""
    if not change.concerns_others:
        return [], False
    job_id = change.proposal.job_id
    open_round = select(RoundRow.id).where(RoundRow.job_id == job_id, RoundRow.closed_at.is_(None)).limit(1)
    was_offered = session.scalar(open_round) is not None
    return close_rounds(session, job_id, "withdrawn", now=now), was_offered


def _change_assignment(session: Session, change: _Change, version: int, now: datetime) -> None:
    job, assignment = change.job, change.assignment
    anew = _anew(change, now) if change.moves_visit else {}
    done = session.scalar(
        update(AssignmentRow)
        .where(
            AssignmentRow.id == assignment.id,
            AssignmentRow.state == "live",
            AssignmentRow.terms_version == change.proposal.terms_version,
        )
        .values(
            start_at=job.start_at,
            end_at=job.end_at,
            pay_kind=job.pay.kind,
            pay_amount=job.pay.amount,
            terms_version=version,
            watch_at=now,
            **anew,
        )
        .returning(AssignmentRow.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        session.refresh(assignment)
        state = "overtaken" if assignment.state == "live" else assignment.state
        raise Conflict(state, "accept the proposal")


def _anew(change: _Change, now: datetime) -> dict[str, Any]:
    """A new start is to be confirmed again, by the technician whose it is."""
    gone = dict.fromkeys(("reminded_at", "confirmed_at", "left_at", "eta_at"))
    return {"presence": "assigned", "confirm_by": confirm_by(change.unit, change.job, now), **gone}


def _change_visit(session: Session, change: _Change) -> None:
    """The visit is what those who come agreed; its window holds it; a new start is to be confirmed again.

    An observer's own time moves nothing of the visit, save that it must not have begun.
    """
    visit = session.get_one(
        VisitRow, change.proposal.visit_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if visit.state not in states_with(VISIT, "replan"):
        raise Conflict(visit.state, "accept the proposal", tuple(VISIT[visit.state]))
    if change.unit.is_observer:
        return
    plan = plan_of(session, visit.id)
    others = select(func.count()).where(AssignmentRow.visit_id == visit.id, AssignmentRow.state == "live", is_work())
    is_alone = session.scalar(others) == 1
    duration_min = change.job.duration_min if is_alone else max(change.job.duration_min, visit.duration_min)
    start_at, end_at = _window(visit, plan["planned_start_at"], plan["planned_end_at"], duration_min)
    window = {"window_start_at": start_at, "window_end_at": end_at, "duration_min": duration_min}
    session.execute(
        update(VisitRow)
        .where(VisitRow.id == visit.id)
        .values(plan | window)
        .execution_options(synchronize_session=False)
    )


def _window(visit: VisitRow, start_at: datetime, end_at: datetime, duration_min: int) -> tuple[datetime, datetime]:
    """The window as it was, if all that is agreed lies inside; else just what is agreed, with room for the work."""
    holds = visit.window_start_at <= start_at and end_at <= visit.window_end_at
    if holds and visit.asked_time != "exact":
        return visit.window_start_at, visit.window_end_at
    return start_at, max(end_at, start_at + timedelta(minutes=duration_min))


def _change_job(session: Session, change: _Change, version: int) -> None:
    values: dict[str, Any] = {"terms_version": version, "version": JobRow.version + 1, "site_id": change.site.id}
    if change.proposal.description is not None:
        values["description"] = change.proposal.description
    done = session.scalar(
        update(JobRow)
        .where(JobRow.id == change.proposal.job_id, JobRow.terms_version == version - 1)
        .values(values)
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        raise Conflict("overtaken", "accept the proposal")
    session.expire_all()


def _tell_work(
    session: Session,
    actor: Actor,
    change: _Change,
    version: int,
    withdrawn: Sequence[UUID],
    overtaken: Sequence[UUID],
    now: datetime,
) -> None:
    """The assignment is another, the visit is planned anew, the job has new terms: each says so itself."""
    job, assignment = change.job, change.assignment
    of = {"job": str(job.job_id), "visit": str(job.id), "technician": str(assignment.technician_id)}
    times = {"start_at": job.start_at.isoformat(), "end_at": job.end_at.isoformat()}
    client_id = job.client_id
    terms = {"terms_version": version, "proposal": str(change.proposal.id)}
    record(session, actor, ("assignment", assignment.id), "changed", of | times | terms, client_id=client_id, now=now)
    if change.moves_visit:
        state = session.scalars(select(VisitRow.state).where(VisitRow.id == job.id)).one()
        told = of | times | {"assignment": str(assignment.id), "state": state}
        record(session, actor, ("visit", job.id), "replanned", told, client_id=client_id, now=now)
    closed = {
        "offers_withdrawn": [str(each) for each in withdrawn],
        "proposals_overtaken": [str(each) for each in overtaken],
        "assignment": str(assignment.id),
    }
    record(session, actor, ("job", job.job_id), "terms_agreed", terms | closed, client_id=client_id, now=now)
