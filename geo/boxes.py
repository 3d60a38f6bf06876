"""Which part of the Earth does a map show? Boxes of degrees, tiles, and the cells that they touch.

A box whose west is greater than its east crosses the antimeridian. Ranges of cells let an ordinary index find what is
in a box; they hold more than the box, never less.

Source: tiles as in "Slippy map tilenames", OpenStreetMap wiki (Web Mercator, y from the north).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import h3.api.basic_int as h3

from geo.cells import INDEX_RESOLUTION
from geo.errors import PointError
from geo.points import Point

#: The largest zoom level of a tile: 4 cm to a unit of its grid.
MAX_ZOOM = 20
#: Latitude at which Web Mercator ends.
_MERCATOR_LAT = 85.0511287798066

#: Cells that a box is covered with, about, and the finest and coarsest of them.
_NUM_CELLS = 24
_FINEST, _COARSEST = 6, 1
#: Points along an edge of the box that are looked up.
_NUM_STEPS = 16
#: More cells than this no map shows.
_MOST_CELLS = 3000
#: A wider or higher box has nothing to gain from ranges.
_WIDEST_DEG = 40.0


@dataclass(frozen=True, slots=True)
class Box:
    """Everything from `west` eastward to `east` and from `south` to `north`, in degrees.

    Raises
    ------
    PointError
        A corner is no place on Earth, or the south lies north of the north.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        Point(self.south, self.west)
        Point(self.north, self.east)
        if self.south > self.north:
            raise PointError(
                f"south {self.south:g} lies north of {self.north:g}; send west,south,east,north", field="south"
            )

    def halves(self) -> tuple["Box", ...]:
        """The same as boxes that do not cross the antimeridian."""
        if self.west <= self.east:
            return (self,)
        return Box(self.west, self.south, 180.0, self.north), Box(-180.0, self.south, self.east, self.north)

    def holds(self, lat: float, lng: float) -> bool:
        """Whether the place is in the box or on its edge."""
        is_between = self.west <= lng <= self.east if self.west <= self.east else (lng >= self.west or lng <= self.east)
        return is_between and self.south <= lat <= self.north

    def widened(self, km: float) -> "Box":
        """The box with `km` more to each side, at least."""
        lat_deg = km / 110.0
        south, north = max(-90.0, self.south - lat_deg), min(90.0, self.north + lat_deg)
        shrink = math.cos(math.radians(max(abs(south), abs(north))))
        width = (self.east - self.west) % 360.0 if self.west > self.east else self.east - self.west
        lng_deg = lat_deg / shrink if shrink > 1e-3 else 360.0
        if width + 2 * lng_deg >= 360.0:
            return Box(-180.0, south, 180.0, north)
        return Box(_wrapped(self.west - lng_deg), south, _wrapped(self.east + lng_deg), north)


def cells_in(box: Box, res: int) -> set[int]:
    """The cells of resolution `res` whose middle is in the box.

    Raises
    ------
    PointError
        There would be more than a map can use.
    """
    num = sum(math.prod(_size_km(half)) for half in box.halves()) / h3.average_hexagon_area(res, "km^2")
    if num > _MOST_CELLS:
        raise PointError(f"about {num:.0f} cells: show a smaller part of the map, or coarser cells", field="bbox")
    found: set[int] = set()
    for half in box.halves():
        corners = [(half.south, half.west), (half.south, half.east), (half.north, half.east), (half.north, half.west)]
        found |= {int(cell) for cell in h3.h3shape_to_cells(h3.LatLngPoly(_along(corners)), res)}
    return {cell for cell in found if box.holds(*h3.cell_to_latlng(cell))}


def _size_km(box: Box) -> tuple[float, float]:
    """About how high and how wide, at the widest."""
    lat = 0.0 if box.south <= 0 <= box.north else min(abs(box.south), abs(box.north))
    return (box.north - box.south) * 111.2, (box.east - box.west) * 111.2 * math.cos(math.radians(lat))


