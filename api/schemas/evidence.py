"""Parts, checklists, what is handed in, and requests from the site."""

from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.checklists import EXAMPLE_ITEM, EXAMPLE_READING, ItemIn, ItemKind, ItemOut
from api.schemas.files import FileOut
from api.schemas.jobs import JobState
from api.schemas.posting import NeedsIn, PayIn
from api.schemas.values import Code, In, Instant, Line, Out, Sum, Whole, Words, Yes
from dispatch.visits.granting import Grant, PersonWish
from dispatch.visits.parts import PartWish

PartState = Literal["wanted", "ordered", "shipped", "received", "lost", "not_needed", "to_return", "returned"]
ShipTo = Literal["site", "technician", "depot"]
DeliverableState = Literal["submitted", "passed", "sent_back"]
SiteRequestKind = Literal["more_time", "part", "second_person", "different_skill"]
SiteRequestState = Literal["waiting", "granted", "refused", "unanswered", "withdrawn"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000a1"
_AT = "2027-03-01T14:00:00Z"
_PART: dict[str, JsonValue] = {
    "item": "Blower motor 1/2 hp", "quantity": 1, "ship_to": "site", "state": "shipped", "carrier": "UPS",
    "tracking": "1Z999AA10123456784", "expected_at": _AT,
}  # fmt: skip


class PartIn(In):
    """A part that a job needs, or, with state `to_return`, one that goes back."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PART]})
    item: Line
    quantity: Whole = Field(default=1, ge=1, le=10_000)
    ship_to: ShipTo = "site"
    state: Literal["wanted", "ordered", "shipped", "to_return"] = "wanted"
    visit_id: UUID | None = Field(default=None, description="The visit it is for; empty: whichever comes next.")
    carrier: Line | None = None
    tracking: Line | None = None
    expected_at: Instant | None = None
    label_file_id: UUID | None = Field(default=None, description="The label to send it back with, a file of the job.")
    note: Words = ""

    def to_wish(self) -> PartWish:
        """The same for the use case."""
        return PartWish(**dict(self))


class PartPatch(In):
    """What is known differently; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tracking": "1Z999AA10123456784", "expected_at": _AT}]})
    quantity: Whole | None = Field(default=None, ge=1, le=10_000)
    ship_to: ShipTo | None = None
    carrier: Line | None = None
    tracking: Line | None = None
    expected_at: Instant | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError("name at least one field to change")
        return self


class PartMoveIn(In):
    """What is known with the move; all of it may be left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"carrier": "UPS", "tracking": "1Z999AA10123456784"}]})
    carrier: Line | None = None
    tracking: Line | None = None
    expected_at: Instant | None = None
    label_file_id: UUID | None = None
    note: Words | None = None


class PartOut(Out):
    """A part and where it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_PART, "id": _UUID, "job_id": _UUID, "visit_id": _UUID, "received_at": _AT, "note": "",
                 "label_file_id": _UUID, "created_at": _AT, "version": 1, "moves": ["receive", "lose", "drop"]}
            ]
        }
    )  # fmt: skip
    id: UUID
    job_id: UUID
    visit_id: UUID | None
    item: str
    quantity: int
    ship_to: ShipTo
    state: PartState
    carrier: str | None
    tracking: str | None
    expected_at: Instant | None
    received_at: Instant | None
    label_file_id: UUID | None
    note: str
    created_at: Instant
    version: int
    moves: list[str] = Field(description="What can become of it now.")


class VisitPartOut(Out):
    """A part as a visit shows it."""

    id: UUID
    item: str
    quantity: int
    state: PartState
    ship_to: ShipTo
    carrier: str | None
    tracking: str | None
    expected_at: Instant | None
    label_file_id: UUID | None
    note: str
    is_missing: bool = Field(description="The visit needs it and it is not there.")


class VisitPartsOut(Out):
    """The parts of a visit, those that came along from a visit before among them."""

    visit_id: UUID
    is_part_missing: bool
    parts: list[VisitPartOut]


class ItemsIn(In):
    """A client's checklist for a type of job; without items it has none from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"job_type": "hvac_repair", "items": [EXAMPLE_ITEM, EXAMPLE_READING]}]}
    )
    job_type: Code
    items: list[ItemIn] = Field(max_length=50)


class ItemsOut(Out):
    """A version of a checklist; jobs keep the one that they were posted under."""

    id: UUID
    job_type: str
    version: int
    items: list[ItemOut]
    made_at: Instant


class DeliverableIn(In):
    """What is handed in: the values that the item's kind asks for, and no others."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"item": "after", "file_id": _UUID, "caption": "Closed, running"}]}
    )
    item: Code
    file_id: UUID | None = Field(default=None, description="Of a photo, signature, file or return label.")
    caption: Line | None = None
    written: Line | None = Field(default=None, description="Serial number, release code, or the signer's name.")
    number: float | None = Field(default=None, description="Of a reading.")
    is_ok: Yes | None = Field(default=None, description="Of a check.")
    outcome: Literal["refused", "nobody_there"] | None = Field(
        default=None, description="In place of a signature, with `why`."
    )
    why: Code | None = None
    replaces: UUID | None = Field(default=None, description="The one that was sent back; both are kept.")


