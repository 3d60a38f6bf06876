"""How fast does the index find and judge everyone in reach, beside a plain loop and plain numpy?

    python -m benchmarks.index [--json] [--technicians 20000,100000] [--queries 200]

Every contender answers the same question about the same made-up technicians: who is within 160 km, how far away, and
from when on could each do the job, given hours, quiet hours, time off, bookings and the travel between them. `index`
gives all the other facts besides. `loop` measures everyone in Python; `numpy` measures all at once and looks at the
diaries one by one. The answers are compared before anything is timed; the slow ones get fewer queries.
"""

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import numpy as np

from dispatch.index.roster import Roster
from dispatch.index.search import candidate_of, search
from geo.distance import EARTH_RADIUS_M, distances_m
from geo.travel import travel_s
from matching.availability import open_spans
from matching.job import Job, Needs, Pay
from matching.policy import Policy
from matching.technician import Booking, Consent, Technician

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SEED = 7

#: Big towns of the United States, and how their technicians spread around them in degrees.
TOWNS = (
    (40.7, -74.0, "America/New_York"),
    (41.9, -87.6, "America/Chicago"),
    (29.8, -95.4, "America/Chicago"),
    (33.4, -112.1, "America/Phoenix"),
    (34.1, -118.2, "America/Los_Angeles"),
    (39.7, -105.0, "America/Denver"),
    (33.7, -84.4, "America/New_York"),
    (47.6, -122.3, "America/Los_Angeles"),
)
SPREAD_DEG = 1.2
SKILLS = tuple(f"skill_{number}" for number in range(30))
HOURS = tuple(
    tuple((day, start, end) for day in range(last_day))
    for last_day in (5, 6, 7)
    for start, end in ((480, 1020), (540, 1080), (360, 900))
)

Row = tuple[UUID, int, int]
Answer = Callable[[Job], list[Row]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.index", description=__doc__)
    parser.add_argument("--technicians", default="20000,100000", help="how many, several by commas")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.technicians.split(",")]
    report = {
        "machine": {"python": platform.python_version(), "numpy": np.__version__, "cpu": platform.processor()},
        "seed": SEED,
        "sizes": [measure(size, options.queries) for size in sizes],
    }
    sys.stdout.write(json.dumps(report, indent=None if options.json else 2) + "\n")


def measure(num_technicians: int, num_queries: int) -> dict[str, object]:
    """The figures of one size; raises AssertionError where two contenders disagree."""
    random = Random(SEED)
    technicians = [make_technician(random) for _ in range(num_technicians)]
    started = time.perf_counter()
    roster = Roster()
    roster.upsert(technicians)
    load_s = time.perf_counter() - started
    jobs = [make_job(random) for _ in range(num_queries)]
    index, loop, table = by_index(roster), by_loop(technicians), by_numpy(technicians)
    reference = index(jobs[0])
    if not reference == loop(jobs[0]) == table(jobs[0]):
        raise AssertionError("the contenders disagree")
    in_reach = [len(index(job)) for job in jobs]
    few = max(5, num_queries // 20)
    return {
        "technicians": num_technicians,
        "load_s": round(load_s, 3),
        "in_reach": {"mean": round(sum(in_reach) / len(in_reach)), "most": max(in_reach)},
        "search_ms": {
            "index": timed(lambda job: search(roster, job, Policy(), now=NOW), jobs),
            "numpy": timed(table, jobs[:few]),
            "loop": timed(loop, jobs[:few]),
        },
        "candidate_of_ms": timed(lambda job: candidate_of(technicians[0], job, Policy(), now=NOW), jobs),
    }


def timed(answer: Callable[[Job], object], jobs: Sequence[Job]) -> dict[str, float]:
    """Milliseconds a query."""
    elapsed = []
    for job in jobs:
        started = time.perf_counter()
        answer(job)
        elapsed.append((time.perf_counter() - started) * 1000)
    p50, p99 = np.percentile(elapsed, (50, 99)).tolist()
    return {"p50": round(p50, 3), "p99": round(p99, 3), "queries": len(jobs)}


def by_index(roster: Roster) -> Answer:
    """Ours, cut to what the others give."""

    def answer(job: Job) -> list[Row]:
        found = search(roster, job, Policy(), now=NOW)
        metres, starts = found.distance_m.round().astype(int).tolist(), found.earliest_start_s.tolist()
        return [(found.id_at(row), metres[row], starts[row]) for row in range(len(found))]

    return answer


def by_loop(technicians: Sequence[Technician]) -> Answer:
    """Everyone in turn, in Python."""

    def answer(job: Job) -> list[Row]:
        rows = []
        for technician in technicians:
            metres = haversine_m(job.lat, job.lng, technician.lat, technician.lng)
            if metres <= Policy().reach_km * 1000:
                rows.append((technician.id, round(metres), first_start(technician, job)))
        return sorted(rows)

    return answer


def by_numpy(technicians: Sequence[Technician]) -> Answer:
    """All distances at once, then the diaries of those in reach."""
    lats, lngs = np.array([each.lat for each in technicians]), np.array([each.lng for each in technicians])

    def answer(job: Job) -> list[Row]:
        metres = distances_m(job.lat, job.lng, lats, lngs)
        near = np.flatnonzero(metres <= Policy().reach_km * 1000).tolist()
        return sorted((technicians[row].id, round(metres[row]), first_start(technicians[row], job)) for row in near)

    return answer


def haversine_m(lat_a: float, lng_a: float, lat_b: float, lng_b: float) -> float:
    """Great-circle metres in plain Python."""
    half_lat, half_lng = math.radians(lat_b - lat_a) / 2, math.radians(lng_b - lng_a) / 2
    cosines = math.cos(math.radians(lat_a)) * math.cos(math.radians(lat_b))
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(math.sin(half_lat) ** 2 + cosines * math.sin(half_lng) ** 2))


