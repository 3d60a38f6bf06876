"""What comes after a visit that did not end the job? The next visit, or a person's decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.budgeting import check_price
from dispatch.jobs.lifecycle import JOB
from dispatch.jobs.reading import read_day_policy
from dispatch.jobs.rounds import open_round
from dispatch.jobs.terms import record_terms
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, SiteRow, SlotRow, VisitRow, new_id
from dispatch.talent.sites import calendar_of
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.endings import Ending
from dispatch.visits.travelling import site_of

#: Days in which an open one is looked for.
_LONGEST_SEARCH_D = 60
#: How soon a person must say what becomes of a visit that could not start.
_DECIDE_WITHIN = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Window:
    """When the next visit may be: all of it inside."""

    start_at: datetime
    end_at: datetime
    duration_min: int


def go_on(session: Session, actor: Actor, visit: VisitRow, ending: Ending, *, now: datetime) -> UUID | None:
    """Do what follows from how a visit ended: the next visit's id, None where there is none.

    A return is asked of the same technicians first. A visit that could not start waits for the client's decision, or,
    where the client's day policy says so, is made again.
    """
    if visit.outcome == "complete":
        return None
    job = session.scalars(select(JobRow).where(JobRow.id == visit.job_id)).one()
    if visit.outcome == "could_not_start" and read_day_policy(job).day.after_could_not_start == "decide":
        raise_alarm(
            session,
            actor,
            "could_not_start",
            client_id=visit.client_id,
            job_id=visit.job_id,
            visit_id=visit.id,
            due_at=now + _DECIDE_WITHIN,
            now=now,
        )
        return None
    window = _wished(ending, visit) or next_window(session, job, visit, now=now)
    same = {role: who for role, who in who_was_there(session, visit.id)}
    return add_visit(session, actor, visit, window, visit.outcome or "next_visit", first_ask=same, now=now)


def add_visit(
    session: Session,
    actor: Actor,
    after: VisitRow,
    window: Window,
    why: str,
    *,
    first_ask: Mapping[str, Sequence[UUID]] | None = None,
    now: datetime,
) -> UUID:
    """The job's next visit, with the roles, needs and pay of the one before, offered at once: its id.

    `first_ask` names for a role whom to ask before all others. Notes, photos and parts belong to the job, and are the
    next visit's as well; observers were asked to the one before alone. The terms get a new version. Runs as the
    engine; the caller has ended `after`.

    Raises
    ------
    BadInput
        When the window has passed or is too short.
    Conflict
        When the job has ended.
    Refused
        When the client adds it, and the job's budget does not suffice.
    """
    _check(window, now)
    slots = session.scalars(
        select(SlotRow).where(SlotRow.visit_id == after.id, ~SlotRow.is_observer).order_by(SlotRow.num)
    ).all()
    visit_id, num = _write(session, after, window, slots, now)
    if actor.client_id is not None:
        check_price(session, actor, after.job_id)
    job = _reopen(session, after.job_id)
    record_terms(session, after.client_id, after.job_id, job.terms_version, now)
    told = {
        "visit": str(visit_id),
        "num": num,
        "after": str(after.id),
        "why": why,
        "state": job.state,
        "terms_version": job.terms_version,
        "start_at": window.start_at.isoformat(),
        "end_at": window.end_at.isoformat(),
    }
    clear_alarms(session, actor, ("could_not_start",), visit_id=after.id, why="next_visit", now=now)
    record(session, actor, ("job", after.job_id), "visit_added", told, client_id=after.client_id, now=now)
    if job.state != "on_hold":
        for role in sorted({slot.role for slot in slots}):
            asked = sorted((first_ask or {}).get(role, ()))
            open_round(session, after.client_id, after.job_id, visit_id, role, "next_visit", now=now, first_ask=asked)
    return visit_id


def next_window(session: Session, job: JobRow, visit: VisitRow, *, now: datetime) -> Window:
    """By rule: the same hours of the site's day, so many days later, on a day on which the site is open."""
    site = site_of(session, job.id)
    zone = ZoneInfo(site.time_zone)
    length = visit.window_end_at - visit.window_start_at
    local = visit.window_start_at.astimezone(zone)
    day = _open_day(site, now.astimezone(zone).date() + timedelta(days=read_day_policy(job).day.return_after_days))
    start_at = datetime.combine(day, local.timetz().replace(tzinfo=None), zone)
    if start_at + length <= now:
        start_at = now + timedelta(hours=1)
    return Window(start_at, start_at + length, visit.duration_min)


def _open_day(site: SiteRow, day: date) -> date:
    calendar = calendar_of(site)
    days = (day + timedelta(days=later) for later in range(_LONGEST_SEARCH_D))
    return next((each for each in days if calendar.spans_on(each)), day)


def _wished(ending: Ending, visit: VisitRow) -> Window | None:
    if ending.start_at is None or ending.end_at is None:
        return None
    return Window(ending.start_at, ending.end_at, ending.duration_min or visit.duration_min)


def who_was_there(session: Session, visit_id: UUID) -> list[tuple[str, list[UUID]]]:
    """(role, technicians) of those who checked in."""
    rows = session.execute(
        select(SlotRow.role, func.array_agg(AssignmentRow.technician_id))
        .join(AssignmentRow, AssignmentRow.slot_id == SlotRow.id)
        .where(
            AssignmentRow.visit_id == visit_id,
            AssignmentRow.state == "live",
            AssignmentRow.checked_in_at.is_not(None),
        )
        .group_by(SlotRow.role)
    )
    return [(role, list(who)) for role, who in rows]


def _check(window: Window, now: datetime) -> None:
    if window.end_at <= now:
        raise BadInput("window.end_at", window.end_at.isoformat(), "choose a time that has not passed")
    if window.end_at - window.start_at < timedelta(minutes=window.duration_min):
        way_out = f"leave room for {window.duration_min} minutes of work"
        raise BadInput("window", f"{window.start_at.isoformat()}/{window.end_at.isoformat()}", way_out)


def _write(
    session: Session, after: VisitRow, window: Window, slots: Sequence[SlotRow], now: datetime
) -> tuple[UUID, int]:
    num = 1 + (session.scalar(select(func.max(VisitRow.num)).where(VisitRow.job_id == after.job_id)) or 0)
    visit_id = new_id()
    own = {"client_id": after.client_id, "job_id": after.job_id}
    is_exact = window.end_at - window.start_at == timedelta(minutes=window.duration_min)
    session.execute(
        insert(VisitRow).values(
            id=visit_id,
            num=num,
            asked_time="exact" if is_exact else "window",
            window_start_at=window.start_at,
            window_end_at=window.end_at,
            duration_min=window.duration_min,
            created_at=now,
            **own,
        )
    )
    alike = ("num", "role", "is_lead", "needs", "pay_kind", "pay_amount", "currency")
    rows = [{name: getattr(slot, name) for name in alike} for slot in slots]
    session.execute(insert(SlotRow), [{"id": new_id(), "visit_id": visit_id, **own, **row} for row in rows])
    return visit_id, num


def _reopen(session: Session, job_id: UUID) -> JobRow:
    """The job has open slots again, under the next version of its terms."""
    job = session.scalars(
        select(JobRow)
        .where(JobRow.id == job_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if "reopen" not in JOB[job.state]:
        raise Conflict(job.state, "add a visit", tuple(JOB[job.state]))
    session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == job.state)
        .values(
            state=JOB[job.state]["reopen"],
            terms_version=JobRow.terms_version + 1,
            version=JobRow.version + 1,
        )
    )
    session.refresh(job)
    return job
