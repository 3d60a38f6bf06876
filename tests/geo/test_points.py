"""Places: Holtsville NY (40.8154, -73.0451), Bethel AK (60.79, -161.76)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import GeoError, PointError
from geo.points import Point, check_columns, check_place, wrapped_lng

HOLTSVILLE = Point(40.8154, -73.0451)
BETHEL = Point(60.79, -161.76)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_place_on_earth_is_kept_as_given(lat: float, lng: float) -> None:
    point = Point(lat, lng)
    assert (point.lat, point.lng) == (lat, lng)


@given(st.floats(), st.floats())
def test_whatever_is_no_place_is_refused_by_name_and_value(lat: float, lng: float) -> None:
    if abs(lat) <= 90 and abs(lng) <= 180:
        assert Point(lat, lng).lat == lat
        return
    with pytest.raises(PointError) as caught:
        Point(lat, lng)
    assert caught.value.field in ("lat", "lng")
    bad = lat if caught.value.field == "lat" else lng
    assert f"{caught.value.field} {bad:g} " in str(caught.value)


@pytest.mark.parametrize(
    ("lat", "lng", "field", "words"),
    [
        (math.nan, 0, "lat", "lat nan is not finite"),
        (0, math.inf, "lng", "lng inf is not finite"),
        (-math.inf, 0, "lat", "lat -inf is not finite"),
        (10**400, 0, "lat", "lat inf is not finite"),
        (95, 200, "lat", "lat 95 is outside -90..90"),
        (45, 200, "lng", "west is negative"),
        (-73.0451, 240, "lng", "outside -180..180"),
        (-118.24, 34.05, "lat", "swapped? lat 34.05, lng -118.24"),
        (4_938_000.0, -8_131_000.0, "lat", "SRID 3857"),
        (40.0, -8_131_000.0, "lng", "SRID 3857"),
        (1e300, 0, "lat", "degrees of WGS 84"),
        (True, 0, "lat", "lat True is no number"),
        ("40.8", 0, "lat", "lat '40.8' is no number"),
        (None, 0, "lat", "lat None is no number"),
        (90.0000001, 0, "lat", "outside -90..90"),
    ],
)
def test_a_bad_coordinate_is_refused_with_what_was_probably_meant(
    lat: float, lng: float, field: str, words: str
) -> None:
    with pytest.raises(PointError) as caught:
        Point(lat, lng)
    assert words in str(caught.value)
    assert caught.value.field == field


def test_the_poles_and_both_sides_of_the_antimeridian_are_places() -> None:
    assert Point(90, 0).lat == 90
    assert Point(-90, 180).lng == 180
    assert Point(0, -180).lng == -180


def test_numbers_of_numpy_and_integers_become_plain_floats() -> None:
    point = Point(np.float64(1.5), 7)
    assert type(point.lat) is float
    assert type(point.lng) is float


def test_a_point_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        HOLTSVILLE.lat = 1.0  # type: ignore[misc]


def test_zero_zero_is_refused_as_a_failed_geocode() -> None:
    with pytest.raises(PointError, match="failed geocode"):
        check_place(Point(0, 0))
    with pytest.raises(PointError, match="failed geocode"):
        check_place(Point(-0.0, 1e-9), HOLTSVILLE)
    assert check_place(Point(0, 6.5)) == Point(0, 6.5), "Sao Tome lies close to it and is a place"


def test_a_place_near_its_stated_zip_passes_and_one_just_too_far_does_not() -> None:
    north_km = 111.19492664455873
    near, far = (Point(HOLTSVILLE.lat + km / north_km, HOLTSVILLE.lng) for km in (199.9, 200.1))
    assert check_place(near, HOLTSVILLE) is near
    with pytest.raises(PointError, match="200 km from the stated place"):
        check_place(far, HOLTSVILLE)
    assert check_place(far, HOLTSVILLE, max_km=300) is far


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        (Point(-73.0451, 40.8154), HOLTSVILLE, "swapped? lat 40.8154, lng -73.0451"),
        (Point(40.8154, 73.0451), HOLTSVILLE, "without the minus sign of lng?"),
        (Point(-40.8154, -73.0451), HOLTSVILLE, "lat's sign turned?"),
        (BETHEL, HOLTSVILLE, "correct the coordinates or the ZIP code"),
    ],
)
def test_a_place_far_from_its_zip_is_refused_with_the_likely_slip(given: Point, expected: Point, words: str) -> None:
    with pytest.raises(PointError) as caught:
        check_place(given, expected)
    assert words in str(caught.value)


def test_columns_name_the_first_bad_row() -> None:
    with pytest.raises(PointError, match="row 2: lat 95") as caught:
        check_columns([1, 2, 95, math.nan], [1, 2, 3, 4])
    assert caught.value.field == "[2].lat"
    with pytest.raises(PointError, match="row 0: lng nan"):
        check_columns([1], [math.nan])
    with pytest.raises(PointError, match="one length"):
        check_columns([1, 2], [1])


@given(st.floats(-100_000, 100_000))
def test_a_wrapped_longitude_names_the_same_meridian(lng: float) -> None:
    wrapped = wrapped_lng(lng)
    assert -180 <= wrapped < 180
    assert math.cos(math.radians(wrapped)) == pytest.approx(math.cos(math.radians(lng)), abs=1e-9)
    assert math.sin(math.radians(wrapped)) == pytest.approx(math.sin(math.radians(lng)), abs=1e-9)


def test_only_the_antimeridian_changes_its_name_when_wrapped() -> None:
    assert wrapped_lng(180) == -180
    assert wrapped_lng(-180) == -180
    assert wrapped_lng(0.1 + 0.2) == 0.1 + 0.2


def test_the_errors_of_geo_are_value_errors() -> None:
    assert issubclass(PointError, GeoError)
    assert issubclass(GeoError, ValueError)
