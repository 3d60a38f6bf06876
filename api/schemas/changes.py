"""Changes after assignment: proposals and their answers, other starts, substitutes, charges, incidents."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.jobs import JobMoved, NeedsOut, PayOut, PersonOut
from api.schemas.posting import NeedsIn, PayIn
from api.schemas.values import Code, In, Instant, Note, Out, Sum, Whole, Words
from dispatch.visits.proposing import Wanted

Side = Literal["client", "technician"]
ProposalKind = Literal["time", "place", "scope", "pay", "several"]
ProposalState = Literal["open", "accepted", "refused", "withdrawn", "expired", "overtaken"]
ChargeKind = Literal["cancellation_fee", "trip_charge", "minimum_hours", "stand_by"]
IncidentKind = Literal["unnamed_person", "damage", "unsafe", "theft_suspected"]
IncidentDecision = Literal["confirmed", "dismissed"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000d1"
_AT, _END = "2027-03-02T14:00:00Z", "2027-03-02T16:00:00Z"
_CHARGE: dict[str, JsonValue] = {"kind": "cancellation_fee", "amount": "70.00", "currency": "USD", "why": "other"}


class TimeIn(In):
    """Another start; the work takes as long as before, unless the scope says otherwise."""

    start_at: Instant


class PlaceIn(In):
    """Another site of the same client."""

    site_id: UUID


class ScopeIn(In):
    """Other work: longer or shorter, described anew, needing something else."""

    duration_min: Whole | None = Field(default=None, ge=1, le=20_160)
    description: Words | None = None
    needs: NeedsIn | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.duration_min is None and self.description is None and self.needs is None:
            raise ValueError("name duration_min, description or needs")
        return self


class ProposalIn(In):
    """Other terms for work that somebody has: time, place, scope, pay, or several at once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"time": {"start_at": _AT}, "reason": "site_closed", "note": "Stocktaking"}]}
    )
    assignment_id: UUID | None = Field(
        default=None, description="Whose work, where several are on the visit, or a gateway speaks."
    )
    time: TimeIn | None = None
    place: PlaceIn | None = None
    scope: ScopeIn | None = None
    pay: PayIn | None = None
    reason: Code = "other"
    note: Note = ""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.time is None and self.place is None and self.scope is None and self.pay is None:
            raise ValueError("propose a time, a place, a scope, a pay, or several of them")
        return self

    def to_wanted(self) -> Wanted:
        """The same for the use case."""
        scope = self.scope or ScopeIn.model_construct(duration_min=None, description=None, needs=None)
        return Wanted(
            start_at=self.time.start_at if self.time else None,
            site_id=self.place.site_id if self.place else None,
            duration_min=scope.duration_min,
            description=scope.description,
            needs=scope.needs.to_needs() if scope.needs else None,
            pay=self.pay.to_pay() if self.pay else None,
        )


class ProposalOut(Out):
    """A proposal as both sides see it; what is null stays as it is."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    assignment_id: UUID
    technician_id: UUID
    by_side: Side
    kind: ProposalKind
    state: ProposalState
    start_at: Instant | None
    site_id: UUID | None
    duration_min: int | None
    description: str | None
    needs: NeedsOut | None
    pay: PayOut | None
    reason: str
    note: str
    terms_version: int = Field(description="The terms that it was made against.")
    made_at: Instant
    expires_at: Instant
    decided_at: Instant | None
    moves: list[str] = Field(description="What you can do with it now.")


class ProposalMoved(Out):
    """What became of a proposal; the times and the version where it was accepted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID,
                    "state": "accepted",
                    "terms_version": 2,
                    "start_at": _AT,
                    "end_at": "2027-03-02T16:00:00Z",
                }
            ]
        }
    )
    id: UUID
    state: ProposalState
    terms_version: int | None
    start_at: Instant | None
    end_at: Instant | None


class SuggestionOut(Out):
    """A start that fits the site and the technician at this moment."""

    start_at: Instant
    end_at: Instant


class SuggestionsOut(Out):
    """The next starts that fit both sides; none promises anything until it is agreed."""

    items: list[SuggestionOut]


class SubstituteIn(In):
    """Who comes instead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"worker_id": _UUID, "why": "ill"}]})
    worker_id: UUID
    why: Code = "other"


class SubstitutedOut(Out):
    """The new assignment, and the one that it replaces."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"assignment_id": _UUID, "instead_of": _UUID, "technician_id": _UUID}]}
    )
    assignment_id: UUID
    instead_of: UUID
    technician_id: UUID


class ChargeSum(Out):
    """A sum that is owed, and the reason's code."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CHARGE]})
    kind: ChargeKind
    amount: Sum
    currency: str
    why: str


class OwedOut(Out):
    """What is owed to one technician."""

    assignment_id: UUID
    technician_id: UUID
    charges: list[ChargeSum]


class CancellationPreview(Out):
    """What it would cost to cancel at this moment."""

    job_id: UUID
    at: Instant
    owed: list[OwedOut]
    total: Sum
    currency: str | None = Field(description="null: nothing is owed.")


class JobCancelled(JobMoved):
    """A cancelled job, with what is owed for it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "state": "cancelled", "version": 3, "moves": [],
                    "owed": [{"assignment_id": _UUID, "technician_id": _UUID, "charges": [_CHARGE]}],
                }
            ]
        }
    )  # fmt: skip
    owed: list[OwedOut]


class ChargeOut(Out):
    """A charge as it was booked."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    assignment_id: UUID
    technician_id: UUID
    kind: ChargeKind
    amount: Sum
    currency: str
    why: str
    terms_version: int = Field(description="By whose rules.")
    booked_at: Instant


class IncidentIn(In):
    """What happened on the site."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "damage", "note": "A shelf fell over", "files": []}]}
    )
    kind: IncidentKind
    note: Words = ""
    files: list[UUID] = Field(default_factory=list, max_length=20, description="Ids of files of this job.")
    assignment_id: UUID | None = Field(default=None, description="Whose work it is about, where several are there.")


class IncidentReported(Out):
    """The incident was noted; a person decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _UUID, "visit_id": _UUID}]})
    id: UUID
    visit_id: UUID


class DecisionIn(In):
    """What it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "confirmed"}]})
    decision: IncidentDecision


class IncidentOut(Out):
    """An incident as the client's staff sees it."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    assignment_id: UUID | None
    technician: PersonOut | None
    kind: IncidentKind
    note: str
    files: list[UUID]
    by_kind: str
    reported_at: Instant
    decision: IncidentDecision | None
    decided_at: Instant | None


class OwnIncidentOut(Out):
    """An incident as whoever told of it sees it: what they said, and what a person decided."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID,
                    "job_id": _UUID,
                    "visit_id": _UUID,
                    "kind": "damage",
                    "note": "A shelf fell over",
                    "files": [],
                    "reported_at": "2026-11-30T14:00:00Z",
                    "decision": "confirmed",
                    "decided_at": "2026-11-30T15:30:00Z",
                }
            ]
        }
    )
    id: UUID
    job_id: UUID
    visit_id: UUID
    kind: IncidentKind
    note: str
    files: list[UUID]
    reported_at: Instant
    decision: IncidentDecision | None
    decided_at: Instant | None


def payload_fields(payload: dict[str, Any]) -> dict[str, Any]:
    """A proposal's stored payload as the fields of `ProposalOut`."""
    pay = payload.get("pay")
    return {
        "start_at": payload.get("start_at"),
        "site_id": payload.get("site_id"),
        "duration_min": payload.get("duration_min"),
        "pay": PayOut(kind=pay[0], amount=pay[1], currency=pay[2]) if pay else None,
    }
