"""What keeps somebody from being erased now, and until when? Work, money, a dispute, a removal, a legal hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatch.record.session import ring_of


@dataclass(frozen=True, slots=True)
class Blocker:
    """A code, how many there are, and until when at the latest as it stands; None: nobody can say."""

    code: str
    num: int
    until: datetime | None = None

    def to_document(self) -> dict[str, Any]:
        """As it is kept and told."""
        return {"code": self.code, "num": self.num, "until": self.until.isoformat() if self.until else None}


def find_blockers(session: Session, technician_id: UUID) -> list[Blocker]:
    """All that is in the way; erasing waits for each. As the engine; only who holds the technician can rely on it."""
    found = session.execute(_ALL, {"t": technician_id}).all()
    blockers = [Blocker(row.code, row.num, row.until) for row in found if row.num]
    if not ring_of(session).ids:
        blockers.append(Blocker("no_data_keys", 1))
    return blockers


#: A hold on a job or a client of theirs keeps them as one on themselves does: what they did is the evidence.
_ALL = text("""
SELECT 'live_work' AS code, count(*) AS num, max(end_at) AS until FROM assignments
    WHERE technician_id = :t AND state = 'live'
UNION ALL
SELECT 'unpaid_money', count(*), NULL FROM payments
    WHERE technician_id = :t AND (held > 0 OR due > 0 OR state = 'disputed')
UNION ALL
SELECT 'money_on_its_way', count(*), NULL FROM payouts WHERE technician_id = :t AND state IN ('created', 'sent')
UNION ALL
SELECT 'account_not_even', count(*), NULL FROM ledger_accounts WHERE technician_id = :t AND balance <> 0
UNION ALL
SELECT 'open_dispute', count(*), max(decide_by) FROM disputes WHERE technician_id = :t AND state = 'open'
UNION ALL
SELECT 'open_removal', count(*), max(respond_by) FROM removals
    WHERE technician_id = :t AND state NOT IN ('withdrawn', 'final')
UNION ALL
SELECT 'legal_hold', count(*), CASE WHEN count(until_at) = count(*) THEN max(until_at) END FROM legal_holds h
    WHERE h.lifted_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp())
    AND (h.technician_id = :t
        OR h.about = 'job' AND h.job_id IN (SELECT job_id FROM assignments WHERE technician_id = :t)
        OR h.about = 'client' AND h.client_id IN (SELECT client_id FROM assignments WHERE technician_id = :t))
""")
