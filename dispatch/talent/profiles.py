"""Is this what a technician's profile can say? From what was sent to the columns that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from dispatch.errors import BadInput
from dispatch.record.tables.talent import CLEARANCES
from dispatch.talent.words import checked_code, checked_email, checked_phone, checked_text
from geo.cells import cell_of
from geo.errors import GeoError
from geo.geojson import area_from_geojson
from geo.places import Place, find_place
from geo.points import Point, check_place
from geo.timezones import zone, zone_at
from matching.currencies import why_refused
from matching.technician import Consent

#: Half way round the Earth: no radius is longer.
MAX_KM = 20038.0
_MAX_RATE = Decimal(100_000)
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Profile:
    """What is said of a technician; see `TechnicianRow`.

    `number` is the network's own for them, unique. `postcode` (US) is not kept: the place is checked against it.
    `time_zone` None: that of the place. `quiet` is (from minute, to minute), local, and may run over midnight.
    `area` is a GeoJSON Polygon or MultiPolygon, and wins over `radius_km`. `clearance_until` is the last day of
    a word, or of the proofs, that clear (`dispatch.talent.clearances`).
    """

    number: str
    name: str
    lat: float
    lng: float
    email: str | None = None
    phone: str | None = None
    country: str = "US"
    postcode: str | None = None
    time_zone: str | None = None
    radius_km: float | None = None
    area: Mapping[str, Any] | None = None
    in_market: bool = True
    clearance: str = "unknown"
    clearance_until: date | None = None
    day_capacity: int | None = None
    min_hourly: Decimal | None = None
    currency: str = "USD"
    quiet: tuple[int, int] | None = None
    works_in_quiet_hours: bool = False
    consent: Consent | None = None
    company_id: UUID | None = None


def columns_of(profile: Profile) -> dict[str, Any]:
    """The values of a technician's columns.

    Raises
    ------
    BadInput
        Naming the first field that cannot be kept, its value and the way out.
    """
    if profile.clearance not in CLEARANCES:
        raise BadInput("clearance", profile.clearance, f"give one of {', '.join(CLEARANCES)}")
    limits = _limits(profile)
    return {
        "number": checked_text("number", profile.number, max_chars=64),
        "name": checked_text("name", profile.name),
        "email": None if profile.email is None else checked_email("email", profile.email),
        "phone": None if profile.phone is None else checked_phone("phone", profile.phone, profile.country),
        **place_columns(profile.lat, profile.lng, profile.time_zone, _centre(profile.postcode, profile.country)),
        **limits,
        "in_market": profile.in_market,
        "clearance": profile.clearance,
        "clearance_until": profile.clearance_until,
        "currency": checked_currency("currency", profile.currency),
        **quiet_columns(profile.quiet),
        "works_in_quiet_hours": profile.works_in_quiet_hours,
        **consent_columns(profile.consent),
        "company_id": profile.company_id,
    }


def place_columns(lat: float, lng: float, time_zone: str | None, expected: Place | None = None) -> dict[str, Any]:
    """A place with its cell and zone, checked against the ZIP code's place where it is said to be.

    Raises
    ------
    BadInput
        It is no place on Earth, is over 200 km from the `expected` one, or the zone is not known.
    """
    try:
        point = check_place(Point(lat, lng), expected)
        name = zone_at(point) if time_zone is None else zone(time_zone).key
    except GeoError as error:
        field = error.field or "lat"
        raise BadInput(field, {"lat": lat, "lng": lng}.get(field, time_zone), str(error)) from error
    return {"lat": point.lat, "lng": point.lng, "cell": cell_of(point.lat, point.lng), "time_zone": name}


def checked_area(area: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The GeoJSON of an area that has a usable inside; BadInput if it has none."""
    if area is None:
        return None
    try:
        area_from_geojson(dict(area), "area")
    except GeoError as error:
        raise BadInput(error.field or "area", area, str(error)) from error
    return dict(area)


def checked_radius(radius_km: float | None) -> float | None:
    """A radius above 0 and at most half way round the Earth; BadInput if it is none."""
    if radius_km is not None and not 0 < radius_km <= MAX_KM:
        raise BadInput("radius_km", radius_km, f"give kilometres above 0 and at most {MAX_KM:.0f}, or leave it out")
    return radius_km


def checked_rate(field: str, rate: Decimal | None) -> Decimal | None:
    """A rate an hour with at most two decimals; BadInput if it is none."""
    if rate is None:
        return None
    if not rate.is_finite() or not 0 <= rate <= _MAX_RATE or rate != rate.quantize(Decimal("0.01")):
        raise BadInput(field, rate, f"give a sum an hour from 0 to {_MAX_RATE}, with at most two decimals")
    return rate


def checked_currency(field: str, currency: str) -> str:
    """The code of a currency in which somebody can be paid here; BadInput if it is anything else."""
    if (way_out := why_refused(currency)) is not None:
        raise BadInput(field, currency, way_out)
    return currency


def quiet_columns(quiet: tuple[int, int] | None) -> dict[str, time | None]:
    """Quiet hours as local times; BadInput when a minute is none of the day, or both are the same."""
    if quiet is None:
        return {"quiet_from": None, "quiet_to": None}
    begin, end = quiet
    if not (0 <= begin < _DAY_MIN and 0 <= end <= _DAY_MIN) or begin == end % _DAY_MIN:
        raise BadInput("quiet", list(quiet), "give two different times of day, such as 22:00-06:00")
    begin_at, end_at = (time(*divmod(minute % _DAY_MIN, 60)) for minute in quiet)
    return {"quiet_from": begin_at, "quiet_to": end_at}


def consent_columns(consent: Consent | None) -> dict[str, Any]:
    """Standing consent and its limits; BadInput when a limit is none."""
    if consent is None:
        return {"auto_min_hourly": None, "auto_max_km": None, "auto_max_per_day": None}
    if not 0 < consent.max_distance_km <= MAX_KM:
        raise BadInput("consent.max_distance_km", consent.max_distance_km, f"give above 0 and at most {MAX_KM:.0f}")
    if not 1 <= consent.max_per_day <= 100:
        raise BadInput("consent.max_per_day", consent.max_per_day, "give 1 to 100 jobs a day")
    return {
        "auto_min_hourly": checked_rate("consent.min_hourly", consent.min_hourly),
        "auto_max_km": consent.max_distance_km,
        "auto_max_per_day": consent.max_per_day,
    }


def checked_skills(skills: Mapping[str, int]) -> dict[str, int]:
    """Codes with levels from 1 to 5; BadInput naming the first that is not."""
    for code, level in skills.items():
        checked_code("skills", code)
        if isinstance(level, bool) or level not in range(1, 6):
            raise BadInput(f"skills.{code}", level, "give a level from 1 to 5")
    return dict(skills)


def _centre(postcode: str | None, country: str) -> Place | None:
    if postcode is None or country != "US":
        return None
    place = find_place(postcode)
    if place is None:
        raise BadInput("postcode", postcode, "give a US ZIP code that exists, as 5 digits, or leave it out")
    return place


def _limits(profile: Profile) -> dict[str, Any]:
    if profile.day_capacity is not None and not 0 <= profile.day_capacity <= 100:
        raise BadInput("day_capacity", profile.day_capacity, "give 0 to 100 jobs a day, or leave it out")
    return {
        "radius_km": checked_radius(profile.radius_km),
        "area": checked_area(profile.area),
        "day_capacity": profile.day_capacity,
        "min_hourly": checked_rate("min_hourly", profile.min_hourly),
    }
