"""How much may a client's work cost? Its budgets, by project or purchase order."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
    Id,
    Instant,
    Words,
    currency,
    money,
    tenant_key,
)
from dispatch.record.tables.money import Total


class BudgetRow(Base):
    """What a client means to spend on work that begins from `from_on` to `until_on`, by the days of its `hours_zone`.

    `committed` is what payments under it hold, promise beyond, and have approved; `spent` the approved part of it.
    Both are kept by a trigger (`payments_budget`), in the statement that refuses more than the amount of a hard one.
    Whoever has one of the `reason_roles` may let a job go beyond a soft one, with a reason.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("client_id", "code"),
        currency(),
        money("amount"),
        CheckConstraint("isfinite(from_on) AND isfinite(until_on) AND from_on <= until_on", name="days_in_order"),
        CheckConstraint("jsonb_typeof(reason_roles) = 'array'", name="reason_roles_list"),
        CheckConstraint("spent BETWEEN 0 AND committed AND committed <> 'NaN'::numeric", name="spent_of_committed"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID] = mapped_column(ForeignKey("clients.id"))
    code: Mapped[Code]
    name: Mapped[Words]
    currency: Mapped[Currency]
    amount: Mapped[Total]
    is_hard: Mapped[bool]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    reason_roles: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[\"client_admin\"]'"))
    committed: Mapped[Total] = mapped_column(server_default="0")
    spent: Mapped[Total] = mapped_column(server_default="0")
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(server_default="1")
