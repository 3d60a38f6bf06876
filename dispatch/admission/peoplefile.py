"""What does a file of people say? A client's informal pool as CSV, every bad row named with line, field and value."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispatch.errors import BadInput
from dispatch.talent.loading import BadEntries, Problem
from dispatch.talent.profiles import checked_skills, place_columns
from dispatch.talent.words import checked_email, checked_phone, checked_text
from geo.places import find_place

REQUIRED = ("name", "email")
COLUMNS = (*REQUIRED, "phone", "postcode", "lat", "lng", "skills")
MAX_BYTES = 2_000_000
MAX_ROWS = 1_000
#: A spreadsheet reads a cell that begins so as a formula. A phone number may begin with +, a longitude with -.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MAY_BEGIN_SO = ("phone", "lat", "lng")
_SKILL = re.compile(r"([a-z0-9][a-z0-9_.-]{0,63})(?::([1-5]))?")


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person of the file, checked. `place` are columns of a technician: cell, zone, lat, lng."""

    line: int
    name: str
    email: str
    phone: str | None
    place: Mapping[str, object]
    skills: Mapping[str, int]


def read_people(data: bytes) -> list[Somebody]:
    """Read the file: `name`, `email`, a place (`lat` and `lng`, or a US `postcode`), and perhaps phone and skills.

    Skills are written hvac:3;wifi. Mail addresses are told apart without regard to capitals.

    Raises
    ------
    BadInput
        The file as a whole cannot be read: too large, not UTF-8, no header, a column that nobody knows.
    BadEntries
        Some rows cannot be used: all of them.
    """
    header, rows = _rows(data)
    found, problems, lines = [], [], dict[str, int]()
    for line, cells in rows:
        try:
            if len(cells) != len(header):
                raise BadInput("row", f"{len(cells)} cells", f"give {len(header)}, as the header has")
            somebody = _somebody(line, dict(zip(header, cells, strict=True)))
            if (first := lines.setdefault(somebody.email.casefold(), line)) != line:
                raise BadInput("email", somebody.email, f"leave this row out: line {first} has the same address")
            found.append(somebody)
        except BadInput as error:
            problems.append(Problem(line, error))
    if problems:
        raise BadEntries(problems)
    return found


def _rows(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and the cells of each row with its line; empty rows are left out."""
    if len(data) > MAX_BYTES:
        raise BadInput("file", f"{len(data):,} bytes", f"send at most {MAX_BYTES:,} bytes; split a larger file")
    try:
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("file", f"byte {error.start}", "save it as CSV in UTF-8") from error
    if "\x00" in words:
        raise BadInput("file", f"character {words.index(chr(0))}", "save it as CSV in UTF-8: it holds a NUL")
    reader = csv.reader(io.StringIO(words, newline=""), strict=True)
    try:
        header = [each.strip().lower() for each in next(reader, [])]
        _check_header(header)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise BadInput("file", f"line {reader.line_num}", f"mend this line: {error}") from error
    if len(rows) > MAX_ROWS:
        raise BadInput("file", f"{len(rows):,} rows", f"send at most {MAX_ROWS:,} people in one file")
    return header, rows


def _check_header(header: Sequence[str]) -> None:
    if unknown := [each for each in header if each not in COLUMNS]:
        raise BadInput("header", unknown[0], f"name columns of {', '.join(COLUMNS)}")
    if len(set(header)) < len(header):
        raise BadInput("header", ",".join(header), "name each column once")
    if missing := [each for each in REQUIRED if each not in header]:
        raise BadInput("header", ",".join(header), f"add the column {missing[0]}")
    if "postcode" not in header and not {"lat", "lng"} <= set(header):
        raise BadInput("header", ",".join(header), "add postcode, or lat and lng: where do they start from?")


def _somebody(line: int, row: Mapping[str, str]) -> Somebody:
    for name, cell in row.items():
        if cell.startswith(_FORMULA) and name not in _MAY_BEGIN_SO:
            raise BadInput(name, cell, "begin it with a letter or digit: a spreadsheet would read a formula")
    phone = row.get("phone") or None
    return Somebody(
        line,
        checked_text("name", row["name"]),
        checked_email("email", row["email"]).lower(),
        None if phone is None else checked_phone("phone", phone),
        _place(row),
        _skills(row.get("skills", "")),
    )


def _place(row: Mapping[str, str]) -> Mapping[str, object]:
    """The place as said, checked against the ZIP code; else the middle of the ZIP code."""
    postcode = row.get("postcode") or None
    expected = None if postcode is None else find_place(postcode)
    if postcode is not None and expected is None:
        raise BadInput("postcode", postcode, "give a US ZIP code that exists, as 5 digits, or lat and lng instead")
    if row.get("lat") or row.get("lng"):
        return place_columns(_degrees(row, "lat"), _degrees(row, "lng"), None, expected)
    if expected is None:
        raise BadInput("postcode", "", "say where they start from: a ZIP code, or lat and lng")
    return place_columns(expected.lat, expected.lng, None)


def _degrees(row: Mapping[str, str], name: str) -> float:
    cell = row.get(name, "")
    if not re.fullmatch(r"-?\d{1,3}(\.\d{1,12})?", cell, re.ASCII):
        raise BadInput(name, cell, "write degrees with a point, such as 41.8781")
    return float(cell)


def _skills(cell: str) -> Mapping[str, int]:
    skills: dict[str, int] = {}
    for each in filter(None, (part.strip() for part in cell.split(";"))):
        found = _SKILL.fullmatch(each)
        if found is None or found[1] in skills:
            raise BadInput("skills", each, "write each skill once, as hvac:3;wifi, levels from 1 to 5")
        skills[found[1]] = int(found[2] or 1)
    return checked_skills(skills)
