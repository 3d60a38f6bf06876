"""What falls with a proof that ends while work is booked, and who comes instead? One taken back, one run out.

Each scene posts work of its own where many hold the proof, ends that of whoever took it, and looks on. Technicians
answer as they do all day (`players.py`); when nobody has for a moment, the best of those who are asked says yes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text

from cli.demo.clock import run_out
from cli.demo.crowds import crowded_places
from cli.demo.customers import Client
from cli.demo.desk import Desk
from cli.demo.world import work_of_a_scene
from dispatch.errors import TruckrollError
from geo.places import Place

#: So often a scene posts work before it gives up: nobody may take it, or whoever does has other work that needs it.
_TRIES = 5
#: Seconds that an asked technician may think before the scene has somebody say yes.
_THINKS_S = 1.5
#: An offer that waits for its answer.
_OPEN = ("sent", "viewed")

#: Which kind of proof ends, how, and of which client the work is, as a place among them.
_ENDS = (("general_liability", "revoked", 0), ("background_check", "expired", 1))

#: Who has the work of a job, by which proof, and how much else of theirs to come needs the same kind.
_TAKEN = text("""
SELECT a.technician_id AS technician, c.id AS credential, (
    SELECT count(*) FROM assignments b JOIN slots s ON s.id = b.slot_id
    WHERE b.technician_id = a.technician_id AND b.state = 'live' AND b.job_id <> a.job_id
        AND s.needs -> 'credentials' ? :kind) AS num_others
FROM assignments a JOIN credentials c ON c.technician_id = a.technician_id AND c.kind = :kind
    AND c.state IN ('verified', 'expiring') AND c.for_client_id IS NULL
WHERE a.job_id = :job AND a.state = 'live' AND a.presence = 'assigned' LIMIT 1
""")

_ENDED = text("SELECT state FROM jobs WHERE id = :job AND state = 'unfilled'")

#: The best of those who are asked for a visit and have had a moment to think; or of those who were, and did not answer.
_BEST = text("""
SELECT o.id, o.terms_version FROM offers o JOIN rounds r ON r.id = o.round_id
WHERE o.job_id = :job AND o.state = ANY(:states) AND o.answered_at IS NULL
    AND o.sent_at < clock_timestamp() - make_interval(secs => :thinks_s)
ORDER BY r.num DESC, o.rank NULLS LAST, o.id LIMIT 1
""")

#: Which work fell when a technician lost a proof, who has each now, and how many were asked for it since.
_FELL = text("""
SELECT a.job_id AS job, j.number, a.ended_at AS at, n.technician_id AS rescuer, n.assigned_at,
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
        """Two proofs end while work is booked: one is taken back, another runs out; other people, other clients."""
        self._num_posted, self._places = 0, list[Place]()
        return [asdict(self._cascade(kind, how, self.there.clients[client])) for kind, how, client in _ENDS]

    def _cascade(self, kind: str, how: str, client: Client) -> Cascade:
        taken = self._book(kind, client)
        if how == "revoked":
            self.post(self.there.operator_key, f"credentials/{taken.credential}/revoke")
        else:
            with self.there.reading() as session:
                run_out(session, taken.credential)
        who = {"technician": taken.technician}
        rows = self.until(lambda: self._rescued(who)) or self.all(_FELL, **who)
        saved = [row for row in rows if row.rescuer is not None]
        first = min(saved, key=lambda row: row.assigned_at, default=None)
        self.show(f"{kind.replace('_', ' ')} {how}: {len(rows)} jobs fell, {len(saved)} have somebody else")
        return Cascade(
            proof=kind,
            how=how,
            client=client.customer.name,
            lost_by=self.name(taken.technician),
            fell=tuple(row.number for row in rows),
            rescued=tuple(row.number for row in saved),
            rescued_by=self.name(first.rescuer) if first else None,
            asked=sum(row.asked for row in rows),
            seconds=round((first.assigned_at - first.at).total_seconds(), 1) if first else None,
        )

    def _book(self, kind: str, client: Client) -> Any:
        """Work that needs the proof, and who took it: somebody with no other such work, while another said yes too."""
        work = work_of_a_scene(kind, now=datetime.now(UTC))
        site = self._open_site(kind, client, next(iter(work["slots"][0]["needs"]["skills"])))
        slots = [{**slot, "needs": client.needs(slot["needs"])} for slot in work["slots"]]
        for _ in range(_TRIES):
            self._num_posted += 1
            body = work | {"number": f"PROOF-{self._num_posted}", "site_id": site, "slots": slots}
            job = str(self.post(client.staff_key, "jobs", body)["id"])
            taken = self.until(partial(self._taken, job, kind))
            if taken and taken.num_others == 0:
                self._say_yes(job, "not_chosen", thinks_s=0.0)
                return taken
        raise TruckrollError(f"{_TRIES} times nobody took work that needs {kind}: bring in more technicians")

    def _open_site(self, kind: str, client: Client, skill: str) -> str:
        """A site of the client where most can come."""
        with self.there.reading() as session:
            found = crowded_places(session, client, skill, kind, away_from=self._places)
        if not found or found[0][1] < 2:
            raise TruckrollError(f"no two technicians reach one place with {kind}: bring in more than there are")
        place, num = found[0]
        self._places.append(place)
        self.show(f"{client.customer.name} opens a store in {place.town} {place.region}: {num} with {kind} reach it")
        site = {
            "store_number": f"P{len(self._places)}", "name": f"Store {place.town}", "address": "1 Main Street",
            "town": place.town, "region": place.region, "postcode": place.postcode, "lat": place.lat,
            "lng": place.lng, "client_id": str(client.id),
        }  # fmt: skip
        return str(self.post(self.there.operator_key, "sites", site)["id"])

    def _taken(self, job: str, kind: str) -> Any:
        """Who has the work; False once all have been asked in vain, None while it is open."""
        if (found := self.one(_TAKEN, job=job, kind=kind)) is not None:
            return found
        self._say_yes(job, *_OPEN, thinks_s=_THINKS_S)
        return False if self.one(_ENDED, job=job) else None

    def _rescued(self, who: Mapping[str, UUID]) -> list[Any] | None:
        """What fell, once somebody else has all of it."""
        rows = self.all(_FELL, **who)
        for row in rows:
            if row.rescuer is None:
                self._say_yes(row.job, *_OPEN, thinks_s=_THINKS_S)
        return rows if rows and all(row.rescuer is not None for row in rows) else None

    def _say_yes(self, job: UUID | str, *states: str, thinks_s: float) -> None:
        """The best of whoever has not answered says yes, as from a phone; others may be there before."""
        best = self.one(_BEST, job=job, states=list(states), thinks_s=thinks_s)
        if best is not None:
            wish = {"terms_version": best.terms_version}
            self.post(self.there.gateway_key, f"offers/{best.id}/accept", wish, may_be_late=True)
