"""A small world around Denver, full of edges: one client, two pools, technicians of every kind drawn by a seed.

Places are up to 60 km from the city; bookings lie in four rooms, one of them at the site of the job itself.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest

from geo.areas import RadiusArea, polygon
from geo.points import Point
from matching.job import Job, Needs, Pay
from matching.proof import FOR_EVER
from matching.technician import Booking, Consent, Technician
from matching.usage import HoursLeft, HoursLimit, HoursRules

CLIENT, OTHER_CLIENT = UUID(int=0xC1), UUID(int=0xC2)
POOL, OTHER_POOL = UUID(int=0xB1), UUID(int=0xB2)
SITE = (39.74, -104.99)
ROOMS = (SITE, (39.7403, -104.99), (39.9, -105.1), (38.8, -104.8))

#: Monday 4 May 2026, 08:00 in Denver.
MONDAY_8 = datetime(2026, 5, 4, 14, tzinfo=UTC)
MONDAY_8_S = int(MONDAY_8.timestamp())

MakeJob = Callable[..., Job]
MakeTechnician = Callable[..., Technician]


@pytest.fixture(scope="session")
def make_job() -> MakeJob:
    """Two hours of work at the site on Monday between 08:00 and 14:00, 60 USD an hour, with named changes."""

    def make(**changes: Any) -> Job:
        job = Job(
            id=UUID(int=1),
            job_id=UUID(int=2),
            client_id=CLIENT,
            role="technician",
            lat=SITE[0],
            lng=SITE[1],
            time_zone="America/Denver",
            start_at=MONDAY_8,
            end_at=datetime(2026, 5, 4, 20, tzinfo=UTC),
            duration_min=120,
            pay=Pay("hourly", Decimal("60.00"), "USD"),
            needs=Needs(skills={"wifi": 3, "hvac": 2}, credentials=("insurance", "background_check")),
            papers={
                "contractor": (("insurance",),),
                "w2": (("background_check",), ("insurance",)),
                "company": (("background_check", "insurance"), ("background_check", "w9")),
            },
            hours_rules=HoursRules(
                "UTC",
                (
                    HoursLimit("own", 20 * 3600, 12, crossed="exceeded"),
                    HoursLimit("of_companies", 15 * 3600, 12, crossed="exceeded", engagements=("company",)),
                ),
            ),
        )
        of_needs = {column.name for column in fields(Needs)} & changes.keys()
        needs = replace(job.needs, **{name: changes.pop(name) for name in of_needs})
        return replace(job, needs=needs, **changes)

    return make


@pytest.fixture(scope="session")
def make_technician() -> MakeTechnician:
    """Number `num`, at the city of Denver, free at any time, with named changes."""

    def make(num: int = 1, **changes: Any) -> Technician:
        technician = Technician(id=UUID(int=num), version=1, lat=39.7, lng=-105.0, time_zone="America/Denver")
        return replace(technician, **changes)

    return make


@pytest.fixture(scope="session")
def crowd() -> Callable[[int, int], list[Technician]]:
    """Technicians of every kind, drawn by a seed."""

    def draw(num: int, seed: int) -> list[Technician]:
        random = Random(seed)
        return [_with_hours(_somebody(random)) for _ in range(num)]

    return draw


def _with_hours(technician: Technician) -> Technician:
    """Some are employed or work through a company; every third has hours left, some less than the job takes."""
    if technician.num_asked > 5:
        technician = replace(technician, engaged={CLIENT: ("w2", "company", "contractor")[technician.num_asked % 3]})
    if technician.num_asked % 3:
        return technician
    left = HoursLeft(1, ((1, technician.recent_offers * 1800),))
    return replace(technician, hours_left={CLIENT: left, OTHER_CLIENT: left})


def _somebody(random: Random) -> Technician:
    lat, lng = random.gauss(39.7, 0.5), random.gauss(-105.0, 0.6)
    return Technician(
        id=UUID(int=random.getrandbits(128)),
        version=random.randint(1, 5),
        lat=lat,
        lng=lng,
        time_zone=random.choice(["America/Denver", "America/Phoenix", "America/New_York", "Asia/Kathmandu"]),
        is_active=random.random() < 0.9,
        in_market=random.random() < 0.8,
        pools=frozenset(pool for pool in (POOL, OTHER_POOL) if random.random() < 0.3),
        blocks=frozenset(client for client in (CLIENT, OTHER_CLIENT) if random.random() < 0.1),
        favourite_of=frozenset(client for client in (CLIENT, OTHER_CLIENT) if random.random() < 0.2),
        prefers=frozenset(client for client in (CLIENT, OTHER_CLIENT) if random.random() < 0.2),
        skills={code: random.randint(1, 5) for code in ("hvac", "wifi", "pos") if random.random() < 0.7},
        credentials={
            kind: 739_700 + random.randint(-50, 50)
            for kind in ("insurance", "background_check")
            if random.random() < 0.8
        },
        cleared_until=random.choice([0, 739_700, 739_720, FOR_EVER]),
        radius_km=random.choice([None, 10.0, 40.0, 200.0]),
        area=random.choice([None, None, None, _circle(random), _square(random)]),
        hours=random.choice([(), _weekdays(480, 1020), _weekdays(600, 780), ((6, 0, 1440),), ((0, 1200, 1440),)]),
        quiet=random.choice([None, (1320, 480), (540, 600)]),
        works_in_quiet_hours=random.random() < 0.2,
        time_off=tuple(sorted(_some_hours(random) for _ in range(random.choice([0, 0, 1, 2])))),
        bookings=_bookings(random),
        day_capacity=random.choice([None, 1, 3]),
        min_hourly=random.choice(
            [None, Decimal(0), Decimal("59.99"), Decimal(60), Decimal("60.01"), Decimal("59.999")]
        ),
        currency=random.choice(["USD", "USD", "CAD"]),
        reputation=random.random(),
        recent_offers=random.randint(0, 9),
        asks_today=random.randint(0, 9),
        num_asked=random.randint(0, 9),
        num_yes=random.randint(0, 3),
        consent=random.choice([None, Consent(random.choice([Decimal(60), Decimal(61)]), 30.0, random.randint(0, 2))]),
        reputation_high=abs(lat) % 1,
        admitted=frozenset(client for client in (CLIENT, OTHER_CLIENT) if random.random() < 0.2),
        suspended=frozenset(client for client in (CLIENT, OTHER_CLIENT) if random.random() < 0.1),
        company_id=random.choice([None, None, UUID(int=0xF1)]),
    )


def _weekdays(start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    return tuple((day, start, end) for day in range(5))


def _some_hours(random: Random) -> tuple[int, int]:
    start_s = MONDAY_8_S + 900 * random.randint(-60, 60)
    return start_s, start_s + 900 * random.randint(1, 30)


def _bookings(random: Random) -> tuple[Booking, ...]:
    found, after_s = [], MONDAY_8_S - 86_400
    for _ in range(random.choice([0, 0, 1, 2, 5])):
        start_s = after_s + 900 * random.randint(0, 50)
        after_s = start_s + 900 * random.randint(1, 12)
        found.append(Booking(start_s, after_s, *random.choice(ROOMS)))
    return tuple(found)


def _circle(random: Random) -> RadiusArea:
    return RadiusArea(Point(random.gauss(39.7, 0.3), random.gauss(-105.0, 0.3)), random.uniform(5_000, 60_000))


def _square(random: Random) -> Any:
    lat, lng, half = random.gauss(39.7, 0.3), random.gauss(-105.0, 0.3), random.uniform(0.05, 0.5)
    corners = [(-half, -half), (-half, half), (half, half), (half, -half), (-half, -half)]
    return polygon([Point(lat + up, lng + right) for up, right in corners])
