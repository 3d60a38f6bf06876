"""What does the demo show of trust? Proofs that end while work is booked, an appeal, and a dispute about pay.

As everything else of the day: through the real HTTP API, and what is told is read back from the record.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from cli.children import truckroll
from cli.demo.clock import run_out
from cli.demo.stage import Stage
from dispatch.errors import TruckrollError

#: Seconds in which others answer, and in which what an event means for somebody's reputation is reckoned.
_SETTLES_WITHIN_S = 40.0
_AUDIT_WITHIN_S = 120.0

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

#: Whoever has most to lose and nothing yet to say for themselves: what counts against them.
_AGAINST = text("""
SELECT technician_id FROM outcomes WHERE value < 1 AND why_not IS NULL
ORDER BY severity DESC, (kind = 'no_show') DESC, technician_id LIMIT 1
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


@dataclass
class Trust:
    """The scenes, one after the other; `cascades` comes before the day, the others after it."""

    there: Stage
    show: Callable[[str], None]

    def cascades(self) -> list[dict[str, Any]]:
        """Two proofs end while work is booked: an insurer takes one back, another runs out."""
        seen: list[UUID] = []
        return [asdict(each) for kind, how in _ENDS if (each := self._cascade(kind, how, seen)) is not None]

    def appeal(self) -> dict[str, Any] | None:
        """A technician appeals against what counts against them; the operator looks, and their account is made anew."""
        found = self._until(lambda: self._one(_AGAINST))
        if found is None:
            return None
        technician = found.technician_id
        account = f"technicians/{technician}/reputation"
        phone = self.there.phone_key(technician)
        before = self._get(phone, account)
        point = min(before["points"], key=lambda each: each["points"])
        words = "My van broke down on the way, and the site knew; the garage's bill is with you."
        asked = self._post(phone, "appeals", {"event_id": point["event_id"], "words": words})
        meanwhile = self._account_without(phone, account, point)
        verdict = {"verdict": "upheld", "words": "The bill and the call are there: it was not your doing."}
        answered = self._post(self.there.operator_key, f"reviews/{asked['id']}/answer", verdict)
        after = self._until(lambda: self._with_verdict(phone, account, point)) or meanwhile
        return {
            "technician": self._name(technician),
            "outcome": point["kind"],
            "verdict": answered["state"],
            "score_before": round(before["score"], 4),
            "score_meanwhile": round(meanwhile["score"], 4),
            "score_after": round(after["score"], 4),
            "points_before": len(before["points"]),
            "points_after": len(after["points"]),
        }

    def dispute(self, job: UUID, number: str, technician: UUID) -> dict[str, Any] | None:
        """The client says the work took less; the rest is due at once, a named person decides, and the pack is checked.

        None where there is no payment to dispute.
        """
        staff = self._staff_of(job)
        payment = self._payment(staff, job, technician)
        if payment is None or not payment["lines"]:
            return None
        claimed = sum(float(line["amount"]) for line in payment["lines"])
        half = f"{claimed / 2:.2f}"
        position = {"hours": "0.50", "amount": half, "note": "Our log of the door shows half of the time"}
        wish = {"amount": half, "reason": "hours", "position": position}
        made = self._post(staff, f"payments/{payment['id']}/dispute", wish)
        at_once = self._payment(staff, job, technician) or payment
        said = {"hours": "1.50", "amount": f"{claimed:.2f}", "note": "I waited for the keys; the texts are there"}
        self._post(self.there.phone_key(technician), f"disputes/{made['id']}/state", said)
        ruling = {"awarded": f"{claimed / 4:.2f}", "note": "Waiting counts, the second hour is not shown"}
        decided = self._post(self.there.operator_key, f"disputes/{made['id']}/decide", ruling)
        after = self._payment(staff, job, technician) or payment
        return {
            "job": number,
            "claimed": f"{claimed:.2f}",
            "disputed": decided["amount"],
            "due_at_once": at_once["due"],
            "awarded": decided["awarded"],
            "due": after["due"],
            "refunded": after["refunded"],
            **self._pack(number),
        }

    def _cascade(self, kind: str, how: str, seen: list[UUID]) -> Cascade | None:
        found = self._one(_NEEDS, kind=kind, seen=seen)
        if found is None:
            return None
        if how == "revoked":
            self._post(self.there.operator_key, f"credentials/{found.credential}/revoke")
        else:
            with self.there.reading() as session:
                run_out(session, found.credential)
        who = {"technician": found.technician}
        rows = self._until(lambda: self._rescued(who)) or self._all(_FELL, **who)
        saved = [row for row in rows if row.rescuer is not None]
        seen += [found.technician, *(row.rescuer for row in saved)]
        first = min(saved, key=lambda row: row.assigned_at, default=None)
        self.show(f"{kind.replace('_', ' ')} {how}: {len(rows)} jobs fell, {len(saved)} have somebody else")
        return Cascade(
            proof=kind,
            how=how,
            client=self.there.client(found.client).customer.name,
            lost_by=self._name(found.technician),
            fell=tuple(row.number for row in rows),
            rescued=tuple(row.number for row in saved),
            rescued_by=self._name(first.rescuer) if first else None,
            asked=sum(row.asked for row in rows),
            seconds=round((first.assigned_at - first.at).total_seconds(), 1) if first else None,
        )

    def _rescued(self, who: Mapping[str, UUID]) -> list[Any] | None:
        """What fell, once somebody else has all of it."""
        rows = self._all(_FELL, **who)
        return rows if rows and all(row.rescuer is not None for row in rows) else None

    def _account_without(self, phone: str, account: str, point: Mapping[str, Any]) -> dict[str, Any]:
        """The account while a point is set aside; as it is, should that take too long."""
        return self._until(lambda: self._with_verdict(phone, account, point)) or self._get(phone, account)

    def _with_verdict(self, phone: str, account: str, point: Mapping[str, Any]) -> dict[str, Any] | None:
        now = self._get(phone, account)
        same = [
            each for each in now["points"] if (each["event_id"], each["part"]) == (point["event_id"], point["part"])
        ]
        return now if same and not same[0]["counts"] else None

    def _pack(self, number: str) -> dict[str, Any]:
        """The job's bundle, exported, and verified with neither record nor network at hand."""
        file = self.there.data_dir / f"dispute-{number}.jsonl"
        own_key = self.there.services.postgres is None and "TRUCKROLL_AUDIT_KEY" not in os.environ
        _run(
            ("audit", "export", number, "--out", str(file)),
            {"TRUCKROLL_AUDIT_KEY": secrets.token_hex(32)} if own_key else {},
        )
        told = json.loads(_run(("audit", "verify-bundle", str(file), "--json"), _NOWHERE))
        return {"file": str(file), "is_whole": told["is_whole"], "events": told["num_events"]}

    def _payment(self, staff: str, job: UUID, technician: UUID) -> dict[str, Any] | None:
        """What this technician's work on the job is worth, and how far its payment is."""
        found = self._get(staff, f"payments?job_id={job}")["items"]
        return next((each for each in found if each["technician_id"] == str(technician)), None)

    def _staff_of(self, job: UUID) -> str:
        row = self._one(text("SELECT client_id FROM jobs WHERE id = :job"), job=job)
        return self.there.client(row.client_id).staff_key

    def _name(self, technician: UUID) -> str:
        return str(self._one(text("SELECT name FROM technicians WHERE id = :who"), who=technician).name)

    def _one(self, statement: Any, **values: Any) -> Any:
        with self.there.reading() as session:
            return session.execute(statement, values).first()

    def _all(self, statement: Any, **values: Any) -> list[Any]:
        with self.there.reading() as session:
            return list(session.execute(statement, values).all())

    def _until(self, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds it; None when it takes too long."""
        deadline_s = time.monotonic() + _SETTLES_WITHIN_S
        while time.monotonic() < deadline_s:
            if (found := look()) is not None:
                return found
            time.sleep(0.25)
        return None

    def _get(self, key: str, path: str) -> dict[str, Any]:
        return self._answer(httpx2.get(f"{self.there.base_url}/v1/{path}", headers=_bearer(key), timeout=30.0))

    def _post(self, key: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = _bearer(key) | {"Idempotency-Key": str(uuid.uuid4())}
        url = f"{self.there.base_url}/v1/{path}"
        return self._answer(httpx2.post(url, json=dict(body or {}), headers=headers, timeout=30.0))

    def _answer(self, reply: httpx2.Response) -> dict[str, Any]:
        if reply.status_code >= 300:
            raise TruckrollError(f"{reply.request.url.path} answered {reply.status_code}: {reply.text[:500]}")
        answer: dict[str, Any] = reply.json()
        return answer


#: Which kind of proof ends, and how.
_ENDS = (("general_liability", "revoked"), ("background_check", "expired"))

#: Addresses at which no service answers.
_NOWHERE = {"TRUCKROLL_DATABASE_URL": "postgresql://127.0.0.1:9/none", "TRUCKROLL_REDIS_URL": "redis://127.0.0.1:9"}


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _run(words: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What one of our own commands says; it must end well."""
    ran = subprocess.run(
        truckroll(*words), env=os.environ | environment, capture_output=True, text=True, timeout=_AUDIT_WITHIN_S,
        check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        raise TruckrollError(f"truckroll {' '.join(words[:2])} left with {ran.returncode}: {ran.stderr[-500:]}")
    return ran.stdout
