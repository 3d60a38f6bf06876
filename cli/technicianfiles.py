"""Which technicians are in a file of `truckroll import technicians`? The columns stand in docs/import.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from cli.csvcells import decimal, last_days, latitude, levels, longitude, text, whole
from cli.csvfiles import BadRows, Column, Flaw, Row, read_csv
from cli.loadcells import day, hours, listed, money, nothing, quiet, yes_or_no
from dispatch.errors import BadInput
from dispatch.record.session import Actor
from dispatch.talent.loading import BadEntries, Entry, Loaded, entry_of, load_technicians
from dispatch.talent.profiles import Profile

COLUMNS = {
    "id": Column(text, is_filled=True),
    "name": Column(text, is_filled=True),
    "lat": Column(latitude, is_filled=True),
    "lng": Column(longitude, is_filled=True),
    "email": Column(text, is_needed=False),
    "phone": Column(text, is_needed=False),
    "postcode": Column(text, is_needed=False),
    "time_zone": Column(text, is_needed=False),
    "skills": Column(levels, empty={}, is_needed=False),
    "credentials": Column(last_days, empty={}, is_needed=False),
    "radius_km": Column(decimal(0, 40_000, 6), is_needed=False),
    "capacity": Column(whole(0, 100), is_needed=False),
    "max_hours": Column(nothing, is_needed=False),
    "rate": Column(money, is_needed=False),
    "currency": Column(text, empty="USD", is_needed=False),
    "rating": Column(decimal(0, 5, 6), is_needed=False),
    "hours": Column(hours, empty=(), is_needed=False),
    "quiet": Column(quiet, is_needed=False),
    "market": Column(yes_or_no, empty=True, is_needed=False),
    "clearance": Column(text, empty="unknown", is_needed=False),
    "clearance_until": Column(day, is_needed=False),
    "company": Column(text, is_needed=False),
    "pools": Column(listed, empty=(), is_needed=False),
}

#: What a column of the file changes of a technician who is known already. A rating is for `match` alone: here a
#: reputation is made of what happened, point by point.
_CHANGES = {
    "name": ("name",),
    "lat": ("lat", "lng", "cell", "time_zone"),
    "email": ("email",),
    "phone": ("phone",),
    "skills": ("skills",),
    "radius_km": ("radius_km",),
    "capacity": ("day_capacity",),
    "rate": ("min_hourly",),
    "currency": ("currency",),
    "hours": ("hours",),
    "quiet": ("quiet_from", "quiet_to"),
    "market": ("in_market",),
    "clearance": ("clearance", "clearance_until"),
    "company": ("company_id",),
}

#: The file's name of a field, where it is another than the record's.
_NAMED = {"number": "id", "day_capacity": "capacity", "min_hourly": "rate"}


@dataclass(frozen=True, slots=True)
class TechnicianFile:
    """The technicians of a file, all of them checked; `fields` are what it says of those who are known already."""

    path: Path
    entries: list[Entry]
    fields: tuple[str, ...]


def read_technician_file(path: Path, *, tell: Callable[[str], None] = lambda _: None) -> TechnicianFile:
    """Read and check all technicians of a file; `tell` hears what is being done.

    Raises
    ------
    BadRows
        Some rows can't be used: all of them, by line, field and value.
    BadInput
        The file can't be read at all.
    """
    tell("reading the file")
    rows, flaws = read_csv(path, COLUMNS)
    tell(f"checking {len(rows):,} rows")
    entries: list[Entry] = []
    for row in rows:
        try:
            entries.append(_entry(row))
        except BadInput as error:
            flaws.append(_flaw(path, row, error))
    if flaws:
        raise BadRows(sorted(flaws, key=lambda flaw: flaw.line))
    return TechnicianFile(path, entries, tuple(_fields(rows)))


def import_technicians(
    session: Session, actor: Actor, file: TechnicianFile, *, add_missing: bool = False, now: datetime
) -> Loaded:
    """Bring all technicians of a file into the record, or none; runs as the engine.

    Raises
    ------
    BadRows
        Some name what the record does not know: all of them, by line, field and value.
    """
    try:
        return load_technicians(session, actor, file.entries, file.fields, add_missing=add_missing, now=now)
    except BadEntries as error:
        flaws = (
            Flaw(file.path.name, each.line, each.error.field, str(each.error.value), each.error.way_out)
            for each in error.problems
        )
        raise BadRows(list(flaws)) from error


def _fields(rows: list[Row]) -> Iterator[str]:
    for name in rows[0].raw if rows else ():
        yield from _CHANGES.get(name, ())


def _entry(row: Row) -> Entry:
    of = row.values
    profile = Profile(
        number=of["id"],
        name=of["name"],
        lat=of["lat"],
        lng=of["lng"],
        email=of["email"],
        phone=of["phone"],
        postcode=of["postcode"],
        time_zone=of["time_zone"],
        radius_km=None if of["radius_km"] is None else float(of["radius_km"]),
        in_market=of["market"],
        clearance=of["clearance"],
        clearance_until=of["clearance_until"],
        day_capacity=of["capacity"],
        min_hourly=of["rate"],
        currency=of["currency"],
        quiet=of["quiet"],
    )
    return entry_of(
        row.line,
        profile,
        skills=of["skills"],
        hours=of["hours"],
        credentials={kind: date.fromordinal(day) for kind, day in of["credentials"].items()},
        pools=of["pools"],
        company=of["company"],
    )


def _flaw(file: Path, row: Row, error: BadInput) -> Flaw:
    column = _NAMED.get(error.field, error.field).partition(".")[0]
    return Flaw(file.name, row.line, column, row.raw.get(column, str(error.value)), error.way_out)
