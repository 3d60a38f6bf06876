"""What must be done, where, when, needing what?

A `Job` of this package is one *role of one visit*: the unit for which technicians are asked. Two technicians of
the same role are one `Job` with two open slots; a lead and a helper are two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from matching.errors import JobError
from matching.papers import Paper
from matching.usage import NO_RULES, HoursRules

#: How the work is paid: one sum for the visit, or by the hour for its duration.
PayKind = Literal["fixed", "hourly"]

#: How the client asked for the time: at this minute, somewhere inside a window, or as soon as possible. The
#: window of an exact job is as long as its duration; that of an urgent one ends at its fix-by.
AskedTime = Literal["exact", "window", "asap"]


@dataclass(frozen=True, slots=True)
class Pay:
    """What the client offers for the visit.

    `amount` is the sum of the visit (`fixed`) or of one hour (`hourly`), in `currency` (ISO 4217).
    """

    kind: PayKind
    amount: Decimal
    currency: str

    def hourly(self, duration_min: int) -> Decimal:
        """The pay by the hour of a visit of `duration_min` minutes."""
        return self.amount if self.kind == "hourly" else self.amount * 60 / duration_min

    def total(self, duration_min: int) -> Decimal:
        """The pay of the whole visit of `duration_min` minutes."""
        return self.amount if self.kind == "fixed" else self.amount * duration_min / 60


@dataclass(frozen=True, slots=True)
class Needs:
    """What a technician must bring.

    `skills` maps a skill's code to the least level (1-5); `credentials` are kinds that must be valid through the
    visit's end; `clearance` asks for a US person; a technician comes from one of `pools`, or from the market if
    `market` is true.
    """

    skills: Mapping[str, int] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    clearance: bool = False
    pools: frozenset[UUID] = frozenset()
    market: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One role of one visit, as the rules see it.

    The work takes `duration_min` minutes and lies wholly inside `[start_at, end_at)` (aware, UTC); `time_zone` is
    the site's. `id` is the visit's, `job_id` that of the job it belongs to, `terms_version` the version of the
    terms that an offer shows; `hours_rules` are the hard limits of the client, each with its days;
    `papers` what it wants of whoever is engaged in a way (`contractor`, `w2`, `company`): of each one kind is enough.

    Raises
    ------
    JobError
        At construction: naive times, a window shorter than the duration, no duration, a level outside 1-5.
    """

    id: UUID
    job_id: UUID
    client_id: UUID
    role: str
    lat: float
    lng: float
    time_zone: str
    start_at: datetime
    end_at: datetime
    duration_min: int
    pay: Pay
    needs: Needs = field(default_factory=Needs)
    asked_time: AskedTime = "window"
    priority: int = 3
    num_open: int = 1
    terms_version: int = 1
    hours_rules: HoursRules = NO_RULES
    papers: Mapping[str, tuple[Paper, ...]] = field(default_factory=dict)
    #: The time of the work itself.
    duration: timedelta = field(init=False, repr=False, compare=False)
    #: The last moment at which the work still fits.
    latest_start_at: datetime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise JobError(f"start_at {self.start_at} and end_at {self.end_at} need an offset from UTC")
        if self.duration_min < 1:
            raise JobError(f"duration_min {self.duration_min}: work takes at least one minute")
        object.__setattr__(self, "duration", timedelta(minutes=self.duration_min))
        if self.end_at - self.start_at < self.duration:
            raise JobError(f"a window of {self.end_at - self.start_at} is shorter than the work of {self.duration}")
        object.__setattr__(self, "latest_start_at", self.end_at - self.duration)
        for code, level in self.needs.skills.items():
            if not 1 <= level <= 5:
                raise JobError(f"skill {code!r} at level {level}: levels go from 1 to 5")

    @property
    def last_day(self) -> date:
        """The calendar day, at the site, through which credentials must be valid."""
        return (self.end_at - timedelta(microseconds=1)).astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def counted_days(self) -> range:
        """The days, as ordinals, for which the work counts as hours with the client: at the end of the window."""
        return self.hours_rules.days_of(self.latest_start_at, self.end_at)

    def starting(self, start_at: datetime) -> "Job":
        """The same work at a start picked inside the window.

        Raises
        ------
        JobError
            When the work would leave the window.
        """
        if not self.start_at <= start_at <= self.latest_start_at:
            raise JobError(
                f"start {start_at.astimezone(UTC).isoformat()} is outside the window: pick one from "
                f"{self.start_at.astimezone(UTC).isoformat()} to {self.latest_start_at.astimezone(UTC).isoformat()}"
            )
        return replace(self, start_at=start_at, end_at=start_at + self.duration, asked_time="exact")
