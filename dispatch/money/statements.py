"""What moved on somebody's account, and what was somebody paid in a year? Read from the ledger alone."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.money.ledger import Owner, account_id
from dispatch.record.persons import ERASED, kept_of
from dispatch.record.tables import CompanyRow, LedgerEntryRow, LedgerTransactionRow, TechnicianRow

#: A cell that begins so would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Payments of a year up to which nothing is reported (1099-NEC): the year from which it holds, and the sum.
#: Source: 26 U.S.C. 6041(a), as amended for payments made after 31 December 2025 (Pub. L. 119-21, section 70433).
_THRESHOLDS = ((2026, Decimal(2_000)), (0, Decimal(600)))


@dataclass(frozen=True, slots=True)
class Line:
    """One movement on the account: above zero is more for its owner. Ids say for which payment or payout."""

    id: UUID
    booked_at: datetime
    kind: str
    amount: Decimal
    payment_id: UUID | None
    payout_id: UUID | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over `[from_at, to_at)`: what there was, what moved, what there is."""

    currency: str
    from_at: datetime
    to_at: datetime
    opening: Decimal
    lines: tuple[Line, ...]
    closing: Decimal


@dataclass(frozen=True, slots=True)
class YearLine:
    """What one technician or company was paid in a calendar year, and whether that is to be reported."""

    owner_id: UUID
    name: str
    currency: str
    amount: Decimal
    num_payouts: int
    is_reported: bool


def statement_of(session: Session, owner: Owner, currency: str, *, from_at: datetime, to_at: datetime) -> Statement:
    """A client's funds, or what is due to a technician or company."""
    kind = "funds" if owner.client_id else "due"
    mine = LedgerEntryRow.account_id == account_id(owner, kind, currency)
    booked = LedgerTransactionRow.booked_at
    entries = select(LedgerTransactionRow, LedgerEntryRow.amount).join(
        LedgerEntryRow, LedgerEntryRow.transaction_id == LedgerTransactionRow.id
    )
    opening = session.scalar(
        select(func.coalesce(func.sum(LedgerEntryRow.amount), Decimal(0)))
        .join(LedgerTransactionRow, LedgerTransactionRow.id == LedgerEntryRow.transaction_id)
        .where(mine, booked < from_at)
    ) or Decimal(0)
    rows = session.execute(
        entries.where(mine, booked >= from_at, booked < to_at).order_by(booked, LedgerTransactionRow.id)
    )
    lines = tuple(
        Line(row.id, row.booked_at, row.kind, amount, row.payment_id, row.payout_id, row.why) for row, amount in rows
    )
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    return Statement(currency, from_at, to_at, opening, lines, closing)


def yearly(session: Session, year: int, *, zone: str, owner: Owner | None = None) -> list[YearLine]:
    """What everybody, or one owner, was paid in a year, by the day on which the payment was made in `zone`.

    What came back from a bank is taken off in the year in which it came back. Runs as the engine.
    """
    start, end = (datetime(each, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for each in (year, year + 1))
    paid = ("payout_paid", "payout_returned")
    mine = (LedgerTransactionRow.technician_id, LedgerTransactionRow.company_id)
    # The other side of each is the world outside: what it got, its owner was paid.
    outside = {account_id(Owner(), "outside", currency): currency for currency in _currencies(session)}
    wanted = (
        select(*mine, LedgerEntryRow.account_id, func.sum(LedgerEntryRow.amount), func.count())
        .join(LedgerEntryRow, LedgerEntryRow.transaction_id == LedgerTransactionRow.id)
        .where(
            LedgerTransactionRow.kind.in_(paid),
            LedgerEntryRow.account_id.in_(outside),
            LedgerTransactionRow.booked_at >= start,
            LedgerTransactionRow.booked_at < end,
        )
        .group_by(*mine, LedgerEntryRow.account_id)
    )
    if owner is not None:
        wanted = wanted.where(mine[0] == owner.technician_id if owner.technician_id else mine[1] == owner.company_id)
    threshold = next(sum_ for since, sum_ in _THRESHOLDS if year >= since)
    lines = []
    for technician, company, account, amount, num in session.execute(wanted).all():
        who: UUID = technician or company  # type: ignore[assignment]
        currency = outside[account]
        is_reported = technician is not None and currency == "USD" and amount >= threshold
        lines.append(YearLine(who, _name(session, who), currency, amount, num, is_reported))
    return sorted(lines, key=lambda line: (-line.amount, line.owner_id))


def to_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; text that a spreadsheet would run is disarmed, numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _currencies(session: Session) -> list[str]:
    from_payouts = "SELECT DISTINCT currency FROM payouts"
    return [row[0] for row in session.connection().exec_driver_sql(from_payouts)]


def _name(session: Session, owner_id: UUID) -> str:
    person = select(TechnicianRow.name).where(TechnicianRow.id == owner_id)
    company = select(CompanyRow.name).where(CompanyRow.id == owner_id)
    name = session.scalars(person.union_all(company)).one()
    # Of somebody erased the tax law has us keep the name for some years.
    return str(kept_of(session, owner_id).get("name", name)) if name == ERASED else name
