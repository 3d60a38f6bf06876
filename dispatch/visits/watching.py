"""What is about to go wrong? Alarms kept in step with the risks of each job: raised ahead, cleared when gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from dispatch.jobs.reading import read_day_policy
from dispatch.record.events import record
from dispatch.record.session import CLOCK, ENGINE
from dispatch.record.tables import AlarmRow, JobRow, SiteRow
from dispatch.visits.alarms import KINDS, PASSING, clear_these, raise_alarm, told_of
from dispatch.visits.riskfacts import read_facts
from matching.atrisk import LIVE_JOBS, RAISED, JobFacts, Risk, broken, foreseen, look_again_at, risks

#: How many jobs are looked at in one transaction at most.
_BATCH = 100

_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('truckroll watch'))")


def watch_jobs(session: Session, now: datetime) -> int:
    """Look at every job whose time has come: how many alarms were raised or cleared, and promises found broken.

    One dispatcher watches at a time; another finds nothing to do. Alarms come first and the jobs' own rows last, and
    only those that nobody holds, so a look never waits for an acceptance: what is held is looked at again next time.
    """
    if not session.execute(_TRY_LOCK).scalar_one():
        return 0
    rows = session.execute(
        select(JobRow, SiteRow)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(JobRow.look_at <= CLOCK)
        .order_by(JobRow.look_at, JobRow.id)
        .limit(_BATCH)
    ).all()
    if not rows:
        return 0
    jobs = [(job, site) for job, site in rows]
    facts = read_facts(session, jobs, now=now)
    alarms = _open_alarms(session, [job.id for job, _ in jobs])
    done = sum(_keep_in_step(session, job, facts[job.id], alarms.get(job.id, []), now) for job, _ in jobs)
    return done + _note_looks(session, [(job, facts[job.id]) for job, _ in jobs], now)


def _keep_in_step(session: Session, job: JobRow, facts: JobFacts, alarms: list[AlarmRow], now: datetime) -> int:
    """Raise what is at risk and has no alarm, clear what has one and is not: how many changes."""
    if job.state not in LIVE_JOBS:
        over = [each.id for each in alarms if each.kind in PASSING]
        return clear_these(session, ENGINE, over, why="job_ended", now=now) if job.state != "draft" else 0
    wanted = {(risk.kind, risk.about): risk for risk in risks(facts, read_day_policy(job), now) if risk.kind in RAISED}
    known = {(each.kind, each.subject_id): each for each in alarms if each.kind in RAISED}
    done = clear_these(session, ENGINE, [known[each].id for each in known.keys() - wanted], why="gone", now=now)
    for key, risk in wanted.items():
        done += _move(session, known[key], risk, now) if key in known else _raise(session, job, risk, now)
    return done


def _raise(session: Session, job: JobRow, risk: Risk, now: datetime) -> bool:
    alarm_id = raise_alarm(
        session,
        ENGINE,
        risk.kind,
        client_id=job.client_id,
        due_at=risk.due_at,
        now=now,
        job_id=job.id,
        visit_id=risk.visit_id,
        subject_id=risk.about,
    )
    return alarm_id is not None


def _move(session: Session, alarm: AlarmRow, risk: Risk, now: datetime) -> bool:
    """The deadline of an open alarm moved: the work was planned anew, or a pause has ended."""
    if alarm.due_at == risk.due_at:
        return False
    moved = session.scalar(
        update(AlarmRow)
        .where(AlarmRow.id == alarm.id, AlarmRow.cleared_at.is_(None))
        .values(due_at=risk.due_at)
        .returning(AlarmRow.id)
    )
    if moved is not None:
        told = {**told_of(alarm), "due_at": risk.due_at.isoformat()}
        record(session, ENGINE, ("alarm", alarm.id), "due_moved", told, client_id=alarm.client_id, now=now)
    return moved is not None


def _note_looks(session: Session, looked: Sequence[tuple[JobRow, JobFacts]], now: datetime) -> int:
    """Set the timers of the jobs that nobody holds or has changed since, and note what was promised and broken."""
    seen = {job.id: job.look_at for job, _ in looked}
    free = dict(
        session.execute(
            select(JobRow.id, JobRow.look_at)
            .where(JobRow.id.in_(seen))
            .order_by(JobRow.id)
            .with_for_update(key_share=True, skip_locked=True)
        ).all()
    )
    done = 0
    for job, facts in looked:
        if free.get(job.id) != seen[job.id]:
            continue
        newly = [name for name in broken(facts, now) if getattr(job, f"{name}_broken_at") is None]
        values: dict[str, Any] = {f"{name}_broken_at": getattr(job, f"{name}_by") for name in newly}
        is_watched = job.state in LIVE_JOBS
        values["look_at"] = look_again_at(foreseen(facts, read_day_policy(job), now), now) if is_watched else None
        session.execute(update(JobRow).where(JobRow.id == job.id, JobRow.look_at == seen[job.id]).values(values))
        for name in newly:
            told = {"promise": name, "due_at": values[f"{name}_broken_at"].isoformat()}
            record(session, ENGINE, ("job", job.id), "promise_broken", told, client_id=job.client_id, now=now)
        done += len(newly)
    return done


def _open_alarms(session: Session, jobs: Sequence[UUID]) -> dict[UUID, list[AlarmRow]]:
    found: dict[UUID, list[AlarmRow]] = {}
    for alarm in session.scalars(
        select(AlarmRow).where(AlarmRow.job_id.in_(jobs), AlarmRow.kind.in_(KINDS), AlarmRow.cleared_at.is_(None))
    ):
        assert alarm.job_id is not None
        found.setdefault(alarm.job_id, []).append(alarm)
    return found
