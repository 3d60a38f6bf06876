"""By which rules does a client's money move? Credit, our fee, who may approve how much, by when.

The operator agrees them with the client. A client without them has no money here: nothing is set aside for its work.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from matching.errors import PolicyError
from matching.rates import check_names, number

#: Who may approve at all.
ROLES = ("requester", "dispatcher", "client_admin")
_MOST = Decimal(100_000_000)
#: For how many days after the approval a penalty may be contested: as many as a client has by default to say that it
#: does not agree. No rule of a client makes them fewer, for a penalty is to the client's gain.
CONTEST_DAYS = 7


@dataclass(frozen=True, slots=True)
class MoneyRules:
    """How far below nothing its funds may go (`credit_limit`), and the rest.

    `fee_share` of the gross is our fee, taken from what the technician gets. Nobody's word for `approve_after_days` is
    a yes (0: never); what is approved is paid out `pay_after_days` later. A role approves up to its limit (not named:
    nothing), above `second_above` a second person signs too. A dispute is decided within `dispute_days`.
    """

    credit_limit: Decimal = Decimal(0)
    fee_share: Decimal = Decimal(0)
    approve_after_days: int = 7
    pay_after_days: int = 0
    limits: Mapping[str, Decimal] = field(
        default_factory=lambda: {"dispatcher": Decimal(2_000), "client_admin": Decimal(1_000_000)}
    )
    second_above: Decimal | None = None
    dispute_days: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.credit_limit <= _MOST:
            raise PolicyError(f"money.credit_limit {self.credit_limit}: from 0 to {_MOST}")
        if not 0 <= self.fee_share <= Decimal("0.5"):
            raise PolicyError(f"money.fee_share {self.fee_share}: from 0 to 0.5")
        for name, low, high in (("approve_after_days", 0, 90), ("pay_after_days", 0, 90), ("dispute_days", 1, 90)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise PolicyError(f"money.{name} {value!r}: a whole number from {low} to {high}")
        self._check_limits()

    def _check_limits(self) -> None:
        for role, limit in self.limits.items():
            if role not in ROLES or not 0 <= limit <= _MOST:
                raise PolicyError(f"money.limits.{role} {limit}: a sum for one of {', '.join(ROLES)}")
        if self.second_above is not None and not 0 <= self.second_above <= _MOST:
            raise PolicyError(f"money.second_above {self.second_above}: from 0 to {_MOST}")

    def to_document(self) -> dict[str, Any]:
        """The same as plain JSON values; `from_document` reads them back."""
        plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(self).items()}
        return plain | {"limits": {role: str(limit) for role, limit in sorted(self.limits.items())}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "MoneyRules":
        """The rules of a stored document; what it does not name keeps its default.

        Raises
        ------
        PolicyError
            When a name is unknown, or a value none of its kind or out of its limits.
        """
        values = dict(document)
        check_names("money", values, cls)
        for name in ("credit_limit", "fee_share", "second_above"):
            if values.get(name) is not None:
                values[name] = number(f"money.{name}", values[name])
        if "limits" in values:
            if not isinstance(values["limits"], Mapping):
                raise PolicyError(f"money.limits {values['limits']!r}: an object of role and sum")
            values["limits"] = {role: number(f"money.limits.{role}", sum_) for role, sum_ in values["limits"].items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who said yes to how much, in which role; whether that is a person by name, and not just a key."""

    by: str
    role: str
    amount: Decimal
    is_person: bool = True


def what_is_missing(
    rules: MoneyRules, signatures: tuple[Signature, ...], amount: Decimal, *, is_second_needed: bool = False
) -> str | None:
    """What an approval of so much still lacks: `limit` (nobody who signed may), `second` (signature), or nothing.

    With `is_second_needed` two people sign whatever the sum. Keys without a name are no people, however many.
    """
    whole = [each for each in signatures if each.amount >= amount]
    if not any(rules.limits.get(each.role, Decimal(-1)) >= amount for each in whole):
        return "limit"
    people = {each.by for each in whole if each.is_person}
    is_above = rules.second_above is not None and amount > rules.second_above
    return "second" if (is_above or is_second_needed) and len(people) < 2 else None
