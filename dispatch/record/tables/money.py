"""Whose money is where? The ledger, what each assignment is worth, payouts, disputes.

The ledger is double entry and append-only. An amount above zero is what we owe the account's owner; the world outside
is the one who owes. So every transaction sums to zero, and so do all balances of a currency.
"""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import (
    Base,
    Code,
    Currency,
    Document,
    Id,
    Instant,
    Words,
    Xid8,
    currency,
    money,
    one_of,
    tenant_fk,
    tenant_key,
)
from matching.currencies import THOUSANDTHS, WHOLE_CURRENCIES
from matching.usage import ENGAGEMENTS

#: A client's money with us, and what of it is set aside for work; what is owed to a technician or company, and what of
#: it is on its way to their bank; our fees; the world outside (banks).
ACCOUNT_KINDS = ("funds", "held", "due", "in_payout", "fees", "outside")
#: Nobody waits for these: they belong to the platform, and their balance is the sum of their entries.
PLATFORM_KINDS = ("fees", "outside")
#: `hold` sets aside, `release` gives back, `approve` makes what was set aside due, with our fee, `charge` takes from
#: the funds what was never set aside, below their floor if need be.
TRANSACTION_KINDS = (
    "deposit",
    "withdraw",
    "hold",
    "release",
    "approve",
    "charge",
    "refund",
    "payout",
    "payout_paid",
    "payout_failed",
    "payout_returned",
)
PAYMENT_STATES = ("held", "due", "paid", "disputed", "released")
PAYOUT_STATES = ("created", "sent", "paid", "failed", "returned")
DISPUTE_STATES = ("open", "decided")

_WHOLE, _THOUSANDTHS = (", ".join(f"'{each}'" for each in sorted(some)) for some in (WHOLE_CURRENCIES, THOUSANDTHS))
_PLATFORM = ", ".join(f"'{each}'" for each in PLATFORM_KINDS)
#: What a payment's sums are, beside its due date.
PAYMENT_SUMS = ("held", "beyond", "due", "paid", "fee", "refunded")

#: Sums of many amounts of money.
Total = Annotated[Decimal, mapped_column(Numeric(18, 2))]


class LedgerAccountRow(Base):
    """Money of one owner, in one currency, for one purpose.

    `balance` is kept by a trigger, in the transaction that adds an entry; `floor` is how low it may go. `owner_id` is
    the client, technician or company, for the platform its own id of zeros; `digits` are those of the currency.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("owner_id", "kind", "currency"),
        one_of("kind", ACCOUNT_KINDS),
        currency(),
        CheckConstraint(f"digits = CASE WHEN currency IN ({_WHOLE}) THEN 0 ELSE 2 END", name="digits_of_currency"),
        CheckConstraint(f"currency NOT IN ({_THOUSANDTHS})", name="currency_fits"),
        CheckConstraint(
            "CASE WHEN kind IN ('funds', 'held') THEN client_id IS NOT NULL AND num_nonnulls(technician_id, company_id)"
            " = 0 WHEN kind IN ('due', 'in_payout') THEN client_id IS NULL AND num_nonnulls(technician_id, company_id)"
            " = 1 ELSE num_nonnulls(client_id, technician_id, company_id) = 0 END",
            name="kind_has_its_owner",
        ),
        CheckConstraint(
            "owner_id = coalesce(client_id, technician_id, company_id, '00000000-0000-0000-0000-000000000000')",
            name="owner_is_one",
        ),
        CheckConstraint(f"(kind IN ({_PLATFORM})) = (balance IS NULL)", name="balance_kept"),
        CheckConstraint("balance <> 'NaN'::numeric AND floor <> 'NaN'::numeric", name="sums_are_numbers"),
        Index("ix_ledger_accounts_client_id", "client_id"),
    )
    id: Mapped[Id]
    kind: Mapped[Code]
    currency: Mapped[Currency]
    digits: Mapped[int] = mapped_column(SmallInteger)
    owner_id: Mapped[UUID]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    balance: Mapped[Total | None]
    floor: Mapped[Total | None]
    opened_at: Mapped[Instant]


class LedgerTransactionRow(Base):
    """One movement of money, once: `key` names what it is for (`hold:ASSIGNMENT`), and cannot be booked again.

    `client_id` is whose money moves, `technician_id` and `company_id` whose work it is for.
    """

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        UniqueConstraint("key"),
        one_of("kind", TRANSACTION_KINDS),
        tenant_fk("payment_id", "payments"),
        CheckConstraint("payment_id IS NULL OR client_id IS NOT NULL", name="payment_has_client"),
        Index("ix_ledger_transactions_payment_id", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index("ix_ledger_transactions_payout_id", "payout_id", postgresql_where=text("payout_id IS NOT NULL")),
    )
    id: Mapped[Id]
    key: Mapped[Words]
    kind: Mapped[Code]
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("clients.id"))
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    payment_id: Mapped[UUID | None]
    payout_id: Mapped[UUID | None] = mapped_column(ForeignKey("payouts.id"))
    why: Mapped[Code | None]
    booked_at: Mapped[Instant]
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))


class LedgerEntryRow(Base):
    """A transaction's part on one account; all of a transaction's parts sum to zero in each currency."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount <> 0 AND amount <> 'NaN'::numeric", name="amount_moves"),
        Index("ix_ledger_entries_account_id", "account_id", "transaction_id"),
    )
    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transactions.id"), primary_key=True)
    num: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_accounts.id"))
    amount: Mapped[Total]


