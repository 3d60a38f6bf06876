"""When else could it be? Starts that fit the site and the technician who has the work, each judged by every rule."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.jobs.judging import failed_now
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.reading import RoleOfVisit, read_role
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, SlotRow
from dispatch.talent.reading import read_technicians
from dispatch.talent.sites import calendar_of
from dispatch.talent.usage import without_promise
from dispatch.visits.diary import without_booking
from dispatch.visits.finding import find_assignment, find_visit
from matching.job import Job, Pay
from matching.reschedule import other_starts
from matching.technician import Technician
from matching.usage import HoursRules

#: How far ahead starts are looked for.
AHEAD = timedelta(days=14)
#: How many starts more than wanted are tried: who fails for another reason than time fails at all of them.
_MORE = 20


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A start that fits both sides at this moment."""

    start_at: datetime
    end_at: datetime


def suggest_starts(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    *,
    assignment_id: UUID | None = None,
    num: int = 5,
    step_min: int = 60,
    after: datetime | None = None,
    now: datetime,
) -> list[Suggestion]:
    """The next starts, at most `num`, to which this work could move, from `after` (or now) on. Runs as the engine.

    They promise nothing: whoever accepts a proposal of one is judged again.

    Raises
    ------
    NotFound, BadInput
        As `finding.find_visit` and `finding.find_assignment`.
    Conflict
        When the work has begun or ended.
    """
    visit = find_visit(session, actor, visit_id)
    assignment = find_assignment(session, actor, visit_id, assignment_id)
    if assignment.state != "live" or visit.state not in states_with(VISIT, "replan"):
        state = visit.state if assignment.state == "live" else assignment.state
        raise Conflict(state, "suggest other times", tuple(VISIT[visit.state]))
    role = session.scalars(select(SlotRow.role).where(SlotRow.id == assignment.slot_id)).one()
    unit = read_role(session, visit_id, role, assignment.slot_id)
    technician = _as_if_free(session, assignment, unit.job.hours_rules, now)
    job = _somewhen(unit.job, assignment, max(after or now, now))
    starts = other_starts(job, technician, calendar_of(unit.site_row), unit.policy, now=now, step_min=step_min)
    tried = [job.starting(start) for start in starts if start != assignment.start_at][: num + _MORE]
    fitting = (each for each in tried if not _fails(unit, technician, each, now))
    return [Suggestion(each.start_at, each.end_at) for each in islice(fitting, num)]


def _as_if_free(session: Session, assignment: AssignmentRow, rules: HoursRules, now: datetime) -> Technician:
    (technician,) = read_technicians(session, [assignment.technician_id], now=now)
    free = without_booking(technician, session.get_one(BookingRow, assignment.booking_id))
    return without_promise(session, free, rules, assignment, None, now=now)


def _somewhen(job: Job, assignment: AssignmentRow, after: datetime) -> Job:
    """The work as agreed, in a window of the next days."""
    pay = Pay(assignment.pay_kind, assignment.pay_amount, assignment.currency)  # type: ignore[arg-type]
    minutes = int((assignment.end_at - assignment.start_at).total_seconds() // 60)
    end_at = after + AHEAD + timedelta(minutes=minutes)
    return replace(job, start_at=after, end_at=end_at, duration_min=minutes, pay=pay, asked_time="window")


def _fails(unit: RoleOfVisit, technician: Technician, job: Job, now: datetime) -> tuple[str, ...]:
    return failed_now(replace(unit, job=job), technician, job, now=now)
