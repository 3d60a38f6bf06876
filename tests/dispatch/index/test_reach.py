"""The box of degrees loses nobody: against the distance of everyone, at the poles and across the antimeridian too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.index.reach import rows_in_reach
from geo.distance import distances_m

lats = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, 89.9, -89.9]))
lngs = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 179.9, -179.9, 0.0]))


@given(
    places=st.lists(st.tuples(lats, lngs), max_size=20),
    center=st.tuples(lats, lngs),
    reach_km=st.one_of(st.floats(1, 20_038), st.sampled_from([1.0, 160.0, 10_007.0, 20_038.0])),
)
def test_the_rows_in_reach_are_those_of_the_distance_alone(
    places: list[tuple[float, float]], center: tuple[float, float], reach_km: float
) -> None:
    lat, lng = np.array(places, dtype=np.float64).reshape(-1, 2).T
    rows, metres = rows_in_reach(lat, lng, *center, reach_km * 1000)
    everyone = distances_m(*center, lat, lng)
    assert rows.tolist() == np.flatnonzero(everyone <= reach_km * 1000).tolist()
    assert metres.tolist() == everyone[rows].tolist()


@pytest.mark.parametrize(
    ("center", "near", "far"),
    [
        ((0.0, 179.9), (0.0, -179.9), (0.0, -178.0)),
        ((-17.0, -179.95), (-17.0, 179.95), (-17.0, 178.0)),
        ((89.9, 0.0), (89.9, 180.0), (88.0, 0.0)),
        ((-89.9, 90.0), (-89.95, -90.0), (-88.0, 90.0)),
        ((69.0, 20.0), (69.0, 21.3), (69.0, 22.0)),
    ],
)
def test_reach_goes_over_the_antimeridian_and_the_poles(
    center: tuple[float, float], near: tuple[float, float], far: tuple[float, float]
) -> None:
    lat, lng = np.array([near, far]).T
    rows, _ = rows_in_reach(lat, lng, *center, 60_000)
    assert rows.tolist() == [0]


def test_the_edge_of_the_reach_belongs_to_it_and_free_rows_to_nobody() -> None:
    lat, lng = np.array([1.0, np.nan]), np.array([1.0, np.nan])
    edge_m = float(distances_m(0.0, 0.0, [1.0], [1.0])[0])
    assert rows_in_reach(lat, lng, 0.0, 0.0, edge_m)[0].tolist() == [0]
    assert rows_in_reach(lat, lng, 0.0, 0.0, edge_m - 0.001)[0].tolist() == []
    assert rows_in_reach(lat, lng, 0.0, 0.0, 20_038_000.0)[0].tolist() == [0]
