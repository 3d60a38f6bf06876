"""What happened, by whom, and why? Events and their seals, decisions, keys, idempotency, the board's log.

Events and decisions hold ids and codes, never a name, a place or a contact.
"""

from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Document, Id, Instant, Words, Xid8, one_of, tenant_fk, tenant_key

SUBJECTS = (
    "job",
    "visit",
    "offer",
    "assignment",
    "technician",
    "credential",
    "client",
    "proposal",
    "part",
    "alarm",
    "message",
    "webhook",
    "series",
    "admission",
    "agreement",
    "removal",
    "transaction",
    "payout",
    "dispute",
    "appeal",
    "review",
    "excuse",
)
ACTORS = ("operator", "client_admin", "requester", "dispatcher", "technician", "company", "gateway", "engine")
KEY_ROLES = ("operator", "client_admin", "requester", "dispatcher", "technician", "company", "gateway")


class EventRow(Base):
    """One change of state. `seq`, `prev_hash` and `hash` are set by a trigger: gap-free and chained per subject."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "seq"),
        one_of("subject_kind", SUBJECTS),
        one_of("actor_kind", ACTORS),
        Index("ix_events_client_id_xid", "client_id", "xid"),
        Index("ix_events_xid", "xid"),
        Index("ix_events_actor_id", "actor_id", postgresql_where=text("actor_id IS NOT NULL")),
        Index("ix_events_cleared_read", "client_id", "id", postgresql_where=text("kind = 'cleared_read'")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    subject_kind: Mapped[Code]
    subject_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(server_default="0")
    kind: Mapped[Code]
    actor_kind: Mapped[Code]
    actor_id: Mapped[UUID | None]
    at: Mapped[Instant]
    data: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    prev_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))


class SealRow(Base):
    """A batch of a client's events, chained to the batch before: `client_id` empty is the network's own chain."""

    __tablename__ = "seals"
    __table_args__ = (
        UniqueConstraint("client_id", "num", postgresql_nulls_not_distinct=True),
        CheckConstraint("num_events > 0", name="num_events_size"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    num: Mapped[int]
    from_xid: Mapped[int] = mapped_column(Xid8)
    below_xid: Mapped[int] = mapped_column(Xid8)
    num_events: Mapped[int]
    prev_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[Instant]


class DecisionRow(Base):
    """A decision as it was made: inputs to replay it, outcome to compare with."""

    __tablename__ = "decisions"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        Index("ix_decisions_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    role: Mapped[Code]
    kind: Mapped[Code]
    digest: Mapped[str]
    policy_version: Mapped[Code]
    engine_version: Mapped[Code]
    seed: Mapped[int] = mapped_column(BigInteger)
    decided_at: Mapped[Instant]
    inputs: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    outcome: Mapped[Document]


class ApiKeyRow(Base):
    """Who may call, as whom. Only a hash of the secret is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("hash"),
        one_of("role", KEY_ROLES),
        CheckConstraint(
            "CASE WHEN role IN ('client_admin', 'requester', 'dispatcher')"
            " THEN client_id IS NOT NULL AND num_nonnulls(technician_id, company_id) = 0"
            " WHEN role = 'technician' THEN technician_id IS NOT NULL AND num_nonnulls(client_id, company_id) = 0"
            " WHEN role = 'company' THEN company_id IS NOT NULL AND num_nonnulls(client_id, technician_id) = 0"
            " ELSE num_nonnulls(client_id, technician_id, company_id) = 0 END",
            name="role_has_its_owner",
        ),
    )
    id: Mapped[Id]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[Words]
    role: Mapped[Code]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]


class IdempotencyKeyRow(Base):
    """What was answered to a request, so that the same request has one effect and the same answer.

    `asker_id` is the API key's, or that of the person who is signed in: who signs in anew and sends again what the
    network lost has asked before. `named` are the ids in the address and the answer: of whom and what it tells.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)
    asker_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    named: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    created_at: Mapped[Instant]


class BoardFrameRow(Base):
    """A change on a client's board, numbered without gaps; kept for `board_kept_days` of the settings."""

    __tablename__ = "board_frames"
    __table_args__ = (Index("ix_board_frames_at", "at"),)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), unique=True)
    at: Mapped[Instant]


class CursorRow(Base):
    """How far a background reader has come: below which transaction all events are worked off."""

    __tablename__ = "cursors"
    name: Mapped[Code] = mapped_column(primary_key=True)
    below_xid: Mapped[int] = mapped_column(Xid8)
