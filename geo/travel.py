"""How long does it take to drive there?

`Travel` is what routing is to the rest of the program: whole matrices at once. `GreatCircleTravel` answers without any
map, from the great-circle distance; `geo.roads` asks a routing server and falls back to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.distance import HALF_CIRCUMFERENCE_M, Located, matrix_m
from geo.errors import TravelError


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimes:
    """The way from each of O origins to each of D destinations.

    `seconds` (O, D) int32; `distance_m` (O, D) float64, metres along the road; `is_estimate` (O, D) bool, true where no
    road network was asked or none answered.
    """

    seconds: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    is_estimate: NDArray[np.bool_]


class Travel(Protocol):
    """A source of travel times; every call answers each pair, if need be by an estimate that is marked."""

    def times(self, origins: Sequence[Located], destinations: Sequence[Located]) -> TravelTimes:
        """Return the matrix (O, D) of the ways from `origins` to `destinations`."""
        ...


def times_to_one(travel: Travel, origins: Sequence[Located], destination: Located) -> TravelTimes:
    """Return the ways from O origins to one destination, as columns (O,)."""
    matrix = travel.times(origins, [destination])
    return TravelTimes(matrix.seconds[:, 0], matrix.distance_m[:, 0], matrix.is_estimate[:, 0])


@dataclass(frozen=True, slots=True)
class SpeedClass:
    """How one drives on a stretch of a trip: the stretch up to `up_to_m` great-circle metres from its start.

    `circuity` is road metres per great-circle metre there, `speed_kmh` the mean speed on the road, stops included.
    """

    up_to_m: float
    circuity: float
    speed_kmh: float


#: Circuity. Source: driving to hospitals all over the United States takes about 1.4 times the straight line (Boscoe,
#: Henry and Zdeb, "A Nationwide Comparison of Driving Distance Versus Straight-Line Distance to Hospitals", The
#: Professional Geographer 64, 2012); over motorway networks it is about 1.3 (Wang, Bette, Schreckenberg and Guhr, "How
#: much longer do you have to drive than the crow has to fly?", 2024); short trips are the more circuitous ones
#: (Giacomin and Levinson, "Road network circuity in metropolitan areas", 2015).
#: Speeds are our own assumption: streets, roads, highways, motorways. One published mean holds them: 8.0 miles in 17.3
#: minutes to an emergency department ("National travel distances for emergency care", BMC Health Services Research,
#: 2022); these classes say 17.1.
US_ROADS = (
    SpeedClass(up_to_m=3_000, circuity=1.4, speed_kmh=33),
    SpeedClass(up_to_m=20_000, circuity=1.4, speed_kmh=55),
    SpeedClass(up_to_m=100_000, circuity=1.3, speed_kmh=80),
    SpeedClass(up_to_m=1.25 * HALF_CIRCUMFERENCE_M, circuity=1.3, speed_kmh=95),
)


@dataclass(frozen=True)
class GreatCircleTravel:
    """Travel times from distance alone: each stretch of the way at the circuity and speed of its class.

    A trip adds up its stretches, so that time and road metres grow with distance without a jump, and are zero for zero.
    No sea, mountain or traffic is known here; all cells are marked as estimates.

    Raises
    ------
    TravelError
        The classes don't grow outwards to half the Earth's circumference, or a speed or circuity is impossible.
    """

    classes: tuple[SpeedClass, ...] = field(default=US_ROADS)

    def __post_init__(self) -> None:
        ends = [0.0, *(c.up_to_m for c in self.classes)]
        if any(not a < b for a, b in pairwise(ends)) or not HALF_CIRCUMFERENCE_M <= ends[-1] < np.inf:
            raise TravelError(
                f"speed classes end at {ends[1:]} m: they must grow, to {HALF_CIRCUMFERENCE_M:.0f} m or more"
            )
        for c in self.classes:
            if not (1 <= c.circuity < 10 and 1 <= c.speed_kmh <= 1000):
                raise TravelError(f"{c}: circuity must be in 1..10 and speed in 1..1000 km/h")

    def times(self, origins: Sequence[Located], destinations: Sequence[Located]) -> TravelTimes:
        """Return the matrix (O, D) of estimates."""
        direct_m = matrix_m(
            [p.lat for p in origins],
            [p.lng for p in origins],
            [p.lat for p in destinations],
            [p.lng for p in destinations],
        )
        return TravelTimes(self.travel_s(direct_m), self.road_m(direct_m), np.ones(direct_m.shape, dtype=np.bool_))

    def travel_s(self, distance_m: ArrayLike) -> NDArray[np.int32]:
        """Return seconds, rounded up, for great-circle metres of any shape.

        Raises
        ------
        TravelError
            A distance is negative, NaN or longer than the Earth allows.
        """
        ends_m, _, ends_s = self._knots
        seconds = np.interp(_checked(distance_m), ends_m, ends_s)
        return np.ceil(seconds - _ROUNDING_S).astype(np.int32)

    def road_m(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return metres along the road for great-circle metres of any shape; raises as `travel_s`."""
        ends_m, ends_road_m, _ = self._knots
        return np.asarray(np.interp(_checked(distance_m), ends_m, ends_road_m))

    @cached_property
    def _knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Great-circle metres, road metres and seconds at the ends of the stretches."""
        ends_m = np.array([0.0, *(c.up_to_m for c in self.classes)])
        road_m = np.diff(ends_m) * [c.circuity for c in self.classes]
        seconds = road_m / [c.speed_kmh / 3.6 for c in self.classes]
        return ends_m, np.append(0.0, np.cumsum(road_m)), np.append(0.0, np.cumsum(seconds))


#: A whole number of seconds stays itself when it is rounded up.
_ROUNDING_S = 1e-6

_US_TRAVEL = GreatCircleTravel()


def travel_s(distance_m: ArrayLike) -> NDArray[np.int32]:
    """Return seconds by `US_ROADS` for great-circle metres already known, of any shape: the index's cheap form."""
    return _US_TRAVEL.travel_s(distance_m)


def _checked(distance_m: ArrayLike) -> NDArray[np.float64]:
    metres = np.asarray(distance_m, dtype=np.float64)
    bad = ~((metres >= 0) & (metres <= 1.01 * HALF_CIRCUMFERENCE_M))  # NaN compares false: bad
    if bad.any():
        raise TravelError(
            f"distance {float(metres[bad].flat[0])} m is no distance on Earth: send 0 to {HALF_CIRCUMFERENCE_M:.0f} m"
        )
    return metres
