"""What needs a person, and who is there? Alarms: raised, taken on, cleared; shifts of duty."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, tenant_fk, tenant_key


class AlarmRow(Base):
    """Something that needs a person; `due_at` is when it will be too late, `next_climb_at` its timer.

    `subject_id` is what it is about: the visit, the job, a proposal, a webhook. Of a kind and subject one at most is
    open. `client_id` is empty where it is the operator's alone to look at. `acknowledged_by` and `cleared_by` are the
    actor's id, as in events. `told` has the staff whom it climbed to.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        CheckConstraint("client_id IS NOT NULL OR num_nonnulls(job_id, visit_id) = 0", name="work_has_client"),
        CheckConstraint("isfinite(due_at)", name="due_finite"),
        CheckConstraint("level >= 0", name="level_size"),
        CheckConstraint("(cleared_at IS NULL) = (cleared_why IS NULL)", name="cleared_has_why"),
        CheckConstraint("cleared_at IS NULL OR next_climb_at IS NULL", name="cleared_has_no_timer"),
        CheckConstraint(
            "(snoozed_until IS NULL) = (snoozed_why IS NULL) AND isfinite(snoozed_until)"
            " AND (snoozed_until IS NULL OR acknowledged_at IS NOT NULL)",
            name="snoozed_by_somebody",
        ),
        Index("uq_alarms_open", "kind", "subject_id", unique=True, postgresql_where=text("cleared_at IS NULL")),
        Index("ix_alarms_client_id_due_at", "client_id", "due_at", postgresql_where=text("cleared_at IS NULL")),
        Index("ix_alarms_next_climb_at", "next_climb_at", postgresql_where=text("next_climb_at IS NOT NULL")),
        Index("ix_alarms_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID | None]
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
    snoozed_until: Mapped[Instant | None]
    snoozed_why: Mapped[Code | None]
    told: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    cleared_at: Mapped[Instant | None]
    cleared_why: Mapped[Code | None]
    cleared_by: Mapped[UUID | None]


class DutyShiftRow(Base):
    """Who hears of what climbs, from when to when: a member of staff, or a named contact from outside.

    `level` 1 hears first, 2 stands behind; of a client and level one person has the duty at a time. `time_zone` is in
    which the shift was planned.
    """

    __tablename__ = "duty_shifts"
    __table_args__ = (
        tenant_key(),
        tenant_fk("staff_id", "staff"),
        ExcludeConstraint(
            ("client_id", "="), ("level", "="), ("during", "&&"), using="gist", name="ex_duty_shifts_one_at_a_time"
        ),
        CheckConstraint("level BETWEEN 1 AND 9", name="level_range"),
        CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)"
            " AND isfinite(lower(during)) AND isfinite(upper(during)) AND lower_inc(during) AND NOT upper_inc(during)",
            name="during_finite",
        ),
        CheckConstraint("upper(during) - lower(during) <= interval '31 days'", name="during_at_most_31_days"),
        CheckConstraint("num_nonnulls(staff_id, contact_name) = 1", name="somebody"),
        CheckConstraint(
            "CASE WHEN contact_name IS NULL THEN num_nonnulls(contact_email, contact_phone) = 0"
            " ELSE num_nonnulls(contact_email, contact_phone) > 0 END",
            name="contact_reachable",
        ),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    level: Mapped[int] = mapped_column(SmallInteger)
    staff_id: Mapped[UUID | None]
    contact_name: Mapped[Words | None]
    contact_email: Mapped[Words | None]
    contact_phone: Mapped[Words | None]
    during: Mapped[Range[Any]] = mapped_column(TSTZRANGE)
    time_zone: Mapped[Code]
    created_at: Mapped[Instant]
