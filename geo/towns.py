"""Which towns lie in a part of the Earth? The larger first: what a map is labelled with.

Gathered from the places by ZIP code; a town's size is its number of ZIP codes, for want of its people.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray

from geo.boxes import Box
from geo.places import Place, load_places


@dataclass(frozen=True, slots=True)
class Town:
    """A town amid its ZIP codes: `lat, lng` in WGS 84 degrees, `region` the state's two letters."""

    name: str
    region: str
    lat: float
    lng: float
    num_postcodes: int


def towns_in(box: Box, limit: int) -> list[Town]:
    """Return at most `limit` towns of the box, the largest first; as large ones by state and name."""
    towns, lats, lngs = _towns()
    is_in: NDArray[np.bool_] = np.zeros(len(towns), dtype=bool)
    for half in box.halves():
        is_in |= (lats >= half.south) & (lats <= half.north) & (lngs >= half.west) & (lngs <= half.east)
    return [towns[number] for number in np.flatnonzero(is_in)[:limit]]


@cache
def _towns() -> tuple[tuple[Town, ...], NDArray[np.float64], NDArray[np.float64]]:
    """All towns, the largest first, and where they are."""
    found: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in load_places()[0]:
        found[place.region, place.town].append(place)
    towns = [Town(name, region, *_middle(places), len(places)) for (region, name), places in found.items()]
    towns.sort(key=lambda town: (-town.num_postcodes, town.region, town.name))
    return tuple(towns), np.array([each.lat for each in towns]), np.array([each.lng for each in towns])


def _middle(places: list[Place]) -> tuple[float, float]:
    """The middle of their points, each counted once: ZIP codes of boxes at a post office all stand at one point."""
    points = {(each.lat, each.lng) for each in places}
    return median(lat for lat, _ in points), median(lng for _, lng in points)
