"""What does a client say that it owes when work ends early? Its rules, with their limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from matching.currencies import has_too_many_digits
from matching.errors import PolicyError

ZERO = Decimal(0)
_MOST = Decimal(100_000)
_MAX_STEPS = 5
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FeeStep:
    """Told off less than `within_h` hours before the start: `amount`, or `share` (0 to 1) of the visit's pay."""

    within_h: Decimal
    amount: Decimal | None = None
    share: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 < self.within_h <= 720 or not _is_in_hundredths(self.within_h):
            raise PolicyError(f"cancellation.steps.within_h {self.within_h}: above 0, at most 720, in hundredths")
        if (self.amount is None) == (self.share is None):
            raise PolicyError("cancellation.steps: give each step an amount or a share, not both")
        if self.share is not None and not 0 < self.share <= 1:
            raise PolicyError(f"cancellation.steps.share {self.share}: above 0, at most 1 (all of the pay)")


@dataclass(frozen=True, slots=True)
class CancellationRules:
    """What a client owes when work ends early; as it stands here, nothing.

    Sums are in `currency`. `steps` by hours before the start; `trip_charge` for the way; `minimum_h` hours paid at
    least to who is there; waiting on the site beyond `stand_by_free_min` minutes is paid at `stand_by_share` of the
    hourly pay. Nothing is owed where the reason is one of `free_reasons`: it lay with the technician.

    Raises
    ------
    PolicyError
        At construction: a figure out of its limits, two steps of the same hours, fractions of a cent.
    """

    currency: str = "USD"
    steps: tuple[FeeStep, ...] = ()
    trip_charge: Decimal = ZERO
    minimum_h: Decimal = ZERO
    stand_by_free_min: int = 30
    stand_by_share: Decimal = ZERO
    free_reasons: tuple[str, ...] = ("technician_asked", "not_qualified", "no_show")

    def __post_init__(self) -> None:
        hours = [step.within_h for step in self.steps]
        if len(hours) > _MAX_STEPS or len(set(hours)) < len(hours):
            raise PolicyError(f"cancellation.steps: at most {_MAX_STEPS}, each with hours of its own")
        for amount in (self.trip_charge, *(step.amount or ZERO for step in self.steps)):
            if not 0 <= amount <= _MOST or has_too_many_digits(amount, self.currency):
                raise PolicyError(f"cancellation: {amount} is no sum from 0 to {_MOST}, as fine as {self.currency} is")
        if not _CURRENCY.fullmatch(self.currency):
            raise PolicyError(f"cancellation.currency {self.currency!r}: an ISO 4217 code such as USD")
        if not 0 <= self.minimum_h <= 24 or not _is_in_hundredths(self.minimum_h):
            raise PolicyError(f"cancellation.minimum_h {self.minimum_h}: from 0 to 24 hours, in hundredths")
        if not 0 <= self.stand_by_free_min <= 480 or not 0 <= self.stand_by_share <= 1:
            raise PolicyError(
                f"cancellation.stand_by_free_min {self.stand_by_free_min}, stand_by_share {self.stand_by_share}: "
                "0 to 480 minutes, 0 to 1"
            )

    @property
    def names_sums(self) -> bool:
        """Whether any figure is a sum of money, so that the currency matters."""
        return self.trip_charge > 0 or any(step.amount for step in self.steps)

    def to_document(self) -> dict[str, Any]:
        """The same as plain JSON values; `from_document` reads them back."""
        return {
            "currency": self.currency,
            "steps": [
                {"within_h": str(step.within_h)}
                | ({"amount": str(step.amount)} if step.amount is not None else {"share": str(step.share)})
                for step in self.steps
            ],
            "trip_charge": str(self.trip_charge),
            "minimum_h": str(self.minimum_h),
            "stand_by_free_min": self.stand_by_free_min,
            "stand_by_share": str(self.stand_by_share),
            "free_reasons": list(self.free_reasons),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "CancellationRules":
        """The rules of a stored document; what it does not name keeps its default.

        Raises
        ------
        PolicyError
            When a name is unknown, or a value none of its kind or out of its limits.
        """
        values = dict(document)
        try:
            steps = tuple(
                FeeStep(**{name: _number(f"steps.{name}", value) for name, value in dict(step).items()})
                for step in values.pop("steps", ())
            )
            numbers: dict[str, Any] = {name: _number(name, values.pop(name)) for name in _NUMBERS if name in values}
            if "free_reasons" in values:
                values["free_reasons"] = _codes(values["free_reasons"])
            return cls(steps=steps, **numbers, **_checked(values))
        except PolicyError:
            raise
        except (TypeError, ValueError) as error:
            raise PolicyError(f"cancellation: {error}") from error


_NUMBERS = ("trip_charge", "minimum_h", "stand_by_share")
_OTHERS = {"currency": str, "stand_by_free_min": int, "free_reasons": tuple}


def _is_in_hundredths(number: Decimal) -> bool:
    return number * 100 == (number * 100).to_integral_value()


def _number(name: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise PolicyError(f"cancellation.{name} {value!r}: a number such as 24 or 75.50")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise PolicyError(f"cancellation.{name} {value!r}: a number such as 24 or 75.50") from error
    if not number.is_finite():
        raise PolicyError(f"cancellation.{name} {value!r}: a number such as 24 or 75.50")
    return number


def _codes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise PolicyError(f"cancellation.free_reasons {value!r}: a list of codes")
    return tuple(value)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        kind = _OTHERS.get(name)
        if kind is None:
            raise PolicyError(f"cancellation.{name}: there is no such setting")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise PolicyError(f"cancellation.{name} {value!r}: not of its kind, {kind.__name__}")
    return values
