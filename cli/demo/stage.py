"""Where does the demo play? In a record of its own, with the real processes beside it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx2
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from cli.children import children, truckroll
from cli.demo.world import CREDENTIALS, NOBODYS_SKILL, POOLS, SKILLS, Site, write_technicians
from cli.operating import OPERATOR
from cli.technicianfiles import import_technicians, read_technician_file
from dispatch.bootstrap import bootstrap
from dispatch.errors import BadInput, TruckrollError
from dispatch.private_postgres import DATABASE
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.record.tables import ClientRow, CredentialKindRow, PoolRow, SiteRow, SkillRow, new_id
from dispatch.record.upkeep import analyze
from dispatch.services import Services, migrate, services
from dispatch.settings import Settings
from dispatch.talent.keys import create_key
from geo.cells import cell_of

#: By this name the demo knows its own client again; a record with any other is somebody's.
CLIENT = "Lone Star Service (demo)"

#: Waves of seconds, about 30 asked a job: people answer the demo faster than people do.
POLICY = {"wave": {"min_size": 52, "max_size": 60, "max_waves": 3, "answer_s": 4.0, "urgent_answer_s": 4.0}}

#: Whoever hears the demo's webhooks listens on this machine.
_OF_CHILDREN = {"TRUCKROLL_LOG_LEVEL": "warning", "TRUCKROLL_WEBHOOK_ALLOW": "127.0.0.0/8"}
#: The duty hears of an alarm at once: a demo has no quarter of an hour.
DAY_POLICY = {"escalation": {"steps": [{"after_min": 0, "whom": "duty"}]}}

_STARTS_WITHIN_S = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A record with the demo's world in it, and the address of the API that serves it."""

    services: Services
    engine: Engine
    base_url: str
    client_id: UUID
    staff_key: str
    gateway_key: str

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees everything."""
        with transaction(self.engine, ENGINE, role="engine") as session:
            yield session


@contextmanager
def stage(settings: Settings, num_technicians: int, *, seed: int, port: int, say: Say) -> Iterator[Stage]:
    """Prepare the record, bring in the technicians, start all processes; they end with the block.

    Raises
    ------
    BadInput
        When the record holds somebody's data.
    MissingService
        When a service is needed and cannot be started.
    """
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(services(settings))
        say("PostgreSQL and Valkey: " + ("started" if found.started else "found running"))
        _clean(found)
        migrate(found.database_url)
        engine = connect(found.database_url, pool_size=4, deadline_s=300.0, name="truckroll demo")
        stack.callback(engine.dispose)
        client_id, keys = _make_client(engine)
        started = time.monotonic()
        _bring_in(engine, num_technicians, seed)
        say(f"{num_technicians:,} made-up technicians brought in, {time.monotonic() - started:.1f} s")
        port = port or _free_port()
        commands = {name: truckroll(name) for name in ("dispatcher", "courier")}
        commands["api"] = truckroll("api", "--port", str(port))
        base_url = f"http://127.0.0.1:{port}"
        own = _OF_CHILDREN | {"TRUCKROLL_PUBLIC_URL": settings.public_url or base_url}
        stack.enter_context(children(commands, found.environment() | own))
        _wait_until_ready(base_url)
        say(f"API, dispatcher and courier: ready at {base_url}")
        yield Stage(found, engine, base_url, client_id, *keys)


def add_sites(session: Session, client_id: UUID, sites: list[Site], now: datetime) -> list[UUID]:
    """The sites as rows: their ids, in the same order."""
    ids = [new_id() for _ in sites]
    session.execute(
        insert(SiteRow),
        [
            {
                "id": site_id,
                "client_id": client_id,
                "store_number": site.store_number,
                "name": site.name,
                "address": f"{100 + at} Main Street",
                "town": site.place.town,
                "region": site.place.region,
                "postcode": site.place.postcode,
                "country": "US",
                "lat": site.place.lat,
                "lng": site.place.lng,
                "cell": cell_of(site.place.lat, site.place.lng, 10),
                "time_zone": site.place.time_zone,
                "contact_name": "Shift lead",
                "contact_phone": f"+1202555{100 + at % 100:04d}",
                "created_at": now,
            }
            for at, (site_id, site) in enumerate(zip(ids, sites, strict=True))
        ],
    )
    return ids


def _clean(found: Services) -> None:
    """Begin with an empty record: the demo's own from before is dropped, anybody else's is refused."""
    engine = connect(found.database_url, pool_size=1, name="truckroll demo")
    try:
        others = _others(engine)
    finally:
        engine.dispose()
    if others is None:
        return
    if others or found.postgres is None:
        way_out = "give the demo its own: unset TRUCKROLL_DATABASE_URL, or set TRUCKROLL_DATA_DIR to an empty folder"
        raise BadInput("the record", ", ".join(others) or "not empty", way_out)
    with contextlib.closing(found.postgres.connect("postgres")) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    with contextlib.closing(found.postgres.connect()) as administrator:
        bootstrap(administrator)


def _others(engine: Engine) -> list[str] | None:
    """The names of clients that are not the demo's; None where there is nothing yet."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('public.clients')")).scalar_one() is None:
            return None
    with transaction(engine, ENGINE, role="engine") as session:
        names = list(session.scalars(select(ClientRow.name)))
        someone = session.execute(text("SELECT EXISTS (SELECT FROM technicians)")).scalar_one()
    return [name for name in names if name != CLIENT] if names or someone else None


def _make_client(engine: Engine) -> tuple[UUID, tuple[str, str]]:
    client_id = new_id()
    with transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        session.execute(
            insert(ClientRow).values(id=client_id, name=CLIENT, policy=POLICY, day_policy=DAY_POLICY, created_at=now)
        )
        skills = (*SKILLS, NOBODYS_SKILL)
        session.execute(insert(SkillRow), [{"code": code, "name": code.replace("_", " ")} for code in skills])
        kinds = [{"code": code, "name": code.replace("_", " ")} for code in CREDENTIALS]
        session.execute(insert(CredentialKindRow), kinds)
        pools = [{"id": new_id(), "client_id": client_id, "name": name, "created_at": now} for name in POOLS]
        session.execute(insert(PoolRow), pools)
        staff = create_key(session, OPERATOR, role="dispatcher", label="demo staff", client_id=client_id, now=now)
        gateway = create_key(session, OPERATOR, role="gateway", label="demo phones", now=now)
    return client_id, (staff.secret, gateway.secret)


def _bring_in(engine: Engine, num_technicians: int, seed: int) -> None:
    """Through the same import that `truckroll import technicians` uses."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "technicians.csv"
        write_technicians(file, num_technicians, seed=seed, today=datetime.now(UTC))
        technicians = read_technician_file(file)
        with transaction(engine, OPERATOR, role="engine") as session:
            import_technicians(session, OPERATOR, technicians, now=database_now(session))
        analyze(engine)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(base_url: str) -> None:
    deadline_s = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{base_url}/v1/health").json()["status"] == "ok":
                return
        time.sleep(0.1)
    raise TruckrollError(f"the API at {base_url} did not become ready within {_STARTS_WITHIN_S:.0f} s")
