"""What does this CSV file say, and which of its rows can't be used?

UTF-8 with or without a byte order mark, comma, quotes doubled inside quotes, any line end (RFC 4180). Nothing is
guessed and nothing is skipped but empty lines: every bad row is reported with its line, its column, what stands there
and the way out, all rows of all files at once.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatch.errors import BadInput

#: How many bad rows are spelled out; the rest is counted.
MAX_SHOWN = 20

#: How much of a value is shown.
MAX_VALUE = 60

#: The `field` of what is wrong with a whole row.
WHOLE_ROW = "row"

#: Kinds of characters that hide what a text says: control, direction and zero-width, lone surrogates, line ends.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `parse` turns its text into a value or raises `ValueError` with the way out.

    An empty cell is `empty`, unless `is_filled`, when it is an error. A column that isn't `is_needed` may be missing
    altogether and counts as empty.
    """

    parse: Callable[[str], Any]
    empty: Any = None
    is_filled: bool = False
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row with all cells understood; `line` is where it ends in the file, `raw` what stands there."""

    line: int
    values: Mapping[str, Any]
    raw: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a file that can't be used."""

    file: str
    line: int
    field: str
    value: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.field} {shown(self.value)}: {self.way_out}"


class BadRows(BadInput):
    """Rows of files that can't be used, all of them; the message spells out the first `MAX_SHOWN`."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        first = flaws[0]
        super().__init__(f"{first.file}, line {first.line}, {first.field}", first.value, first.way_out)
        self.flaws = tuple(flaws)
        lines = [f"{len(flaws)} problem{'s' if len(flaws) > 1 else ''} in the input; nothing was done"]
        lines += [f"  {flaw}" for flaw in flaws[:MAX_SHOWN]]
        if len(flaws) > MAX_SHOWN:
            lines.append(f"  and {len(flaws) - MAX_SHOWN} more")
        self.args = ("\n".join(lines),)


def read_csv(path: Path, columns: Mapping[str, Column], *, key: str = "id") -> tuple[list[Row], list[Flaw]]:
    """All good rows and everything that is wrong with the others; `key` is unique.

    Raises
    ------
    BadInput
        When the file can't be read at all.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), error.strerror or "", "give a file that can be read") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return [], [Flaw(path.name, line, "byte", repr(raw[error.start : error.start + 4]), "save the file as UTF-8")]
    records = _records(text)
    header = next(records, None)
    if header is None:
        return [], [Flaw(path.name, 1, "header", "", f"the file is empty: begin with {','.join(columns)}")]
    header_line, names, broken = header
    flaws = [Flaw(path.name, header_line, "header", broken, "mend the header")] if broken else []
    flaws = flaws or [Flaw(path.name, header_line, "header", name, hint) for name, hint in _header(names, columns)]
    if flaws:
        return [], flaws
    return _rows(path.name, [name.strip() for name in names], records, columns, key)


def shown(value: str) -> str:
    """A value as part of a message: quoted, without hidden characters, at most `MAX_VALUE` of it."""
    visible = "".join(
        f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _HIDDEN else letter for letter in value[:MAX_VALUE]
    )
    return f'"{visible}"' + (f" (cut, {len(value)} characters)" if len(value) > MAX_VALUE else "")


def hidden_character(text: str) -> str | None:
    """The first character that isn't seen where it stands, by its code; None if there is none."""
    if text.isprintable():  # Almost every cell, told by one call.
        return None
    return next((f"U+{ord(letter):04X}" for letter in text if unicodedata.category(letter) in _HIDDEN), None)


def _records(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Line, cells, and what is wrong with quotes or size (empty if nothing), of every line that isn't empty."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            limit = csv.field_size_limit()
            yield reader.line_num, [], f"{error}: mend the quotes, keep cells under {limit} characters"
            continue
        if cells:
            yield reader.line_num, cells, ""


def _header(names: Sequence[str], columns: Mapping[str, Column]) -> Iterator[tuple[str, str]]:
    """The names that are wrong or missing, with the way out."""
    stripped = [name.strip() for name in names]
    for place, name in enumerate(stripped):
        if name not in columns:
            yield name, f"unknown column: the columns are {','.join(columns)}, separated by commas"
        elif name in stripped[:place]:
            yield name, "the column stands there twice: keep one"
    for name, column in columns.items():
        if column.is_needed and name not in stripped:
            yield name, f"the column is missing: the columns are {','.join(columns)}"


def _rows(
    file: str,
    names: Sequence[str],
    records: Iterator[tuple[int, list[str], str]],
    columns: Mapping[str, Column],
    key: str,
) -> tuple[list[Row], list[Flaw]]:
    rows: list[Row] = []
    flaws: list[Flaw] = []
    line_of: dict[str, int] = {}
    for line, cells, broken in records:
        if broken or len(cells) != len(names):
            flaws.append(Flaw(file, line, WHOLE_ROW, ",".join(cells), broken or _ragged(len(cells), len(names))))
            continue
        raw = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        values, wrong = _values(raw, columns)
        first_line = line_of.setdefault(raw[key], line) if raw[key] else line
        if first_line != line:
            wrong.append((key, f"the same {key} stands in line {first_line}: keep one"))
        flaws += [Flaw(file, line, name, raw.get(name, ""), hint) for name, hint in wrong]
        if not wrong:
            rows.append(Row(line, values, raw))
    return rows, flaws


def _ragged(num_cells: int, num_names: int) -> str:
    return f"{num_cells} cells where the header has {num_names}: give each column one, put text with commas in quotes"


def _values(raw: Mapping[str, str], columns: Mapping[str, Column]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The values of one row's cells, and the names of those that can't be used with the way out."""
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for name, column in columns.items():
        cell = raw.get(name, "")
        hidden = hidden_character(cell)
        if hidden:
            wrong.append((name, f"there is a hidden character {hidden}: remove it"))
        elif cell:
            try:
                values[name] = column.parse(cell)
            except ValueError as error:
                wrong.append((name, str(error)))
        elif column.is_filled:
            wrong.append((name, "empty: fill it in"))
        else:
            values[name] = column.empty
    return values, wrong
