"""What is known of a person beyond need, and for how long? Positions, legal holds, persons' keys, erasures."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, one_of, place, tenant_fk, tenant_key

#: What a legal hold is about; everything about it is kept until the hold is lifted or over.
HELD = ("job", "client", "technician", "staff")
ERASURE_STATES = ("asked", "withdrawn", "refused", "granted", "done")
OPEN_ERASURES = ("asked", "granted")


class PositionRow(Base):
    """Where a technician was on the way to a visit or at it, told to the job's parties and to nobody else.

    A trigger takes none before "on my way" nor after the check-out. Kept for `positions_kept_days` of the settings,
    longer while a legal hold says so; what stays is the proof in the time log, without the place.
    """

    __tablename__ = "positions"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("visit_id", "visits"),
        tenant_fk("assignment_id", "assignments"),
        place(),
        CheckConstraint("accuracy_m >= 0", name="accuracy_size"),
        Index("ix_positions_at", "at"),
        Index("ix_positions_assignment_id_at", "assignment_id", "at"),
        Index("ix_positions_technician_id", "technician_id"),
        Index("ix_positions_client_id_visit_id", "client_id", "visit_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    visit_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    lat: Mapped[float]
    lng: Mapped[float]
    accuracy_m: Mapped[int | None]
    at: Mapped[Instant]


class LegalHoldRow(Base):
    """Nothing about a job, a client or a person is deleted or erased, until `until_at` or until it is lifted.

    `why` is a code; `placed_by` and `lifted_by` are actors' ids, as in events. Never changed but lifted, never removed.
    """

    __tablename__ = "legal_holds"
    __table_args__ = (
        one_of("about", HELD),
        tenant_fk("job_id", "jobs"),
        CheckConstraint(
            "CASE about WHEN 'job' THEN num_nonnulls(job_id, client_id) = 2"
            " AND num_nonnulls(technician_id, staff_id) = 0"
            " WHEN 'client' THEN client_id IS NOT NULL AND num_nonnulls(job_id, technician_id, staff_id) = 0"
            " WHEN 'staff' THEN staff_id IS NOT NULL AND num_nonnulls(job_id, client_id, technician_id) = 0"
            " ELSE technician_id IS NOT NULL AND num_nonnulls(job_id, client_id, staff_id) = 0 END",
            name="about_one_thing",
        ),
        CheckConstraint("until_at > placed_at AND isfinite(until_at)", name="until_after_placed"),
        Index("ix_legal_holds_client_id_job_id", "client_id", "job_id"),
        Index("ix_legal_holds_technician_id", "technician_id"),
        Index("ix_legal_holds_staff_id", "staff_id"),
    )
    id: Mapped[Id]
    about: Mapped[Code]
    job_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    why: Mapped[Code]
    until_at: Mapped[Instant | None]
    placed_at: Mapped[Instant]
    placed_by: Mapped[UUID | None]
    lifted_at: Mapped[Instant | None]
    lifted_by: Mapped[UUID | None]


class PersonKeyRow(Base):
    """The key of one person, sealed with the installation's; destroyed, it never comes back.

    A technician's or one of the staff's: `person_id` is whose. `kept` is what the tax law asks for of somebody erased,
    sealed with the installation's key, until `kept_until`.
    """

    __tablename__ = "person_keys"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(technician_id, staff_id) = 1 AND person_id = COALESCE(technician_id, staff_id)",
            name="one_person",
        ),
        CheckConstraint("(sealed IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed_has_time"),
        CheckConstraint("(kept IS NULL) = (kept_until IS NULL)", name="kept_has_end"),
        CheckConstraint("isfinite(kept_until)", name="kept_until_finite"),
        Index("ix_person_keys_kept_until", "kept_until", postgresql_where=text("kept_until IS NOT NULL")),
    )
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    kept: Mapped[bytes | None] = mapped_column(LargeBinary)
    kept_until: Mapped[Instant | None]
    made_at: Mapped[Instant]
    destroyed_at: Mapped[Instant | None]


class ErasureRow(Base):
    """Somebody asks to be erased; the operator decides by `decide_by`, and what is granted is done when it can be.

    `blocked_by` lists what was in the way when it was last looked at, and until when; `next_at` is its timer.
    `progress` counts what is done, `is_late` says that it was neither refused nor done in time.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        one_of("state", ERASURE_STATES),
        CheckConstraint("num_nonnulls(technician_id, staff_id) = 1", name="one_person"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("(state = 'refused') <= (why IS NOT NULL)", name="refused_has_why"),
        CheckConstraint("(state = 'granted') = (next_at IS NOT NULL)", name="granted_has_timer"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done_has_time"),
        CheckConstraint("isfinite(decide_by) AND decide_by > asked_at", name="decide_after_asked"),
        CheckConstraint("jsonb_typeof(blocked_by) = 'array'", name="blocked_by_list"),
        Index(
            "uq_erasures_open",
            "technician_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'granted')"),
        ),
        Index(
            "uq_erasures_open_staff", "staff_id", unique=True, postgresql_where=text("state IN ('asked', 'granted')")
        ),
        Index("ix_erasures_technician_id", "technician_id"),
        Index("ix_erasures_staff_id", "staff_id"),
        Index("ix_erasures_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_erasures_decide_by", "decide_by", postgresql_where=text("state IN ('asked', 'granted')")),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[Code] = mapped_column(server_default="asked")
    why: Mapped[Code | None]
    blocked_by: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    asked_at: Mapped[Instant]
    decide_by: Mapped[Instant]
    is_late: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_at: Mapped[Instant | None]
    decided_by: Mapped[UUID | None]
    next_at: Mapped[Instant | None]
    done_at: Mapped[Instant | None]
