"""Who says what to whom, and is kept as evidence? Conversations: one a job, and one a technician with a client.

Both sides speak through the client's thread and see no number of each other. What was written is never changed: a
correction is a new message, a translation stands beside the original.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.persons import Whose, open_words, place_of, seal_words
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    FileRow,
    JobRow,
    MessageRow,
    OfferRow,
    PoolMemberRow,
    StaffRow,
    TechnicianMarkRow,
    ThreadRow,
    new_id,
)

Kind = Literal["message", "correction", "translation"]
Via = Literal["app", "sms", "mail"]
#: Who speaks: (kind, id), the kind one of `tables.messages.AUTHORS`.
Author = tuple[str, UUID]

STAFF = ("client_admin", "requester", "dispatcher")
MAX_FILES = 10
#: Codes are read aloud and typed: no letter that looks like another.
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
CODE_CHARS = 6
_TOLD = {"message": "posted", "correction": "corrected", "translation": "translated"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say. `about_id`: the message that it corrects or translates."""

    words: str
    language: str
    files: Sequence[UUID] = ()
    kind: Kind = "message"
    about_id: UUID | None = None
    via: Via = "app"
    carrier_id: str | None = None


def job_thread(session: Session, actor: Actor, job_id: UUID, *, now: datetime) -> ThreadRow:
    """The thread of a job, made when it is first written to; for those who may write there. Runs as the engine.

    Raises
    ------
    NotFound
        When the job is not this actor's, neither now nor before.
    Refused
        When their part in it has ended.
    """
    client_id = session.scalar(select(JobRow.client_id).where(JobRow.id == job_id))
    if client_id is None:
        raise NotFound("job", job_id)
    _check_on_job(session, actor, client_id, job_id)
    return _thread(session, client_id, now, job_id=job_id)


def person_thread(session: Session, actor: Actor, client_id: UUID, technician_id: UUID, *, now: datetime) -> ThreadRow:
    """The thread of a client with a technician, made when it is first written to. Runs as the engine.

    Raises
    ------
    NotFound
        When the actor is neither of the two.
    Refused
        When the two have nothing to do with each other yet: nobody gets letters from strangers.
    """
    if actor.client_id != client_id and actor.technician_id != technician_id:
        raise NotFound("technician", technician_id)
    known = session.scalars(
        select(ThreadRow).where(ThreadRow.client_id == client_id, ThreadRow.technician_id == technician_id)
    ).one_or_none()
    if not _may_write(session, client_id, technician_id):
        raise Refused("write to those who are in a pool of yours or have worked with you", ("no_relation",))
    return known or _thread(session, client_id, now, technician_id=technician_id)


def find_thread(session: Session, actor: Actor, thread_id: UUID) -> ThreadRow:
    """The thread, for those who may write to it. Runs as the engine.

    Raises
    ------
    NotFound, Refused
        As `job_thread` and `person_thread`.
    """
    thread = session.get(ThreadRow, thread_id)
    if thread is None:
        raise NotFound("thread", thread_id)
    if thread.job_id is not None:
        try:
            _check_on_job(session, actor, thread.client_id, thread.job_id)
        except NotFound as error:
            # Its job is not named to a stranger.
            raise NotFound("thread", thread_id) from error
    elif actor.client_id != thread.client_id and actor.technician_id != thread.technician_id:
        raise NotFound("thread", thread_id)
    elif not _may_write(session, thread.client_id, thread.technician_id):
        raise Refused("this conversation has ended", ("no_relation",))
    return thread


