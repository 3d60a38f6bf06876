"""Who has been let in? Admissions of technicians by clients and the other way round, and exceptions of open pools."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, one_of, tenant_fk, tenant_key

ADMISSION_STATES = ("invited", "applied", "admitted", "declined", "suspended", "ended")
#: States that somebody must have a reason for.
ENDED_ADMISSIONS = ("declined", "suspended", "ended")


class AdmissionRow(Base):
    """What a client and a technician are to each other: at most one row a pair.

    `pools` are joined when both have agreed. `given_name` and `given_email` are what the client wrote of somebody
    whom it invited. `code` is sent to the invited person, redeems the invitation once until `code_until`, and goes
    with it.
    """

    __tablename__ = "admissions"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "technician_id"),
        UniqueConstraint("code"),
        one_of("state", ADMISSION_STATES),
        CheckConstraint("(state IN ('declined', 'suspended', 'ended')) = (reason IS NOT NULL)", name="end_has_reason"),
        CheckConstraint("(code IS NULL) = (code_until IS NULL)", name="code_has_end"),
        CheckConstraint("code IS NULL OR state = 'invited'", name="code_of_invited"),
        CheckConstraint("jsonb_typeof(pools) = 'array'", name="pools_list"),
        CheckConstraint("version >= 1", name="version_size"),
        Index("ix_admissions_technician_id", "technician_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    state: Mapped[Code]
    reason: Mapped[Code | None]
    pools: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    given_name: Mapped[Words | None]
    given_email: Mapped[Words | None]
    code: Mapped[Code | None]
    code_until: Mapped[Instant | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[Instant]
    moved_at: Mapped[Instant]


class PoolOverrideRow(Base):
    """An exception of an open pool: a member without meeting the requirements, or kept out though meeting them.

    Ends by itself at `until_at`; `ended_at` says that it has.
    """

    __tablename__ = "pool_overrides"
    __table_args__ = (
        tenant_key(),
        tenant_fk("pool_id", "pools"),
        CheckConstraint("reason <> ''", name="reason_given"),
        CheckConstraint(
            "until_at > made_at AND until_at <= made_at + interval '366 days' AND isfinite(made_at)", name="until_near"
        ),
        Index(
            "uq_pool_overrides_open",
            "pool_id",
            "technician_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_pool_overrides_until_at", "until_at", postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    pool_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    is_member: Mapped[bool]
    reason: Mapped[Words]
    made_by: Mapped[UUID | None]
    made_at: Mapped[Instant]
    until_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
