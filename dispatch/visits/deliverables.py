"""Is what was asked for handed in, and is it good? Each thing handed in is passed or sent back singly.

A thing sent back is handed in again as its next version; both are kept. Whoever hands in, judges or finishes holds the
job's row, so that what is counted is what there is.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.jobs.checklists import Item, items_of
from dispatch.jobs.lifecycle import DELIVERABLE, move, states_with
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import DeliverableRow, FileRow, JobRow, new_id
from dispatch.visits.completion import put_back
from dispatch.visits.evidence import hold_job
from dispatch.visits.finding import find_visit, is_clients

#: States of a job in which nothing is handed in or judged: not begun, or settled. A job may be open again, for another
#: person or another trip, while somebody works on it.
_SETTLED = ("draft", "approved", "paid", "disputed", "cancelled")
#: kind of item -> kinds of file that prove it
_FILES = {
    "photo": ("photo",),
    "signature": ("signature",),
    "file": ("document", "photo", "attachment"),
    "return_label": ("document", "photo"),
}


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed in for an item; of the values those that the item's kind asks for.

    `replaces` is the one that was sent back. A signature may be missing: `outcome` says how, `why` is a code.
    """

    item: str
    file_id: UUID | None = None
    caption: str | None = None
    written: str | None = None
    number: float | None = None
    is_ok: bool | None = None
    outcome: str | None = None
    why: str | None = None
    replaces: UUID | None = None


def hand_in(session: Session, actor: Actor, visit_id: UUID, handed: Handed, *, now: datetime) -> UUID:
    """Hand in something for an item of the job's checklist: its id. Runs as the engine.

    Raises
    ------
    NotFound
        When the visit is not the actor's.
    BadInput
        When the job asks for no such item, or this is not what the item asks for.
    Conflict
        When the visit or job is over, or what it replaces was not sent back or is replaced already.
    """
    visit = find_visit(session, actor, visit_id)
    job = hold_job(session, visit.job_id)
    if visit.state == "cancelled" or job.state in _SETTLED:
        raise Conflict(job.state, "hand in", ("ask the client",))
    item = _find_item(job, handed.item)
    check_handed(item, handed)
    _check_file(session, job.id, item, handed)
    _check_serial(session, job.id, item, handed)
    num, version = _place(session, job.id, handed)
    made = {name: getattr(handed, name) for name in Handed.__slots__ if name != "replaces"}
    made |= {"client_id": job.client_id, "job_id": job.id, "visit_id": visit.id, "kind": item.kind}
    deliverable_id = new_id()
    session.execute(
        insert(DeliverableRow).values(
            id=deliverable_id, num=num, version=version, handed_in_at=now, handed_in_by_kind=actor.kind,
            handed_in_by=actor.id, **made,
        )
    )  # fmt: skip
    told = {"deliverable": str(deliverable_id), "item": item.code, "num": num, "version": version}
    told["visit"] = str(visit.id)
    record(session, actor, ("job", job.id), "deliverable_handed_in", told, client_id=job.client_id, now=now)
    return deliverable_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """`pass` or `send_back`; what is sent back says why, as a code, and by when a better one is wanted."""

    wish: str
    why: str | None = None
    note: str | None = None
    due_at: datetime | None = None


def judge_deliverable(
    session: Session, actor: Actor, deliverable_id: UUID, verdict: Verdict, *, now: datetime
) -> DeliverableRow:
    """Pass or send back one thing handed in; of two who judge at once the first counts. Runs as the engine.

    Sent back when the job is done already, it puts the job to `sent_back`: something is to be mended by `due_at`.

    Raises
    ------
    NotFound
        When it is not the actor's client's.
    BadInput
        When `due_at` has passed, or is missing where the job is done.
    Conflict
        When it was judged already, or the job was approved.
    """
    row = session.scalars(select(DeliverableRow).where(DeliverableRow.id == deliverable_id)).one_or_none()
    if row is None or not is_clients(actor, row.client_id):
        raise NotFound("deliverable", deliverable_id)
    job = hold_job(session, row.job_id)
    is_job_sent_back = verdict.wish == "send_back" and job.state == "done"
    _check_due(verdict, is_needed=is_job_sent_back, now=now)
    if job.state in _SETTLED:
        raise Conflict(job.state, verdict.wish)
    _judge(session, actor, row, verdict, now)
    due_at = verdict.due_at.isoformat() if verdict.due_at else None
    told = {"deliverable": str(row.id), "item": row.item, "num": row.num, "visit": str(row.visit_id)}
    told |= {"why": verdict.why, "due_at": due_at}
    record(session, actor, ("job", job.id), f"deliverable_{row.state}", told, client_id=row.client_id, now=now)
    listed = {"what": row.item, "deliverable": str(row.id)}
    if is_job_sent_back and verdict.due_at is not None:
        put_back(session, actor, job.id, [listed], verdict.due_at, {"items": [row.item]}, now=now)
    elif verdict.wish == "send_back" and job.state == "sent_back" and job.sent_back is not None:
        # Held above: the list grows by this one, and the day by which all is to be mended stands.
        job.sent_back = {**job.sent_back, "items": [*job.sent_back["items"], listed]}
        job.version += 1
    return row