class PaymentRow(Base):
    """What one assignment is worth, and how far its payment is.

    Of the money that was set aside, `held` is still so; `beyond` it the client promised more (an extra, a grant on the
    day) and has not approved it yet. `due` waits for a payout from `due_at` on, `paid` has gone
    into one, `fee` is ours, `refunded` went back to the client. `terms` are the client's money rules as they stood at
    the yes, as `engaged_as` says how the technician worked for the client then, and `payroll_id` who is paid for an
    employee; `lines` what is claimed and `approvals` who approved how much of it. With nobody's word it is approved at
    `approve_by`; once it is `due`, penalties stand from `approve_by` on, and what they took off is `held` until then.
    """

    __tablename__ = "payments"
    __table_args__ = (
        tenant_key(),
        UniqueConstraint("assignment_id"),
        tenant_fk("job_id", "jobs"),
        tenant_fk("assignment_id", "assignments"),
        tenant_fk("budget_id", "budgets"),
        one_of("state", PAYMENT_STATES),
        one_of("engaged_as", ENGAGEMENTS),
        CheckConstraint("payroll_id IS NULL OR engaged_as = 'w2'", name="payroll_of_employees"),
        currency(),
        *(money(each) for each in PAYMENT_SUMS),
        CheckConstraint("(state = 'due') <= (due_at IS NOT NULL)", name="due_has_date"),
        CheckConstraint("isfinite(approve_by) AND isfinite(due_at)", name="dates_finite"),
        Index("ix_payments_client_id_job_id", "client_id", "job_id"),
        Index("ix_payments_technician_id", "technician_id"),
        Index("ix_payments_budget_id", "budget_id", postgresql_where=text("budget_id IS NOT NULL")),
        Index("ix_payments_approve_by", "approve_by", postgresql_where=text("approve_by IS NOT NULL")),
        Index("ix_payments_due_at", "due_at", postgresql_where=text("due > 0")),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    assignment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    engaged_as: Mapped[Code] = mapped_column(server_default="contractor")
    payroll_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    budget_id: Mapped[UUID | None]
    currency: Mapped[Currency]
    terms: Mapped[Document]
    state: Mapped[Code] = mapped_column(server_default="held")
    held: Mapped[Total]
    beyond: Mapped[Total] = mapped_column(server_default="0")
    due: Mapped[Total] = mapped_column(server_default="0")
    paid: Mapped[Total] = mapped_column(server_default="0")
    fee: Mapped[Total] = mapped_column(server_default="0")
    refunded: Mapped[Total] = mapped_column(server_default="0")
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    extras: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    approvals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    made_at: Mapped[Instant]
    approve_by: Mapped[Instant | None]
    approved_at: Mapped[Instant | None]
    due_at: Mapped[Instant | None]
    version: Mapped[int] = mapped_column(server_default="1")


class PayoutRow(Base):
    """One transfer to one technician's or company's bank; `items` are the payments in it.

    `[{"payment", "amount", "expenses"}]`: how much goes for each, and how much of that pays back expenses.
    `provider_ref` is the provider's own id, `failed_why` its code.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        one_of("state", PAYOUT_STATES),
        currency(),
        CheckConstraint("amount > 0 AND amount <> 'NaN'::numeric", name="amount_sum"),
        CheckConstraint("num_nonnulls(technician_id, company_id) = 1", name="goes_to_one"),
        CheckConstraint("(state = 'created') <= (sent_at IS NULL)", name="created_not_sent"),
        CheckConstraint(
            "(state IN ('paid', 'failed', 'returned')) = (settled_at IS NOT NULL)", name="settled_has_time"
        ),
        UniqueConstraint("provider_ref"),
        Index("ix_payouts_waiting", "created_at", postgresql_where=text("state = 'created'")),
        Index("ix_payouts_technician_id", "technician_id"),
        Index("ix_payouts_company_id", "company_id"),
    )
    id: Mapped[Id]
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    currency: Mapped[Currency]
    amount: Mapped[Total]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    state: Mapped[Code] = mapped_column(server_default="created")
    provider_ref: Mapped[Words | None]
    failed_why: Mapped[Code | None]
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]


class DisputeRow(Base):
    """What both sides don't agree on of a payment: `amount` stays set aside until `decider_id` decides, by `decide_by`.

    `positions` is what each side says: `{"client": {"hours", "amount", "files", "note", "said_at"}, ...}`, and `note`
    what it was opened with; `awarded` is what the technician gets of it. `of_claim` of it was claimed and not approved
    when it was opened: what else is claimed goes its own way. Empty: the work was approved before. Each side has one
    open of a payment at a time.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        tenant_key(),
        tenant_fk("job_id", "jobs"),
        tenant_fk("payment_id", "payments"),
        one_of("state", DISPUTE_STATES),
        currency(),
        money("amount"),
        money("awarded"),
        CheckConstraint("awarded <= amount", name="awarded_within_amount"),
        money("of_claim"),
        CheckConstraint("of_claim <= amount", name="of_claim_within_amount"),
        CheckConstraint("isfinite(decide_by) AND decide_by > opened_at", name="decide_after_opened"),
        CheckConstraint("(state = 'decided') = (decided_at IS NOT NULL)", name="decided_has_time"),
        CheckConstraint("(state = 'decided') = (awarded IS NOT NULL)", name="decided_has_sum"),
        Index("uq_disputes_open", "payment_id", "opened_by", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_disputes_decide_by", "decide_by", postgresql_where=text("state = 'open'")),
        Index("ix_disputes_client_id_job_id", "client_id", "job_id"),
    )
    id: Mapped[Id]
    client_id: Mapped[UUID]
    job_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    technician_id: Mapped[UUID] = mapped_column(ForeignKey("technicians.id"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    state: Mapped[Code] = mapped_column(server_default="open")
    currency: Mapped[Currency]
    amount: Mapped[Total]
    of_claim: Mapped[Total | None]
    reason: Mapped[Code]
    positions: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    note: Mapped[Words] = mapped_column(server_default="")
    opened_by: Mapped[Code]
    opened_at: Mapped[Instant]
    decider_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    decide_by: Mapped[Instant]
    is_late: Mapped[bool] = mapped_column(server_default=text("false"))
    decided_at: Mapped[Instant | None]
    awarded: Mapped[Total | None]
    decided_note: Mapped[Words | None]
