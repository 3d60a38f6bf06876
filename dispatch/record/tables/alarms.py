"""What needs a person? Alarms: raised, taken on, cleared."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, tenant_fk, tenant_key


class AlarmRow(Base):
    """Something that needs a person; `due_at` is when it will be too late, `next_climb_at` its timer.

    `subject_id` is what it is about: the visit, the job, a proposal, a webhook. Of a kind and subject one at most is
    open. `acknowledged_by` is the actor's id, as in events.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        CheckConstraint("isfinite(due_at)", name="due_finite"),
        CheckConstraint("level >= 0", name="level_size"),
        CheckConstraint("(cleared_at IS NULL) = (cleared_why IS NULL)", name="cleared_has_why"),
        CheckConstraint("cleared_at IS NULL OR next_climb_at IS NULL", name="cleared_has_no_timer"),
        Index("uq_alarms_open", "kind", "subject_id", unique=True, postgresql_where=text("cleared_at IS NULL")),
        Index("ix_alarms_client_id_due_at", "client_id", "due_at", postgresql_where=text("cleared_at IS NULL")),
        Index("ix_alarms_next_climb_at", "next_climb_at", postgresql_where=text("next_climb_at IS NOT NULL")),
        Index("ix_alarms_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID | None]
    visit_id: Mapped[UUID | None]
    kind: Mapped[Code]
    subject_id: Mapped[UUID]
    raised_at: Mapped[Instant]
    due_at: Mapped[Instant]
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_climb_at: Mapped[Instant | None]
    acknowledged_at: Mapped[Instant | None]
    acknowledged_by: Mapped[UUID | None]
    cleared_at: Mapped[Instant | None]
    cleared_why: Mapped[Code | None]
