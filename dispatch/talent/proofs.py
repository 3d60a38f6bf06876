"""What does a proof say, by the family of its kind? Facts are checked when they come in. Pure.

Nothing is kept that no rule reads: of an export-control proof which class of evidence it was, never a nationality.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from dispatch.errors import BadInput
from dispatch.talent.profiles import checked_currency
from dispatch.talent.words import checked_code, checked_text

#: Classes of evidence that somebody is a US person, as the export rules name them (22 CFR 120.62).
EVIDENCE = ("citizen", "permanent_resident", "protected_individual")
TAX_FORMS = ("W-9", "W-8BEN", "W-8BEN-E")
_STATE = re.compile(r"[A-Z]{2}")
_MAX = Decimal("1e12")

#: What somebody writes for a fact: words, a sum, a day, a currency, states, codes, one of the choices, a number.
Shape = Literal["words", "sum", "day", "currency", "states", "codes", "choice", "number"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a proof says: whether it has to, how it is written, how it is checked, what may be chosen."""

    is_needed: bool
    shape: Shape
    check: Callable[[str, Any], Any]
    choices: tuple[str, ...] = ()


def checked_facts(family: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are kept; a family has its own and no others.

    Raises
    ------
    BadInput
        Naming the fact that is missing, unknown or cannot be used.
    """
    wanted = FACTS[family]
    for name in facts:
        if name not in wanted:
            raise BadInput(f"facts.{name}", facts[name], f"leave it out: {family} has {', '.join(wanted) or 'none'}")
    for name, fact in wanted.items():
        if fact.is_needed and name not in facts:
            raise BadInput(f"facts.{name}", None, f"say it: {family} needs it")
    return {name: wanted[name].check(f"facts.{name}", facts[name]) for name in sorted(facts)}


def is_same_name(named: str, legal: str) -> bool:
    """Whether two names are the same to an insurer: case, spaces and punctuation aside."""
    return _plain(named) == _plain(legal)


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", name.casefold()).split())


def _day(field: str, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else _no_day(field, value)
    except ValueError as error:
        raise BadInput(field, value, "write a day as 2026-06-01") from error


def _no_day(field: str, value: Any) -> str:
    raise BadInput(field, value, "write a day as 2026-06-01")


def _codes(field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= 50:
        raise BadInput(field, value, "give a list of 1 to 50 codes")
    return sorted({checked_code(field, each if isinstance(each, str) else str(each)) for each in value})


def _states(field: str, value: Any) -> list[str]:
    codes = value if isinstance(value, list) else [None]
    if not 1 <= len(codes) <= 60 or any(not isinstance(each, str) or not _STATE.fullmatch(each) for each in codes):
        raise BadInput(field, value, "give a list of states, each by its two letters")
    return sorted(set(codes))


def _sum(field: str, value: Any) -> str:
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= _MAX:
        raise BadInput(field, value, 'write a sum as text, like "1000000"')
    return format(amount.normalize(), "f")


def _currency(field: str, value: Any) -> str:
    return checked_currency(field, value if isinstance(value, str) else str(value))


def _name(field: str, value: Any) -> str:
    return checked_text(field, value if isinstance(value, str) else "")


def _one_of(*values: str) -> Callable[[str, Any], str]:
    def check(field: str, value: Any) -> str:
        if value not in values:
            raise BadInput(field, value, f"give one of {', '.join(values)}")
        return str(value)

    return check


def _number(field: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadInput(field, value, "give a whole number from 1")
    return value


def _instant(field: str, value: Any) -> str:
    return datetime.fromisoformat(value).isoformat()


def _choice(*values: str) -> Fact:
    return Fact(True, "choice", _one_of(*values), values)


_REPORT = {"scope": Fact(True, "codes", _codes), "issued_on": Fact(True, "day", _day)}
_ISSUED = Fact(False, "day", _day)

#: family -> fact: what each says, in the order in which people are asked for it.
FACTS: Mapping[str, Mapping[str, Fact]] = {
    "background_check": _REPORT,
    "drug_screen": _REPORT,
    "insurance": {
        "named_insured": Fact(True, "words", _name),
        "per_occurrence": Fact(True, "sum", _sum),
        "aggregate": Fact(True, "sum", _sum),
        "currency": Fact(True, "currency", _currency),
    },
    "agreement": {
        "version": Fact(True, "number", _number),
        "sha256": Fact(True, "words", _name),
        "signed_at": Fact(True, "words", _instant),
        "address": Fact(True, "words", _name),
    },
    "licence": {"states": Fact(True, "states", _states), "issued_on": _ISSUED},
    "certificate": {"issued_on": _ISSUED},
    "clearance": {"evidence": _choice(*EVIDENCE)},
    "data_access": {"issued_on": _ISSUED},
    "tax_form": {"form": _choice(*TAX_FORMS), "signed_on": Fact(True, "day", _day)},
}
#: Families of which nothing is trusted without facts that somebody has read in the proof.
WITH_FACTS = tuple(family for family, facts in FACTS.items() if any(fact.is_needed for fact in facts.values()))
