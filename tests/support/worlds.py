"""Small named worlds for tests of the record: a client with a site, and technicians around it.

The site is at Alpine, Texas (30.3585, -103.6610); technicians stand north of it, 1 km apart (0.009 degrees of
latitude), T-00000 the nearest at 1 km. All have `hvac` at level 3, work at any hour and take any pay.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from letin import LET_IN
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.orm import Session

from dispatch.feed import Feed
from dispatch.jobs.acceptance import Yes
from dispatch.jobs.offers import offer_job
from dispatch.jobs.posting import post_job
from dispatch.jobs.rounds import due_rounds
from dispatch.jobs.wishes import JobWish, SlotWish
from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import (
    ClientRow,
    CompanyRow,
    CredentialKindRow,
    OfferRow,
    SiteRow,
    SkillRow,
    TechnicianRow,
    TechnicianSkillRow,
    new_id,
)
from geo.cells import cell_of
from geo.places import find_place
from geo.restdays import region_of
from matching.job import Needs, Pay

ALPINE = (30.3585, -103.6610)
ZONE = "America/Chicago"

#: A test's process does much beside what it asks the database: it is not told after four seconds that it took too long.
PATIENCE_S = 30

_WITH_PATIENCE = text(
    "SELECT set_config('statement_timeout', :limit, true), set_config('lock_timeout', :limit, true),"
    " set_config('idle_in_transaction_session_timeout', :limit, true)"
)


@dataclass
class World:
    """A migrated database with a client, a site and technicians; `feed` is the index of the dispatcher."""

    engine: Engine
    client: UUID
    site: UUID
    technicians: list[UUID]
    start: datetime
    feed: Feed = field(default_factory=Feed)
    num_jobs: int = 0
    #: Seconds that a statement may take where the product's own limit is not what is tested.
    patience_s: int | None = PATIENCE_S

    @property
    def staff(self) -> Actor:
        return Actor("dispatcher", new_id(), client_id=self.client)

    def technician(self, num: int) -> Actor:
        return Actor("technician", self.technicians[num], technician_id=self.technicians[num])

    @contextmanager
    def transaction(self, actor: Actor, role: str) -> Iterator[Session]:
        with transaction(self.engine, actor, role=role) as session:
            _be_patient(session, self.patience_s)
            yield session

    @contextmanager
    def as_engine(self) -> Iterator[tuple[Session, datetime]]:
        with self.transaction(ENGINE, "engine") as session:
            yield session, database_now(session)

    @contextmanager
    def as_staff(self) -> Iterator[tuple[Session, datetime]]:
        with self.transaction(self.staff, "app") as session:
            yield session, database_now(session)

    def post(self, **wishes: Any) -> UUID:
        """Post a job for two hours' work from `start`; `wishes` replace parts of the wish."""
        self.num_jobs += 1
        pay = wishes.pop("pay", Pay("fixed", Decimal(140), "USD"))
        needs = wishes.pop("needs", Needs(skills={"hvac": 2}))
        slots = wishes.pop("slots", (SlotWish(needs, pay, count=wishes.pop("count", 1)),))
        start = wishes.pop("start_at", self.start)
        wish = {
            "number": f"WO-{self.num_jobs}",
            "site_id": self.site,
            "title": "Replace drive",
            "job_type": "hardware",
            "start_at": start,
            "end_at": start + timedelta(minutes=wishes.get("duration_min", 120)),
            "duration_min": 120,
            "slots": slots,
            "asked_time": "exact",
            "policy": {"wave": {"min_size": 3, "max_size": 300, "answer_s": 3600}},
        } | wishes
        with self.as_staff() as (session, now):
            job, is_new = post_job(session, self.staff, JobWish(**wish), now=now)
            assert is_new
        return job

    def send_waves(self, seed: int = 7) -> int:
        """Send every wave that is due: how many rounds were worked on."""
        with self.as_engine() as (session, now):
            due = due_rounds(session, now=now)
        for round_id in due:
            with self.as_engine() as (session, now):
                self.feed.refresh(session, now=now)
                offer_job(session, self.feed.roster, round_id, now=now, seed=seed)
        return len(due)

    def offers(self, job: UUID | None = None) -> list[OfferRow]:
        """All offers, best rank first."""
        wanted = select(OfferRow).order_by(OfferRow.sent_at, OfferRow.rank)
        with self.as_engine() as (session, _):
            return list(session.scalars(wanted if job is None else wanted.where(OfferRow.job_id == job)))

    def offered(self, **wishes: Any) -> list[OfferRow]:
        """Post a job and send its first wave: its offers."""
        job = self.post(**wishes)
        self.send_waves()
        return self.offers(job)

    def yes(self, offer: OfferRow, **more: Any) -> Yes:
        return Yes(offer.id, offer.terms_version, **more)

    def actor_of(self, offer: OfferRow) -> Actor:
        return Actor("technician", offer.technician_id, technician_id=offer.technician_id)


