"""How does the day of the visits go? Technicians, dispatchers and stores do what people do, through the real HTTP API.

Every visit that somebody has gets a fate (`fates.py`), and its time comes (`clock.py`). Whoever is asked again (a
return trip, a backup for one who did not come) answers as before (`players.py`).
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from cli.demo.clock import bring_near
from cli.demo.fates import Fate, draw_fates
from cli.demo.stage import Stage

#: So many people act at the same moment.
_AT_ONCE = 6
#: Seconds in which alarms, backups and return trips find their way.
_SETTLES_WITHIN_S = 20.0

_VISITS = text("""
SELECT v.id AS visit, v.job_id AS job, v.client_id AS client, a.id AS assignment,
       a.technician_id AS technician, a.start_at, s.lat, s.lng, j.number
FROM visits v JOIN jobs j ON j.id = v.job_id JOIN sites s ON s.id = j.site_id
JOIN assignments a ON a.visit_id = v.id AND a.state = 'live'
WHERE v.state = 'planned' AND v.num = 1 AND (SELECT count(*) FROM slots x WHERE x.visit_id = v.id) = 1
ORDER BY v.id
""")

#: Whom the dispatcher may mark as a no-show by now.
_NOBODY_CAME = text("SELECT visit_id FROM alarms WHERE kind = 'no_check_in' AND cleared_at IS NULL")

#: Whether somebody is still asked for a visit that came after another one.
_ASKED = text("""
SELECT EXISTS (SELECT FROM rounds r JOIN visits v ON v.id = r.visit_id WHERE v.num > 1 AND r.closed_at IS NULL)
""")


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that somebody has."""

    visit: UUID
    job: UUID
    client: UUID
    assignment: UUID
    technician: UUID
    start_at: datetime
    lat: float
    lng: float
    number: str


