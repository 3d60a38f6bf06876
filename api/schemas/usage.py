"""Hours with a client, and the limits that it goes by."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.values import Code, In, Out

Level = Literal["green", "amber", "red"]
Binding = Literal["hard", "soft", "off"]

#: Said wherever limits are shown.
NOTE = "Guidance from what is known on this platform, not legal advice."

_LIMITS: dict[str, JsonValue] = {
    "packs": {"us-erisa-1000-hours": "hard", "tenure-12-in-18": "off"},
    "own": [{"id": "two-weeks-a-quarter", "hours": 80, "window_months": 3, "binding": "soft"}],
}


class WayOnOut(Out):
    """What can be done about a limit that comes near."""

    code: Code
    text: str


class StandingOut(Out):
    """How two stand under one limit or sign; `used`, `projected` and `most` are in its `unit`."""

    pack: Code
    version: int
    title: str
    binding: Binding
    level: Level
    unit: Literal["hours", "months", "USD", "share"]
    used: float = Field(description="Worked in the window that ends today.")
    projected: float = Field(description="In the fullest window from today on, with all that is promised.")
    most: float
    reaches_on: date | None = Field(description="When the limit is reached at the pace of the last weeks, if soon.")
    free_on: date | None = Field(description="The first day with room again, if there is none now.")
    from_day: date | None = Field(description="When this version begins, if it is not in force yet.")
    signed_on: date | None = Field(description="Since when the written contract that it asks for is signed.")
    is_at_stake: bool = Field(description="All open offers together would cross it: a warning, nothing is refused.")
    text: str
    source: str
    guidance: str
    guidance_es: str = Field(description="The same in Spanish; empty where nobody wrote it.")
    is_custom: bool = Field(description="A habit of the trade, not a rule of law.")
    ways_on: list[WayOnOut]


class UsageOut(Out):
    """Hours of one technician with one client: worked, promised, and at stake in open offers, which only warn."""

    client_id: UUID
    client: str = Field(description="Its name.")
    technician_id: UUID
    engaged_as: Code = Field(description="How they work for the client: limits that don't concern it are left out.")
    must_choose: bool = Field(
        description="They left the company through which they worked for the client: nothing new is theirs there until"
        " it has chosen how they work for it (`PATCH /v1/technicians/{technician_id}/engagement`)."
    )
    level: Level
    worked_hours: float
    promised_hours: float
    at_stake_hours: float
    num_days: int
    first_day: date | None
    last_day: date | None
    longest_break_days: int
    hours_zone: str = Field(description="The zone whose days are counted.")
    standings: list[StandingOut]
    note: str = NOTE


class UsageOfTechnician(UsageOut):
    """The hours of one of a client's technicians; the share of their income is left out."""

    technician_name: str


class UsageList(Out):
    """A technician's hours with each client that the reader may know of."""

    items: list[UsageOut]


class LimitsPatch(In):
    """What the client goes by: `limits` is replaced whole; `hours_zone` can be set until hours are counted.

    In `limits.papers` an entry is a kind of credential, or a list of kinds of which one is enough.

    Whoever is employed for the client is paid through its payroll partner; null takes it away while nobody is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"limits": _LIMITS}]})
    limits: dict[str, Any] | None = None
    hours_zone: str | None = Field(default=None, max_length=64, examples=["America/New_York"])
    payroll_company_id: UUID | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.limits is None and self.hours_zone is None and "payroll_company_id" not in self.model_fields_set:
            raise ValueError("send limits, hours_zone or payroll_company_id")
        return self


class PackOut(Out):
    """A pack of limits as it holds today, and how hard it is for this client."""

    id: Code
    version: int
    title: str
    kind: Code
    jurisdiction: str
    valid_from: date
    valid_to: date | None
    source: str
    guidance: str
    guidance_es: str = Field(description="The same in Spanish; empty where nobody wrote it.")
    is_custom: bool
    engagements: list[Code] = Field(description="It concerns who works for the client in one of these ways.")
    thresholds: dict[str, Any]
    binding: Binding


class LimitsOut(Out):
    """What a client goes by."""

    limits: dict[str, Any]
    hours_zone: str
    payroll_company_id: UUID | None = Field(description="The company that pays who is employed for the client (W-2).")
    packs: list[PackOut]
    note: str = NOTE
