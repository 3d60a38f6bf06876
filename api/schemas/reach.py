"""Who could do work that is not posted yet: counts at a place, and cell by cell."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.jobs import ReasonOut
from api.schemas.story import ChangeOut
from api.schemas.values import Instant, Out

WhatIfKind = Literal["day_later", "wider"]


class SpotOut(Out):
    """A place in words; empty where nothing is near."""

    town: str
    region: str
    postcode: str
    lat: float
    lng: float
    time_zone: str


class RuleOut(ReasonOut):
    """A reason why people may not, and whether anything can be done about it."""

    num_alone: int | None = Field(
        description="For how many it is the only reason; null: fewer than five, or the rule is locked."
    )


class WhatIfOut(Out):
    """The count again, with one thing different: a day later, or `km` further around."""

    kind: WhatIfKind
    km: float | None
    num_in_reach: int | None = Field(description="null: fewer than five.")
    num_may: int | None = Field(description="null: fewer than five.")


class ReachOut(Out):
    """How many could do such work, and what stands in the way of the others."""

    place: SpotOut
    at: Instant
    staleness_s: float = Field(description="Age of the index that was searched.")
    reach_km: float = Field(description="Nobody further away is asked.")
    num_in_reach: int | None = Field(description="null: fewer than five.")
    num_may: int | None = Field(description="null: fewer than five.")
    reasons: list[RuleOut] = Field(description="Why the others may not, what costs most first.")
    changes: list[ChangeOut] = Field(description="Could do it if …; never a locked rule.")
    what_if: list[WhatIfOut]


class CellOut(Out):
    """A part of the map, and how many may be asked for work in its middle, whatever the day."""

    cell: str = Field(description="The H3 index.", examples=["8448ca5ffffffff"])
    town: str = Field(description="The ZIP code's town nearest to the middle.")
    region: str
    lat: float
    lng: float
    boundary: list[list[float]] = Field(description="Corners as (lng, lat), counter-clockwise, closed.")
    num_sites: int = Field(description="Your sites in it.")
    num_in_reach: int | None = Field(description="null: fewer than five.")
    num_may: int | None = Field(description="null: fewer than five.")
    reasons: list[RuleOut] = Field(description="What costs most first.")


class CoverageOut(Out):
    """How many may be asked where. `is_whole`: the box had no more cells than were looked at."""

    resolution: int
    is_whole: bool
    cells: list[CellOut]


class PlaceFound(SpotOut):
    """The ZIP code that was named, or is nearest."""

    country: str


class RowFault(Out):
    """A cell of the table that cannot be used."""

    line: int = Field(description="1 is the line of names.")
    column: str
    value: str
    message: str
    code: str = Field(description="For programs: what is wrong; `bad_value` where only the message says it.")


class UploadRow(Out):
    """A row of the table as it was read: its cells as they were written, what it would post, and what is wrong."""

    line: int
    cells: dict[str, str]
    faults: list[RowFault]
    is_known: bool = Field(description="You have a job of this number: posting it again changes nothing.")
    job_id: UUID | None = Field(description="The job, once posted.")


class UploadOut(Out):
    """What became of an upload; nothing is posted while a fault is left, or it was a preview."""

    columns: list[str]
    rows: list[UploadRow]
    faults: list[RowFault] = Field(description="Of the table itself.")
    num_posted: int
    is_posted: bool
