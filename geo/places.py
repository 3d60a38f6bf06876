"""Where are the ZIP codes of the United States, and which clocks do they keep?

From the ``zipcodes`` package, whose numbers are text and whose rows are not all places: military post, territories,
rows at (0, 0), rows without a zone or with a town's name for one. What is left out is counted by reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import zipcodes
from numpy.typing import NDArray

from geo.distance import distances_m
from geo.errors import PointError, UnknownZoneError
from geo.points import Point, check_place
from geo.timezones import zone

#: The fifty states, the District of Columbia and Puerto Rico.
# fmt: off
REGIONS = frozenset({
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY",
    "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH",
    "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
})
# fmt: on

_MILITARY = frozenset({"AA", "AE", "AP"})


@dataclass(frozen=True, slots=True)
class Place:
    """The centroid of a ZIP code: `lat, lng` in WGS 84 degrees, `region` the state's two letters."""

    postcode: str
    town: str
    region: str
    lat: float
    lng: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class PlacesReport:
    """How many rows there were, how many are places, and how many were dropped by reason.

    The reasons, of which a row counts under the first that it meets: ``military``, ``other_region``,
    ``no_coordinates``, ``no_zone``, ``unknown_zone``.
    """

    num_rows: int
    num_places: int
    num_dropped: Mapping[str, int]


def load_places() -> tuple[tuple[Place, ...], PlacesReport]:
    """Return all usable places by postcode, and the report of what was left out. Read once a process."""
    return _loaded()


def find_place(postcode: str) -> Place | None:
    """Return the place of a ZIP code, given as 5 or 9 digits, None if it is not among the places."""
    return _by_postcode().get(postcode.partition("-")[0])


def nearest_place(lat: float, lng: float, within_m: float = 200_000) -> Place | None:
    """Return the place whose centroid is nearest to a point in degrees, None where none is within the distance.

    Raises
    ------
    PointError
        The coordinates are no place on Earth.
    """
    Point(lat, lng)
    order, lats, lngs = _by_latitude()
    # A degree of latitude is never shorter than this.
    first, last = np.searchsorted(lats, [lat - within_m / 110_000, lat + within_m / 110_000])
    if first == last:
        return None
    metres = distances_m(lat, lng, lats[first:last], lngs[first:last])
    best = int(metres.argmin())
    return _loaded()[0][order[first + best]] if metres[best] <= within_m else None


@cache
def _by_latitude() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The places' numbers, latitudes and longitudes, from the south."""
    places = _loaded()[0]
    lats, lngs = np.array([each.lat for each in places]), np.array([each.lng for each in places])
    order = np.argsort(lats, kind="stable")
    return order, lats[order], lngs[order]


@cache
def _loaded() -> tuple[tuple[Place, ...], PlacesReport]:
    return _read(zipcodes.list_all())  # type: ignore[no-untyped-call]


@cache
def _by_postcode() -> dict[str, Place]:
    return {place.postcode: place for place in _loaded()[0]}


def _read(rows: list[dict[str, Any]]) -> tuple[tuple[Place, ...], PlacesReport]:
    places, dropped = [], Counter[str]()
    for row in rows:
        read = _place(row)
        if isinstance(read, Place):
            places.append(read)
        else:
            dropped[read] += 1
    places.sort(key=lambda place: place.postcode)
    return tuple(places), PlacesReport(len(rows), len(places), MappingProxyType(dict(dropped)))


def _place(row: Mapping[str, Any]) -> Place | str:
    """Return the place of a row, or the reason why it is none."""
    if row["state"] in _MILITARY:
        return "military"
    if row["state"] not in REGIONS:
        return "other_region"
    try:
        point = check_place(Point(float(row["lat"]), float(row["long"])))
    except (PointError, ValueError):
        return "no_coordinates"
    if not row["timezone"]:
        return "no_zone"
    try:
        zone(row["timezone"])
    except UnknownZoneError:
        return "unknown_zone"
    return Place(row["zip_code"], row["city"], row["state"], point.lat, point.lng, row["timezone"])
