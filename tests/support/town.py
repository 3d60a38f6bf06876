"""A small world behind the real application: clients Acme and Globex, their staff, technicians, a company, a gateway.

Acme has the site and the technicians of `worlds`; Globex has a site of its own, 10 km to the west.
"""

import base64
import hashlib
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from insisting import InsistingClient
from letin import LET_IN
from sqlalchemy import insert
from worlds import World, small_world

from api.app import create_app
from dispatch.record.datakeys import parse_ring
from dispatch.record.tables import ApiKeyRow, ClientRow, SiteRow, StaffRow, new_id
from dispatch.settings import Settings
from dispatch.talent.keys import PREFIX
from geo.cells import cell_of

_numbers = itertools.count(1)

#: What the payment provider of this world signs with.
PAYOUT_SECRET = "the provider's secret"
#: What this world's cleared texts are sealed with, and its dispute packs signed.
DATA_KEYS = f"town-1:{base64.b64encode(bytes(range(32))).decode()}"
AUDIT_KEY = bytes(range(32)).hex()


@dataclass
class Caller:
    """One key, and HTTP with it: a POST gets a new Idempotency-Key unless it brings one."""

    http: InsistingClient
    secret: str

    def get(self, url: str, **more: Any) -> Any:
        return self.call("GET", url, **more)

    def post(self, url: str, body: Any = None, *, key: str | None = None, **more: Any) -> Any:
        headers = {"Idempotency-Key": key or f"test-{next(_numbers)}"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return self.call("POST", url, headers=headers, **more)

    def sends_raw(self, url: str, body: bytes, headers: dict[str, str]) -> Any:
        """A POST whose body is signed as it stands."""
        more = {"Idempotency-Key": f"test-{next(_numbers)}", "Content-Type": "application/json"}
        return self.call("POST", url, content=body, headers=more | headers)

    def send(self, data: bytes, *, key: str | None = None, **about: Any) -> Any:
        """Send a file: `kind`, and what it is about (`visit_id`, `job_id`, …)."""
        headers = {"Idempotency-Key": key or f"test-{next(_numbers)}", "Content-Type": "application/octet-stream"}
        return self.call("POST", "/v1/files", content=data, params=about, headers=headers)

    def patch(self, url: str, body: Any, etag: str | None = None, **more: Any) -> Any:
        headers = ({"If-Match": etag} if etag else {}) | more.pop("headers", {})
        return self.call("PATCH", url, json=body, headers=headers, **more)

    def call(self, method: str, url: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"} | more.pop("headers", {})
        return self.http.request(method, url, headers=headers, **more)


@dataclass
class Town:
    """The world, the application and who may call it."""

    world: World
    app: FastAPI
    http: InsistingClient
    settings: Settings
    globex: UUID
    globex_site: UUID
    callers: dict[str, Caller] = field(default_factory=dict)

    @property
    def staff(self) -> Caller:
        """Acme's dispatcher."""
        return self.key("dispatcher", client_id=self.world.client)

    @property
    def stranger(self) -> Caller:
        """Globex's dispatcher."""
        return self.key("dispatcher", client_id=self.globex)

    def technician(self, num: int = 0) -> Caller:
        return self.key("technician", technician_id=self.world.technicians[num])

    def by_id(self, technician: UUID) -> Caller:
        return self.key("technician", technician_id=technician)

    def key(self, role: str, **owner: UUID) -> Caller:
        """A caller with a key of this role; the same one for the same owner."""
        name = f"{role} {sorted(map(str, owner.values()))}"
        if name not in self.callers:
            self.callers[name] = Caller(self.http, self.make_key(role, **owner)[1])
        return self.callers[name]

    def named(self, role: str, name: str) -> Caller:
        """A member of Acme's staff, with a key of their own name."""
        staff = new_id()
        with self.world.as_engine() as (session, now):
            who = {"role": role, "name": name, "email": f"{name.lower()}@acme.example", "created_at": now}
            session.execute(insert(StaffRow).values(id=staff, client_id=self.world.client, **who))
        return self.key(role, client_id=self.world.client, staff_id=staff)

    def make_key(self, role: str, **owner: Any) -> tuple[UUID, str]:
        secret = PREFIX + secrets.token_urlsafe(24)
        with self.world.as_engine() as (session, now):
            row = {"id": new_id(), "hash": hashlib.sha256(secret.encode()).digest(), "label": role, "role": role}
            session.execute(insert(ApiKeyRow).values(created_at=now, **row, **owner))
        return row["id"], secret  # type: ignore[return-value]

    def job_body(self, **more: Any) -> dict[str, Any]:
        """A good JobIn for two hours' work at Acme's site."""
        start = self.world.start
        return {
            "number": f"API-{next(_numbers)}",
            "site_id": str(self.world.site),
            "title": "Replace drive",
            "job_type": "hardware",
            "window": {"start_at": start.isoformat(), "end_at": start.replace(hour=start.hour + 4).isoformat()},
            "duration_min": 120,
            "slots": [{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}],
            "policy": {"wave": {"min_size": 3, "max_size": 300, "answer_s": 3600}},
        } | more

    def posted(self, **more: Any) -> dict[str, Any]:
        """A job that Acme posted, as it was answered."""
        answer = self.staff.post("/v1/jobs", self.job_body(**more))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def offered(self, **more: Any) -> tuple[dict[str, Any], list[Any]]:
        """A posted job whose first wave was sent, and its offers, best first."""
        job = self.posted(**more)
        self.world.send_waves()
        return job, self.world.offers(UUID(job["id"]))


@contextmanager
def small_town(database_url: str, redis_url: str, **settings: Any) -> Iterator[Town]:
    """Build it in an empty, migrated database."""
    more = {"data_keys": DATA_KEYS, "audit_key": AUDIT_KEY} | settings
    ring = parse_ring(str(more["data_keys"]))
    with TemporaryDirectory(prefix="truckroll-town-") as folder, small_world(database_url, ring=ring) as world:
        chosen = Settings(database_url=database_url, redis_url=redis_url, data_dir=Path(folder), **more)
        app = create_app(chosen)
        with InsistingClient(app, raise_server_exceptions=False) as http:
            globex, site = _globex(world)
            yield Town(world, app, http, chosen, globex, site)


def _globex(world: World) -> tuple[UUID, UUID]:
    client, site = new_id(), new_id()
    lat, lng = 30.3585, -103.765
    with world.as_engine() as (session, now):
        session.execute(insert(ClientRow).values(id=client, name="Globex", created_at=now, **LET_IN))
        where = {"lat": lat, "lng": lng, "cell": cell_of(lat, lng), "time_zone": "America/Chicago"}
        place = {"address": "9 West St", "town": "Marfa", "region": "TX", "postcode": "79843", "country": "US"}
        session.execute(
            insert(SiteRow).values(
                id=site, client_id=client, store_number="G-1", name="Globex 1", created_at=now, **place, **where
            )
        )
    return client, site
