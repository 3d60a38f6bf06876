"""Which parts does a job need? A part moves from wanted to received, and some go back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.lifecycle import PART, move, states_with
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import FileRow, JobRow, PartRow, VisitRow, new_id
from dispatch.visits.finding import find_own_job, is_clients, is_on_it
from dispatch.visits.partcheck import MISSING, clear_if_all_there

#: As what a part can begin: wanted, on its way, or one that was taken out and goes back.
BEGINNINGS = ("wanted", "ordered", "shipped", "to_return")
#: What whoever is on the job says of a part; the rest is its client's.
OF_TECHNICIANS = ("receive", "lose", "give_back")

#: wish -> the event's kind
_TOLD = {
    "order": "ordered",
    "ship": "shipped",
    "receive": "received",
    "lose": "lost",
    "drop": "dropped",
    "call_back": "called_back",
    "give_back": "given_back",
}


@dataclass(frozen=True, slots=True)
class PartWish:
    """A part that a job needs. `visit_id` None: whichever visit comes next."""

    item: str
    quantity: int = 1
    ship_to: str = "site"
    state: str = "wanted"
    visit_id: UUID | None = None
    carrier: str | None = None
    tracking: str | None = None
    expected_at: datetime | None = None
    label_file_id: UUID | None = None
    note: str = ""


def add_part(session: Session, actor: Actor, job_id: UUID, wish: PartWish, *, now: datetime) -> UUID:
    """Note that a job needs a part, or that one goes back: its id. Runs as the engine.

    Raises
    ------
    NotFound
        When the job is not the actor's client's.
    BadInput
        When the visit or the label's file is not of this job, or the part cannot begin so.
    Conflict
        When the job has ended.
    """
    job = find_own_job(session, actor, job_id)
    if not is_clients(actor, job.client_id):
        raise NotFound("job", job_id)
    if job.state in ("approved", "paid", "cancelled"):
        raise Conflict(job.state, "add a part", ("post another job",))
    return keep_part(session, actor, job, wish, now=now)


def keep_part(session: Session, actor: Actor, job: JobRow, wish: PartWish, *, now: datetime) -> UUID:
    """Write a new part of a job that the caller has found for the actor."""
    if wish.state not in BEGINNINGS:
        raise BadInput("state", wish.state, f"begin as one of {', '.join(BEGINNINGS)}")
    if wish.visit_id is not None:
        of_job = select(VisitRow.id).where(VisitRow.id == wish.visit_id, VisitRow.job_id == job.id)
        if session.scalar(of_job) is None:
            raise BadInput("visit_id", wish.visit_id, "name a visit of this job, or leave it out")
    check_label(session, job.id, wish.label_file_id)
    part_id = new_id()
    values = {name: getattr(wish, name) for name in PartWish.__slots__}
    session.execute(
        insert(PartRow).values(id=part_id, client_id=job.client_id, job_id=job.id, created_at=now, **values)
    )
    told = _told(job.id, wish.visit_id, state=wish.state, quantity=wish.quantity)
    record(session, actor, ("part", part_id), "added", told, client_id=job.client_id, now=now)
    return part_id


def move_part(
    session: Session, actor: Actor, part_id: UUID, wish: str, details: Mapping[str, Any], *, now: datetime
) -> str:
    """`order`, `ship`, `receive`, `lose`, `drop`, `call_back` or `give_back` a part: its new state. As the engine.

    `details` are what is known with it. Whoever is on the job may say that a part came, did not come, or went back; the
    rest is its client's. Once nothing is missing any more, the visits' alarms about it are cleared.

    Raises
    ------
    NotFound
        When the part is not of this actor's work.
    Conflict
        When its state does not allow it: of two who receive it at once, one is told so.
    """
    part = find_part(session, actor, part_id)
    if not is_clients(actor, part.client_id) and wish not in OF_TECHNICIANS:
        raise NotFound("part", part_id)
    check_label(session, part.job_id, details.get("label_file_id"))
    state = move(PART, part.state, wish)
    given = {name: value for name, value in details.items() if value is not None}
    given |= {"received_at": now} if wish == "receive" else {}
    moved = session.scalar(
        update(PartRow)
        .where(PartRow.id == part_id, PartRow.state.in_(states_with(PART, wish)))
        .values(state=state, version=PartRow.version + 1, **given)
        .returning(PartRow.id)
    )
    if moved is None:
        session.refresh(part)
        raise Conflict(part.state, wish, tuple(PART[part.state]))
    told = _told(part.job_id, part.visit_id, state=state)
    record(session, actor, ("part", part_id), _TOLD[wish], told, client_id=part.client_id, now=now)
    if state not in MISSING:
        clear_if_all_there(session, actor, part.job_id, now)
    return state


def change_part(
    session: Session, actor: Actor, part_id: UUID, version: int, changes: Mapping[str, Any], *, now: datetime
) -> bool:
    """Change what is known of a part: whether `version` was still the newest. Runs as the engine.

    Raises
    ------
    NotFound
        When the part is not the actor's client's.
    """
    part = find_part(session, actor, part_id)
    if not is_clients(actor, part.client_id):
        raise NotFound("part", part_id)
    changed = session.scalar(
        update(PartRow)
        .where(PartRow.id == part_id, PartRow.version == version)
        .values(version=PartRow.version + 1, **changes)
        .returning(PartRow.id)
    )
    if changed is None:
        return False
    told = _told(part.job_id, part.visit_id, fields=sorted(changes))
    record(session, actor, ("part", part_id), "changed", told, client_id=part.client_id, now=now)
    return True


def find_part(session: Session, actor: Actor, part_id: UUID) -> PartRow:
    """The part, if the actor is on its job or works for its client.

    Raises
    ------
    NotFound
        When neither.
    """
    part = session.scalars(select(PartRow).where(PartRow.id == part_id)).one_or_none()
    if part is None or not (is_clients(actor, part.client_id) or is_on_it(session, actor, part.job_id, None)):
        raise NotFound("part", part_id)
    return part


def check_label(session: Session, job_id: UUID, file_id: UUID | None) -> None:
    """Raise BadInput unless the file is one of this job."""
    if file_id is None:
        return
    if session.scalar(select(FileRow.id).where(FileRow.id == file_id, FileRow.job_id == job_id)) is None:
        raise BadInput("label_file_id", file_id, "send the label as a file of this job first (POST /v1/files?job_id=)")


def _told(job_id: UUID, visit_id: UUID | None, **more: Any) -> dict[str, Any]:
    return {"job": str(job_id), "visit": str(visit_id) if visit_id else None, **more}
