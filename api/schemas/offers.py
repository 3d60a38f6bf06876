"""Offers: what a technician is asked, what they answer, what a dispatcher sees of it."""

from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.jobs import Mode, NeedsOut, PayOut, PersonOut, PlaceOut, WindowOut
from api.schemas.money import PayTermsOut
from api.schemas.posting import PayIn
from api.schemas.values import Code, In, Instant, Note, Out, Sum, Whole
from dispatch.jobs.naming import Ask

OfferState = Literal[
    "sent", "viewed", "requested", "countered", "accepted", "declined", "expired", "withdrawn", "not_chosen",
]  # fmt: skip
CounterState = Literal["open", "accepted", "refused", "withdrawn"]
AssignmentState = Literal["live", "released", "substituted", "finished"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000b1"
_SUGGESTED: dict[str, JsonValue] = {
    "id": _UUID, "number": "WO-1042", "site_id": _UUID, "store_number": "1147", "site_name": "Store 1147",
    "window": {"start_at": "2027-03-01T15:00:00Z", "end_at": "2027-03-01T19:00:00Z"}, "duration_min": 60,
}  # fmt: skip
_ACCEPT: dict[str, JsonValue] = {"terms_version": 1, "start_at": "2027-03-01T15:00:00Z"}


class FeeLineOut(Out):
    """Cancelled less than so many hours before the start, this is owed."""

    within_h: Sum
    amount: Sum


class CancellationTermsOut(Out):
    """What is owed when the client ends the work early, in figures and in words."""

    currency: str
    steps: list[FeeLineOut]
    trip_charge: Sum
    minimum_h: Sum
    minimum_amount: Sum
    stand_by_free_min: int
    stand_by_hourly: Sum
    words: list[str]


class AcceptIn(In):
    """Yes, to the terms that were shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACCEPT]})
    terms_version: Whole = Field(ge=1, le=1_000_000, description="As the offer shows it.")
    start_at: Instant | None = Field(default=None, description="A start inside the window; empty: the earliest.")
    worker_id: UUID | None = Field(default=None, description="A company names who comes.")


class DeclineIn(In):
    """No."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "too_far"}]})
    reason: Code = "other"


class CounterIn(In):
    """Yes, on other terms: pay, start, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"pay": {"kind": "fixed", "amount": "220.00", "currency": "USD"}, "reason": "distance"}]
        }
    )
    pay: PayIn | None = None
    start_at: Instant | None = None
    reason: Code = "other"
    note: Note = ""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.pay is None and self.start_at is None:
            raise ValueError("ask for a pay, a start_at, or both")
        return self


class BundledYes(AcceptIn):
    """Yes to one of the bundle's offers."""

    offer_id: UUID


class BundleAcceptIn(In):
    """Yes to every offer of the bundle that you have."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offers": [{"offer_id": _UUID, "terms_version": 1}]}]})
    offers: list[BundledYes] = Field(min_length=1, max_length=50)


class RequestIn(In):
    """I would do this job."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "technician"}]})
    role: Code = "technician"
    start_at: Instant | None = Field(default=None, description="A start inside the window; empty: the earliest.")
    technician_id: UUID | None = Field(default=None, description="For whom a company or a gateway speaks.")


class AnswerOut(Out):
    """What became of a yes: `assigned`, or `noted` where the dispatcher picks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "assigned", "offer_id": _UUID, "assignment_id": _UUID, "job_id": _UUID,
                    "visit_id": _UUID, "slot_id": _UUID, "start_at": "2027-03-01T15:00:00Z",
                    "end_at": "2027-03-01T17:00:00Z",
                }
            ]
        }
    )  # fmt: skip
    outcome: Literal["assigned", "noted"]
    offer_id: UUID
    assignment_id: UUID | None
    job_id: UUID | None
    visit_id: UUID | None
    slot_id: UUID | None
    start_at: Instant | None
    end_at: Instant | None


class AnswersOut(Out):
    """What became of a yes to a bundle; all of it is yours."""

    answers: list[AnswerOut]


class CounterOut(Out):
    """Other terms that a technician asks for."""

    id: UUID
    state: CounterState
    pay: PayOut | None
    start_at: Instant | None
    reason: str
    note: str
    made_at: Instant


class CounterMade(Out):
    """A counter was made; the client answers it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _UUID, "offer_id": _UUID, "state": "open"}]})
    id: UUID
    offer_id: UUID
    state: CounterState


class OfferOut(Out):
    """An offer as the technician sees it: the place is exact once it is theirs."""

    id: UUID
    state: OfferState
    job_id: UUID
    visit_id: UUID
    bundle_id: UUID | None
    role: str
    is_observer: bool = Field(description="You are asked to look, not to work.")
    client: str
    title: str
    description: str
    job_type: str
    mode: Mode
    place: PlaceOut
    window: WindowOut
    duration_min: int
    needs: NeedsOut
    pay: PayOut
    cancellation_terms: CancellationTermsOut
    pay_terms: PayTermsOut
    terms_version: int = Field(description="Send it back with your yes.")
    distance_m: int | None
    travel_s: int | None
    technician: PersonOut
    sent_at: Instant
    viewed_at: Instant | None
    expires_at: Instant
    answered_at: Instant | None
    wanted_start_at: Instant | None
    reason: str | None
    is_by_name: bool = Field(description="A dispatcher asks you by name.")
    is_assigned: bool
    moves: list[str]


