"""What does a proof say, by the family of its kind? Facts are checked when they come in. Pure.

Nothing is kept that no rule reads: of an export-control proof which class of evidence it was, never a nationality.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from dispatch.errors import BadInput
from dispatch.talent.profiles import checked_currency
from dispatch.talent.words import checked_code, checked_text

#: Classes of evidence that somebody is a US person, as the export rules name them (22 CFR 120.62).
EVIDENCE = ("citizen", "permanent_resident", "protected_individual")
TAX_FORMS = ("W-9", "W-8BEN", "W-8BEN-E")
_STATE = re.compile(r"[A-Z]{2}")
_MAX = Decimal("1e12")


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
    for name, (is_needed, _) in wanted.items():
        if is_needed and name not in facts:
            raise BadInput(f"facts.{name}", None, f"say it: {family} needs it")
    return {name: wanted[name][1](f"facts.{name}", facts[name]) for name in sorted(facts)}


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


#: family -> fact -> (must be said, how it is checked)
FACTS: Mapping[str, Mapping[str, tuple[bool, Callable[[str, Any], Any]]]] = {
    "background_check": {"scope": (True, _codes), "issued_on": (True, _day)},
    "drug_screen": {"scope": (True, _codes), "issued_on": (True, _day)},
    "insurance": {
        "per_occurrence": (True, _sum),
        "aggregate": (True, _sum),
        "currency": (True, _currency),
        "named_insured": (True, _name),
    },
    "agreement": {
        "version": (True, _number),
        "sha256": (True, _name),
        "signed_at": (True, _instant),
        "address": (True, _name),
    },
    "licence": {"states": (True, _states), "issued_on": (False, _day)},
    "certificate": {"issued_on": (False, _day)},
    "clearance": {"evidence": (True, _one_of(*EVIDENCE))},
    "data_access": {"issued_on": (False, _day)},
    "tax_form": {"form": (True, _one_of(*TAX_FORMS)), "signed_on": (True, _day)},
}
#: Families of which nothing is trusted without facts that somebody has read in the proof.
WITH_FACTS = tuple(family for family, facts in FACTS.items() if any(is_needed for is_needed, _ in facts.values()))
