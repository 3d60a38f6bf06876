"""What was agreed to, what shows a proof, how does somebody leave over one? Agreements, documents, removals."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, one_of, tenant_key

REMOVAL_STATES = ("noticed", "answered", "under_review", "withdrawn", "final")
ENDED_REMOVALS = ("withdrawn", "final")
DOCUMENT_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")


class AgreementRow(Base):
    """One version of a client's agreement, kept as it was published.

    Signatures of older versions count through the day before `sign_again_from`; None: they go on counting.
    """

    __tablename__ = "agreements"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "kind", "version", name="uq_agreements_version"),
        CheckConstraint("version >= 1", name="version_size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_whole"),
        CheckConstraint("isfinite(sign_again_from)", name="sign_again_finite"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    kind: Mapped[Code] = mapped_column(ForeignKey("credential_kinds.code"))
    version: Mapped[int] = mapped_column(SmallInteger)
    words: Mapped[Words]
    sha256: Mapped[str] = mapped_column(String(64))
    sign_again_from: Mapped[date | None]
    published_at: Mapped[Instant]


class DocumentRow(Base):
    """A page of what shows a proof: a photo or a PDF; its bytes lie in the file store under the proof's id.

    A page that is replaced goes: its hash stays in the event.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("credential_id", "num"),
        CheckConstraint("num BETWEEN 1 AND 20", name="num_range"),
        one_of("content_type", DOCUMENT_TYPES),
        CheckConstraint("num_bytes BETWEEN 1 AND 50000000", name="num_bytes_size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_whole"),
        CheckConstraint("(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name="picture_size"),
    )
    id: Mapped[Id]
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credentials.id", ondelete="CASCADE"))
    num: Mapped[int] = mapped_column(SmallInteger)
    content_type: Mapped[Code]
    num_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    received_at: Mapped[Instant]


class RemovalRow(Base):
    """Somebody is to leave over the result of a screening: never at once, never by a machine.

    `respond_by` ends the days in which the technician can answer; `steps` has who did what, and when; `held_before` is
    the state to which they return if it is taken back; `weighed` what a person weighed before they made it final.
    """

    __tablename__ = "removals"
    __table_args__ = (
        one_of("state", REMOVAL_STATES),
        CheckConstraint("isfinite(respond_by)", name="respond_by_finite"),
        CheckConstraint("(state IN ('withdrawn', 'final')) = (ended_at IS NOT NULL)", name="ended_has_time"),
        CheckConstraint("state <> 'final' OR btrim(coalesce(weighed, '')) <> ''", name="final_was_weighed"),
        Index(
            "uq_removals_open",
            "technician_id",
            unique=True,
            postgresql_where=text("state NOT IN ('withdrawn', 'final')"),
        ),
        Index("ix_removals_technician_id", "technician_id"),
        Index("ix_removals_credential_id", "credential_id"),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credentials.id", ondelete="CASCADE"))
    state: Mapped[Code] = mapped_column(server_default="noticed")
    held_before: Mapped[Code]
    notice: Mapped[Words]
    answer: Mapped[Words | None]
    weighed: Mapped[Words | None]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    respond_by: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
