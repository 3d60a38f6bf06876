"""The story of a job: waves, decisions, events, candidates, the queue."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.jobs import JobLine, PersonOut, ReasonOut, UnfilledOut, VisitState, WindowOut
from api.schemas.jobs import PlaceOut as _Place
from api.schemas.offers import AskedOut
from api.schemas.values import Instant, Out, Sum


class WaveOut(Out):
    """A batch of technicians who were asked together."""

    id: UUID
    visit_id: UUID
    role: str
    round: int
    num: int
    num_asked: int
    decision_id: UUID
    sent_at: Instant
    until_at: Instant


class PlacedOut(Out):
    """A technician's place in the ranking; to the operator with all parts of the score, which add up to the total."""

    technician: UUID
    place: int
    total: float | None = Field(description="null to a client: with it goes how far away somebody lives.")
    parts: dict[str, float]


class ChangeOut(Out):
    """More could do it if this were different."""

    kind: str
    words: str
    subject: str
    before: str
    after: str
    num_more: int | None = Field(description="null: fewer than five.")
    is_exact: bool
    currency: str = Field(description="That of a pay; empty where it is none.")
    text: str


class DecisionLine(Out):
    """A decision that was made about a job."""

    id: UUID
    visit_id: UUID
    role: str
    kind: Literal["wave", "auto"]
    decided_at: Instant
    policy_version: str
    engine_version: str
    digest: str


class DecisionOut(DecisionLine):
    """A decision, explained from what was stored."""

    outcome: str
    num_in_reach: int | None
    num_may: int | None
    asked: list[PlacedOut]
    next_best: list[PlacedOut]
    reasons: list[ReasonOut]
    changes: list[ChangeOut] = Field(description="Could do it if …")


class EventOut(Out):
    """Something that happened."""

    id: UUID
    at: Instant
    subject_kind: str
    subject_id: UUID
    seq: int
    kind: str
    actor_kind: str
    actor_id: UUID | None
    actor_name: str | None = Field(description="Of your staff, and of technicians whom you may know.")
    data: dict[str, Any]


class SpotOnMap(Out):
    """The middle of the cell in which somebody starts, as far as a client knows of it."""

    lat: float
    lng: float


class WouldCostOut(Out):
    """What the work would be paid: as planned, with the way there where the job pays for it; before fees."""

    amount: Sum
    currency: str


class CandidateOut(Out):
    """Someone who may do the job at this moment."""

    technician: PersonOut
    place: int
    total: float
    parts: dict[str, float]
    distance_m: int
    travel_s: int
    cost: WouldCostOut
    home: SpotOnMap | None
    earliest_start_at: Instant


class TickOut(Out):
    """One rule for one technician."""

    rule: str
    holds: bool
    text: str


class CandidatesOut(Out):
    """Who may do a role of a visit, who may not, and what would let more."""

    visit_id: UUID
    role: str
    at: Instant
    staleness_s: float = Field(description="Age of the index that was searched.")
    num_in_reach: int | None = Field(description="null: fewer than five.")
    num_may: int
    candidates: list[CandidateOut] = Field(description="Those who may, best first.")
    reasons: list[ReasonOut] = Field(description="Why the others may not.")
    changes: list[ChangeOut] = Field(description="Could do it if …")


class CandidateDetail(Out):
    """One technician for a role of a visit."""

    visit_id: UUID
    role: str
    technician: PersonOut
    may: bool
    place: int | None
    total: float
    parts: dict[str, float]
    distance_m: int
    travel_s: int
    cost: WouldCostOut
    failed: list[ReasonOut]
    ticks: list[TickOut] = Field(description="Every rule with its figures; for the operator alone.")


class QueueItem(Out):
    """A job that waits for a person."""

    job: JobLine
    why: Literal["unfilled", "waiting_for_pick"]
    unfilled: UnfilledOut | None
    waiting: list[AskedOut] = Field(description="Who said yes, or yes on other terms.")
    ways_on: list[str]


class VisitLine(Out):
    """A visit in a list."""

    id: UUID
    job_id: UUID
    title: str
    num: int
    state: VisitState
    window: WindowOut
    duration_min: int
    planned_start_at: Instant | None
    planned_end_at: Instant | None
    confirm_by: Instant | None
    confirmed_at: Instant | None
    checked_in_at: Instant | None
    checked_out_at: Instant | None
    place: _Place
    is_part_missing: bool = Field(description="A part that it needs is not there; see /v1/visits/{id}/parts.")
    moves: list[str]
