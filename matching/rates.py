"""What does a client pay beside the sum itself? Minimum hours, caps, devices, travel, odd hours, with their limits.

They are a section of the day policy: a job keeps those that it was posted under, so what a technician said yes to
holds. Sums are in the currency of the job's pay.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from matching.errors import PolicyError

#: An expense is paid back, a bonus is paid on top, a penalty is taken off: only what the offer listed, to its cap.
ExtraKind = Literal["expense", "bonus", "penalty"]
EXTRA_KINDS: tuple[ExtraKind, ...] = ("expense", "bonus", "penalty")

_MOST = Decimal(100_000)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MAX_EXTRAS = 20


@dataclass(frozen=True, slots=True)
class Extra:
    """Something that may be added or taken off later, up to `cap` in all; `code` says what."""

    code: str
    kind: ExtraKind
    cap: Decimal

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise PolicyError(f"rates.extras.code {self.code!r}: small letters, digits and _, such as parking")
        if self.kind not in EXTRA_KINDS:
            raise PolicyError(f"rates.extras.kind {self.kind!r}: one of {', '.join(EXTRA_KINDS)}")
        if not 0 < self.cap <= _MOST:
            raise PolicyError(f"rates.extras.cap {self.cap}: above 0, at most {_MOST}")


@dataclass(frozen=True, slots=True)
class Rates:
    """What is paid beside the sum itself; as it stands here, nothing.

    Hourly pay counts at least `minimum_h` and at most `cap_h` hours. A fixed pay with `fixed_h` covers so many hours,
    those beyond are paid at `then_hourly` (blended). With `per_device`, a fixed pay is that of the `devices` expected,
    and each one done is paid its share; `per_device` is what that was when it was posted. Travel is paid flat, by mile,
    by hour. Hours outside `day_from` to `day_to`, on a weekend or a holiday (local to the site) are paid by that share
    on top, the largest one where several hold.
    """

    minimum_h: Decimal = Decimal(0)
    cap_h: Decimal | None = None
    fixed_h: Decimal | None = None
    then_hourly: Decimal | None = None
    per_device: Decimal | None = None
    devices: Decimal | None = None
    travel_flat: Decimal = Decimal(0)
    travel_mile: Decimal = Decimal(0)
    travel_hour: Decimal = Decimal(0)
    day_from: str = "07:00"
    day_to: str = "19:00"
    after_hours_share: Decimal = Decimal(0)
    weekend_share: Decimal = Decimal(0)
    holiday_share: Decimal = Decimal(0)
    extras: tuple[Extra, ...] = ()

    def __post_init__(self) -> None:
        for name in ("minimum_h", "cap_h", "fixed_h"):
            _within(name, getattr(self, name), Decimal(336))
        for name in ("then_hourly", "per_device", "travel_flat", "travel_mile", "travel_hour"):
            _within(name, getattr(self, name), _MOST)
        for name in ("after_hours_share", "weekend_share", "holiday_share"):
            _within(name, getattr(self, name), Decimal(3))
        self._check_hours()
        self._check_devices()
        codes = [extra.code for extra in self.extras]
        if len(codes) > _MAX_EXTRAS or len(set(codes)) < len(codes):
            raise PolicyError(f"rates.extras: at most {_MAX_EXTRAS}, each with a code of its own")

    def _check_hours(self) -> None:
        if self.cap_h is not None and self.cap_h < max(self.minimum_h, Decimal("0.01")):
            raise PolicyError(f"rates.cap_h {self.cap_h}: not below minimum_h {self.minimum_h}")
        if (self.fixed_h is None) != (self.then_hourly is None):
            raise PolicyError("rates.fixed_h, rates.then_hourly: give both or none")
        if self.fixed_h is not None and self.per_device is not None:
            raise PolicyError("rates.per_device: pay by the device or by hours beyond the fixed ones, not both")
        if not (_CLOCK.fullmatch(self.day_from) and _CLOCK.fullmatch(self.day_to) and self.day_from < self.day_to):
            raise PolicyError(f"rates.day_from {self.day_from!r}, day_to {self.day_to!r}: HH:MM, one before the other")

    def _check_devices(self) -> None:
        if self.devices is None:
            return
        if not self.per_device:
            raise PolicyError("rates.devices: give per_device too, what each is paid")
        if self.devices < 1 or self.devices != self.devices.to_integral_value():
            raise PolicyError(f"rates.devices {self.devices}: a whole number from 1 on")

    def extra(self, code: str) -> Extra | None:
        """The extra of this code, if it is listed."""
        return next((each for each in self.extras if each.code == code), None)

    def to_document(self) -> dict[str, Any]:
        """The same as plain JSON values; `from_document` reads them back."""
        plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}
        return plain | {"extras": [{**asdict(each), "cap": str(each.cap)} for each in self.extras]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Rates":
        """The rates of a stored document; what it does not name keeps its default.

        Raises
        ------
        PolicyError
            When a name is unknown, or a value none of its kind or out of its limits.
        """
        values = dict(document)
        check_names("rates", values, cls)
        listed = values.pop("extras", ())
        for name in values.keys() - {"day_from", "day_to"}:
            values[name] = None if values[name] is None else number(f"rates.{name}", values[name])
        try:
            extras = tuple(
                Extra(each["code"], each["kind"], number("rates.extras.cap", each["cap"])) for each in listed
            )
            return cls(extras=extras, **values)
        except (TypeError, KeyError) as error:
            raise PolicyError(f"rates: {error}") from error


def check_names(whose: str, values: Mapping[str, Any], kind: type) -> None:
    """Whether a stored document names only fields of this dataclass.

    Raises
    ------
    PolicyError
        Naming the first that it does not have, and those that it has.
    """
    known = [each.name for each in fields(kind)]
    if unknown := values.keys() - set(known):
        raise PolicyError(f"{whose}.{min(unknown)}: unknown; give some of {', '.join(known)}")


def number(name: str, value: Any) -> Decimal:
    """A finite number.

    Raises
    ------
    PolicyError
        When it is none.
    """
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise PolicyError(f"{name} {value!r}: a number such as 24 or 75.50")
    return found


def _within(name: str, value: Decimal | None, most: Decimal) -> None:
    if value is not None and not (0 <= value <= most and value * 100 == (value * 100).to_integral_value()):
        raise PolicyError(f"rates.{name} {value}: from 0 to {most}, in hundredths")