@contextmanager
def small_world(
    database_url: str,
    num_technicians: int = 8,
    pool_size: int = 16,
    patience_s: int | None = PATIENCE_S,
    ring: KeyRing = NO_KEYS,
) -> Iterator[World]:
    """Build the world of this module's docstring in an empty, migrated database.

    A busy machine may take `patience_s` over a connection, a transaction, a statement or a lock; without it, as long as
    the product allows. What persons write is opened with `ring`.
    """
    # Read once a process, as the application does before it serves: no transaction should wait for it.
    find_place("00000")
    region_of("US", "TX")
    engine = connect(database_url, pool_size=pool_size, deadline_s=patience_s or 4.0, name="tests", ring=ring)
    if patience_s is not None:
        _connect_with_patience(engine, patience_s)
    client, site = new_id(), new_id()
    technicians = [new_id() for _ in range(num_technicians)]
    try:
        with transaction(engine, ENGINE, role="engine") as session:
            _be_patient(session, patience_s)
            now = database_now(session)
            _build(session, client, site, technicians, now)
        # At the site's noon, in summer as in winter.
        day = (now + timedelta(days=2)).astimezone(UTC).date()
        start = datetime.combine(day, time(12), ZoneInfo(ZONE)).astimezone(UTC)
        yield World(engine, client, site, technicians, start, patience_s=patience_s)
    finally:
        engine.dispose()


def _be_patient(session: Session, patience_s: int | None) -> None:
    if patience_s is not None:
        session.execute(_WITH_PATIENCE, {"limit": f"{patience_s}s"})


def _connect_with_patience(engine: Engine, patience_s: int) -> None:
    @event.listens_for(engine, "do_connect")
    def _wait(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
        options["connect_timeout"] = patience_s


def _build(session: Session, client: UUID, site: UUID, technicians: list[UUID], now: datetime) -> None:
    lat, lng = ALPINE
    session.execute(insert(SkillRow), [{"code": code, "name": code} for code in ("hvac", "wifi", "drones")])
    session.execute(insert(CredentialKindRow), [{"code": "background_check", "name": "Background check"}])
    session.execute(insert(ClientRow).values(id=client, name="Acme service", created_at=now, **LET_IN))
    session.execute(insert(CompanyRow).values(id=new_id(), name="Big Bend Repairs", created_at=now))
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
            time_zone=ZONE,
            contact_name="Rosa Marsh",
            contact_phone="+14325550147",
            created_at=now,
        )
    )
    if not technicians:
        return
    rows = [
        {
            "id": technician,
            "number": f"T-{num:05d}",
            "name": f"Technician {num}",
            "email": f"t{num}@example.com",
            "phone": f"+1432555{num:04d}",
            "lat": lat + 0.009 * (num + 1),
            "lng": lng,
            "cell": cell_of(lat + 0.009 * (num + 1), lng, 10),
            "time_zone": ZONE,
            "created_at": now,
        }
        for num, technician in enumerate(technicians)
    ]
    session.execute(insert(TechnicianRow), rows)
    session.execute(
        insert(TechnicianSkillRow), [{"technician_id": each, "skill": "hvac", "level": 3} for each in technicians]
    )
