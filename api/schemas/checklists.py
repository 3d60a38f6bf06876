"""Checklists: what is to be handed in with the work."""

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.values import Code, In, Line, Out, Whole, Yes
from dispatch.jobs.checklists import Item

ItemKind = Literal["photo", "serial", "reading", "release_code", "file", "signature", "check", "return_label"]

EXAMPLE_ITEM: dict[str, JsonValue] = {"code": "after", "kind": "photo", "label": "The unit, closed", "min_count": 2}
EXAMPLE_READING: dict[str, JsonValue] = {
    "code": "pressure", "kind": "reading", "label": "Suction pressure", "unit": "psi", "low": 60, "high": 75,
}  # fmt: skip


class ItemIn(In):
    """One thing to hand in."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ITEM, EXAMPLE_READING]})
    code: Code
    kind: ItemKind
    label: Line
    is_required: Yes = True
    min_count: Whole = Field(default=1, ge=1, le=50)
    per: Literal["visit", "job"] = "job"
    unit: Line | None = Field(default=None, description="Of a reading.")
    low: float | None = Field(default=None, description="What a reading should show at least.")
    high: float | None = Field(default=None, description="And at most. One outside is taken, and marked.")
    pattern: Line | None = Field(
        default=None, description="Of a serial number or code: # a digit, @ a letter, ? either, all else itself."
    )

    def to_item(self) -> Item:
        """The same for the use case."""
        return Item(**dict(self))


class ItemOut(Out):
    """One thing to hand in."""

    code: str
    kind: ItemKind
    label: str
    is_required: bool
    min_count: int
    per: Literal["visit", "job"]
    unit: str | None
    low: float | None
    high: float | None
    pattern: str | None
    enough: int | None = Field(
        description="Of a required one, as many end the work: fewer devices may be there than are expected; empty: all."
    )
