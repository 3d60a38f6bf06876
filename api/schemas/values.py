"""Which values does the API take? Strict: a number is no text, a time has an offset, money has no half cents."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from matching.currencies import WHOLE_CURRENCIES, why_refused

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MONEY = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
#: Marks that make text read in another order than it is written.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class In(BaseModel):
    """What is sent: unknown names are refused, so that a slip of the pen is not lost."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Every field is always there; what may be empty says so by its type."""
        found = handler.resolve_ref_schema(handler(schema))
        if "properties" in found:
            found["required"] = list(found["properties"])
        return found


def _plain(value: str) -> str:
    for character in value:
        if character in _TURNING:
            raise ValueError(f"leave out the mark U+{ord(character):04X}, which turns the direction of text")
        if unicodedata.category(character) == "Cc" and character not in "\n\t\r":
            raise ValueError(f"leave out the control character U+{ord(character):04X}")
    return value


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("write a time with its offset from UTC, such as 2026-11-30T09:00:00-05:00")
    try:
        found = datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    except ValueError as error:
        raise ValueError(f"there is no such time: {error}") from error
    if not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise ValueError(f"send a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    return found.astimezone(UTC)


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("send a sum such as 125.50")
    text = str(value)
    if not _MONEY.fullmatch(text):
        raise ValueError("send a sum from 0 to 999999999.99, with two decimals at most")
    return Decimal(text)


def check_decimals(amount: Decimal, currency: str) -> None:
    """Refuse fractions that the currency does not have.

    Raises
    ------
    ValueError
        When it has them.
    """
    if currency in WHOLE_CURRENCIES and amount != amount.to_integral_value():
        raise ValueError(f"{currency} has no decimals: send a whole sum")


def _can_be_paid(currency: str) -> str:
    if (way_out := why_refused(currency)) is not None:
        raise ValueError(way_out)
    return currency


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-30T14:00:00Z"]}),
]
Sum = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,9}(\.\d{1,2})?$"},
                {"type": "number", "minimum": 0, "maximum": 999999999},
            ],
            "examples": ["180.00"],
        },
        mode="validation",
    ),
]
Currency = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["USD"])]
#: One in which somebody can be paid here.
NewCurrency = Annotated[Currency, AfterValidator(_can_be_paid)]
Whole = Annotated[int, Strict()]
Yes = Annotated[bool, Strict()]
#: A word that programs compare: skill, role, reason.
Code = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
Line = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=200), AfterValidator(_plain)]
Words = Annotated[str, Strict(), StringConstraints(max_length=10_000), AfterValidator(_plain)]
#: A few sentences beside a wish.
Note = Annotated[str, Strict(), StringConstraints(max_length=1000), AfterValidator(_plain)]
#: What is kept sealed.
Secret = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=4000), AfterValidator(_plain)]
#: The client's own numbers: whatever they write on paper.
Number = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=64), AfterValidator(_plain)]
