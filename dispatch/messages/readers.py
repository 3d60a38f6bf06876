"""Who hears of an event? Found for a batch of events at once, from what the record says about them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dispatch.messages.occasions import Occasion, Who
from dispatch.messages.people import Ref
from dispatch.record.tables import (
    AdmissionRow,
    AssignmentRow,
    EventRow,
    JobRow,
    MessageRow,
    OfferRow,
    StaffRow,
    TechnicianMarkRow,
    ThreadRow,
    VisitRow,
)

#: In an event's data: the offers that it ended.
_ENDED_OFFERS = ("offers_closed", "offers_withdrawn")

#: Admissions whose technician has not blocked the client.
_UNBLOCKED = select(AdmissionRow.id, AdmissionRow.technician_id).where(
    ~exists().where(
        TechnicianMarkRow.client_id == AdmissionRow.client_id,
        TechnicianMarkRow.technician_id == AdmissionRow.technician_id,
        TechnicianMarkRow.kind == "block",
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event, as far as readers go."""

    id: UUID
    client_id: UUID | None
    subject_kind: str
    subject_id: UUID
    kind: str
    actor_id: UUID | None
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hearing:
    """One who hears of an event; `about` are the ids that are theirs alone: their offer."""

    ref: Ref
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Around:
    """What stands around a batch of events: rows by id."""

    offers: dict[UUID, OfferRow] = field(default_factory=dict)
    assignments: dict[UUID, AssignmentRow] = field(default_factory=dict)
    visits: dict[UUID, UUID] = field(default_factory=dict)
    jobs: dict[UUID, UUID] = field(default_factory=dict)
    on_jobs: dict[UUID, list[AssignmentRow]] = field(default_factory=lambda: defaultdict(list))
    posters: dict[UUID, UUID] = field(default_factory=dict)
    staff: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    admins: set[UUID] = field(default_factory=set)
    #: admission -> its technician; without those who blocked the client: they hear nothing of its wishes.
    admissions: dict[UUID, UUID] = field(default_factory=dict)
    threads: dict[UUID, tuple[MessageRow, ThreadRow]] = field(default_factory=dict)

    def job_of(self, event: Event) -> UUID | None:
        """The job that an event is about, whatever its subject."""
        if event.subject_kind == "job":
            return event.subject_id
        if event.subject_kind == "message" and event.subject_id in self.threads:
            return self.threads[event.subject_id][1].job_id
        row = self.offers.get(event.subject_id) or self.assignments.get(event.subject_id)
        if row is not None:
            return row.job_id
        visit_id = self.visit_of(event)
        return _id(event.data.get("job")) or (self.visits.get(visit_id) if visit_id else None)

    def visit_of(self, event: Event) -> UUID | None:
        """The visit that an event is about."""
        if event.subject_kind == "visit":
            return event.subject_id
        row = self.offers.get(event.subject_id) or self.assignments.get(event.subject_id)
        return row.visit_id if row is not None else _id(event.data.get("visit"))


def look_around(session: Session, events: Sequence[Event]) -> Around:
    """Read what the readers of these events are found by; as the engine."""
    around = Around()
    subjects = _subjects(events)
    ended = {UUID(offer) for event in events for name in _ENDED_OFFERS for offer in event.data.get(name, ())}
    around.offers = _by_id(session, OfferRow, subjects["offer"] | ended)
    around.assignments = _by_id(session, AssignmentRow, subjects["assignment"])
    around.admissions = _pairs(session, _UNBLOCKED.where(AdmissionRow.id.in_(subjects["admission"])))
    visits = subjects["visit"] | {found for event in events if (found := _id(event.data.get("visit")))}
    around.visits = _pairs(session, select(VisitRow.id, VisitRow.job_id).where(VisitRow.id.in_(visits)))
    for message, thread in session.execute(
        select(MessageRow, ThreadRow)
        .join(ThreadRow, ThreadRow.id == MessageRow.thread_id)
        .where(MessageRow.id.in_(subjects["message"]))
    ):
        around.threads[message.id] = (message, thread)
    jobs = {job for event in events if (job := around.job_of(event))}
    around.jobs = _pairs(session, select(JobRow.id, JobRow.site_id).where(JobRow.id.in_(jobs)))
    for assignment in session.scalars(select(AssignmentRow).where(AssignmentRow.job_id.in_(jobs))):
        around.on_jobs[assignment.job_id].append(assignment)
    posted = select(EventRow.subject_id, EventRow.actor_id).where(
        EventRow.subject_kind == "job", EventRow.subject_id.in_(jobs), EventRow.seq == 1
    )
    around.posters = _pairs(session, posted)
    clients = {event.client_id for event in events if event.client_id}
    dispatching = select(StaffRow).where(
        StaffRow.client_id.in_(clients), StaffRow.left_at.is_(None), StaffRow.role != "requester"
    )
    for row in session.scalars(dispatching.order_by(StaffRow.id)):
        assert row.client_id is not None, "asked for clients' staff"
        around.staff[row.client_id].append(row.id)
        if row.role == "client_admin":
            around.admins.add(row.id)
    return around


