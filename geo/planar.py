"""What do rings of places look like in the plane?

Polygons are computed in the plane of degrees, x the longitude and y the latitude: an edge is the straight line between
two vertices there, which is also how GeoJSON defines it (RFC 7946, section 3.1.1), not a great circle. Of the two ways
around the Earth an edge takes the shorter, so that rings may cross the antimeridian; a ring that thereby runs once
around the Earth holds the pole on its smaller side. What comes out is cut to x in [-180, 180].
"""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from geo.errors import AreaError
from geo.points import Point, wrapped_lng

_Vertices = NDArray[np.float64]
Ring = Sequence[Point]

_WORLD = shapely.box(-180, -90, 180, 90)

#: About a hundredth of a square metre at the equator.
_MIN_AREA_DEG2 = 1e-12

#: Edges longer than 180° would be read the other way around; ours stay well below.
_MAX_EDGE_DEG = 90.0


def planar_shape(rings: Sequence[Ring]) -> BaseGeometry:
    """Return the shape of one polygon, its outer ring first and then its holes, cut at the antimeridian.

    Raises
    ------
    AreaError
        A ring is open, too short, without area or crosses itself, or a hole lies outside; the message says where.
    """
    for number, ring in enumerate(rings):
        _check_ring(ring, number)
    # An edge from -180 to 180 is a whole parallel in the box around a polar cap, and no edge at all in a closed circle.
    if any(map(_has_full_turn, rings)):
        with suppress(AreaError):
            return _shape(rings, as_parallel=True)
        return _shape(rings, as_parallel=False)
    return _shape(rings, as_parallel=True)


def shape_rings(shape: BaseGeometry) -> list[list[list[Point]]]:
    """Return the polygons of a shape from `planar_shape`: each its outer ring counter-clockwise, then its holes."""
    polygons = []
    for part in _polygons(shapely.segmentize(shape, _MAX_EDGE_DEG)):
        turned = orient(part)
        polygons.append([[Point(y, x) for x, y in ring.coords] for ring in (turned.exterior, *turned.interiors)])
    return polygons


def _check_ring(ring: Ring, number: int) -> None:
    if len(ring) < 4:
        raise AreaError(f"ring {number} has {len(ring)} vertices: it needs 4 or more, the last equal to the first")
    first, last = ring[0], ring[-1]
    if first.lat != last.lat or (wrapped_lng(first.lng) != wrapped_lng(last.lng) and abs(first.lat) != 90):
        raise AreaError(
            f"ring {number} is not closed: it starts at lat {first.lat:g}, lng {first.lng:g} and ends at lat "
            f"{last.lat:g}, lng {last.lng:g}; repeat the first vertex at the end"
        )


def _has_full_turn(ring: Ring) -> bool:
    return any(abs(b.lng - a.lng) == 360 for a, b in pairwise(ring))


def _shape(rings: Sequence[Ring], as_parallel: bool) -> BaseGeometry:
    """Build the polygon in a plane without a seam, cut it, and take out the holes around its pole."""
    shell, *holes = (_unwrapped(ring, as_parallel) for ring in rings)
    pole = _pole(shell) if _turns(shell) else None
    polar_holes = [hole for hole in holes if _turns(hole)]
    if polar_holes and pole is None:
        raise AreaError("a hole runs around a pole that its outer ring doesn't: give its inside as the area")
    closed_shell = _closed(shell, pole)
    alone = shapely.Polygon(closed_shell)
    shape = _cut(_checked(shapely.Polygon(closed_shell, [_beside(alone, hole) for hole in holes if not _turns(hole)])))
    for hole in polar_holes:
        cap = _cut(_checked(shapely.Polygon(_closed(hole, pole))))
        if not shape.covers(cap):
            raise AreaError("a hole around the pole crosses or leaves its outer ring: a hole lies inside")
        shape = shape.difference(cap)
    if shape.area < _MIN_AREA_DEG2:
        raise AreaError("the holes leave no area")
    return shape


def _unwrapped(ring: Ring, as_parallel: bool) -> _Vertices:
    """Return the vertices (N, 2) as x, y with x running on across the antimeridian."""
    lng = np.array([p.lng for p in ring])
    step = np.diff(lng)
    wraps = (np.abs(step) > 180) & ~(as_parallel & (np.abs(step) == 360))
    turns = np.concatenate([[0.0], np.cumsum(np.where(wraps, -np.sign(step), 0.0))])
    return np.column_stack([lng + 360 * turns, [p.lat for p in ring]])


def _turns(vertices: _Vertices) -> int:
    """Return how often a ring runs around the Earth, eastwards positive."""
    return round(float(vertices[-1, 0] - vertices[0, 0]) / 360)


def _pole(vertices: _Vertices) -> float:
    """Return the latitude of the pole on the smaller side of a ring around the Earth."""
    x, y = vertices[:, 0], vertices[:, 1]
    mean_lat = np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) / (x[-1] - x[0])
    return 90.0 if mean_lat >= 0 else -90.0


def _closed(vertices: _Vertices, pole: float | None) -> _Vertices:
    """Lead a ring around the Earth back to its start along the pole, where all longitudes meet."""
    if pole is None or not _turns(vertices):
        return vertices
    back_x = np.linspace(vertices[-1, 0], vertices[0, 0], 5)
    return np.vstack([vertices, np.column_stack([back_x, np.full(5, pole)]), vertices[:1]])


def _beside(shell: shapely.Polygon, hole: _Vertices) -> _Vertices:
    """Return a hole moved by whole turns to where its shell is."""
    for turns in (0, 1, -1):
        moved: _Vertices = hole + np.array([360.0 * turns, 0.0])
        if shell.covers(shapely.LinearRing(moved)):
            return moved
    return hole


def _checked(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a polygon that can be an area, refuse it otherwise by what is wrong and where."""
    if polygon.convex_hull.area < _MIN_AREA_DEG2:
        raise AreaError("the ring encloses no area: its vertices lie on one line or in one place")
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        where = ""
        if match := re.search(r"\[(\S+) (\S+)\]", reason):
            where = f" at lat {float(match[2]):g}, lng {wrapped_lng(float(match[1])):g}"
        words = reason.partition("[")[0].lower()
        raise AreaError(f"{words}{where}: a ring must not cross or touch itself, and a hole lies inside its outer ring")
    return polygon


def _cut(polygon: shapely.Polygon) -> BaseGeometry:
    """Return a polygon that may lie across ±180 as parts inside [-180, 180]."""
    min_x, _, max_x, _ = polygon.bounds
    first, last = math.floor((min_x + 180) / 360), math.ceil((max_x - 180) / 360)
    if first == last == 0:
        return polygon
    pieces = [translate(polygon, -360.0 * turn).intersection(_WORLD) for turn in range(first, last + 1)]
    return shapely.MultiPolygon([part for piece in pieces for part in _polygons(piece)])


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    """Return the parts of a shape that have an inside: cutting leaves lines and points where it only touched."""
    parts = shapely.get_parts(shape).tolist()
    nested = [p for p in parts if isinstance(p, shapely.MultiPolygon)]
    flat = [p for p in parts if isinstance(p, shapely.Polygon)] + [q for m in nested for q in m.geoms]
    return [p for p in flat if p.area >= _MIN_AREA_DEG2]
