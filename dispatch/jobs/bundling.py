"""Which open jobs of a day belong together, and how do they become a bundle? All of them in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.changes import find_job, renew_terms
from dispatch.jobs.lifecycle import JOB
from dispatch.jobs.rounds import close_rounds
from dispatch.record.session import Actor
from dispatch.record.tables import BundleRow, JobRow, SiteRow, SlotRow, VisitRow, new_id
from geo.timezones import first_at, zone
from geo.travel import GreatCircleTravel
from matching.sitedays import Piece, group_day

#: Jobs that are being asked for, and may still be put together.
ASKED_FOR = ("open", "unfilled")
#: Jobs of which nothing is asked for any more.
_OVER = ("cancelled", "done", "approved", "paid", "disputed")
#: Jobs of one day that are looked at, the earliest deadlines first.
MAX_JOBS = 500


@dataclass(frozen=True, slots=True)
class DayJob:
    """A job that may be put into a bundle, with its site and its visit."""

    job: JobRow
    site: SiteRow
    visit: VisitRow


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Jobs that one person could do on that day; `total_min` of work, `span_m` between the two furthest sites."""

    jobs: tuple[DayJob, ...]
    total_min: int
    span_m: float


def make_bundle(session: Session, actor: Actor, name: str, *, now: datetime) -> UUID:
    """A new bundle: jobs posted with its id are taken together or not at all.

    Raises
    ------
    BadInput
        When the client has a bundle of this name.
    """
    bundle_id: UUID | None = session.scalar(
        pg_insert(BundleRow)
        .values(id=new_id(), client_id=actor.client_id, name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["client_id", "name"])
        .returning(BundleRow.id)
    )
    if bundle_id is None:
        raise BadInput("name", name, "use a name that none of your bundles has")
    return bundle_id


def suggest_bundles(session: Session, actor: Actor, day: date, within_m: float, *, now: datetime) -> list[Suggestion]:
    """The client's jobs of one local day that one person could do one after the other, at most `within_m` apart."""
    rows = [DayJob(job, site, visit) for job, site, visit in session.execute(_candidates(actor, day))]
    by_job = {each.job.id: each for each in rows}
    pieces = [piece for each in rows if (piece := _piece(each, day, now)) is not None]
    return [
        Suggestion(tuple(by_job[piece.id] for piece in group.pieces), group.total_min, group.span_m)
        for group in group_day(pieces, within_m, GreatCircleTravel())
    ]


def bundle_jobs(session: Session, actor: Actor, name: str, job_ids: Sequence[UUID], *, now: datetime) -> UUID:
    """A new bundle of jobs that nobody has: their offers are withdrawn, and all are offered together. As the engine.

    Raises
    ------
    NotFound
        When a job is not the actor's client's.
    BadInput
        When the name is taken, a job is named twice, is given to the first who may (mode `auto`), or needs several.
    Conflict
        When a job is not asked for, belongs to a bundle already, or somebody has it.
    """
    if len(set(job_ids)) < len(job_ids):
        raise BadInput("job_ids", len(job_ids), "name each job once")
    for job_id in job_ids:
        find_job(session, actor, job_id)
    slots = _lock_slots_of_all(session, job_ids)
    jobs = {job_id: find_job(session, actor, job_id) for job_id in job_ids}
    for num, (job_id, job) in enumerate(jobs.items()):
        session.refresh(job)
        _check(job, [slot for slot in slots if slot.job_id == job_id], f"job_ids[{num}]")
    bundle_id = make_bundle(session, actor, name, now=now)
    withdrawn = {job_id: close_rounds(session, job_id, "withdrawn", now=now) for job_id in sorted(jobs)}
    for job_id in sorted(jobs):
        _put_into(session, jobs[job_id], bundle_id)
    for job_id in sorted(jobs):
        told = {"bundle": str(bundle_id)}
        renew_terms(session, actor, jobs[job_id], withdrawn[job_id], told, now=now)
    return bundle_id


