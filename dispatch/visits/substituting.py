"""Who comes instead? A company names another of its workers, who is judged by every rule as the first one was."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.jobs.assignments import book, confirm_by
from dispatch.jobs.changes import lock_slots
from dispatch.jobs.judging import failed_now
from dispatch.jobs.lifecycle import NOT_THERE_YET, VISIT, states_with
from dispatch.jobs.reading import RoleOfVisit, read_role
from dispatch.jobs.releasing import plan_of
from dispatch.money.funds import is_short
from dispatch.money.holding import Work, give_back, set_aside
from dispatch.record.events import record
from dispatch.record.refusals import NOT_FREE, guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, SlotRow, VisitRow, new_id
from dispatch.talent.reading import lock_technician_row, read_held
from dispatch.talent.usage import HoursMovedError, take_hours
from dispatch.visits.answering import overtake
from matching.job import Pay


@dataclass(frozen=True, slots=True)
class Substituted:
    """Another worker has the work, by a new assignment on the same terms."""

    assignment_id: UUID
    before_id: UUID
    technician_id: UUID


@dataclass(frozen=True, slots=True)
class NotSuitable:
    """The one named may not do it at this moment: the codes of the failed rules."""

    technician_id: UUID
    rules: tuple[str, ...]


def substitute(
    session: Session, actor: Actor, assignment_id: UUID, worker_id: UUID, why: str, *, now: datetime
) -> Substituted | NotSuitable:
    """Give an assignment of a company to another of its workers. Runs as the engine.

    Both workers are held, the slots of the job, the assignment and the visit, in this order.

    Raises
    ------
    NotFound
        When the assignment is not the company's.
    BadInput
        When the worker is not the company's, or has the work already.
    Conflict
        When the assignment has ended, the work has begun, or the agreed start has passed.
    Refused
        When the client's money, its credit or the job's budget does not suffice any more.
    """
    before = _find(session, actor, assignment_id)
    if worker_id == before.technician_id:
        raise BadInput("worker_id", worker_id, "name another worker: this one has the work already")
    held = {each: lock_technician_row(session, each) for each in sorted((before.technician_id, worker_id))}[worker_id]
    if held is None or held.company_id != actor.company_id:
        raise BadInput("worker_id", worker_id, "name a technician of your company")
    lock_slots(session, before.job_id)
    before = _find(session, actor, assignment_id)
    unit = _unit(session, before, now)
    technician = read_held(session, held, now=now)
    rules = failed_now(unit, technician, unit.job, now=now)
    if rules:
        return NotSuitable(worker_id, rules)
    try:
        with session.begin_nested():
            take_hours(session, unit.job.hours_rules, before.client_id, technician)
            after_id = _hand_over(session, actor, before, worker_id, unit, why, now)
    except HoursMovedError:
        return NotSuitable(worker_id, ("limit",))
    except IntegrityError as error:
        if is_short(error):
            # Which of its money is short is nobody's business but the client's.
            words = "the client cannot take this on at this time: whoever has the work keeps it"
            raise Refused(words, ("unfunded",)) from error
        if guard_of(error) not in NOT_FREE:
            raise
        return NotSuitable(worker_id, ("free",))
    _plan_again(session, unit)
    overtake(session, actor, [before.id], "substituted", now=now)
    _tell(session, actor, before, after_id, worker_id, why, now)
    return Substituted(after_id, before.id, worker_id)


def _find(session: Session, actor: Actor, assignment_id: UUID) -> AssignmentRow:
    found = session.scalars(
        select(AssignmentRow).where(AssignmentRow.id == assignment_id).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None or actor.company_id is None or found.company_id != actor.company_id:
        raise NotFound("assignment", assignment_id)
    return found


def _unit(session: Session, before: AssignmentRow, now: datetime) -> RoleOfVisit:
    """The work as it was agreed, time and pay: what the substitute is judged for."""
    if before.state != "live":
        raise Conflict(before.state, "substitute")
    if before.start_at <= now:
        raise Conflict("the agreed start has passed", "substitute", ("propose another time", "back out"))
    role = session.scalars(select(SlotRow.role).where(SlotRow.id == before.slot_id)).one()
    unit = read_role(session, before.visit_id, role, before.slot_id)
    pay = Pay(before.pay_kind, before.pay_amount, before.currency)  # type: ignore[arg-type]
    minutes = int((before.end_at - before.start_at).total_seconds() // 60)
    agreed = {"start_at": before.start_at, "end_at": before.end_at, "duration_min": minutes, "pay": pay}
    return replace(unit, job=replace(unit.job, asked_time="exact", **agreed))  # type: ignore[arg-type]


def _hand_over(
    session: Session, actor: Actor, before: AssignmentRow, worker_id: UUID, unit: RoleOfVisit, why: str, now: datetime
) -> UUID:
    """Slot, assignments and bookings change hands; each statement asks again whether it still may."""
    taken = session.scalar(
        update(SlotRow)
        .where(SlotRow.id == before.slot_id, SlotRow.technician_id == before.technician_id)
        .values(technician_id=worker_id)
        .returning(SlotRow.id)
        .execution_options(synchronize_session=False)
    )
    ended = session.scalar(
        update(AssignmentRow)
        .where(AssignmentRow.id == before.id, AssignmentRow.state == "live", AssignmentRow.presence.in_(NOT_THERE_YET))
        .values(state="substituted", ended_at=now, ended_by="company", ended_why=why)
        .returning(AssignmentRow.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None or ended is None:
        session.refresh(before)
        raise Conflict(before.presence if before.state == "live" else before.state, "substitute")
    session.execute(update(BookingRow).where(BookingRow.id == before.booking_id).values(live=False))
    job, after_id = unit.job, new_id()
    booking_id = book(session, worker_id, job, now=now)
    after = {"id": after_id, "booking_id": booking_id, "technician_id": worker_id}
    by = confirm_by(unit, job, now)
    same = {name: getattr(before, name) for name in _SAME}
    session.execute(insert(AssignmentRow).values({**same, **after, "assigned_at": now, "confirm_by": by}))
    if give_back(session, before.id, now=now) is not None:
        who, when = (worker_id, before.company_id), (job.start_at, job.end_at)
        rates = unit.job_row.day_policy.get("rates", {})
        site, version = unit.site_row, before.terms_version
        work = Work(job.client_id, job.job_id, after_id, *who, job.pay, rates, *when, site, version)
        set_aside(session, actor, work, now=now)
    return after_id


_SAME = (
    "client_id", "job_id", "visit_id", "slot_id", "offer_id", "company_id", "mode", "terms_version", "pay_kind",
    "pay_amount", "currency", "start_at", "end_at",
)  # fmt: skip


def _plan_again(session: Session, unit: RoleOfVisit) -> None:
    """The new one confirms for themselves; an observer's substitute moves nothing of the visit."""
    visit = session.get_one(VisitRow, unit.job.id, with_for_update={"key_share": True}, populate_existing=True)
    if visit.state not in states_with(VISIT, "replan"):
        raise Conflict(visit.state, "substitute", tuple(VISIT[visit.state]))
    if not unit.is_observer:
        session.execute(update(VisitRow).where(VisitRow.id == visit.id).values(plan_of(session, visit.id)))


def _tell(
    session: Session,
    actor: Actor,
    before: AssignmentRow,
    after_id: UUID,
    worker_id: UUID,
    why: str,
    now: datetime,
) -> None:
    of = {"job": str(before.job_id), "visit": str(before.visit_id), "slot": str(before.slot_id)}
    client_id = before.client_id
    ended = of | {"technician": str(before.technician_id), "by_assignment": str(after_id), "why": why}
    record(session, actor, ("assignment", before.id), "substituted", ended, client_id=client_id, now=now)
    times = {"start_at": before.start_at.isoformat(), "end_at": before.end_at.isoformat()}
    made = of | times | {"assignment": str(after_id), "technician": str(worker_id), "instead_of": str(before.id)}
    record(session, actor, ("assignment", after_id), "made", made, client_id=client_id, now=now)
    planned = of | times | {"assignment": str(after_id), "technician": str(worker_id)}
    planned["state"] = session.scalars(select(VisitRow.state).where(VisitRow.id == before.visit_id)).one()
    record(session, actor, ("visit", before.visit_id), "replanned", planned, client_id=client_id, now=now)
