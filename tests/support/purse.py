"""The words in which tests of money are told: what a client has, sets aside, owes, and that every cent is somewhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session
from worlds import World

from dispatch.jobs.acceptance import Answer, Won, accept_offer
from dispatch.money.funds import move_funds, set_rules
from dispatch.money.ledger import Owner, balance_of
from dispatch.money.payouts import make_payouts
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    JobRow,
    LedgerAccountRow,
    LedgerEntryRow,
    LedgerTransactionRow,
    OfferRow,
    PaymentRow,
    StaffRow,
    TimeEntryRow,
    VisitRow,
    new_id,
)
from dispatch.visits.completion import approve_job, finish_job

ZERO = Decimal(0)
Act = Callable[[Session, datetime], Any]


@dataclass
class Purse:
    """A client's money in a small world; `operator` is a member of the operator's staff."""

    world: World
    operator: Actor = field(init=False)
    num_worked: int = 0

    def __post_init__(self) -> None:
        staff = new_id()
        with self.world.as_engine() as (session, now):
            session.execute(
                insert(StaffRow).values(
                    id=staff, role="operator", name="Olga Operator", email="olga@example.org", created_at=now
                )
            )
        self.operator = Actor("operator", staff)

    @property
    def client(self) -> UUID:
        return self.world.client

    def does(self, act: Act) -> Any:
        """One transaction of the engine."""
        with self.world.as_engine() as (session, now):
            return act(session, now)

    def agrees(self, **rules: Any) -> None:
        """The operator and Acme agree on rules."""
        self.does(lambda session, now: set_rules(session, self.operator, self.client, rules, now=now))

    def pays_in(self, amount: str) -> None:
        """Acme pays in, or takes back what is below zero."""
        self.does(lambda session, now: move_funds(session, self.operator, self.client, Decimal(amount), now=now))

    def has(self, kind: str, technician: UUID | None = None, currency: str = "USD") -> Decimal:
        """What an account holds: Acme's, a technician's or, for `fees` and `outside`, the platform's."""
        owner = Owner() if kind in ("fees", "outside") else Owner(client_id=self.client)
        if technician is not None:
            owner = Owner(technician_id=technician)
        return self.does(lambda session, _: balance_of(session, owner, kind, currency))

    def accepts(self, offer: OfferRow) -> Answer:
        """Who was offered the job says yes."""
        return self.does(
            lambda session, now: accept_offer(session, self.world.actor_of(offer), self.world.yes(offer), now=now)
        )

    def assigned(self, **wishes: Any) -> Won:
        """A job that the best one asked has."""
        won = self.accepts(self.world.offered(**wishes)[0])
        assert isinstance(won, Won), won
        return won

    def worked(self, won: Won, hours: float, *, is_agreed: bool = False) -> None:
        """The technician was there so long, from the agreed start; the visit is over and the job's work is done."""
        with self.world.as_engine() as (session, now):
            mine = session.get_one(AssignmentRow, won.assignment_id)
            # A day earlier each time: nobody's spans overlap.
            self.num_worked += 1
            end = now - timedelta(days=self.num_worked)
            start = end - timedelta(hours=hours)
            entry = new_id()
            session.execute(
                insert(TimeEntryRow).values(
                    id=entry, entry_id=entry, client_id=self.client, job_id=won.job_id, visit_id=won.visit_id,
                    assignment_id=won.assignment_id, technician_id=mine.technician_id, started_at=start, ended_at=end,
                    source="app", in_received_at=start, proposed_by="technician", agreed_at=now if is_agreed else None,
                )
            )  # fmt: skip
            over = {"state": "checked_out", "checked_in_at": start, "checked_out_at": end, "outcome": "complete"}
            session.execute(update(VisitRow).where(VisitRow.id == won.visit_id).values(over))
            session.execute(
                update(AssignmentRow)
                .where(AssignmentRow.id == won.assignment_id)
                .values(presence="checked_out", checked_in_at=start, checked_out_at=end)
            )
            session.execute(update(JobRow).where(JobRow.id == won.job_id).values(state="in_progress"))

    def approves(self, won: Won, actor: Actor | None = None) -> bool:
        """Acme's dispatcher approves the job."""
        return self.does(lambda session, now: approve_job(session, actor or self.world.staff, won.job_id, now=now))

    def runs_payouts(self) -> list[UUID]:
        """What is due now goes into payouts."""
        return self.does(lambda session, now: make_payouts(session, now=now))

    def payment(self, won: Won) -> PaymentRow:
        """The payment of an assignment, as it stands."""
        return self.does(
            lambda session, _: session.scalars(
                select(PaymentRow).where(PaymentRow.assignment_id == won.assignment_id)
            ).one()
        )

    def keys(self, *kinds: str) -> list[str]:
        """Kinds of the transactions booked, in order."""
        wanted = select(LedgerTransactionRow.kind).where(LedgerTransactionRow.kind.in_(kinds))
        return self.does(lambda session, _: list(session.scalars(wanted.order_by(LedgerTransactionRow.id))))

    def balances(self) -> None:
        """Every cent is somewhere: balances are the sums of their entries, all is zero, payments match the accounts."""
        with self.world.as_engine() as (session, _):
            summed = func.coalesce(func.sum(LedgerEntryRow.amount), 0)
            rows = session.execute(
                select(LedgerAccountRow.kind, LedgerAccountRow.currency, LedgerAccountRow.balance, summed)
                .outerjoin(LedgerEntryRow, LedgerEntryRow.account_id == LedgerAccountRow.id)
                .group_by(LedgerAccountRow.id)
            ).all()
            assert [row for row in rows if row.balance is not None and row.balance != row[3]] == []
            for currency in {row.currency for row in rows}:
                assert sum(row[3] for row in rows if row.currency == currency) == 0
            kept = {
                kind: sum((row[3] for row in rows if row.kind == kind), ZERO)
                for kind in ("held", "due", "fees", "in_payout")
            }
            sums = session.execute(
                select(func.sum(PaymentRow.held), func.sum(PaymentRow.due), func.sum(PaymentRow.fee))
            ).one()
            assert (kept["held"], kept["due"], kept["fees"]) == tuple(each or ZERO for each in sums)
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def done(purse: Purse, hours: float = 2, **wishes) -> Won:
    """A job that somebody did, and says so."""
    won = purse.assigned(**wishes)
    purse.worked(won, hours)
    technician = purse.payment(won).technician_id
    worker = Actor("technician", technician, technician_id=technician)
    purse.does(lambda session, now: finish_job(session, worker, won.job_id, now=now))
    return won
