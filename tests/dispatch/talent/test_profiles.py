"""Is this what a technician's profile can say? Ann lives in Chicago, ZIP 60601."""

import math
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from dispatch.errors import BadInput
from dispatch.talent.profiles import Profile, checked_skills, columns_of
from geo.cells import cell_of
from matching.technician import Consent

ANN = Profile(number="T-1", name="Ann", lat=41.88, lng=-87.63, postcode="60601")

SQUARE = {"type": "Polygon", "coordinates": [[[-88, 41], [-87, 41], [-87, 42], [-88, 42], [-88, 41]]]}


def test_a_place_brings_its_cell_and_its_zone() -> None:
    columns = columns_of(ANN)
    assert columns["cell"] == cell_of(41.88, -87.63)
    assert columns["time_zone"] == "America/Chicago"
    assert "postcode" not in columns


def test_quiet_hours_over_midnight_and_until_midnight_are_times_of_day() -> None:
    assert columns_of(replace(ANN, quiet=(1320, 360)))["quiet_to"] == time(6)
    assert columns_of(replace(ANN, quiet=(1320, 1440)))["quiet_to"] == time(0)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("lat", {"lat": math.nan}),
        ("lat", {"lat": 95.0}),
        ("lng", {"lng": 200.0}),
        ("lat", {"lat": 0.0, "lng": 0.0, "postcode": None}),
        ("lat", {"lat": 87.63, "lng": 41.88}),
        ("lat", {"lng": 87.63}),
        ("postcode", {"postcode": "00000"}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("radius_km", {"radius_km": 0.0}),
        ("radius_km", {"radius_km": math.nan}),
        ("radius_km", {"radius_km": 20039.0}),
        ("area", {"area": {"type": "Point", "coordinates": [0, 0]}}),
        ("min_hourly", {"min_hourly": Decimal("NaN")}),
        ("min_hourly", {"min_hourly": Decimal("-1")}),
        ("min_hourly", {"min_hourly": Decimal("10.005")}),
        ("min_hourly", {"min_hourly": Decimal("1E+9")}),
        ("currency", {"currency": "usd"}),
        ("quiet", {"quiet": (600, 600)}),
        ("quiet", {"quiet": (0, 1440)}),
        ("quiet", {"quiet": (1440, 60)}),
        ("day_capacity", {"day_capacity": -1}),
        ("clearance", {"clearance": "citizen"}),
        ("consent.max_distance_km", {"consent": Consent(Decimal(40), 0.0, 2)}),
        ("consent.max_per_day", {"consent": Consent(Decimal(40), 50.0, 0)}),
        ("consent.min_hourly", {"consent": Consent(Decimal("NaN"), 50.0, 1)}),
        ("phone", {"phone": "12"}),
        ("email", {"email": "ann"}),
        ("name", {"name": "\u202eAnn"}),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        columns_of(replace(ANN, **changes))
    assert refused.value.field.startswith(field)
    assert refused.value.way_out


def test_swapped_coordinates_are_told_from_wrong_ones_by_the_postcode() -> None:
    with pytest.raises(BadInput, match="minus sign"):
        columns_of(replace(ANN, lng=87.63))


def test_an_area_is_kept_as_it_was_drawn() -> None:
    assert columns_of(replace(ANN, area=SQUARE))["area"] == SQUARE


@pytest.mark.parametrize("level", [0, 6, True, 2.5])
def test_skills_have_levels_from_1_to_5(level: Any) -> None:
    with pytest.raises(BadInput):
        checked_skills({"hvac": level})
