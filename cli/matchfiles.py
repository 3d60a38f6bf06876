"""Which technicians and jobs are in the two files of `truckroll match`?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from cli.csvcells import cents, decimal, instant, last_days, latitude, levels, longitude, names, text, whole
from cli.csvfiles import BadRows, Column, Flaw, Row, read_csv
from matching.lines import JobLine, TechnicianLine

_US_PER_MINUTE = 60_000_000

#: A job that keeps somebody busy for longer is a mistake.
MAX_DAYS = 366

_PLACE = {"lat": Column(latitude, is_filled=True), "lng": Column(longitude, is_filled=True)}

TECHNICIANS = {
    "id": Column(text, is_filled=True),
    **_PLACE,
    "skills": Column(levels, empty={}),
    "credentials": Column(last_days, empty={}),
    "radius_km": Column(decimal(0, 40_000, 6), is_needed=False),
    "capacity": Column(whole(0, 1_000_000_000), is_needed=False),
    "max_hours": Column(decimal(0, 1_000_000, 6), is_needed=False),
    "rate": Column(cents, is_needed=False),
    "rating": Column(decimal(0, 5, 6), is_needed=False),
}

JOBS = {
    "id": Column(text, is_filled=True),
    **_PLACE,
    "skills": Column(levels, empty={}),
    "credentials": Column(names, empty=()),
    "start": Column(instant, is_filled=True),
    "end": Column(instant, is_filled=True),
    "duration_min": Column(decimal(0, MAX_DAYS * 1440, 3)),
    "priority": Column(whole(1, 10**12), empty=1, is_needed=False),
    "budget": Column(cents, is_needed=False),
}

Line = TypeVar("Line", TechnicianLine, JobLine)


def read_match_files(technicians: Path, jobs: Path) -> tuple[list[TechnicianLine], list[JobLine]]:
    """The lines of both files, in their order.

    Raises
    ------
    BadRows
        When any row of either can't be used; tells all of them.
    BadInput
        When a file can't be read at all.
    """
    people, flaws = read_csv(technicians, TECHNICIANS)
    work, job_flaws = read_csv(jobs, JOBS)
    flaws += job_flaws
    for row in work:
        flaws += [Flaw(jobs.name, row.line, field, row.raw[field], hint) for field, hint in _contradictions(row)]
    if flaws:
        raise BadRows(flaws)
    return [_technician(row) for row in people], [_job(row) for row in work]


def _contradictions(row: Row) -> Iterator[tuple[str, str]]:
    """What one cell of a job says against another."""
    start, end, duration_min = row.values["start"], row.values["end"], row.values["duration_min"]
    busy_us = end.us - start.us
    if busy_us <= 0:
        yield "end", f"not after the start {row.raw['start']}: the end is the first moment that is free again"
    elif busy_us > MAX_DAYS * 24 * 60 * _US_PER_MINUTE:
        yield "end", f"more than {MAX_DAYS} days after the start {row.raw['start']}: correct either"
    elif duration_min is not None and duration_min * _US_PER_MINUTE > busy_us:
        minutes = Decimal(busy_us) / _US_PER_MINUTE
        yield "duration_min", f"longer than the {minutes.normalize():f} minutes from start to end: correct either"
    elif duration_min is not None and duration_min == 0:
        yield "duration_min", "work takes time: give its minutes, or leave the cell empty for all of start to end"


def _technician(row: Row) -> TechnicianLine:
    values = row.values
    hours = values["max_hours"]
    return TechnicianLine(
        id=values["id"],
        lat=values["lat"],
        lng=values["lng"],
        skills=values["skills"],
        credentials=values["credentials"],
        radius_km=_or_none(float, values["radius_km"]),
        capacity=values["capacity"],
        max_busy_us=None if hours is None else int(hours * 60 * _US_PER_MINUTE),
        rate_cents=values["rate"],
        rating=_or_none(float, values["rating"]),
    )


def _job(row: Row) -> JobLine:
    values = row.values
    start, end, duration_min = values["start"], values["end"], values["duration_min"]
    if duration_min is None:
        duration_min = Decimal((end.us - start.us) * 1000 // _US_PER_MINUTE) / 1000
    return JobLine(
        id=values["id"],
        lat=values["lat"],
        lng=values["lng"],
        start_us=start.us,
        end_us=end.us,
        end_day=end.day,
        duration_milli_min=int(duration_min * 1000),
        skills=values["skills"],
        credentials=values["credentials"],
        priority=values["priority"],
        budget_cents=values["budget"],
    )


def _or_none(convert: Callable[[Decimal], float], value: Decimal | None) -> float | None:
    return None if value is None else convert(value)
