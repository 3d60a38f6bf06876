"""Technicians: who they are, when and where they work, what is proved about them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    WithJsonSchema,
    model_validator,
)

from api.schemas.values import Code, In, Instant, Line, NewCurrency, Number, Out, Sum, Whole, Words, Yes
from matching.technician import Consent

TechnicianState = Literal["invited", "active", "paused", "suspended", "left", "erased"]
Clearance = Literal["unknown", "claimed", "us_person", "not_us_person"]
TechnicianMove = Literal["activate", "pause", "resume", "leave", "suspend", "reinstate", "invite"]
MarkKind = Literal["block", "favourite"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000c1"
_MARKED = "2027-05-03T17:00:00Z"

#: Degrees of WGS 84; the place itself is checked by geo, whose words say what was probably meant.
Latitude = Annotated[
    float, Strict(), WithJsonSchema({"type": "number", "minimum": -90, "maximum": 90, "examples": [41.8781]})
]
Longitude = Annotated[
    float, Strict(), WithJsonSchema({"type": "number", "minimum": -180, "maximum": 180, "examples": [-87.6298]})
]
Kilometres = Annotated[float, Strict(), Field(gt=0, le=20_038, allow_inf_nan=False, examples=[80])]
Level = Annotated[int, Strict(), Field(ge=1, le=5)]


def _minute(value: str) -> str:
    hour, minute = int(value[:2]), int(value[3:])
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise ValueError("write a time of day from 00:00 to 24:00")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("write a day as 2027-05-31")
    try:
        found = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"there is no such day: {error}") from error
    if not 1900 <= found.year <= 2200:
        raise ValueError("send a year from 1900 to 2200")
    return found


#: A local time of day, `24:00` the end of it.
Clock = Annotated[str, Strict(), Field(pattern=r"^[0-2][0-9]:[0-5][0-9]$", examples=["08:00"]), AfterValidator(_minute)]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-05-31"]}),
]


def minutes(clock: str) -> int:
    """Minutes from midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


class QuietHours(In):
    """When not to be disturbed, local to the technician; may run over midnight."""

    begin: Clock = Field(examples=["22:00"])
    end: Clock = Field(examples=["06:00"])


class ConsentIn(In):
    """Standing consent: jobs within these limits are assigned at once where the client uses mode `auto`."""

    min_hourly: Sum
    max_distance_km: Kilometres
    max_per_day: Whole = Field(ge=1, le=100)

    def to_consent(self) -> Consent:
        """The same for matching."""
        return Consent(self.min_hourly, self.max_distance_km, self.max_per_day)


class _Profile(In):
    """What both a new technician and a change may say."""

    email: Line | None = None
    phone: Line | None = Field(default=None, examples=["+13125550142"])
    country: str = Field(default="US", pattern="^[A-Z]{2}$", description="How phone and postcode are read.")
    postcode: Line | None = Field(default=None, description="US ZIP code that the place is checked against; not kept.")
    time_zone: Line | None = Field(default=None, description="Empty: that of the place.")
    radius_km: Kilometres | None = Field(default=None, description="How far they travel; empty: as far as asked.")
    area: dict[str, Any] | None = Field(
        default=None, description="GeoJSON Polygon or MultiPolygon; wins over radius_km."
    )
    day_capacity: Whole | None = Field(default=None, ge=0, le=1000, description="Jobs a local day.")
    min_hourly: Sum | None = None
    currency: NewCurrency = "USD"
    quiet: QuietHours | None = None
    works_in_quiet_hours: Yes = False
    consent: ConsentIn | None = None


#: Of `clearance_until`.
_WORD = "The last day of the operator's word that clears; empty: a year from today, which is the most."

_TECHNICIAN_IN: dict[str, JsonValue] = {
    "number": "T-00042", "name": "Ana Flores", "lat": 41.8781, "lng": -87.6298, "postcode": "60602",
    "skills": {"hvac": 3}, "radius_km": 80, "min_hourly": "45.00",
}  # fmt: skip


class TechnicianIn(_Profile):
    """A new technician. A company adds its own people; they stand outside the open market."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TECHNICIAN_IN]})
    number: Number
    name: Line
    lat: Latitude
    lng: Longitude
    skills: dict[Code, Level] = Field(default_factory=dict, max_length=200)
    in_market: Yes = True
    clearance: Clearance = "unknown"
    clearance_until: Day | None = Field(default=None, description=_WORD)
    company_id: UUID | None = None
    state: Literal["invited", "active"] = "active"


class TechnicianPatch(_Profile):
    """What is to be different; what is left out stays. The last five are the operator's to say."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"radius_km": 120, "min_hourly": "50.00"}]})
    name: Line | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None
    shares_position: Yes | None = Field(default=None, description="Whether live positions may be sent and used.")
    number: Number | None = None
    in_market: Yes | None = None
    clearance: Clearance | None = None
    clearance_until: Day | None = Field(default=None, description=_WORD)
    company_id: UUID | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        empty = [name for name in _NEVER_EMPTY if name in self.model_fields_set and getattr(self, name) is None]
        if empty:
            raise ValueError(f"give {empty[0]} a value, or leave it out")
        return self


