"""How well was work kept, and who asks for a second look? Outcomes, ratings, the network's means, reviews."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, one_of, tenant_fk, tenant_key
from dispatch.record.tables.presence import SIDES

PARTS = ("kept", "on_time", "completed", "passed", "rated")
REVIEW_ABOUTS = ("outcome", "decision", "lapse", "excuse")
REVIEW_STATES = ("open", "upheld", "rejected", "unanswered")


class OutcomeRow(Base):
    """What came of an assignment for one part of its technician's reputation, by the event that says so.

    A projection of events: `matching.outcomes` makes it anew from them. `why_not` says why it doesn't count.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        tenant_fk("assignment_id", "assignments"),
        one_of("part", PARTS),
        CheckConstraint("value BETWEEN 0 AND 1", name="value_share"),
        CheckConstraint("severity > 0 AND severity <= 10", name="severity_size"),
        CheckConstraint("isfinite(at)", name="at_finite"),
        Index("ix_outcomes_technician_id_at", "technician_id", "at"),
        Index("ix_outcomes_at", "at"),
    )
    assignment_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[Code] = mapped_column(primary_key=True)
    client_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"))
    kind: Mapped[Code]
    value: Mapped[float]
    severity: Mapped[float]
    why_not: Mapped[Code | None]
    at: Mapped[Instant]


class RatingRow(Base):
    """What one side of a visit thinks of the other, in stars: never changed, shown when both have or time is up."""

    __tablename__ = "ratings"
    __table_args__ = (
        tenant_key(),
        tenant_fk("assignment_id", "assignments"),
        UniqueConstraint("assignment_id", "by_side"),
        one_of("by_side", SIDES),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars_range"),
        Index("ix_ratings_show_at", "show_at", postgresql_where=text("shown_at IS NULL")),
        Index("ix_ratings_client_id_technician_id", "client_id", "technician_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    by_side: Mapped[Code]
    stars: Mapped[int] = mapped_column(SmallInteger)
    rated_at: Mapped[Instant]
    show_at: Mapped[Instant]
    shown_at: Mapped[Instant | None]


class NetworkMeansRow(Base):
    """What an average technician of the network had, by part, when it was measured: the prior from then on."""

    __tablename__ = "network_means"
    __table_args__ = (CheckConstraint("num >= 1", name="num_size"),)
    num: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    means: Mapped[dict[str, Any]] = mapped_column(JSONB)
    measured_at: Mapped[Instant]


class ReviewRow(Base):
    """A person looks again: at an outcome (an appeal), a decision about a technician, a lapse, or an excuse.

    Once for each outcome's, lapse's or hand-back's event and each decision; answered once, with words, by `decided_by`.
    An excuse that the client doesn't answer is passed on to the operator; then it ends unanswered, and holds.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        tenant_key(),
        tenant_fk("assignment_id", "assignments"),
        tenant_fk("decision_id", "decisions"),
        UniqueConstraint("assignment_id", "event_id", "about"),
        UniqueConstraint("decision_id", "technician_id"),
        one_of("about", REVIEW_ABOUTS),
        one_of("state", REVIEW_STATES),
        CheckConstraint(
            "CASE about WHEN 'decision' THEN num_nonnulls(assignment_id, event_id) = 0 AND decision_id IS NOT NULL"
            " ELSE num_nonnulls(assignment_id, event_id) = 2 AND decision_id IS NULL END",
            name="about_something",
        ),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("isfinite(due_at)", name="due_finite"),
        CheckConstraint("passed_on_at IS NULL OR about = 'excuse'", name="only_excuses_pass_on"),
        CheckConstraint("state <> 'unanswered' OR about = 'excuse'", name="only_excuses_go_unanswered"),
        CheckConstraint(
            "about <> 'excuse' OR state NOT IN ('upheld', 'rejected') OR decided_at <= due_at",
            name="excuses_answered_in_time",
        ),
        Index("ix_reviews_technician_id", "technician_id"),
        Index("ix_reviews_due_at", "due_at", postgresql_where=text("state = 'open'")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    about: Mapped[Code]
    assignment_id: Mapped[UUID | None]
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.id"))
    decision_id: Mapped[UUID | None]
    words: Mapped[Words]
    state: Mapped[Code] = mapped_column(server_default="open")
    made_at: Mapped[Instant]
    due_at: Mapped[Instant]
    passed_on_at: Mapped[Instant | None]
    answer: Mapped[Words] = mapped_column(server_default="")
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[UUID | None]
