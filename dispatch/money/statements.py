"""What moved on somebody's account, and what was somebody paid in a year? Read from the ledger alone."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, func, null, select, text
from sqlalchemy.orm import Session

from dispatch.money.ledger import Owner, account_id
from dispatch.record.persons import ERASED, kept_of
from dispatch.record.tables import CompanyRow, JobRow, LedgerEntryRow, LedgerTransactionRow, PaymentRow, TechnicianRow
from matching.packs import Pack
from matching.taxforms import Form, forms_of

#: A cell that begins so would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: The columns of a year as a file.
YEAR_HEAD = (
    "name", "owner_id", "client_id", "engaged_as", "currency", "amount", "expenses", "num_payouts", "is_reported",
    "tax_class", "lacks_class",
)  # fmt: skip
#: What a line takes from its row.
_FROM_ROW = (
    "owner_id", "client_id", "engaged_as", "currency", "amount", "expenses", "num_payouts", "tax_class",
)  # fmt: skip
# The other side of each is the world outside: what it got, its owner was paid. A payout says how much of it are
# expenses since it was made: what becomes of a payment later changes no year that is over. How a company is taxed goes
# by the day on which it was paid, also where the money came back later.
_PAID = text("""
    WITH moved AS (
        SELECT t.technician_id, t.company_id, p.client_id, p.engaged_as, a.currency, t.id,
            sign(e.amount) * (item ->> 'amount')::numeric AS amount,
            sign(e.amount) * (item ->> 'expenses')::numeric AS expenses,
            (SELECT c.tax_class FROM tax_classes c
                WHERE c.company_id = t.company_id AND c.counts_from <= (coalesce(
                    (SELECT min(first.booked_at) FROM ledger_transactions first
                        WHERE first.payout_id = t.payout_id AND first.kind = 'payout_paid'),
                    t.booked_at) AT TIME ZONE :zone)::date
                ORDER BY c.counts_from DESC, c.said_at DESC, c.id DESC LIMIT 1) AS tax_class
        FROM ledger_transactions t
        JOIN ledger_entries e ON e.transaction_id = t.id
        JOIN ledger_accounts a ON a.id = e.account_id AND a.kind = 'outside'
        JOIN payouts o ON o.id = t.payout_id
        CROSS JOIN jsonb_array_elements(o.items) item
        JOIN payments p ON p.id = (item ->> 'payment')::uuid
        WHERE t.kind IN ('payout_paid', 'payout_returned') AND t.booked_at >= :start AND t.booked_at < :end
            AND (CAST(:who AS uuid) IS NULL OR :who IN (t.technician_id, t.company_id, p.client_id))
    )
    SELECT coalesce(m.technician_id, m.company_id) AS owner_id, m.technician_id, m.client_id, m.currency, m.engaged_as,
        m.tax_class, sum(m.amount) AS amount, sum(m.expenses) AS expenses,
        count(DISTINCT m.id) AS num_payouts
    FROM moved m
    GROUP BY 1, 2, 3, 4, 5, 6
""")


@dataclass(frozen=True, slots=True)
class Line:
    """One movement on the account: above zero is more for its owner. Ids say for which payment or payout.

    Of the work that it is for, `number` is its client's alone; all three are None where the reader may not see it.
    """

    id: UUID
    booked_at: datetime
    kind: str
    amount: Decimal
    payment_id: UUID | None
    payout_id: UUID | None
    why: str | None
    job_id: UUID | None
    number: str | None
    title: str | None


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
    """What one technician or company was paid in a calendar year for one client, and whether that is to be reported.

    `expenses` are the part of `amount` that paid back what the technician laid out, with the client's approval or by a
    dispute's end; the rest is income. `engaged_as` is how they worked for the client when they took the work: whoever
    began to be employed within the year has a line of each. Of a company `tax_class` is how it was taxed when it was
    paid that, with a line of each, too; `lacks_class`: that is not known, and decides whether it is reported.
    """

    owner_id: UUID
    client_id: UUID
    name: str
    currency: str
    amount: Decimal
    expenses: Decimal
    engaged_as: str
    num_payouts: int
    is_reported: bool
    tax_class: str | None = None
    lacks_class: bool = False


def statement_of(session: Session, owner: Owner, currency: str, *, from_at: datetime, to_at: datetime) -> Statement:
    """A client's funds, or what is due to a technician or company, with the work as the session may see it."""
    kind = "funds" if owner.client_id else "due"
    mine = LedgerEntryRow.account_id == account_id(owner, kind, currency)
    booked = LedgerTransactionRow.booked_at
    number = JobRow.number if owner.client_id else null()
    entries = (
        select(LedgerTransactionRow, LedgerEntryRow.amount, JobRow.id, number, JobRow.title)
        .join(LedgerEntryRow, LedgerEntryRow.transaction_id == LedgerTransactionRow.id)
        .outerjoin(PaymentRow, PaymentRow.id == LedgerTransactionRow.payment_id)
        .outerjoin(JobRow, JobRow.id == PaymentRow.job_id)
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
        Line(row.id, row.booked_at, row.kind, amount, row.payment_id, row.payout_id, row.why, job, shown, title)
        for row, amount, job, shown, title in rows
    )
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    return Statement(currency, from_at, to_at, opening, lines, closing)


