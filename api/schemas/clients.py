"""Clients, their staff and sites, their pools, the keys of everybody, and the catalogues."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.schemas.admission import AGREEMENT, ClientState, Standing
from api.schemas.talent import Day, Latitude, Longitude
from api.schemas.values import Code, In, Instant, Line, NewCurrency, Out, Sum, Whole, Words, Yes

StaffRole = Literal["operator", "client_admin", "requester", "dispatcher"]
KeyRole = Literal["operator", "client_admin", "requester", "dispatcher", "technician", "company", "gateway"]
TaxClass = Literal[
    "sole_owner", "partnership", "trust", "c_corporation", "s_corporation", "llc_sole_owner", "llc_partnership",
    "llc_c_corporation", "llc_s_corporation",
]  # fmt: skip
#: What catalogues hold: in lower case, so that nobody has to guess.
NewCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", examples=["hvac"])]

_UUID = "01973b2e-7c1a-7000-8000-0000000000d1"
_AT = "2026-11-22T20:00:00Z"
_POLICY: dict[str, JsonValue] = {"mode": "first", "wave": {"min_size": 8, "answer_s": 1800}}
_SITE: dict[str, JsonValue] = {
    "store_number": "1042", "name": "Loop store", "address": "1 State St", "town": "Chicago", "region": "IL",
    "postcode": "60602", "lat": 41.8781, "lng": -87.6298,
}  # fmt: skip


_HOURS: dict[str, JsonValue] = {
    "weekly": {"mon": ["08:00-12:00", "13:00-17:00"], "fri": ["22:00-06:00"]},
    "days": {"2026-12-24": ["08:00-12:00"], "2026-12-28": []},
    "on_holidays": "closed",
}


class ClientIn(Standing):
    """A new client. `policy` and `day_policy` hold the settings that differ from the defaults.

    With the agreement that it accepted, and how it pays, it is approved at once; without, it waits as an application.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Acme service", "policy": _POLICY, "agreement": AGREEMENT, "credit_limit": "25000.00"}
            ]
        }
    )
    name: Line
    currency: NewCurrency = "USD"
    policy: dict[str, Any] = Field(default_factory=dict)
    day_policy: dict[str, Any] = Field(
        default_factory=dict, description="Deadlines, charges, service levels of the day."
    )


class ClientPatch(Standing):
    """What is to be different; jobs already posted keep the policies they were posted under."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policy": _POLICY}]})
    policy: dict[str, Any] | None = None
    day_policy: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.policy is None and self.day_policy is None and not self.standing():
            raise ValueError("send policy, day_policy, or what only the operator sets")
        return self


class ClientOut(Out):
    """A client. `effective_policy` and `effective_day_policy` have the defaults filled in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "name": "Acme service", "currency": "USD", "policy": _POLICY,
                    "effective_policy": {"mode": "first"}, "day_policy": {}, "created_at": _AT,
                    "effective_day_policy": {"requests": {"answer_min": 15}}, "state": "suspended",
                    "state_reason": "unpaid", "credit_limit": "25000.00", "pays_outside": False, "regions": ["TX"],
                    "agreement": AGREEMENT,
                }
            ]
        }
    )  # fmt: skip
    id: UUID
    name: str
    currency: str
    policy: dict[str, Any]
    effective_policy: dict[str, Any]
    day_policy: dict[str, Any]
    effective_day_policy: dict[str, Any]
    state: ClientState
    state_reason: str | None
    credit_limit: Sum | None
    pays_outside: bool
    regions: list[str] | None
    agreement: dict[str, Any] | None
    created_at: Instant


