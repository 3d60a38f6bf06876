"""What changed after somebody had the work? Proposals of either side, what is owed for early ends, incidents."""

from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

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

SIDES = ("client", "technician")
#: What a proposal changes; `several` of them at once.
PROPOSAL_KINDS = ("time", "place", "scope", "pay", "several")
#: `overtaken`: something else changed the work meanwhile, or it began.
PROPOSAL_STATES = ("open", "accepted", "refused", "withdrawn", "expired", "overtaken")
#: As `matching.charges.CHARGE_KINDS`, which computes them.
CHARGE_KINDS = ("cancellation_fee", "trip_charge", "minimum_hours", "stand_by")
INCIDENT_KINDS = ("unnamed_person", "damage", "unsafe", "theft_suspected")
INCIDENT_DECISIONS = ("confirmed", "dismissed")


class ProposalRow(Base):
    """Other terms that one side of an assignment asks the other for, against the terms in force; the row is the timer.

    `payload` holds what would be different (`start_at`, `site_id`, `duration_min`, `needs`, `pay`), `description` new
    words for the job.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("assignment_id", "assignments"),
        one_of("by_side", SIDES),
        one_of("kind", PROPOSAL_KINDS),
        one_of("state", PROPOSAL_STATES),
        CheckConstraint("made_at <= expires_at", name="expires_after_made"),
        CheckConstraint("isfinite(expires_at)", name="expires_finite"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_time"),
        Index("uq_proposals_open", "assignment_id", "by_side", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_proposals_expires_at", "expires_at", postgresql_where=text("state = 'open'")),
        Index("ix_proposals_client_id_visit_id", "client_id", "visit_id"),
        Index("ix_proposals_technician_id", "technician_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    by_side: Mapped[Code]
    kind: Mapped[Code]
    payload: Mapped[Document]
    description: Mapped[Words | None]
    reason: Mapped[Code]
    note: Mapped[Words] = mapped_column(server_default="")
    terms_version: Mapped[int]
    state: Mapped[Code] = mapped_column(server_default="open")
    made_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    decided_at: Mapped[Instant | None]


class ChargeRow(Base):
    """A sum that the client owes for work that ended early, once a kind and assignment, by the terms of that yes."""

    __tablename__ = "charges"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("assignment_id", "assignments"),
        UniqueConstraint("assignment_id", "kind"),
        one_of("kind", CHARGE_KINDS),
        money("amount"),
        currency(),
        Index("ix_charges_client_id_job_id", "client_id", "job_id"),
        Index("ix_charges_technician_id", "technician_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    kind: Mapped[Code]
    amount: Mapped[Money]
    currency: Mapped[Currency]
    why: Mapped[Code]
    terms_version: Mapped[int]
    booked_at: Mapped[Instant]


class IncidentRow(Base):
    """Something on the site that should not have been, told by who was there; a person of the client decides."""

    __tablename__ = "incidents"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("assignment_id", "assignments"),
        one_of("kind", INCIDENT_KINDS),
        one_of("decision", INCIDENT_DECISIONS),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_has_time"),
        Index("ix_incidents_client_id_visit_id", "client_id", "visit_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    assignment_id: Mapped[UUID | None]
    kind: Mapped[Code]
    note: Mapped[Words] = mapped_column(server_default="")
    files: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    by_kind: Mapped[Code]
    by_id: Mapped[UUID | None]
    reported_at: Mapped[Instant]
    decision: Mapped[Code | None]
    decided_at: Mapped[Instant | None]