def yearly(
    session: Session, year: int, *, zone: str, packs: Sequence[Pack], owner: Owner | None = None
) -> list[YearLine]:
    """What everybody, or one owner, was paid in a year for each client, by the day of the payment in `zone`.

    Of a client as owner it is what it had paid to each. Whoever was erased has no name for it: only we keep one.

    What came back from a bank is taken off in the year in which it came back. Expenses that the client approved are
    told beside the sum: with a receipt they are no income. What somebody got as an independent contractor is reported,
    from the sum on that the year's version of a form among `packs` says, and what a company got through which they
    worked, unless it was taxed as that version exempts it (corporations); employees' pay went to the payroll partner,
    which reports it. Runs as the engine.

    A company's payments are exempt each by its own day in `zone`: what is reported of a year in which it changed is
    what it got while it was no corporation, if that together reaches the sum. An entry of a later year changes nothing
    unless the operator lets it count from a day of this one.

    Source: 26 CFR 1.6041-3(p)(1) exempts payments made *to a corporation*: what the payee is when it is paid.
    """
    start, end = (datetime(each, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for each in (year, year + 1))
    who = None if owner is None else owner.technician_id or owner.company_id or owner.client_id
    forms = forms_of(packs, year)
    rows = session.execute(_PAID, {"start": start, "end": end, "who": who, "zone": zone}).mappings().all()
    incomes: dict[tuple[Any, ...], dict[str | None, Decimal]] = defaultdict(dict)
    for row in rows:
        incomes[_pair(row)][row["tax_class"]] = row["amount"] - row["expenses"]
    lines = []
    for row in rows:
        asked = [_asks(form, row, incomes[_pair(row)]) for form in forms if row["currency"] == "USD"]
        is_reported = any(asked)
        name = _name(session, row["owner_id"], is_kept=owner is None or owner.client_id is None)
        line = {each: row[each] for each in _FROM_ROW}
        lines.append(
            YearLine(**line, name=name, is_reported=is_reported, lacks_class=not is_reported and None in asked)
        )
    return sorted(lines, key=_place)


def _place(line: YearLine) -> tuple[Any, ...]:
    """The most comes first; the rest is so that it is always the same."""
    return -line.amount, line.owner_id, line.client_id, line.engaged_as, line.currency, line.tax_class or ""


def _pair(row: RowMapping) -> tuple[Any, ...]:
    """Who was paid by whom, in which currency and way of working: what a sum of a form is of."""
    return row["owner_id"], row["client_id"], row["engaged_as"], row["currency"]


def _asks(form: Form, row: RowMapping, incomes: Mapping[str | None, Decimal]) -> bool | None:
    """Whether a form asks of whoever was paid; None: nobody knows how the company was taxed."""
    if row["technician_id"] is not None:
        return form.asks(row["engaged_as"], incomes[None])
    return form.asks_company(row["tax_class"], incomes) if row["engaged_as"] == "company" else False


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


def _name(session: Session, owner_id: UUID, *, is_kept: bool) -> str:
    person = select(TechnicianRow.name).where(TechnicianRow.id == owner_id)
    company = select(CompanyRow.name).where(CompanyRow.id == owner_id)
    name = session.scalars(person.union_all(company)).one()
    # Of somebody erased the tax law has us keep the name for some years.
    return str(kept_of(session, owner_id).get("name", name)) if name == ERASED and is_kept else name