def post_message(
    session: Session, actor: Actor, thread: ThreadRow, draft: Draft, *, now: datetime, author: Author | None = None
) -> UUID | None:
    """Write into a thread: the message's id; None when the same was taken in from its carrier before.

    The caller has found the thread for this actor. `author` where somebody speaks through another (a site's contact,
    by the gateway).

    Raises
    ------
    BadInput
        When there is nothing in it, a file is not of this client, or what it corrects is not the author's own.
    """
    who = author or author_of(actor)
    _check(session, thread, draft, who)
    new = new_id()
    words = draft.words
    if (whose := _keeper_of(session, who)) is not None and words:
        words = seal_words(session, who[1], words, place_of("message", new), of=whose, now=now)
    message_id: UUID | None = session.scalar(
        pg_insert(MessageRow)
        .values(
            id=new,
            client_id=thread.client_id,
            thread_id=thread.id,
            kind=draft.kind,
            about_id=draft.about_id,
            author_kind=who[0],
            author_id=who[1],
            words=words,
            language=draft.language,
            files=list(draft.files),
            via=draft.via,
            carrier_id=draft.carrier_id,
            sent_at=now,
        )
        .on_conflict_do_nothing(index_elements=["via", "carrier_id"])
        .returning(MessageRow.id)
    )
    if message_id is None:
        return None
    _note_read(session, thread.id, who, message_id)
    told = about(thread) | {"thread": str(thread.id), "author": who[0]}
    if draft.about_id is not None:
        told["about"] = str(draft.about_id)
    record(session, actor, ("message", message_id), _TOLD[draft.kind], told, client_id=thread.client_id, now=now)
    return message_id


def words_of(session: Session, rows: Iterable[MessageRow]) -> dict[UUID, str]:
    """What each message says, as it was written; of somebody erased that they were. Runs as the engine."""
    return {row.id: open_words(session, row.words, place_of("message", row.id)) for row in rows}


def mark_read(session: Session, actor: Actor, thread_id: UUID, message_id: UUID, *, now: datetime) -> bool:
    """Say how far the actor has read: whether that is further than before. The caller has seen that they may read it.

    Raises
    ------
    NotFound
        When the message is not of this thread.
    """
    message = session.scalars(
        select(MessageRow).where(MessageRow.id == message_id, MessageRow.thread_id == thread_id)
    ).one_or_none()
    if message is None:
        raise NotFound("message", message_id)
    moved = _note_read(session, thread_id, author_of(actor), message_id)
    if moved:
        told = {"thread": str(thread_id)}
        record(session, actor, ("message", message_id), "read", told, client_id=message.client_id, now=now)
    return moved


def author_of(actor: Actor) -> Author:
    """As whom an actor speaks; a gateway that names a technician, as the technician."""
    if actor.technician_id is not None:
        return "technician", actor.technician_id
    if actor.company_id is not None:
        return "company", actor.company_id
    assert actor.id is not None, "whoever speaks has an id"
    return ("staff" if actor.kind in STAFF else "gateway"), actor.id


def about(thread: ThreadRow) -> dict[str, str]:
    """What a thread is about, as events tell it."""
    return {"job": str(thread.job_id)} if thread.job_id else {"technician": str(thread.technician_id)}


def reader_key(who: Author) -> str:
    """Under which name a reader stands in `ThreadRow.reads`."""
    return f"{who[0]}:{who[1]}"


def _keeper_of(session: Session, who: Author) -> Whose | None:
    """Whose key seals what they write; none of a contact, a company, or a key that was made for nobody."""
    if who[0] == "technician":
        return "technician"
    is_known = who[0] == "staff" and session.scalar(select(StaffRow.id).where(StaffRow.id == who[1])) is not None
    return "staff" if is_known else None


def _thread(
    session: Session, client_id: UUID, now: datetime, *, job_id: UUID | None = None, technician_id: UUID | None = None
) -> ThreadRow:
    """Two who write first at once get the same one: the second waits, and finds it."""
    of_it = ThreadRow.job_id == job_id if job_id else ThreadRow.technician_id == technician_id
    found = select(ThreadRow).where(ThreadRow.client_id == client_id, of_it)
    while (thread := session.scalars(found).one_or_none()) is None:
        # A letter first: six digits would be the code of a visit.
        code = secrets.choice(_LETTERS[:-8]) + "".join(secrets.choice(_LETTERS) for _ in range(CODE_CHARS - 1))
        values = {"client_id": client_id, "job_id": job_id, "technician_id": technician_id}
        session.execute(
            pg_insert(ThreadRow).values(id=new_id(), code=code, created_at=now, **values).on_conflict_do_nothing()
        )
    return thread


