"""What do the two files of `truckroll match` say, as rows and as columns?

Everything that decides is an integer (microseconds, hundredths of money, thousandths of a minute), so that a rule has
one answer. Money of both files is one currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matching.workload import NO_LIMIT, Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TechnicianLine:
    """One row of technicians.csv; None means no limit, or unknown for `rating` (0-5).

    `skills` maps name to level, `credentials` kind to the last valid day as a proleptic ordinal. `rate_cents` is the
    own least pay by the hour.
    """

    id: str
    lat: float
    lng: float
    skills: Mapping[str, int] = field(default_factory=dict)
    credentials: Mapping[str, int] = field(default_factory=dict)
    radius_km: float | None = None
    capacity: int | None = None
    max_busy_us: int | None = None
    rate_cents: int | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class JobLine:
    """One row of jobs.csv; `budget_cents` None means no limit.

    Busy for all of `[start_us, end_us)`, microseconds since 1970 UTC; `end_day` is the ordinal of the calendar day of
    the end at its own offset; `duration_milli_min` counts for the pay only.
    """

    id: str
    lat: float
    lng: float
    start_us: int
    end_us: int
    end_day: int
    duration_milli_min: int
    skills: Mapping[str, int] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    priority: int = 1
    budget_cents: int | None = None


@dataclass(frozen=True, slots=True)
class TechnicianColumns:
    """T technicians as columns (T,); a skill's level or a credential's last day is 0 where it is missing."""

    ids: tuple[str, ...]
    lat: Floats
    lng: Floats
    skills: Mapping[str, Ints]
    credentials: Mapping[str, Ints]
    radius_m: Floats
    capacity: Ints
    max_busy_us: Ints
    rate_cents: Ints
    rating: Floats

    @classmethod
    def of(cls, lines: Sequence[TechnicianLine]) -> Self:
        """The columns of these rows, in their order; a rate that isn't stated is 0."""
        return cls(
            ids=tuple(line.id for line in lines),
            lat=np.array([line.lat for line in lines], np.float64),
            lng=np.array([line.lng for line in lines], np.float64),
            skills=_by_name([line.skills for line in lines]),
            credentials=_by_name([line.credentials for line in lines]),
            radius_m=np.array([np.inf if line.radius_km is None else line.radius_km * 1000 for line in lines]),
            capacity=_limits([line.capacity for line in lines]),
            max_busy_us=_limits([line.max_busy_us for line in lines]),
            rate_cents=np.array([line.rate_cents or 0 for line in lines], np.int64),
            rating=np.array([np.nan if line.rating is None else line.rating for line in lines], np.float64),
        )


def _limits(values: Sequence[int | None]) -> Ints:
    return np.array([NO_LIMIT if value is None else value for value in values], np.int64)


def _by_name(rows: Sequence[Mapping[str, int]]) -> dict[str, Ints]:
    """One column (T,) for every name that some row has."""
    columns: dict[str, Ints] = {}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name not in columns:
                columns[name] = np.zeros(len(rows), np.int64)
            columns[name][number] = value
    return columns
