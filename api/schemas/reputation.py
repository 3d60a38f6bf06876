"""Reputation, ratings, appeals, and a person's second look at a decision or a lapse."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas.jobs import PlaceOut, WindowOut
from api.schemas.values import In, Instant, Out, Whole

Part = Literal["kept", "on_time", "completed", "passed", "rated"]
Side = Literal["client", "technician"]
ReviewAbout = Literal["outcome", "decision", "lapse", "excuse"]
ReviewState = Literal["open", "upheld", "rejected", "unanswered"]
Said = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]

_UUID = "01973b2e-7c1a-7000-8000-0000000000e1"


class RatingIn(In):
    """Stars for the other side of a visit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stars": 5}]})
    stars: Whole = Field(ge=1, le=5)
    assignment_id: UUID | None = Field(default=None, description="Whose work, where several were on the visit.")


class RatingOut(Out):
    """A rating as it was given: it is never changed."""

    id: UUID
    assignment_id: UUID
    by_side: Side
    stars: int
    show_at: Instant = Field(description="When both sides see both ratings at the latest.")
    is_shown: bool


class VisitRatingsOut(Out):
    """What was said of a visit: your side's stars, and the other side's once both are shown."""

    items: list[RatingOut]
    rate_until: Instant | None = Field(description="Until when you may rate; null: not now, or you have.")


class ReputationPartOut(Out):
    """One part of the score, from 0 to 1."""

    name: Part
    value: float
    share: float = Field(description="How much of the score it is.")
    network_mean: float = Field(description="What a newcomer has.")
    num_outcomes: int = Field(description="How many count.")
    weight: float = Field(description="What they weigh together; the prior weighs as much as the rules' strength.")


class ReputationPointOut(Out):
    """An outcome, by the event that says so, and what it adds to the score or takes from it."""

    event_id: UUID
    part: Part
    kind: str
    words: str
    at: Instant
    points: float
    counts: bool
    why_not: str | None = Field(description="Why it doesn't count, as a code.")
    why_not_words: str | None
    assignment_id: UUID
    job_id: UUID
    review_id: UUID | None = Field(description="Your appeal against it.")
    review_state: ReviewState | None


class RulesOut(Out):
    """The rules, the same for everybody."""

    strength: float = Field(description="How many outcomes the network's mean weighs in each part.")
    half_life_days: float
    early_min: int
    late_min: int
    early_back_out_h: int
    early_back_out: float
    late_back_out: float
    no_show: float
    reveal_days: int
    answer_days: int
    excuse_days: int = Field(description="How long the client has to answer an excuse, and after it the operator.")


class ReputationOut(Out):
    """A technician's reputation: a newcomer's start plus the points of each outcome."""

    technician_id: UUID
    score: float
    low: float
    high: float
    start: float
    num_outcomes: int
    parts: list[ReputationPartOut]
    points: list[ReputationPointOut] = Field(description="Everything that counts or could, the newest first.")
    rules: RulesOut


class ClientPointOut(Out):
    """Something that the client did that cost a technician."""

    kind: Literal["late_cancellation", "site_not_ready", "slow_approval"]
    why: str
    at: Instant
    event_id: UUID
    job_id: UUID


class ClientAccountOut(Out):
    """How the client behaved over the last year."""

    client_id: UUID
    since: Instant
    num_assignments: int
    late_cancellations: int
    sites_not_ready: int
    slow_approvals: int
    num_ratings: int | None = Field(description="By technicians, shown; null: fewer than five.")
    mean_stars: float | None = Field(description="null: fewer than five ratings.")
    points: list[ClientPointOut] = Field(description="The newest first.")
    given: list[RatingOut] = Field(description="What you said of technicians, the newest first.")


