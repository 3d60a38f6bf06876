"""How long was each technician there? Spans of work, waiting and breaks, opened and closed by stamps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict
from dispatch.record.refusals import guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, TimeEntryRow, new_id
from dispatch.visits.stamps import Stamp, prove

#: Why somebody waits, as codes.
WAIT_REASONS = ("no_access", "not_ready", "part", "customer", "safety", "other")
#: Kinds of time that are paid for when they are agreed.
PAID_KINDS = ("work", "wait")

_OVERLAP = "ex_time_entries_no_overlap"


def open_entry(
    session: Session,
    actor: Actor,
    assignment: AssignmentRow,
    stamp: Stamp,
    *,
    now: datetime,
    kind: str = "work",
    reason: str | None = None,
    note: str = "",
) -> TimeEntryRow:
    """Begin a span of an assignment's time: the entry.

    Raises
    ------
    BadInput
        When the stamp cannot be used.
    Conflict
        When the technician's time is taken then, here or at another visit.
    """
    at = stamp.holds_at(now)
    entry_id = new_id()
    values = {
        "id": entry_id,
        "entry_id": entry_id,
        **owner_of(assignment),
        "kind": kind,
        "reason": reason,
        "note": note,
        "started_at": at,
        "source": stamp.source_of(actor),
        "in_claimed_at": stamp.claimed_at,
        "in_received_at": now,
        "proof_in": prove(session, assignment, stamp, at),
        "proposed_by": side_of(actor),
    }
    with refusing_overlap(session, actor, assignment, at, None, "check_in"):
        session.execute(insert(TimeEntryRow).values(values))
    return session.get_one(TimeEntryRow, entry_id)


def close_entry(
    session: Session, actor: Actor, assignment: AssignmentRow, stamp: Stamp, *, now: datetime
) -> TimeEntryRow | None:
    """End the span that goes on: the entry; None when none does.

    However long it was: an overrun never blocks a check-out.

    Raises
    ------
    BadInput
        When the stamp cannot be used, or lies before the span's start.
    """
    going = session.scalars(
        select(TimeEntryRow)
        .where(
            TimeEntryRow.assignment_id == assignment.id,
            TimeEntryRow.state == "current",
            TimeEntryRow.ended_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if going is None:
        return None
    at = stamp.holds_at(now)
    if at <= going.started_at:
        raise BadInput("at", at.isoformat(), f"send a time after {going.started_at.isoformat()}, when this began")
    session.execute(
        update(TimeEntryRow)
        .where(TimeEntryRow.id == going.id, TimeEntryRow.ended_at.is_(None))
        .values(
            ended_at=at,
            out_claimed_at=stamp.claimed_at,
            out_received_at=now,
            out_source=stamp.source_of(actor),
            proof_out=prove(session, assignment, stamp, at),
        )
    )
    session.refresh(going)
    return going


def stop_clocks(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> int:
    """End every span of a job that goes on, because the work was told to stop: how many.

    One that began by a clock ahead of this one ends as it begins.
    """
    stopped = session.scalars(
        update(TimeEntryRow)
        .where(
            TimeEntryRow.job_id == job_id,
            TimeEntryRow.state == "current",
            TimeEntryRow.ended_at.is_(None),
        )
        .values(
            ended_at=func.greatest(now, TimeEntryRow.started_at + timedelta(microseconds=1)),
            out_received_at=now,
            out_source=Stamp().source_of(actor),
        )
        .returning(TimeEntryRow.id)
    ).all()
    return len(stopped)


@contextmanager
def refusing_overlap(
    session: Session,
    actor: Actor,
    assignment: AssignmentRow,
    start_at: datetime,
    end_at: datetime | None,
    wish: str,
) -> Iterator[None]:
    """Within it, a span that overlaps another of the technician's is refused by name, and nothing else is undone."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if guard_of(error) != _OVERLAP:
            raise
        raise _taken(session, actor, assignment, start_at, end_at, wish) from error


def owner_of(assignment: AssignmentRow) -> dict[str, UUID]:
    """The columns that say whose an entry is."""
    return {
        "client_id": assignment.client_id,
        "job_id": assignment.job_id,
        "visit_id": assignment.visit_id,
        "assignment_id": assignment.id,
        "technician_id": assignment.technician_id,
    }


def side_of(actor: Actor) -> str:
    """On whose side the actor speaks: a gateway speaks for the technician."""
    return "client" if actor.client_id is not None else "technician"


def _taken(
    session: Session,
    actor: Actor,
    assignment: AssignmentRow,
    start_at: datetime,
    end_at: datetime | None,
    wish: str,
) -> Conflict:
    """The refusal; it names the other visit to whoever may know it."""
    other_end = TimeEntryRow.ended_at
    other = session.scalars(
        select(TimeEntryRow)
        .where(
            TimeEntryRow.technician_id == assignment.technician_id,
            TimeEntryRow.state == "current",
            other_end.is_(None) | (other_end > start_at),
            *([] if end_at is None else [TimeEntryRow.started_at < end_at]),
        )
        .order_by(TimeEntryRow.started_at)
        .limit(1)
    ).one_or_none()
    if other is None or actor.client_id not in (None, other.client_id):
        where = "another visit"
    else:
        where = f"visit {other.visit_id}"
    going = "checked in at" if other is not None and other.ended_at is None else "logged at"
    return Conflict(f"{going} {where} at that time", wish, ("check out there", "correct the time log"))
