"""What do the words of a text stand for? The rows around a notice, and one small function a parameter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.messages.catalogue import LANGUAGES, text
from dispatch.messages.people import Person, read_people
from dispatch.messages.shelf import Shelf
from dispatch.messages.wording import Both, Said, Sum, Value, When, Why
from dispatch.record.persons import open_words, place_of
from dispatch.record.tables import (
    AdmissionRow,
    AssignmentRow,
    ClientRow,
    CounterRow,
    EventRow,
    JobRow,
    MessageRow,
    NoticeRow,
    OfferRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
    ThreadRow,
    VisitRow,
)


class Unsaid(LookupError):
    """A text wants something that this notice's rows do not have."""


@dataclass(slots=True)
class Scene:
    """The rows that a notice is about; None where there is none."""

    data: Mapping[str, Any]
    client: ClientRow | None = None
    job: JobRow | None = None
    site: SiteRow | None = None
    visit: VisitRow | None = None
    offer: OfferRow | None = None
    assignment: AssignmentRow | None = None
    slot: SlotRow | None = None
    technician: TechnicianRow | None = None
    counter: CounterRow | None = None
    message: MessageRow | None = None
    words: str = ""
    thread: ThreadRow | None = None
    admission: AdmissionRow | None = None
    people: Mapping[Any, Person] = field(default_factory=dict)


def read_scene(session: Session, notice: NoticeRow, shelf: Shelf | None = None) -> Scene:
    """Read what stands around a notice, from the shelf what is there; as the engine."""
    shelf = shelf or Shelf()
    event = session.get(EventRow, notice.event_id) if notice.event_id else None
    data = {**(event.data if event else {}), **notice.data}
    if event is not None:
        data.setdefault(event.subject_kind, str(event.subject_id))
    scene = Scene(data=data)
    scene.offer = _get(session, OfferRow, data.get("offer"))
    scene.assignment = _get(session, AssignmentRow, data.get("assignment")) or _live(session, data)
    scene.admission = _get(session, AdmissionRow, data.get("admission"))
    job_id = notice.job_id or _of(scene.offer, "job_id") or _of(scene.assignment, "job_id")
    scene.job = session.get(JobRow, job_id) if job_id else None
    scene.site = session.get(SiteRow, scene.job.site_id) if scene.job else None
    scene.client = session.get(ClientRow, notice.client_id) if notice.client_id else None
    scene.visit = _visit(session, scene, data)
    if scene.visit is not None:
        scene.slot = shelf.slot(session, scene.visit.id, _of(scene.offer, "role"))
    rows = (scene.offer, scene.assignment, scene.admission)
    technician = next((row.technician_id for row in rows if row is not None), None) or data.get("technician")
    scene.technician = _get(session, TechnicianRow, technician)
    if scene.offer is not None and "wish" in text(notice.occasion, LANGUAGES[0]).parameters:
        scene.counter = session.scalars(
            select(CounterRow).where(CounterRow.offer_id == scene.offer.id).order_by(CounterRow.id.desc()).limit(1)
        ).one_or_none()
    scene.message = _get(session, MessageRow, data.get("message"))
    if scene.message is not None:
        scene.words = open_words(session, scene.message.words, place_of("message", scene.message.id))
    scene.thread = session.get(ThreadRow, scene.message.thread_id) if scene.message else None
    scene.people = read_people(session, _named(scene))
    return scene


def values_of(key: str, scene: Scene) -> dict[str, Value]:
    """The values of a text's parameters.

    Raises
    ------
    Unsaid
        When the scene lacks one of them.
    """
    found: dict[str, Value] = {}
    for name in text(key, LANGUAGES[0]).parameters:
        value = PARAMETERS[name](scene)
        if value is None:
            raise Unsaid(f"{key}: nothing to say for {name}")
        found[name] = value
    return found


def _start(scene: Scene) -> Value | None:
    """The agreed start; of what is not agreed yet, the earliest that is asked for."""
    at = (
        _of(scene.assignment, "start_at") or _of(scene.visit, "planned_start_at") or _of(scene.visit, "window_start_at")
    )
    return _at_site(scene, at)


def _told(*names: str) -> Callable[[Scene], Value | None]:
    """A time that the event tells, under the first of these names that it has."""

    def read(scene: Scene) -> Value | None:
        named = next((scene.data[name] for name in names if scene.data.get(name)), None)
        return None if named is None else _at_site(scene, datetime.fromisoformat(named))

    return read


def _arrival(scene: Scene) -> Value | None:
    return _told("arrival_at", "eta_at", "new_start_at", "start_at")(scene) or _start(scene)


def _until(scene: Scene) -> Value | None:
    told = _told("until", "deadline_at", "expires_at", "respond_by")
    return _at_site(scene, _of(scene.offer, "expires_at")) or told(scene)


def _pay(scene: Scene) -> Value | None:
    row = scene.assignment or scene.slot
    return None if row is None else Sum(row.pay_amount, row.currency, row.pay_kind == "hourly")


