"""Whom have we not heard from? Every live assignment is looked at when its next deadline passes."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from dispatch.jobs.reading import is_work, read_day_policy
from dispatch.record.session import ENGINE
from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, VisitRow
from dispatch.visits.alarms import OF_COMING, clear_alarms, clear_these, raise_alarm
from dispatch.visits.presence import tell
from dispatch.visits.travelling import drive, leave_by, site_of
from dispatch.visits.watch import Watched, look

#: How many are looked at in one transaction at most.
_BATCH = 100
#: What is booked later than this after the planned end is not what comes next.
_NEXT_WITHIN = timedelta(hours=12)
#: Alarms that hold only while what they say is so; a look that does not find it clears them.
_PASSING = ("next_visit_at_risk",)


def watch_visits(session: Session, now: datetime) -> int:
    """Remind, and raise what is due, by each assignment's timer: how many things were done."""
    due = session.execute(
        select(AssignmentRow, VisitRow, JobRow)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .join(JobRow, JobRow.id == AssignmentRow.job_id)
        .where(AssignmentRow.state == "live", AssignmentRow.watch_at <= now, is_work())
        .order_by(AssignmentRow.id)
        .limit(_BATCH)
        .with_for_update(of=AssignmentRow, skip_locked=True, key_share=True)
    ).all()
    done = sum(_watch(session, assignment, visit, job, now) for assignment, visit, job in due)
    return done + _clear_of_gone(session, now)


def _clear_of_gone(session: Session, now: datetime) -> int:
    """Alarms about a technician who has not the work any more: whoever comes instead is watched anew."""
    gone = session.scalars(
        select(AlarmRow.id)
        .join(AssignmentRow, AssignmentRow.id == AlarmRow.subject_id)
        .where(AlarmRow.kind.in_(OF_COMING), AlarmRow.cleared_at.is_(None), AssignmentRow.state != "live")
        .order_by(AlarmRow.id)
        .limit(_BATCH)
    ).all()
    return clear_these(session, ENGINE, gone, why="gone", now=now)


def next_of(session: Session, assignment: AssignmentRow) -> AssignmentRow | None:
    """What the technician has next, for whomever; runs as the engine."""
    return session.scalars(
        select(AssignmentRow)
        .where(
            AssignmentRow.technician_id == assignment.technician_id,
            AssignmentRow.state == "live",
            AssignmentRow.presence.in_(("assigned", "confirmed", "on_the_way")),
            AssignmentRow.id != assignment.id,
            AssignmentRow.start_at >= assignment.start_at,
            AssignmentRow.start_at < _later(assignment.end_at),
        )
        .order_by(AssignmentRow.start_at)
        .limit(1)
    ).one_or_none()


def _later(end_at: datetime) -> ColumnElement[datetime]:
    return func.greatest(end_at, func.clock_timestamp()) + _NEXT_WITHIN


def _watch(session: Session, assignment: AssignmentRow, visit: VisitRow, job: JobRow, now: datetime) -> int:
    is_over = visit.state in ("checked_out", "missed", "cancelled")
    following = next_of(session, assignment) if assignment.presence == "checked_in" and not is_over else None
    found = look(_watched(session, assignment, visit, following), read_day_policy(job).day, now)
    done = 0
    for kind, too_late_at in () if is_over else found.due:
        if kind == "remind":
            _remind(session, assignment, visit, now)
            done += 1
        else:
            done += _raise(session, following if kind in _PASSING else assignment, kind, too_late_at, now)
    if following is not None and "next_visit_at_risk" not in [kind for kind, _ in found.due]:
        clear_alarms(session, ENGINE, _PASSING, subject_id=following.id, why="fits_again", now=now)
    session.execute(
        update(AssignmentRow)
        .where(AssignmentRow.id == assignment.id)
        .values(watch_at=None if is_over else found.next_at)
    )
    return done


def _watched(session: Session, assignment: AssignmentRow, visit: VisitRow, following: AssignmentRow | None) -> Watched:
    here = site_of(session, assignment.job_id)
    return Watched(
        presence=assignment.presence,
        assigned_at=assignment.assigned_at,
        confirm_by=assignment.confirm_by or visit.confirm_by or assignment.start_at,
        is_reminded=assignment.reminded_at is not None,
        start_at=assignment.start_at,
        end_at=assignment.end_at,
        eta_at=assignment.eta_at,
        checked_in_at=assignment.checked_in_at,
        leave_by=leave_by(session, assignment),
        next_start_at=following.start_at if following else None,
        next_travel=drive(here, site_of(session, following.job_id)) if following else timedelta(),
    )


def _remind(session: Session, assignment: AssignmentRow, visit: VisitRow, now: datetime) -> None:
    session.execute(update(AssignmentRow).where(AssignmentRow.id == assignment.id).values(reminded_at=now))
    confirm_by = assignment.confirm_by or visit.confirm_by or assignment.start_at
    told = {"confirm_by": confirm_by.isoformat(), "start_at": assignment.start_at.isoformat()}
    tell(session, ENGINE, "reminded", assignment, visit.state, now=now, data=told)


def _raise(session: Session, about: AssignmentRow | None, kind: str, too_late_at: datetime, now: datetime) -> int:
    assert about is not None, "there is a next visit where it is at risk"
    raised = raise_alarm(
        session,
        ENGINE,
        kind,
        client_id=about.client_id,
        job_id=about.job_id,
        visit_id=about.visit_id,
        subject_id=about.id,
        due_at=too_late_at,
        now=now,
    )
    return int(raised is not None)
