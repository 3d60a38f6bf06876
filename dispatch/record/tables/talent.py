"""Who does the work? Technicians, the companies they work for, and what is proved about them.

These rows belong to the network, not to a client. Every change to what the rules read moves the technician's
`version` and `changed_xid` by a trigger, which is how the index learns of it.
"""

from datetime import date, time
from typing import Any
from uuid import UUID

from geoalchemy2 import Geography, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    FetchedValue,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
    Id,
    Instant,
    Money,
    Words,
    Xid8,
    currency,
    money,
    one_of,
    place,
)
from matching.taxclasses import TAX_CLASSES

TECHNICIAN_STATES = ("invited", "active", "paused", "suspended", "left", "erased")
#: States in which a proof counts, and in which it has ended; the rules read its days besides.
LIVE_PROOFS = ("verified", "expiring")
ENDED_PROOFS = ("expired", "revoked", "rejected")
#: What is wrong with a proof itself, whatever it says of a person: no hearing goes before its end then.
GROUNDS = ("forged", "wrong_person", "unreadable", "incomplete")
CREDENTIAL_STATES = ("claimed", "submitted", *LIVE_PROOFS, *ENDED_PROOFS)
#: What sort of proof a kind is: which facts it has, and what a client can ask of it.
FAMILIES = (
    "background_check",
    "drug_screen",
    "insurance",
    "agreement",
    "licence",
    "certificate",
    "clearance",
    "data_access",
    "tax_form",
)
#: Who says that a proof of a kind is genuine, beside a screening vendor: the operator always may.
VERIFIERS = ("operator", "client")
CLEARANCES = ("unknown", "claimed", "us_person", "not_us_person")


class CompanyRow(Base):
    """A company that technicians work for: it answers offers for them, is insured and is paid."""

    __tablename__ = "companies"
    __table_args__ = (UniqueConstraint("name"),)
    id: Mapped[Id]
    name: Mapped[Words]
    created_at: Mapped[Instant]


class TaxClassRow(Base):
    """How a company is taxed, by the W-9 that it signed on `signed_on`: the operator's entry, never changed.

    It counts from `counts_from` until the next one does; of two of the same day the one said later.
    """

    __tablename__ = "tax_classes"
    __table_args__ = (
        one_of("tax_class", TAX_CLASSES),
        CheckConstraint("isfinite(signed_on) AND isfinite(counts_from)", name="days_finite"),
        Index("ix_tax_classes_company_id_counts_from", "company_id", "counts_from"),
    )
    id: Mapped[Id]
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    tax_class: Mapped[Code]
    signed_on: Mapped[date]
    counts_from: Mapped[date]
    said_at: Mapped[Instant]


class SkillRow(Base):
    """A skill of the network's catalogue."""

    __tablename__ = "skills"
    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Words]


class CredentialKindRow(Base):
    """A kind of proof: background check, insurance, licence. `verified_by` says whose reviewers it waits for."""

    __tablename__ = "credential_kinds"
    __table_args__ = (
        one_of("family", FAMILIES),
        one_of("verified_by", VERIFIERS),
        CheckConstraint("is_screening OR family NOT IN ('background_check', 'drug_screen')", name="screened"),
    )
    code: Mapped[Code] = mapped_column(primary_key=True)
    name: Mapped[Words]
    is_screening: Mapped[bool] = mapped_column(server_default=text("false"))
    family: Mapped[Code] = mapped_column(server_default="certificate")
    verified_by: Mapped[Code] = mapped_column(server_default="operator")


