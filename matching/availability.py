"""When is this technician open for work, by the clocks?

Instants are whole Unix seconds and every span is half open, `[start, end)`. An instant is open when the clocks of the
technician's zone show a time inside the weekly hours and outside the quiet hours; so what the clocks skip is not there,
and what they show twice is open, or shut, twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from matching.candidates import Ints

Span = tuple[int, int]

#: (weekday 0 = Monday, from minute, to minute) on the technician's clocks; none at all means any time.
Hours = tuple[tuple[int, int, int], ...]

#: (from minute, to minute), over midnight where the first is the larger; None or two equal ones mean none.
Quiet = tuple[int, int] | None

DAY_S = 86_400
_DAY_MIN = 1440

#: 1 January 1970 was a Thursday.
_EPOCH_WEEKDAY = 3

#: Offsets from UTC are looked at this often; no zone changes twice within such a time.
_PROBE_S = 3600


def open_spans(
    hours: Hours, quiet: Quiet, works_in_quiet: bool, time_zone: str, from_s: int, to_s: int
) -> tuple[Span, ...]:
    """The open spans inside `[from_s, to_s)`, ascending, touching ones joined."""
    quiet = None if works_in_quiet else quiet
    if from_s >= to_s:
        return ()
    if not hours and quiet is None:
        return ((from_s, to_s),)
    joined: list[Span] = []
    for day in range(from_s // DAY_S, -(-to_s // DAY_S)):
        for span in _open_on(hours, quiet, time_zone, day):
            start_s, end_s = max(span[0], from_s), min(span[1], to_s)
            if joined and start_s == joined[-1][1]:
                joined[-1] = joined[-1][0], end_s
            elif start_s < end_s:
                joined.append((start_s, end_s))
    return tuple(joined)


def is_quiet(quiet: Quiet, time_zone: str, at_s: int) -> bool:
    """The clocks show quiet hours at this instant."""
    if quiet is None:
        return False
    second = (at_s + offset_s(time_zone, at_s)) % DAY_S
    return any(start * 60 <= second < end * 60 for start, end in _within_a_day(quiet))


def local_days(time_zone: str, at_s: Ints) -> Ints:
    """The calendar days in a zone, counted from 1 January 1970, at instants of any order (N,)."""
    days = np.unique(at_s // DAY_S).tolist()
    if not days:
        return at_s
    start_s, offset = np.array([piece for day in days for piece in _offsets_on(time_zone, day)]).T
    return np.asarray((at_s + offset[np.searchsorted(start_s, at_s, side="right") - 1]) // DAY_S)


def offset_s(time_zone: str, at_s: int) -> int:
    """Seconds by which the clocks of a zone are ahead of UTC."""
    pieces = _offsets_on(time_zone, at_s // DAY_S)
    return next(offset for start_s, offset in reversed(pieces) if start_s <= at_s)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same instants as ascending spans that neither overlap nor touch; empty ones are dropped."""
    joined: list[Span] = []
    for start_s, end_s in sorted(span for span in spans if span[0] < span[1]):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_s)
        else:
            joined.append((start_s, end_s))
    return joined


@lru_cache(maxsize=65_536)
def _open_on(hours: Hours, quiet: Quiet, time_zone: str, day: int) -> tuple[Span, ...]:
    """The open spans of one day of UTC, `day` days after 1970 began."""
    week, spans = _open_week(hours, quiet), []
    pieces = _offsets_on(time_zone, day)
    ends_s = [start_s for start_s, _ in pieces[1:]] + [(day + 1) * DAY_S]
    for (start_s, offset), end_s in zip(pieces, ends_s, strict=True):
        for local in range((start_s + offset) // DAY_S, (end_s - 1 + offset) // DAY_S + 1):
            midnight_s = local * DAY_S - offset
            for opens, shuts in week[(local + _EPOCH_WEEKDAY) % 7]:
                spans.append((max(midnight_s + opens * 60, start_s), min(midnight_s + shuts * 60, end_s)))
    return tuple(merged(spans))


@lru_cache(maxsize=16_384)
def _open_week(hours: Hours, quiet: Quiet) -> tuple[tuple[Span, ...], ...]:
    """The open minutes of each weekday, Monday first."""
    by_day = [[(start, end) for of, start, end in hours if of == weekday] for weekday in range(7)]
    if not hours:
        by_day = [[(0, _DAY_MIN)]] * 7
    cuts = _within_a_day(quiet) if quiet is not None else []
    return tuple(tuple(_without(merged(spans), cuts)) for spans in by_day)


def _without(spans: Iterable[Span], cuts: Sequence[Span]) -> Iterator[Span]:
    """What the cuts, ascending and apart, leave of the spans."""
    for start, end in spans:
        for cut_start, cut_end in cuts:
            if start < min(cut_start, end):
                yield start, min(cut_start, end)
            start = max(start, cut_end)
        if start < end:
            yield start, end


def _within_a_day(quiet: Span) -> list[Span]:
    """Quiet hours as minutes of one day, ascending; two spans where they run over midnight."""
    start, end = quiet
    return merged([(start, end)] if start <= end else [(0, end), (start, _DAY_MIN)])


@lru_cache(maxsize=65_536)
def _offsets_on(time_zone: str, day: int) -> tuple[Span, ...]:
    """(from when, seconds ahead of UTC) through one day of UTC: one pair, more where the clocks change."""
    zone, start_s = ZoneInfo(time_zone), day * DAY_S
    pieces = [(start_s, _offset_at(zone, start_s))]
    for before_s in range(start_s, start_s + DAY_S, _PROBE_S):
        # The last probe is the day's last second: its successor belongs to the next day.
        probe_s = min(before_s + _PROBE_S, start_s + DAY_S - 1)
        if _offset_at(zone, probe_s) != pieces[-1][1]:
            pieces.append(_change(zone, before_s, probe_s))
    return tuple(pieces)


def _change(zone: ZoneInfo, before_s: int, after_s: int) -> Span:
    """The first second of the offset that holds at `after_s` and not yet at `before_s`, and that offset."""
    offset = _offset_at(zone, after_s)
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset_at(zone, middle_s) == offset:
            after_s = middle_s
        else:
            before_s = middle_s
    return after_s, offset


def _offset_at(zone: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(at_s, UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0
