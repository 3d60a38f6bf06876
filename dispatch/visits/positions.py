"""Was the phone at the site? What a position proves, and what looks wrong with it. Pure.

A position is noted and compared; nobody is refused or punished by it. Signs are for a person to weigh.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geo.distance import Located, distance_m

#: What a phone knows of its place in a street; a geofence may be smaller than that.
_GOOD_FIX_M = 100.0
#: Two fixes nearer than this can be one place.
_SAME_PLACE_M = 1_000.0
#: Faster than an airliner: two fixes that this lies between cannot both be true.
_IMPOSSIBLE_M_S = 300.0


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a phone says that it is: WGS 84 degrees, `accuracy_m` the radius it is sure of.

    `is_mocked`: the phone itself says that a program made the position up.
    """

    lat: float
    lng: float
    accuracy_m: float
    is_mocked: bool = False


@dataclass(frozen=True, slots=True)
class LastKnown:
    """Where the same technician was before."""

    lat: float
    lng: float
    at: datetime


def compare(fix: Fix, site: Located, geofence_m: int, *, at: datetime, last: LastKnown | None) -> dict[str, Any]:
    """What the fix says, as it is kept.

    `is_within` is true where the fix lies within the geofence and is no vaguer than it, false where even the nearest
    point that it can mean lies outside, and None where it proves neither.
    """
    away_m = distance_m(site, fix)
    return {
        "lat": fix.lat,
        "lng": fix.lng,
        "accuracy_m": round(fix.accuracy_m),
        "distance_m": round(away_m),
        "is_within": _is_within(away_m, fix.accuracy_m, geofence_m),
        "signs": _signs(fix, at, last),
    }


def _is_within(away_m: float, accuracy_m: float, geofence_m: int) -> bool | None:
    if away_m - accuracy_m > geofence_m:
        return False
    return True if away_m <= geofence_m and accuracy_m <= max(geofence_m, _GOOD_FIX_M) else None


def _signs(fix: Fix, at: datetime, last: LastKnown | None) -> list[str]:
    """Codes of what looks wrong."""
    signs = []
    if fix.accuracy_m == 0:
        signs.append("accuracy_zero")
    if fix.is_mocked:
        signs.append("mocked")
    if last is not None:
        apart_m = distance_m(last, fix) - fix.accuracy_m
        seconds = max(abs((at - last.at).total_seconds()), 1.0)
        if apart_m > _SAME_PLACE_M and apart_m / seconds > _IMPOSSIBLE_M_S:
            signs.append("impossible_speed")
    return signs
