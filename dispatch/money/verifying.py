"""Do the books balance? Every balance computed anew from the entries, every transaction summed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_ACCOUNTS = text(
    "SELECT a.id, a.balance, coalesce(sum(e.amount), 0) FROM ledger_accounts a"
    " LEFT JOIN ledger_entries e ON e.account_id = a.id GROUP BY a.id ORDER BY a.id"
)
_UNBALANCED = text(
    "SELECT t.id FROM ledger_transactions t LEFT JOIN ledger_entries e ON e.transaction_id = t.id"
    " LEFT JOIN ledger_accounts a ON a.id = e.account_id"
    " GROUP BY t.id, a.currency HAVING coalesce(sum(e.amount), 1) <> 0 ORDER BY t.id"
)


@dataclass(frozen=True, slots=True)
class Books:
    """How many there are, and which are wrong."""

    num_accounts: int
    num_transactions: int
    wrong_accounts: tuple[UUID, ...]
    wrong_transactions: tuple[UUID, ...]


def verify_books(session: Session) -> Books:
    """Look at everything; runs as the engine."""
    session.execute(text("SET LOCAL statement_timeout = 0"))
    accounts = session.execute(_ACCOUNTS).all()
    num = session.execute(text("SELECT count(*) FROM ledger_transactions")).scalar_one()
    wrong = tuple(id_ for id_, balance, summed in accounts if balance is not None and balance != summed)
    return Books(len(accounts), num, wrong, tuple(session.scalars(_UNBALANCED)))
