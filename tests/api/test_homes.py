"""Can a client find a technician's home by asking from many sites? An attack over HTTP, and who it must not work for.

The attacker knows this source, moves a site of its own about and reads whatever the API tells of one technician: the
distance, the travel, the score and its parts, "outside their own area". Three of these give ranges, one gives places
on a circle around the home; both are fitted for the likeliest home. The same attack with the operator's key, who is
told everything exactly, shows that it is a good one.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
from sqlalchemy import update

from dispatch.record.tables import TechnicianRow
from dispatch.talent.membership import sweep_memberships
from geo.cells import cell_of, center
from geo.distance import distance_m, distances_m
from geo.points import Point
from geo.travel import travel_s

#: A home in the outskirts of its cell, 20 km north of the site; and one elsewhere in the same cell.
CELL = cell_of(30.55, -103.66, 6)
HOME = Point(center(CELL).lat + 0.021, center(CELL).lng + 0.014)
OTHER_HOME = Point(center(CELL).lat - 0.017, center(CELL).lng - 0.009)
RADIUS_KM = 25
#: Nearer than this no estimate may come; an attack that may see exactly comes nearer than `FOUND_M`.
SAFE_M, FOUND_M = 2_000, 150
NUM_QUERIES = 1_000
#: The default policy's half-way point of the travel term, as published.
SCALE_S = 3_600


def settle_at(town, home: Point, num: int = 0) -> None:
    """Let a technician live there, with a radius of their own, and the application's index know it."""
    with town.world.as_engine() as (session, _):
        place = {"lat": home.lat, "lng": home.lng, "cell": cell_of(home.lat, home.lng, 10), "radius_km": RADIUS_KM}
        session.execute(update(TechnicianRow).where(TechnicianRow.id == town.world.technicians[num]).values(**place))
    town.app.state.parts.refresh()
    while len(town.app.state.parts.feed.roster) < 8:
        time.sleep(0.01)


@dataclass
class Attacker:
    """Moves the site of one of its jobs, and asks about one technician, with `caller`'s eyes."""

    town: object
    caller: object
    technician: object
    num_queries: int = 0

    def __post_init__(self) -> None:
        self.job = self.town.posted()
        self.site = f"/v1/sites/{self.town.world.site}"
        self.etag = self.town.staff.get(self.site).headers["etag"]

    def ask(self, place: Point) -> dict:
        """What is told of the technician with the site at `place`."""
        moved = self.town.staff.patch(self.site, {"lat": place.lat, "lng": place.lng}, self.etag)
        assert moved.status_code == 200, moved.text
        self.etag = moved.headers["etag"]
        self.num_queries += 1
        told = self.caller.get(f"/v1/jobs/{self.job['id']}/candidates/{self.technician}")
        assert told.status_code == 200, told.text
        return told.json()

    def edge(self, bearing: float) -> Point:
        """Where on the way out from the cell's middle the technician's own area ends, by halving."""
        near, far = 15.0, 35.0
        for _ in range(10):
            middle = (near + far) / 2
            is_outside = any(each["code"] == "area" for each in self.ask(around(middle, bearing))["failed"])
            near, far = (near, middle) if is_outside else (middle, far)
        return around((near + far) / 2, bearing)


def around(km: float, bearing: float) -> Point:
    """A place so far from the cell's middle; the middle is public."""
    middle = center(CELL)
    north = km / 111.2 * math.cos(bearing)
    east = km / 111.2 * math.sin(bearing) / math.cos(math.radians(middle.lat))
    return Point(middle.lat + north, middle.lng + east)


def likeliest(sites: list[Point], ranges_m: list[float]) -> Point:
    """The home from which the distances to the sites fit best: a grid of 9 km, made finer three times."""
    lat, lng, width = center(CELL).lat, center(CELL).lng, 0.08
    for _ in range(4):
        steps = np.linspace(-width, width, 21)
        grid = np.array([(lat + north, lng + east) for north in steps for east in steps])
        misfit = np.zeros(len(grid))
        for site, metres in zip(sites, ranges_m, strict=True):
            misfit += (distances_m(site.lat, site.lng, grid[:, 0], grid[:, 1]) - metres) ** 2
        lat, lng = grid[int(np.argmin(misfit))].tolist()
        width /= 8
    return Point(lat, lng)


#: Metres for every second of travel, by the published model.
METRES = np.arange(0, 60_000, 10)
SECONDS = travel_s(METRES)


def metres_of(seconds: float) -> float:
    return float(np.interp(seconds, SECONDS, METRES))


def estimates(attacker: Attacker, num_queries: int) -> dict[str, Point]:
    """Where the technician seems to live, by each thing that is told."""
    num_ranges = num_queries - 12 * 10
    rng = np.random.default_rng(4)
    sites, told = [], []
    for bearing, km in zip(rng.uniform(0, 2 * math.pi, num_ranges), rng.uniform(2, 24, num_ranges), strict=True):
        sites.append(around(km, bearing))
        told.append(attacker.ask(sites[-1]))
    weight = max(each["parts"]["travel"] * (1 + each["travel_s"] / SCALE_S) for each in told)
    by_part = [metres_of(SCALE_S * (weight / each["parts"]["travel"] - 1)) for each in told]
    rest = [each["total"] - sum(part for name, part in each["parts"].items() if name != "travel") for each in told]
    by_total = [metres_of(SCALE_S * (weight / each - 1)) for each in rest]
    edges = [attacker.edge(bearing) for bearing in np.linspace(0, 2 * math.pi, 12, endpoint=False)]
    assert attacker.num_queries == num_queries
    return {
        "distance": likeliest(sites, [each["distance_m"] for each in told]),
        "travel": likeliest(sites, [metres_of(each["travel_s"]) for each in told]),
        "score": likeliest(sites, by_total),
        "parts": likeliest(sites, by_part),
        "area": likeliest(edges, [RADIUS_KM * 1000.0] * len(edges)),
    }


