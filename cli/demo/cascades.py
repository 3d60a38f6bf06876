"""What falls with a proof that ends while work is booked, and who comes instead? One taken back, one run out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from cli.demo.clock import run_out
from cli.demo.desk import Desk

#: Work to come that needs a kind of proof, best where somebody else had said yes too; not of who was `seen` before.
_NEEDS = text("""
SELECT client, technician, credential FROM (
    SELECT a.job_id AS job, a.client_id AS client, a.technician_id AS technician, c.id AS credential, EXISTS (
               SELECT FROM offers o WHERE o.visit_id = a.visit_id AND o.technician_id <> a.technician_id
                   AND o.state IN ('not_chosen', 'withdrawn') AND o.answered_at IS NOT NULL) AS backup
    FROM assignments a JOIN slots s ON s.id = a.slot_id
    JOIN credentials c ON c.technician_id = a.technician_id AND c.kind = :kind
        AND c.state IN ('verified', 'expiring') AND c.for_client_id IS NULL
    WHERE a.state = 'live' AND a.presence = 'assigned' AND s.needs -> 'credentials' ? :kind
        AND a.technician_id <> ALL(:seen)
) found ORDER BY backup DESC, technician, job LIMIT 1
""")

#: Which work fell when a technician lost a proof, who has each now, and how many were asked for it since.
_FELL = text("""
SELECT j.number, a.ended_at AS at, n.technician_id AS rescuer, n.assigned_at,
       (SELECT count(*) FROM offers o JOIN rounds r ON r.id = o.round_id
        WHERE r.visit_id = a.visit_id AND r.num > 1 AND o.sent_at >= a.ended_at) AS asked
FROM assignments a JOIN jobs j ON j.id = a.job_id
LEFT JOIN assignments n ON n.visit_id = a.visit_id AND n.state = 'live' AND n.assigned_at >= a.ended_at
WHERE a.technician_id = :technician AND a.state = 'released' AND a.ended_why = 'proof_lapsed'
ORDER BY a.ended_at, a.id
""")


@dataclass(frozen=True, slots=True)
class Cascade:
    """A proof that ended: the client's work that fell with it, who came instead, how many were asked, how long it took.

    `fell` are jobs; `rescued` those that somebody else has, `rescued_by` the one who took the first of them.
    """

    proof: str
    how: str
    client: str
    lost_by: str
    fell: tuple[str, ...]
    rescued: tuple[str, ...]
    rescued_by: str | None
    asked: int
    seconds: float | None


class Cascades(Desk):
    """The scenes before the day."""

    def happen(self) -> list[dict[str, Any]]:
        """Two proofs end while work is booked: one is taken back, another runs out."""
        seen: list[UUID] = []
        return [asdict(each) for kind, how in _ENDS if (each := self._cascade(kind, how, seen)) is not None]

    def _cascade(self, kind: str, how: str, seen: list[UUID]) -> Cascade | None:
        found = self.one(_NEEDS, kind=kind, seen=seen)
        if found is None:
            return None
        if how == "revoked":
            self.post(self.there.operator_key, f"credentials/{found.credential}/revoke")
        else:
            with self.there.reading() as session:
                run_out(session, found.credential)
        who = {"technician": found.technician}
        rows = self.until(lambda: self._rescued(who)) or self.all(_FELL, **who)
        saved = [row for row in rows if row.rescuer is not None]
        seen += [found.technician, *(row.rescuer for row in saved)]
        first = min(saved, key=lambda row: row.assigned_at, default=None)
        self.show(f"{kind.replace('_', ' ')} {how}: {len(rows)} jobs fell, {len(saved)} have somebody else")
        return Cascade(
            proof=kind,
            how=how,
            client=self.there.client(found.client).customer.name,
            lost_by=self.name(found.technician),
            fell=tuple(row.number for row in rows),
            rescued=tuple(row.number for row in saved),
            rescued_by=self.name(first.rescuer) if first else None,
            asked=sum(row.asked for row in rows),
            seconds=round((first.assigned_at - first.at).total_seconds(), 1) if first else None,
        )

    def _rescued(self, who: Mapping[str, UUID]) -> list[Any] | None:
        """What fell, once somebody else has all of it."""
        rows = self.all(_FELL, **who)
        return rows if rows and all(row.rescuer is not None for row in rows) else None


#: Which kind of proof ends, and how.
_ENDS = (("general_liability", "revoked"), ("background_check", "expired"))
