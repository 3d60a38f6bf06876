"""Cells of H3 at all sixteen resolutions, its twelve pentagons, the poles and the antimeridian."""

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas import polygon
from geo.cells import boundary, cell_of, cells_of, center, parent, parents, resolution
from geo.distance import distance_m
from geo.errors import CellError, PointError
from geo.points import Point

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
resolutions = st.integers(0, 15)


@given(points, resolutions)
def test_a_cell_lies_around_its_points(point: Point, res: int) -> None:
    cell = cell_of(point.lat, point.lng, res)
    assert resolution(cell) == res
    reach = max(distance_m(center(cell), corner) for corner in boundary(cell))
    assert distance_m(center(cell), point) <= reach * 1.02 + 0.001


@given(st.lists(points, max_size=30), resolutions)
def test_the_vector_gives_exactly_the_scalars(many: list[Point], res: int) -> None:
    cells = cells_of([p.lat for p in many], [p.lng for p in many], res)
    assert cells.dtype == np.int64
    assert cells.tolist() == [cell_of(p.lat, p.lng, res) for p in many]


@given(st.lists(st.tuples(points, resolutions), min_size=1, max_size=30), resolutions)
def test_ancestors_by_bits_equal_those_of_the_library(many: list[tuple[Point, int]], res: int) -> None:
    cells = [cell_of(p.lat, p.lng, max(own, res)) for p, own in many]
    assert parents(cells, res).tolist() == [h3.cell_to_parent(cell, res) for cell in cells]
    assert parents(cells, res).tolist() == [parent(cell, res) for cell in cells]


@pytest.mark.parametrize(("lat", "lng"), [(95, 0), (-90.1, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_what_h3_would_swallow_is_refused(lat: float, lng: float) -> None:
    with pytest.raises(PointError):
        cell_of(lat, lng)
    with pytest.raises(PointError, match="row 1"):
        cells_of([0, lat], [0, lng])


def test_h3_itself_swallows_latitude_95() -> None:
    assert h3.is_valid_cell(h3.latlng_to_cell(95, 0, 10)), "the reason for the checks in geo.cells"


@pytest.mark.parametrize("res", range(16))
def test_all_twelve_pentagons_have_five_sides_and_a_centre_inside(res: int) -> None:
    pentagons = h3.get_pentagons(res)
    assert len(pentagons) == 12
    for pentagon in pentagons:
        middle = center(pentagon)
        assert cell_of(middle.lat, middle.lng, res) == pentagon
        assert len(boundary(pentagon)) in (5, 10), "ten where edges of the icosahedron add corners"


@pytest.mark.parametrize("res", [2, 5, 10])
@pytest.mark.parametrize(("lat", "lng"), [(90, 0), (-90, 17), (0, 180), (0, -180), (52.3, 180), (-16.8, 180)])
def test_cells_at_the_poles_and_the_antimeridian_have_an_area_that_holds_their_place(
    lat: float, lng: float, res: int
) -> None:
    corners = boundary(cell_of(lat, lng, res))
    assert polygon([*corners, corners[0]]).contains(lat, lng)


def test_both_names_of_the_antimeridian_and_of_a_pole_are_one_cell() -> None:
    assert cell_of(10, 180) == cell_of(10, -180)
    assert cell_of(90, 5) == cell_of(90, -120)


@pytest.mark.parametrize("res", [-1, 16, True, 1.5])
def test_a_resolution_that_does_not_exist_is_refused(res: int) -> None:
    with pytest.raises(CellError, match="0 to 15"):
        cell_of(1, 2, res)


@pytest.mark.parametrize("cell", [0, -1, 1, 2**63, 2**70, True])
def test_a_number_that_is_no_cell_is_refused(cell: int) -> None:
    for ask in (center, boundary, resolution):
        with pytest.raises(CellError, match="no H3 cell"):
            ask(cell)


def test_a_parent_finer_than_its_child_is_refused() -> None:
    with pytest.raises(CellError, match="resolution 5"):
        parent(cell_of(40, -73, 5), 6)
