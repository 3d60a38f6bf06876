"""How far is it as the crow flies?

Great-circle distance on a sphere of the Earth's mean radius. Against the ellipsoid it is at most about 0.6 % off, and
it is the same everywhere in the program: radius rules, reach, ranking and ``truckroll match`` all ask here.
"""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Source: mean radius R1 = (2a + b) / 3 of the GRS 80 ellipsoid, 6,371.0088 km (IUGG).
EARTH_RADIUS_M = 6_371_008.8

#: No two places are further apart than this.
HALF_CIRCUMFERENCE_M = float(np.pi * EARTH_RADIUS_M)

#: Cells of a matrix computed at once: bounds the temporaries to some 50 MB.
_BLOCK_CELLS = 1_000_000


class Located(Protocol):
    """Anything that knows its latitude and longitude in degrees."""

    @property
    def lat(self) -> float:
        """Degrees north, in [-90, 90]."""
        ...

    @property
    def lng(self) -> float:
        """Degrees east, in [-180, 180]."""
        ...


def distance_m(a: Located, b: Located) -> float:
    """Return the great-circle metres between two points: the very number that `distances_m` gives for them."""
    return float(distances_m(a.lat, a.lng, np.array([b.lat]), np.array([b.lng]))[0])


def distances_m(lat: float, lng: float, lats: ArrayLike, lngs: ArrayLike) -> NDArray[np.float64]:
    """Return the great-circle metres from one point to N others.

    `lat, lng` and the columns `lats, lngs` (N,) are degrees that were validated at the edge; the result is (N,).
    """
    return _haversine_m(np.float64(lat), np.float64(lng), _column(lats), _column(lngs))


def matrix_m(lats_a: ArrayLike, lngs_a: ArrayLike, lats_b: ArrayLike, lngs_b: ArrayLike) -> NDArray[np.float64]:
    """Return the great-circle metres (A, B) from each of A points (A,) to each of B points (B,), all in degrees."""
    lat_a, lng_a, lat_b, lng_b = _column(lats_a), _column(lngs_a), _column(lats_b), _column(lngs_b)
    result = np.empty((lat_a.size, lat_b.size))
    rows = max(1, _BLOCK_CELLS // max(1, lat_b.size))
    for start in range(0, lat_a.size, rows):
        block = slice(start, start + rows)
        result[block] = _haversine_m(lat_a[block, None], lng_a[block, None], lat_b, lng_b)
    return result


def _column(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _haversine_m(
    lat_a: np.float64 | NDArray[np.float64],
    lng_a: np.float64 | NDArray[np.float64],
    lat_b: NDArray[np.float64],
    lng_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return metres for arrays of degrees that broadcast against each other.

    ``h = sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2)`` keeps full precision for places centimetres apart, but not beyond a
    quarter of the globe, where ``asin(√h)`` grows steep. There the same formula, taken to the antipode of one point,
    gives ``1 - h`` without cancellation.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984) 159.
    """
    cosines = np.cos(np.radians(lat_a)) * np.cos(np.radians(lat_b))
    half_lat, half_lng = np.radians(lat_b - lat_a) / 2, np.radians(lng_b - lng_a) / 2
    h = np.sin(half_lat) ** 2 + cosines * np.sin(half_lng) ** 2
    metres = np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0))))
    if not (far := h > 0.5).any():
        return metres
    rest = np.sin(np.radians(lat_b + lat_a) / 2) ** 2 + cosines * np.cos(half_lng) ** 2
    beyond = HALF_CIRCUMFERENCE_M - 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(rest, 1.0)))
    return np.where(far, beyond, metres)
