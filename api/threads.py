"""Who says what to whom? Conversations about a job, and of a client with a technician."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import ColumnElement, Text, exists, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from api.auth import STAFF, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading
from api.schemas.messages import AuthorOut, MessageIn, MessageOut, PersonMessageIn, ReadIn, ReadOut, ThreadOut
from api.schemas.pages import PageOf
from dispatch.errors import BadInput, NotFound
from dispatch.messages.people import Ref, read_people
from dispatch.messages.threads import (
    Draft,
    author_of,
    find_thread,
    job_thread,
    mark_read,
    person_thread,
    post_message,
    reader_key,
    words_of,
)
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import AssignmentRow, ClientRow, JobRow, MessageRow, SiteRow, ThreadRow

router = APIRouter(prefix="/v1", tags=["messages"])

Party = Annotated[Actor, Depends(only(*STAFF, "technician", "company"))]
#: The operator reads what was said, for in a dispute it is evidence; it does not speak.
Listener = Annotated[Actor, Depends(only(*STAFF, "technician", "company", "operator"))]
#: Finds the thread that a message is for, for those who may write there.
Find = Callable[[Session, datetime], ThreadRow]


@router.get("/threads", response_model=PageOf[ThreadOut], summary="List conversations")
def list_threads(
    request: Request,
    actor: Listener,
    response: Response,
    unread: Annotated[bool, Query(description="Only those with something that you have not read.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ThreadOut]:
    """Your conversations, newest first, with how much of each you have not read."""
    wanted = select(ThreadRow)
    if unread:
        own = (MessageRow.client_id == ThreadRow.client_id) & (MessageRow.thread_id == ThreadRow.id)
        wanted = wanted.where(exists().where(own, _is_unread(actor)))
    with reading(request, actor) as session:
        found = page(session, request, wanted, ThreadRow.id, limit=limit, cursor=cursor)
        threads = [row[0] for row in found.rows]
        counts = _unread(session, actor, [each.id for each in threads])
    # Whoever reads a conversation may know with whom and about what; the rows of both are hidden from most of them.
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        titles = _titles(session, threads)
    response.headers.update(found.headers)
    return PageOf(items=[_show_thread(each, counts, titles[each.id]) for each in threads], next=found.next)


@router.get("/threads/{thread_id}/messages", response_model=PageOf[MessageOut], summary="Read a conversation")
def list_thread_messages(
    request: Request, actor: Listener, response: Response, thread_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[MessageOut]:
    """Newest first. Of a job's conversation a technician reads what was written while they were on it."""
    with reading(request, actor) as session:
        if session.scalar(select(ThreadRow.id).where(ThreadRow.id == thread_id)) is None:
            raise NotFound("thread", thread_id)
    return _messages(request, actor, response, MessageRow.thread_id == thread_id, limit, cursor)


@router.post(
    "/threads/{thread_id}/messages", status_code=201, response_model=MessageOut, summary="Write into a conversation"
)
def post_thread_message(request: Request, actor: Party, thread_id: UUID, message: MessageIn) -> Response:
    """Everybody in it is told, by the ways that they chose; nobody sees anybody's number."""
    return _post(request, actor, message, lambda session, _: find_thread(session, actor, thread_id))


@router.post("/threads/{thread_id}/read", response_model=ReadOut, summary="Say how far you have read")
def post_read(request: Request, actor: Party, thread_id: UUID, read: ReadIn) -> Response:
    """Marks only move on."""
    with reading(request, actor) as session:
        seen = select(MessageRow.id).where(MessageRow.id == read.message_id, MessageRow.thread_id == thread_id)
        if session.scalar(seen) is None:
            raise NotFound("message", read.message_id)
    return idempotent(
        request,
        actor,
        lambda session, now: Reply(ReadOut(moved=mark_read(session, actor, thread_id, read.message_id, now=now))),
    )


