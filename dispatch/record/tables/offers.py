"""Who was asked, who said what, who got it? Rounds, waves, offers, counters and assignments."""

from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
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
from dispatch.record.tables.jobs import MODES, PAY_KINDS

#: Not ended yet: the technician can still answer, or has answered and waits.
LIVE_OFFERS = ("sent", "viewed", "requested", "countered")
OFFER_STATES = (*LIVE_OFFERS, "accepted", "declined", "expired", "withdrawn", "not_chosen")
ASSIGNMENT_STATES = ("live", "released", "substituted", "finished")
#: How far a technician is with a visit; see `dispatch.jobs.lifecycle.PRESENCE`.
PRESENCES = ("assigned", "confirmed", "on_the_way", "checked_in", "stepped_out", "checked_out")
#: Six digits that nobody can foresee: from the four random bytes that a UUID begins with.
REPLY_CODE = "lpad((('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint % 1000000)::text, 6, '0')"
COUNTER_STATES = ("open", "accepted", "refused", "withdrawn")
#: `matching.eligibility.OVERRIDABLE`, as the database keeps it: a test compares.
_OVERRIDABLE = "ARRAY['pool', 'skill', 'level', 'area', 'asked']::varchar[]"
ROUND_REASONS = ("posted", "terms_changed", "backed_out", "resumed", "named", "next_visit")


class RoundRow(Base):
    """From opening to a change of terms or a back-out: asks each technician once. `next_wave_at` is its timer."""

    __tablename__ = "rounds"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        UniqueConstraint("visit_id", "role", "num"),
        one_of("opened_why", ROUND_REASONS),
        CheckConstraint("closed_at IS NULL OR next_wave_at IS NULL", name="closed_has_no_timer"),
        Index("uq_rounds_open", "visit_id", "role", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_rounds_next_wave_at", "next_wave_at", postgresql_where=text("next_wave_at IS NOT NULL")),
        Index("ix_rounds_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    role: Mapped[Code]
    num: Mapped[int] = mapped_column(SmallInteger)
    opened_why: Mapped[Code]
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    num_waves: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_wave_at: Mapped[Instant | None]
    first_ask: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))


