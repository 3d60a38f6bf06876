"""What does a table of jobs say? CSV, one job a line; every cell that cannot be used is named, nothing is guessed."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from api.schemas.posting import JobIn
from dispatch.errors import BadInput
from dispatch.jobs.wishes import JobWish
from dispatch.record.tables import SiteRow
from geo.errors import TimeZoneError
from geo.timezones import local_to_utc, zone

REQUIRED = ("number", "store_number", "title", "job_type", "start", "end", "duration_min", "pay")
_MORE = (
    "skills", "credentials", "clearance", "market", "pay_kind", "currency", "mode", "priority", "asked_time",
    "description", "purchase_order", "project",
)  # fmt: skip
COLUMNS = (*REQUIRED, *_MORE)
MAX_ROWS = 100

_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?", re.ASCII)
_SKILL = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.:-]*?)(?::([1-5]))?")
_SOME_WINDOW = {"start_at": "2000-01-01T00:00:00Z", "end_at": "2000-02-01T00:00:00Z"}
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
#: Where a field of the job stands in the table, by the words of its path.
_COLUMN_OF = {
    "window.start_at": "start", "window.end_at": "end", "window": "end", "skills": "skills", "site_id": "store_number",
    "credentials": "credentials", "clearance": "clearance", "pools": "market", "market": "market",
    "pay.kind": "pay_kind", "pay.amount": "pay", "pay.currency": "currency", "pay": "pay", "policy": "mode",
    "day_policy": "currency",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be used, and what would be accepted."""

    line: int
    column: str
    value: str
    message: str
    #: What is wrong, for readers of other languages; `bad_value` where only the message says it.
    code: str = "bad_value"


@dataclass(slots=True)
class Row:
    """A line of the table: its cells as written, and the wish that they make, or the faults."""

    line: int
    cells: dict[str, str]
    wish: JobWish | None = None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, column: str, message: str, code: str = "bad_value") -> None:
        """Mark a cell."""
        self.faults.append(Fault(self.line, column, self.cells.get(column, ""), message, code))

    def refuse(self, error: BadInput) -> None:
        """Mark the cell that a use case refused."""
        self.fault(column_of(error.field), error.way_out)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table: its columns, its lines, and what is wrong with it as a whole."""

    columns: list[str]
    rows: list[Row]
    faults: list[Fault]


def read_sheet(text: str) -> Sheet:
    """Take the table apart; the cells are looked at by `read_row`."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [each.strip().lower() for each in next(reader, [])]
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        return Sheet([], [], [Fault(reader.line_num, "", "", f"mend this line: {error}", "unreadable")])
    faults = [*_faults_of(columns, len(lines))]
    rows = []
    for line, cells in lines[:MAX_ROWS]:
        row = Row(line, dict(zip(columns, cells, strict=False)))
        if len(cells) != len(columns):
            row.fault(columns[-1] if columns else "", f"give {len(columns)} cells, as the first line has", "num_cells")
        rows.append(row)
    _mark_repeated(rows)
    return Sheet(columns, rows, faults)


def read_row(row: Row, sites: Mapping[str, SiteRow]) -> None:
    """Read the cells into a wish, or mark those that are bad; `sites` by store number."""
    cells = row.cells
    site = sites.get(cells.get("store_number", ""))
    if site is None:
        row.fault("store_number", "name one of your sites", "unknown_site")
    document = _document(row, site)
    try:
        wish = JobIn.model_validate(document)
    except ValidationError as error:
        for each in error.errors():
            column = column_of(".".join(str(part) for part in each["loc"])) or _by_words(each["msg"])
            if column not in {fault.column for fault in row.faults}:
                row.fault(column, each["msg"].removeprefix("Value error, "))
        return
    if not row.faults:
        row.wish = wish.to_wish()


def column_of(path: str) -> str:
    """The column of a field, from the path that names it."""
    words = re.sub(r"slots(\[\d+\]|\.\d+)\.?", "", path).removeprefix("needs.").strip(".")
    while words:
        if words in COLUMNS:
            return words
        if words in _COLUMN_OF:
            return _COLUMN_OF[words]
        words = words.rpartition(".")[0]
    return ""


