"""Who lives within reach, against the distance to everyone: also around the poles and the antimeridian."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import distances_m
from matching.vicinity import Vicinity

LATS = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -89.9, 0.0, 89.9, 90.0]))
LNGS = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, -179.9, 0.0, 179.9, 180.0]))
PLACES = st.lists(st.tuples(LATS, LNGS), max_size=30)
REACH_M = st.one_of(st.floats(0, 2e7), st.sampled_from([0.0, 160_000.0, 1e6, 1.001e7, 2.1e7]))


def everyone_near(lat, lng, lats, lngs, reach_m):
    distance_m = distances_m(lat, lng, lats, lngs)
    rows = np.flatnonzero(distance_m <= reach_m)
    return rows.tolist(), distance_m[rows].tolist()


@settings(max_examples=400, deadline=None)
@given(PLACES, LATS, LNGS, REACH_M)
def test_finds_exactly_those_whom_the_distance_to_all_finds(places, lat, lng, reach_m):
    lats, lngs = np.array(places, np.float64).reshape(-1, 2).T
    rows, distance_m = Vicinity(lats, lngs, reach_m).within_reach(lat, lng)
    assert (rows.tolist(), distance_m.tolist()) == everyone_near(lat, lng, lats, lngs, reach_m)


def test_finds_neighbours_across_the_antimeridian_and_around_the_pole():
    lats, lngs = np.array([0.0, 0.0, 89.9, 89.9, 60.0]), np.array([179.9, -179.9, 0.0, 180.0, 0.0])
    vicinity = Vicinity(lats, lngs, 160_000)
    assert vicinity.within_reach(0.0, 180.0)[0].tolist() == [0, 1]
    assert vicinity.within_reach(89.9, 90.0)[0].tolist() == [2, 3]


def test_a_dense_belt_of_places_at_the_edge_of_reach_is_judged_by_distance_alone():
    lngs = np.linspace(-104, -96, 4001)
    lats = np.full(4001, 61.0)
    for reach_m in (50_000.0, 160_000.0, 161_803.4):
        rows, _ = Vicinity(lats, lngs, reach_m).within_reach(61.3, -100.0)
        assert rows.tolist() == everyone_near(61.3, -100.0, lats, lngs, reach_m)[0]
