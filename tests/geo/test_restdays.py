"""Public holidays by region."""

from datetime import date

import pytest

from geo.errors import RegionError
from geo.restdays import known_region, region_of, rest_days


def test_a_part_of_a_country_rests_on_its_own_days_too():
    unification, thanksgiving = date(2026, 10, 3), date(2026, 11, 26)
    assert rest_days("US", 2026)[thanksgiving] == "Thanksgiving Day"
    assert unification in rest_days("DE-BY", 2026)
    assert date(2026, 1, 6) in rest_days("DE-BY", 2026)
    assert date(2026, 1, 6) not in rest_days("DE-HH", 2026)


def test_days_are_those_of_the_year_with_the_day_observed_in_place_of_another():
    assert {day.year for day in rest_days("US", 2026)} == {2026}
    # New Year's Day of 2022 was a Saturday: observed on the last day of the year before.
    assert date(2021, 12, 31) in rest_days("US", 2021)
    assert date(2021, 12, 31) not in rest_days("US", 2022)


def test_no_region_rests_on_no_day():
    assert rest_days(None, 2026) == {}


@pytest.mark.parametrize("region", ["", "us", "USA", "US-", "US-XX", "XX", "US-TX-1"])
def test_a_region_that_nobody_knows_is_refused(region):
    with pytest.raises(RegionError, match="not known: give a country"):
        known_region(region)


def test_a_place_s_region_is_the_part_where_there_is_one_else_the_country():
    assert region_of("US", "TX") == "US-TX"
    assert region_of("US", "Texas") == "US"
    assert region_of("XX", "TX") is None
