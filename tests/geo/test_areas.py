"""A square about New York (40..41, -75..-73), one across the antimeridian (-20..-10, 170..-170), caps at the poles."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from geo.areas import MAX_VERTICES, PolygonArea, RadiusArea, polygon
from geo.distance import HALF_CIRCUMFERENCE_M, distance_m
from geo.errors import AreaError, PointError
from geo.points import Point, wrapped_lng

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def ring(*lat_lngs: tuple[float, float]) -> list[Point]:
    """A closed ring through the vertices."""
    return [Point(lat, lng) for lat, lng in (*lat_lngs, lat_lngs[0])]


def box(south: float, west: float, north: float, east: float) -> list[Point]:
    return ring((south, west), (south, east), (north, east), (north, west))


def parallel(lat: float) -> list[Point]:
    """A ring around the Earth."""
    return ring(*[(lat, lng) for lng in range(-180, 180, 30)])


NEW_YORK = polygon(box(40, -75, 41, -73))
FIJI = polygon(box(-20, 170, -10, -170))
NORTH = polygon(parallel(60))
SOUTH = polygon(parallel(-70)[::-1])


@given(points, st.floats(0.001, HALF_CIRCUMFERENCE_M), st.lists(points, max_size=20))
def test_a_radius_holds_exactly_what_is_within_it(center: Point, radius_m: float, places: list[Point]) -> None:
    area = RadiusArea(center, radius_m)
    expected = [distance_m(center, p) <= radius_m for p in places]
    assert area.contains_many([p.lat for p in places], [p.lng for p in places]).tolist() == expected
    assert [area.contains(p.lat, p.lng) for p in places] == expected


def test_the_edge_of_a_radius_belongs_to_it() -> None:
    place = Point(40.5, -74)
    reach_m = distance_m(Point(40, -74), place)
    assert RadiusArea(Point(40, -74), reach_m).contains(40.5, -74)
    assert not RadiusArea(Point(40, -74), float(np.nextafter(reach_m, 0))).contains(40.5, -74)


def test_a_radius_reaches_across_the_antimeridian_and_the_pole() -> None:
    assert RadiusArea(Point(0, 179.9), 50_000).contains(0, -179.9)
    assert RadiusArea(Point(89.9, 0), 50_000).contains(89.9, 180)


@pytest.mark.parametrize("radius_m", [0, -1, float("nan"), float("inf"), 3e7])
def test_an_impossible_radius_is_refused_with_its_value(radius_m: float) -> None:
    with pytest.raises(AreaError, match=rf"radius_m {radius_m}") as caught:
        RadiusArea(Point(1, 2), radius_m)
    assert caught.value.field == "radius_m"


@given(points)
def test_a_box_holds_exactly_what_its_bounds_say(place: Point) -> None:
    assert NEW_YORK.contains(place.lat, place.lng) == (40 <= place.lat <= 41 and -75 <= place.lng <= -73)


@given(st.floats(39.5, 41.5), st.floats(-75.5, -72.5))
def test_a_box_is_sharp_at_its_edges(lat: float, lng: float) -> None:
    assert NEW_YORK.contains(lat, lng) == (40 <= lat <= 41 and -75 <= lng <= -73)


@given(points)
def test_a_box_across_the_antimeridian_holds_exactly_its_side_of_the_earth(place: Point) -> None:
    assert FIJI.contains(place.lat, place.lng) == (-20 <= place.lat <= -10 and abs(place.lng) >= 170)


@given(points)
def test_rings_around_the_poles_hold_their_caps(place: Point) -> None:
    assert NORTH.contains(place.lat, place.lng) == (place.lat >= 60)
    assert SOUTH.contains(place.lat, place.lng) == (place.lat <= -70)


@given(st.lists(points, max_size=30))
def test_the_vector_gives_exactly_the_scalars(places: list[Point]) -> None:
    for area in (NEW_YORK, FIJI, NORTH):
        inside = area.contains_many([p.lat for p in places], [p.lng for p in places])
        assert inside.tolist() == [area.contains(p.lat, p.lng) for p in places]


@given(st.lists(st.floats(20, 60), min_size=3, max_size=12), st.floats(-180, 180), points)
def test_turning_the_earth_under_an_area_changes_nothing(spokes: list[float], turn: float, place: Point) -> None:
    """A star around (0, 0) and the same star moved along the equator hold the same places, moved."""
    angles = np.linspace(0, 2 * np.pi, len(spokes), endpoint=False)
    star = [(float(r * np.sin(a)), float(r * np.cos(a))) for a, r in zip(angles, spokes, strict=True)]
    moved = [(lat, wrapped_lng(lng + turn)) for lat, lng in star]
    assume(abs(place.lat) < 89 and abs(place.lng) < 179)
    here = polygon(ring(*star))
    nudges = {here.contains(place.lat + e, place.lng + f) for e in (-1e-6, 0, 1e-6) for f in (-1e-6, 0, 1e-6)}
    assume(len(nudges) == 1)
    assert polygon(ring(*moved)).contains(place.lat, wrapped_lng(place.lng + turn)) == nudges.pop()


@pytest.mark.parametrize("lng", [180, -180])
def test_both_names_of_the_antimeridian_are_the_same_place(lng: float) -> None:
    west_of_it, east_of_it = polygon(box(-20, 170, -10, 180)), polygon(box(-20, -180, -10, -170))
    assert west_of_it.contains(-15, lng)
    assert east_of_it.contains(-15, lng)
    assert FIJI.contains(-15, lng)
    assert not west_of_it.contains(-15, -179.99)


@pytest.mark.parametrize("lng", [-180, -1, 0, 77, 180])
def test_a_slice_that_ends_at_the_pole_holds_the_pole_by_any_longitude(lng: float) -> None:
    piece = polygon(ring((60, 10), (60, 20), (90, 15)))
    assert piece.contains(90, lng)
    assert not piece.contains(-90, lng)
    assert NORTH.contains(90, lng)
    assert SOUTH.contains(-90, lng)


def test_the_pole_is_on_the_smaller_side_of_a_ring_whichever_way_it_turns() -> None:
    vertices = [(70, 0), (65, 120), (70, -120)]
    for turned in (vertices, vertices[::-1]):
        area = polygon(ring(*turned))
        assert area.contains(90, 0)
        assert area.contains(80, 50)
        assert not area.contains(0, 0)
        assert not area.contains(-90, 0)


@pytest.mark.parametrize(
    "vertices",
    [
        [(60, -180), (60, 180), (90, 180), (90, -180)],
        [(60, -180), (60, 0), (60, 180), (90, 180), (90, -180)],
        [(60, -180), (60, -90), (60, 0), (60, 90), (60, 180)],
        [(60, 180), (60, 90), (60, 0), (60, -90)],
    ],
)
def test_a_polar_cap_may_be_drawn_as_a_box_or_as_a_circle(vertices: list[tuple[float, float]]) -> None:
    cap = polygon(ring(*vertices))
    for lng in (-180, -91, 0.5, 123, 180):
        assert cap.contains(75, lng)
        assert cap.contains(90, lng)
        assert not cap.contains(59, lng)


def test_the_whole_world_is_an_area() -> None:
    world = polygon(ring((-90, -180), (-90, 180), (90, 180), (90, -180)))
    assert world.contains_many([0, 90, -90, 45, -45], [0, 5, 7, 180, -180]).all()


def test_holes_are_left_out_also_across_the_antimeridian() -> None:
    fiji = polygon(box(-20, 170, -10, -170), [box(-16, 179, -14, -179)])
    assert fiji.contains(-12, 180)
    assert not fiji.contains(-15, 180)
    assert not fiji.contains(-15, -179.5)
    beyond_the_line = polygon(box(-20, 170, -10, -170), [box(-16, -176, -14, -174)])
    assert not beyond_the_line.contains(-15, -175)
    assert beyond_the_line.contains(-15, 175)


def test_a_hole_around_the_pole_leaves_a_belt() -> None:
    belt = polygon(parallel(60), [parallel(80)])
    assert belt.contains_many([60, 70, 79.9], [11, -180, 180]).all()
    assert not belt.contains_many([85, 90, -90, 59], [11, 0, 0, 0]).any()


def test_several_parts_are_one_area() -> None:
    both = PolygonArea(NEW_YORK.parts + FIJI.parts)
    assert both.contains(40.5, -74)
    assert both.contains(-15, 175)
    assert not both.contains(0, 0)


@pytest.mark.parametrize(
    ("vertices", "words"),
    [
        (ring((0, 0), (1, 1), (0, 1), (1, 0)), "self-intersection at lat 0.5, lng 0.5"),
        (ring((0, 179), (1, -179), (0, -179), (1, 179)), "self-intersection at lat 0.5, lng -180"),
        (ring((0, 0), (0, 2), (1, 1), (0, 1), (2, 1)), "must not cross or touch itself"),
        ([Point(0, 0), Point(0, 1), Point(1, 1), Point(1, 0)], "not closed: it starts at lat 0, lng 0 and ends at"),
        (ring((0, 0), (0, 1)), "has 3 vertices: it needs 4"),
        ([], "0 vertices"),
        (ring((0, 0), (1, 1), (2, 2)), "encloses no area"),
        (ring((5, 5), (5, 5), (5, 5)), "encloses no area"),
        (ring((0, 0), (0, 1e-9), (1e-9, 0)), "encloses no area"),
    ],
)
def test_a_ring_without_a_usable_inside_is_refused(vertices: list[Point], words: str) -> None:
    with pytest.raises(AreaError) as caught:
        polygon(vertices)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("outer", "hole", "words"),
    [
        (box(0, 0, 1, 1), box(5, 5, 6, 6), "a hole lies inside"),
        (box(0, 0, 1, 1), box(0.5, 0.5, 6, 6), "a hole lies inside"),
        (box(0, 0, 1, 1), parallel(60), "around a pole that its outer ring doesn't"),
        (parallel(60), parallel(50), "crosses or leaves its outer ring"),
        (parallel(60), parallel(60), "leave no area"),
    ],
)
def test_a_hole_that_is_not_inside_its_ring_is_refused(outer: list[Point], hole: list[Point], words: str) -> None:
    with pytest.raises(AreaError, match=words):
        polygon(outer, [hole])


@pytest.mark.parametrize("parts", [(), ((),)])
def test_an_empty_area_is_refused(parts: tuple[tuple[tuple[Point, ...], ...], ...]) -> None:
    with pytest.raises(AreaError, match="empty"):
        PolygonArea(parts)


def test_a_vertex_that_is_no_place_is_refused() -> None:
    with pytest.raises(PointError, match="nan"):
        polygon(ring((0, 0), (0, 1), (float("nan"), 1)))
    with pytest.raises(PointError, match="SRID 3857"):
        polygon(ring((4_938_000, -8_131_000), (4_938_000, -8_130_000), (4_939_000, -8_130_000)))


def circle_of(num_vertices: int) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, num_vertices - 1, endpoint=False)
    return ring(*zip((40 + np.sin(angles)).tolist(), (-100 + np.cos(angles)).tolist(), strict=True))


def test_ten_thousand_vertices_pass_and_one_more_does_not() -> None:
    assert polygon(circle_of(MAX_VERTICES)).contains(40, -100)
    with pytest.raises(AreaError, match="10,001 vertices in 1 rings: at most 10,000"):
        polygon(circle_of(MAX_VERTICES + 1))


def test_a_million_vertices_or_rings_are_refused_by_their_number_alone() -> None:
    with pytest.raises(AreaError, match="1,000,000 vertices"):
        PolygonArea((((Point(0, 0),) * 1_000_000,),))
    with pytest.raises(AreaError, match="1,000,000 rings"):
        PolygonArea((((),) * 1_000_000,))


@given(points)
def test_the_cut_area_holds_the_same_places(place: Point) -> None:
    for area in (NEW_YORK, FIJI, NORTH, SOUTH):
        again = PolygonArea(tuple(tuple(tuple(r) for r in rings) for rings in area.cut()))
        assert again.contains(place.lat, place.lng) == area.contains(place.lat, place.lng)


def test_no_edge_of_a_cut_area_crosses_the_antimeridian_or_is_long() -> None:
    for area in (FIJI, NORTH, SOUTH):
        for rings in area.cut():
            for vertices in rings:
                lngs = np.array([p.lng for p in vertices])
                assert np.abs(np.diff(lngs)).max() <= 90
    assert len(FIJI.cut()) == 2


def test_areas_are_equal_by_their_vertices() -> None:
    assert polygon(box(40, -75, 41, -73)) == NEW_YORK
    assert hash(polygon(box(40, -75, 41, -73))) == hash(NEW_YORK)
    assert NEW_YORK != FIJI
