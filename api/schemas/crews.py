"""Crews: who is on a visit together."""

from decimal import Decimal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.posting import PayIn
from api.schemas.values import In, Out

_UUID = "01973b2e-7c1a-7000-8000-0000000000f1"
_MEMBER: dict[str, JsonValue] = {
    "slot_id": _UUID, "role": "technician", "is_lead": True, "is_observer": False, "technician_id": _UUID,
    "name": "Anna Miller",
}  # fmt: skip


class MemberOut(Out):
    """A place on a visit, and who has it; nobody's number is told."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MEMBER]})
    slot_id: UUID
    role: str
    is_lead: bool
    is_observer: bool
    technician_id: UUID | None = Field(description="Empty: the place is open.")
    name: str | None


class CrewOut(Out):
    """Everybody on a visit."""

    items: list[MemberOut]


class LeadIn(In):
    """Who leads from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"technician_id": _UUID}]})
    technician_id: UUID


class ObserverIn(In):
    """Whom to ask to look on, and what for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"technician_id": _UUID, "pay": {"kind": "fixed", "amount": "0.00", "currency": "USD"}}]
        }
    )
    technician_id: UUID
    pay: PayIn = Field(default_factory=lambda: PayIn(amount=Decimal(0)), description="Empty: unpaid.")


class ObserverOut(Out):
    """The place, and the offer that was made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slot_id": _UUID, "offer_id": _UUID}]})
    slot_id: UUID
    offer_id: UUID