_NEVER_EMPTY = ("name", "lat", "lng", "number", "in_market", "clearance", "clearance_until", "shares_position")


class SkillsIn(In):
    """All skills of a technician with their levels; what is left out is gone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"skills": {"hvac": 3, "wifi": 2}}]})
    skills: dict[Code, Level] = Field(max_length=200)


class PausedIn(In):
    """Whether standing consent rests for now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paused": True}]})
    paused: Yes


class SpanIn(In):
    """Hours of a weekday, local to the technician; 0 is Monday. Over midnight is two spans."""

    weekday: Whole = Field(ge=0, le=6)
    begin: Clock
    end: Clock = Field(examples=["17:00"])


_SPAN: dict[str, JsonValue] = {"weekday": 0, "begin": "08:00", "end": "17:00"}


class HoursIn(In):
    """All working hours; none means any time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": [_SPAN]}]})
    hours: list[SpanIn] = Field(max_length=70)


class HoursOut(Out):
    """All working hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"time_zone": "America/Chicago", "hours": [_SPAN]}]})
    time_zone: str
    hours: list[SpanIn]


class TimeOffIn(In):
    """A time in which no work is taken."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"start_at": "2027-07-01T05:00:00Z", "end_at": "2027-07-15T05:00:00Z"}]}
    )
    start_at: Instant
    end_at: Instant


class TimeOffOut(Out):
    """A time in which no work is taken."""

    id: UUID
    start_at: Instant
    end_at: Instant


class ConsentOut(Out):
    """Standing consent."""

    min_hourly: Sum
    max_distance_km: float
    max_per_day: int
    is_paused: bool


class TechnicianPrivate(Out):
    """What only the technician, their company and the operator see."""

    email: str | None
    phone: str | None
    radius_km: float | None
    area: dict[str, Any] | None
    clearance: Clearance
    clearance_until: date | None = Field(
        description="The last day of what clears them: proofs, or the operator's word."
    )
    day_capacity: int | None
    min_hourly: Sum | None
    currency: str
    quiet: QuietHours | None
    works_in_quiet_hours: bool
    consent: ConsentOut | None
    shares_position: bool
    version: int


class TechnicianOut(Out):
    """A technician. To a client the place is the middle of a large cell, and `private` is empty."""

    id: UUID
    number: str
    name: str
    state: TechnicianState
    in_market: bool
    company_id: UUID | None
    lat: float
    lng: float
    is_exact: bool
    time_zone: str
    reputation: float
    skills: dict[str, int]
    private: TechnicianPrivate | None
    moves: list[TechnicianMove]


class TechnicianMoved(Out):
    """The state after a move."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _UUID, "state": "paused", "moves": ["resume"]}]})
    id: UUID
    state: TechnicianState
    moves: list[TechnicianMove]


class MarkIn(In):
    """A block: never together again. A favourite: rather than others."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "favourite"}]})
    kind: MarkKind


class ClientMarkIn(MarkIn):
    """A mark, and why, which a block has to say; the other side never learns of either."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "block", "reason": "No show on 3 May"}]})
    reason: Annotated[Words, Field(max_length=500)] | None = None


class OwnMarkOut(Out):
    """A mark of yours: on whom, which, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"technician_id": _UUID, "kind": "block", "reason": "No show", "marked_at": _MARKED}]
        }
    )
    technician_id: UUID
    kind: MarkKind
    reason: str | None
    marked_at: datetime


class ClientMetOut(Out):
    """A client whom you know, and your mark on it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"client_id": _UUID, "name": "Acme", "kind": "block", "reason": "Rude", "marked_at": _MARKED}]
        }
    )
    client_id: UUID
    name: str
    kind: MarkKind | None
    reason: str | None
    marked_at: datetime | None


class MarkOut(Out):
    """A mark as it stands; of a block the assignments between the two that are not over, which stay agreed."""

    technician_id: UUID
    client_id: UUID
    kind: MarkKind
    assignments: list[UUID]


class PositionIn(In):
    """Where the technician is now, by their own wish."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lat": 41.88, "lng": -87.63, "until": "2027-03-01T18:00:00Z"}]}
    )
    lat: Latitude
    lng: Longitude
    accuracy_m: float | None = Field(default=None, ge=0, le=1_000_000, description="How sure the phone is of it.")
    until: Instant | None = Field(default=None, description="Good until; at most, and if empty, 8 hours from now.")


class PositionOut(Out):
    """Whether it was passed on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"is_shared": False, "until": "2027-03-01T18:00:00Z", "why_not": "not_opted_in", "visits": []}]
        }
    )
    is_shared: bool
    until: Instant
    why_not: Literal["not_opted_in", "redis_is_away"] | None
    visits: list[UUID] = Field(description="Whose parties see it now: you are on the way there, or there.")
