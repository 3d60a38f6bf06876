"""How does what is due get to its owner? In batches, one transfer for each payee and currency, told of once.

A run takes payments whose date has come and moves what is due into payouts; another transaction tells the provider and
notes its id; callbacks end a payout. A transfer is paid, or fails, or is paid and then comes back, and the words about
it come in any order, some of them twice: that it is back outweighs that it was paid, so the end is the same in every
order, and a word that tells nothing new moves nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from dispatch.errors import NotFound
from dispatch.money.claims import expenses_of
from dispatch.money.holding import payee_of
from dispatch.money.ledger import About, Owner, account_id, lock_accounts, post
from dispatch.money.provider import Order, OrderRefused, Provider, ProviderDown, Word
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor, database_now
from dispatch.record.tables import PaymentRow, PayoutRow, new_id

_BATCH = 500
#: outcome -> the states in which it is news; a bank that first says `paid` may still say `failed`.
_NEWS = {
    "paid": ("created", "sent"),
    "failed": ("created", "sent", "paid"),
    "returned": ("created", "sent", "paid", "failed"),
}
#: Of these payments, what earlier payouts carried of their expenses; what failed or came back carried none.
_CARRIED = text("""
    SELECT item ->> 'payment' AS payment, sum((item ->> 'expenses')::numeric) AS expenses
    FROM payouts o CROSS JOIN jsonb_array_elements(o.items) item
    WHERE :owner IN (o.technician_id, o.company_id) AND o.state NOT IN ('failed', 'returned')
        AND item ->> 'payment' = ANY(:payments)
    GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class Sent:
    """How many payouts the provider took, how many it refused, and why the rest waits."""

    num_sent: int
    num_refused: int = 0
    fault: str | None = None


