"""What was promised for a job, and how much of it is left? As it is shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.schemas.jobs import PauseOut, PromiseLine, PromiseOut, PromiseState
from dispatch.jobs.reading import read_day_policy
from dispatch.record.session import database_now
from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, SiteRow
from dispatch.talent.sites import calendar_of
from matching.atrisk import LIVE_JOBS
from matching.sitecalendar import open_time_between
from matching.sla import counting

_MINUTE = timedelta(minutes=1)


#: (what was promised, whether it is at risk) by job
PromiseLines = Mapping[UUID, tuple[PromiseLine | None, bool]]


def promise_lines(session: Session, jobs: Sequence[JobRow]) -> PromiseLines:
    """(what was promised, whether it is at risk) of each of these jobs."""
    if not jobs:
        return {}
    now = database_now(session)
    troubled = set(
        session.scalars(
            select(AlarmRow.job_id).where(AlarmRow.job_id.in_([job.id for job in jobs]), AlarmRow.cleared_at.is_(None))
        )
    )
    return {job.id: (_line(job, now), job.id in troubled) for job in jobs}


def show_promise(session: Session, job: JobRow, site: SiteRow) -> PromiseOut | None:
    """What was promised for a job, None: nothing. `session` sees its assignments."""
    if job.respond_by is None and job.fix_by is None:
        return None
    now = database_now(session)
    responded_at = session.scalar(select(func.min(AssignmentRow.assigned_at)).where(AssignmentRow.job_id == job.id))
    by, at = _next_deadline(job, responded_at is not None), job.sla_paused_at or now
    counted = None
    if by is not None:
        calendar = counting(read_day_policy(job).sla.level(job.priority), calendar_of(site))
        counted = open_time_between(at, by, calendar) // _MINUTE
    return PromiseOut(
        respond_by=job.respond_by,
        respond=_state(job, job.respond_by, job.respond_broken_at, responded_at is not None, now),
        responded_at=responded_at,
        fix_by=job.fix_by,
        fix=_state(job, job.fix_by, job.fix_broken_at, job.state not in LIVE_JOBS, now),
        minutes_left=None if by is None else (by - at) // _MINUTE,
        counted_minutes_left=counted,
        paused_at=job.sla_paused_at,
        paused_why=job.sla_paused_why,
        pauses=[PauseOut(**pause) for pause in job.sla.get("pauses", ())],
    )


def is_at_risk(session: Session, job_id: UUID) -> bool:
    """Whether something about a job needs a person."""
    waits = select(AlarmRow.id).where(AlarmRow.job_id == job_id, AlarmRow.cleared_at.is_(None)).limit(1)
    return session.scalar(waits) is not None


def _line(job: JobRow, now: datetime) -> PromiseLine | None:
    if job.respond_by is None and job.fix_by is None:
        return None
    by = _next_deadline(job, job.state in ("assigned", "in_progress", "sent_back"))
    return PromiseLine(
        respond_by=job.respond_by,
        fix_by=job.fix_by,
        minutes_left=None if by is None else (by - (job.sla_paused_at or now)) // _MINUTE,
        is_paused=job.sla_paused_at is not None,
        is_broken=job.respond_broken_at is not None or job.fix_broken_at is not None,
    )


def _next_deadline(job: JobRow, is_responded: bool) -> datetime | None:
    """The deadline that runs: to respond until somebody has, then to fix; None once the job is over."""
    if job.state not in LIVE_JOBS:
        return None
    still = [job.fix_by] if is_responded else [job.respond_by, job.fix_by]
    return min((by for by in still if by is not None), default=None)


def _state(
    job: JobRow, by: datetime | None, broken_at: datetime | None, is_kept: bool, now: datetime
) -> PromiseState | None:
    if by is None:
        return None
    if broken_at is not None:
        return "broken"
    if job.state == "cancelled":
        return "void"
    if is_kept:
        return "kept"
    if job.sla_paused_at is not None:
        return "paused"
    return "running" if now < by else "broken"
