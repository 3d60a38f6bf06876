"""What does one cell of a CSV file mean?

A function turns the text of a cell into a value, or raises `ValueError` with the way out. Numbers are plain ASCII
decimals; what Python would also read (`1_000`, `nan`, `٣`, thousands of digits) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from geo.errors import PointError
from geo.points import Point

#: No id, and no name of a skill or credential, is longer.
MAX_TEXT = 200

#: Money in a cell stays below this.
MAX_MONEY = 10_000_000

#: Years in which jobs take place; a year like 9999 stands for "no time" in other systems.
FIRST_YEAR, LAST_YEAR = 1970, 2199

_DECIMAL = re.compile(r"[+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})", re.ASCII)
_SCIENTIFIC = re.compile(_DECIMAL.pattern + r"(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_MONEY = re.compile(r"\d{1,12}(?:\.\d{1,2})?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the offset is subtracted by hand: year 9999 has no UTC in Python


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment: microseconds since 1970 UTC, and the calendar day (ordinal) at its own offset."""

    us: int
    day: int


def text(cell: str) -> str:
    """A name or an id."""
    if len(cell) > MAX_TEXT:
        raise ValueError(f"longer than {MAX_TEXT} characters: shorten it")
    return cell


def latitude(cell: str) -> float:
    """Degrees north."""
    return _degrees(cell, lambda value: Point(value, 0.0).lat)


def longitude(cell: str) -> float:
    """Degrees east."""
    return _degrees(cell, lambda value: Point(0.0, value).lng)


def decimal(low: int, high: int, places: int) -> Callable[[str], Decimal]:
    """A parser of decimals in [low, high] with at most so many places."""

    def parse(cell: str) -> Decimal:
        hint = f"give a number from {low} to {high} with at most {places} decimals"
        if not _DECIMAL.fullmatch(cell):
            raise ValueError(hint)
        value = Decimal(cell)
        if not low <= value <= high or value != round(value, places):
            raise ValueError(hint)
        return value

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers in [low, high]."""

    def parse(cell: str) -> int:
        if not _WHOLE.fullmatch(cell) or not low <= int(cell) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(cell)

    return parse


def cents(cell: str) -> int:
    """Money in hundredths of its currency."""
    if not _MONEY.fullmatch(cell) or Decimal(cell) >= MAX_MONEY:
        raise ValueError(f"give an amount from 0 to below {MAX_MONEY}, plain, with at most two decimals, such as 85.50")
    return int(Decimal(cell) * 100)


def instant(cell: str) -> Instant:
    """An RFC 3339 time, with its offset."""
    match = _INSTANT.fullmatch(cell)
    if not match:
        raise ValueError("give a time with its offset from UTC as in RFC 3339, such as 2027-03-01T09:00:00-05:00")
    *clock, fraction, _, sign, hours, minutes = match.groups()
    try:
        local = datetime(*(int(part) for part in clock))  # type: ignore[arg-type] # noqa: DTZ001 see _EPOCH
    except ValueError as error:
        raise ValueError(f"there is no such time ({error}): correct it") from error
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValueError(f"the year is outside {FIRST_YEAR}-{LAST_YEAR}: give the time at which the work takes place")
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    utc = local - _EPOCH - (-offset if sign == "-" else offset)
    return Instant(utc // timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")), local.toordinal())


def levels(cell: str) -> dict[str, int]:
    """Skills with levels, `hvac:3;wifi`; the level is 1 unless it is said."""
    found: dict[str, int] = {}
    for entry in _entries(cell, "hvac:3;wifi"):
        name, colon, level = (part.strip() for part in entry.partition(":"))
        _note(found, name, whole(1, 1_000_000)(level) if colon else 1)
    return found


def last_days(cell: str) -> dict[str, int]:
    """Credentials with their last valid day as an ordinal, `background_check@2027-05-31`."""
    found: dict[str, int] = {}
    for entry in _entries(cell, "background_check@2027-05-31;drug_test@2026-12-31"):
        name, _, day = (part.strip() for part in entry.rpartition("@"))
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII):
            raise ValueError("give each credential its last valid day, such as background_check@2027-05-31")
        try:
            _note(found, name, date.fromisoformat(day).toordinal())
        except ValueError as error:
            raise ValueError(f"{day}: {error}; correct it") from error
    return found


def names(cell: str) -> tuple[str, ...]:
    """Credentials that a job wants, `background_check;drug_test`."""
    found: dict[str, int] = {}
    for entry in _entries(cell, "background_check;drug_test"):
        if "@" in entry:
            raise ValueError("a job names credentials without a day: they must be valid on the day it ends")
        _note(found, entry, 1)
    return tuple(found)


def _entries(cell: str, example: str) -> list[str]:
    entries = [entry.strip() for entry in cell.split(";")]
    if not all(entries):
        raise ValueError(f"an entry is empty: separate them by one semicolon, such as {example}")
    return entries


def _note(found: dict[str, int], name: str, value: int) -> None:
    if not name:
        raise ValueError("an entry has no name: give it one")
    if name in found:
        raise ValueError(f"{text(name)} stands there twice: keep one")
    found[text(name)] = value


def _degrees(cell: str, check: Callable[[float], float]) -> float:
    if not _SCIENTIFIC.fullmatch(cell):
        raise ValueError("give decimal degrees, such as 41.8781 or -87.6298")
    try:
        return check(float(cell))
    except PointError as error:
        raise ValueError(f"{error}: give decimal degrees, latitude north, longitude east") from error