@dataclass
class PoolProbe:
    """Draws the circle of an open pool of its own anew, and reads whether somebody is a member."""

    town: object
    technician: object

    def __post_init__(self) -> None:
        made = self.town.staff.post("/v1/pools", {"name": "Near here"})
        assert made.status_code == 201, made.text
        self.pool = made.json()["id"]

    def holds(self, place: Point, km: float) -> bool:
        url = f"/v1/pools/{self.pool}/requirements"
        asks = {"requirements": {"near": [{"lat": place.lat, "lng": place.lng, "km": km}]}}
        drawn = self.town.staff.patch(url, asks, self.town.staff.get(url).headers["ETag"])
        assert drawn.status_code == 200, drawn.text
        with self.town.world.as_engine() as (session, now):
            sweep_memberships(session, now)
        found = self.town.staff.get(f"/v1/technicians?pool_id={self.pool}").json()["items"]
        return str(self.technician) in {each["id"] for each in found}

    def range_m(self, place: Point) -> float:
        """How far from a place somebody lives, by halving the circle."""
        near, far = 0.0, 60.0
        for _ in range(12):
            middle = (near + far) / 2
            near, far = (near, middle) if self.holds(place, middle) else (middle, far)
        return (near + far) / 2 * 1000


def test_circles_of_a_pool_find_the_middle_of_a_cell_and_not_a_home(town):
    settle_at(town, HOME)
    probe = PoolProbe(town, town.world.technicians[0])
    sites = [around(20, bearing) for bearing in (0.3, 2.4, 4.5)]
    found = likeliest(sites, [probe.range_m(site) for site in sites])
    assert distance_m(found, center(CELL)) < FOUND_M
    assert distance_m(found, HOME) > SAFE_M


def test_a_thousand_questions_do_not_find_a_home(town):
    settle_at(town, HOME)
    found = estimates(Attacker(town, town.staff, town.world.technicians[0]), NUM_QUERIES)
    away_m = {what: round(distance_m(HOME, place)) for what, place in found.items()}
    assert min(away_m.values()) > SAFE_M, away_m


def test_the_same_attack_finds_the_home_for_whoever_is_told_everything(town):
    settle_at(town, HOME)
    found = estimates(Attacker(town, town.key("operator"), town.world.technicians[0]), NUM_QUERIES // 5)
    away_m = {what: round(distance_m(HOME, place)) for what, place in found.items()}
    assert max(away_m.values()) < FOUND_M, away_m


def test_whatever_a_client_reads_is_the_same_wherever_in_the_cell_somebody_lives(town):
    """Not one figure differs, so that there is nothing to be fitted."""
    rng = np.random.default_rng(5)
    sites = [around(km, bearing) for bearing, km in zip(rng.uniform(0, 6.3, 40), rng.uniform(1, 40, 40), strict=True)]
    # One job for both: equal scores are ordered by the visit's id.
    attacker = Attacker(town, town.staff, town.world.technicians[0])
    read = []
    for home in (HOME, OTHER_HOME):
        settle_at(town, home)
        told = [attacker.ask(site) for site in sites]
        lists = town.staff.get(f"/v1/jobs/{attacker.job['id']}/candidates?limit=200").json()
        lists = {name: lists[name] for name in ("candidates", "num_in_reach", "num_may", "reasons", "changes")}
        read.append((told, lists))
    assert any(each["failed"] for each in read[0][0])
    assert any(each["may"] for each in read[0][0])
    assert read[0] == read[1]
    assert distance_m(HOME, OTHER_HOME) > 4_000


def test_offers_and_decisions_tell_a_client_neither_score_nor_travel(town):
    read = []
    for home in (HOME, OTHER_HOME):
        settle_at(town, home)
        job, _ = town.offered()
        url = f"/v1/jobs/{job['id']}"
        mine = str(town.world.technicians[0])
        offers = town.staff.get(f"{url}/offers?limit=200").json()["items"]
        (offer,) = [each for each in offers if each["technician"]["id"] == mine]
        assert offer["score"] is None
        assert offer["distance_m"] % 1000 == 0
        assert offer["travel_s"] % 300 == 0
        decision = town.staff.get(f"{url}/decisions").json()["items"][0]["id"]
        told = town.staff.get(f"{url}/decisions/{decision}").json()
        exact = town.key("operator").get(f"{url}/decisions/{decision}").json()
        (placed,) = [each for each in told["asked"] if each["technician"] == mine]
        assert placed["total"] is None
        assert "travel" not in placed["parts"]
        assert all("travel" in each["parts"] for each in exact["asked"])
        read.append((offer["distance_m"], offer["travel_s"], placed["parts"]))
    assert read[0][:2] == read[1][:2]
