"""Who has the duty, and when has nobody? Shifts of a client's staff, or of somebody from outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ClientRow, DutyShiftRow, StaffRow, new_id
from dispatch.talent.words import checked_email, checked_phone, checked_text
from geo.errors import TimeZoneError
from geo.timezones import first_at, zone
from matching.daypolicy import DayPolicy

_LONGEST = timedelta(days=31)
_MOST_WEEKS = 53
_EARLIEST = timedelta(days=31)

#: (from, to), half open.
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift as it is planned: either `staff_id`, or a contact with a name and a way to reach them.

    Planned `weeks` times, it begins and ends at the same time by the clock of `time_zone` each week.
    """

    level: int
    from_at: datetime
    to_at: datetime
    time_zone: str
    staff_id: UUID | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    weeks: int = 1


def plan_shift(session: Session, actor: Actor, shift: Shift, *, now: datetime) -> list[UUID]:
    """Plan a shift, once or week after week: the ids, in order of time; all of it or nothing. Runs as the engine.

    Raises
    ------
    BadInput
        When a value cannot be kept, or somebody has the duty of that level then.
    """
    assert actor.client_id is not None, "a shift is one of a client"
    person = _person(session, actor.client_id, shift)
    planned = []
    for begin, end in _times(shift, now):
        shift_id = session.scalar(
            insert(DutyShiftRow)
            .values(
                id=new_id(),
                client_id=actor.client_id,
                level=shift.level,
                during=Range(begin, end),
                time_zone=shift.time_zone,
                created_at=now,
                **person,
            )
            .on_conflict_do_nothing(constraint="ex_duty_shifts_one_at_a_time")
            .returning(DutyShiftRow.id)
        )
        if shift_id is None:
            way_out = f"somebody has the duty of level {shift.level} then: end that shift first, or begin after it"
            raise BadInput("from_at", begin.isoformat(), way_out)
        planned.append(shift_id)
    told = {"shifts": [str(each) for each in planned], "level": shift.level}
    record(session, actor, ("client", actor.client_id), "duty_planned", told, client_id=actor.client_id, now=now)
    return planned


def drop_shift(session: Session, actor: Actor, shift_id: UUID, *, now: datetime) -> None:
    """Take a shift off the rota. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such shift of the actor's client.
    """
    level = session.scalar(
        delete(DutyShiftRow)
        .where(DutyShiftRow.id == shift_id, DutyShiftRow.client_id == actor.client_id)
        .returning(DutyShiftRow.level)
    )
    if level is None or actor.client_id is None:
        raise NotFound("shift", shift_id)
    told = {"shift": str(shift_id), "level": level}
    record(session, actor, ("client", actor.client_id), "duty_dropped", told, client_id=actor.client_id, now=now)


def shifts_between(session: Session, client_id: UUID, since: datetime, until: datetime) -> Sequence[DutyShiftRow]:
    """The shifts of a client that touch a span of time, by level and time."""
    return session.scalars(
        select(DutyShiftRow)
        .where(DutyShiftRow.client_id == client_id, DutyShiftRow.during.overlaps(Range(since, until)))
        .order_by(DutyShiftRow.level, DutyShiftRow.during)
    ).all()


def span_of(shift: DutyShiftRow) -> Span:
    """From when to when; the record has no shift without an end."""
    assert shift.during.lower is not None
    assert shift.during.upper is not None
    return shift.during.lower, shift.during.upper


def levels_wanted(session: Session, client_id: UUID) -> frozenset[int]:
    """The levels of duty that the client's ladder climbs to."""
    document = session.scalars(select(ClientRow.day_policy).where(ClientRow.id == client_id)).one()
    whom = (step.whom.partition(":") for step in DayPolicy.from_document(document).escalation.steps)
    return frozenset(int(name or 1) for kind, _, name in whom if kind == "duty")


def gaps(taken: Iterable[Span], since: datetime, until: datetime) -> list[Span]:
    """The parts of [since, until) in which nobody has the duty; `taken` are spans in order of time, apart."""
    found, reached = [], since
    for begin, end in taken:
        if reached < min(begin, until):
            found.append((reached, min(begin, until)))
        reached = max(reached, end)
    if reached < until:
        found.append((reached, until))
    return found


def _person(session: Session, client_id: UUID, shift: Shift) -> dict[str, object]:
    if (shift.staff_id is None) == (shift.contact_name is None):
        raise BadInput("staff_id", shift.staff_id, "name a member of your staff, or a contact, and not both")
    if shift.staff_id is not None:
        there = select(StaffRow.id).where(
            StaffRow.id == shift.staff_id, StaffRow.client_id == client_id, StaffRow.left_at.is_(None)
        )
        if session.scalar(there) is None:
            raise BadInput("staff_id", shift.staff_id, "name somebody of your staff (GET /v1/staff) who has not left")
        return {"staff_id": shift.staff_id}
    if shift.contact_email is None and shift.contact_phone is None:
        raise BadInput("contact", shift.contact_name, "give an email or a phone by which they can be reached")
    email, phone = shift.contact_email, shift.contact_phone
    return {
        "contact_name": checked_text("contact.name", shift.contact_name or ""),
        "contact_email": None if email is None else checked_email("contact.email", email),
        "contact_phone": None if phone is None else checked_phone("contact.phone", phone),
    }


def _times(shift: Shift, now: datetime) -> list[Span]:
    """When it begins and ends each week, by the clock of its zone; a time that the clocks skip is when they jump."""
    _check(shift, now)
    try:
        local = zone(shift.time_zone)
    except TimeZoneError as error:
        raise BadInput("time_zone", shift.time_zone, "give an IANA name such as America/New_York") from error
    times = [(shift.from_at, shift.to_at)]
    begin, end = (each.astimezone(local).replace(tzinfo=None) for each in times[0])
    for week in range(1, shift.weeks):
        later = timedelta(weeks=week)
        times.append((first_at(begin + later, local), first_at(end + later, local)))
    for begins, ends in times:
        if begins >= ends:
            raise BadInput("to_at", ends.isoformat(), "plan a shift that is longer than the hour that the clocks skip")
    return times


def _check(shift: Shift, now: datetime) -> None:
    if not 1 <= shift.level <= 9:
        raise BadInput("level", shift.level, "give a level from 1 to 9")
    if not 1 <= shift.weeks <= _MOST_WEEKS:
        raise BadInput("weeks", shift.weeks, f"plan from 1 to {_MOST_WEEKS} weeks")
    if not shift.from_at < shift.to_at <= shift.from_at + _LONGEST:
        raise BadInput("to_at", shift.to_at.isoformat(), "end after the beginning, at most 31 days later")
    if shift.from_at < now - _EARLIEST:
        raise BadInput("from_at", shift.from_at.isoformat(), "plan what is not longer than 31 days past")