class WaveRow(Base):
    """A batch of offers sent together, by one stored decision."""

    __tablename__ = "waves"
    __table_args__ = (
        tenant_key(),
        tenant_fk("round_id", "rounds"),
        tenant_fk("decision_id", "decisions"),
        UniqueConstraint("round_id", "num"),
        CheckConstraint("sent_at <= until_at", name="until_after_sent"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    round_id: Mapped[UUID]
    decision_id: Mapped[UUID]
    num: Mapped[int] = mapped_column(SmallInteger)
    num_asked: Mapped[int]
    sent_at: Mapped[Instant]
    until_at: Mapped[Instant]


class OfferRow(Base):
    """The question to one technician whether they take one slot of a role.

    `wave_id` empty: they asked for it, or a dispatcher asked them by name, setting aside the rules in `waived`.
    """

    __tablename__ = "offers"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("round_id", "rounds"),
        tenant_fk("wave_id", "waves"),
        # The engine asks each technician once in a round, as number 0; a person may ask them again.
        UniqueConstraint("round_id", "technician_id", "ask_num"),
        one_of("state", OFFER_STATES),
        CheckConstraint("sent_at <= expires_at", name="expires_after_sent"),
        CheckConstraint("isfinite(expires_at)", name="expires_finite"),
        CheckConstraint("score BETWEEN 0 AND 1", name="score_share"),
        CheckConstraint(f"waived <@ {_OVERRIDABLE}", name="waived_may_be"),
        CheckConstraint(
            "CASE WHEN waived = '{}' THEN waived_why IS NULL ELSE is_by_name AND waived_why IS NOT NULL END",
            name="waived_has_reason",
        ),
        Index("ix_offers_technician_id_sent_at", "technician_id", "sent_at"),
        Index("ix_offers_client_id_job_id", "client_id", "job_id"),
        Index(
            "ix_offers_expires_at",
            "expires_at",
            postgresql_where=text("state IN ('sent', 'viewed', 'requested', 'countered')"),
        ),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    role: Mapped[Code]
    round_id: Mapped[UUID]
    wave_id: Mapped[UUID | None]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"), index=True)
    state: Mapped[Code] = mapped_column(server_default="sent")
    terms_version: Mapped[int]
    rank: Mapped[int | None]
    score: Mapped[float | None]
    distance_m: Mapped[int | None]
    travel_s: Mapped[int | None]
    sent_at: Mapped[Instant]
    viewed_at: Mapped[Instant | None]
    expires_at: Mapped[Instant]
    answered_at: Mapped[Instant | None]
    wanted_start_at: Mapped[Instant | None]
    reason: Mapped[Code | None]
    ask_num: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_by_name: Mapped[bool] = mapped_column(server_default=text("false"))
    waived: Mapped[list[str]] = mapped_column(ARRAY(String(64)), server_default=text("'{}'"))
    waived_why: Mapped[Code | None]


class CounterRow(Base):
    """Other terms that a technician asks for, with the reason."""

    __tablename__ = "counters"
    __table_args__ = (
        tenant_key(),
        tenant_fk("offer_id", "offers"),
        one_of("state", COUNTER_STATES),
        one_of("pay_kind", PAY_KINDS),
        money("pay_amount"),
        currency(),
        CheckConstraint("pay_amount IS NOT NULL OR start_at IS NOT NULL", name="asks_for_something"),
        CheckConstraint("num_nulls(pay_kind, pay_amount, currency) IN (0, 3)", name="pay_whole"),
        Index("uq_counters_open", "offer_id", unique=True, postgresql_where=text("state = 'open'")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    pay_kind: Mapped[Code | None]
    pay_amount: Mapped[Money | None]
    currency: Mapped[Currency | None]
    start_at: Mapped[Instant | None]
    reason: Mapped[Code]
    note: Mapped[Words] = mapped_column(server_default="")
    state: Mapped[Code] = mapped_column(server_default="open")
    made_at: Mapped[Instant]
    decided_at: Mapped[Instant | None]


class AssignmentRow(Base):
    """Who has the slot, on which terms, from when to when; the booking keeps the technician's time.

    `presence` is how far this technician is; `watch_at` is when the sweep looks next (at once, when it is new);
    `reply_code` is what they answer by text or telephone.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("slot_id", "slots"),
        tenant_fk("offer_id", "offers"),
        UniqueConstraint("booking_id"),
        one_of("state", ASSIGNMENT_STATES),
        one_of("presence", PRESENCES),
        CheckConstraint("reply_code ~ '^[0-9]{6}$'", name="reply_code_digits"),
        one_of("mode", MODES),
        one_of("pay_kind", PAY_KINDS),
        money("pay_amount"),
        currency(),
        CheckConstraint("start_at < end_at", name="start_before_end"),
        CheckConstraint("(state = 'live') = (ended_at IS NULL)", name="ended_has_time"),
        Index("uq_assignments_live_slot", "slot_id", unique=True, postgresql_where=text("state = 'live'")),
        Index("ix_assignments_technician_id", "technician_id"),
        Index("ix_assignments_visit_id", "visit_id"),
        Index("ix_assignments_reply_code", "reply_code", postgresql_where=text("state = 'live'")),
        Index(
            "ix_assignments_watch_at",
            "watch_at",
            postgresql_where=text("state = 'live' AND watch_at IS NOT NULL"),
        ),
        Index("ix_assignments_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    slot_id: Mapped[UUID]
    offer_id: Mapped[UUID | None]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"))
    state: Mapped[Code] = mapped_column(server_default="live")
    mode: Mapped[Code]
    terms_version: Mapped[int]
    pay_kind: Mapped[Code]
    pay_amount: Mapped[Money]
    currency: Mapped[Currency]
    start_at: Mapped[Instant]
    end_at: Mapped[Instant]
    assigned_at: Mapped[Instant]
    hand_back_until: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[Code | None]
    ended_why: Mapped[Code | None]
    presence: Mapped[Code] = mapped_column(server_default="assigned")
    confirm_by: Mapped[Instant | None]
    reminded_at: Mapped[Instant | None]
    confirmed_at: Mapped[Instant | None]
    left_at: Mapped[Instant | None]
    eta_at: Mapped[Instant | None]
    checked_in_at: Mapped[Instant | None]
    checked_out_at: Mapped[Instant | None]
    watch_at: Mapped[Instant | None] = mapped_column(server_default=func.clock_timestamp())
    reply_code: Mapped[Code] = mapped_column(server_default=text(REPLY_CODE))