def make_payouts(session: Session, *, now: datetime) -> list[UUID]:
    """Move what is due by now into payouts: their ids. What others hold is left to the next run. Runs as the engine."""
    ready = session.scalars(
        select(PaymentRow)
        .where(PaymentRow.due > 0, PaymentRow.due_at <= now)
        .order_by(PaymentRow.id)
        .limit(_BATCH)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    batches: dict[tuple[UUID, str], list[PaymentRow]] = defaultdict(list)
    for payment in ready:
        batches[payee_of(payment).id, payment.currency].append(payment)
    lock_accounts(
        session,
        (
            account_id(payee_of(payments[0]), kind, payments[0].currency)
            for payments in batches.values()
            for kind in ("due", "in_payout")
        ),
    )
    return [_make(session, batches[key], now) for key in sorted(batches)]


def send_payouts(
    transaction: Callable[[], AbstractContextManager[Session]], provider: Provider, actor: Actor = ENGINE
) -> Sent:
    """Tell the provider of every payout that it was not told of. Each in a transaction of its own.

    The provider hears before the commit: after a fault it hears again, of the same id. A payout that it refuses has
    failed, and is due again; when it is not to be reached, the others wait for the next run too.
    """
    num_sent = num_refused = 0
    try:
        while True:
            with transaction() as session:
                payout = _next_unsent(session)
                if payout is None:
                    return Sent(num_sent, num_refused)
                if _send(session, payout, provider, actor):
                    num_sent += 1
                else:
                    num_refused += 1
    except ProviderDown as fault:
        return Sent(num_sent, num_refused, str(fault))


def _next_unsent(session: Session) -> PayoutRow | None:
    return session.scalars(
        select(PayoutRow)
        .where(PayoutRow.state == "created")
        .order_by(PayoutRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def _send(session: Session, payout: PayoutRow, provider: Provider, actor: Actor) -> bool:
    order = Order(payout.id, _owner(payout).id, payout.amount, payout.currency)
    try:
        reference = provider.create_payout(order)
    except OrderRefused as refusal:
        hear(session, actor, Word(payout.id, "failed", str(refusal)), now=database_now(session))
        return False
    now = database_now(session)
    values = {"state": "sent", "sent_at": now, "provider_ref": reference}
    session.execute(update(PayoutRow).where(PayoutRow.id == payout.id).values(values))
    record(session, actor, ("payout", payout.id), "sent", client_id=None, now=now)
    return True


def hear(session: Session, actor: Actor, word: Word, *, now: datetime) -> bool:
    """Note what the provider says became of a payout: whether it is new. Runs as the engine.

    Money that comes back, and a transfer that failed, is due again, once, whichever word is heard first.

    Raises
    ------
    NotFound
        When there is no such payout.
    """
    payout = session.scalars(
        select(PayoutRow)
        .where(PayoutRow.id == word.payout_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if payout is None:
        raise NotFound("payout", word.payout_id)
    if payout.state not in _NEWS[word.outcome]:
        return False
    steps = _steps(payout.state, word.outcome)
    payout.state, payout.settled_at, payout.failed_why = word.outcome, now, word.why or payout.failed_why
    session.flush()
    if steps and word.outcome != "paid":
        _owe_again(session, payout)
    _hold_accounts(session, payout)
    for step in steps:
        _post(session, payout, step, now)
    told = {"amount": str(payout.amount), "currency": payout.currency, "why": word.why}
    if payout.technician_id is not None:
        told["technician"] = str(payout.technician_id)
    record(session, actor, ("payout", payout.id), word.outcome, told, client_id=None, now=now)
    return True


def _steps(before: str, outcome: str) -> tuple[str, ...]:
    """What is booked when a payout in this state is heard to have come to this end. Pure.

    What returned was paid before, though nobody had said so; what failed is with us already, and comes back no second
    time.
    """
    if before == "failed":
        return ()
    if outcome == "paid":
        return ("paid",)
    if before == "paid":
        return ("returned",)
    return ("paid", "returned") if outcome == "returned" else ("failed",)


def _make(session: Session, payments: list[PaymentRow], now: datetime) -> UUID:
    payout_id, owner = new_id(), payee_of(payments[0])
    amount = sum((each.due for each in payments), Decimal(0))
    payout = PayoutRow(
        id=payout_id,
        technician_id=owner.technician_id,
        company_id=owner.company_id,
        currency=payments[0].currency,
        amount=amount,
        items=_items(session, owner, payments),
        created_at=now,
    )
    session.add(payout)
    session.flush()
    for payment in payments:
        session.execute(
            update(PaymentRow)
            .where(PaymentRow.id == payment.id)
            .values(
                paid=PaymentRow.paid + payment.due,
                due=0,
                # While a penalty may be contested, more may become due.
                state="paid" if payment.state == "due" and payment.approve_by is None else payment.state,
                version=PaymentRow.version + 1,
            )
            .execution_options(synchronize_session=False)
        )
    _post(session, payout, "created", now)
    told = {"amount": str(amount), "currency": payout.currency, "payments": [str(each.id) for each in payments]}
    record(session, ENGINE, ("payout", payout_id), "created", told, client_id=None, now=now)
    return payout_id


def _items(session: Session, owner: Owner, payments: list[PaymentRow]) -> list[dict[str, str]]:
    """What goes for each payment, and how much of that pays back expenses: they go first, each once."""
    again = [str(each.id) for each in payments if each.paid and expenses_of(each)]
    carried: dict[str, Decimal] = {}
    if again:
        carried = dict(session.execute(_CARRIED, {"owner": owner.id, "payments": again}).all())
    return [
        {
            "payment": str(each.id),
            "amount": str(each.due),
            "expenses": str(min(each.due, max(Decimal(0), expenses_of(each) - carried.get(str(each.id), Decimal(0))))),
        }
        for each in payments
    ]


def _owe_again(session: Session, payout: PayoutRow) -> None:
    """What was in the payout is due once more, for the next run."""
    for item in sorted(payout.items, key=lambda each: each["payment"]):
        amount = Decimal(item["amount"])
        payment = session.get_one(
            PaymentRow, UUID(item["payment"]), with_for_update={"key_share": True}, populate_existing=True
        )
        payment.due, payment.paid = payment.due + amount, payment.paid - amount
        payment.state = "due" if payment.state == "paid" else payment.state
        payment.version += 1
    session.flush()


def _hold_accounts(session: Session, payout: PayoutRow) -> None:
    owner = _owner(payout)
    lock_accounts(session, (account_id(owner, kind, payout.currency) for kind in ("due", "in_payout")))


def _post(session: Session, payout: PayoutRow, step: str, now: datetime) -> None:
    owner = _owner(payout)
    due, on_its_way, outside = (
        account_id(owner, "due", payout.currency),
        account_id(owner, "in_payout", payout.currency),
        account_id(Owner(), "outside", payout.currency),
    )
    kind, source, target = {
        "created": ("payout", due, on_its_way),
        "paid": ("payout_paid", on_its_way, outside),
        "failed": ("payout_failed", on_its_way, due),
        "returned": ("payout_returned", outside, due),
    }[step]
    about = About(technician_id=owner.technician_id, company_id=owner.company_id, payout_id=payout.id)
    moves = {source: -payout.amount, target: payout.amount}
    post(session, kind, f"{kind}:{payout.id}", moves, about, now=now)


def _owner(payout: PayoutRow) -> Owner:
    return Owner(technician_id=payout.technician_id, company_id=payout.company_id)