class TechnicianRow(Base):
    """A person of the network. `quiet_*` and hours are local to `time_zone`; `area` wins over `radius_km`.

    `reputation` is as it was reckoned at `reputation_at` (empty: never), `reputation_high` its interval's upper end;
    the default says nothing of somebody (`dispatch.talent.reading`).
    `clearance_until` is the last day of what clears them: of the proofs, or of the operator's word, a year at most.
    `clearance_warned` is the last day of the word whose end they were told of.
    `proofs_due_at` is when what they have and are asked for is to be judged again by their proofs.
    """

    __tablename__ = "technicians"
    __table_args__ = (
        UniqueConstraint("number"),
        one_of("state", TECHNICIAN_STATES),
        one_of("clearance", CLEARANCES),
        place(),
        currency(),
        money("min_hourly"),
        money("auto_min_hourly"),
        CheckConstraint("radius_km > 0 AND radius_km <= 20038", name="radius_km_size"),
        CheckConstraint("day_capacity >= 0", name="day_capacity_size"),
        CheckConstraint("reputation BETWEEN 0 AND 1", name="reputation_share"),
        CheckConstraint("reputation_high BETWEEN 0 AND 1", name="reputation_high_share"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_both_ends"),
        CheckConstraint("num_nulls(auto_min_hourly, auto_max_km, auto_max_per_day) IN (0, 3)", name="consent_whole"),
        CheckConstraint("auto_max_km > 0 AND auto_max_km <= 20038 AND auto_max_per_day > 0", name="consent_size"),
        Index("ix_technicians_changed_xid", "changed_xid"),
        Index("ix_technicians_cell", "cell"),
        Index("ix_technicians_email", text("lower(email)")),
        Index("ix_technicians_reputation_at", "reputation_at"),
        CheckConstraint("isfinite(proofs_due_at)", name="proofs_due_finite"),
        CheckConstraint("isfinite(clearance_until)", name="clearance_until_finite"),
        CheckConstraint("isfinite(clearance_warned)", name="clearance_warned_finite"),
        CheckConstraint("(clearance = 'us_person') = (clearance_until IS NOT NULL)", name="clearance_has_end"),
        Index(
            "ix_technicians_clearance_until", "clearance_until", postgresql_where=text("clearance_until IS NOT NULL")
        ),
        Index("ix_technicians_proofs_due_at", "proofs_due_at", postgresql_where=text("proofs_due_at IS NOT NULL")),
    )
    id: Mapped[Id]
    number: Mapped[Code]
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"), index=True)
    state: Mapped[Code] = mapped_column(server_default="active")
    name: Mapped[Words]
    email: Mapped[Words | None]
    phone: Mapped[Words | None]
    lat: Mapped[float]
    lng: Mapped[float]
    point: Mapped[WKBElement] = mapped_column(
        Geography("POINT", srid=4326, spatial_index=False),
        Computed("ST_SetSRID(ST_MakePoint(lng, lat), 4326)::geography", persisted=True),
    )
    cell: Mapped[int] = mapped_column(BigInteger)
    time_zone: Mapped[Code]
    radius_km: Mapped[float | None]
    area: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    in_market: Mapped[bool] = mapped_column(server_default=text("true"))
    clearance: Mapped[Code] = mapped_column(server_default="unknown")
    clearance_until: Mapped[date | None]
    clearance_warned: Mapped[date | None]
    day_capacity: Mapped[int | None] = mapped_column(SmallInteger)
    min_hourly: Mapped[Money | None]
    currency: Mapped[Currency] = mapped_column(server_default="USD")
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    works_in_quiet_hours: Mapped[bool] = mapped_column(server_default=text("false"))
    auto_min_hourly: Mapped[Money | None]
    auto_max_km: Mapped[float | None]
    auto_max_per_day: Mapped[int | None] = mapped_column(SmallInteger)
    auto_paused: Mapped[bool] = mapped_column(server_default=text("false"))
    shares_position: Mapped[bool] = mapped_column(server_default=text("false"))
    reputation: Mapped[float] = mapped_column(server_default="0.5")
    reputation_high: Mapped[float | None]
    reputation_at: Mapped[Instant | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    proofs_due_at: Mapped[Instant | None]
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(BigInteger, server_default="1", server_onupdate=FetchedValue())
    changed_xid: Mapped[int] = mapped_column(
        Xid8, server_default=text("pg_current_xact_id()"), server_onupdate=FetchedValue()
    )


class TechnicianSkillRow(Base):
    """A skill that a technician has, at a level from 1 to 5."""

    __tablename__ = "technician_skills"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 5", name="level_range"),)
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id", ondelete="CASCADE"), primary_key=True)
    skill: Mapped[Code] = mapped_column(ForeignKey("skills.code"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger)


class CredentialRow(Base):
    """A proof about a technician, valid through its last day.

    `facts` are those of the kind's family; `for_client_id` is whom an agreement was signed with, or for whom alone the
    proof is; `due_at` is by when it is to be reviewed. `vendor`, `vendor_ref` and `vendor_seq` are the screening that
    it comes from, and the last of its messages that was taken. `ground` is on which one it was rejected or revoked.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        one_of("ground", GROUNDS),
        one_of("state", CREDENTIAL_STATES),
        CheckConstraint("valid_from <= valid_until", name="validity_order"),
        CheckConstraint("isfinite(valid_from) AND isfinite(valid_until)", name="validity_finite"),
        CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked_has_time"),
        CheckConstraint("jsonb_typeof(facts) = 'object'", name="facts_object"),
        CheckConstraint("num_nulls(vendor, vendor_ref, vendor_seq) IN (0, 3)", name="vendor_whole"),
        CheckConstraint("due_at IS NULL OR state = 'submitted'", name="due_while_submitted"),
        UniqueConstraint("vendor", "vendor_ref"),
        Index("ix_credentials_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_credentials_valid_until", "valid_until", postgresql_where=text("state IN ('verified', 'expiring')")),
        Index("ix_credentials_technician_id_kind", "technician_id", "kind"),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id", ondelete="CASCADE"))
    kind: Mapped[Code] = mapped_column(ForeignKey("credential_kinds.code"))
    state: Mapped[Code] = mapped_column(server_default="claimed")
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    for_client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    evidence: Mapped[Words | None]
    due_at: Mapped[Instant | None]
    ground: Mapped[Code | None]
    vendor: Mapped[Code | None]
    vendor_ref: Mapped[Code | None]
    vendor_seq: Mapped[int | None]
    verified_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


class WorkingHoursRow(Base):
    """A span of a weekday (0 = Monday) in which a technician works, in local minutes from midnight."""

    __tablename__ = "working_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_range"),
        CheckConstraint("0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440", name="minutes_order"),
    )
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id", ondelete="CASCADE"), primary_key=True)
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    from_minute: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    to_minute: Mapped[int] = mapped_column(SmallInteger)


class TimeOffRow(Base):
    """A time in which a technician takes no work."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)"
            " AND isfinite(lower(during)) AND isfinite(upper(during))",
            name="during_finite",
        ),
        Index("ix_time_off_technician_id", "technician_id"),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id", ondelete="CASCADE"))
    during: Mapped[Range[Any]] = mapped_column(TSTZRANGE)


class BookingRow(Base):
    """Work time of a technician: the one place where working in two places at once is made impossible.

    Holds nothing of the client: under one client's setting another's bookings must still exclude. Its changes are
    told by its own `changed_xid`: touching the technician's row would make a cancellation wait for acceptances.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        ExcludeConstraint(
            ("technician_id", "="), ("busy", "&&"), where=text("live"), using="gist", name="ex_bookings_no_overlap"
        ),
        CheckConstraint("NOT isempty(busy)", name="busy_not_empty"),
        CheckConstraint(
            "NOT lower_inf(busy) AND NOT upper_inf(busy) AND isfinite(lower(busy)) AND isfinite(upper(busy))",
            name="busy_finite",
        ),
        CheckConstraint("lower_inc(busy) AND NOT upper_inc(busy)", name="busy_half_open"),
        CheckConstraint("upper(busy) - lower(busy) <= interval '14 days'", name="busy_at_most_14_days"),
        place(),
        Index("ix_bookings_changed_xid", "changed_xid"),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    busy: Mapped[Range[Any]] = mapped_column(TSTZRANGE)
    lat: Mapped[float]
    lng: Mapped[float]
    live: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[Instant]
    changed_xid: Mapped[int] = mapped_column(
        Xid8, server_default=text("pg_current_xact_id()"), server_onupdate=FetchedValue()
    )


class DayAskRow(Base):
    """How often a technician was asked on a day (UTC), and said yes: daily cap, fairness, chance of a yes.

    Kept apart from the technician's row, so that counting never waits for an acceptance.
    """

    __tablename__ = "day_asks"
    __table_args__ = (
        CheckConstraint("num_asked >= 0 AND num_yes >= 0", name="counts_size"),
        Index("ix_day_asks_changed_xid", "changed_xid"),
    )
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    num_asked: Mapped[int] = mapped_column(server_default="0")
    num_yes: Mapped[int] = mapped_column(server_default="0")
    changed_xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
