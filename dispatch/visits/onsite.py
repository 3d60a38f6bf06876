"""Who is there? Check in, wait, take a break, step out, check out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.jobs.lifecycle import PRESENCE
from dispatch.jobs.reading import read_day_policy
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, BookingRow, JobRow, SlotRow, TimeEntryRow, VisitRow
from dispatch.visits.alarms import OF_COMING, clear_alarms, raise_alarm
from dispatch.visits.charging import charge_for_ending
from dispatch.visits.completion import move_job
from dispatch.visits.endings import Ending, check_ending
from dispatch.visits.evidence import check_files
from dispatch.visits.finding import find_own_assignment, find_visit
from dispatch.visits.holding import check_not_held
from dispatch.visits.nextvisit import go_on
from dispatch.visits.openslots import hold_slots, stop_asking
from dispatch.visits.presence import Moved, advance, follow, is_over, lock_visit, tell
from dispatch.visits.stamps import Stamp, told_of
from dispatch.visits.timelog import WAIT_REASONS, close_entry, open_entry

#: Alarms that end with the visit, whatever they were about.
_OF_THE_VISIT = (*OF_COMING, "overdue", "part_missing")


def check_in(
    session: Session, actor: Actor, visit_id: UUID, technician_id: UUID | None, stamp: Stamp, *, now: datetime
) -> Moved:
    """I am there; the first one of all starts the job. Runs as the engine.

    A claim from a phone without signal holds as it was made: whoever was there in time was in time, however late we
    learn of it. A position is compared with the site and kept, and nobody is turned away for it.

    Raises
    ------
    NotFound, BadInput, Conflict
        As `dispatch.visits.presence.advance`; when the technician is still checked in elsewhere; and when notice was
        given to them (`dispatch.visits.holding`).
    """
    find_visit(session, actor, visit_id)
    at = stamp.holds_at(now)
    check_not_held(session, find_own_assignment(session, actor, visit_id, technician_id), "check_in", at)
    first_at = func.coalesce(AssignmentRow.checked_in_at, at)
    values = {"checked_in_at": first_at, "checked_out_at": None}
    assignment = advance(session, actor, visit_id, "check_in", technician_id, now=now, values=values)
    entry = open_entry(session, actor, assignment, stamp, now=now)
    visit = follow(session, visit_id, "check_in")
    visit.checked_in_at = min(at, visit.checked_in_at or at)
    clear_alarms(session, actor, OF_COMING, subject_id=assignment.id, why="checked_in", now=now)
    late_s = (at - assignment.start_at).total_seconds()
    told = {
        "at": at.isoformat(),
        "is_claimed": stamp.claimed_at is not None,
        "source": entry.source,
        "late_min": max(0, int(late_s // 60)),
        **told_of(entry.proof_in),
    }
    tell(session, actor, "checked_in", assignment, visit.state, now=now, data=told)
    move_job(session, actor, assignment.job_id, "start", "started", now)
    return Moved(assignment.id, assignment.presence, visit_id, visit.state)


def switch(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    technician_id: UUID | None,
    kind: str,
    stamp: Stamp,
    *,
    reason: str | None = None,
    note: str = "",
    now: datetime,
) -> Moved:
    """From now on I wait (`wait`, with a reason), take a `break`, or `work` again: another span of the time log.

    Raises
    ------
    BadInput
        When a wait has no known reason, or anything else has one.
    Conflict
        When the technician is not checked in, or is at that already.
    """
    find_visit(session, actor, visit_id)
    if (kind == "wait") != (reason in WAIT_REASONS):
        raise BadInput("reason", reason, f"send one of {', '.join(WAIT_REASONS)} for a wait, and none for others")
    assignment = find_own_assignment(session, actor, visit_id, technician_id)
    session.refresh(assignment, with_for_update={"key_share": True})
    if assignment.state != "live" or assignment.presence != "checked_in":
        raise Conflict(assignment.presence, kind, tuple(PRESENCE.get(assignment.presence, ())))
    ended = close_entry(session, actor, assignment, stamp, now=now)
    if ended is not None and ended.kind == kind:
        raise Conflict(kind, kind, ("work", "wait", "break"))
    entry = open_entry(session, actor, assignment, stamp, now=now, kind=kind, reason=reason, note=note)
    visit = lock_visit(session, visit_id)
    told = {"entry": str(entry.id), "kind": kind, "reason": reason, "at": entry.started_at.isoformat()}
    tell(session, actor, "time_switched", assignment, visit.state, now=now, data=told)
    return Moved(assignment.id, assignment.presence, visit_id, visit.state)


def check_out(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    technician_id: UUID | None,
    stamp: Stamp,
    ending: Ending,
    *,
    now: datetime,
) -> Moved:
    """I am done here, and this is how it went; `back_later` steps out and leaves the visit going on.

    When the visit is over with it is said in `dispatch.visits.presence`; then what follows from its outcome is done.
    However long it took, and whatever is next, nobody is kept from checking out.

    Raises
    ------
    NotFound, BadInput, Conflict
        As `dispatch.visits.presence.advance` and `dispatch.visits.endings.check_ending`.
    """
    found = find_visit(session, actor, visit_id)
    check_ending(ending, now=now)
    check_files(session, found.job_id, ending.evidence, "evidence")
    at = stamp.holds_at(now)
    hold_slots(session, visit_id)
    is_out = ending.outcome != "back_later"
    wish, kind = ("check_out", "checked_out") if is_out else ("step_out", "stepped_out")
    values = {"checked_out_at": at} if is_out else None
    assignment = advance(session, actor, visit_id, wish, technician_id, now=now, values=values)
    entry = close_entry(session, actor, assignment, stamp, now=now)
    visit = follow(session, visit_id, wish)
    _flag_length(session, actor, assignment, entry, now)
    clear_alarms(session, actor, ("overdue",), subject_id=assignment.id, why=kind, now=now)
    if not is_out:
        tell(session, actor, kind, assignment, visit.state, now=now, data=_told(actor, stamp, entry, at))
        return Moved(assignment.id, assignment.presence, visit_id, visit.state)
    _note_ending(session, actor, visit, assignment, ending)
    over = is_over(session, visit_id)
    if over:
        _end(session, actor, visit, now)
    told = _told(actor, stamp, entry, at) | {"outcome": visit.outcome if over else None, "why": visit.outcome_why}
    tell(session, actor, kind, assignment, visit.state, now=now, data=told)
    if not over:
        return Moved(assignment.id, assignment.presence, visit_id, visit.state)
    charge_for_ending(session, actor, visit, now=now)
    stop_asking(session, actor, visit, now=now)
    next_id = go_on(session, actor, visit, ending, now=now)
    return Moved(assignment.id, assignment.presence, visit_id, visit.state, next_id)


def _told(actor: Actor, stamp: Stamp, entry: TimeEntryRow | None, at: datetime) -> dict[str, object]:
    proof = entry.proof_out if entry is not None else None
    return {
        "at": at.isoformat(),
        "is_claimed": stamp.claimed_at is not None,
        "source": stamp.source_of(actor),
        **told_of(proof),
    }


def _note_ending(session: Session, actor: Actor, visit: VisitRow, assignment: AssignmentRow, ending: Ending) -> None:
    """Keep what was said, and by which side; a lead's word replaces a helper's."""
    is_lead = session.scalar(select(SlotRow.is_lead).where(SlotRow.id == assignment.slot_id))
    if is_lead or visit.outcome is None:
        visit.outcome, visit.outcome_why, visit.outcome_note = ending.outcome, ending.why, ending.note
        visit.outcome_by = actor.kind
        visit.evidence = [str(each) for each in ending.evidence]


def _end(session: Session, actor: Actor, visit: VisitRow, now: datetime) -> None:
    """The visit is over: its alarms end, and whoever leaves early is free again."""
    outs = session.execute(
        select(AssignmentRow.booking_id, AssignmentRow.checked_out_at).where(
            AssignmentRow.visit_id == visit.id,
            AssignmentRow.state == "live",
            AssignmentRow.checked_out_at.is_not(None),
        )
    ).all()
    visit.state = "checked_out"
    visit.checked_out_at = max(row.checked_out_at for row in outs)
    session.flush()
    for row in sorted(outs):
        _shorten(session, row.booking_id, row.checked_out_at)
    clear_alarms(session, actor, _OF_THE_VISIT, visit_id=visit.id, why="checked_out", now=now)


def _shorten(session: Session, booking_id: UUID, out_at: Any) -> None:
    """Give back the rest of a booking; one that has not begun keeps its first minute, which nobody else can use."""
    start_at, end_at = session.execute(
        select(func.lower(BookingRow.busy), func.upper(BookingRow.busy)).where(BookingRow.id == booking_id)
    ).one()
    until = max(out_at, start_at + timedelta(minutes=1))
    if until < end_at:
        session.execute(update(BookingRow).where(BookingRow.id == booking_id).values(busy=Range(start_at, until)))


def _flag_length(
    session: Session, actor: Actor, assignment: AssignmentRow, entry: TimeEntryRow | None, now: datetime
) -> None:
    """A span longer than the client's rule is kept, and a person looks at it."""
    if entry is None or entry.ended_at is None:
        return
    job = session.scalars(select(JobRow).where(JobRow.id == assignment.job_id)).one()
    longest = timedelta(hours=read_day_policy(job).day.max_entry_h)
    if entry.ended_at - entry.started_at > longest:
        raise_alarm(
            session,
            actor,
            "long_entry",
            client_id=assignment.client_id,
            job_id=assignment.job_id,
            visit_id=assignment.visit_id,
            subject_id=entry.entry_id,
            due_at=now + timedelta(days=1),
            now=now,
        )
