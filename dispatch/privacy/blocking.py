"""What keeps somebody from being erased now, and until when? Work, money, a dispute, a removal, a legal hold.

Of staff: that nobody else is there to admit people, or that they are named for what is still to come.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
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
    return _found(session, _ALL, technician_id)


def find_staff_blockers(session: Session, staff_id: UUID) -> list[Blocker]:
    """The same of one of the staff: what waits for them has to be handed on first."""
    return _found(session, _OF_STAFF, staff_id)


def _found(session: Session, wanted: TextClause, person_id: UUID) -> list[Blocker]:
    found = session.execute(wanted, {"t": person_id}).all()
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

#: A hold on their client, or on any job of it, keeps them: what they decided there is the evidence. So does a dispute
#: about a job that they wrote about.
_OF_STAFF = text("""
SELECT 'last_' || CASE me.role WHEN 'operator' THEN 'operator' ELSE 'admin' END AS code, count(*) AS num,
    CAST(NULL AS timestamptz) AS until FROM staff me
    WHERE me.id = :t AND me.left_at IS NULL AND me.role IN ('operator', 'client_admin') AND NOT EXISTS (
        SELECT FROM staff s WHERE s.id <> me.id AND s.role = me.role AND s.left_at IS NULL
        AND s.client_id IS NOT DISTINCT FROM me.client_id)
    GROUP BY me.role
UNION ALL
SELECT 'named_in_ladder', count(*), NULL FROM clients c JOIN staff me ON me.client_id = c.id
    WHERE me.id = :t
    AND c.day_policy #> '{escalation,steps}' @> jsonb_build_array(jsonb_build_object('whom', 'staff:' || me.id))
UNION ALL
SELECT 'duty_to_come', count(*), max(upper(during)) FROM duty_shifts
    WHERE staff_id = :t AND upper(during) > clock_timestamp()
UNION ALL
SELECT 'alarm_taken_on', count(*), NULL FROM alarms WHERE acknowledged_by = :t AND cleared_at IS NULL
UNION ALL
SELECT 'open_dispute', count(*), max(d.decide_by) FROM disputes d
    WHERE d.state = 'open' AND d.job_id IN (SELECT t.job_id FROM threads t JOIN messages m ON m.thread_id = t.id
        WHERE m.author_kind = 'staff' AND m.author_id = :t)
UNION ALL
SELECT 'legal_hold', count(*), CASE WHEN count(until_at) = count(*) THEN max(until_at) END FROM legal_holds h
    WHERE h.lifted_at IS NULL AND (h.until_at IS NULL OR h.until_at > clock_timestamp())
    AND (h.staff_id = :t OR h.client_id = (SELECT client_id FROM staff WHERE id = :t))
""")