@dataclass
class Day:
    """The day, played: `said` counts what was done and how it was answered."""

    there: Stage
    seed: int
    said: Counter[str] = field(default_factory=Counter)
    #: The work whose hours the client doubts: it is not approved with the others.
    doubted: Visit | None = None

    def play(self, show: Callable[[str], None]) -> None:
        """Play every visit that somebody has; ends when the last one has ended or found its way."""
        with self.there.reading() as session:
            visits = [Visit(*row) for row in session.execute(_VISITS)]
        fates = draw_fates([each.visit for each in visits], self.seed)
        with httpx2.Client(base_url=self.there.base_url, timeout=30.0) as self._http:
            self._all(visits, fates, self._evening)
            played = [each for each in visits if self._comes_near(each, fates[each.visit])]
            show(f"{len(played)} of {len(visits)} visits are today; the others' technicians are busy elsewhere")
            self.doubted = next((each for each in played if fates[each.visit] == "complete"), None)
            self._all(played, fates, self._day)
            self._mark_no_shows({each.visit: each.client for each in played if fates[each.visit] == "no_show"})
            self._settle()

    def plan_duty(self) -> None:
        """Somebody has the duty, by day and by night."""
        now = datetime.now(UTC)
        who = {"name": "Dana Reed", "email": "duty@example.com", "phone": "+12025550199"}
        hours = {"from_at": now.isoformat(), "to_at": (now + timedelta(days=1)).isoformat()}
        with httpx2.Client(base_url=self.there.base_url, timeout=30.0) as self._http:
            for each in self.there.clients:
                self._staff(each.id, "duty/shifts", {"contact": who, "time_zone": "America/Chicago", **hours})

    def _all(self, visits: Sequence[Visit], fates: dict[UUID, Fate], act: Callable[[Visit, Fate], None]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as people:
            list(people.map(lambda visit: act(visit, fates[visit.visit]), visits))

    def _evening(self, visit: Visit, fate: Fate) -> None:
        """What is arranged before: another start, a part that is on its way."""
        if fate == "rescheduled":
            later = (visit.start_at + timedelta(minutes=30)).astimezone(UTC).isoformat()
            wish = {"time": {"start_at": later}, "reason": "site_closed"}
            if made := self._staff(visit.client, f"visits/{visit.visit}/proposals", wish):
                self._phone(f"proposals/{made['id']}/accept")
        elif fate == "part_missing":
            part = {"item": "2 TB drive", "ship_to": "site", "state": "ordered", "visit_id": str(visit.visit)}
            self._staff(visit.client, f"jobs/{visit.job}/parts", part)

    def _comes_near(self, visit: Visit, fate: Fate) -> bool:
        """Its time comes: in two minutes, or it passed half an hour ago and nobody is there."""
        starts_in = timedelta(minutes=-30 if fate == "no_show" else 2)
        with self.there.reading() as session:
            return bring_near(session, visit.visit, starts_in)

    def _day(self, visit: Visit, fate: Fate) -> None:
        if fate == "no_show":
            return
        at = f"visits/{visit.visit}"
        if fate == "part_missing":
            self._part_arrives(visit)
        self._phone(f"{at}/confirm")
        self._phone(f"{at}/leave")
        if fate == "late":
            self._phone(f"{at}/late", {"minutes": 20})
        here = {"lat": round(visit.lat + 0.0004, 6), "lng": round(visit.lng, 6), "accuracy_m": 15}
        self._phone(f"{at}/check-in", {"position": here})
        if fate == "more_time":
            self._asks_for_time(visit)
        self._leaves(visit, fate, here)

    def _part_arrives(self, visit: Visit) -> None:
        """The dispatcher saw the alarm, the part came by courier after all."""
        for part in self._get(visit.client, f"jobs/{visit.job}/parts")["items"]:
            self._staff(visit.client, f"parts/{part['id']}/receive")

    def _asks_for_time(self, visit: Visit) -> None:
        wish = {"kind": "more_time", "minutes": 30, "technician_id": str(visit.technician)}
        if asked := self._phone(f"visits/{visit.visit}/site-requests", wish):
            self._staff(visit.client, f"site-requests/{asked['id']}/grant", {"minutes": 30})

    def _leaves(self, visit: Visit, fate: Fate, here: dict[str, Any]) -> None:
        at = f"visits/{visit.visit}/check-out"
        if fate == "closed_door":
            note = "Shutters down, nobody there"
            if self._phone(at, {"outcome": "could_not_start", "why": "no_access", "note": note}):
                self._staff(visit.client, f"jobs/{visit.job}/visits")
        elif fate == "return_trip":
            self._phone(at, {"outcome": "return_needed", "why": "part", "note": "The drive was the wrong size"})
        elif self._phone(at, {"outcome": "complete", "position": here}):
            self._phone(f"jobs/{visit.job}/finish")
            if visit != self.doubted:
                self._staff(visit.client, f"jobs/{visit.job}/approve")

    def _mark_no_shows(self, expected: dict[UUID, UUID]) -> None:
        """The dispatcher looks at the trouble list, calls, and marks who did not come."""
        deadline_s = time.monotonic() + _SETTLES_WITHIN_S
        left = set(expected)
        while left and time.monotonic() < deadline_s:
            with self.there.reading() as session:
                found = left & set(session.scalars(_NOBODY_CAME))
            for visit in found:
                self._staff(expected[visit], f"visits/{visit}/no-show", {"why": "called_no_answer"})
            left -= found
            time.sleep(0.25)
        self.said["no-shows that nobody noticed"] += len(left)

    def _settle(self) -> None:
        """Who is asked for the next visits answers; until nobody can any more."""
        deadline_s = time.monotonic() + _SETTLES_WITHIN_S
        while time.monotonic() < deadline_s:
            with self.there.reading() as session:
                if not session.execute(_ASKED).scalar_one():
                    return
            time.sleep(0.25)

    def _phone(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        return self._post(self.there.gateway_key, path, body)

    def _staff(self, client: UUID, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        return self._post(self.there.client(client).staff_key, path, body)

    def _post(self, key: str, path: str, body: dict[str, Any] | None) -> dict[str, Any] | None:
        """The answer, or None where it was refused; both are counted by the last word of the address."""
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid.uuid4())}
        reply = self._http.post(f"/v1/{path}", json=body or {}, headers=headers)
        answer: dict[str, Any] = reply.json()
        told = "done" if reply.status_code < 300 else answer.get("code", str(reply.status_code))
        self.said[f"{path.rsplit('/', 1)[-1]}: {told}"] += 1
        return answer if reply.status_code < 300 else None

    def _get(self, client: UUID, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.there.client(client).staff_key}"}
        found: dict[str, Any] = self._http.get(f"/v1/{path}", headers=headers).json()
        return found
