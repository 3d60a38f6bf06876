"""Budgets: what a client means to spend, by project or purchase order, and how far it is used."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from api.schemas.money import Signed
from api.schemas.values import Currency, In, Instant, Line, NewCurrency, Number, Out, Sum, Yes

Role = Literal["client_admin", "dispatcher", "requester"]
Roles = Annotated[list[Role], Field(max_length=3, description="Who may let a job go beyond it, where it is soft.")]

_UUID = "01973b2e-7c1a-7000-8000-0000000000c7"


class BudgetIn(In):
    """What you mean to spend on work that begins on these days, by the zone that your hours are counted in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "PO-7781", "name": "Refit of the Texan stores", "amount": "25000.00", "currency": "USD",
                    "is_hard": True, "from_on": "2027-01-01", "until_on": "2027-06-30",
                    "reason_roles": ["client_admin"],
                }
            ]
        }
    )  # fmt: skip
    code: Number
    name: Line
    amount: Sum
    currency: NewCurrency = "USD"
    is_hard: Yes = Field(default=True, description="Hard: nobody goes beyond it. Soft: with a reason, or two people.")
    from_on: date
    until_on: date | None = Field(default=None, description="The last day; null: none.")
    reason_roles: Roles = Field(default=["client_admin"])


class BudgetPatch(In):
    """What is to be different; what is left out stays. Code and currency stay for good."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "30000.00"}]})
    name: Line | None = None
    amount: Sum | None = None
    is_hard: Yes | None = None
    from_on: date | None = None
    until_on: date | None = Field(default=None, description="Null: no last day from now on.")
    reason_roles: Roles | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for name in self.model_fields_set - {"until_on"}:
            if getattr(self, name) is None:
                raise ValueError(f"give {name} a value, or leave it out")
        return self


class BudgetOut(Out):
    """A budget and how far it is used."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "client_id": _UUID, "code": "PO-7781", "name": "Refit of the Texan stores",
                    "currency": "USD", "amount": "25000.00", "is_hard": True, "from_on": "2027-01-01",
                    "until_on": "2027-06-30", "reason_roles": ["client_admin"], "committed": "21400.00",
                    "spent": "13250.00", "left": "3600.00", "asked": "1260.00", "is_passed": False,
                    "created_at": "2026-12-01T09:00:00Z", "version": 3,
                }
            ]
        }
    )  # fmt: skip
    id: UUID
    client_id: UUID
    code: str
    name: str
    currency: Currency
    amount: Signed
    is_hard: bool
    from_on: date
    until_on: date | None
    reason_roles: list[str]
    committed: Signed = Field(description="Set aside, promised beyond, or approved; refunds are not in it.")
    spent: Signed = Field(description="The approved part of what is committed.")
    left: Signed = Field(description="What is not committed; below zero where more is owed than was meant.")
    asked: Signed = Field(description="The pay of open places under it, as posted; nothing is held for it.")
    is_passed: bool
    created_at: Instant
    version: int


class JobBudgetOut(Out):
    """What a job's pay is counted under, and how much is left of it."""

    id: UUID
    code: str
    is_hard: bool
    currency: Currency
    left: Signed
    asked: Signed = Field(description="The pay of open places under this budget, as posted.")
    is_short: bool = Field(description="More is committed and asked for than the budget holds.")
    reason: str | None = Field(description="Why this job may go beyond it.")
