"""What is to be done? Jobs, their versions of terms, visits and slots."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
    Document,
    Id,
    Instant,
    Money,
    Words,
    currency,
    money,
    one_of,
    tenant_fk,
    tenant_key,
)
from dispatch.record.tables.clients import SiteRow

JOB_STATES = (
    "draft",
    "open",
    "assigned",
    "in_progress",
    "done",
    "approved",
    "paid",
    "on_hold",
    "unfilled",
    "sent_back",
    "cancelled",
    "disputed",
)
OUTCOMES = ("complete", "return_needed", "could_not_start", "cancelled")
VISIT_STATES = ("planned", "confirmed", "on_the_way", "checked_in", "checked_out", "missed", "cancelled")
SLOT_STATES = ("open", "filled", "closed")
ASKED_TIMES = ("exact", "window", "asap")
MODES = ("auto", "first", "manual")
PAY_KINDS = ("fixed", "hourly")


class BundleRow(Base):
    """Jobs that are taken together or not at all."""

    __tablename__ = "bundles"
    __table_args__ = (tenant_key(), UniqueConstraint("client_id", "name"))
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    name: Mapped[Words]
    created_at: Mapped[Instant]


class JobRow(Base):
    """A piece of work of a client at a site (people say work order); `number` is the client's own.

    `respond_by` and `fix_by` are what was promised, `sla` the moments of warning and the pauses that are over.
    `look_at` is the timer of what can go wrong with it; a trigger sets it to now whenever the version moves.
    `budget_id` is what its pay is counted under, `over_budget` who let it go beyond a soft one, and why.
    `sent_back` is what was sent back, and by when: `{"due_at", "items": [{"what", ...}]}`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "number"),
        tenant_fk("site_id", "sites"),
        tenant_fk("bundle_id", "bundles"),
        tenant_fk("series_id", "series"),
        tenant_fk("budget_id", "budgets"),
        one_of("state", JOB_STATES),
        one_of("mode", MODES),
        CheckConstraint("priority BETWEEN 1 AND 5", name="priority_range"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_time"),
        CheckConstraint("isfinite(respond_by) AND isfinite(fix_by)", name="deadlines_finite"),
        CheckConstraint(
            "(sla_paused_at IS NULL) = (sla_paused_why IS NULL)"
            " AND (sla_paused_at IS NULL OR num_nonnulls(respond_by, fix_by) > 0)",
            name="pause_has_why_and_deadline",
        ),
        Index("ix_jobs_client_id_state", "client_id", "state"),
        Index("ix_jobs_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index("ix_jobs_client_id_site_id", "client_id", "site_id"),
        CheckConstraint("(series_id IS NULL) = (series_day IS NULL)", name="series_with_its_day"),
        CheckConstraint("jsonb_typeof(disclosure) = 'object'", name="disclosure_object"),
        Index("ix_jobs_client_id_bundle_id", "client_id", "bundle_id"),
        Index("ix_jobs_budget_id", "budget_id", postgresql_where=text("budget_id IS NOT NULL")),
        Index(
            "uq_jobs_series_day", "series_id", "series_day", unique=True, postgresql_where=text("series_id IS NOT NULL")
        ),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    site_id: Mapped[UUID]
    bundle_id: Mapped[UUID | None]
    series_id: Mapped[UUID | None]
    series_day: Mapped[date | None]
    budget_id: Mapped[UUID | None]
    over_budget: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    number: Mapped[Code]
    purchase_order: Mapped[Code | None]
    project: Mapped[Code | None]
    job_type: Mapped[Code]
    title: Mapped[Words]
    description: Mapped[Words] = mapped_column(server_default="")
    state: Mapped[Code] = mapped_column(server_default="draft")
    mode: Mapped[Code] = mapped_column(server_default="first")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="3")
    policy: Mapped[Document]
    day_policy: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    disclosure: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    deliverables: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    terms_version: Mapped[int] = mapped_column(server_default="1")
    unfilled: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    sent_back: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    posted_at: Mapped[Instant | None]
    cancelled_at: Mapped[Instant | None]
    cancelled_why: Mapped[Code | None]
    created_at: Mapped[Instant]
    respond_by: Mapped[Instant | None]
    fix_by: Mapped[Instant | None]
    respond_broken_at: Mapped[Instant | None]
    fix_broken_at: Mapped[Instant | None]
    sla_paused_at: Mapped[Instant | None]
    sla_paused_why: Mapped[Code | None]
    sla: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    look_at: Mapped[Instant | None] = mapped_column(
        server_default=text("clock_timestamp()"), server_onupdate=FetchedValue()
    )
    version: Mapped[int] = mapped_column(server_default="1")
    site: Mapped[SiteRow] = relationship(lazy="raise", viewonly=True)
    visits: Mapped[list["VisitRow"]] = relationship(lazy="raise", viewonly=True, order_by="VisitRow.num")


class TermsRow(Base):
    """What was offered, version by version: an acceptance names the version that was shown."""

    __tablename__ = "terms"
    __table_args__ = (tenant_fk("job_id", "jobs"),)
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    terms: Mapped[Document]
    since: Mapped[Instant]


class VisitRow(Base):
    """One trip to the site. The window is what was asked for; `planned_*` is what was agreed.

    `outcome*` and `evidence` (ids of files) are how it ended.
    """

    __tablename__ = "visits"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("job_id", "num"),
        tenant_fk("job_id", "jobs"),
        one_of("state", VISIT_STATES),
        one_of("asked_time", ASKED_TIMES),
        one_of("outcome", OUTCOMES),
        CheckConstraint(
            "isfinite(window_start_at) AND isfinite(window_end_at)"
            " AND window_end_at - window_start_at >= make_interval(mins => duration_min)",
            name="window_holds_work",
        ),
        CheckConstraint("duration_min BETWEEN 1 AND 20160", name="duration_min_range"),
        CheckConstraint("(planned_start_at IS NULL) = (planned_end_at IS NULL)", name="planned_both_ends"),
        CheckConstraint("planned_start_at < planned_end_at", name="planned_order"),
        CheckConstraint("checked_in_at <= checked_out_at", name="check_in_before_out"),
        CheckConstraint("(state = 'checked_out') = (checked_out_at IS NOT NULL)", name="checked_out_has_time"),
        Index("ix_visits_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    num: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    state: Mapped[Code] = mapped_column(server_default="planned")
    asked_time: Mapped[Code]
    window_start_at: Mapped[Instant]
    window_end_at: Mapped[Instant]
    duration_min: Mapped[int]
    planned_start_at: Mapped[Instant | None]
    planned_end_at: Mapped[Instant | None]
    confirm_by: Mapped[Instant | None]
    confirmed_at: Mapped[Instant | None]
    checked_in_at: Mapped[Instant | None]
    checked_out_at: Mapped[Instant | None]
    outcome: Mapped[Code | None]
    outcome_why: Mapped[Code | None]
    outcome_by: Mapped[Code | None]
    outcome_note: Mapped[Words] = mapped_column(server_default="")
    evidence: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[Instant]
    slots: Mapped[list["SlotRow"]] = relationship(lazy="raise", viewonly=True, order_by="SlotRow.num")


class SlotRow(Base):
    """One place for one technician on a visit. Slots of the same role are alike, and offered together.

    Whoever has the one with `is_lead` leads the visit. An observer is there to look: the visit, the job and whether it
    is filled know nothing of them.
    """

    __tablename__ = "slots"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("visit_id", "num"),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        one_of("state", SLOT_STATES),
        one_of("pay_kind", PAY_KINDS),
        money("pay_amount"),
        currency(),
        CheckConstraint("(state = 'filled') = (technician_id IS NOT NULL)", name="filled_has_technician"),
        CheckConstraint("NOT (is_lead AND is_observer)", name="observer_leads_nobody"),
        Index("uq_slots_visit_id_technician_id", "visit_id", "technician_id", unique=True),
        Index("uq_slots_lead", "visit_id", unique=True, postgresql_where=text("is_lead")),
        Index("ix_slots_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    num: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    role: Mapped[Code] = mapped_column(server_default="technician")
    is_lead: Mapped[bool] = mapped_column(server_default=text("false"))
    is_observer: Mapped[bool] = mapped_column(server_default=text("false"))
    needs: Mapped[Document]
    pay_kind: Mapped[Code]
    pay_amount: Mapped[Money]
    currency: Mapped[Currency]
    state: Mapped[Code] = mapped_column(server_default="open")
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
