"""Pools, what open ones ask, their exceptions, and how a technician stands to each."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.talent import Latitude, Longitude
from api.schemas.values import Code, In, Instant, Out, Whole, Words, Yes

_UUID = "01973b2e-7c1a-7000-8000-0000000000d1"
_AT = "2026-11-22T20:00:00Z"
_ASKS: dict[str, JsonValue] = {
    "skills": {"hvac": 3},
    "credentials": ["insurance"],
    "min_reputation": 0.6,
    "near": [{"lat": 41.88, "lng": -87.63, "km": 80}],
}


class NearIn(In):
    """A circle around a place: whoever has the middle of their home's cell (H3, resolution 6) in it is near."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lat": 41.88, "lng": -87.63, "km": 80}]})
    lat: Latitude
    lng: Longitude
    km: Annotated[float, Field(gt=0, le=20038, allow_inf_nan=False)]


class RequirementsIn(In):
    """What an open pool asks of everyone in it; all of it must be met. The home lies in a circle or in the area.

    A home is the middle of its H3 cell of resolution 6, a few kilometres from the house.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ASKS]})
    skills: dict[Code, Annotated[Whole, Field(ge=1, le=5)]] = Field(default_factory=dict, max_length=50)
    credentials: list[Code] = Field(default_factory=list, max_length=50)
    agreements: list[Code] = Field(default_factory=list, max_length=50)
    min_reputation: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    near: list[NearIn] = Field(default_factory=list, max_length=50)
    area: dict[str, Any] | None = Field(default=None, description="A GeoJSON Polygon or MultiPolygon.")


class PoolAsksIn(In):
    """The requirements of an open pool; empty (null): private, with whom it has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"requirements": _ASKS}]})
    requirements: RequirementsIn | None


class PoolAsksOut(Out):
    """What a pool asks; null: nothing, it is private. `is_current`: everyone was held against it today."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"pool_id": _UUID, "requirements": _ASKS, "is_current": True}]}
    )
    pool_id: UUID
    requirements: dict[str, Any] | None
    is_current: bool


class OverrideIn(In):
    """In without meeting the requirements (`is_member`), or kept out though meeting them: why, and until when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"is_member": True, "reason": "Trained by us", "until": "2027-01-31T00:00:00Z"}]
        }
    )
    is_member: Yes
    reason: Annotated[Words, Field(min_length=1, max_length=500)]
    until: Instant


class OverrideOut(Out):
    """An exception of an open pool."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _UUID, "pool_id": _UUID, "technician_id": _UUID, "is_member": True, "reason": "Trained by us",
                    "made_at": _AT, "until_at": "2027-01-31T00:00:00Z", "ended_at": _AT,
                }
            ]
        }
    )  # fmt: skip
    id: UUID
    pool_id: UUID
    technician_id: UUID
    is_member: bool
    reason: str
    made_at: Instant
    until_at: Instant
    ended_at: Instant | None


class CheckOut(Out):
    """One requirement: whether you meet it, by how much, and what to do about it if not."""

    code: str
    subject: str
    holds: bool
    text: str
    remedy: str


class OpenPoolOut(Out):
    """An open pool, and how you stand to it. `until_at`: an exception was made for you, and holds so long."""

    pool_id: UUID
    name: str
    client_id: UUID
    client: str
    is_member: bool
    until_at: Instant | None
    checks: list[CheckOut]


class OpenPools(Out):
    """All open pools that you may know of."""

    items: list[OpenPoolOut]


class JobChecksOut(Out):
    """A role of an open job, rule by rule."""

    visit_id: UUID
    role: str
    may: bool
    checks: list[CheckOut]


class OpeningOut(Out):
    """A proof that you lack, how much work it alone would have opened, and what to do about it.

    `at_least` is the least of a span (5, 10, 25, 100); 0: there was some, fewer than 5 jobs.
    """

    kind: str
    at_least: int
    text: str
    remedy: str


class OpeningsOut(Out):
    """What one more proof would have opened: of work that you could know of, near your base, in the last 30 days."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "within_miles": 40,
                    "days": 30,
                    "items": [
                        {
                            "kind": "background_check",
                            "at_least": 5,
                            "text": "5 jobs or more within 40 miles in the last 30 days",
                            "remedy": "hand in a valid background_check",
                        }
                    ],
                }
            ]
        }
    )
    within_miles: int
    days: int
    items: list[OpeningOut]


class BroughtRow(Out):
    """What became of a row: `invited`, `joined` (admitted before), `there` already, or skipped, as it `declined` …"""

    line: int
    outcome: str


class BroughtOut(Out):
    """A file of people brought into a pool."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pool_id": _UUID, "is_dry_run": False, "counts": {"invited": 2},
                    "rows": [{"line": 2, "outcome": "invited"}, {"line": 3, "outcome": "invited"}],
                }
            ]
        }
    )  # fmt: skip
    pool_id: UUID
    is_dry_run: bool
    counts: dict[str, int]
    rows: list[BroughtRow]
