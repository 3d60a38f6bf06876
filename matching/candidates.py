"""What do the rules and the score need to know of everyone in reach of one job?

The index fills these columns, a row a technician; acceptance fills them with one row, from locked rows of the
database, through the same code. They hold ids and plain facts but no place, name or contact, so that a stored
decision survives the erasure of a person.
"""

from dataclasses import dataclass, fields
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from matching.errors import MatchingError

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Seconds = NDArray[np.int32]
Floats = NDArray[np.float64]

#: A technician without a limit of their own, in `day_capacity`.
NO_CAPACITY = 2**31 - 1

#: In `papers_until`: how they work for the client is to be chosen first, so that nobody knows which papers are wanted.
NOT_CHOSEN = -1

#: No paper is wanted, in `papers_until`.
NO_PAPERS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns of N technicians in reach of one job.

    Attributes
    ----------
    ids: (N,) bytes of length 16, the technicians' UUIDs, ascending
    distance_m: (N,) great-circle metres from where the technician starts to the site
    travel_s: (N,) seconds of travel, of the policy's travel model
    is_active, is_blocked, in_pool, in_market: (N,)
        `is_blocked` either way; `in_pool` member of a pool that the job wants.
    is_admitted, is_suspended: (N,) what the job's client and the technician are to each other
    skill_levels: (N, S) 0 = lacks it; columns in the order of `sorted(job.needs.skills)`
    credential_days: (N, C) last valid day as ordinal, 0 = none; columns as `job.needs.credentials`
    cleared_until: (N,) last day, as ordinal, on which it is proved that they are a US person, 0 = it is not
    in_area: (N,) the site lies inside the technician's own radius or polygon
    in_hours: (N,) some start in the window keeps the work inside hours, out of quiet hours and time off
    is_free: (N,) some start in the window keeps the work clear of bookings and of the travel between them
    fits: (N,) one and the same start does both
    earliest_start_s: (N,) Unix seconds of the first start that fits, 0 where none
    jobs_that_day: (N,) live bookings on the technician's local day of that start
    day_capacity: (N,) own limit a day, `NO_CAPACITY` = none
    min_hourly_cents: (N,) own least rate in hundredths of the job's currency, 0 = any, -1 = in another currency
    was_asked: (N,) already asked in this round
    in_quiet_hours_now: (N,) should not be disturbed now
    reputation, reputation_high: (N,) in [0, 1]; the upper end of its interval: how good they may be
    is_favourite: (N,) of the client; prefers_client: (N,) the other way round
    recent_offers, asks_today, num_asked, num_yes: (N,) counts, see `Technician`
    consents: (N,) has standing consent that covers this job
    hours_left_s: (N,) seconds left with this client on the job's last days, `matching.usage.NO_LIMIT` = no limit
    papers_until: (N,) last day, as ordinal, on which all papers are valid that the client wants of whoever is engaged
        as they are; 0 = one is missing, `NO_PAPERS` = none is wanted
    """

    ids: NDArray[np.bytes_]
    distance_m: Floats
    travel_s: Ints
    is_active: Bools
    is_blocked: Bools
    in_pool: Bools
    in_market: Bools
    is_admitted: Bools
    is_suspended: Bools
    skill_levels: Ints
    credential_days: Ints
    cleared_until: Ints
    in_area: Bools
    in_hours: Bools
    is_free: Bools
    fits: Bools
    earliest_start_s: Ints
    jobs_that_day: Ints
    day_capacity: Ints
    min_hourly_cents: Ints
    was_asked: Bools
    in_quiet_hours_now: Bools
    reputation: Floats
    reputation_high: Floats
    is_favourite: Bools
    prefers_client: Bools
    recent_offers: Ints
    asks_today: Ints
    num_asked: Ints
    num_yes: Ints
    consents: Bools
    hours_left_s: Seconds
    papers_until: Ints

    def __post_init__(self) -> None:
        lengths = {column.name: len(getattr(self, column.name)) for column in fields(self)}
        if len(set(lengths.values())) > 1:
            raise MatchingError(f"columns of different lengths: {lengths}")

    def __len__(self) -> int:
        return len(self.ids)

    def id_at(self, row: int) -> UUID:
        """The technician of one row; numpy cuts the zero bytes off the end of a single item, so they are put back."""
        return UUID(bytes=bytes(self.ids[row]).ljust(16, b"\0"))

    def take(self, rows: Ints | Bools) -> Self:
        """The same columns for some rows, in the order of `rows` (row numbers, or a mask)."""
        return type(self)(*(getattr(self, column.name)[rows] for column in fields(self)))
