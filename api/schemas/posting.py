"""A job as it goes in: posted, uploaded, copied, changed."""

from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.checklists import ItemIn
from api.schemas.cleared import ClearedIn, DisclosureIn
from api.schemas.jobs import AskedTime, Mode, PayKind
from api.schemas.values import Code, In, Instant, Line, NewCurrency, Number, Sum, Whole, Words, Yes, check_decimals
from dispatch.jobs.cleared import Cleared, cleared_from
from dispatch.jobs.wishes import JobWish, SlotWish
from matching.job import Needs, Pay

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"
_WINDOW: dict[str, JsonValue] = {"start_at": "2027-03-01T14:00:00Z", "end_at": "2027-03-01T22:00:00Z"}
_NEEDS: dict[str, JsonValue] = {
    "skills": {"hvac": 3},
    "credentials": ["background_check"],
    "clearance": False,
    "pools": [],
    "market": True,
}
_PAY: dict[str, JsonValue] = {"kind": "fixed", "amount": "180.00", "currency": "USD"}


class WindowIn(In):
    """When the work may be done: all of it inside."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WINDOW]})
    start_at: Instant
    end_at: Instant

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end_at <= self.start_at:
            raise ValueError("end after the start")
        if self.end_at - self.start_at > timedelta(days=366):
            raise ValueError("leave a window of at most 366 days")
        return self


class PayIn(In):
    """What is paid: one sum for the visit, or by the hour.

    By the device it is the sum for all that are expected, and blended the fixed part.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_PAY]})
    kind: PayKind = "fixed"
    amount: Sum
    currency: NewCurrency = "USD"

    @model_validator(mode="after")
    def _has_its_decimals(self) -> Self:
        check_decimals(self.amount, self.currency)
        return self

    def to_pay(self) -> Pay:
        """The same for matching."""
        return Pay(self.kind, self.amount, self.currency)


class NeedsIn(In):
    """What a technician must bring."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEEDS]})
    skills: dict[Code, Whole] = Field(
        default_factory=dict, max_length=20, description="Skill -> least level, 1 to 5; see /v1/skills."
    )
    credentials: list[Code] = Field(default_factory=list, max_length=20, description="Kinds; see /v1/credentials.")
    clearance: Yes = Field(default=False, description="Only US persons may do it.")
    pools: list[UUID] = Field(default_factory=list, max_length=50, description="Whose members may do it.")
    market: Yes = Field(default=True, description="The open market may do it too.")

    @model_validator(mode="after")
    def _levels_exist(self) -> Self:
        for code, level in self.skills.items():
            if not 1 <= level <= 5:
                raise ValueError(f"skill {code} at level {level}: levels go from 1 to 5")
        return self

    def to_needs(self) -> Needs:
        """The same for matching."""
        return Needs(
            dict(self.skills), tuple(sorted(set(self.credentials))), self.clearance, frozenset(self.pools), self.market
        )


class SlotIn(In):
    """So many technicians of one role."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"role": "technician", "count": 1, "needs": _NEEDS, "pay": _PAY}]}
    )
    role: Code = "technician"
    count: Whole = Field(default=1, ge=1, le=20)
    is_lead: Yes | None = Field(
        default=None, description="One of them leads the visit; empty: if no other role does. At most one role may."
    )
    is_observer: Yes = Field(default=False, description="They only look, paid or not: the job is filled without them.")
    needs: NeedsIn = Field(default_factory=NeedsIn)
    pay: PayIn


_JOB_IN: dict[str, JsonValue] = {
    "number": "WO-10442",
    "site_id": _UUID,
    "title": "Replace the rooftop unit's blower motor",
    "job_type": "hvac_repair",
    "window": _WINDOW,
    "duration_min": 120,
    "slots": [{"role": "technician", "count": 1, "needs": _NEEDS, "pay": _PAY}],
    "priority": 3,
    "mode": "first",
}
EXAMPLE_WORK: dict[str, JsonValue] = {
    name: value for name, value in _JOB_IN.items() if name not in ("number", "site_id", "window")
}


