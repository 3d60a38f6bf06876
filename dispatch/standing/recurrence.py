"""Which days does a rule name? Recurrence rules of RFC 5545, by the day. Pure.

A rule says days only: the time of day, the first day and the zone are the series' own. So there is one occurrence a day
at most, known by its day, whatever is done to it later. `dateutil` knows the calendar; what is refused here before it
is asked, and how long it may look for the next day, keeps every rule that somebody can send within milliseconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, YEARLY, rrule

from dispatch.errors import BadInput

MAX_CHARS = 200
MAX_COUNT = 1_000
MAX_INTERVAL = 999

#: Months that a rule may look at in vain. The rarest day that somebody can mean, 29 February around 2100, needs 97.
_MAX_LOOKS = 150
#: FREQ -> dateutil's word, and the parts that RFC 5545 gives no meaning with it
_FREQUENCIES: dict[str, tuple[int, tuple[str, ...]]] = {
    "DAILY": (DAILY, ("BYWEEKNO", "BYYEARDAY")),
    "WEEKLY": (WEEKLY, ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY")),
    "MONTHLY": (MONTHLY, ("BYWEEKNO", "BYYEARDAY")),
    "YEARLY": (YEARLY, ()),
}
_WEEKDAYS = {"MO": MO, "TU": TU, "WE": WE, "TH": TH, "FR": FR, "SA": SA, "SU": SU}
#: part -> dateutil's name, the largest number, whether it counts from the end too
_NUMBERS = {
    "BYMONTH": ("bymonth", 12, False),
    "BYMONTHDAY": ("bymonthday", 31, True),
    "BYYEARDAY": ("byyearday", 366, True),
    "BYWEEKNO": ("byweekno", 53, True),
    "BYSETPOS": ("bysetpos", 366, True),
}
_ELSEWHERE = {
    "DTSTART": "give the first day as first_day and the time as start_time",
    "EXDATE": "skip single days once the series is there: POST /v1/series/{id}/occurrences/{day}/skip",
    "RDATE": "move single days once the series is there, or post a job of its own",
    "EXRULE": "give one rule; leave days out by BYDAY, BYMONTHDAY or BYMONTH",
    "BYHOUR": "give the time as start_time",
    "BYMINUTE": "give the time as start_time",
    "BYSECOND": "give the time as start_time",
}
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read: its text in capitals, what `rrule` takes, and its last day or instant."""

    text: str
    arguments: Mapping[str, Any]
    until: date | datetime | None


def read_rule(text: str) -> Rule:
    """Read a rule such as `FREQ=MONTHLY;BYDAY=1MO`; a leading `RRULE:` is dropped.

    Raises
    ------
    BadInput
        When it is no such rule, says a time, or asks for more than one occurrence a day.
    """
    if len(text) > MAX_CHARS:
        raise BadInput("rule", text, f"send one rule of at most {MAX_CHARS} characters")
    bare = text.strip().upper().removeprefix("RRULE:")
    if any(mark in bare for mark in "\r\n:"):
        raise BadInput("rule", text, _elsewhere(bare) or "send one line such as FREQ=WEEKLY;BYDAY=MO,TH")
    parts = _parts(bare, text)
    frequency = _frequency(parts, text)
    number_of = {"interval": _number(parts, "INTERVAL", MAX_INTERVAL), "count": _number(parts, "COUNT", MAX_COUNT)}
    arguments: dict[str, Any] = {"freq": frequency} | {name: each for name, each in number_of.items() if each}
    for part, (name, largest, has_ends) in _NUMBERS.items():
        if part in parts:
            arguments[name] = _numbers(part, parts[part], largest, has_ends)
    if "BYDAY" in parts:
        arguments["byweekday"] = _weekdays(parts["BYDAY"], has_places=frequency in (MONTHLY, YEARLY))
    if "WKST" in parts:
        arguments["wkst"] = _weekdays(parts["WKST"], has_places=False)[0]
    if "BYSETPOS" in parts and len(arguments.keys() & {*(name for name, *_ in _NUMBERS.values()), "byweekday"}) == 1:
        raise BadInput("rule", text, "BYSETPOS picks from other days: add BYDAY, BYMONTHDAY or BYMONTH")
    return Rule(bare, arguments, _until(parts, text))


