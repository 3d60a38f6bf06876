"""Is this a place on Earth, and the place that was meant?

WGS 84 degrees, latitude first. A `Point` that exists is valid: nothing behind the edge checks again.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.distance import Located, distance_m
from geo.errors import PointError

#: The furthest that an address may lie from the centroid of its stated ZIP code. The largest US ZIP areas, in Alaska,
#: reach some 150 km from their centroid.
MAX_KM_FROM_EXPECTED = 200.0

#: Web Mercator (EPSG:3857) ends at 20,037,508 m east and about as far north.
_MERCATOR_LIMIT_M = 20_050_000.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place on Earth in WGS 84 degrees.

    `lat` is in [-90, 90], `lng` in [-180, 180]; both ±180 are accepted and kept as given (see `wrapped_lng`).

    Raises
    ------
    PointError
        A coordinate is no number, not finite or outside its range; the message says what was probably meant.
    """

    lat: float
    lng: float

    def __post_init__(self) -> None:
        lat, lng = _number("lat", self.lat), _number("lng", self.lng)
        if abs(lat) > 90:
            raise PointError(f"lat {lat:g} is outside -90..90 degrees{_hint(lat, lng)}", field="lat")
        if abs(lng) > 180:
            raise PointError(f"lng {lng:g} is outside -180..180 degrees{_hint(lat, lng)}", field="lng")
        object.__setattr__(self, "lat", lat)
        object.__setattr__(self, "lng", lng)


def check_place(point: Point, expected: Located | None = None, max_km: float = MAX_KM_FROM_EXPECTED) -> Point:
    """Return `point` if it may be the place that was meant: the check of addresses at the edge.

    `expected` is where the stated ZIP code or town lies, None if that is not known.

    Raises
    ------
    PointError
        The point is (0, 0), which is what failed geocoding looks like, or further than `max_km` from `expected`.
    """
    if abs(point.lat) < 1e-6 and abs(point.lng) < 1e-6:
        raise PointError(
            "lat 0, lng 0 is in the Atlantic: an empty or failed geocode? Send the site's own", field="lat"
        )
    if expected is None:
        return point
    away_km = distance_m(point, expected) / 1000
    if away_km > max_km:
        raise PointError(
            f"lat {point.lat:g}, lng {point.lng:g} is {away_km:,.0f} km from the stated place "
            f"(lat {expected.lat:g}, lng {expected.lng:g}); at most {max_km:,.0f} km are accepted"
            f"{_nearer_reading(point, expected, max_km)}",
            field="lat",
        )
    return point


def check_columns(lats: ArrayLike, lngs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns (N,) of degrees as float64, all of them places on Earth.

    Raises
    ------
    PointError
        The columns differ in length, or a row is no place; `field` names the first such row as ``[3].lat``.
    """
    lat, lng = np.asarray(lats, dtype=np.float64), np.asarray(lngs, dtype=np.float64)
    if lat.ndim != 1 or lat.shape != lng.shape:
        raise PointError(f"lats {lat.shape} and lngs {lng.shape} must be columns of one length")
    # Written so that NaN, which compares false with everything, counts as bad.
    bad = ~((np.abs(lat) <= 90) & (np.abs(lng) <= 180))
    if bad.any():
        row = int(bad.argmax())
        try:
            Point(float(lat[row]), float(lng[row]))
        except PointError as error:
            raise PointError(f"row {row}: {error}", field=f"[{row}].{error.field}") from error
    return lat, lng


def wrapped_lng(lng: float) -> float:
    """Return the longitude in [-180, 180) that names the same meridian."""
    return (lng + 180.0) % 360.0 - 180.0 if not -180.0 <= lng < 180.0 else lng


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise PointError(f"{field} {value!r} is no number: send degrees such as 40.7128", field=field)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise PointError(f"{field} {number} is not finite: send degrees such as 40.7128", field=field)
    return number


def _hint(lat: float, lng: float) -> str:
    """Say what numbers outside the ranges probably are."""
    if abs(lat) <= 180 and abs(lng) <= 90:
        return f"; are they swapped? lat {lng:g}, lng {lat:g} would be a place"
    if max(abs(lat), abs(lng)) <= 360:
        return "; longitudes run from -180 to 180, west is negative"
    if max(abs(lat), abs(lng)) <= _MERCATOR_LIMIT_M:
        return "; these look like metres of Web Mercator (SRID 3857): transform them to degrees (SRID 4326)"
    return "; send degrees of WGS 84"


def _nearer_reading(point: Point, expected: Located, max_km: float) -> str:
    """Say which slip of the pen would explain the distance, if one does."""
    readings = [
        ("without the minus sign of lng", point.lat, -point.lng),
        ("with lat's sign turned", -point.lat, point.lng),
    ]
    if abs(point.lng) <= 90:
        readings.append(("swapped", point.lng, point.lat))
    for words, lat, lng in readings:
        if distance_m(Point(lat, lng), expected) <= max_km * 1000:
            return f"; {words}? lat {lat:g}, lng {lng:g} would fit"
    return "; correct the coordinates or the ZIP code"