def _judge(session: Session, actor: Actor, row: DeliverableRow, verdict: Verdict, now: datetime) -> None:
    state = move(DELIVERABLE, row.state, verdict.wish)
    judged = session.scalar(
        update(DeliverableRow)
        .where(DeliverableRow.id == row.id, DeliverableRow.state.in_(states_with(DELIVERABLE, verdict.wish)))
        .values(
            state=state,
            judged_at=now,
            judged_by=actor.id,
            judged_why=verdict.why,
            judged_note=verdict.note,
            due_at=verdict.due_at,
        )
        .returning(DeliverableRow.id)
    )
    session.refresh(row)
    if judged is None:
        raise Conflict(row.state, verdict.wish, tuple(DELIVERABLE[row.state]))


def _check_due(verdict: Verdict, *, is_needed: bool, now: datetime) -> None:
    if verdict.due_at is not None and verdict.due_at <= now:
        raise BadInput("due_at", verdict.due_at.isoformat(), "choose a time that has not passed")
    if is_needed and verdict.due_at is None:
        raise BadInput("due_at", None, "the job is done: say by when this is to be mended")


def check_handed(item: Item, handed: Handed) -> None:
    """Raise BadInput unless what is handed in is what the item asks for, and nothing else. Pure."""
    wanted = {"serial": "written", "release_code": "written", "reading": "number", "check": "is_ok"}
    value = wanted.get(item.kind, "file_id")
    if item.kind == "signature" and handed.outcome is not None:
        value = "outcome"
    for name in ("file_id", "written", "number", "is_ok", "outcome"):
        is_given = getattr(handed, name) is not None
        may_be = name == value or (name == "written" and item.kind == "signature")
        if is_given and not may_be:
            raise BadInput(name, getattr(handed, name), f"leave it out: a {item.kind} is told by {value}")
        if name == value and not is_given:
            raise BadInput(name, None, f"a {item.kind} is told by {value}")
    if (handed.outcome is None) != (handed.why is None):
        raise BadInput("why", handed.why, "give outcome and why together")
    if item.kind in ("serial", "release_code") and not item.matches(handed.written or ""):
        raise BadInput("written", handed.written, f"write it as {item.pattern}: # a digit, @ a letter, ? either")


def _find_item(job: JobRow, code: str) -> Item:
    item = next((each for each in items_of(job.deliverables) if each.code == code), None)
    if item is None:
        codes = ", ".join(each["code"] for each in job.deliverables) or "nothing"
        raise BadInput("item", code, f"the job asks for: {codes}")
    return item


def _check_file(session: Session, job_id: UUID, item: Item, handed: Handed) -> None:
    """The file is of this job and of a kind that proves the item, and is not the same picture a second time."""
    if handed.file_id is None:
        return
    file = session.scalars(select(FileRow).where(FileRow.id == handed.file_id, FileRow.job_id == job_id)).one_or_none()
    if file is None:
        raise BadInput("file_id", handed.file_id, "send it as a file of this visit first (POST /v1/files?visit_id=)")
    if file.kind not in _FILES[item.kind]:
        raise BadInput("file_id", file.kind, f"send it as a {' or '.join(_FILES[item.kind])}")
    same = (
        select(DeliverableRow.id)
        .join(FileRow, FileRow.id == DeliverableRow.file_id)
        .where(DeliverableRow.job_id == job_id, DeliverableRow.item == item.code, FileRow.sha256 == file.sha256)
    )
    if session.scalar(same.limit(1)) is not None:
        raise BadInput("file_id", handed.file_id, "this very file was handed in for this item already: send another")


def _check_serial(session: Session, job_id: UUID, item: Item, handed: Handed) -> None:
    """Each serial number is of another device: one that stands for this item already counts no second time."""
    if item.kind != "serial":
        return
    same = select(DeliverableRow.id).where(
        DeliverableRow.job_id == job_id,
        DeliverableRow.item == item.code,
        DeliverableRow.written == handed.written,
        DeliverableRow.state != "sent_back",
    )
    if session.scalar(same.limit(1)) is not None:
        raise BadInput("written", handed.written, "this number was handed in already: write that of another device")


def _place(session: Session, job_id: UUID, handed: Handed) -> tuple[int, int]:
    """Which copy of the item it is, and which version: a new copy, or the next version of what was sent back."""
    of_item = DeliverableRow.job_id == job_id, DeliverableRow.item == handed.item
    if handed.replaces is None:
        return (session.scalar(select(func.max(DeliverableRow.num)).where(*of_item)) or 0) + 1, 1
    old = session.scalars(select(DeliverableRow).where(DeliverableRow.id == handed.replaces, *of_item)).one_or_none()
    if old is None:
        raise BadInput("replaces", handed.replaces, "name one that was handed in for this item")
    newest = session.scalar(select(func.max(DeliverableRow.version)).where(*of_item, DeliverableRow.num == old.num))
    if old.state != "sent_back" or newest != old.version:
        raise Conflict("replaced" if newest != old.version else old.state, "replace it", ("hand in a new one",))
    return old.num, old.version + 1