class StaffIn(In):
    """A person who works for a client; with role `operator`, for the network."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"role": "dispatcher", "name": "Rosa Marsh", "email": "rosa@example.com", "client_id": _UUID}]
        }
    )
    role: StaffRole
    name: Line
    email: Line
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")


class StaffOut(Out):
    """A member of staff."""

    id: UUID
    client_id: UUID | None
    role: StaffRole
    name: str
    email: str
    left_at: Instant | None
    erased_at: Instant | None = Field(description="Nothing is left of them but their id.")
    created_at: Instant


class ContactIn(In):
    """Somebody at the site, besides its first contact."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "The night porter", "role": "keys", "phone": "+13125550143"}]}
    )
    name: Line
    role: Line | None = None
    phone: Line | None = None
    email: Line | None = None


class HazardIn(In):
    """What to beware of at the site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "asbestos", "note": "The plant room"}]})
    code: NewCode
    note: Annotated[Words, Field(max_length=1000)] | None = None


class ContactOut(Out):
    """Somebody at the site."""

    name: str
    role: str | None
    phone: str | None
    email: str | None


class HazardOut(Out):
    """What to beware of at the site."""

    code: str
    note: str | None


class _Site(In):
    country: str = Field(default="US", pattern="^[A-Z]{2}$")
    time_zone: Line | None = Field(default=None, description="Empty: that of the place.")
    geofence_m: Whole = Field(default=200, ge=10, le=100_000)
    contact_name: Line | None = None
    contact_phone: Line | None = Field(default=None, examples=["+13125550142"])
    contact_email: Line | None = Field(default=None, examples=["store1042@example.org"])
    contact_language: Literal["en", "es"] | None = Field(default=None, description="In which they are told.")
    access: Annotated[Words, Field(max_length=4000)] | None = None
    parking: Annotated[Words, Field(max_length=4000)] | None = None
    opening_hours: dict[str, Any] | None = Field(
        default=None,
        description="By the clock at the site; empty: around the clock. A weekday left out is closed; `days` win over"
        " the week and over holidays; `on_holidays` is `closed` or `open`.",
        examples=[_HOURS],
    )
    holiday_region: Line | None = Field(
        default=None,
        description="Whose public holidays: a country, or a part of it. Empty: those of its country and region.",
        examples=["US-TX"],
    )
    contacts: list[ContactIn] = Field(default_factory=list, max_length=20)
    hazards: list[HazardIn] = Field(default_factory=list, max_length=50)


class SiteIn(_Site):
    """A place where work is done; it must lie within 200 km of its ZIP code."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SITE]})
    store_number: Line
    name: Line
    address: Line
    town: Line
    region: Line
    postcode: Line
    lat: Latitude
    lng: Longitude
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")


class SitePatch(_Site):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contact_name": "Rosa Marsh", "geofence_m": 300}]})
    store_number: Line | None = None
    name: Line | None = None
    address: Line | None = None
    town: Line | None = None
    region: Line | None = None
    postcode: Line | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        empty = [name for name in _NEVER_EMPTY if name in self.model_fields_set and getattr(self, name) is None]
        if empty:
            raise ValueError(f"give {empty[0]} a value, or leave it out")
        return self


_NEVER_EMPTY = ("store_number", "name", "address", "town", "region", "postcode", "lat", "lng")


class SiteOut(Out):
    """A site."""

    id: UUID
    client_id: UUID
    store_number: str
    name: str
    address: str
    town: str
    region: str
    postcode: str
    country: str
    lat: float
    lng: float
    time_zone: str
    geofence_m: int
    contact_name: str | None
    contact_phone: str | None
    contact_email: str | None
    contact_language: str | None
    access: str | None
    parking: str | None
    opening_hours: dict[str, Any] | None
    holiday_region: str | None
    contacts: list[ContactOut]
    hazards: list[HazardOut]
    created_at: Instant


