"""The guards' world of money: to each client's assignment a payment under a budget and a dispute; accounts and payouts.

What is owed to Anna for Acme's job stands on her own account; Crew has one of its own beside it.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dispatch.record import tables as t

DAY = timedelta(days=1)
IdOf = Callable[[str], UUID]


def network(id_of: IdOf, now: datetime) -> list[tuple[str, Any]]:
    """The platform's account and a transaction of nobody's, with what Crew and Cy get by it."""
    return [
        ("network", _account(id_of("network.account"), "outside", UUID(int=0), now)),
        ("crew", _account(id_of("crew.account"), "due", id_of("crew"), now, company_id=id_of("crew"))),
        ("crew", _payout(id_of("crew.payout"), now, company_id=id_of("crew"))),
        (
            "network",
            t.LedgerTransactionRow(
                id=id_of("network.transaction"),
                key="network",
                kind="deposit",
                payout_id=id_of("cy.payout"),
                booked_at=now,
            ),
        ),
        *(
            (name, _entry(id_of, "network", num, f"{name}.account", amount))
            for num, (name, amount) in enumerate([("network", -20), ("crew", 10), ("cy", 10)], 1)
        ),
    ]


def of_technician(id_of: IdOf, name: str, now: datetime) -> list[Any]:
    """What is owed to a technician, and a payout to them."""
    return [
        _account(id_of(f"{name}.account"), "due", id_of(name), now, technician_id=id_of(name)),
        _payout(id_of(f"{name}.payout"), now, technician_id=id_of(name)),
    ]


def of_client(id_of: IdOf, name: str, technician: str, now: datetime) -> list[tuple[str, Any]]:
    """A client's funds, the payment and the dispute of its assignment, and what moved for it."""
    own: dict[str, Any] = {"client_id": id_of(name), "job_id": id_of(f"{name}.job")}
    person: dict[str, Any] = {
        "technician_id": id_of(technician),
        "company_id": id_of("crew") if technician == "anna" else None,
    }
    way = {"engaged_as": "company"} if technician == "anna" else {"engaged_as": "w2", "payroll_id": id_of("crew")}
    budget = t.BudgetRow(
        id=id_of(f"{name}.budget"),
        client_id=id_of(name),
        code="PO-1",
        name="Refit",
        currency="USD",
        amount=Decimal(1000),
        is_hard=True,
        from_on=date(2000, 1, 1),
        created_at=now,
    )
    payment = t.PaymentRow(
        id=id_of(f"{name}.payment"),
        budget_id=budget.id,
        assignment_id=id_of(f"{name}.assignment"),
        currency="USD",
        terms={},
        held=Decimal(0),
        due=Decimal(150),
        state="due",
        due_at=now + DAY,
        approve_by=now,
        made_at=now,
        **own,
        **person,
        **way,
    )
    dispute = t.DisputeRow(
        id=id_of(f"{name}.dispute"),
        payment_id=payment.id,
        currency="USD",
        amount=Decimal(40),
        reason="hours",
        opened_by="client",
        opened_at=now,
        decider_id=id_of(f"{name}.staff"),
        decide_by=now + DAY,
        **own,
        **person,
    )
    moved = t.LedgerTransactionRow(
        id=id_of(f"{name}.transaction"),
        key=name,
        kind="charge",
        client_id=id_of(name),
        payment_id=payment.id,
        booked_at=now,
        **person,
    )
    account = _account(id_of(f"{name}.account"), "funds", id_of(name), now, client_id=id_of(name))
    return [
        *((name, row) for row in (account, budget, payment, dispute, moved)),
        (name, _entry(id_of, name, 1, f"{name}.account", -150)),
        (technician, _entry(id_of, name, 2, f"{technician}.account", 150)),
    ]


def _account(account_id: UUID, kind: str, owner_id: UUID, now: datetime, **owner: UUID) -> t.LedgerAccountRow:
    balance = None if kind == "outside" else Decimal(0)
    return t.LedgerAccountRow(
        id=account_id, kind=kind, currency="USD", digits=2, owner_id=owner_id, balance=balance, opened_at=now, **owner
    )


def _payout(payout_id: UUID, now: datetime, **owner: UUID) -> t.PayoutRow:
    return t.PayoutRow(
        id=payout_id,
        currency="USD",
        amount=Decimal(10),
        items=[],
        provider_ref=str(payout_id),
        created_at=now,
        **owner,
    )


def _entry(id_of: IdOf, transaction: str, num: int, account: str, amount: int) -> t.LedgerEntryRow:
    return t.LedgerEntryRow(
        transaction_id=id_of(f"{transaction}.transaction"),
        num=num,
        account_id=id_of(account),
        amount=Decimal(amount),
    )
