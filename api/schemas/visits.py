"""The visit: what is sent on the day, and what is answered."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.jobs import WindowIn
from api.schemas.talent import Latitude, Longitude
from api.schemas.values import In, Instant, Out, Whole, Words, Yes

Presence = Literal["assigned", "confirmed", "on_the_way", "checked_in", "stepped_out", "checked_out"]
VisitOutcome = Literal["complete", "return_needed", "could_not_start"]
EndingWord = Literal["complete", "return_needed", "could_not_start", "back_later"]
WhyWord = Literal[
    "part", "access", "second_person", "other_skill", "time", "other", "no_access", "not_ready", "unsafe",
]  # fmt: skip
EntryKind = Literal["work", "wait", "break"]
WaitReason = Literal["no_access", "not_ready", "part", "customer", "safety", "other"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"
_FIX: dict[str, JsonValue] = {"lat": 41.8783, "lng": -87.6294, "accuracy_m": 12.5}


class PositionIn(In):
    """Where the phone says that it is, and how sure it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIX]})
    lat: Latitude
    lng: Longitude
    accuracy_m: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)
    is_mocked: Yes = Field(default=False, description="The phone says that a program made it up.")


class WhoIn(In):
    """For whom: needed only where several are on the visit and you are none of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"technician_id": _UUID}]})
    technician_id: UUID | None = None


class LeaveIn(WhoIn):
    """On the way, from here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"position": _FIX}]})
    position: PositionIn | None = None


class LateIn(WhoIn):
    """Later than agreed: by so many minutes, or at a time; one of the two."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"minutes": 20}]})
    minutes: Whole | None = Field(default=None, ge=1, le=1_440, description="After the agreed start.")
    eta_at: Instant | None = None

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.minutes is None) == (self.eta_at is None):
            raise ValueError("send minutes or eta_at, one of the two")
        return self


class StampIn(WhoIn):
    """A stamp; all of it may be left out. `at` is the phone's own time where it had no signal."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": "2027-03-01T13:58:00-06:00", "position": _FIX}]})
    at: Instant | None = None
    position: PositionIn | None = None


class SwitchIn(StampIn):
    """From now on: waiting (with a reason), a break, or work again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "wait", "reason": "no_access"}]})
    kind: EntryKind
    reason: WaitReason | None = None
    note: Words = Field(default="", max_length=2_000)


class CheckOutIn(StampIn):
    """Leaving, and how it went; nothing sent means complete."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"outcome": "return_needed", "why": "part", "note": "Blower motor, 3/4 hp", "evidence": [_UUID]},
                {"outcome": "complete"},
            ]
        }
    )
    outcome: EndingWord = "complete"
    why: WhyWord | None = None
    note: Words = Field(default="", max_length=2_000, description="What is needed, or what was found.")
    evidence: list[UUID] = Field(default_factory=list, max_length=50, description="Ids of files.")
    window: WindowIn | None = Field(default=None, description="When a return would suit; empty: by rule.")
    duration_min: Whole | None = Field(default=None, ge=1, le=20_160, description="Of the return.")


class VisitMoved(Out):
    """What became of a visit, and of one technician on it."""

    id: UUID
    state: Literal["planned", "confirmed", "on_the_way", "checked_in", "checked_out", "missed", "cancelled"]
    assignment_id: UUID | None
    presence: Presence | None
    eta_at: Instant | None
    next_visit_id: UUID | None = Field(description="The visit that was made after this one.")
    moves: list[str]


class ProofOut(Out):
    """A position as compared with the site; `is_within` null: it proves neither."""

    distance_m: int
    accuracy_m: int
    is_within: bool | None
    signs: list[str] = Field(description="What looks wrong with it; for a person to weigh.")

    @classmethod
    def of(cls, proof: dict[str, Any] | None) -> Self | None:
        """From the stored document."""
        return None if proof is None else cls.model_validate(proof, from_attributes=False)