def dissolve_bundle(session: Session, actor: Actor, bundle_id: UUID, *, now: datetime) -> int:
    """Take a bundle apart that nobody has: each of its jobs is offered by itself again; how many. As the engine.

    A job that is over keeps its place in it.

    Raises
    ------
    NotFound
        When the bundle is not the actor's client's.
    Conflict
        When somebody has a job of it.
    """
    bundle = session.scalars(select(BundleRow).where(BundleRow.id == bundle_id)).one_or_none()
    if bundle is None or bundle.client_id != actor.client_id:
        raise NotFound("bundle", bundle_id)
    going = select(JobRow).where(JobRow.bundle_id == bundle_id, JobRow.state.not_in(_OVER)).order_by(JobRow.id)
    slots = _lock_slots_of_all(session, [job.id for job in session.scalars(going)])
    if any(slot.state == "filled" for slot in slots):
        raise Conflict("assigned", f"dissolve bundle {bundle.name}", ("release the assignment",))
    jobs = session.scalars(going.execution_options(populate_existing=True)).all()
    withdrawn = {job.id: close_rounds(session, job.id, "withdrawn", now=now) for job in jobs}
    for job in jobs:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(bundle_id=None))
    for job in jobs:
        if job.state in ASKED_FOR:
            renew_terms(session, actor, job, withdrawn[job.id], {"bundle_left": str(bundle_id)}, now=now)
    return len(jobs)


def _candidates(actor: Actor, day: date) -> Select[JobRow, SiteRow, VisitRow]:
    """One visit, one working place, nobody there; every zone's day lies within a day of UTC's."""
    start, end = (datetime.combine(day + timedelta(days=by), clock_time(), UTC) for by in (-1, 2))
    of_job = select(func.count()).where(SlotRow.job_id == JobRow.id)
    num_working = of_job.where(~SlotRow.is_observer).correlate(JobRow).scalar_subquery()
    num_filled = of_job.where(SlotRow.state != "open").correlate(JobRow).scalar_subquery()
    return (
        select(JobRow, SiteRow, VisitRow)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(VisitRow, VisitRow.job_id == JobRow.id)
        .where(
            JobRow.client_id == actor.client_id,
            JobRow.state.in_(ASKED_FOR),
            JobRow.mode != "auto",
            JobRow.bundle_id.is_(None),
            VisitRow.state == "planned",
            VisitRow.window_start_at < end,
            VisitRow.window_end_at > start,
            num_working == 1,
            num_filled == 0,
        )
        .order_by(VisitRow.window_end_at, JobRow.id)
        .limit(MAX_JOBS)
    )


def _piece(each: DayJob, day: date, now: datetime) -> Piece | None:
    """The job as work of that day at its site, None when the day leaves no room for it."""
    here, visit = zone(each.site.time_zone), each.visit
    opens = first_at(datetime.combine(day, clock_time()), here)
    closes = first_at(datetime.combine(day + timedelta(days=1), clock_time()), here)
    lasts = timedelta(minutes=visit.duration_min)
    earliest = max(visit.window_start_at, opens, now)
    latest = min(visit.window_end_at, closes) - lasts
    if visit.asked_time == "exact":
        latest = min(latest, visit.window_start_at)
    if earliest > latest:
        return None
    return Piece(each.job.id, each.site.lat, each.site.lng, earliest, latest, visit.duration_min)


def _lock_slots_of_all(session: Session, job_ids: Sequence[UUID]) -> list[SlotRow]:
    """Hold every slot of the jobs in the order in which a yes to a bundle takes them: by visit."""
    return list(
        session.scalars(
            select(SlotRow)
            .where(SlotRow.job_id.in_(job_ids))
            .order_by(SlotRow.visit_id, SlotRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _check(job: JobRow, slots: Sequence[SlotRow], where: str) -> None:
    wish = f"put job {job.number} into a bundle"
    if job.bundle_id is not None:
        raise Conflict("in a bundle", wish)
    if any(slot.state == "filled" for slot in slots):
        raise Conflict("assigned" if job.state in ASKED_FOR else job.state, wish, ("release the assignment",))
    if job.state not in ASKED_FOR:
        raise Conflict(job.state, wish, tuple(JOB[job.state]))
    if job.mode == "auto":
        raise BadInput(where, job.id, "set the job's mode to first or manual: a bundle waits for a yes")
    if sum(not slot.is_observer for slot in slots) != 1:
        raise BadInput(where, job.id, "name jobs of one visit that need one person: one person takes a bundle whole")


def _put_into(session: Session, job: JobRow, bundle_id: UUID) -> None:
    """Guarded: never two bundles on a job."""
    done = session.scalar(
        update(JobRow)
        .where(JobRow.id == job.id, JobRow.bundle_id.is_(None))
        .values(bundle_id=bundle_id)
        .returning(JobRow.id)
    )
    if done is None:
        raise Conflict("in a bundle", f"put job {job.number} into a bundle")
