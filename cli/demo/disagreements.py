"""What if somebody does not agree? An appeal against what counts against them, and a dispute about pay."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from cli.children import truckroll
from cli.demo.desk import Desk
from dispatch.errors import TruckrollError

_AUDIT_WITHIN_S = 120.0

#: Whoever has most to lose and nothing yet to say for themselves: what counts against them.
_AGAINST = text("""
SELECT technician_id FROM outcomes WHERE value < 1 AND why_not IS NULL
ORDER BY severity DESC, (kind = 'no_show') DESC, technician_id LIMIT 1
""")


class Disagreements(Desk):
    """The scenes after the day."""

    def appeal(self) -> dict[str, Any] | None:
        """A technician appeals against what counts against them; the operator looks, and their account is made anew."""
        found = self.until(lambda: self.one(_AGAINST))
        if found is None:
            return None
        technician = found.technician_id
        account = f"technicians/{technician}/reputation"
        phone = self.there.phone_key(technician)
        before = self.get(phone, account)
        point = min(before["points"], key=lambda each: each["points"])
        words = "My van broke down on the way, and the site knew; the garage's bill is with you."
        asked = self.post(phone, "appeals", {"event_id": point["event_id"], "words": words})
        meanwhile = self._account_without(phone, account, point)
        verdict = {"verdict": "upheld", "words": "The bill and the call are there: it was not your doing."}
        answered = self.post(self.there.operator_key, f"reviews/{asked['id']}/answer", verdict)
        after = self.until(lambda: self._with_verdict(phone, account, point)) or meanwhile
        return {
            "technician": self.name(technician),
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
        made = self.post(staff, f"payments/{payment['id']}/dispute", wish)
        at_once = self._payment(staff, job, technician) or payment
        said = {"hours": "1.50", "amount": f"{claimed:.2f}", "note": "I waited for the keys; the texts are there"}
        self.post(self.there.phone_key(technician), f"disputes/{made['id']}/state", said)
        ruling = {"awarded": f"{claimed / 4:.2f}", "note": "Waiting counts, the second hour is not shown"}
        decided = self.post(self.there.operator_key, f"disputes/{made['id']}/decide", ruling)
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

    def _account_without(self, phone: str, account: str, point: Mapping[str, Any]) -> dict[str, Any]:
        """The account while a point is set aside; as it is, should that take too long."""
        return self.until(lambda: self._with_verdict(phone, account, point)) or self.get(phone, account)

    def _with_verdict(self, phone: str, account: str, point: Mapping[str, Any]) -> dict[str, Any] | None:
        now = self.get(phone, account)
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
        found = self.get(staff, f"payments?job_id={job}")["items"]
        return next((each for each in found if each["technician_id"] == str(technician)), None)

    def _staff_of(self, job: UUID) -> str:
        row = self.one(text("SELECT client_id FROM jobs WHERE id = :job"), job=job)
        return self.there.client(row.client_id).staff_key


#: Addresses at which no service answers.
_NOWHERE = {"TRUCKROLL_DATABASE_URL": "postgresql://127.0.0.1:9/none", "TRUCKROLL_REDIS_URL": "redis://127.0.0.1:9"}


def _run(words: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What one of our own commands says; it must end well."""
    ran = subprocess.run(
        truckroll(*words), env=os.environ | environment, capture_output=True, text=True, timeout=_AUDIT_WITHIN_S,
        check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        raise TruckrollError(f"truckroll {' '.join(words[:2])} left with {ran.returncode}: {ran.stderr[-500:]}")
    return ran.stdout
