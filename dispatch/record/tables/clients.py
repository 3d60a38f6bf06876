"""Who posts work, where, and whom do they know? Clients, their staff, sites, pools and marks."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from geoalchemy2 import Geography, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
    Document,
    Id,
    Instant,
    Words,
    currency,
    one_of,
    place,
    tenant_fk,
    tenant_key,
)

CLIENT_STATES = ("applied", "approved", "declined", "suspended")
STAFF_ROLES = ("operator", "client_admin", "requester", "dispatcher")

_SAYS_WHY = "kind <> 'block' OR btrim(coalesce(reason, '')) <> ''"


class ClientRow(Base):
    """A company with a service department: the tenant. Only an approved one posts, and has its jobs offered.

    `regions` are the US states in which it may post, None everywhere. `agreement` says which text was accepted, when
    and for whom. `money` are its rules of pay (`matching.moneyrules`), its credit limit among them; `pays_outside`:
    its money isn't kept here, which somebody said. Whoever is let in has an agreement and one of the two.
    `limits` says which packs bind it, and how hard; hours with it are counted by the days of `hours_zone`. Who is
    employed for it (W-2) is paid through the company `payroll_id`, its payroll partner.
    """

    __tablename__ = "clients"
    __table_args__ = (
        currency(),
        one_of("state", CLIENT_STATES),
        CheckConstraint("(state IN ('declined', 'suspended')) = (state_reason IS NOT NULL)", name="state_has_reason"),
        CheckConstraint("jsonb_typeof(regions) = 'array'", name="regions_list"),
        CheckConstraint("state IN ('applied', 'declined') OR agreement IS NOT NULL", name="let_in_has_agreement"),
        CheckConstraint("state IN ('applied', 'declined') OR pays_outside OR money IS NOT NULL", name="let_in_pays"),
        CheckConstraint("NOT (pays_outside AND money IS NOT NULL)", name="pays_one_way"),
    )
    id: Mapped[Id]
    name: Mapped[Words]
    currency: Mapped[Currency] = mapped_column(server_default="USD")
    policy: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    day_policy: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    money: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    pays_outside: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[Code] = mapped_column(server_default="applied")
    state_reason: Mapped[Code | None]
    regions: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    agreement: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    limits: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    hours_zone: Mapped[Code] = mapped_column(server_default="UTC")
    proof_policy: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    payroll_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    created_at: Mapped[Instant]

    @property
    def credit_limit(self) -> Decimal | None:
        """How far below nothing its funds may go; None: its money isn't kept here."""
        return None if self.money is None else Decimal(self.money["credit_limit"])


class StaffRow(Base):
    """A person who works for a client, or for the operator (`client_id` empty).

    `erased_at`: nothing is left of them but that they were; their id stays with what they did.
    """

    __tablename__ = "staff"
    __table_args__ = (
        tenant_key(),
        one_of("role", STAFF_ROLES),
        CheckConstraint("(role = 'operator') = (client_id IS NULL)", name="operator_has_no_client"),
        CheckConstraint("erased_at IS NULL OR left_at IS NOT NULL", name="erased_has_left"),
        UniqueConstraint("client_id", "email", postgresql_nulls_not_distinct=True),
        Index("ix_staff_email", text("lower(email)")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    role: Mapped[Code]
    name: Mapped[Words]
    email: Mapped[Words]
    phone: Mapped[Words | None]
    preferences: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    left_at: Mapped[Instant | None]
    erased_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


class SiteRow(Base):
    """A place of a client where work is done. `lat`, `lng` WGS 84 degrees; `cell` its H3 res-10 integer."""

    __tablename__ = "sites"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "store_number"),
        place(),
        CheckConstraint("geofence_m BETWEEN 10 AND 100000", name="geofence_size"),
        Index("ix_sites_client_id_cell", "client_id", "cell"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    store_number: Mapped[Code]
    name: Mapped[Words]
    address: Mapped[Words]
    town: Mapped[Words]
    region: Mapped[Code]
    postcode: Mapped[Code]
    country: Mapped[str] = mapped_column(String(2))
    lat: Mapped[float]
    lng: Mapped[float]
    point: Mapped[WKBElement] = mapped_column(
        Geography("POINT", srid=4326, spatial_index=False),
        Computed("ST_SetSRID(ST_MakePoint(lng, lat), 4326)::geography", persisted=True),
    )
    cell: Mapped[int] = mapped_column(BigInteger)
    time_zone: Mapped[Code]
    geofence_m: Mapped[int] = mapped_column(server_default="200")
    contact_name: Mapped[Words | None]
    contact_phone: Mapped[Words | None]
    contact_email: Mapped[Words | None]
    contact_language: Mapped[Code | None]
    access: Mapped[Words | None]
    parking: Mapped[Words | None]
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    hazards: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    opening_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    holiday_region: Mapped[Code | None]
    created_at: Mapped[Instant]


class PoolRow(Base):
    """A client's curated set of technicians: by invitation, or open to all who meet its `requirements`.

    `judged_on`: the last day (UTC) for which everyone was held against the requirements; `judged_through`: how far
    that has come today.
    """

    __tablename__ = "pools"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "name"),
        CheckConstraint("jsonb_typeof(requirements) = 'object'", name="requirements_document"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    name: Mapped[Words]
    requirements: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    judged_on: Mapped[date | None]
    judged_through: Mapped[UUID | None]
    created_at: Mapped[Instant]


class PoolMemberRow(Base):
    """A technician in a pool."""

    __tablename__ = "pool_members"
    __table_args__ = (tenant_fk("pool_id", "pools"), Index("ix_pool_members_technician_id", "technician_id"))
    pool_id: Mapped[UUID] = mapped_column(primary_key=True)
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"), primary_key=True)
    client_id: Mapped[UUID]
    joined_at: Mapped[Instant]


class ClientMarkRow(Base):
    """What a client thinks of a technician: a block or a favourite. Never shown to the technician."""

    __tablename__ = "client_marks"
    __table_args__ = (
        one_of("kind", ("block", "favourite")),
        CheckConstraint(_SAYS_WHY, name="block_has_reason"),
        Index("ix_client_marks_technician_id", "technician_id"),
    )
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"), primary_key=True)
    kind: Mapped[Code]
    reason: Mapped[Words | None]
    marked_at: Mapped[Instant]


class TechnicianMarkRow(Base):
    """What a technician thinks of a client: a block or a favourite. Never shown to the client."""

    __tablename__ = "technician_marks"
    __table_args__ = (one_of("kind", ("block", "favourite")), CheckConstraint(_SAYS_WHY, name="block_has_reason"))
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"), primary_key=True)
    kind: Mapped[Code]
    reason: Mapped[Words | None]
    marked_at: Mapped[Instant]
