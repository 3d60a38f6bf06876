"""In which H3 cell is a place?

Cells are plain integers below 2^63, so that they fit a PostgreSQL bigint and an int64 column alike and sort by
neighbourhood. The h3 library takes latitude 95 without a word; every way in here checks first.

Source: H3, a hexagonal hierarchical geospatial index, h3geo.org (index layout: "H3 cell indexing").
"""

from collections.abc import Iterable

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CellError
from geo.points import Point, check_columns

#: Cells of the index: about 15,000 m², 76 m to a side.
INDEX_RESOLUTION = 10
#: The cell whose middle stands for where somebody lives when a client asks: about 36 km².
HOME_RESOLUTION = 6

_MAX_RESOLUTION = 15


def cell_of(lat: float, lng: float, res: int = INDEX_RESOLUTION) -> int:
    """Return the cell of resolution `res` (0-15) that holds the point.

    Raises
    ------
    PointError
        The coordinates are no place on Earth.
    CellError
        There is no such resolution.
    """
    point = Point(lat, lng)
    return int(h3.latlng_to_cell(point.lat, point.lng, _checked_res(res)))


def cells_of(lats: ArrayLike, lngs: ArrayLike, res: int = INDEX_RESOLUTION) -> NDArray[np.int64]:
    """Return the cells (N,) of columns of points (N,) in degrees; raises as `cell_of`, naming the row."""
    lat, lng = check_columns(lats, lngs)
    res = _checked_res(res)
    cells: Iterable[int] = map(h3.latlng_to_cell, lat.tolist(), lng.tolist(), [res] * lat.size)
    return np.fromiter(cells, dtype=np.int64, count=lat.size)


def parent(cell: int, res: int) -> int:
    """Return the ancestor of `cell` at the coarser (or same) resolution `res`.

    A point may lie outside its cell's ancestor by a little: children overlap their parents' edges. Whoever searches by
    ancestors must widen.

    Raises
    ------
    CellError
        `cell` is no cell, or `res` is finer than it.
    """
    own_res = resolution(cell)
    if _checked_res(res) > own_res:
        raise CellError(f"cell {cell} has resolution {own_res}; its parent can't have the finer {res}", field="res")
    return int(h3.cell_to_parent(cell, res))


def parents(cells: ArrayLike, res: int) -> NDArray[np.int64]:
    """Return the ancestors (N,) at resolution `res` of valid cells (N,), all of `res` or finer; not checked again.

    An index keeps its resolution in bits 52-55 and one digit of three bits per level below; unused digits are all ones.
    """
    column = np.asarray(cells, dtype=np.int64)
    unused = (1 << 3 * (_MAX_RESOLUTION - _checked_res(res))) - 1
    return (column & ~np.int64(0xF << 52)) | np.int64(res << 52) | np.int64(unused)


def resolution(cell: int) -> int:
    """Return the resolution (0-15) of a cell; raises CellError if it is none."""
    return int(h3.get_resolution(_checked_cell(cell)))


def center(cell: int) -> Point:
    """Return the centre of a cell; raises CellError if it is none."""
    lat, lng = h3.cell_to_latlng(_checked_cell(cell))
    return Point(lat, lng)


def centers_of(lats: ArrayLike, lngs: ArrayLike, res: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for columns of points (N,), the centres (N,), (N,) of the cells that hold them; raises as `cells_of`."""
    cells, place = np.unique(cells_of(lats, lngs, res), return_inverse=True)
    middle = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()], dtype=np.float64).reshape(-1, 2)
    return middle[place, 0], middle[place, 1]


def boundary(cell: int) -> tuple[Point, ...]:
    """Return the corners of a cell counter-clockwise, not closed; raises CellError if it is none.

    Six for a hexagon, five for the twelve pentagons of each resolution, some more where an edge of the icosahedron
    cuts through. At the antimeridian and around the poles the longitudes jump; `geo.areas.PolygonArea` reads them well.
    """
    return tuple(Point(lat, lng) for lat, lng in h3.cell_to_boundary(_checked_cell(cell)))


def _checked_cell(cell: int) -> int:
    # Beyond 64 bits h3 raises OverflowError rather than say no.
    if isinstance(cell, bool) or not 0 < cell < 1 << 63 or not h3.is_valid_cell(int(cell)):
        raise CellError(f"{cell!r} is no H3 cell: send the integer that cell_of() gave", field="cell")
    return int(cell)


def _checked_res(res: int) -> int:
    if isinstance(res, bool) or res not in range(_MAX_RESOLUTION + 1):
        raise CellError(f"resolution {res!r} does not exist: H3 has 0 to {_MAX_RESOLUTION}", field="res")
    return int(res)
