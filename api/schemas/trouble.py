"""Alarms, the trouble list, shifts of duty, and what was promised."""

from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.jobs import JobState, PersonOut, UnfilledOut, VisitState
from api.schemas.offers import AskedOut
from api.schemas.values import Code, In, Instant, Line, Out, Whole

AlarmState = Literal["raised", "acknowledged", "snoozed", "cleared"]
SnoozeWhy = Literal["in_progress", "waiting_for_customer", "waiting_for_part", "known", "other"]
PauseWhy = Literal["customer_asked", "waiting_for_part", "access", "other"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000c1"
_SHIFT: dict[str, JsonValue] = {
    "level": 1,
    "staff_id": _UUID,
    "from_at": "2026-11-28T18:00:00-06:00",
    "to_at": "2026-11-30T06:00:00-06:00",
    "time_zone": "America/Chicago",
    "weeks": 4,
}


class AlarmOut(Out):
    """Something that needs a person."""

    id: UUID
    client_id: UUID | None = Field(description="None: it is the operator's alone.")
    kind: Code
    words: str
    state: AlarmState
    job_id: UUID | None
    visit_id: UUID | None
    subject_id: UUID = Field(
        description="What it is about: the visit, the job, an assignment, a proposal, a webhook, an erasure."
    )
    raised_at: Instant
    due_at: Instant = Field(description="When it will be too late.")
    minutes_left: int = Field(description="By the clock; negative once it is too late.")
    level: int = Field(description="How many steps it has climbed.")
    next_climb_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: UUID | None
    snoozed_until: Instant | None
    snoozed_why: str | None
    cleared_at: Instant | None
    cleared_why: str | None
    cleared_by: UUID | None
    moves: list[str] = Field(description="What can be done with the alarm itself.")


class ActOut(Out):
    """Something that can be done about it: a route by its name; what is not known stands in braces."""

    operation: str
    method: str
    path: str


class TroubleJob(Out):
    """The job that it is about."""

    id: UUID
    number: str
    title: str
    state: JobState
    priority: int
    fix_by: Instant | None


class TroubleVisit(Out):
    """The visit that it is about."""

    id: UUID
    num: int
    state: VisitState
    planned_start_at: Instant | None
    planned_end_at: Instant | None


class TroubleSite(Out):
    """Where."""

    id: UUID
    store_number: str
    name: str
    town: str
    time_zone: str


class TroubleItem(AlarmOut):
    """An open alarm with all that is needed to act on it."""

    acknowledged_by_name: str | None = Field(description="Who has it, where it is one of your staff.")
    job: TroubleJob | None
    visit: TroubleVisit | None
    site: TroubleSite | None
    technicians: list[PersonOut]
    unfilled: UnfilledOut | None = Field(description="Why nobody took it, where nobody did.")
    waiting: list[AskedOut] = Field(description="Who said yes and waits for a pick.")
    acts: list[ActOut] = Field(description="What to do next, the likeliest first.")


class SnoozeIn(In):
    """Until when, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"until_at": "2026-11-30T18:00:00Z", "why": "waiting_for_customer"}]}
    )
    until_at: Instant
    why: SnoozeWhy


class ClearIn(In):
    """Why it is over, as a code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "called_the_site"}]})
    why: Code = "by_hand"


class DutyContactIn(In):
    """Somebody from outside, and how to reach them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Night desk", "email": None, "phone": "+13125550142"}]}
    )
    name: Line
    email: Line | None = None
    phone: Line | None = None


class ShiftIn(In):
    """Who has the duty: one of your staff, or a contact; once, or at the same hours for several weeks."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHIFT]})
    level: Whole = Field(default=1, ge=1, le=9, description="1 hears first, 2 stands behind.")
    staff_id: UUID | None = None
    contact: DutyContactIn | None = None
    from_at: Instant
    to_at: Instant
    time_zone: Line = Field(description="By whose clock it repeats.", examples=["America/Chicago"])
    weeks: Whole = Field(default=1, ge=1, le=53)

    @model_validator(mode="after")
    def _is_one_persons(self) -> Self:
        if (self.staff_id is None) == (self.contact is None):
            raise ValueError("name staff_id or contact, and not both")
        return self


class ShiftOut(Out):
    """A shift of duty."""

    id: UUID
    level: int
    staff_id: UUID | None
    name: str = Field(description="Of the member of staff, or the contact.")
    email: str | None
    phone: str | None
    from_at: Instant
    to_at: Instant
    time_zone: str


class ShiftsPlanned(Out):
    """The shifts that were planned, in order of time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_UUID]}]})
    items: list[UUID]


class GapOut(Out):
    """A time in which nobody has the duty of a level that the ladder climbs to."""

    level: int
    from_at: Instant
    to_at: Instant


class DutyOut(Out):
    """Who has the duty now, the shifts that follow, and the gaps between them."""

    on_duty: list[ShiftOut]
    shifts: list[ShiftOut]
    gaps: list[GapOut]
    until_at: Instant


class PauseIn(In):
    """Why the clock of what was promised stands still."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "customer_asked"}]})
    why: PauseWhy


class RiskOut(Out):
    """Something that goes wrong if nobody does anything."""

    kind: Code
    words: str
    detail: str | None = Field(description="Which promise, which credential.")
    visit_id: UUID | None
    due_at: Instant
    minutes_left: int


class RisksOut(Out):
    """What is at risk, the most urgent first."""

    items: list[RiskOut]