class JobWork(In):
    """What is to be done, whatever its number, site and time."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_WORK]})
    title: Line
    job_type: Code
    duration_min: Whole = Field(ge=1, le=20_160, description="Minutes of work.")
    slots: list[SlotIn] = Field(min_length=1, max_length=10)
    asked_time: AskedTime = Field(default="window", description="`exact`: the window is as long as the work.")
    description: Words = ""
    purchase_order: Number | None = None
    project: Number | None = None
    budget: Number | None = Field(default=None, description="The code of the budget that its pay is counted under.")
    priority: Whole = Field(default=3, ge=1, le=5, description="1 is the most urgent.")
    mode: Mode | None = Field(default=None, description="Who decides; empty: as your policy says.")
    policy: dict[str, Any] = Field(default_factory=dict, description="Settings of your policy, for this job alone.")
    day_policy: dict[str, Any] = Field(default_factory=dict, description="The same of your day policy.")
    deliverables: list[ItemIn] | None = Field(
        default=None, max_length=50, description="What is to be handed in; empty: as your checklist of its type says."
    )
    disclosure: DisclosureIn = Field(default_factory=DisclosureIn)
    cleared: ClearedIn | None = Field(default=None, description="What only the cleared may read; kept sealed.")

    def to_cleared(self) -> Cleared | None:
        """The cleared texts for the use case."""
        return cleared_from(self.cleared.model_dump()) if self.cleared else None


class JobIn(JobWork):
    """What a service department wants done. `number` is your own: posting it again returns the same job."""

    model_config = ConfigDict(json_schema_extra={"examples": [_JOB_IN]})
    number: Number
    site_id: UUID
    window: WindowIn
    bundle_id: UUID | None = Field(default=None, description="Taken together with the bundle's other jobs.")
    budget_reason: Line | None = Field(
        default=None, description="Why it may go beyond a soft budget; for those whom the budget names."
    )
    is_draft: Yes = Field(default=False, description="Kept, and offered once you publish it.")

    @model_validator(mode="after")
    def _fits_its_window(self) -> Self:
        room, work = self.window.end_at - self.window.start_at, timedelta(minutes=self.duration_min)
        if room < work:
            raise ValueError(f"leave room for {self.duration_min} minutes of work inside the window")
        if self.asked_time == "exact" and room != work:
            raise ValueError(f"an exact window is as long as the work: {self.duration_min} minutes")
        return self

    def to_wish(self) -> JobWish:
        """The same for the use case."""
        slots = tuple(
            SlotWish(slot.needs.to_needs(), slot.pay.to_pay(), slot.role, slot.count, slot.is_lead, slot.is_observer)
            for slot in self.slots
        )
        own = self.model_dump(
            include={
                "number", "site_id", "title", "job_type", "duration_min", "asked_time", "description",
                "purchase_order", "project", "budget", "budget_reason", "priority", "mode", "policy", "day_policy",
                "bundle_id", "is_draft",
            }
        )  # fmt: skip
        items = None if self.deliverables is None else tuple(item.to_item() for item in self.deliverables)
        own |= {"start_at": self.window.start_at, "end_at": self.window.end_at}
        return JobWish(
            **own, slots=slots, deliverables=items, disclosure=self.disclosure.model_dump(), cleared=self.to_cleared()
        )


class JobPatch(In):
    """What is to be different; what is left out stays. A change of terms withdraws the open offers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pay": {**_PAY, "amount": "220.00"}}]})
    title: Line | None = None
    description: Words | None = None
    purchase_order: Number | None = None
    project: Number | None = None
    budget: Number | None = Field(default=None, description="Its code; null: counted under none from now on.")
    budget_reason: Line | None = Field(default=None, description="Why it may go beyond a soft budget.")
    priority: Whole | None = Field(default=None, ge=1, le=5)
    window: WindowIn | None = None
    duration_min: Whole | None = Field(default=None, ge=1, le=20_160)
    pay: PayIn | None = None
    needs: NeedsIn | None = None
    role: Code | None = Field(default=None, description="Whose pay and needs; empty: all roles.")
    mode: Mode | None = None
    policy: dict[str, Any] | None = None
    disclosure: DisclosureIn | None = None
    cleared: ClearedIn | None = Field(
        default=None, description="In place of all cleared texts; null takes them away. Asks nobody anew."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set - {"role"}:
            raise ValueError("name at least one field to change")
        return self


class JobCopyIn(In):
    """The copy's own number and time; its site and length, where they differ."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": "WO-10443", "window": _WINDOW}]})
    number: Number
    window: WindowIn
    site_id: UUID | None = None
    duration_min: Whole | None = Field(default=None, ge=1, le=20_160)
    budget: Number | None = Field(default=None, description="Another budget than the original's.")
    is_draft: Yes = False


class JobUploadIn(In):
    """A table of jobs as CSV text; with `is_preview` it is looked at only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "csv": "number,store_number,title,job_type,start,end,duration_min,skills,pay\n"
                    "WO-1,1042,Replace drive,hardware,2027-03-01 09:00,2027-03-01 13:00,60,hvac:2,140.00\n",
                    "is_preview": True,
                }
            ]
        }
    )
    csv: str = Field(min_length=1, max_length=500_000)
    is_preview: Yes = True


class WhyIn(In):
    """The reason, as a code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "customer_closed"}]})
    why: Code = "other"


class HandBackIn(In):
    """Why a technician hands work back, as a code, and what a person should know who looks at it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "no_access", "words": "The store says that it is closed all week."}]}
    )
    why: Code = Field(
        default="other",
        description="`unsafe`, `no_access`, `not_ready`, `site_closed`, `customer_closed`, `client_changed`: it doesn't"
        " count before a person has looked at it. Any other counts by when it is said.",
    )
    words: Words = Field(
        default="", max_length=4_000, description="What happened, for that person; only with one of those codes."
    )


class PickIn(In):
    """Whom the dispatcher picks: the offer of one who said yes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offer_id": _UUID}]})
    offer_id: UUID
