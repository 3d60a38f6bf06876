"""What is done again and again? Templates of jobs, and series of jobs by a rule."""

from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Document, Id, Instant, Words, one_of, tenant_fk, tenant_key

SERIES_STATES = ("active", "paused", "ended")
ON_CLOSED_DAYS = ("skip", "next_open_day", "keep")


class TemplateRow(Base):
    """A job without number, site and time, under a client's own name. `document` is what posting would take."""

    __tablename__ = "templates"
    __table_args__ = (
        tenant_key(),
        Index("uq_templates_name", "client_id", "name", unique=True, postgresql_where=text("archived_at IS NULL")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    name: Mapped[Words]
    document: Mapped[Document]
    archived_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(server_default="1")


class SeriesRow(Base):
    """Jobs that come again by a rule; `due_at` is its timer, `made_through` the last day of the rule that is done.

    `document` holds what differs from the template, or the whole job. `exceptions` maps days of the rule to null
    (skipped) or to the instant that the day was moved to.
    """

    __tablename__ = "series"
    __table_args__ = (
        tenant_key(),
        tenant_fk("site_id", "sites"),
        tenant_fk("template_id", "templates"),
        one_of("state", SERIES_STATES),
        one_of("on_closed_day", ON_CLOSED_DAYS),
        CheckConstraint("window_min BETWEEN 1 AND 20160", name="window_min_range"),
        CheckConstraint("make_ahead_days BETWEEN 1 AND 180", name="make_ahead_days_range"),
        CheckConstraint("due_at IS NULL OR state = 'active'", name="only_active_is_due"),
        CheckConstraint("stopped_why IS NULL OR state = 'paused'", name="only_paused_has_why"),
        Index("ix_series_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_series_client_id_template_id", "client_id", "template_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    site_id: Mapped[UUID]
    template_id: Mapped[UUID | None]
    name: Mapped[Words]
    document: Mapped[Document]
    rule: Mapped[Words]
    first_day: Mapped[date]
    start_time: Mapped[time]
    window_min: Mapped[int]
    on_closed_day: Mapped[Code]
    number_pattern: Mapped[Code]
    make_ahead_days: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[Code] = mapped_column(server_default="active")
    stopped_why: Mapped[Code | None]
    exceptions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    made_through: Mapped[date | None]
    num_made: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(server_default="1")
