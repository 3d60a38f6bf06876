"""What may a client's work cost? Budgets by project or purchase order: made, changed, and how far each is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, ClientRow, JobRow, SlotRow, VisitRow, new_id
from matching.currencies import has_too_many_digits, why_refused

#: Who may be named to let a job go beyond a soft budget.
REASON_ROLES = ("client_admin", "dispatcher", "requester")
#: Jobs of which an open place is still asked for.
_ASKING = ("open", "assigned", "in_progress", "on_hold", "unfilled")
_MOST = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class BudgetWish:
    """What a client means to spend on work that begins on these days, both included; `until_on` None: no last one."""

    code: str
    name: str
    currency: str
    amount: Decimal
    is_hard: bool
    from_on: date
    until_on: date | None = None
    reason_roles: tuple[str, ...] = ("client_admin",)


@dataclass(frozen=True, slots=True)
class Usage:
    """How far a budget is used; `asked` is the pay of places that are still open, as posted."""

    committed: Decimal
    spent: Decimal
    left: Decimal
    asked: Decimal


def create_budget(session: Session, actor: Actor, client_id: UUID, wish: BudgetWish, *, now: datetime) -> UUID:
    """A new budget of a client: its id. Runs as the engine.

    Raises
    ------
    BadInput
        When the client has a budget of this code, or the sum, the currency, the days or a role cannot be.
    Conflict
        When nothing is set aside for the client's work, so that nothing could be counted.
    NotFound, Refused
        When it is another client's; when the actor is neither its admin nor the operator.
    """
    client = _own(session, actor, client_id)
    if client.money is None:
        raise Conflict("the client has no money rules", "make a budget", ("agree on money rules first",))
    if wish.currency != client.currency:
        raise BadInput("currency", wish.currency, f"give the currency in which you pay, {client.currency}")
    _check(wish)
    values = {name: getattr(wish, name) for name in BudgetWish.__slots__} | {"reason_roles": list(wish.reason_roles)}
    budget_id: UUID | None = session.scalar(
        pg_insert(BudgetRow)
        .values(id=new_id(), client_id=client_id, created_at=now, **values)
        .on_conflict_do_nothing(index_elements=["client_id", "code"])
        .returning(BudgetRow.id)
    )
    if budget_id is None:
        raise BadInput("code", wish.code, "use a code that none of your budgets has")
    told = {"budget": str(budget_id), "amount": str(wish.amount), "currency": wish.currency, "is_hard": wish.is_hard}
    record(session, actor, ("client", client_id), "budget_made", told, client_id=client_id, now=now)
    return budget_id


def change_budget(
    session: Session, actor: Actor, budget_id: UUID, changes: Mapping[str, Any], version: int, *, now: datetime
) -> bool:
    """Change amount, name, days, kind or roles of this version: whether it still was this one. Runs as the engine.

    Less than is committed takes nothing back; nothing more is committed until there is room.

    Raises
    ------
    BadInput, NotFound, Refused
        As `create_budget`.
    """
    row = find_budget(session, actor, budget_id)
    _own(session, actor, row.client_id)
    kept = {name: getattr(row, name) for name in BudgetWish.__slots__} | {"reason_roles": tuple(row.reason_roles)}
    wish = replace(BudgetWish(**kept), **changes)
    _check(wish)
    values = dict(changes)
    if "reason_roles" in values:
        values["reason_roles"] = list(wish.reason_roles)
    done = session.scalar(
        update(BudgetRow)
        .where(BudgetRow.id == budget_id, BudgetRow.version == version)
        .values(**values, version=version + 1)
        .returning(BudgetRow.id)
        .execution_options(synchronize_session=False)
    )
    if done is not None:
        told = {"budget": str(budget_id), "amount": str(wish.amount), "fields": sorted(values)}
        record(session, actor, ("client", row.client_id), "budget_changed", told, client_id=row.client_id, now=now)
    return done is not None


def find_budget(session: Session, actor: Actor, budget_id: UUID) -> BudgetRow:
    """The budget, as it stands.

    Raises
    ------
    NotFound
        When it is not the actor's client's.
    """
    row = session.get(BudgetRow, budget_id, populate_existing=True)
    if row is None or actor.client_id not in (None, row.client_id):
        raise NotFound("budget", budget_id)
    return row


def budgets_within(session: Session, client_id: UUID, since: date, until: date, *, limit: int) -> list[BudgetRow]:
    """A client's budgets of which some day lies between these two, the one with the least left for its size first."""
    used = BudgetRow.committed / func.nullif(BudgetRow.amount, 0)
    wanted = select(BudgetRow).where(
        BudgetRow.client_id == client_id,
        BudgetRow.from_on <= until,
        or_(BudgetRow.until_on.is_(None), BudgetRow.until_on >= since),
    )
    return list(session.scalars(wanted.order_by(used.desc().nulls_last(), BudgetRow.code).limit(limit)))


def usage_of(session: Session, rows: Sequence[BudgetRow]) -> dict[UUID, Usage]:
    """How far each of these budgets is used at this moment."""
    hours = SlotRow.pay_amount * VisitRow.duration_min / 60
    pay = func.sum(case((SlotRow.pay_kind == "hourly", hours), else_=SlotRow.pay_amount))
    asked: dict[UUID | None, Decimal] = dict(
        session.execute(
            select(JobRow.budget_id, func.round(pay, 2))
            .join(SlotRow, SlotRow.job_id == JobRow.id)
            .join(VisitRow, VisitRow.id == SlotRow.visit_id)
            .where(JobRow.budget_id.in_([row.id for row in rows]), JobRow.state.in_(_ASKING), SlotRow.state == "open")
            .group_by(JobRow.budget_id)
        ).all()
    )
    return {
        row.id: Usage(row.committed, row.spent, row.amount - row.committed, asked.get(row.id, Decimal(0)))
        for row in rows
    }


def _check(wish: BudgetWish) -> None:
    if (way_out := why_refused(wish.currency)) is not None:
        raise BadInput("currency", wish.currency, way_out)
    if not wish.amount.is_finite() or not 0 <= wish.amount < _MOST or has_too_many_digits(wish.amount, wish.currency):
        raise BadInput("amount", wish.amount, f"give a sum from 0, in whole minor units of {wish.currency}")
    if wish.until_on is not None and wish.until_on < wish.from_on:
        raise BadInput("until_on", wish.until_on.isoformat(), f"give a day not before {wish.from_on.isoformat()}")
    unknown = sorted(set(wish.reason_roles) - set(REASON_ROLES))
    if unknown:
        raise BadInput("reason_roles", unknown[0], f"name some of {', '.join(REASON_ROLES)}")


def _own(session: Session, actor: Actor, client_id: UUID) -> ClientRow:
    if actor.kind not in ("client_admin", "operator"):
        raise Refused(f"budgets are kept by a client's admin, not by a {actor.kind}", ("only_client_admin",))
    client = session.get(ClientRow, client_id, populate_existing=True)
    if client is None or actor.client_id not in (None, client_id):
        raise NotFound("client", client_id)
    return client
