"""When does a technician work? Hours of the week, and times off."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import TimeOffRow, WorkingHoursRow, new_id
from dispatch.talent.rights import hold_technician

#: Nobody needs more: a time off that never ends is a pause.
MAX_TIME_OFF = timedelta(days=732)

#: (weekday 0 = Monday, from minute, to minute)
Span = tuple[int, int, int]


def set_hours(session: Session, actor: Actor, technician_id: UUID, hours: Sequence[Span], *, now: datetime) -> None:
    """Replace the working hours, local to the technician's zone; none means any time. Over midnight is two spans.

    Raises
    ------
    BadInput
        A span is none, or two overlap.
    NotFound
        There is no such technician for this actor.
    """
    spans = checked_hours(hours)
    hold_technician(session, actor, technician_id)
    session.execute(delete(WorkingHoursRow).where(WorkingHoursRow.technician_id == technician_id))
    if spans:
        rows = [
            {"technician_id": technician_id, "weekday": weekday, "from_minute": begin, "to_minute": end}
            for weekday, begin, end in spans
        ]
        session.execute(insert(WorkingHoursRow), rows)
    record(session, actor, ("technician", technician_id), "hours_set", {"spans": len(spans)}, client_id=None, now=now)


def take_time_off(
    session: Session, actor: Actor, technician_id: UUID, start_at: datetime, end_at: datetime, *, now: datetime
) -> UUID:
    """Take no work in `[start_at, end_at)`; the id of this time off. What is booked in it stays booked.

    Raises
    ------
    BadInput
        An instant bears no offset, the end is not after the start or has passed, or it is over two years long.
    NotFound
        There is no such technician for this actor.
    """
    hold_technician(session, actor, technician_id)
    for field, instant in (("start_at", start_at), ("end_at", end_at)):
        if instant.utcoffset() is None:
            raise BadInput(field, instant.isoformat(), "give the offset from UTC too")
    if not start_at < end_at or end_at <= now:
        raise BadInput("end_at", end_at.isoformat(), "choose an end after the start that has not passed")
    if end_at - start_at > MAX_TIME_OFF:
        raise BadInput("end_at", end_at.isoformat(), "take at most two years at once; who leaves for good, leaves")
    time_off_id = new_id()
    during = Range(start_at, end_at, bounds="[)")
    session.execute(insert(TimeOffRow).values(id=time_off_id, technician_id=technician_id, during=during))
    data = {"time_off": str(time_off_id), "start_at": start_at.isoformat(), "end_at": end_at.isoformat()}
    record(session, actor, ("technician", technician_id), "time_off_taken", data, client_id=None, now=now)
    return time_off_id


def give_time_back(session: Session, actor: Actor, technician_id: UUID, time_off_id: UUID, *, now: datetime) -> None:
    """Work in a time off after all.

    Raises
    ------
    NotFound
        There is no such technician, or time off of theirs, for this actor.
    """
    hold_technician(session, actor, technician_id)
    gone = session.execute(
        delete(TimeOffRow)
        .where(TimeOffRow.id == time_off_id, TimeOffRow.technician_id == technician_id)
        .returning(TimeOffRow.id)
    ).one_or_none()
    if gone is None:
        raise NotFound("time off", time_off_id)
    data = {"time_off": str(time_off_id)}
    record(session, actor, ("technician", technician_id), "time_off_given_back", data, client_id=None, now=now)


def checked_hours(hours: Sequence[Span]) -> list[Span]:
    """The spans in order; BadInput naming the first that is none, or that overlaps the one before."""
    for span in hours:
        weekday, begin, end = span
        if weekday not in range(7) or not 0 <= begin < end <= 24 * 60:
            raise BadInput("hours", list(span), "give weekday 0-6 (0 = Monday) and minutes 0 <= from < to <= 1440")
    ordered = sorted(hours)
    for (weekday, _, end), after in pairwise(ordered):
        if weekday == after[0] and after[1] < end:
            raise BadInput("hours", list(after), "join spans of a weekday that overlap")
    return ordered