def _check_on_job(session: Session, actor: Actor, client_id: UUID, job_id: UUID) -> None:
    if actor.kind in STAFF and actor.client_id == client_id:
        return
    if actor.technician_id is not None:
        mine = AssignmentRow.technician_id == actor.technician_id
    elif actor.company_id is not None:
        mine = AssignmentRow.company_id == actor.company_id
    else:
        raise NotFound("job", job_id)
    states = session.scalars(select(AssignmentRow.state).where(AssignmentRow.job_id == job_id, mine)).all()
    if not states:
        raise NotFound("job", job_id)
    if "live" not in states:
        raise Refused("your part in this job has ended; write to the client instead", ("not_on_it",))


def _may_write(session: Session, client_id: UUID, technician_id: UUID | None) -> bool:
    """They know each other by work, an answer or a pool; and the technician has not shut the door."""
    blocked = select(TechnicianMarkRow.kind).where(
        TechnicianMarkRow.client_id == client_id,
        TechnicianMarkRow.technician_id == technician_id,
        TechnicianMarkRow.kind == "block",
    )
    if session.scalar(blocked) is not None:
        return False
    links = (
        select(PoolMemberRow.pool_id).where(
            PoolMemberRow.client_id == client_id, PoolMemberRow.technician_id == technician_id
        ),
        select(AssignmentRow.id).where(
            AssignmentRow.client_id == client_id, AssignmentRow.technician_id == technician_id
        ),
        select(OfferRow.id).where(
            OfferRow.client_id == client_id,
            OfferRow.technician_id == technician_id,
            OfferRow.answered_at.is_not(None),
        ),
    )
    return any(session.scalar(link.limit(1)) is not None for link in links)


def _check(session: Session, thread: ThreadRow, draft: Draft, who: Author) -> None:
    if not draft.words.strip() and not draft.files:
        raise BadInput("text", draft.words, "say something, or attach a file")
    if draft.files:
        _check_files(session, thread, draft.files)
    if (draft.about_id is None) != (draft.kind == "message"):
        raise BadInput("about_id", draft.about_id, "name the message that you correct or translate, else none")
    if draft.about_id is None:
        return
    original = session.scalars(
        select(MessageRow).where(MessageRow.id == draft.about_id, MessageRow.thread_id == thread.id)
    ).one_or_none()
    if original is None:
        raise NotFound("message", draft.about_id)
    if original.kind == "translation" or (draft.kind == "translation" and draft.language == original.language):
        raise BadInput("language", draft.language, "translate an original, into another language than its own")
    if draft.kind == "correction" and (original.author_kind, original.author_id) != who:
        raise BadInput("about_id", draft.about_id, "correct what you wrote yourself")


def _check_files(session: Session, thread: ThreadRow, files: Sequence[UUID]) -> None:
    if len(files) > MAX_FILES or len(set(files)) != len(files):
        raise BadInput("files", len(files), f"attach at most {MAX_FILES} files, each once")
    known = set(session.scalars(select(FileRow.id).where(FileRow.id.in_(files), FileRow.client_id == thread.client_id)))
    missing = next((each for each in files if each not in known), None)
    if missing is not None:
        raise BadInput("files", str(missing), "attach files that you have sent to this client")


_READ = text("""
UPDATE threads SET reads = reads || jsonb_build_object(cast(:who AS text), cast(:message AS text))
WHERE id = :thread AND coalesce(reads ->> :who, '') < :message
RETURNING id
""")


def _note_read(session: Session, thread_id: UUID, who: Author, message_id: UUID) -> bool:
    """Marks only move on: ids ascend with time."""
    values = {"who": reader_key(who), "message": str(message_id), "thread": str(thread_id)}
    return session.scalar(_READ, values) is not None
