"""Which part of the Earth does a map show? Boxes against points drawn at random, tiles against known corners."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.boxes import Box, cell_ranges, cells_in, tile_box
from geo.cells import cell_of, center
from geo.distance import distance_m
from geo.errors import PointError
from geo.points import Point

corners = st.tuples(
    st.floats(-180, 180), st.floats(-83, 83), st.floats(0.0001, 40), st.floats(0.0001, 40)
)  # west, south, width, height


def box_of(west: float, south: float, width: float, height: float) -> Box:
    east = west + width
    return Box(west, south, east if east <= 180 else east - 360, min(83.9, south + height))


@settings(max_examples=300, deadline=None)
@given(corners, st.floats(0, 1), st.floats(0, 1))
def test_no_place_in_a_box_is_outside_its_ranges(corner, along, up):
    box = box_of(*corner)
    lng = box.west + corner[2] * along
    lng = lng if lng <= 180 else lng - 360
    lat = box.south + (box.north - box.south) * up
    ranges = cell_ranges(box)
    assert ranges is None or any(first <= cell_of(lat, lng) <= last for first, last in ranges)


def test_a_box_of_a_town_is_a_few_ranges_that_hold_little_else():
    ranges = cell_ranges(Box(-103.7, 30.3, -103.6, 30.4))
    assert ranges is not None
    assert len(ranges) < 60
    assert not any(first <= cell_of(31.5, -103.65) <= last for first, last in ranges)


def test_a_box_over_the_antimeridian_holds_both_sides_and_not_the_rest():
    box = Box(179.0, -18.0, -179.0, -16.0)
    assert box.holds(-17, 179.5)
    assert box.holds(-17, -179.5)
    assert not box.holds(-17, 0)
    ranges = cell_ranges(box)
    assert ranges is not None
    assert all(any(a <= cell_of(-17, lng) <= b for a, b in ranges) for lng in (179.5, -179.5))


@pytest.mark.parametrize("km", [1.0, 5.0, 50.0])
@given(corners, st.floats(0, 2 * math.pi))
@settings(max_examples=50, deadline=None)
def test_a_widened_box_holds_whatever_is_so_near(km, corner, bearing):
    box = box_of(*corner)
    lat = box.north + math.cos(bearing) * km / 112
    lng = box.east + math.sin(bearing) * km / 112
    lng = lng if -180 <= lng <= 180 else (lng + 180) % 360 - 180
    if lat <= 90 and distance_m(Point(lat, lng), Point(box.north, box.east)) <= km * 1000:
        assert box.widened(km).holds(lat, lng)


def test_tiles_have_the_corners_of_web_mercator():
    world = tile_box(0, 0, 0)
    assert (world.west, world.east) == (-180, 180)
    assert world.north == pytest.approx(85.0511, abs=1e-4)
    assert world.south == -world.north
    tile = tile_box(1, 0, 0)
    assert (tile.west, tile.south, tile.east) == (-180, 0, 0)


@pytest.mark.parametrize(
    ("z", "x", "y", "field"), [(-1, 0, 0, "zoom"), (21, 0, 0, "zoom"), (2, 4, 0, "x"), (2, 0, -1, "y")]
)
def test_a_tile_that_is_none_is_refused_by_name(z, x, y, field):
    with pytest.raises(PointError) as refused:
        tile_box(z, x, y)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "values", [(0, 10, 1, 5), (0, float("nan"), 1, 5), (200, 0, 201, 1), (0, -95, 1, 5), (0, 0, float("inf"), 1)]
)
def test_a_box_that_is_none_is_refused(values):
    with pytest.raises(PointError):
        Box(*values)


def test_the_cells_of_a_box_are_those_whose_middle_is_in_it():
    box = Box(-105, 29, -102, 32)
    found = cells_in(box, 4)
    assert all(box.holds(center(cell).lat, center(cell).lng) for cell in found)
    # Every place of a fine grid inside lies in one of them, or in one whose middle is outside.
    grid = [(29 + lat / 10, -105 + lng / 10) for lat in range(31) for lng in range(31)]
    cells = {cell_of(lat, lng, 4) for lat, lng in grid}
    assert found == {cell for cell in cells if box.holds(center(cell).lat, center(cell).lng)}


def test_the_cells_of_a_box_across_the_antimeridian_lie_on_both_sides():
    lngs = [center(cell).lng for cell in cells_in(Box(178, -20, -178, -16), 4)]
    assert min(lngs) < -178
    assert max(lngs) > 178


def test_more_cells_than_a_map_shows_are_refused():
    with pytest.raises(PointError, match="smaller part of the map"):
        cells_in(Box(-179, -80, 179, 80), 5)
