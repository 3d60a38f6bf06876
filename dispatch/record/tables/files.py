"""What was photographed, written and signed? Files: their bytes lie in the file store, under the same ids."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, one_of, tenant_fk, tenant_key

FILE_KINDS = ("photo", "document", "signature", "attachment")
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain")


class FileRow(Base):
    """A photo, document, signature or attachment, as it was kept. `claimed_taken_at` is the camera's word, no proof.

    It belongs to a job (and a visit), a site, or a person (`technician_id`); with none of them it is the client's own.
    `uploaded_by` is the actor's id, as in events. `erased_at`: its bytes are gone with the person whose they were.
    """

    __tablename__ = "files"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("site_id", "sites"),
        one_of("kind", FILE_KINDS),
        one_of("content_type", CONTENT_TYPES),
        CheckConstraint("num_bytes BETWEEN 1 AND 50000000", name="num_bytes_size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_whole"),
        CheckConstraint("(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name="picture_size"),
        CheckConstraint("isfinite(claimed_taken_at)", name="claimed_finite"),
        CheckConstraint("visit_id IS NULL OR job_id IS NOT NULL", name="visit_has_job"),
        Index("ix_files_client_id_job_id", "client_id", "job_id"),
        Index("ix_files_client_id_site_id", "client_id", "site_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    job_id: Mapped[UUID | None]
    visit_id: Mapped[UUID | None]
    site_id: Mapped[UUID | None]
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"), index=True)
    kind: Mapped[Code]
    content_type: Mapped[Code]
    num_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    claimed_taken_at: Mapped[Instant | None]
    received_at: Mapped[Instant]
    uploaded_by_kind: Mapped[Code]
    uploaded_by: Mapped[UUID | None]
    erased_at: Mapped[Instant | None]
