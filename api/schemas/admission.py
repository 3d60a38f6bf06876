"""Admissions: who let whom in; the standing of clients."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.values import Code, In, Instant, Line, NewCurrency, Out, Sum, Yes

AdmissionState = Literal["invited", "applied", "admitted", "declined", "suspended", "ended"]
AdmissionMove = Literal["accept", "admit", "decline", "withdraw", "suspend", "reinstate", "end"]
ClientState = Literal["applied", "approved", "declined", "suspended"]
ClientMove = Literal["approve", "decline", "suspend", "reinstate"]

_UUID = "01973b2e-7c1a-7000-8000-0000000000d1"
_AT = "2026-11-22T20:00:00Z"
AGREEMENT: dict[str, JsonValue] = {
    "version": "2026-01",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "accepted_by": "Sam Lopez",
    "accepted_at": _AT,
}


class ClientAgreementIn(In):
    """Which text was accepted: its version and hash, when, and for the company by whom."""

    model_config = ConfigDict(json_schema_extra={"examples": [AGREEMENT]})
    version: Code
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    accepted_by: Line
    accepted_at: Instant

    def said(self) -> dict[str, Any]:
        """The values as they were read."""
        return {name: getattr(self, name) for name in type(self).model_fields}


Regions = Annotated[
    list[Annotated[str, Field(pattern="^[A-Z]{2}$")]],
    Field(max_length=60, description="US states in which the client may post; empty: everywhere.", examples=[["TX"]]),
]

CreditLimit = Annotated[
    Sum,
    Field(description="How far below nothing its funds may go, 0: not at all. It is that of its money rules."),
]
PaysOutside = Annotated[
    Yes, Field(description="Its money isn't kept here: nothing is set aside, and no credit limit holds.")
]


class ApplicationIn(In):
    """A company wants to be a client. It waits for the operator."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Acme service", "agreement": AGREEMENT}]})
    name: Line
    currency: NewCurrency = "USD"
    regions: Regions = Field(default_factory=list)
    agreement: ClientAgreementIn | None = None


class ClientMoveIn(In):
    """Why, of a no or a suspension; an approval says how far its credit goes, or that it pays outside Truckroll."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"credit_limit": "25000.00", "regions": ["TX", "NM"]}]})
    reason: Code | None = None
    credit_limit: CreditLimit | None = None
    pays_outside: PaysOutside | None = None
    regions: Regions | None = None


class ClientMoved(Out):
    """A client's state; of a suspension the live assignments, which stay and are flagged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": _UUID, "state": "suspended", "reason": "unpaid", "assignments": [_UUID], "moves": []}]
        }
    )
    id: UUID
    state: ClientState
    reason: str | None
    assignments: list[UUID]
    moves: list[ClientMove]


class InvitationIn(In):
    """A client asks a technician whom it may know to come in, and into private pools."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"technician_id": _UUID, "pools": []}]})
    technician_id: UUID
    pools: list[UUID] = Field(default_factory=list, max_length=50)
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")


class AdmissionIn(In):
    """A technician asks a client to let them in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": _UUID}]})
    client_id: UUID
    technician_id: UUID | None = Field(default=None, description="For whom a company or a gateway speaks.")


class AdmissionMoveIn(In):
    """Why, as a code: a no, a suspension and an end need one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "no_capacity"}]})
    reason: Code | None = None


class RedeemIn(In):
    """The code of an invitation, as it came by mail."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "kJ3v9mWq2h0Xc4Yb7Tn1Lz5Rs8Pd6Fa0"}]})
    code: Annotated[str, Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")]


class AdmissionOut(Out):
    """An admission, as the asker may know it: `name` and `email` are what the client wrote of somebody it invited."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "client_id": _UUID, "client": "Acme service", "technician_id": _UUID,
                    "state": "declined", "reason": "no_capacity", "name": "Anna M.",
                    "email": "anna@example.com", "pools": [],
                    "created_at": _AT, "moved_at": _AT, "moves": [], "assignments": [],
                }
            ]
        }
    )  # fmt: skip
    id: UUID
    client_id: UUID
    client: str
    technician_id: UUID | None
    state: AdmissionState
    reason: str | None
    name: str | None
    email: str | None
    pools: list[UUID]
    created_at: Instant
    moved_at: Instant
    moves: list[AdmissionMove]
    assignments: list[UUID]


class Standing(In):
    """What the operator alone sets: credit limit or way of paying, states of operation, the accepted agreement."""

    credit_limit: CreditLimit | None = None
    pays_outside: PaysOutside | None = None
    regions: Regions | None = None
    agreement: ClientAgreementIn | None = None

    def standing(self) -> dict[str, Any]:
        """What was said of it, in the form that `dispatch.talent.clients` takes."""
        names = self.model_fields_set & {"credit_limit", "pays_outside", "regions", "agreement"}
        said = {name: getattr(self, name) for name in names}
        if said.get("agreement") is not None:
            said["agreement"] = said["agreement"].said()
        return said