def readers_of(event: Event, line: Occasion, around: Around) -> list[Hearing]:
    """Those who hear of an event, each once; without whoever did it, unless the line wants them too."""
    found: dict[Ref, Hearing] = {}
    for hearing in _WHO[line.who](event, around):
        if line.even_doer or hearing.ref[1] != event.actor_id:
            found.setdefault(hearing.ref, hearing)
    return list(found.values())


def _asked(event: Event, _: Around) -> Iterable[Hearing]:
    for offer, technician in event.data["offers"]:
        yield Hearing(("technician", UUID(technician)), {"offer": offer})


def _answered(event: Event, around: Around) -> Iterable[Hearing]:
    for name in _ENDED_OFFERS:
        for offer in event.data.get(name, ()):
            row = around.offers.get(UUID(offer))
            if row is not None and row.answered_at is not None:
                yield Hearing(("technician", row.technician_id), {"offer": offer})


def _technician(event: Event, around: Around) -> Iterable[Hearing]:
    row = around.offers.get(event.subject_id) or around.assignments.get(event.subject_id)
    if row is not None:
        yield Hearing(("technician", row.technician_id), {event.subject_kind: str(row.id)})
    elif event.subject_kind == "technician":
        yield Hearing(("technician", event.subject_id))
    elif event.subject_kind == "admission":
        if event.subject_id in around.admissions:
            yield Hearing(("technician", around.admissions[event.subject_id]))
    elif technician := _id(event.data.get("technician")):
        yield Hearing(("technician", technician))


def _on_visit(event: Event, around: Around) -> Iterable[Hearing]:
    job_id, visit_id = around.job_of(event), around.visit_of(event)
    for each in around.on_jobs.get(job_id, ()) if job_id else ():
        is_this = visit_id is None or each.visit_id == visit_id
        # Ended by this very event, they were on it when it happened.
        if is_this and each.assigned_at <= event.at and (each.ended_at is None or each.ended_at >= event.at):
            yield Hearing(("technician", each.technician_id), {"assignment": str(each.id)})


def _contact(event: Event, around: Around) -> Iterable[Hearing]:
    job_id = around.job_of(event)
    # Nobody at the site waits for a job that nobody had.
    if job_id in around.jobs and around.on_jobs.get(job_id):
        yield Hearing(("contact", around.jobs[job_id]))


def _requester(event: Event, around: Around) -> Iterable[Hearing]:
    job_id = around.job_of(event)
    poster = around.posters.get(job_id) if job_id else None
    if poster is not None:
        yield Hearing(("staff", poster))


def _dispatchers(event: Event, around: Around) -> Iterable[Hearing]:
    for staff_id in around.staff.get(event.client_id, ()) if event.client_id else ():
        yield Hearing(("staff", staff_id))


def _admins(event: Event, around: Around) -> Iterable[Hearing]:
    return (each for each in _dispatchers(event, around) if each.ref[1] in around.admins)


def _named_staff(event: Event, _: Around) -> Iterable[Hearing]:
    named = event.data.get("staff") or ()
    for staff_id in [named] if isinstance(named, str) else named:
        yield Hearing(("staff", UUID(staff_id)))


def _duty_contact(event: Event, _: Around) -> Iterable[Hearing]:
    shift = _id(event.data.get("shift"))
    if shift is not None and not event.data.get("staff"):
        yield Hearing(("duty", shift))


def _participants(event: Event, around: Around) -> Iterable[Hearing]:
    """Everybody in a conversation but who wrote: by the gateway, that is not who made the event."""
    if event.subject_id not in around.threads:
        return
    message, thread = around.threads[event.subject_id]
    author = (message.author_kind, message.author_id)
    yield from (each for each in _in_thread(event, message, thread, around) if each.ref != author)


def _in_thread(event: Event, message: MessageRow, thread: ThreadRow, around: Around) -> Iterable[Hearing]:
    if thread.technician_id is not None:
        yield Hearing(("technician", thread.technician_id))
    else:
        yield from (Hearing(each.ref) for each in _on_visit(event, around))
    # Staff who have written there before, or everybody who dispatches: somebody must answer.
    if message.author_kind != "staff":
        spoken = [("staff", UUID(who.partition(":")[2])) for who in thread.reads if who.startswith("staff:")]
        yield from (Hearing(ref) for ref in spoken) if spoken else _dispatchers(event, around)


_WHO: Mapping[Who, Callable[[Event, Around], Iterable[Hearing]]] = {
    "asked": _asked,
    "answered": _answered,
    "technician": _technician,
    "on_visit": _on_visit,
    "contact": _contact,
    "requester": _requester,
    "dispatchers": _dispatchers,
    "admins": _admins,
    "staff": _named_staff,
    "duty_contact": _duty_contact,
    "participants": _participants,
}


def _subjects(events: Iterable[Event]) -> Mapping[str, set[UUID]]:
    found: dict[str, set[UUID]] = defaultdict(set)
    for event in events:
        found[event.subject_kind].add(event.subject_id)
    return found


def _by_id(session: Session, row: Any, ids: Collection[UUID]) -> dict[UUID, Any]:
    return {each.id: each for each in session.scalars(select(row).where(row.id.in_(ids)))} if ids else {}


def _pairs(session: Session, statement: Any) -> dict[UUID, UUID]:
    return {one: two for one, two in session.execute(statement) if two is not None}


def _id(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) else None
