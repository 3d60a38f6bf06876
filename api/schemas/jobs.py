"""A job as it comes out: for whom it is asked of, for whom it is offered to, in a list."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.budgets import JobBudgetOut
from api.schemas.cleared import ClearedHintOut, DisclosureOut
from api.schemas.values import Currency, Instant, Out, Sum

AskedTime = Literal["exact", "window", "asap"]
Mode = Literal["auto", "first", "manual"]
PayKind = Literal["fixed", "hourly"]
JobState = Literal[
    "draft", "open", "assigned", "in_progress", "done", "approved", "paid",
    "on_hold", "unfilled", "sent_back", "cancelled", "disputed",
]  # fmt: skip
PromiseState = Literal["running", "paused", "kept", "broken", "void"]
VisitState = Literal["planned", "confirmed", "on_the_way", "checked_in", "checked_out", "missed", "cancelled"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"
_PLACE: dict[str, JsonValue] = {
    "is_exact": True,
    "lat": 41.8781,
    "lng": -87.6298,
    "town": "Chicago",
    "region": "IL",
    "country": "US",
    "time_zone": "America/Chicago",
    "site_id": _UUID,
    "store_number": "1042",
    "name": "Loop store",
    "address": "1 State St",
    "postcode": "60602",
    "access": "Ring at the rear door",
    "parking": "Behind the house",
    "contact_name": "The store's manager",
    "contact_phone": "+13125550142",
}


class WindowOut(Out):
    """When the work may be done."""

    start_at: Instant
    end_at: Instant


class PayOut(Out):
    """What is paid."""

    kind: PayKind
    amount: Sum
    currency: Currency


class NeedsOut(Out):
    """What a technician must bring."""

    skills: dict[str, int]
    credentials: list[str]
    clearance: bool
    pools: list[UUID]
    market: bool


class PersonOut(Out):
    """A technician, as far as you may know them."""

    id: UUID
    number: str | None
    name: str | None
    phone: str | None = Field(description="Only once assigned.")
    email: str | None = Field(description="Only once assigned.")


class PlaceOut(Out):
    """Where; before assignment the middle of a large cell and the town, `is_exact` false."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PLACE]})
    is_exact: bool
    lat: float
    lng: float
    town: str
    region: str
    country: str
    time_zone: str
    site_id: UUID | None
    store_number: str | None
    name: str | None
    address: str | None
    postcode: str | None
    access: str | None
    parking: str | None
    contact_name: str | None
    contact_phone: str | None


class SlotOut(Out):
    """One place for one technician."""

    id: UUID
    num: int
    role: str
    is_lead: bool = Field(description="Whoever has this place leads the visit.")
    is_observer: bool = Field(description="To look, not to work.")
    state: Literal["open", "filled", "closed"]
    needs: NeedsOut
    pay: PayOut
    technician: PersonOut | None


class VisitOut(Out):
    """One trip to the site."""

    id: UUID
    num: int
    state: VisitState
    asked_time: AskedTime
    window: WindowOut
    duration_min: int
    planned_start_at: Instant | None
    planned_end_at: Instant | None
    confirm_by: Instant | None
    confirmed_at: Instant | None
    checked_in_at: Instant | None
    checked_out_at: Instant | None
    outcome: str | None
    slots: list[SlotOut]


class UnfilledOut(Out):
    """Why nobody took it, and the ways on."""

    visit: UUID
    role: str
    num_in_reach: int | None
    num_may: int | None
    num_asked: int
    answers: dict[str, int] = Field(description="Offers by how they ended.")
    reasons: list["ReasonOut"]
    ways_on: list[str]
    is_unfunded: bool = Field(default=False, description="Your funds and credit do not suffice: nobody was asked.")
    is_over_budget: bool = Field(default=False, description="The job's budget does not suffice: nobody was asked.")


class ReasonOut(Out):
    """A reason why people may not, in words; a count under five is not told to a client."""

    code: str
    words: str
    num_technicians: int | None
    count: str = Field(description="The count in words.")
    is_locked: bool = Field(description="Law, insurance, clearance, limits, blocks: nobody overrides it.")
    may_override: bool = Field(description="A dispatcher may ask somebody by name all the same, with a reason.")


class PauseOut(Out):
    """A pause that is over; `minutes` of it counted."""

    from_at: Instant
    to_at: Instant
    why: str
    minutes: int


class PromiseOut(Out):
    """What was promised: respond, when the first technician is assigned; fix, when the work is done."""

    respond_by: Instant | None
    respond: PromiseState | None
    responded_at: Instant | None
    fix_by: Instant | None
    fix: PromiseState | None
    minutes_left: int | None = Field(description="By the clock, to the next deadline that runs; negative once broken.")
    counted_minutes_left: int | None = Field(description="The same in minutes that count: the site's open ones.")
    paused_at: Instant | None
    paused_why: str | None
    pauses: list[PauseOut]


class PromiseLine(Out):
    """What was promised, in a list."""

    respond_by: Instant | None
    fix_by: Instant | None
    minutes_left: int | None
    is_paused: bool
    is_broken: bool


class MendOut(Out):
    """One thing to mend: in words, or the code of an item of the checklist and what was handed in for it."""

    what: str
    deliverable: UUID | None = None


class SentBackOut(Out):
    """Work that came back, and by when it is to be mended."""

    due_at: Instant
    items: list[MendOut]


class JobOut(Out):
    """A job with its visits and slots."""

    id: UUID
    client_id: UUID
    number: str
    title: str
    description: str
    disclosure: DisclosureOut
    cleared: ClearedHintOut | None
    job_type: str
    state: JobState
    mode: Mode
    priority: int
    purchase_order: str | None
    project: str | None
    budget: JobBudgetOut | None
    bundle_id: UUID | None
    series_id: UUID | None
    series_day: date | None
    terms_version: int
    policy: dict[str, Any]
    day_policy: dict[str, Any]
    place: PlaceOut
    visits: list[VisitOut]
    unfilled: UnfilledOut | None
    sent_back: SentBackOut | None = Field(description="What is to be mended; null when nothing is.")
    promise: PromiseOut | None
    is_at_risk: bool = Field(description="Something about it needs a person; see /v1/trouble.")
    posted_at: Instant | None
    cancelled_at: Instant | None
    cancelled_why: str | None
    created_at: Instant
    version: int
    moves: list[str] = Field(description="What can be done with it now.")


class JobLine(Out):
    """A job in a list."""

    id: UUID
    number: str
    title: str
    job_type: str
    state: JobState
    mode: Mode
    priority: int
    site_id: UUID
    town: str
    time_zone: str = Field(description="The site's: its times are shown in it.")
    bundle_id: UUID | None
    window: WindowOut | None
    promise: PromiseLine | None
    is_at_risk: bool
    posted_at: Instant | None
    created_at: Instant
    version: int


class JobMoved(Out):
    """What became of a job."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": _UUID, "state": "open", "version": 2, "moves": ["hold", "cancel"]}]}
    )
    id: UUID
    state: JobState
    version: int
    moves: list[str]
