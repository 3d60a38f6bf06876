"""The rows of the zipcodes package, and rows made up to be bad."""

from zoneinfo import available_timezones

import numpy as np
import pytest
import zipcodes

from geo.distance import distances_m
from geo.errors import PointError
from geo.places import REGIONS, Place, _read, find_place, load_places, nearest_place
from geo.points import Point, check_place

GOOD = {
    "zip_code": "00501",
    "city": "Holtsville",
    "state": "NY",
    "lat": "40.8154",
    "long": "-73.0451",
    "timezone": "America/New_York",
}


def test_every_place_is_usable() -> None:
    places, _ = load_places()
    assert {p.region for p in places} == REGIONS
    assert len(REGIONS) == 52, "50 states, DC and PR"
    assert {p.time_zone for p in places} <= available_timezones()
    assert all(type(p.lat) is type(p.lng) is float and check_place(Point(p.lat, p.lng)) for p in places)
    assert len({p.postcode for p in places}) == len(places)
    assert [p.postcode for p in places] == sorted(p.postcode for p in places)


def test_the_report_accounts_for_every_row() -> None:
    places, report = load_places()
    assert report.num_rows == len(zipcodes.list_all())  # type: ignore[no-untyped-call]
    assert report.num_places == len(places) > 41_000
    assert report.num_places + sum(report.num_dropped.values()) == report.num_rows
    assert {"military", "other_region", "no_coordinates", "unknown_zone"} <= set(report.num_dropped)


def test_the_zone_napakiak_is_dropped() -> None:
    assert find_place("99634") is None
    assert load_places()[1].num_dropped["unknown_zone"] >= 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "AE"}, "military"),
        ({"state": "GU"}, "other_region"),
        ({"lat": "0.0000", "long": "0.0000"}, "no_coordinates"),
        ({"lat": ""}, "no_coordinates"),
        ({"lat": "nan"}, "no_coordinates"),
        ({"long": "-730451"}, "no_coordinates"),
        ({"timezone": ""}, "no_zone"),
        ({"timezone": "Napakiak"}, "unknown_zone"),
    ],
)
def test_a_bad_row_is_dropped_for_its_reason(change: dict[str, str], reason: str) -> None:
    places, report = _read([GOOD, GOOD | change])
    assert places == (Place("00501", "Holtsville", "NY", 40.8154, -73.0451, "America/New_York"),)
    assert report.num_dropped == {reason: 1}


def test_a_zip_is_found_with_and_without_its_four_digits() -> None:
    place = find_place("00501")
    assert place
    assert place.town == "Holtsville"
    assert find_place("00501-1234") == place
    assert find_place("nonsense") is None


def test_a_stated_zip_guards_the_coordinates() -> None:
    holtsville = find_place("00501")
    assert holtsville
    with pytest.raises(PointError, match="from the stated place"):
        check_place(Point(60.79, -161.76), holtsville)


def test_places_are_loaded_once() -> None:
    assert load_places()[0] is load_places()[0]


def test_the_nearest_place_is_that_of_all_and_none_far_out_at_sea():
    places = load_places()[0]
    lats, lngs = np.array([each.lat for each in places]), np.array([each.lng for each in places])
    random = np.random.default_rng(7)
    for lat, lng in zip(random.uniform(18, 70, 100).tolist(), random.uniform(-170, -65, 100).tolist(), strict=True):
        metres = distances_m(lat, lng, lats, lngs)
        found = nearest_place(lat, lng)
        assert (found is None) == bool(metres.min() > 200_000)
        if found is not None:
            assert distances_m(lat, lng, [found.lat], [found.lng])[0] == metres.min()
    assert nearest_place(0, 0) is None
    with pytest.raises(PointError):
        nearest_place(95, 0)
