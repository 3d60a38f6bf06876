"""Towns of a map: the larger first, each where its ZIP codes are."""

from itertools import pairwise

import pytest

from geo.boxes import Box
from geo.distance import distance_m
from geo.places import load_places
from geo.points import Point
from geo.towns import towns_in

EVERYWHERE = Box(-180, -90, 180, 90)
#: About 120 km around Alpine in the west of Texas.
WEST_TEXAS = Box(-104.3, 29.8, -103.0, 30.9)


def test_every_postcode_belongs_to_one_town_and_the_larger_come_first():
    towns = towns_in(EVERYWHERE, 10**6)
    assert sum(each.num_postcodes for each in towns) == len(load_places()[0])
    assert len({(each.region, each.name) for each in towns}) == len(towns)
    assert all(one.num_postcodes >= other.num_postcodes for one, other in pairwise(towns))
    assert {"Houston", "New York", "Chicago"} <= {each.name for each in towns[:20]}


def test_a_box_has_its_own_towns_and_no_more_than_were_asked_for():
    names = [each.name for each in towns_in(WEST_TEXAS, 50)]
    assert {"Alpine", "Marfa", "Fort Davis"} <= set(names)
    assert [each.name for each in towns_in(WEST_TEXAS, 2)] == names[:2]
    assert all(WEST_TEXAS.holds(each.lat, each.lng) for each in towns_in(WEST_TEXAS, 50))


def test_a_box_across_the_antimeridian_has_both_its_sides():
    aleutians = towns_in(Box(170, 50, -160, 60), 100)
    assert {each.region for each in aleutians} == {"AK"}
    assert any(each.lng < -160 for each in aleutians)
    assert towns_in(Box(0, 40, 10, 50), 10) == []


@pytest.mark.parametrize(
    ("name", "region", "lat", "lng"), [("Chicago", "IL", 41.88, -87.63), ("El Paso", "TX", 31.77, -106.45)]
)
def test_a_large_town_stands_where_it_is(name, region, lat, lng):
    (town,) = [each for each in towns_in(EVERYWHERE, 10**6) if (each.name, each.region) == (name, region)]
    assert distance_m(Point(lat, lng), town) < 15_000
