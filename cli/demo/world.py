"""Who is there, and what is to be done? A made-up country at real places, from a seed.

Places are the centroids of ZIP codes of all states, taken evenly, so that remote towns have their share. People,
sites and jobs are invented; nobody has these names and numbers (555-01xx is kept for fiction).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from geo.places import Place, load_places

#: Skills from the most to the least frequent; how many have each falls off as 1/rank (Zipf).
SKILLS = (
    "computer_hardware",
    "networking",
    "printer",
    "point_of_sale",
    "low_voltage",
    "wifi",
    "cctv",
    "voip",
    "digital_signage",
    "access_control",
    "audio_video",
    "server",
    "fiber",
    "kiosk",
    "hvac",
    "ups_power",
    "refrigeration",
    "solar",
    "satellite",
    "ev_charger",
    "fuel_dispenser",
    "atm",
    "drone",
    "medical_imaging",
)
CREDENTIALS = ("background_check", "drug_test", "general_liability", "nda", "osha_10")
#: The pool that a client brought along, and the share of all who are in it.
POOL, _IN_POOL = "Clinic rounds", 0.4
#: A skill of the catalogue that nobody has: jobs that need it can only go to the dispatcher's queue.
NOBODYS_SKILL = "helium_refill"

_FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kai", "Lena", "Max", "Nora",
          "Omar", "Pia", "Quinn", "Rosa", "Sam", "Tess", "Uma", "Vic", "Wren", "Yara", "Zoe")  # fmt: skip
_LAST = ("Alder", "Birch", "Clay", "Dale", "Elm", "Frost", "Gale", "Heath", "Ivers", "Jay", "Knoll", "Lark", "Marsh",
         "North", "Oakes", "Pike", "Quill", "Reed", "Stone", "Thorn")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of job: what it needs and pays, and its share of all."""

    title: str
    job_type: str
    skills: Mapping[str, int]
    credentials: tuple[str, ...]
    dollars: int
    minutes: int
    share: float


_CHECKED, _INSURED = ("background_check",), ("general_liability",)
TYPES = (
    Type("Replace the hard drive of a customer", "hardware", {"computer_hardware": 2}, _CHECKED, 120, 90, 0.26),
    Type("Swap a receipt printer", "printer", {"printer": 1}, (), 85, 60, 0.16),
    Type("Install two access points", "wifi", {"wifi": 2, "networking": 2}, _INSURED, 210, 150, 0.15),
    Type("Set up a till lane", "point_of_sale", {"point_of_sale": 3}, _CHECKED, 180, 120, 0.14),
    Type("Align a camera", "cctv", {"cctv": 2}, (), 140, 90, 0.10),
    Type("Pull cable for a sign", "low_voltage", {"low_voltage": 2, "digital_signage": 1}, (), 190, 180, 0.07),
    Type("Repair a walk-in cooler", "refrigeration", {"refrigeration": 3}, _INSURED, 320, 180, 0.04),
    Type("Point a satellite dish", "satellite", {"satellite": 3}, _CHECKED, 260, 150, 0.03),
    Type(
        "Service an MRI console", "medical", {"medical_imaging": 5}, ("background_check", "drug_test"), 600, 240, 0.03
    ),
    Type("Refill an MRI magnet", "medical", {NOBODYS_SKILL: 4}, ("osha_10",), 900, 240, 0.02),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A made-up store at a real place."""

    store_number: str
    name: str
    place: Place


def write_technicians(path: Path, num: int, *, seed: int, today: datetime) -> None:
    """Write `num` made-up technicians as the CSV that `truckroll import technicians` reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = _technicians(num, np.random.default_rng(seed), today)
        first = next(rows)
        writer = csv.DictWriter(file, first)
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)


def make_sites(num: int, *, seed: int) -> list[Site]:
    """Stores at places taken evenly from all ZIP codes: remote towns are among them."""
    rng = np.random.default_rng(seed + 1)
    places = load_places()[0]
    chosen = rng.choice(len(places), size=num, replace=False)
    return [Site(f"{1000 + at}", f"Store {1000 + at}", places[int(place)]) for at, place in enumerate(chosen)]


