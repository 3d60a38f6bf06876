"""What if the time log is wrong? Either side proposes how it was, the other agrees; what was written stays.

A correction is the next version of an entry, or a first version of one that nobody stamped. It holds once the other
side has agreed: then the version before is superseded. Only agreed time counts: what both sides agreed to, span by
span, or the client agrees to as a whole, by approving the job.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.reading import read_day_policy
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, TimeEntryRow, new_id
from dispatch.visits.alarms import clear_alarms
from dispatch.visits.finding import find_own_assignment, find_visit, of_actor
from dispatch.visits.stamps import Stamp
from dispatch.visits.timelog import PAID_KINDS, WAIT_REASONS, owner_of, refusing_overlap, side_of


@dataclass(frozen=True, slots=True)
class Span:
    """How it was, as one side says: whole, with a code that says why the log is wrong."""

    started_at: datetime
    ended_at: datetime
    kind: str = "work"
    reason: str | None = None
    note: str = ""


def propose_entry(
    session: Session, actor: Actor, visit_id: UUID, technician_id: UUID | None, span: Span, *, now: datetime
) -> UUID:
    """Propose time that nobody stamped: the version's id. Runs as the engine.

    Raises
    ------
    NotFound
        When the visit is not the actor's.
    BadInput
        When the span cannot be used.
    """
    assignment = find_own_assignment(session, actor, visit_id, technician_id)
    _check(session, assignment.job_id, span, now)
    version_id = new_id()
    _write(session, actor, assignment, version_id, version_id, 1, span, now)
    return version_id


def propose_correction(
    session: Session, actor: Actor, visit_id: UUID, entry_id: UUID, span: Span, *, now: datetime
) -> UUID:
    """Propose the next version of an entry: its id. A second proposal waits until the first is answered.

    Raises
    ------
    NotFound
        When there is no such entry of this actor's.
    BadInput
        When the span cannot be used.
    Conflict
        When the entry still goes on, or a correction of it waits already.
    """
    find_visit(session, actor, visit_id)
    newest = session.scalars(
        _versions(visit_id, entry_id).order_by(TimeEntryRow.version.desc()).with_for_update()
    ).all()
    if not newest or not _is_about(session, actor, newest[0]):
        raise NotFound("entry", entry_id)
    _check(session, newest[0].job_id, span, now)
    if any(each.state == "proposed" for each in newest):
        raise Conflict("a correction waits", "correct", ("accept it", "refuse it"))
    if any(each.state == "current" and each.ended_at is None for each in newest):
        raise Conflict("it still goes on", "correct", ("check_out",))
    assignment = session.get_one(AssignmentRow, newest[0].assignment_id)
    version_id = new_id()
    _write(session, actor, assignment, version_id, entry_id, newest[0].version + 1, span, now)
    return version_id


def accept_correction(session: Session, actor: Actor, visit_id: UUID, version_id: UUID, *, now: datetime) -> None:
    """The other side agrees: the version holds and counts, the one before is superseded.

    Raises
    ------
    NotFound
        When there is no such version of this actor's.
    Conflict
        When it was answered already, is the actor's own side's, or overlaps other time of the technician's.
    """
    proposed = _find_proposed(session, actor, visit_id, version_id, "accept")
    assignment = session.get_one(AssignmentRow, proposed.assignment_id)
    session.execute(
        update(TimeEntryRow)
        .where(TimeEntryRow.entry_id == proposed.entry_id, TimeEntryRow.state == "current")
        .values(state="superseded", agreed_at=None)
    )
    with refusing_overlap(session, actor, assignment, proposed.started_at, proposed.ended_at, "accept"):
        _decide(session, proposed, "current", "accept", now)
    clear_alarms(session, actor, ("long_entry",), subject_id=proposed.entry_id, why="agreed", now=now)
    _tell(session, actor, proposed, "time_agreed", now)


def refuse_correction(session: Session, actor: Actor, visit_id: UUID, version_id: UUID, *, now: datetime) -> None:
    """The other side does not agree: what was written before holds as before.

    Raises
    ------
    NotFound, Conflict
        As `accept_correction`.
    """
    proposed = _find_proposed(session, actor, visit_id, version_id, "refuse")
    _decide(session, proposed, "refused", "refuse", now)
    _tell(session, actor, proposed, "time_refused", now)


def agree_to_all(session: Session, actor: Actor, job_id: UUID, *, now: datetime, visit_id: UUID | None = None) -> int:
    """Agree to every span that the other side stamped and nobody disputes: how many.

    The client does so by approving the job. Too long ones need a word of their own.
    """
    disputed = select(TimeEntryRow.entry_id).where(TimeEntryRow.job_id == job_id, TimeEntryRow.state == "proposed")
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one()
    longest = timedelta(hours=read_day_policy(job).day.max_entry_h)
    wanted = update(TimeEntryRow).where(
        TimeEntryRow.job_id == job_id,
        TimeEntryRow.state == "current",
        TimeEntryRow.agreed_at.is_(None),
        TimeEntryRow.ended_at - TimeEntryRow.started_at <= longest,
        TimeEntryRow.entry_id.not_in(disputed),
        TimeEntryRow.proposed_by != side_of(actor),
    )
    if visit_id is not None:
        wanted = wanted.where(TimeEntryRow.visit_id == visit_id)
    if actor.technician_id is not None or actor.company_id is not None:
        mine = select(AssignmentRow.id).where(AssignmentRow.job_id == job_id, of_actor(actor))
        wanted = wanted.where(TimeEntryRow.assignment_id.in_(mine))
    return len(session.scalars(wanted.values(agreed_at=now).returning(TimeEntryRow.id)).all())


def minutes_of(session: Session, visit_id: UUID, *, is_agreed: bool) -> dict[UUID, int]:
    """Whole minutes of work and waiting by technician: those that both sides agreed to, which count, or all."""
    seconds = func.sum(func.extract("epoch", TimeEntryRow.ended_at - TimeEntryRow.started_at))
    wanted = select(TimeEntryRow.technician_id, seconds).where(
        TimeEntryRow.visit_id == visit_id,
        TimeEntryRow.state == "current",
        TimeEntryRow.ended_at.is_not(None),
        TimeEntryRow.kind.in_(PAID_KINDS),
    )
    if is_agreed:
        wanted = wanted.where(TimeEntryRow.agreed_at.is_not(None))
    rows = session.execute(wanted.group_by(TimeEntryRow.technician_id)).all()
    return {technician: int(total // 60) for technician, total in rows}


def _versions(visit_id: UUID, entry_id: UUID):  # type: ignore[no-untyped-def]
    return (
        select(TimeEntryRow)
        .where(TimeEntryRow.visit_id == visit_id, TimeEntryRow.entry_id == entry_id)
        .execution_options(populate_existing=True)
    )


def _is_about(session: Session, actor: Actor, entry: TimeEntryRow) -> bool:
    """A technician speaks of their own time, a company of its people's; the client and a gateway of everyone's."""
    if actor.technician_id is None and actor.company_id is None:
        return True
    mine = select(AssignmentRow.id).where(AssignmentRow.id == entry.assignment_id, of_actor(actor))
    return session.scalar(mine) is not None


def _check(session: Session, job_id: UUID, span: Span, now: datetime) -> None:
    Stamp(span.ended_at).holds_at(now)
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one()
    longest = read_day_policy(job).day.max_entry_h
    if span.ended_at <= span.started_at:
        raise BadInput("ended_at", span.ended_at.isoformat(), "end after the start")
    if span.ended_at - span.started_at > timedelta(hours=longest):
        raise BadInput("ended_at", span.ended_at.isoformat(), f"send at most {longest} hours; log the breaks between")
    if (span.kind == "wait") != (span.reason in WAIT_REASONS):
        raise BadInput("reason", span.reason, f"send one of {', '.join(WAIT_REASONS)} for a wait, and none for others")


def _write(
    session: Session,
    actor: Actor,
    assignment: AssignmentRow,
    version_id: UUID,
    entry_id: UUID,
    version: int,
    span: Span,
    now: datetime,
) -> None:
    source = Stamp().source_of(actor)
    entry = {
        "id": version_id,
        "entry_id": entry_id,
        "version": version,
        **owner_of(assignment),
        "state": "proposed",
        "kind": span.kind,
        "reason": span.reason,
        "note": span.note,
        "started_at": span.started_at,
        "ended_at": span.ended_at,
        "source": source,
        "in_claimed_at": span.started_at,
        "in_received_at": now,
        "out_claimed_at": span.ended_at,
        "out_received_at": now,
        "out_source": source,
        "proposed_by": side_of(actor),
    }
    session.execute(insert(TimeEntryRow).values(entry))
    _tell(session, actor, session.get_one(TimeEntryRow, version_id), "time_corrected", now)


def _find_proposed(session: Session, actor: Actor, visit_id: UUID, version_id: UUID, wish: str) -> TimeEntryRow:
    find_visit(session, actor, visit_id)
    row = session.scalars(
        select(TimeEntryRow).where(TimeEntryRow.id == version_id, TimeEntryRow.visit_id == visit_id)
    ).one_or_none()
    if row is None or not _is_about(session, actor, row):
        raise NotFound("correction", version_id)
    if row.state != "proposed":
        raise Conflict(row.state, wish)
    if row.proposed_by == side_of(actor):
        raise Conflict("your own side's", wish, ("wait for the other side",))
    return row


def _decide(session: Session, proposed: TimeEntryRow, state: str, wish: str, now: datetime) -> None:
    decided = session.scalar(
        update(TimeEntryRow)
        .where(TimeEntryRow.id == proposed.id, TimeEntryRow.state == "proposed")
        .values(state=state, decided_at=now, agreed_at=now if state == "current" else None)
        .returning(TimeEntryRow.id)
        .execution_options(synchronize_session=False)
    )
    if decided is None:
        session.refresh(proposed)
        raise Conflict(proposed.state, wish)


def _tell(session: Session, actor: Actor, entry: TimeEntryRow, kind: str, now: datetime) -> None:
    told = {
        "job": str(entry.job_id),
        "visit": str(entry.visit_id),
        "assignment": str(entry.assignment_id),
        "technician": str(entry.technician_id),
        "entry": str(entry.entry_id),
        "version": entry.version,
        "by": entry.proposed_by,
        "kind": entry.kind,
        "started_at": entry.started_at.isoformat(),
        "ended_at": entry.ended_at.isoformat() if entry.ended_at else None,
    }
    record(session, actor, ("visit", entry.visit_id), kind, told, client_id=entry.client_id, now=now)