def _by_words(message: str) -> str:
    return "end" if "window" in message else "number"


def _faults_of(columns: Sequence[str], num_rows: int) -> list[Fault]:
    names = f"use these names: {', '.join(COLUMNS)}"
    repeated = [each for each in dict.fromkeys(columns) if columns.count(each) > 1]
    faults = [Fault(1, each, each, names, "unknown_column") for each in columns if each not in COLUMNS]
    faults += [Fault(1, each, "", "add this column", "missing_column") for each in REQUIRED if each not in columns]
    faults += [Fault(1, each, each, "name it once", "repeated_column") for each in repeated]
    if not num_rows:
        faults.append(Fault(2, "", "", "add a line for each job", "no_rows"))
    if num_rows > MAX_ROWS:
        faults.append(Fault(MAX_ROWS + 2, "", str(num_rows), f"send at most {MAX_ROWS} jobs at once", "too_many_rows"))
    return faults


def _mark_repeated(rows: Sequence[Row]) -> None:
    lines: dict[str, int] = {}
    for row in rows:
        number = row.cells.get("number", "")
        if number and (first := lines.setdefault(number, row.line)) != row.line:
            row.fault("number", f"leave this line out: line {first} has the same number", "repeated_number")


def _document(row: Row, site: SiteRow | None) -> dict[str, Any]:
    """What would be sent to post this one job."""
    cells = row.cells
    needs: dict[str, Any] = {
        "skills": _levels(row),
        "credentials": [each.strip() for each in cells.get("credentials", "").split(";") if each.strip()],
        "clearance": _yes(row, "clearance", is_usual=False),
        "market": _yes(row, "market", is_usual=True),
    }
    pay = {"kind": cells.get("pay_kind") or "fixed", "amount": cells.get("pay", "")}
    pay |= {"currency": cells["currency"]} if cells.get("currency") else {}
    optional = ("mode", "asked_time", "description", "purchase_order", "project")
    return {
        "number": cells.get("number", ""),
        "site_id": str(site.id) if site else "00000000-0000-0000-0000-000000000000",
        "title": cells.get("title", ""),
        "job_type": cells.get("job_type", ""),
        "window": _window(row, site),
        "duration_min": _whole(row, "duration_min"),
        "slots": [{"needs": needs, "pay": pay}],
        **({"priority": _whole(row, "priority")} if cells.get("priority") else {}),
        **{name: cells[name] for name in optional if cells.get(name)},
    }


def _window(row: Row, site: SiteRow | None) -> dict[str, Any]:
    """Both ends; where one cannot be read, which is marked, some window in which all work fits."""
    start_at, end_at = _instant(row, "start", site), _instant(row, "end", site)
    return {"start_at": start_at, "end_at": end_at} if start_at and end_at else _SOME_WINDOW


def _instant(row: Row, column: str, site: SiteRow | None) -> str | None:
    """By the clock at the site, unless an offset is written."""
    cell = row.cells.get(column, "")
    local = _LOCAL.fullmatch(cell)
    if local is None:
        return cell.replace(" ", "T", 1) or "-"
    if site is None:
        return None
    try:
        at = datetime.fromisoformat(f"{local[1]}T{local[2]}{local[3] or ':00'}")
        return local_to_utc(at, zone(site.time_zone)).isoformat()
    except (ValueError, TimeZoneError) as error:
        row.fault(column, str(error))
        return None


def _levels(row: Row) -> dict[str, int]:
    found = {}
    for entry in filter(None, (each.strip() for each in row.cells.get("skills", "").split(";"))):
        match = _SKILL.fullmatch(entry)
        if match is None:
            row.fault("skills", "write skills with their level, such as hvac:3;wifi")
        else:
            found[match[1]] = int(match[2] or 1)
    return found


def _yes(row: Row, column: str, *, is_usual: bool) -> bool:
    cell = row.cells.get(column, "").lower()
    if cell and cell not in _YES:
        row.fault(column, "write yes or no")
    return _YES.get(cell, is_usual)


def _whole(row: Row, column: str) -> Any:
    cell = row.cells.get(column, "")
    return int(cell) if re.fullmatch(r"\d{1,6}", cell, re.ASCII) else cell
