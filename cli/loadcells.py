"""What does a cell of an import mean, where `truckroll match` has no such cell?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from cli.csvcells import cents, instant, text

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(
    r"(?:([a-z]{3})(?:-([a-z]{3}))? )?([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII | re.IGNORECASE
)
_DAY_MIN = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS_HINT = "write them as mon-fri 08:00-18:00;sat 09:00-13:00, local to the time zone"
_QUIET_HINT = "write them as 22:00-06:00, local to the time zone"


def hours(cell: str) -> tuple[tuple[int, int, int], ...]:
    """Working hours as (weekday 0 = Monday, from minute, to minute); over midnight becomes two spans."""
    spans: list[tuple[int, int, int]] = []
    for entry in cell.split(";"):
        match = _SPAN.fullmatch(entry.strip())
        if match is None or match[1] is None:
            raise ValueError(_HOURS_HINT)
        begin, end = _minutes(match, _HOURS_HINT)
        for weekday in _weekdays(match[1], match[2]):
            if begin < end:
                spans.append((weekday, begin, end))
            else:
                spans.append((weekday, begin, _DAY_MIN))
                if end > 0:
                    spans.append(((weekday + 1) % 7, 0, end))
    return tuple(sorted(spans))


def quiet(cell: str) -> tuple[int, int]:
    """Quiet hours as (from minute, to minute); they may run over midnight."""
    match = _SPAN.fullmatch(cell)
    if match is None or match[1] is not None:
        raise ValueError(_QUIET_HINT)
    return _minutes(match, _QUIET_HINT)


def yes_or_no(cell: str) -> bool:
    """A claim that is true or not."""
    if cell.lower() not in ("yes", "no"):
        raise ValueError("write yes or no")
    return cell.lower() == "yes"


def money(cell: str) -> Decimal:
    """A sum of money."""
    return Decimal(cents(cell)) / 100


def moment(cell: str) -> datetime:
    """An RFC 3339 time, as an aware instant."""
    return _EPOCH + timedelta(microseconds=instant(cell).us)


def day(cell: str) -> date:
    """A day, `2027-05-31`."""
    try:
        return datetime.strptime(cell, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise ValueError("write a day such as 2027-05-31") from error


def listed(cell: str) -> tuple[str, ...]:
    """Names, separated by semicolons."""
    names = tuple(text(name.strip()) for name in cell.split(";"))
    if not all(names) or len(set(names)) < len(names):
        raise ValueError("separate names by one semicolon, each once")
    return names


def nothing(cell: str) -> None:
    """A column that files for `truckroll match` have, and the record does not keep."""
    raise ValueError("the record keeps no such limit: leave the cell empty, or the column out")


def _minutes(match: re.Match[str], hint: str) -> tuple[int, int]:
    begin, end = (int(match[at]) * 60 + int(match[at + 1]) for at in (3, 5))
    if end > _DAY_MIN or begin == end:
        raise ValueError(hint)
    return begin, end


def _weekdays(first: str, last: str | None) -> list[int]:
    names = (first.lower(), (last or first).lower())
    if not all(name in _DAYS for name in names):
        raise ValueError(f"name days as {', '.join(_DAYS)}; {_HOURS_HINT}")
    begin, end = (_DAYS.index(name) for name in names)
    return [(begin + at) % 7 for at in range((end - begin) % 7 + 1)]