def make_jobs(sites: Sequence[Site], num: int, *, seed: int, now: datetime) -> Iterator[dict[str, Any]]:
    """The jobs as their place among `sites` and the body of `POST /v1/jobs` without the site's id."""
    rng = np.random.default_rng(seed + 2)
    shares = np.array([kind.share for kind in TYPES])
    for number, at in enumerate(rng.choice(len(TYPES), size=num, p=shares / shares.sum())):
        kind = TYPES[int(at)]
        start = _afternoon(now, days=int(rng.integers(1, 4)))
        yield {
            "site": int(rng.integers(len(sites))),
            "number": f"WO-{88000 + number}",
            "title": kind.title,
            "job_type": kind.job_type,
            "window": {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()},
            "duration_min": kind.minutes,
            "slots": [
                {
                    "needs": {"skills": dict(kind.skills), "credentials": list(kind.credentials)},
                    "pay": {"kind": "fixed", "amount": str(kind.dollars), "currency": "USD"},
                }
            ],
        }


def work_of_a_scene(kind: str, *, now: datetime) -> dict[str, Any]:
    """Work that most can do, with such a proof: the body of `POST /v1/jobs` without number and site."""
    start = _afternoon(now, days=2)
    needs = {"skills": {SKILLS[0]: 1}, "credentials": [kind]}
    return {
        "title": "Replace a till's computer",
        "job_type": "hardware",
        "window": {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()},
        "duration_min": 90,
        "slots": [{"needs": needs, "pay": {"kind": "fixed", "amount": "150", "currency": "USD"}}],
    }


def _technicians(num: int, rng: np.random.Generator, today: datetime) -> Iterator[dict[str, Any]]:
    places = load_places()[0]
    homes = rng.integers(len(places), size=num).tolist()
    shifts = rng.normal(0, 0.04, (num, 2)).tolist()
    popularity = 1.0 / np.arange(1, len(SKILLS) + 1)
    has = rng.random((num, len(SKILLS))) < 0.9 * popularity + 0.035
    has[np.arange(num), rng.choice(len(SKILLS), size=num, p=popularity / popularity.sum())] = True
    levels = rng.integers(1, 6, size=has.shape).tolist()
    proved = rng.random((num, len(CREDENTIALS))) < np.array([0.85, 0.5, 0.75, 0.75, 0.4])
    # A few of the proofs have run out, or do before the visit.
    ends_soon = rng.random(proved.shape) < 0.01
    last_days = np.where(ends_soon, rng.integers(-20, 10, proved.shape), rng.integers(31, 720, proved.shape)).tolist()
    columns = {
        "name": [f"{_FIRST[a]} {_LAST[b]}" for a, b in rng.integers((len(_FIRST), len(_LAST)), size=(num, 2))],
        "radius_km": rng.choice([40, 80, 120, 160, 240], size=num).tolist(),
        "capacity": rng.integers(1, 5, size=num).tolist(),
        "rate": rng.integers(25, 75, size=num).tolist(),
        "hours": rng.choice(_HOURS, size=num, p=[0.55, 0.25, 0.2]).tolist(),
        "clearance": np.where(rng.random(num) < 0.6, "us_person", "unknown").tolist(),
        "pools": np.where(rng.random(num) < _IN_POOL, POOL, "").tolist(),
    }
    for row in range(num):
        place, (north, east) = places[homes[row]], shifts[row]
        yield {
            "id": f"T-{row:05d}",
            "email": f"t{row:05d}@example.com",
            "lat": f"{place.lat + north:.6f}",
            "lng": f"{place.lng + east:.6f}",
            "time_zone": place.time_zone,
            "skills": ";".join(f"{SKILLS[at]}:{levels[row][at]}" for at in np.flatnonzero(has[row])),
            "credentials": ";".join(
                f"{CREDENTIALS[at]}@{(today + timedelta(days=last_days[row][at])).date().isoformat()}"
                for at in np.flatnonzero(proved[row])
            ),
            **{name: column[row] for name, column in columns.items()},
        }


#: Working hours as the import reads them: weekdays and a span of local time; empty is any time.
_HOURS = ("mon-fri 07:00-19:00", "mon-sat 08:00-20:00", "")


def _afternoon(now: datetime, days: int) -> datetime:
    """18:00 UTC of a weekday at least `days` ahead: one o'clock in New York, ten in Los Angeles."""
    day = (now + timedelta(days=days)).replace(hour=18, minute=0, second=0, microsecond=0)
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)