def _along(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The outline with points along its edges: none spans as much as half the Earth."""
    steps = [step / _NUM_STEPS for step in range(_NUM_STEPS)]
    ends = corners[1:] + corners[:1]
    return [
        (a[0] + (b[0] - a[0]) * step, a[1] + (b[1] - a[1]) * step)
        for a, b in zip(corners, ends, strict=True)
        for step in steps
    ]


def tile_box(zoom: int, x: int, y: int) -> Box:
    """The box of a tile.

    Raises
    ------
    PointError
        There is no such tile; `field` is `zoom`, `x` or `y`.
    """
    if not 0 <= zoom <= MAX_ZOOM:
        raise PointError(f"zoom {zoom}: there are levels from 0 to {MAX_ZOOM}", field="zoom")
    num = 2**zoom
    for field, value in (("x", x), ("y", y)):
        if not 0 <= value < num:
            raise PointError(f"{field} {value}: at zoom {zoom} tiles are numbered from 0 to {num - 1}", field=field)
    west, east = x / num * 360.0 - 180.0, (x + 1) / num * 360.0 - 180.0
    return Box(west, _tile_lat(y + 1, num), east, _tile_lat(y, num))


def cell_ranges(box: Box) -> list[tuple[int, int]] | None:
    """Ranges (first, last) of cells of the index that hold every cell with a point in the box; None: all of them."""
    ranges: set[tuple[int, int]] = set()
    for half in box.halves():
        cover = _cover(half)
        if cover is None:
            return None
        ranges |= {_descendants(cell) for cell in cover}
    return _joined(ranges)


def _cover(box: Box) -> set[int] | None:
    """Cells that touch the box, and their neighbours: a descendant may reach over its ancestor's edge."""
    if box.east - box.west > _WIDEST_DEG or box.north - box.south > _WIDEST_DEG or max(-box.south, box.north) > 84:
        return None
    shrink = math.cos(math.radians((box.north + box.south) / 2))
    high_km, wide_km = 111.2 * (box.north - box.south), 111.2 * shrink * (box.east - box.west)
    res = next((each for each in range(_FINEST, _COARSEST, -1) if _is_fit(each, high_km, wide_km)), _COARSEST)
    corners = list(_outline(box))
    touched = {int(h3.latlng_to_cell(lat, lng, res)) for lat, lng in corners}
    inside = h3.h3shape_to_cells(h3.LatLngPoly(corners), res) if min(high_km, wide_km) > 0.1 else []
    touched |= {int(cell) for cell in inside}
    return {int(near) for cell in touched for near in h3.grid_disk(cell, 1)}


def _is_fit(res: int, high_km: float, wide_km: float) -> bool:
    """Cells of this resolution cover a box in small number, and none fits between two points of its outline."""
    is_few = high_km * wide_km / h3.average_hexagon_area(res, "km^2") <= _NUM_CELLS
    return bool(is_few and max(high_km, wide_km) / _NUM_STEPS <= h3.average_hexagon_edge_length(res, "km"))


def _outline(box: Box, num: int = _NUM_STEPS) -> Iterable[tuple[float, float]]:
    """Points (lat, lng) along the edges, so dense that no cell of the cover lies between two of them."""
    steps = [each / num for each in range(num)]
    lats, lngs = (box.south, box.north - box.south), (box.west, box.east - box.west)
    yield from ((box.south, lngs[0] + lngs[1] * step) for step in steps)
    yield from ((lats[0] + lats[1] * step, box.east) for step in steps)
    yield from ((box.north, box.east - lngs[1] * step) for step in steps)
    yield from ((box.north - lats[1] * step, box.west) for step in steps)


def _descendants(cell: int) -> tuple[int, int]:
    """First and last index that a descendant of `cell` at the index's resolution can have."""
    shift = 3 * (15 - int(h3.get_resolution(cell)))
    prefix = (cell & ~(0xF << 52) | INDEX_RESOLUTION << 52) >> shift << shift
    return prefix, prefix | (1 << shift) - 1


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _tile_lat(y: int, num: int) -> float:
    if y in (0, num):
        return _MERCATOR_LAT if y == 0 else -_MERCATOR_LAT
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / num))))


def _wrapped(lng: float) -> float:
    return lng if -180.0 <= lng <= 180.0 else (lng + 180.0) % 360.0 - 180.0
