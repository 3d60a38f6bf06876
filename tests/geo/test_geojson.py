"""GeoJSON as RFC 7946 writes it: longitude first, counter-clockwise, cut at the antimeridian."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas import PolygonArea, polygon
from geo.errors import GeoJSONError
from geo.geojson import (
    Feature,
    area_from_geojson,
    collection_from_geojson,
    collection_to_geojson,
    feature_from_geojson,
    feature_to_geojson,
    lng_lat,
    lng_lat_text,
    point_from_geojson,
    to_geojson,
)
from geo.points import Point

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
HOLTSVILLE = Point(40.8154, -73.0451)
SQUARE = [[0, 10], [1, 10], [1, 11], [0, 11], [0, 10]]  # lng 0..1, lat 10..11
MERCATOR = {"type": "name", "properties": {"name": "EPSG:3857"}}
WGS84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def test_the_longitude_comes_first() -> None:
    assert to_geojson(HOLTSVILLE) == {"type": "Point", "coordinates": [-73.0451, 40.8154]}
    assert lng_lat(HOLTSVILLE) == [-73.0451, 40.8154]
    assert lng_lat_text([HOLTSVILLE, Point(1, 2)]) == "-73.0451000,40.8154000;2.0000000,1.0000000"


@given(points)
def test_a_point_comes_back_as_it_went(point: Point) -> None:
    assert point_from_geojson(json.loads(json.dumps(to_geojson(point)))) == point


def test_a_height_is_left_out() -> None:
    assert point_from_geojson({"type": "Point", "coordinates": [2, 1, 350.5]}) == Point(1, 2)


def test_a_polygon_is_read_with_its_holes() -> None:
    hole = [[0.4, 10.4], [0.4, 10.6], [0.6, 10.6], [0.6, 10.4], [0.4, 10.4]]
    area = area_from_geojson({"type": "Polygon", "coordinates": [SQUARE, hole]})
    assert area.contains(10.2, 0.2)
    assert not area.contains(10.5, 0.5)
    assert not area.contains(0.2, 10.2), "not swapped"


def signed_area(ring: list[list[float]]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def test_outer_rings_are_written_counter_clockwise_and_holes_clockwise() -> None:
    hole = [[0.4, 10.4], [0.6, 10.4], [0.6, 10.6], [0.4, 10.6], [0.4, 10.4]]
    for outer in (SQUARE, SQUARE[::-1]):
        written = to_geojson(area_from_geojson({"type": "Polygon", "coordinates": [outer, hole]}))
        assert written["type"] == "Polygon"
        assert signed_area(written["coordinates"][0]) > 0
        assert signed_area(written["coordinates"][1]) < 0


def test_an_area_across_the_antimeridian_is_written_as_two_polygons_and_read_again() -> None:
    fiji = polygon([Point(-20, 170), Point(-20, -170), Point(-10, -170), Point(-10, 170), Point(-20, 170)])
    written = to_geojson(fiji)
    assert written["type"] == "MultiPolygon"
    sides = sorted((min(x for x, _ in p[0]), max(x for x, _ in p[0])) for p in written["coordinates"])
    assert sides == [(-180, -170), (170, 180)]
    again = area_from_geojson(written)
    for lng in (169, 170, 175, 180, -180, -175, -170, -169):
        assert again.contains(-15, lng) == fiji.contains(-15, lng) == (abs(lng) >= 170)


def test_a_polar_cap_survives_the_round_trip() -> None:
    cap = polygon([Point(60, lng) for lng in (-170, -50, 70, -170)])
    again = area_from_geojson(json.loads(json.dumps(to_geojson(cap))))
    assert all(again.contains(lat, lng) for lat in (61, 75, 90) for lng in (-180, -170, -60, 70, 180))
    assert not any(again.contains(lat, lng) for lat in (59, 0) for lng in (-180, -170, -60, 70, 180))


def test_features_and_collections_come_back_as_they_went() -> None:
    features = [Feature(HOLTSVILLE, {"name": "a"}, 7), Feature(Point(1, 2))]
    document = json.loads(json.dumps(collection_to_geojson(features)))
    assert document["type"] == "FeatureCollection"
    assert collection_from_geojson(document) == features
    assert "id" not in document["features"][1]


def test_a_feature_may_have_an_area_and_null_for_properties() -> None:
    square = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = feature_from_geojson({"type": "Feature", "properties": None, "geometry": square})
    assert isinstance(feature.geometry, PolygonArea)
    assert feature.geometry.contains(10.5, 0.5)
    assert feature_to_geojson(feature)["properties"] == {}


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        (None, "document", "send a GeoJSON Point"),
        ([1, 2], "document", "send a GeoJSON Point"),
        ({}, "type", "type is None"),
        ({"type": "point", "coordinates": [1, 2]}, "type", "'point'"),
        ({"type": "Point"}, "coordinates", "missing"),
        ({"type": "Point", "coordinates": None}, "coordinates", "send an array"),
        ({"type": "Point", "coordinates": []}, "coordinates", "longitude first"),
        ({"type": "Point", "coordinates": [1]}, "coordinates", "longitude first"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4]}, "coordinates", "longitude first"),
        ({"type": "Point", "coordinates": ["1", 2]}, "coordinates", "as numbers"),
        ({"type": "Point", "coordinates": [True, 2]}, "coordinates", "as numbers"),
        ({"type": "Point", "coordinates": [math.nan, 2]}, "coordinates", "nan is not finite"),
        ({"type": "Point", "coordinates": [10**400, 2]}, "coordinates", "inf is not finite"),
        ({"type": "Point", "coordinates": [40.8, -118.2]}, "coordinates", "swapped? lat 40.8, lng -118.2"),
        ({"type": "Point", "coordinates": [-8131000, 4938000]}, "coordinates", "SRID 3857"),
        ({"type": "Point", "coordinates": [1, 2], "crs": MERCATOR}, "crs", "WGS 84"),
        ({"type": "Point", "coordinates": [1, 2], "crs": "EPSG:3857"}, "crs", "WGS 84"),
    ],
)
def test_what_is_no_point_is_refused_with_its_path(document: object, field: str, words: str) -> None:
    with pytest.raises(GeoJSONError) as caught:
        point_from_geojson(document)
    assert caught.value.field == field
    assert words in str(caught.value)
    with pytest.raises(GeoJSONError) as caught:
        point_from_geojson(document, "body.site")
    assert caught.value.field.startswith("body.site")


@pytest.mark.parametrize(
    ("coordinates", "field", "words"),
    [
        ([], "coordinates", "empty"),
        ([[]], "coordinates", "0 vertices"),
        ([SQUARE[:-1]], "coordinates", "not closed"),
        ([[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]], "coordinates", "self-intersection"),
        ([[*SQUARE[:2], [1, 95], *SQUARE[3:]]], "coordinates[0][2]", "lat 95"),
        ([[*SQUARE[:2], "x", *SQUARE[3:]]], "coordinates[0][2]", "send an array"),
        ([5], "coordinates[0]", "send an array"),
        ("POLYGON", "coordinates", "send an array"),
        ([[[float(i), 0.0] for i in range(10_001)]], "coordinates", "10,001 vertices"),
    ],
)
def test_what_is_no_area_is_refused_with_its_path(coordinates: object, field: str, words: str) -> None:
    with pytest.raises(GeoJSONError) as caught:
        area_from_geojson({"type": "Polygon", "coordinates": coordinates})
    assert caught.value.field == field
    assert words in str(caught.value)


def test_a_million_empty_polygons_or_rings_are_refused_by_their_number() -> None:
    polygons: list[object] = [[]] * 1_000_000
    for empty in (polygons, [polygons]):
        with pytest.raises(GeoJSONError, match="in 1,000,000 rings"):
            area_from_geojson({"type": "MultiPolygon", "coordinates": empty})


def test_a_bad_position_deep_in_a_collection_is_named_by_its_path() -> None:
    good = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    spoilt = [SQUARE[0], [1, 2, "z"], *SQUARE[2:]]
    bad = good | {"geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE], [spoilt]]}}
    with pytest.raises(GeoJSONError) as caught:
        collection_from_geojson({"type": "FeatureCollection", "features": [good, bad]})
    assert caught.value.field == "features[1].geometry.coordinates[1][0][1]"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"geometry": None}, "geometry"),
        ({"geometry": {"type": "GeometryCollection", "geometries": []}}, "geometry.type"),
        ({"geometry": {"type": "LineString", "coordinates": []}}, "geometry.type"),
        ({"properties": [1]}, "properties"),
        ({"id": True}, "id"),
        ({"id": {}}, "id"),
        ({"type": "Point"}, "type"),
    ],
)
def test_what_is_no_feature_is_refused_with_its_path(change: dict[str, object], field: str) -> None:
    good = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    assert feature_from_geojson(good).geometry == Point(2, 1)
    with pytest.raises(GeoJSONError) as caught:
        feature_from_geojson(good | change)
    assert caught.value.field == field


def test_the_name_of_wgs_84_is_accepted_as_a_crs() -> None:
    assert point_from_geojson({"type": "Point", "coordinates": [1, 2], "crs": WGS84}) == Point(2, 1)


def test_a_message_shows_the_start_of_a_long_value_only() -> None:
    with pytest.raises(GeoJSONError) as caught:
        point_from_geojson({"type": "Point", "coordinates": "x" * 1_000_000})
    assert len(str(caught.value)) < 200
