"""A straight road: A at (40, -75), B one degree north of it, 111.2 km away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.distance import HALF_CIRCUMFERENCE_M, distance_m
from geo.errors import TravelError
from geo.points import Point
from geo.travel import GreatCircleTravel, SpeedClass, times_to_one, travel_s

A, B = Point(40, -75), Point(41, -75)
WHOLE = 1.1 * HALF_CIRCUMFERENCE_M
metres = st.floats(0, HALF_CIRCUMFERENCE_M)


@given(metres, metres)
def test_further_never_takes_less_time_nor_less_road(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert travel_s(near) <= travel_s(far)
    model = GreatCircleTravel()
    assert model.road_m(near) <= model.road_m(far)


@given(metres)
def test_a_trip_adds_up_its_stretches(distance: float) -> None:
    model = GreatCircleTravel()
    seconds = road_m = start = 0.0
    for c in model.classes:
        stretch = max(0.0, min(distance, c.up_to_m) - start) * c.circuity
        road_m, seconds, start = road_m + stretch, seconds + stretch / (c.speed_kmh / 3.6), c.up_to_m
    assert travel_s(distance) == pytest.approx(seconds, abs=1.0)
    assert travel_s(distance) >= seconds - 1e-3
    assert model.road_m(distance) == pytest.approx(road_m)


@given(metres)
def test_a_road_is_never_shorter_than_the_straight_line(distance: float) -> None:
    assert GreatCircleTravel().road_m(distance) >= distance


def test_no_distance_takes_no_time() -> None:
    assert travel_s([0.0]).tolist() == [0]
    assert travel_s([]).shape == (0,)


def test_the_default_meets_the_published_mean_of_17_minutes_for_8_miles_of_road() -> None:
    eight_miles_straight = 8 * 1609.344 / 1.4
    assert travel_s(eight_miles_straight) / 60 == pytest.approx(17.3, rel=0.03)


def test_longer_trips_are_faster_on_the_mean() -> None:
    kmh = np.array([2_000, 15_000, 90_000, 400_000]) / travel_s([2_000, 15_000, 90_000, 400_000]) * 3.6
    assert np.all(np.diff(kmh) > 0)


def test_the_matrix_holds_each_pair_and_says_that_it_is_estimated() -> None:
    times = GreatCircleTravel().times([A, B, A], [B, A])
    assert times.seconds.shape == times.distance_m.shape == times.is_estimate.shape == (3, 2)
    assert times.seconds.dtype == np.int32
    assert times.is_estimate.all()
    one_way = int(travel_s(distance_m(A, B)))
    assert times.seconds.tolist() == [[one_way, 0], [0, one_way], [one_way, 0]]


def test_one_destination_gives_columns() -> None:
    times = times_to_one(GreatCircleTravel(), [A, B], B)
    assert times.seconds.tolist() == [int(travel_s(distance_m(A, B))), 0]
    assert times.distance_m.shape == times.is_estimate.shape == (2,)


def test_half_the_earth_still_fits() -> None:
    assert 0 < travel_s(HALF_CIRCUMFERENCE_M) < 2**31 - 1


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), 3e7])
def test_a_distance_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(TravelError, match="no distance on Earth"):
        travel_s([1.0, bad])


@pytest.mark.parametrize(
    "classes",
    [
        (),
        (SpeedClass(1000, 1.3, 50),),
        (SpeedClass(WHOLE, 1.3, 50), SpeedClass(1000, 1.3, 50)),
        (SpeedClass(float("inf"), 1.3, 50),),
        (SpeedClass(float("nan"), 1.3, 50),),
        (SpeedClass(WHOLE, 0.9, 50),),
        (SpeedClass(WHOLE, 1.3, 0),),
        (SpeedClass(WHOLE, 1.3, float("nan")),),
    ],
)
def test_impossible_speed_classes_are_refused(classes: tuple[SpeedClass, ...]) -> None:
    with pytest.raises(TravelError, match="speed"):
        GreatCircleTravel(classes)


def test_own_speed_classes_are_used_and_whole_seconds_stay_whole() -> None:
    walker = GreatCircleTravel((SpeedClass(WHOLE, 1.2, 5),))
    assert walker.travel_s([5000, 5001]).tolist() == [4320, 4321]