class OfferMoved(Out):
    """What became of an offer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _UUID, "state": "declined", "moves": []}]})
    id: UUID
    state: OfferState
    moves: list[str]


class SetAsideIn(In):
    """Rules that are set aside, by their codes, and why, as a code."""

    rules: list[Code] = Field(min_length=1, max_length=10)
    why: Code


class AskIn(In):
    """Whom to ask by name, for which role, and for how long they alone are asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"technician_id": _UUID, "answer_min": 15, "override": {"rules": ["level"], "why": "trained_on_site"}}
            ]
        }
    )
    technician_id: UUID
    role: Code | None = Field(default=None, description="Empty: the first that has a place open.")
    answer_min: Whole = Field(default=15, ge=1, le=1440, description="Minutes in which they can answer.")
    override: SetAsideIn | None = Field(default=None, description="What is set aside for them, and why.")

    def to_ask(self) -> Ask:
        """The same for the use case."""
        rules, why = (frozenset(self.override.rules), self.override.why) if self.override else (frozenset[str](), None)
        return Ask(self.technician_id, self.role, self.answer_min, rules, why)


class AskedOut(Out):
    """An offer as the client's staff sees it."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    role: str
    wave_id: UUID | None = Field(description="Empty: the technician asked for the job, or was asked by name.")
    is_by_name: bool = Field(description="A dispatcher asked this technician by name.")
    waived: list[str] = Field(description="The rules that the dispatcher set aside for it.")
    waived_why: str | None
    technician: PersonOut
    state: OfferState
    rank: int | None
    score: float | None = Field(description="For the operator alone.")
    distance_m: int | None = Field(description="From the middle of the technician's cell, in kilometres.")
    travel_s: int | None = Field(description="The same way, in steps of five minutes.")
    terms_version: int
    sent_at: Instant
    viewed_at: Instant | None
    expires_at: Instant
    answered_at: Instant | None
    wanted_start_at: Instant | None
    reason: str | None
    is_backup: bool = Field(description="Said yes too: is asked first, should whoever has it not come.")
    counter: CounterOut | None = Field(description="The terms they ask for, while you can answer.")


class OpenJobOut(Out):
    """Open work that the technician may do."""

    visit_id: UUID
    job_id: UUID
    role: str
    title: str
    description: str
    job_type: str
    mode: Mode
    place: PlaceOut
    window: WindowOut
    duration_min: int
    needs: NeedsOut
    pay: PayOut
    cancellation_terms: CancellationTermsOut
    pay_terms: PayTermsOut
    terms_version: int
    distance_m: int
    travel_s: int
    earliest_start_at: Instant


class OpenJobs(Out):
    """Open work, nearest first."""

    items: list[OpenJobOut]
    is_all: bool = Field(description="Whether these are all; false: there may be more, farther away.")


class RequestOut(Out):
    """What became of a request."""

    offer_id: UUID
    answer: AnswerOut


class AssignmentOut(Out):
    """Who has the work, on which terms, from when to when."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    slot_id: UUID
    offer_id: UUID | None
    title: str
    state: AssignmentState
    mode: Mode
    technician: PersonOut
    place: PlaceOut
    pay: PayOut
    terms_version: int
    start_at: Instant
    end_at: Instant
    assigned_at: Instant
    hand_back_until: Instant | None
    ended_at: Instant | None
    ended_by: str | None
    ended_why: str | None
    is_flagged: bool = Field(description="An unnamed person came for it and nobody has decided; told to staff alone.")


class AssignmentMoved(Out):
    """What became of an assignment."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _UUID, "state": "released"}]})
    id: UUID
    state: AssignmentState


class BundleIn(In):
    """Jobs that are taken together: name open jobs that nobody has, or post jobs with the bundle's id."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Chicago stores, week 9"}]})
    name: str = Field(min_length=1, max_length=200)
    job_ids: list[UUID] | None = Field(
        default=None,
        min_length=2,
        max_length=10,
        description="Their open offers are withdrawn, and all are offered together.",
    )


class BundleOut(Out):
    """A bundle."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"id": _UUID, "name": "Chicago stores, week 9", "num_jobs": 3, "created_at": "2026-11-22T20:00:00Z"}
            ]
        },
    )
    id: UUID
    name: str
    num_jobs: int
    created_at: Instant


class BundleableJobOut(Out):
    """A job that may be put into a bundle."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUGGESTED]})
    id: UUID
    number: str
    site_id: UUID
    store_number: str
    site_name: str
    window: WindowOut
    duration_min: int


class BundleSuggestionOut(Out):
    """Jobs of a day that one person could do one after the other."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"jobs": [_SUGGESTED, _SUGGESTED], "total_min": 120, "span_km": 0.0}]}
    )
    jobs: list[BundleableJobOut] = Field(description="The earliest deadline first.")
    total_min: int = Field(description="Minutes of work, without the ways.")
    span_km: float = Field(description="Between the two sites furthest apart, as the crow flies.")


class BundleSuggestionsOut(Out):
    """What could be bundled on a day; a job is in one suggestion at most."""

    items: list[BundleSuggestionOut]
