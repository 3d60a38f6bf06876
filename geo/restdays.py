"""On which days does a region rest? Public holidays by country and part of it, by the library `holidays`.

A region is written as ISO 3166 has it: a country (``US``), or a part of one (``US-TX``, ``DE-BY``).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from types import MappingProxyType

import holidays

from geo.errors import RegionError

_SATURDAY = 5
_NONE: Mapping[date, str] = MappingProxyType({})


def rest_days(region: str | None, year: int) -> Mapping[date, str]:
    """Return the public holidays of a region in a year, with their names; none for None.

    Days that are observed in place of another are among them.

    Raises
    ------
    RegionError
        Nobody knows the region's holidays.
    """
    return _NONE if region is None else _rest_days(known_region(region), year)


@lru_cache(maxsize=4096)
def _rest_days(region: str, year: int) -> Mapping[date, str]:
    country, _, part = region.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year)
    return MappingProxyType({day: name for day, name in sorted(found.items()) if day.year == year})


def after_business_days(day: date, num_days: int, region: str | None) -> date:
    """Return the day on which the last of so many business days after `day` falls: no weekend, no holiday counts."""
    while num_days:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in rest_days(region, day.year):
            num_days -= 1
    return day


def known_region(region: str) -> str:
    """Return the region, proved to be one whose holidays are known.

    Raises
    ------
    RegionError
        It is not; the message offers the nearest name.
    """
    country, dash, part = region.partition("-")
    known = _regions()
    if country not in known:
        raise _unknown(region, tuple(known))
    if dash and part not in known[country]:
        raise _unknown(region, tuple(f"{country}-{each}" for each in known[country]))
    return region


def region_of(country: str, part: str) -> str | None:
    """Return the region that a country's code and the name of a part mean: the country alone where it has no such part.

    None where the country's holidays are not known: there nothing can be said of them.
    """
    known = _regions()
    if country not in known:
        return None
    return f"{country}-{part}" if part in known[country] else country


@cache
def _regions() -> Mapping[str, frozenset[str]]:
    listed: Mapping[str, list[str]] = holidays.list_supported_countries(include_aliases=False)
    return {country: frozenset(parts) for country, parts in listed.items() if len(country) == 2}


def _unknown(region: str, known: tuple[str, ...]) -> RegionError:
    near = get_close_matches(region[:20].upper(), known, n=1, cutoff=0.5)
    hint = f", perhaps {near[0]!r}" if near else ""
    return RegionError(
        f"holiday region {region[:64]!r} is not known: give a country as ISO 3166 has it, such as US, or a part of it,"
        f" such as US-TX{hint}",
        field="holiday_region",
    )
