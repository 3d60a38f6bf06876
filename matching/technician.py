"""What is known of one technician, as far as the rules and the score need it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from geo.areas import Area
from matching.proof import NEVER
from matching.usage import HoursLeft

#: How somebody works for a client that has said nothing else.
CONTRACTOR = "contractor"
#: How whoever works for a company works for a client that has not said otherwise.
COMPANY = "company"
#: How somebody works who left the company through which they worked for a client: nothing new until it is said.
UNCHOSEN = "unchosen"


@dataclass(frozen=True, slots=True)
class Booking:
    """Work time already given away: `[start_s, end_s)` in Unix seconds, at a place."""

    start_s: int
    end_s: int
    lat: float
    lng: float


@dataclass(frozen=True, slots=True)
class Consent:
    """Standing consent to be assigned at once (mode `auto`), within the technician's own limits.

    `min_hourly` in the technician's currency; `max_distance_km` from the base; `max_per_day` jobs a local day.
    """

    min_hourly: Decimal
    max_distance_km: float
    max_per_day: int


class Asks(NamedTuple):
    """How often someone was asked, and said yes; see `Technician`."""

    num_asked: int
    num_yes: int
    recent_offers: int
    asks_today: int


@dataclass(frozen=True, slots=True)
class Technician:
    """One technician's facts.

    `skills` maps code to level (1-5). `credentials` maps the kind of each *verified* credential to its last valid
    day as a proleptic ordinal (`date.toordinal`), `cleared_until` is that of the proof that they are a US person
    (`matching.proof`: `NEVER`, `FOR_EVER`). `hours` are (weekday 0 = Monday, from minute, to minute) in
    `time_zone`; empty means any time; a span over midnight is two. `quiet` is (from minute, to minute), may run over
    midnight, and is free of work unless `works_in_quiet_hours`. `time_off` is `[start_s, end_s)` in Unix seconds,
    `bookings` are the live ones, both ascending. `blocks` are clients that blocked the technician or are blocked by
    them. `admitted` are clients that they and the client admitted each other to, `suspended` those that took it back
    for a time. `area` None means `radius_km` around the base; both None means no limit of their own. `min_hourly` None
    means any pay. `num_asked` and `num_yes` say how often they were asked in the last 90 days and said yes,
    `recent_offers` the offers of the last seven days, `asks_today` those of the day (UTC); `version` never falls.
    `hours_left` says what is left with each client that has hard limits, where they worked or are to;
    `engaged` how they work for those of whom it is known; for others `company_id` says it.
    """

    id: UUID
    version: int
    lat: float
    lng: float
    time_zone: str
    is_active: bool = True
    in_market: bool = True
    company_id: UUID | None = None
    pools: frozenset[UUID] = frozenset()
    blocks: frozenset[UUID] = frozenset()
    admitted: frozenset[UUID] = frozenset()
    suspended: frozenset[UUID] = frozenset()
    favourite_of: frozenset[UUID] = frozenset()
    prefers: frozenset[UUID] = frozenset()
    skills: Mapping[str, int] = field(default_factory=dict)
    credentials: Mapping[str, int] = field(default_factory=dict)
    cleared_until: int = NEVER
    radius_km: float | None = None
    area: Area | None = None
    hours: tuple[tuple[int, int, int], ...] = ()
    quiet: tuple[int, int] | None = None
    works_in_quiet_hours: bool = False
    time_off: tuple[tuple[int, int], ...] = ()
    bookings: tuple[Booking, ...] = ()
    day_capacity: int | None = None
    min_hourly: Decimal | None = None
    currency: str = "USD"
    reputation: float = 0.5
    reputation_high: float = 1.0
    recent_offers: int = 0
    asks_today: int = 0
    num_asked: int = 0
    num_yes: int = 0
    consent: Consent | None = None
    hours_left: Mapping[UUID, HoursLeft] = field(default_factory=dict)
    engaged: Mapping[UUID, str] = field(default_factory=dict)
