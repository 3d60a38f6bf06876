"""The visit: what is sent on the day, and what is answered."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.cleared import ClearedHintOut
from api.schemas.clients import ContactOut, HazardOut
from api.schemas.jobs import PersonOut, PlaceOut, SentBackOut, VisitState, WindowOut
from api.schemas.posting import WindowIn
from api.schemas.talent import Latitude, Longitude
from api.schemas.values import In, Instant, Line, Out, Whole, Words, Yes

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


class FixIn(In):
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
    position: FixIn | None = None


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
    position: FixIn | None = None


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


class SiteDayOut(Out):
    """The site's day, by its own clock; no spans: closed."""

    day: date
    spans: list[str] = Field(examples=[["08:00-12:00", "13:00-17:00"]])
    holiday: str | None


class DocumentOut(Out):
    """A file of the site; its bytes are at /v1/files/{id}."""

    id: UUID
    kind: str
    content_type: str
    num_bytes: int


class SiteRecordOut(Out):
    """What to know of the site before going there; before assignment only when it is open."""

    place: PlaceOut
    on_the_day: SiteDayOut
    contacts: list[ContactOut] | None
    hazards: list[HazardOut] | None
    documents: list[DocumentOut] | None
    geofence_m: int | None


class OnVisitOut(Out):
    """Somebody who is on the visit, and how far."""

    assignment_id: UUID
    technician: PersonOut
    role: str
    is_lead: bool
    presence: Presence
    start_at: Instant
    end_at: Instant
    eta_at: Instant | None
    confirmed_at: Instant | None
    checked_in_at: Instant | None
    checked_out_at: Instant | None


class VisitDetail(Out):
    """A visit, whole; the site and the people as far as you may know them."""

    id: UUID
    job_id: UUID
    num: int
    title: str
    state: VisitState
    window: WindowOut
    duration_min: int
    planned_start_at: Instant | None
    planned_end_at: Instant | None
    confirm_by: Instant | None
    checked_in_at: Instant | None
    checked_out_at: Instant | None
    outcome: str | None
    outcome_why: str | None
    description: str = Field(description="What is to be done; empty while the client does not tell it to you.")
    cleared: ClearedHintOut | None = Field(description="What only the cleared may read: `/v1/jobs/{job_id}/cleared`.")
    outcome_note: str | None
    evidence: list[UUID]
    site: SiteRecordOut
    people: list[OnVisitOut]
    is_part_missing: bool
    sent_back: SentBackOut | None = Field(description="What is to be mended, and by when; null when nothing is.")
    moves: list[str]


class StopOut(Out):
    """One visit of the day, and the way to it from the one before (from the base, for the first)."""

    visit_id: UUID
    job_id: UUID
    number: str = Field(description="The work order's, as the client says it.", examples=["WO-88121"])
    title: str
    state: VisitState
    presence: Presence
    start_at: Instant
    end_at: Instant
    eta_at: Instant | None
    travel_s: int
    distance_m: int
    leave_by: Instant
    reply_code: str = Field(description="To check in and out by text or telephone.")
    is_part_missing: bool
    has_cleared: bool = Field(description="Something of it only the cleared may read: `/v1/jobs/{job_id}/cleared`.")
    word_counts: bool = Field(description="How the visit ended counts as they say it: they lead it, or have it alone.")
    site: SiteRecordOut


class DayOut(Out):
    """A technician's day in order, by their own clock."""

    technician_id: UUID
    day: date
    time_zone: str
    stops: list[StopOut]


class NoShowIn(WhoIn):
    """A person found out that nobody came; when the work may be done instead, empty: as soon as may be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "called_no_answer"}]})
    why: Literal["called_no_answer", "called_not_coming", "unreachable", "seen_absent", "other"]
    window: WindowIn | None = None
    duration_min: Whole | None = Field(default=None, ge=1, le=20_160)


class NextVisitIn(In):
    """Another trip for the job; empty: at the hours of the last one, on the next day on which the site is open."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_same_asked_first": True}]})
    window: WindowIn | None = None
    duration_min: Whole | None = Field(default=None, ge=1, le=20_160)
    is_same_asked_first: Yes = Field(default=True, description="Whoever was there is asked before all others.")


class NextVisitOut(Out):
    """The visit that was added."""

    id: UUID
    job_id: UUID


class WorkBackIn(In):
    """What is to be mended, and by when."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": ["The panel is not closed"], "due_at": "2027-03-05T22:00:00Z"}]}
    )
    items: list[Line] = Field(min_length=1, max_length=50)
    due_at: Instant


class DroppedOut(Out):
    """A visit that is not wanted any more; what is owed stands under the charges of its job."""

    id: UUID
    state: Literal["cancelled"]
    num_charges: int


class EntryIn(WhoIn):
    """Time as it was: whole, with the offsets of both ends."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"started_at": "2026-03-01T14:00:00Z", "ended_at": "2026-03-01T15:30:00Z", "note": "Forgot to check in"}
            ]
        }
    )
    started_at: Instant
    ended_at: Instant
    kind: EntryKind = "work"
    reason: WaitReason | None = None
    note: Words = Field(default="", max_length=2_000)


class VersionOut(Out):
    """A correction that waits for the other side."""

    id: UUID


class EntryOut(Out):
    """A version of a span of time: as it holds, as it was claimed, as it was received."""

    id: UUID
    entry_id: UUID
    version: int
    state: Literal["current", "proposed", "superseded", "refused"]
    technician_id: UUID
    assignment_id: UUID
    kind: EntryKind
    reason: str | None
    note: str
    started_at: Instant
    ended_at: Instant | None
    source: str
    out_source: str | None
    in_claimed_at: Instant | None
    in_received_at: Instant
    out_claimed_at: Instant | None
    out_received_at: Instant | None
    arrival: "ProofOut | None"
    departure: "ProofOut | None"
    proposed_by: Literal["technician", "client"]
    agreed_at: Instant | None
    decided_at: Instant | None


class TimeOut(Out):
    """Whole minutes of one technician on the visit."""

    technician_id: UUID
    agreed_min: int = Field(description="Work and waiting that both sides agreed to: what counts.")
    logged_min: int = Field(description="Work and waiting as it stands, agreed or not.")


class TimeLogOut(Out):
    """A visit's time log: every version of every entry, the oldest first."""

    visit_id: UUID
    totals: list[TimeOut]
    entries: list[EntryOut]


class PhoneWordIn(In):
    """A text or call as the carrier brought it: the code from the reminder, and what is meant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"channel": "sms", "message_id": "SM-77", "sender": "+14325550100", "words": "IN 482113"}]
        }
    )
    channel: Literal["sms", "voice"]
    message_id: Line = Field(description="The carrier's own id of it.")
    sender: Line = Field(description="The number it came from.")
    words: Words = Field(max_length=2_000, description="The text; or the keys pressed, code first.")


class PhoneWordOut(Out):
    """What became of it; `no_code` is no word of a visit, and for whoever else reads texts."""

    outcome: Literal["done", "refused", "unknown", "too_many", "no_code"]
    did: str | None
    visit_id: UUID | None
    presence: Presence | None
    visit_state: str | None
    detail: str | None
    is_duplicate: bool


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
