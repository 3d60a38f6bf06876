"""Who is within so many metres?"""

import math

import numpy as np

from geo.distance import EARTH_RADIUS_M, distances_m
from matching.candidates import Bools, Floats, Ints

#: Widens the box by 0.6 m, far more than rounding takes from it.
_SLACK_RAD = 1e-7


def rows_in_reach(lats: Floats, lngs: Floats, lat: float, lng: float, reach_m: float) -> tuple[Ints, Floats]:
    """The rows of `lats, lngs` (N,) within `reach_m` great-circle metres of a place, ascending, and their metres.

    Rows without a place are NaN and never in reach. A box of degrees comes first, so that the exact distance is
    computed for few; the answer is that of the exact distance alone.
    """
    angle = reach_m / EARTH_RADIUS_M + _SLACK_RAD
    rows = np.flatnonzero(np.abs(lats - lat) <= math.degrees(angle))
    if abs(math.radians(lat)) + angle < math.pi / 2:
        rows = rows[_near_meridian(lngs[rows], lng, math.asin(math.sin(angle) / math.cos(math.radians(lat))))]
    distance_m = distances_m(lat, lng, lats[rows], lngs[rows])
    near = distance_m <= reach_m
    return rows[near], distance_m[near]


def _near_meridian(lngs: Floats, lng: float, angle: float) -> Bools:
    """(N,) which longitudes are within `angle` radians of `lng`, over the antimeridian too; not for caps with a pole.

    Source: the widest a circle of angular radius r around latitude φ gets is asin(sin r / cos φ) of longitude.
    """
    most = math.degrees(angle + _SLACK_RAD)
    apart = np.abs(lngs - lng)
    return np.asarray((apart <= most) | (apart >= 360 - most))
