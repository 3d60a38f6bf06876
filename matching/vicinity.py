"""Who lives within reach of this place?

Exact: a band of latitudes and a span of longitudes, both a hair too wide, leave few technicians whose great-circle
distance is then computed. So thousands of jobs cost milliseconds each, not a matrix of all pairs.
"""

import math

import numpy as np

from geo.distance import EARTH_RADIUS_M, HALF_CIRCUMFERENCE_M, distances_m
from matching.lines import Floats
from matching.workload import Ints

#: Degrees by which band and span are too wide, far more than rounding and far less than matters.
_SLACK_DEG = 1e-6


class Vicinity:
    """T places, by degrees (T,), sorted by latitude once."""

    def __init__(self, lat: Floats, lng: Floats, reach_m: float) -> None:
        self._order = np.argsort(lat, kind="stable")
        self._lat, self._lng = lat[self._order], lng[self._order]
        self._reach_m = reach_m

    def within_reach(self, lat: float, lng: float) -> tuple[Ints, Floats]:
        """The row numbers, ascending, of all places at most `reach_m` away, with their unrounded metres."""
        reach_rad = self._reach_m / EARTH_RADIUS_M
        band_deg = math.degrees(reach_rad) + _SLACK_DEG
        low, high = np.searchsorted(self._lat, (lat - band_deg, lat + band_deg))
        rows = np.arange(low, high)
        if self._reach_m < HALF_CIRCUMFERENCE_M / 2 and abs(lat) + band_deg < 90:
            span_deg = math.degrees(math.asin(min(1.0, math.sin(reach_rad) / math.cos(math.radians(lat)))))
            away_deg = np.abs((self._lng[low:high] - lng + 180) % 360 - 180)
            rows = rows[away_deg <= span_deg + _SLACK_DEG]
        distance_m = distances_m(lat, lng, self._lat[rows], self._lng[rows])
        is_near = distance_m <= self._reach_m
        found = self._order[rows[is_near]]
        order = np.argsort(found)
        return found[order], distance_m[is_near][order]