class AppealIn(In):
    """What is wrong with an outcome, and by which event it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"event_id": _UUID, "words": "The gate was shut until 9:40; I waited in front of it."}]
        }
    )
    event_id: UUID
    words: Said


class ReviewIn(In):
    """Which decision, or which lapse, a person should look at, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision_id": _UUID, "words": "I live next door and was not asked first."}]}
    )
    decision_id: UUID | None = Field(default=None, description="A decision; this or a lapse.")
    lapse_id: UUID | None = Field(default=None, description="A lapse, see `GET /v1/lapses`; this or a decision.")
    words: Said
    technician_id: UUID | None = Field(default=None, description="About whom, where a company has several there.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.decision_id is None) == (self.lapse_id is None):
            raise ValueError("name a decision or a lapse, one of them")
        return self


class ReviewAnswerIn(In):
    """A person's answer: `upheld`, the technician was right; `rejected`, it stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdict": "upheld", "words": "The store confirms that it opened late."}]}
    )
    verdict: Literal["upheld", "rejected"]
    words: Said


class ReviewOut(Out):
    """An appeal against an outcome, or a review of a decision, a lapse or an excuse.

    `event_id` is a lapse's id, or the event of what was excused: `why` is its code.
    """

    id: UUID
    client_id: UUID
    technician_id: UUID
    about: ReviewAbout
    event_id: UUID | None
    assignment_id: UUID | None
    decision_id: UUID | None
    job_id: UUID | None = Field(description="Whose work it is about; null: not yours to read.")
    outcome: Literal["return_needed", "could_not_start"] | None = Field(
        description="Of an excuse: how the visit ended; null where the work was handed back."
    )
    why: str | None = Field(
        description="Of an excuse: the code with which the work was handed back, or the visit ended."
    )
    start_at: Instant | None = Field(description="Of an excuse: when the work was agreed to begin.")
    time_zone: str | None = Field(description="Of an excuse: by whose clock the work begins, the site's.")
    words: str
    state: ReviewState
    made_at: Instant
    due_at: Instant = Field(description="By when a person answers.")
    is_late: bool
    passed_on_at: Instant | None = Field(
        description="Since when an excuse is the operator's to answer: its client did not by the date."
    )
    answer: str
    decided_at: Instant | None
    is_for_another: bool = Field(
        description="You answered about the same before, and another person of the operator's is to answer this."
    )
    moves: list[str] = Field(description="`answer` where it is yours to.")


class WeightOut(Out):
    """One parameter of the ranking, how much it weighs, and what you had."""

    name: str
    weight: float
    part: float = Field(description="Your part of the total.")


class OwnTickOut(Out):
    """One rule, as it stood for you."""

    rule: str
    holds: bool
    text: str
    words: str
    advice: str = Field(description="What you can do about a cross; empty for a tick.")


class OwnDecisionOut(Out):
    """A decision about you: the main parameters, and how you stood."""

    decision_id: UUID
    job_id: UUID
    decided_at: Instant
    kind: Literal["wave", "auto"]
    policy_version: str
    engine_version: str
    may: bool
    was_asked: bool
    place: int | None = Field(description="1 = best; null: a rule said no.")
    num_may: int | None = Field(description="How many could; null: fewer than five.")
    total: float = Field(description="The sum of your parts, without what a side's favourites added.")
    weights: list[WeightOut]
    rules: list[OwnTickOut]
    outcome: str = Field(description="What became of your offer, as a code; `not_asked`: you got none.")
    review_id: UUID | None = Field(description="Where you asked for a person's look.")


class UnaskedWorkOut(Out):
    """The work that was decided about, as it is told to whoever is asked."""

    title: str
    job_type: str
    client: str | None = Field(description="Null: one that has nothing to do with you; the market names none.")
    place: PlaceOut = Field(description="The town, and the middle of a cell.")
    window: WindowOut
    duration_min: int


class UnaskedOut(OwnDecisionOut):
    """A decision that had you in reach and did not ask you: the rules, or how you stood among those who might."""

    work: UnaskedWorkOut | None = Field(description="Null: for US persons alone, and you are not known to be one.")


class LapsedRuleOut(Out):
    """A rule that no longer holds."""

    rule: str
    words: str


class LapseOut(Out):
    """What became of work of yours when a proof that it needs no longer held, and by what it was judged."""

    id: UUID
    assignment_id: UUID
    technician_id: UUID
    client_id: UUID
    job_id: UUID
    visit_id: UUID
    decided_at: Instant
    fate: Literal["flag", "withdraw", "keep"] = Field(description="What the client's policy does: `proofs.on_lapse`.")
    rules: list[LapsedRuleOut] = Field(description="What failed.")
    proofs: list[str] = Field(description="The kinds of proof that were missing or end too soon, as codes.")
    start_at: Instant = Field(description="When the work was agreed to begin.")
    end_at: Instant = Field(description="When it was to end: the proofs are judged at this time.")
    is_open: bool = Field(description="Whether the work is still yours, and to come.")
    review_id: UUID | None = Field(description="Where you asked for a person's look.")
