"""On the sphere one degree along a great circle is 111,194.9266 m."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.distance import EARTH_RADIUS_M, HALF_CIRCUMFERENCE_M, distance_m, distances_m, matrix_m
from geo.points import Point

DEGREE_M = math.pi * EARTH_RADIUS_M / 180

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
columns = st.lists(points, min_size=1, max_size=40)


def by_vectors_m(a: Point, b: Point) -> float:
    """The same distance by another formula: the angle between unit vectors."""

    def unit(p: Point) -> NDArray[np.float64]:
        lat, lng = math.radians(p.lat), math.radians(p.lng)
        return np.array([math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)])

    u, v = unit(a), unit(b)
    return EARTH_RADIUS_M * math.atan2(float(np.linalg.norm(np.cross(u, v))), float(u @ v))


@given(points, points)
def test_the_distance_equals_that_of_another_formula(a: Point, b: Point) -> None:
    assert distance_m(a, b) == pytest.approx(by_vectors_m(a, b), abs=1e-6, rel=1e-12)


@given(points, points)
def test_the_distance_is_the_same_both_ways(a: Point, b: Point) -> None:
    assert distance_m(a, b) == distance_m(b, a)


@given(points)
def test_the_distance_to_oneself_is_zero(a: Point) -> None:
    assert distance_m(a, a) == 0


@given(points, points, points)
def test_a_detour_is_never_shorter(a: Point, b: Point, c: Point) -> None:
    assert distance_m(a, c) <= distance_m(a, b) + distance_m(b, c) + 1e-6


@given(points, points)
def test_no_two_places_are_further_apart_than_half_the_earth(a: Point, b: Point) -> None:
    assert 0 <= distance_m(a, b) <= HALF_CIRCUMFERENCE_M


@given(points, columns)
def test_the_vector_gives_exactly_the_scalars(a: Point, others: list[Point]) -> None:
    vector = distances_m(a.lat, a.lng, [p.lat for p in others], [p.lng for p in others])
    assert vector.dtype == np.float64
    assert vector.tolist() == [distance_m(a, p) for p in others]


@given(columns, columns)
def test_the_matrix_gives_exactly_the_vectors(left: list[Point], right: list[Point]) -> None:
    lats, lngs = [p.lat for p in right], [p.lng for p in right]
    matrix = matrix_m([p.lat for p in left], [p.lng for p in left], lats, lngs)
    assert matrix.shape == (len(left), len(right))
    assert matrix.tolist() == [distances_m(p.lat, p.lng, lats, lngs).tolist() for p in left]


def test_a_matrix_of_several_blocks_equals_its_rows() -> None:
    random = np.random.default_rng(7)
    lats_a, lats_b = random.uniform(-90, 90, 30), random.uniform(-90, 90, 70_000)
    lngs_a, lngs_b = random.uniform(-180, 180, 30), random.uniform(-180, 180, 70_000)
    matrix = matrix_m(lats_a, lngs_a, lats_b, lngs_b)
    assert lats_a.size * lats_b.size > 2_000_000, "more than two blocks"
    for i in range(30):
        assert np.array_equal(matrix[i], distances_m(lats_a[i], lngs_a[i], lats_b, lngs_b))


def test_an_empty_side_makes_an_empty_answer() -> None:
    assert distances_m(1, 2, [], []).shape == (0,)
    assert matrix_m([], [], [1], [2]).shape == (0, 1)
    assert matrix_m([1], [2], [], []).shape == (1, 0)


@pytest.mark.parametrize("degrees", [1e-9, 1e-7, 1e-3, 1, 89, 91, 179, 179.999999])
def test_along_a_meridian_the_distance_is_the_degrees(degrees: float) -> None:
    end = Point(degrees - 90, 0)
    expected = float(Decimal(end.lat) + 90) * DEGREE_M
    assert distance_m(Point(-90, 0), end) == pytest.approx(expected, abs=1e-8, rel=1e-12)


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(1e-8, 1e-4))
def test_tiny_distances_keep_their_digits(lat: float, lng: float, step: float) -> None:
    b = Point(lat + step, lng)
    expected = float(Decimal(b.lat) - Decimal(lat)) * DEGREE_M
    assert distance_m(Point(lat, lng), b) == pytest.approx(expected, rel=1e-12)


@given(st.floats(-89, 89), st.floats(-179, 179), st.floats(1e-7, 1e-3))
def test_near_the_antipode_the_distance_is_exact_to_micrometres(lat: float, lng: float, short_of: float) -> None:
    opposite_lng = lng - 180 if lng > 0 else lng + 180
    b = Point(-lat + short_of, opposite_lng)
    assume(abs(b.lat) < 90)
    missing = abs(float(Decimal(b.lat) + Decimal(lat))) * DEGREE_M
    assert HALF_CIRCUMFERENCE_M - distance_m(Point(lat, lng), b) == pytest.approx(missing, abs=2e-6)


def test_the_antimeridian_is_no_wall() -> None:
    assert distance_m(Point(0, 179.5), Point(0, -179.5)) == pytest.approx(DEGREE_M)
    assert distance_m(Point(52, 180), Point(52, -180)) == pytest.approx(0, abs=1e-8)


@given(st.floats(-180, 180), st.floats(-180, 180))
def test_at_a_pole_all_longitudes_are_one_place(lng: float, other: float) -> None:
    assert distance_m(Point(90, lng), Point(90, other)) == pytest.approx(0, abs=1e-8)
    assert distance_m(Point(-90, lng), Point(90, other)) == pytest.approx(HALF_CIRCUMFERENCE_M)


def test_new_york_to_los_angeles_is_the_known_distance() -> None:
    assert round(distance_m(Point(40.7128, -74.0060), Point(34.0522, -118.2437)) / 1000) == 3936
