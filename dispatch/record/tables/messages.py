"""Who was told what, and who said what to whom? Notices and their fate; threads and their messages.

No address stands in any of these rows: a notice names its reader, and where they are reached is looked up when it is
sent.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Document, Id, Instant, Words, one_of, tenant_fk, tenant_key

READERS = ("technician", "staff", "contact", "duty")
NOTICE_STATES = ("queued", "held", "failed", "sent", "given_up", "suppressed", "gathered")
AUTHORS = ("technician", "staff", "contact", "company", "gateway")
MESSAGE_KINDS = ("message", "correction", "translation")
VIAS = ("app", "sms", "mail")


class NoticeRow(Base):
    """Something that one reader is told, and what became of it; `reader_id` of a contact is the site's.

    `held` until `until_at` (quiet hours, a digest), `failed` and tried again at `until_at`, `gathered` into another one
    of occasion `digest`. `channels` are those still to be tried, the present one first.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("event_id", "occasion", "reader_id", "num"),
        one_of("reader_kind", READERS),
        one_of("state", NOTICE_STATES),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
        CheckConstraint("(state IN ('held', 'failed')) = (until_at IS NOT NULL)", name="waiting_has_time"),
        CheckConstraint("num_attempts >= 0", name="num_attempts_size"),
        Index("ix_notices_client_id_id", "client_id", "id"),
        Index("ix_notices_reader_id_id", "reader_id", "id"),
        Index("ix_notices_job_id", "job_id"),
        Index("ix_notices_digest", "until_at", postgresql_where=text("state = 'held' AND reason = 'digest'")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    occasion: Mapped[Code]
    num: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    reader_kind: Mapped[Code]
    reader_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    data: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    channels: Mapped[list[str]] = mapped_column(ARRAY(String(64)), server_default=text("'{}'"))
    state: Mapped[Code]
    reason: Mapped[Code | None]
    num_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    until_at: Mapped[Instant | None]
    sent_at: Mapped[Instant | None]
    reference: Mapped[str | None]
    made_at: Mapped[Instant]


class ThreadRow(Base):
    """A conversation of a client: about a job, or with a technician. `code` is what people write to reach it.

    `reads` holds, for each reader (`kind:id`), the last message they have read.
    """

    __tablename__ = "threads"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        UniqueConstraint("client_id", "job_id"),
        UniqueConstraint("client_id", "technician_id"),
        UniqueConstraint("code"),
        CheckConstraint("num_nonnulls(job_id, technician_id) = 1", name="of_job_or_person"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    job_id: Mapped[UUID | None]
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"), index=True)
    code: Mapped[Code]
    reads: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Instant]


class MessageRow(Base):
    """What somebody wrote in a thread, kept as it was written; a correction or a translation is one more (`about_id`).

    `carrier_id` is the carrier's own id of what came from outside: the same is taken in once.
    """

    __tablename__ = "messages"
    __table_args__ = (
        tenant_key(),
        tenant_fk("thread_id", "threads"),
        UniqueConstraint("via", "carrier_id"),
        one_of("kind", MESSAGE_KINDS),
        one_of("author_kind", AUTHORS),
        one_of("via", VIAS),
        CheckConstraint("(kind = 'message') = (about_id IS NULL)", name="about_another"),
        CheckConstraint("words <> '' OR cardinality(files) > 0", name="says_something"),
        CheckConstraint("char_length(words) <= 60000", name="words_size"),
        Index("ix_messages_client_id_thread_id", "client_id", "thread_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    thread_id: Mapped[UUID]
    kind: Mapped[Code] = mapped_column(server_default="message")
    about_id: Mapped[UUID | None]
    author_kind: Mapped[Code]
    author_id: Mapped[UUID]
    words: Mapped[Words]
    language: Mapped[Code]
    files: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    via: Mapped[Code] = mapped_column(server_default="app")
    carrier_id: Mapped[str | None]
    sent_at: Mapped[Instant]
