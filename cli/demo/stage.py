"""Where does the demo play? In a record of its own, with the real processes beside it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
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
from cli.demo.customers import CUSTOMERS, Client, fill_pools, place_of, set_up
from cli.demo.past import bring_in_past
from cli.demo.world import CREDENTIALS, NOBODYS_SKILL, SKILLS, Site, make_sites, write_technicians
from cli.operating import OPERATOR
from cli.technicianfiles import import_technicians, read_technician_file
from dispatch.bootstrap import bootstrap
from dispatch.errors import BadInput, TruckrollError
from dispatch.private_postgres import DATABASE
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.record.tables import ClientRow, CredentialKindRow, SiteRow, SkillRow, StaffRow, new_id
from dispatch.record.upkeep import analyze
from dispatch.services import Services, migrate, services
from dispatch.settings import Settings
from dispatch.talent.keys import create_key
from geo.cells import cell_of

#: By these names the demo knows its own clients again; a record with any other is somebody's.
_NAMES = frozenset(each.name for each in CUSTOMERS)

#: Whoever hears the demo's webhooks listens on this machine.
_OF_CHILDREN = {"TRUCKROLL_LOG_LEVEL": "warning", "TRUCKROLL_WEBHOOK_ALLOW": "127.0.0.0/8"}

_STARTS_WITHIN_S = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A record with the demo's world in it, and the address of the API that serves it."""

    services: Services
    engine: Engine
    base_url: str
    clients: tuple[Client, ...]
    sites: tuple[tuple[UUID, UUID, Site], ...]
    gateway_key: str
    operator_key: str
    data_dir: Path

    @property
    def staff_key(self) -> str:
        """The key of the dispatcher of the client with most of the work."""
        return self.clients[0].staff_key

    def client(self, client_id: UUID) -> Client:
        """One of the clients."""
        return next(each for each in self.clients if each.id == client_id)

    def phone_key(self, technician_id: UUID) -> str:
        """A key for what only the technician themselves may do."""
        with transaction(self.engine, OPERATOR, role="engine") as session:
            now = database_now(session)
            made = create_key(
                session, OPERATOR, role="technician", label="demo phone", technician_id=technician_id, now=now
            )
            return made.secret

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees everything."""
        with transaction(self.engine, ENGINE, role="engine") as session:
            yield session


@contextmanager
def stage(
    settings: Settings, num_technicians: int, num_sites: int, *, seed: int, port: int, say: Say
) -> Iterator[Stage]:
    """Prepare the record, bring in clients, technicians and sites, start all processes; they end with the block.

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
        clients, keys = _make_clients(engine)
        started = time.monotonic()
        _bring_in(engine, num_technicians, seed)
        say(f"{num_technicians:,} made-up technicians brought in, {time.monotonic() - started:.1f} s")
        sites = _make_places(engine, clients, make_sites(num_sites, seed=seed))
        say(_introduce(engine, clients))
        port = port or _free_port()
        commands = {name: truckroll(name) for name in ("dispatcher", "courier")}
        commands["api"] = truckroll("api", "--port", str(port))
        base_url = f"http://127.0.0.1:{port}"
        own = _OF_CHILDREN | {"TRUCKROLL_PUBLIC_URL": settings.public_url or base_url}
        stack.enter_context(children(commands, found.environment() | own))
        _wait_until_ready(base_url)
        say(f"API, dispatcher and courier: ready at {base_url}")
        yield Stage(found, engine, base_url, clients, sites, *keys, settings.data_dir.resolve())


def add_sites(session: Session, owners: Sequence[UUID], sites: list[Site], now: datetime) -> list[UUID]:
    """The sites as rows, each of its owner: their ids, in the same order."""
    ids = [new_id() for _ in sites]
    session.execute(
        insert(SiteRow),
        [
            {
                "id": site_id,
                "client_id": owner,
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
            for at, (site_id, owner, site) in enumerate(zip(ids, owners, sites, strict=True))
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
    return [name for name in names if name not in _NAMES] if names or someone else None


def _make_clients(engine: Engine) -> tuple[tuple[Client, ...], tuple[str, str]]:
    """The catalogue, the clients, and the keys of the phones' gateway and of the operator."""
    with transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        skills = (*SKILLS, NOBODYS_SKILL)
        session.execute(insert(SkillRow), [{"code": code, "name": code.replace("_", " ")} for code in skills])
        kinds = [{"code": code, "name": code.replace("_", " ")} for code in CREDENTIALS]
        session.execute(insert(CredentialKindRow), kinds)
        clients = set_up(session, now)
        olga = new_id()
        person = {"id": olga, "role": "operator", "name": "Olga Brandt", "email": "olga@example.com"}
        session.execute(insert(StaffRow).values(**person, created_at=now))
        gateway = create_key(session, OPERATOR, role="gateway", label="demo phones", now=now)
        operator = create_key(session, OPERATOR, role="operator", label="demo operator", staff_id=olga, now=now)
    return clients, (gateway.secret, operator.secret)


def _make_places(engine: Engine, clients: Sequence[Client], sites: list[Site]) -> tuple[tuple[UUID, UUID, Site], ...]:
    """The clients' sites, (client, id, site) each, who worked there before, and who is in the open pools."""
    with transaction(engine, OPERATOR, role="engine") as session:
        now = database_now(session)
        owners = [clients[place_of(num)].id for num in range(len(sites))]
        made = tuple(zip(owners, add_sites(session, owners, sites, now), sites, strict=True))
        bring_in_past(session, clients, made, now)
    is_done = False
    while not is_done:
        with transaction(engine, ENGINE, role="engine") as session:
            is_done = fill_pools(session, database_now(session))
    return made


def _introduce(engine: Engine, clients: Sequence[Client]) -> str:
    counts = text("SELECT pool_id, count(*) FROM pool_members GROUP BY pool_id")
    with transaction(engine, ENGINE, role="engine") as session:
        members = {row[0]: row[1] for row in session.execute(counts)}
    told = [f"{members.get(each.pool_id, 0):,} in {each.customer.pool!r}" for each in clients if each.pool_id]
    return f"{len(clients)} clients: one asks the whole market, others their pools ({', '.join(told)})"


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
