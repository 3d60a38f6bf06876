"""The history, verified; packs of limits, version by version."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from api.schemas.usage import Binding
from api.schemas.values import Code, Instant, Out


class BreakOut(Out):
    """The first place where the record is not what was written."""

    what: str
    place: str
    words: str


class ChainOut(Out):
    """What the walk found; the last `num_unsealed` events can still be cut off without a trace."""

    client_id: UUID | None
    is_whole: bool
    num_events: int
    num_unsealed: int
    first_break: BreakOut | None
    verified_at: Instant


class FieldChange(Out):
    """What a version says of one field, and what the one before said."""

    field: str
    before: Any
    after: Any


class PackVersion(Out):
    """A version of a pack; `changes` are against the one before, none where it is the first."""

    version: int
    valid_from: date
    valid_to: date | None
    is_current: bool
    changes: list[FieldChange]


class RulePackOut(Out):
    """A pack of limits with its versions, the newest first. What it says is what holds today, else what comes next."""

    id: Code
    title: str
    kind: Code
    jurisdiction: str
    source: str
    guidance: str
    guidance_es: str = Field(description="The same in Spanish; empty where nobody wrote it.")
    binding: Binding = Field(description="For a client that has said nothing.")
    is_custom: bool
    thresholds: dict[str, Any]
    versions: list[PackVersion]


class RulePacksOut(Out):
    """All packs that this installation goes by: those that ship, and its own."""

    items: list[RulePackOut]
