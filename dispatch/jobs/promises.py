"""By when was it promised? Deadlines set at posting, paused with a reason, resumed with as much time left as before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.reading import read_day_policy
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, SiteRow
from dispatch.talent.sites import calendar_of
from matching.atrisk import LIVE_JOBS
from matching.daypolicy import DayPolicy, ServiceLevel
from matching.errors import CalendarError
from matching.sitecalendar import open_time_between
from matching.sla import PAUSES, Promise, counting, promised, read_promise, resumed


def promise_columns(site: SiteRow, policy: DayPolicy, priority: int, posted_at: datetime) -> dict[str, Any]:
    """What a job of this priority is promised, as columns of its row.

    Raises
    ------
    BadInput
        When the site is not open long enough to keep a promise at all.
    """
    return _columns(_promised(site, policy, priority, posted_at), {})


def columns_after_priority(session: Session, job: JobRow, priority: int, *, now: datetime) -> dict[str, Any]:
    """What a job is promised once it has another priority: as if posted with it, its pauses counted.

    Raises
    ------
    BadInput
        As `promise_columns`.
    """
    if job.posted_at is None:
        return {}
    policy, site = read_day_policy(job), _site(session, job)
    level, promise = policy.sla.level(priority), _promised(site, policy, priority, job.posted_at)
    for pause in job.sla.get("pauses", ()):
        since, until = (datetime.fromisoformat(pause[name]) for name in ("from_at", "to_at"))
        promise = _resumed(promise, level, site, since, until)
    columns = _columns(promise, job.sla)
    for name, by in (("respond_broken_at", columns["respond_by"]), ("fix_broken_at", columns["fix_by"])):
        if by is None or by > now:
            columns[name] = None
    if promise == Promise():
        columns |= {"sla_paused_at": None, "sla_paused_why": None}
    return columns


def pause_promise(session: Session, actor: Actor, job_id: UUID, why: str, *, now: datetime) -> None:
    """Let the clock of what was promised stand still; `why` is one of `PAUSES`. Runs as the engine.

    Raises
    ------
    BadInput
        When the reason is none of those.
    NotFound
        When there is no such job of the actor's client.
    Conflict
        When nothing was promised, it stands still already, or the job is over.
    """
    if why not in PAUSES:
        raise BadInput("why", why, f"give one of {', '.join(PAUSES)}")
    job = _find(session, actor, job_id)
    paused = session.scalar(
        update(JobRow)
        .where(
            JobRow.id == job_id,
            JobRow.sla_paused_at.is_(None),
            JobRow.state.in_(LIVE_JOBS),
            JobRow.respond_by.is_not(None) | JobRow.fix_by.is_not(None),
        )
        .values(sla_paused_at=now, sla_paused_why=why, version=JobRow.version + 1)
        .returning(JobRow.id)
    )
    if paused is None:
        session.refresh(job)
        raise _conflict(job, "pause the deadlines")
    record(session, actor, ("job", job_id), "sla_paused", {"why": why}, client_id=job.client_id, now=now)


def resume_promise(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> None:
    """Let the clock run on: deadlines still ahead move by the open time of the pause. Runs as the engine.

    Raises
    ------
    BadInput
        When the site is not open long enough any more.
    NotFound
        When there is no such job of the actor's client.
    Conflict
        When it does not stand still.
    """
    job = _find(session, actor, job_id, holds=True)
    paused_at, paused_why = job.sla_paused_at, job.sla_paused_why
    if paused_at is None:
        raise _conflict(job, "resume the deadlines")
    site, level = _site(session, job), read_day_policy(job).sla.level(job.priority)
    promise = _resumed(read_promise(job.respond_by, job.fix_by, job.sla), level, site, paused_at, now)
    minutes = _open_minutes(site, level, paused_at, now)
    pause = {"from_at": paused_at.isoformat(), "to_at": now.isoformat(), "why": paused_why, "minutes": minutes}
    columns = _columns(promise, {"pauses": [*job.sla.get("pauses", ()), pause]})
    session.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.sla_paused_at == paused_at)
        .values(sla_paused_at=None, sla_paused_why=None, version=JobRow.version + 1, **columns)
    )
    told = {
        "why": paused_why,
        "minutes": minutes,
        **{name: columns[name] and columns[name].isoformat() for name in ("respond_by", "fix_by")},
    }
    record(session, actor, ("job", job_id), "sla_resumed", told, client_id=job.client_id, now=now)


def _find(session: Session, actor: Actor, job_id: UUID, *, holds: bool = False) -> JobRow:
    """The actor's client's job; with `holds`, nobody changes it until the transaction ends."""
    wanted = select(JobRow).where(JobRow.id == job_id)
    if holds:
        wanted = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    job = session.scalars(wanted).one_or_none()
    if job is None or job.client_id != actor.client_id:
        raise NotFound("job", job_id)
    return job


def _site(session: Session, job: JobRow) -> SiteRow:
    return session.scalars(select(SiteRow).where(SiteRow.id == job.site_id)).one()


def _promised(site: SiteRow, policy: DayPolicy, priority: int, posted_at: datetime) -> Promise:
    level = policy.sla.level(priority)
    if level.respond_min is None and level.fix_min is None:
        return Promise()
    try:
        return promised(level, policy.sla.warn_min, calendar_of(site), posted_at)
    except CalendarError as error:
        raise BadInput("site_id", site.id, str(error)) from error


def _resumed(promise: Promise, level: ServiceLevel, site: SiteRow, since: datetime, until: datetime) -> Promise:
    try:
        return resumed(promise, level, calendar_of(site), since, until)
    except CalendarError as error:
        raise BadInput("site_id", site.id, str(error)) from error


def _open_minutes(site: SiteRow, level: ServiceLevel, since: datetime, until: datetime) -> int:
    counted = open_time_between(since, until, counting(level, calendar_of(site)))
    return int(counted.total_seconds() // 60)


def _columns(promise: Promise, document: Mapping[str, Any]) -> dict[str, Any]:
    pauses = {name: document[name] for name in ("pauses",) if name in document}
    return {
        "respond_by": promise.respond.by if promise.respond else None,
        "fix_by": promise.fix.by if promise.fix else None,
        "sla": {**promise.to_document(), **pauses},
    }


def _conflict(job: JobRow, wish: str) -> Conflict:
    if job.respond_by is None and job.fix_by is None:
        return Conflict("nothing was promised for this job", wish)
    if job.sla_paused_at is not None:
        return Conflict("paused", wish, ("resume",))
    return Conflict(job.state if job.state not in LIVE_JOBS else "running", wish, ("pause",) * (job.state in LIVE_JOBS))