@router.get("/jobs/{job_id}/messages", response_model=PageOf[MessageOut], summary="Read what is said about a job")
def list_job_messages(
    request: Request, actor: Listener, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[MessageOut]:
    """Newest first: the client's staff and those who have the work. Empty until somebody writes."""
    is_talent = actor.kind in ("technician", "company")
    row = AssignmentRow.job_id if is_talent else JobRow.id
    with reading(request, actor) as session:
        if session.scalar(select(row).where(row == job_id).limit(1)) is None:
            raise NotFound("job", job_id)
    of_job = select(ThreadRow.id).where(ThreadRow.job_id == job_id)
    return _messages(request, actor, response, MessageRow.thread_id.in_(of_job), limit, cursor)


@router.post("/jobs/{job_id}/messages", status_code=201, response_model=MessageOut, summary="Write about a job")
def post_job_message(request: Request, actor: Party, job_id: UUID, message: MessageIn) -> Response:
    """The client's staff and those who have the work hear of it."""
    return _post(request, actor, message, lambda session, now: job_thread(session, actor, job_id, now=now))


@router.get(
    "/technicians/{technician_id}/messages", response_model=PageOf[MessageOut], summary="Read a talk with a technician"
)
def list_person_messages(
    request: Request,
    actor: Listener,
    response: Response,
    technician_id: UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[MessageOut]:
    """What your client and a technician wrote to each other, newest first; a technician reads their own, of all."""
    of_person = select(ThreadRow.id).where(ThreadRow.technician_id == technician_id)
    return _messages(request, actor, response, MessageRow.thread_id.in_(of_person), limit, cursor)


@router.post(
    "/technicians/{technician_id}/messages",
    status_code=201,
    response_model=MessageOut,
    summary="Write to a technician, or as one to a client",
)
def post_person_message(request: Request, actor: Party, technician_id: UUID, message: PersonMessageIn) -> Response:
    """Between those who know each other: by a pool, an answer, or work done."""
    client_id = actor.client_id or message.client_id
    if client_id is None:
        raise BadInput("client_id", None, "name the client to whom you write")
    return _post(
        request,
        actor,
        message,
        lambda session, now: person_thread(session, actor, client_id, technician_id, now=now),
    )


def _post(request: Request, actor: Actor, message: MessageIn, find: Find) -> Response:
    draft = Draft(message.text, message.language, files=message.files, kind=message.kind, about_id=message.about_id)

    def work(session: Session, now: datetime) -> Reply:
        thread = find(session, now)
        made = post_message(session, actor, thread, draft, now=now)
        row = session.get_one(MessageRow, made)
        session.refresh(thread)
        words = words_of(session, [row])
        shown = _show(actor, row, words, _names(session, actor, [row]), {thread.id: thread.reads})
        return Reply(shown, 201, {"Location": f"/v1/threads/{thread.id}/messages"})

    return idempotent(request, actor, work)


def _messages(
    request: Request, actor: Actor, response: Response, condition: Any, limit: int, cursor: str | None
) -> PageOf[MessageOut]:
    wanted = select(MessageRow).where(condition)
    with reading(request, actor) as session:
        found = page(session, request, wanted, MessageRow.id, limit=limit, cursor=cursor)
        rows = [row[0] for row in found.rows]
        threads = select(ThreadRow.id, ThreadRow.reads).where(ThreadRow.id.in_({row.thread_id for row in rows}))
        reads: dict[UUID, Mapping[str, str]] = {id_: marks for id_, marks in session.execute(threads)}
    # Whoever may read a message may know who wrote it; row-level security would hide a colleague of another company.
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        names, words = _names(session, actor, rows), words_of(session, rows)
    response.headers.update(found.headers)
    return PageOf(items=[_show(actor, row, words, names, reads) for row in rows], next=found.next)


def _show(
    actor: Actor,
    row: MessageRow,
    words: Mapping[UUID, str],
    names: Mapping[Ref, str],
    reads: Mapping[UUID, Mapping[str, str]],
) -> MessageOut:
    same = {name: getattr(row, name) for name in _SAME}
    author = AuthorOut(
        kind=cast(Any, row.author_kind), id=row.author_id, name=names.get((row.author_kind, row.author_id))
    )
    read_by = sorted(who for who, last in reads.get(row.thread_id, {}).items() if last >= str(row.id))
    return MessageOut(**same, text=words[row.id], author=author, read_by=read_by)


_SAME = ("id", "thread_id", "kind", "about_id", "language", "files", "via", "sent_at")


def _names(session: Session, actor: Actor, rows: Sequence[MessageRow]) -> dict[Ref, str]:
    """What authors are called: to whoever is not of the client, its people are the client. Runs as the engine."""
    refs = {(row.author_kind, row.author_id) for row in rows}
    names = {ref: person.name for ref, person in read_people(session, refs).items()}
    if actor.client_id is None and actor.kind != "operator":
        clients = select(ClientRow.id, ClientRow.name).where(ClientRow.id.in_({row.client_id for row in rows}))
        called: dict[UUID, str] = {id_: name for id_, name in session.execute(clients)}
        names |= {("staff", row.author_id): called[row.client_id] for row in rows if row.author_kind == "staff"}
    return names


def _unread(session: Session, actor: Actor, threads: Collection[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """For each thread with messages: how many follow the actor's mark, and when the last was sent."""
    rows = session.execute(
        select(
            MessageRow.thread_id,
            func.count().filter(_is_unread(actor)),
            func.max(MessageRow.sent_at),
        )
        .join(ThreadRow, ThreadRow.id == MessageRow.thread_id)
        .where(MessageRow.thread_id.in_(threads))
        .group_by(MessageRow.thread_id)
    )
    return {thread: (num, last) for thread, num, last in rows}


def _is_unread(actor: Actor) -> ColumnElement[bool]:
    """Of a message and its thread: it follows the actor's mark."""
    own = reader_key(author_of(actor)) if actor.kind != "operator" else ""
    return sql_cast(MessageRow.id, Text) > func.coalesce(ThreadRow.reads[own].astext, "")


def _titles(session: Session, threads: Collection[ThreadRow]) -> dict[UUID, dict[str, str | None]]:
    """For each thread the client's name, the title of the job that it is about, and its zone. Runs as the engine."""
    found = session.execute(
        select(ThreadRow.id, ClientRow.name, JobRow.title, SiteRow.time_zone)
        .join(ClientRow, ClientRow.id == ThreadRow.client_id)
        .outerjoin(JobRow, JobRow.id == ThreadRow.job_id)
        .outerjoin(SiteRow, SiteRow.id == JobRow.site_id)
        .where(ThreadRow.id.in_([each.id for each in threads]))
    )
    return {thread: {"client": client, "title": title, "time_zone": zone} for thread, client, title, zone in found}


def _show_thread(
    row: ThreadRow, unread: Mapping[UUID, tuple[int, datetime]], titles: Mapping[str, str | None]
) -> ThreadOut:
    num_unread, last_at = unread.get(row.id, (0, None))
    same = {name: getattr(row, name) for name in ("id", "client_id", "job_id", "technician_id", "code", "created_at")}
    return ThreadOut.model_validate({**same, **titles, "num_unread": num_unread, "last_at": last_at})