def _wish(scene: Scene) -> Value | None:
    if scene.counter is None:
        return None
    pay, start = scene.counter.pay_amount, scene.counter.start_at
    wanted = Sum(pay, scene.counter.currency or "USD", scene.counter.pay_kind == "hourly") if pay is not None else None
    return Both(wanted, _at_site(scene, start))


def _hours(scene: Scene) -> Value | None:
    return None if scene.visit is None else f"{scene.visit.duration_min / 60:.2g}"


def _author(scene: Scene) -> Value | None:
    """Who wrote: staff speak as their client, so that a technician answers the client and not a person."""
    if scene.message is None:
        return None
    kind, id_ = scene.message.author_kind, scene.message.author_id
    person = scene.people.get((kind, id_))
    return person.name if person is not None and kind != "staff" else _row("client", "name")(scene)


def _about(scene: Scene) -> Value | None:
    """The job, else the client; of an alarm that is about neither, the network."""
    of_network = "Truckroll" if scene.data.get("alarm") and scene.client is None else None
    return _row("job", "number")(scene) or _row("client", "name")(scene) or of_network


def _reader(scene: Scene) -> Value | None:
    person = scene.people.get((scene.data.get("reader_kind"), _uuid(scene.data.get("reader"))))
    return None if person is None else person.name


def _sum(name: str) -> Callable[[Scene], Value | None]:
    """A sum that the event tells."""

    def read(scene: Scene) -> Value | None:
        told = scene.data.get(name)
        return None if told is None else Sum(Decimal(told), str(scene.data["currency"]))

    return read


def _row(name: str, column: str) -> Callable[[Scene], Value | None]:
    def read(scene: Scene) -> Value | None:
        value: Value | None = _of(getattr(scene, name), column)
        return value

    return read


#: parameter -> what it stands for
PARAMETERS: Mapping[str, Callable[[Scene], Value | None]] = {
    "client": _row("client", "name"),
    "number": _row("job", "number"),
    "title": _row("job", "title"),
    "site": _row("site", "name"),
    "address": _row("site", "address"),
    "town": _row("site", "town"),
    "region": _row("site", "region"),
    "technician": _row("technician", "name"),
    "start": _start,
    "hours": _hours,
    "pay": _pay,
    "until": _until,
    "confirm_by": lambda scene: _at_site(scene, _of(scene.visit, "confirm_by")) or _start(scene),
    "arrival": _arrival,
    "due": _told("due_at", "due", "decide_by"),
    "amount": _sum("amount"),
    "awarded": _sum("awarded"),
    "extra": lambda scene: str(scene.data["code"]).replace("_", " ") if scene.data.get("code") else None,
    "why": lambda scene: Why(str(scene.data.get("why") or scene.data.get("reason") or "other")),
    "trouble": lambda scene: Why(str(scene.data.get("kind") or "other")),
    "proof": lambda scene: Why(str(scene.data.get("kind") or "other")),
    "last_day": lambda scene: scene.data.get("valid_until"),
    "wish": _wish,
    "author": _author,
    "about": _about,
    "text": lambda scene: None if scene.message is None else Said(scene.words or "[…]"),
    "code": _row("thread", "code"),
    "reply_code": _row("assignment", "reply_code"),
    "invitation_code": _row("admission", "code"),
    "code_until": lambda scene: _at_site(scene, _of(scene.admission, "code_until")),
    "reader": _reader,
}


def _at_site(scene: Scene, at: datetime | None) -> When | None:
    return None if at is None else When(at, _of(scene.site, "time_zone"))


def _visit(session: Session, scene: Scene, data: Mapping[str, Any]) -> VisitRow | None:
    visit_id = _of(scene.offer, "visit_id") or _of(scene.assignment, "visit_id") or data.get("visit")
    if visit_id is not None:
        return session.get(VisitRow, _uuid(visit_id))
    first = select(VisitRow).where(VisitRow.job_id == _of(scene.job, "id")).order_by(VisitRow.num).limit(1)
    return session.scalars(first).one_or_none()


def _live(session: Session, data: Mapping[str, Any]) -> AssignmentRow | None:
    """Who is on the visit, where the event names nobody."""
    visit = _uuid(data.get("visit"))
    if visit is None or data.get("offer") or data.get("technician"):
        return None
    live = select(AssignmentRow).where(AssignmentRow.visit_id == visit).order_by(AssignmentRow.id.desc()).limit(1)
    return session.scalars(live.where(AssignmentRow.state.in_(("live", "finished")))).one_or_none()


def _named(scene: Scene) -> set[tuple[str, UUID]]:
    named = {(scene.message.author_kind, scene.message.author_id)} if scene.message else set()
    reader = _uuid(scene.data.get("reader"))
    return named | {(scene.data["reader_kind"], reader)} if reader else named


def _get(session: Session, row: Any, id_: Any) -> Any:
    found = _uuid(id_)
    return None if found is None else session.get(row, found)


def _uuid(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) else UUID(value) if isinstance(value, str) else None


def _of(row: Any, column: str) -> Any:
    return None if row is None else getattr(row, column)
