"""Is a place inside a service area?

A technician travels within a radius or a polygon. Polygons have straight edges in the plane of degrees, see
`geo.planar`; they may cross the antimeridian and hold a pole. The border belongs to the area.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geo.distance import HALF_CIRCUMFERENCE_M, distances_m
from geo.errors import AreaError
from geo.planar import Ring, planar_shape, shape_rings
from geo.points import Point

MAX_VERTICES = 10_000


@dataclass(frozen=True, slots=True)
class RadiusArea:
    """All places within `radius_m` great-circle metres of `center`.

    Raises
    ------
    AreaError
        The radius is not positive or longer than half the Earth's circumference.
    """

    center: Point
    radius_m: float

    def __post_init__(self) -> None:
        if not 0 < self.radius_m <= HALF_CIRCUMFERENCE_M:  # NaN compares false: refused
            raise AreaError(
                f"radius_m {self.radius_m} must be above 0 and at most {HALF_CIRCUMFERENCE_M:.0f} (half the Earth)",
                field="radius_m",
            )

    def contains(self, lat: float, lng: float) -> bool:
        """Tell whether a place in degrees is inside."""
        return bool(self.contains_many([lat], [lng])[0])

    def contains_many(self, lats: ArrayLike, lngs: ArrayLike) -> NDArray[np.bool_]:
        """Tell for columns (N,) of degrees which places are inside, as bool (N,)."""
        return np.asarray(distances_m(self.center.lat, self.center.lng, lats, lngs) <= self.radius_m)


@dataclass(frozen=True, slots=True)
class PolygonArea:
    """All places inside one of the polygons `parts`, each a sequence of rings: the outer one, then its holes.

    Rings are closed, the last vertex equal to the first, in either direction of turn. An edge takes the shorter way
    around the Earth; whoever means the longer one puts a vertex in between.

    Raises
    ------
    AreaError
        There is no polygon, there are over 10,000 vertices, or a ring is open, without area or crosses itself.
    """

    parts: tuple[tuple[tuple[Point, ...], ...], ...]
    _shape: BaseGeometry = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_size(self.parts)
        if not self.parts or not all(self.parts):
            raise AreaError("the area is empty: give at least one polygon with an outer ring", field="parts")
        shape = shapely.union_all([planar_shape(rings) for rings in self.parts])
        shapely.prepare(shape)
        object.__setattr__(self, "_shape", shape)

    def contains(self, lat: float, lng: float) -> bool:
        """Tell whether a place in degrees is inside."""
        return bool(self.contains_many([lat], [lng])[0])

    def contains_many(self, lats: ArrayLike, lngs: ArrayLike) -> NDArray[np.bool_]:
        """Tell for columns (N,) of degrees which places are inside, as bool (N,)."""
        x, y = np.asarray(lngs, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        inside: NDArray[np.bool_] = np.asarray(shapely.intersects_xy(self._shape, x, y))
        # Both sides of the antimeridian are the same places, and at a pole all longitudes are.
        if (on_seam := np.abs(x) == 180).any():
            inside = inside | (on_seam & shapely.intersects_xy(self._shape, -x, y))
        _, south, _, north = self._shape.bounds
        at_pole: NDArray[np.bool_] = ((y == 90) & (north == 90)) | ((y == -90) & (south == -90))
        return inside | at_pole

    def cut(self) -> list[list[list[Point]]]:
        """Return polygons that cover the same area, none of them across the antimeridian.

        Outer rings run counter-clockwise, holes clockwise, and no edge is longer than 90° of longitude: what RFC 7946
        asks for in sections 3.1.6 and 3.1.9.
        """
        return shape_rings(self._shape)


Area = RadiusArea | PolygonArea


def polygon(outer: Ring, holes: Sequence[Ring] = ()) -> PolygonArea:
    """Return the area of one polygon; raises as `PolygonArea`."""
    return PolygonArea(((tuple(outer), *(tuple(hole) for hole in holes)),))


def check_size(parts: Sequence[Sequence[Sequence[object]]]) -> None:
    """Refuse an area with over `MAX_VERTICES` vertices or rings by AreaError, before any work is done on it."""
    num_rings = sum(max(1, len(rings)) for rings in parts)
    num_vertices = sum(len(ring) for rings in parts for ring in rings)
    if max(num_rings, num_vertices) > MAX_VERTICES:
        raise AreaError(
            f"the area has {num_vertices:,} vertices in {num_rings:,} rings: at most {MAX_VERTICES:,} are accepted; "
            "simplify it, a tolerance of 0.0005 degrees (50 m) changes no dispatch"
        )