def first_start(technician: Technician, job: Job) -> int:
    """The first start of one technician, 0 where none is: each open span in turn, over what is in the diary."""
    first_s, last_s = int(max(job.start_at, NOW).timestamp()), int(job.latest_start_at.timestamp())
    duration_s = job.duration_min * 60
    taken = [(start_s, end_s) for start_s, end_s in technician.time_off]
    for booking in technician.bookings:
        metres = haversine_m(job.lat, job.lng, booking.lat, booking.lng)
        between_s = 0 if metres <= 50 else int(travel_s(metres))
        taken.append((booking.start_s - between_s, booking.end_s + between_s))
    works_in_quiet, time_zone = technician.works_in_quiet_hours, technician.time_zone
    for open_s, shut_s in open_spans(
        technician.hours, technician.quiet, works_in_quiet, time_zone, first_s, last_s + duration_s
    ):
        start_s = open_s
        for from_s, to_s in sorted(taken):
            if from_s < start_s + duration_s and start_s < to_s:
                start_s = to_s
        if start_s + duration_s <= shut_s and start_s <= last_s:
            return start_s
    return 0


def make_technician(random: Random) -> Technician:
    """Somebody near a town: usual hours, some skills, a few bookings around the base, half of them with quiet hours."""
    lat, lng, time_zone = near_town(random)
    today_s = int(NOW.timestamp())
    starts_s = sorted(today_s + 3600 * random.randrange(0, 14 * 24) for _ in range(random.randrange(0, 5)))
    off_s = today_s + 86400 * random.randrange(0, 20)
    return Technician(
        id=UUID(int=random.getrandbits(128)),
        version=1,
        lat=lat,
        lng=lng,
        time_zone=time_zone,
        skills={skill: random.randint(1, 5) for skill in random.sample(SKILLS, 4)},
        credentials={"background_check": NOW.toordinal() + random.randrange(-100, 700)},
        radius_km=random.choice((None, 40.0, 80.0, 160.0)),
        hours=random.choice((*HOURS, ())),
        quiet=random.choice((None, (1320, 360))),
        works_in_quiet_hours=random.random() < 0.1,
        time_off=((off_s, off_s + 86400),) if random.random() < 0.3 else (),
        bookings=tuple(
            Booking(start_s, start_s + 5400, random.gauss(lat, 0.2), random.gauss(lng, 0.2)) for start_s in starts_s
        ),
        day_capacity=random.choice((None, 3, 5)),
        min_hourly=random.choice((None, Decimal(40), Decimal(70))),
        consent=random.choice((None, Consent(Decimal(50), 60.0, 3))),
    )


def make_job(random: Random) -> Job:
    """Two hours of work near a town, inside a window of some hours to three days within two weeks."""
    lat, lng, time_zone = near_town(random)
    start_at = NOW + timedelta(hours=random.randrange(0, 14 * 24))
    return Job(
        id=UUID(int=random.getrandbits(128)),
        job_id=UUID(int=random.getrandbits(128)),
        client_id=UUID(int=1),
        role="technician",
        lat=lat,
        lng=lng,
        time_zone=time_zone,
        start_at=start_at,
        end_at=start_at + timedelta(hours=random.choice((2, 4, 8, 24, 72))),
        duration_min=120,
        pay=Pay("hourly", Decimal(60), "USD"),
        needs=Needs(skills={skill: 2 for skill in random.sample(SKILLS, 2)}, credentials=("background_check",)),
    )


def near_town(random: Random) -> tuple[float, float, str]:
    """A place near a town, and the town's zone."""
    lat, lng, time_zone = random.choice(TOWNS)
    return random.gauss(lat, SPREAD_DEG / 2), random.gauss(lng, SPREAD_DEG / 2), time_zone


if __name__ == "__main__":
    main()
