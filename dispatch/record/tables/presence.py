"""Who was there, and for how long? The time log of each assignment, and words that came by telephone.

A correction never changes what was written: it is a row of its own, the next version of the entry, which holds once
the other side has agreed.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Document, Id, Instant, Words, one_of, tenant_fk, tenant_key

ENTRY_KINDS = ("work", "wait", "break")
ENTRY_STATES = ("current", "proposed", "superseded", "refused")
ENTRY_SOURCES = ("app", "sms", "voice", "dispatcher", "gateway")
SIDES = ("technician", "client")
CHANNELS = ("sms", "voice")


class TimeEntryRow(Base):
    """A version of a span of a technician's time on a visit; `ended_at` empty: it goes on.

    `entry_id` names the entry through all its versions. `started_at` is what holds: as claimed by a phone that had no
    signal, else as received. `proof_in` and `proof_out` are positions as compared with the site. No two current
    entries of a technician overlap, whosever site they are for: the exclusion sees all clients' rows.
    """

    __tablename__ = "time_entries"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("assignment_id", "assignments"),
        UniqueConstraint("entry_id", "version"),
        one_of("kind", ENTRY_KINDS),
        one_of("state", ENTRY_STATES),
        one_of("source", ENTRY_SOURCES),
        one_of("proposed_by", SIDES),
        ExcludeConstraint(
            ("technician_id", "="),
            (text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            where=text("state = 'current'"),
            using="gist",
            name="ex_time_entries_no_overlap",
        ),
        CheckConstraint("isfinite(started_at) AND (ended_at IS NULL OR isfinite(ended_at))", name="span_finite"),
        CheckConstraint("started_at < ended_at", name="span_order"),
        CheckConstraint("ended_at - started_at <= interval '14 days'", name="span_at_most_14_days"),
        CheckConstraint("version >= 1", name="version_size"),
        CheckConstraint("agreed_at IS NULL OR (state = 'current' AND ended_at IS NOT NULL)", name="agreed_is_whole"),
        Index(
            "uq_time_entries_open",
            "entry_id",
            "state",
            unique=True,
            postgresql_where=text("state IN ('current', 'proposed')"),
        ),
        Index("ix_time_entries_client_id_visit_id", "client_id", "visit_id"),
        Index("ix_time_entries_assignment_id", "assignment_id"),
        Index(
            "ix_time_entries_placed",
            "in_received_at",
            postgresql_where=text("proof_in ? 'lat' OR proof_out ? 'lat'"),
        ),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    entry_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    state: Mapped[Code] = mapped_column(server_default="current")
    kind: Mapped[Code] = mapped_column(server_default="work")
    reason: Mapped[Code | None]
    note: Mapped[Words] = mapped_column(server_default="")
    started_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    source: Mapped[Code]
    in_claimed_at: Mapped[Instant | None]
    in_received_at: Mapped[Instant]
    out_claimed_at: Mapped[Instant | None]
    out_received_at: Mapped[Instant | None]
    out_source: Mapped[Code | None]
    proof_in: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    proof_out: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    proposed_by: Mapped[Code]
    agreed_at: Mapped[Instant | None]
    decided_at: Mapped[Instant | None]


class PhoneWordRow(Base):
    """A text or a call to the visits' number: kept once by the carrier's own id, counted against guessing.

    Of the sender a hash is kept, of the words only what came of them; STOP and START of texts stand here too.
    """

    __tablename__ = "phone_words"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        one_of("channel", CHANNELS),
        Index("ix_phone_words_sender_hash_received_at", "sender_hash", "received_at"),
    )
    id: Mapped[Id]
    channel: Mapped[Code]
    message_id: Mapped[Words]
    sender_hash: Mapped[bytes] = mapped_column(LargeBinary)
    is_miss: Mapped[bool]
    answer: Mapped[Document]
    received_at: Mapped[Instant]
