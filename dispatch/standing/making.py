"""Which jobs of series are due to be made? Each day of a rule once, ahead of its time, never for the past."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, TruckrollError
from dispatch.jobs.cleared import Owner
from dispatch.jobs.posting import post_job
from dispatch.record.events import record
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import ENGINE, Actor, act_as
from dispatch.record.tables import JobRow, SeriesRow, SiteRow
from dispatch.standing.occurrences import Occurrence, Plan, occurrences
from dispatch.standing.series import plan_of, timer_of, work_of
from dispatch.standing.works import wish_of
from geo.errors import GeoError
from geo.timezones import local_day

#: How many series, and jobs of one series, are made in one transaction at most: a sweep never holds locks for long.
_NUM_SERIES, _NUM_JOBS = 5, 20


@dataclass(frozen=True, slots=True)
class Stopped:
    """A series whose next job cannot be made: somebody must look, before the visit at `start_at` would be."""

    series_id: UUID
    client_id: UUID
    why: str
    start_at: datetime


def make_due(session: Session, now: datetime, ring: KeyRing = NO_KEYS) -> tuple[int, list[Stopped]]:
    """Make the jobs that are due: how many things were done, and which series stopped. Runs as the engine.

    Several dispatchers may do this at once: a series that one holds is left to it, and a job is made in the transaction
    that moves its series on, so that a crash leaves both or neither.
    """
    due = session.scalars(
        select(SeriesRow)
        .where(SeriesRow.due_at <= now)
        .order_by(SeriesRow.due_at)
        .limit(_NUM_SERIES)
        .with_for_update(skip_locked=True)
    ).all()
    made = [_make(session, row, now, ring) for row in due]
    return len(due), [each for each in made if each is not None]


def _make(session: Session, row: SeriesRow, now: datetime, ring: KeyRing) -> Stopped | None:
    """Work off what is due of one series, set its timer again, or stop it; the caller holds the row."""
    site = session.scalars(select(SiteRow).where(SiteRow.id == row.site_id)).one()
    try:
        plan = plan_of(row, site)
    except (TruckrollError, GeoError) as error:
        return _stop(session, row, now.date(), now, error, now)
    passed: list[list[str]] = []
    stopped = None
    made = set(session.scalars(select(JobRow.series_day).where(JobRow.series_id == row.id)))
    for each in _due(row, plan, now):
        if each.day not in made and "skipped" not in each.notes:
            stopped = _make_one(session, row, each, passed, now, ring)
        if stopped is not None:
            break
        _move_on(row, each)
    if passed:
        told = {"days": passed}
        record(session, ENGINE, ("series", row.id), "days_passed", told, client_id=row.client_id, now=now)
    if stopped is None:
        _set_timer(session, row, plan_of(row, site), now)
    session.flush()
    return stopped


def _due(row: SeriesRow, plan: Plan, now: datetime) -> list[Occurrence]:
    """What is to be worked off: days that were moved, whatever day they are of, then the rule's in their order."""
    ahead = now + timedelta(days=row.make_ahead_days)
    moved = [
        Occurrence(day, at, at, ("moved",)) for day, at in plan.exceptions.items() if at is not None and at <= ahead
    ]
    # A day is by the rule when it is due, even where closed days or a decision put it later.
    until = local_day(ahead, plan.zone) + timedelta(days=1)
    coming = [
        each
        for each in occurrences(plan, after=row.made_through, until=until)
        if each.nominal_at <= ahead and "moved" not in each.notes
    ]
    return [*sorted(moved, key=lambda each: each.nominal_at), *coming][:_NUM_JOBS]


def _make_one(
    session: Session, row: SeriesRow, each: Occurrence, passed: list[list[str]], now: datetime, ring: KeyRing
) -> Stopped | None:
    """Make a day's job, or note in `passed` why there is none; answers only when it should be and cannot."""
    if each.start_at is None or each.start_at <= now:
        passed.append([each.day.isoformat(), *(each.notes if each.start_at is None else ("past",))])
        return None
    actor = Actor("engine", client_id=row.client_id)
    act_as(session, actor)
    try:
        with session.begin_nested():
            job_id = _post(session, actor, row, each, now, ring)
    except (TruckrollError, IntegrityError, DataError) as error:
        act_as(session, ENGINE, role="engine")
        return _stop(session, row, each.day, each.start_at, error, now)
    act_as(session, ENGINE, role="engine")
    row.num_made += 1
    told = {
        "job": str(job_id),
        "day": each.day.isoformat(),
        "start_at": each.start_at.isoformat(),
        "notes": list(each.notes),
    }
    record(session, ENGINE, ("series", row.id), "job_made", told, client_id=row.client_id, now=now)
    return None


def _post(session: Session, actor: Actor, row: SeriesRow, each: Occurrence, now: datetime, ring: KeyRing) -> UUID:
    assert each.start_at is not None
    number = row.number_pattern.replace("{date}", f"{each.day:%Y%m%d}").replace("{num}", str(row.num_made + 1))
    wish = wish_of(
        work_of(session, actor, row),
        number=number,
        site_id=row.site_id,
        start_at=each.start_at,
        end_at=each.start_at + timedelta(minutes=row.window_min),
        series_id=row.id,
        series_day=each.day,
        source=Owner("template", row.template_id, row.client_id) if row.template_id else None,
    )
    origin = {"series": str(row.id), "day": each.day.isoformat()}
    job_id, is_new = post_job(session, actor, wish, now=now, origin=origin, ring=ring)
    if not is_new:
        raise BadInput("number", number, "change the number pattern: another job has this number")
    return job_id


def _stop(session: Session, row: SeriesRow, day: date, start_at: datetime, error: Exception, now: datetime) -> Stopped:
    """Pause until somebody has looked: making the next one instead would leave this one out unseen."""
    why = (error.field.replace("[", ".").split(".")[0] if isinstance(error, BadInput) else "conflict")[:64]
    row.state, row.stopped_why, row.due_at, row.version = "paused", why, None, row.version + 1
    session.flush()
    told = {"why": why, "day": day.isoformat(), "start_at": start_at.isoformat()}
    record(session, ENGINE, ("series", row.id), "stopped", told, client_id=row.client_id, now=now)
    return Stopped(row.id, row.client_id, why, start_at)


def _move_on(row: SeriesRow, each: Occurrence) -> None:
    """What was decided about the day is done with. One that was moved may lie before others that are still to come."""
    row.exceptions = {other: at for other, at in row.exceptions.items() if other != each.day.isoformat()}
    is_next = row.made_through is None or each.day > row.made_through
    if is_next and "moved" not in each.notes:
        row.made_through = each.day


def _set_timer(session: Session, row: SeriesRow, plan: Plan, now: datetime) -> None:
    row.due_at = timer_of(row, plan, now)
    if row.due_at is None:
        row.state, row.version = "ended", row.version + 1
        record(session, ENGINE, ("series", row.id), "ended", {"why": "rule_done"}, client_id=row.client_id, now=now)
