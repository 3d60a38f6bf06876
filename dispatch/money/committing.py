"""Does it fit into the budget? What is committed is compared and added by the database; here is what follows from it.

The trigger `payments_budget` refuses what the client decides beyond a hard budget. Beyond a soft one a member of the
client's staff needs a reason of somebody who may give one, or a second signature; where nobody of the client is there
to ask (a technician says yes), it is flagged. What is owed by agreed terms is never refused, and shows as beyond.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from dispatch.errors import Refused
from dispatch.record.events import record
from dispatch.record.refusals import guard_of
from dispatch.record.session import Actor
from dispatch.record.tables import BudgetRow, ClientRow, JobRow, PaymentRow
from geo.timezones import local_day

#: The trigger that refuses what does not fit.
BUDGET = "payments_budget"
_STAFF = ("client_admin", "dispatcher", "requester")
_WAY_OUT = "raise the budget, or name another one"


@contextmanager
def within_budget(session: Session) -> Iterator[None]:
    """What is decided inside is undone and refused in words where a hard budget does not suffice.

    Raises
    ------
    Refused
        When it does not.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if not is_beyond(error):
            raise
        raise Refused(f"it is more than is left of the job's budget: {_WAY_OUT}", ("over_budget",)) from error


def is_beyond(error: DBAPIError) -> bool:
    """Whether a statement failed because a hard budget does not suffice."""
    return guard_of(error) == BUDGET


def lock_budgets(session: Session, budgets: Iterable[UUID | None]) -> None:
    """Hold budgets until the transaction ends, in their order, before any account: payments move them."""
    wanted = {each for each in budgets if each is not None}
    if wanted:
        held = select(BudgetRow.id).where(BudgetRow.id.in_(wanted)).order_by(BudgetRow.id)
        session.execute(held.with_for_update(key_share=True))


def budgets_of(session: Session, jobs: Iterable[UUID]) -> list[UUID | None]:
    """The budgets of some jobs; the caller holds their slots, so that they stay."""
    return list(session.scalars(select(JobRow.budget_id).where(JobRow.id.in_(set(jobs)))))


def fits(session: Session, budget_id: UUID | None, amount: Callable[[], Decimal], start_at: datetime) -> bool:
    """Whether a budget is for that day, and a hard one has so much room; nothing is held for it, a yes asks again."""
    if budget_id is None:
        return True
    row = _read(session, budget_id)
    return _is_for(row, _day_of(session, row, start_at)) and (not row.is_hard or row.committed + amount() <= row.amount)


def check_days(session: Session, actor: Actor, budget_id: UUID | None, start_at: datetime) -> None:
    """Whether work that begins then is work of the budget's days; why it is not is nobody's business but the client's.

    Raises
    ------
    Refused
        When it is not.
    """
    if budget_id is None:
        return
    row = _read(session, budget_id)
    day = _day_of(session, row, start_at)
    if _is_for(row, day):
        return
    if actor.client_id is None:
        raise Refused("the client cannot take this on at that time", ("unfunded",))
    last = row.until_on.isoformat() if row.until_on else "on"
    words = f"budget {row.code} is for work from {row.from_on.isoformat()} to {last}, and this begins on {day}"
    raise Refused(f"{words}: name another budget, or another day", ("over_budget",))


def notice(session: Session, actor: Actor, budget_id: UUID | None, job_id: UUID, *, now: datetime) -> None:
    """More was committed for a job: whether a soft budget was passed by it, and may be. The caller holds the budget.

    Raises
    ------
    Refused
        When a member of the client's staff passes it, and nobody gave a reason who may.
    """
    if budget_id is None:
        return
    row = _read(session, budget_id)
    if row.is_hard or row.committed <= row.amount:
        return
    if actor.kind in _STAFF and not has_reason(session, job_id):
        raise _needs_reason(row)
    told = {
        "budget": str(budget_id),
        "committed": str(row.committed),
        "amount": str(row.amount),
        "currency": row.currency,
    }
    record(session, actor, ("job", job_id), "budget_passed", told, client_id=row.client_id, now=now)


def needs_second(session: Session, budget_id: UUID | None, job_id: UUID, more: Decimal) -> bool:
    """Whether an approval that commits so much more takes two people, because a soft budget is passed with it."""
    if budget_id is None:
        return False
    row = _read(session, budget_id)
    return not row.is_hard and row.committed + max(Decimal(0), more) > row.amount and not has_reason(session, job_id)


def is_used_up(session: Session, budget_id: UUID | None, more: Decimal) -> bool:
    """Whether a hard budget has not so much more left: what is decided beyond it is refused."""
    if budget_id is None:
        return False
    row = _read(session, budget_id)
    return row.is_hard and more > 0 and row.committed + more > row.amount


def has_reason(session: Session, job_id: UUID) -> bool:
    """Whether somebody who may gave a reason why the job may go beyond a soft budget."""
    return session.scalar(select(JobRow.id).where(JobRow.id == job_id, JobRow.over_budget.is_not(None))) is not None


def check_room(session: Session, actor: Actor, budget_id: UUID, asking: Decimal, has_a_reason: bool) -> None:
    """Whether so much may be asked for under a budget, beside what is committed.

    Raises
    ------
    Refused
        When a hard budget has not that much left; when a soft one has not, and a person asks without a reason.
    """
    row = _read(session, budget_id)
    if row.committed + asking <= row.amount:
        return
    if row.is_hard:
        left = max(Decimal(0), row.amount - row.committed)
        words = f"budget {row.code} has {left} {row.currency} left, and this may cost {asking}"
        raise Refused(f"{words}: {_WAY_OUT}", ("over_budget",))
    if actor.kind in _STAFF and not has_a_reason:
        raise _needs_reason(row)


def promise_more(session: Session, assignment_id: UUID, amount: Decimal | None, *, now: datetime, actor: Actor) -> None:
    """The client promised so much beyond the pay: it is committed from now on.

    Raises
    ------
    Refused
        When the budget does not suffice.
    """
    if not amount:
        return
    with within_budget(session):
        promised = session.execute(
            update(PaymentRow)
            .where(PaymentRow.assignment_id == assignment_id, PaymentRow.state == "held")
            .values(beyond=PaymentRow.beyond + amount, version=PaymentRow.version + 1)
            .returning(PaymentRow.budget_id, PaymentRow.job_id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    if promised is not None:
        notice(session, actor, promised.budget_id, promised.job_id, now=now)


def _day_of(session: Session, row: BudgetRow, start_at: datetime) -> date:
    zone = session.scalars(select(ClientRow.hours_zone).where(ClientRow.id == row.client_id)).one()
    return local_day(start_at, ZoneInfo(zone))


def _is_for(row: BudgetRow, day: date) -> bool:
    return row.from_on <= day and (row.until_on is None or day <= row.until_on)


def _read(session: Session, budget_id: UUID) -> BudgetRow:
    return session.get_one(BudgetRow, budget_id, populate_existing=True)


def _needs_reason(row: BudgetRow) -> Refused:
    who = " or a ".join(row.reason_roles) or "nobody"
    return Refused(
        f"budget {row.code} would be passed: a {who} gives a reason (budget_reason on the job)", ("over_soft_budget",)
    )
