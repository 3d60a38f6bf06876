"""What do benchmarks of the record run against? A durable private PostgreSQL, and a client with jobs and technicians.

The server is started as the program itself starts it, with fsync on, in a temporary folder. Technicians stand within
64 km of a site in Alpine, Texas, and may all do every job; jobs are posted and offered by the real use cases.
"""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from benchmarks.guardian import watched_folder
from dispatch.bootstrap import bootstrap
from dispatch.feed import Feed
from dispatch.jobs.offers import offer_job
from dispatch.jobs.posting import post_job
from dispatch.jobs.rounds import due_rounds
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.private_postgres import PrivatePostgres, private_postgres
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import ClientRow, OfferRow, SiteRow, SkillRow, TechnicianRow, TechnicianSkillRow, new_id
from dispatch.services import migrate
from geo.cells import cell_of
from matching.job import Needs, Pay

ALPINE = (30.3585, -103.6610)
#: Columns of a client that may ask, without money here.
LET_IN: dict[str, Any] = {
    "state": "approved",
    "pays_outside": True,
    "agreement": {
        "version": "benchmark", "sha256": "0" * 64, "accepted_by": "nobody", "accepted_at": "2026-01-01T00:00:00+00:00"
    },
}  # fmt: skip
#: Degrees of latitude in about a kilometre.
STEP_DEG = 0.009
#: Jobs lie this far apart, so that a technician can do all of them.
APART = timedelta(hours=3)

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ask:
    """An offer as its receiver holds it."""

    offer_id: UUID
    technician_id: UUID
    terms_version: int


@dataclass(frozen=True, slots=True)
class World:
    """A database with a client, a site and technicians; `engine` is the dispatcher's."""

    url: str
    engine: Engine
    client: UUID
    site: UUID
    first_start_at: datetime
    feed: Feed
    numbers: Iterator[int]
    #: Assignments of earlier rounds.
    counted: set[UUID]


@contextmanager
def durable_server() -> Iterator[PrivatePostgres]:
    """A private PostgreSQL that loses nothing, in a folder that is gone afterwards."""
    with watched_folder() as folder, private_postgres(folder) as server:
        yield server


def make_database(server: PrivatePostgres, name: str, dropped_guards: Sequence[str] = ()) -> str:
    """A migrated database without the guards that these statements drop; answers its URL."""
    with contextlib.closing(server.connect("postgres")) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    with contextlib.closing(server.connect(name)) as administrator:
        bootstrap(administrator)
    url = server.url(name)
    migrate(url)
    with contextlib.closing(server.connect(name)) as administrator, administrator, administrator.cursor() as cursor:
        for statement in dropped_guards:
            cursor.execute(statement)
    return url


@contextmanager
def world(url: str, num_technicians: int) -> Iterator[World]:
    """Fill an empty, migrated database."""
    engine = connect(url, pool_size=4, deadline_s=60, name="benchmark")
    client, site = new_id(), new_id()
    try:
        with transaction(engine, ENGINE, role="engine") as session:
            now = database_now(session)
            _add_client(session, client, site, now)
            _add_technicians(session, num_technicians, now)
        start = (now + timedelta(days=2)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        yield World(url, engine, client, site, start, Feed(is_for_life=True), itertools.count(), set())
    finally:
        engine.dispose()


def offered_jobs(world: World, num_jobs: int, num_asked: int) -> list[list[Ask]]:
    """Post jobs and send each one's first wave, to `num_asked` technicians: the offers of each job."""
    jobs = [_post(world, num_asked) for _ in range(num_jobs)]
    with transaction(world.engine, ENGINE, role="engine") as session:
        due = due_rounds(session, now=database_now(session))
    for round_id in due:
        with transaction(world.engine, ENGINE, role="engine") as session:
            now = database_now(session)
            world.feed.refresh(session, now=now)
            offer_job(session, world.feed.roster, round_id, now=now, seed=7)
    with transaction(world.engine, ENGINE, role="engine") as session:
        rows = session.execute(
            select(OfferRow.job_id, OfferRow.id, OfferRow.technician_id, OfferRow.terms_version)
            .where(OfferRow.job_id.in_(jobs))
            .order_by(OfferRow.rank)
        ).all()
    asks = {job: [Ask(*row[1:]) for row in rows if row[0] == job] for job in jobs}
    wrong = [len(each) for each in asks.values() if len(each) != num_asked]
    if wrong:
        raise AssertionError(f"{num_asked} offers a job were wanted, not {wrong}")
    return list(asks.values())


def posted_jobs(world: World, num_jobs: int) -> list[UUID]:
    """Post jobs, and nothing more."""
    return [_post(world, 1) for _ in range(num_jobs)]


def _post(world: World, num_asked: int) -> UUID:
    start_at = world.first_start_at + APART * next(world.numbers)
    staff = Actor("dispatcher", new_id(), client_id=world.client)
    wave = {"min_size": num_asked, "max_size": num_asked, "answer_s": 86_400, "max_asks_a_day": 1_000_000}
    wish = JobWish(
        number=f"WO-{next(_numbers)}",
        site_id=world.site,
        title="Replace drive",
        job_type="hardware",
        start_at=start_at,
        end_at=start_at + timedelta(hours=2),
        duration_min=120,
        slots=(SlotWish(Needs(skills={"hvac": 2}), Pay("fixed", Decimal(140), "USD")),),
        asked_time="exact",
        policy={"wave": wave},
    )
    with transaction(world.engine, staff) as session:
        return post_job(session, staff, wish, now=database_now(session))[0]


def _add_client(session: Session, client: UUID, site: UUID, now: datetime) -> None:
    lat, lng = ALPINE
    session.execute(insert(SkillRow).values(code="hvac", name="HVAC"))
    session.execute(insert(ClientRow).values(id=client, name="Acme service", created_at=now, **LET_IN))
    session.execute(
        insert(SiteRow).values(
            id=site,
            client_id=client,
            store_number="1147",
            name="Store 1147",
            address="106 N 5th St",
            town="Alpine",
            region="TX",
            postcode="79830",
            country="US",
            lat=lat,
            lng=lng,
            cell=cell_of(lat, lng, 10),
            time_zone="America/Chicago",
            created_at=now,
        )
    )


def _add_technicians(session: Session, num_technicians: int, now: datetime) -> None:
    lat, lng = ALPINE
    rows = [
        {
            "id": new_id(),
            "number": f"T-{num:05d}",
            "name": f"Technician {num}",
            "lat": lat + STEP_DEG * num,
            "lng": lng,
            "cell": cell_of(lat + STEP_DEG * num, lng, 10),
            "time_zone": "America/Chicago",
            "created_at": now,
        }
        for num in range(1, num_technicians + 1)
    ]
    session.execute(insert(TechnicianRow), rows)
    session.execute(
        insert(TechnicianSkillRow), [{"technician_id": row["id"], "skill": "hvac", "level": 3} for row in rows]
    )