class PoolIn(In):
    """A new, empty pool."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Chicago regulars"}]})
    name: Line
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")


class PoolOut(Out):
    """A pool."""

    id: UUID
    client_id: UUID
    name: str
    num_members: int
    created_at: Instant


class PoolMemberOut(Out):
    """A technician in a pool."""

    pool_id: UUID
    technician_id: UUID
    is_new: bool


class KeyIn(In):
    """A key that speaks for a client, a technician, a company, or, as gateway or operator, for nobody in particular."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"role": "dispatcher", "label": "Night shift", "expires_at": None}]}
    )
    role: KeyRole
    label: Line
    client_id: UUID | None = Field(default=None, description="The operator says of which client; staff: your own.")
    staff_id: UUID | None = Field(default=None, description="Whose key it is: it ends when they leave.")
    technician_id: UUID | None = None
    company_id: UUID | None = None
    expires_at: Instant | None = None


class KeyOut(Out):
    """A key; never its secret."""

    id: UUID
    label: str
    role: KeyRole
    client_id: UUID | None
    staff_id: UUID | None
    technician_id: UUID | None
    company_id: UUID | None
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


class KeyMade(KeyOut):
    """A key just made. This is the one time that its secret is shown."""

    secret: str | None = Field(description="Empty when the same request is repeated.")


class CompanyIn(In):
    """A new company."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Big Bend Repairs"}]})
    name: Line


class TaxClassOut(Out):
    """How a company is taxed from a day on."""

    tax_class: Code
    signed_on: date = Field(description="When its W-9 was signed.")
    counts_from: date


class CompanyOut(Out):
    """A company that technicians work for."""

    id: UUID
    name: str
    created_at: Instant
    tax_class: Code | None = Field(description="How it is taxed today, by its W-9; the operator's to read.")
    tax_class_on: date | None = Field(description="When that was signed.")
    tax_class_from: date | None = Field(description="Since when that counts.")
    tax_classes: list[TaxClassOut] = Field(
        description="All that counts, each until the next one does, the newest day first; the operator's to read."
    )


class TaxClassIn(In):
    """How a company is taxed, by line 3a of its W-9; an LLC: as what it is taxed.

    Pay is judged by the day on which it was paid. Of two entries that count from the same day the later one does.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"tax_class": "llc_partnership", "signed_on": "2026-01-15", "counts_from": "2026-01-01"}]
        }
    )
    tax_class: TaxClass
    signed_on: Day
    counts_from: Day | None = Field(default=None, description="From this day on; null: from today, in New York.")


class EmployIn(In):
    """For whom a technician works; null: alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"company_id": _UUID}]})
    company_id: UUID | None


class SkillIn(In):
    """A skill of the catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "hvac", "name": "Heating and cooling"}]})
    code: NewCode
    name: Line


class SkillOut(Out):
    """A skill of the catalogue."""

    code: Code
    name: str


class SkillsOut(Out):
    """The catalogue of skills."""

    items: list[SkillOut]


#: What sort of proof a kind is: which facts it has.
Family = Literal[
    "background_check",
    "drug_screen",
    "insurance",
    "agreement",
    "licence",
    "certificate",
    "clearance",
    "data_access",
    "tax_form",
]


class CredentialKindIn(SkillIn):
    """A kind of proof. Of a screening, clients see no result; background checks and drug screens always are one.

    What is left out stays as it is; of a new code, it is as of a plain certificate.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "background_check", "name": "Background check", "is_screening": True}]}
    )
    is_screening: Yes | None = None
    family: Family | None = None
    verified_by: Literal["operator", "client"] | None = None


class FactOut(Out):
    """What a proof says that rules read, and how it is written when it is handed in or verified."""

    name: str
    is_needed: bool = Field(description="Nothing of the kind is verified without it.")
    shape: Literal["words", "sum", "day", "currency", "states", "codes", "choice", "number"] = Field(
        description='A `sum` is text like "1000000"; `states` and `codes` are lists; a `choice` is one of `choices`.'
    )
    choices: list[str]


class CredentialKindOut(Out):
    """A kind of proof; `facts` are those of its family, in the order in which to ask for them."""

    code: Code
    name: str
    is_screening: bool
    family: Family
    verified_by: Literal["operator", "client"]
    facts: list[FactOut]


class CredentialKindsOut(Out):
    """The catalogue of kinds."""

    items: list[CredentialKindOut]
