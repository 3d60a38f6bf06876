"""What may only somebody with a clearance read? Texts of jobs and templates, sealed."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Id, Instant, tenant_fk, tenant_key

#: The id of the key that sealed bytes name inside (`dispatch.record.sealing`).
KEY_ID = "encode(substring(sealed FROM 3 FOR get_byte(sealed, 1)), 'escape')"


class ClearedTextRow(Base):
    """One named text of a job or of a template, sealed for this place alone. `key_id` is the key that sealed it."""

    __tablename__ = "cleared_texts"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("template_id", "templates"),
        CheckConstraint("num_nonnulls(job_id, template_id) = 1", name="one_owner"),
        CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,39}$'", name="name_code"),
        CheckConstraint("octet_length(sealed) BETWEEN 52 AND 20000", name="sealed_size"),
        Index("uq_cleared_texts_job", "job_id", "name", unique=True, postgresql_where=text("job_id IS NOT NULL")),
        Index(
            "uq_cleared_texts_template",
            "template_id",
            "name",
            unique=True,
            postgresql_where=text("template_id IS NOT NULL"),
        ),
        Index("ix_cleared_texts_key_id", "key_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    template_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(40))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str | None] = mapped_column(String(64), Computed(KEY_ID, persisted=True))
    sealed_at: Mapped[Instant]