class ItemBackIn(In):
    """Why it is not good enough, and until when a better one is wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"why": "blurred", "note": "Show the plate, please"}]})
    why: Code
    note: Line | None = None
    due_at: Instant | None = None


class DeliverableOut(Out):
    """Something handed in."""

    id: UUID
    visit_id: UUID
    item: str
    kind: ItemKind
    num: int = Field(description="Which copy of the item.")
    version: int = Field(description="1, and one more each time that it was sent back and handed in again.")
    state: DeliverableState
    file: FileOut | None
    caption: str | None
    written: str | None
    number: float | None
    is_within: bool | None = Field(description="Of a reading: whether it is what it should show.")
    is_ok: bool | None
    outcome: str | None
    why: str | None
    handed_in_at: Instant
    handed_in_by_kind: str
    handed_in_by: UUID | None
    judged_at: Instant | None
    judged_why: str | None
    judged_note: str | None
    due_at: Instant | None
    moves: list[str]


class LackingOut(Out):
    """An item that is not handed in as often as it must be, or was sent back."""

    item: str
    num_needed: int
    num_given: int
    num_sent_back: int


class ChecklistOut(Out):
    """What the job asks for, what was handed in, and what is still missing."""

    job_id: UUID
    job_state: JobState
    items: list[ItemOut]
    deliverables: list[DeliverableOut] = Field(description="Every version, the oldest first.")
    missing: list[LackingOut] = Field(description="The job is not done before these are handed in.")
    is_complete: bool


class SiteRequestIn(In):
    """What is needed to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "more_time", "minutes": 45}]})
    kind: SiteRequestKind
    minutes: Whole | None = Field(default=None, ge=1, le=1440, description="Of more time.")
    item: Line | None = Field(default=None, description="Of a part.")
    quantity: Whole | None = Field(default=None, ge=1, le=10_000)
    skill: Code | None = Field(default=None, description="That is missing on site; see /v1/skills.")
    note: Words = ""
    technician_id: UUID | None = Field(default=None, description="For a company or gateway: who asks.")

    @model_validator(mode="after")
    def _counts_parts(self) -> Self:
        if self.kind == "part" and self.quantity is None:
            self.quantity = 1
        if self.kind != "part" and self.quantity is not None:
            raise ValueError("leave quantity to parts")
        return self


class GrantedPartIn(In):
    """How the part comes; what is left out is as it was asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"carrier": "UPS", "expected_at": _AT}]})
    item: Line | None = None
    quantity: Whole | None = Field(default=None, ge=1, le=10_000)
    ship_to: ShipTo | None = None
    state: Literal["wanted", "ordered", "shipped"] | None = None
    carrier: Line | None = None
    tracking: Line | None = None
    expected_at: Instant | None = None


class GrantedSlotIn(In):
    """Another place on the visit; what is left out is like the place of who asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "helper"}]})
    role: Code | None = None
    needs: NeedsIn | None = None
    pay: PayIn | None = None

    def to_wish(self) -> PersonWish:
        """The same for the use case."""
        needs = self.needs.to_needs() if self.needs else None
        return PersonWish(self.role, needs, self.pay.to_pay() if self.pay else None)


class GrantIn(In):
    """What is granted; what is left out is as it was asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"minutes": 30, "amount": "40.00"}]})
    minutes: Whole | None = Field(default=None, ge=1, le=1440)
    amount: Sum | None = Field(default=None, description="Added to the pay, in its currency.")
    part: GrantedPartIn | None = None
    slot: GrantedSlotIn | None = None
    is_return: Yes = Field(default=False, description="It comes with a later visit: end this one.")

    def to_grant(self) -> Grant:
        """The same for the use case."""
        part = {name: value for name, value in self.part or () if value is not None}
        return Grant(self.minutes, self.amount, part, self.slot.to_wish() if self.slot else None, self.is_return)


class SiteRequestOut(Out):
    """A request from the site; `words` says what its state means for the technician."""

    id: UUID
    job_id: UUID
    visit_id: UUID
    technician_id: UUID
    kind: SiteRequestKind
    minutes: int | None
    item: str | None
    quantity: int | None
    skill: str | None
    note: str
    state: SiteRequestState
    made_at: Instant
    answer_by: Instant
    answered_at: Instant | None
    why: str | None
    granted_minutes: int | None
    granted_amount: Sum | None
    is_return: bool
    part_id: UUID | None
    slot_id: UUID | None
    words: str
    moves: list[str]