def days_of(rule: Rule, first_day: date, start: time, zone: ZoneInfo, *, until: date) -> Iterator[date]:
    """The days of a rule from `first_day` to `until`, in order.

    COUNT counts from `first_day` on. An UNTIL that is an instant takes in the days whose `start` in `zone` it reaches.
    Ends early where the rule names no day for so long that there will be none.
    """
    last = datetime.combine(until, time.max)
    if isinstance(rule.until, datetime):
        last = min(last, rule.until.astimezone(zone).replace(tzinfo=None))
    elif rule.until is not None:
        last = min(last, datetime.combine(rule.until, time.max))
    found = _Patient(dtstart=datetime.combine(first_day, start.replace(second=0)), **rule.arguments)
    days = iter(found)
    while (day := found.next_of(days)) is not None and day <= last:
        yield day.date()


class _Patient(rrule):
    """A rule that gives up: by itself `rrule` looks until the year 9999 for a 30 February, which takes seconds.

    It asks for `_byeaster`, which no rule of ours has, each time it turns to another month or year.
    """

    _num_looks = 0

    @property
    def _byeaster(self) -> None:
        self._num_looks += 1
        if self._num_looks > _MAX_LOOKS:
            raise _GaveUpError

    @_byeaster.setter
    def _byeaster(self, _: object) -> None:
        return None

    def next_of(self, days: Iterator[datetime]) -> datetime | None:
        """The next day, or None where there is none."""
        self._num_looks = 0
        try:
            return next(days, None)
        except _GaveUpError:
            return None


class _GaveUpError(Exception):
    """There is no next day in reach."""


def _parts(bare: str, text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for each in bare.strip(";").split(";"):
        name, mark, value = each.partition("=")
        if not mark or not value or name in parts:
            raise BadInput("rule", text, "send parts such as FREQ=WEEKLY;BYDAY=MO,TH, each once, with a value")
        parts[name] = value
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_NUMBERS}
    if unknown := sorted(parts.keys() - known):
        raise BadInput(
            "rule", unknown[0], _elsewhere(unknown[0]) or f"use parts of RFC 5545: {', '.join(sorted(known))}"
        )
    return parts


def _elsewhere(words: str) -> str | None:
    return next((way_out for name, way_out in _ELSEWHERE.items() if name in words), None)


def _frequency(parts: Mapping[str, str], text: str) -> int:
    wanted = parts.get("FREQ", "")
    if wanted not in _FREQUENCIES:
        raise BadInput("rule", wanted or text, f"say FREQ as one of {', '.join(_FREQUENCIES)}: once a day at most")
    frequency, useless = _FREQUENCIES[wanted]
    for part in useless:
        if part in parts:
            raise BadInput("rule", part, f"leave it out with FREQ={wanted}, or use FREQ=YEARLY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadInput("rule", text, "end it by COUNT or by UNTIL, not by both")
    return frequency


def _number(parts: Mapping[str, str], part: str, largest: int) -> int | None:
    if part not in parts:
        return None
    value = parts[part]
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= largest:
        raise BadInput("rule", f"{part}={value}", f"send {part} as a number from 1 to {largest}")
    return int(value)


def _numbers(part: str, value: str, largest: int, has_ends: bool) -> list[int]:
    allowed = set(range(1, largest + 1)) | (set(range(-largest, 0)) if has_ends else set())
    found = [int(each) if _NUMBER.fullmatch(each) else 0 for each in value.split(",")]
    if not set(found) <= allowed:
        ends = f", or -1 to -{largest} from the end" if has_ends else ""
        raise BadInput("rule", f"{part}={value}", f"send numbers from 1 to {largest}{ends}, with commas")
    return sorted(set(found))


def _weekdays(value: str, *, has_places: bool) -> list[Any]:
    days = []
    for each in value.split(","):
        found = _BY_DAY.fullmatch(each)
        place = int(found[1]) if found and found[1] else None
        if not found or (place is not None and not (has_places and 1 <= abs(place) <= 53)):
            places = "with a place such as 2TU or -1FR, " if has_places else ""
            raise BadInput("rule", each, f"name days as {', '.join(_WEEKDAYS)}, {places}with commas")
        days.append(_WEEKDAYS[found[2]] if place is None else _WEEKDAYS[found[2]](place))
    return days


def _until(parts: Mapping[str, str], text: str) -> date | datetime | None:
    if "UNTIL" not in parts:
        return None
    found = _UNTIL.fullmatch(parts["UNTIL"])
    way_out = "write UNTIL as a day, 20271231, or as an instant in UTC, 20271231T235959Z"
    if not found or (found[2] and not found[3]):
        raise BadInput("rule", f"UNTIL={parts['UNTIL']}", way_out)
    try:
        if found[2] is None:
            return date.fromisoformat(found[1])
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput("rule", f"UNTIL={parts['UNTIL']}", f"{way_out}; there is no such time") from error
