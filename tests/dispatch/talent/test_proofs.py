"""What does a proof say, by the family of its kind?"""

from typing import Any

import pytest
from families import GOOD, INSURED

from dispatch.errors import BadInput
from dispatch.record.tables.talent import FAMILIES
from dispatch.talent.proofs import EVIDENCE, FACTS, checked_facts, is_same_name


def test_every_family_has_its_facts() -> None:
    assert set(FACTS) == set(FAMILIES) == set(GOOD)
    for family, facts in GOOD.items():
        kept = checked_facts(family, facts)
        assert set(kept) == set(facts)
        assert checked_facts(family, kept) == kept, "what is kept can be handed in again"
    assert checked_facts("background_check", GOOD["background_check"])["scope"] == ["a", "b"]
    assert checked_facts("insurance", INSURED)["aggregate"] == "2000000"


@pytest.mark.parametrize("family", [family for family, facts in GOOD.items() if facts])
def test_a_fact_that_is_needed_is_missed_by_name_and_one_too_many_too(family: str) -> None:
    for name, fact in FACTS[family].items():
        rest = {each: value for each, value in GOOD[family].items() if each != name}
        if fact.is_needed:
            with pytest.raises(BadInput, match=f"facts.{name}"):
                checked_facts(family, rest)
    with pytest.raises(BadInput, match=r"facts\.nationality"):
        checked_facts(family, {**GOOD[family], "nationality": "US"})


@pytest.mark.parametrize(
    ("family", "name", "values"),
    [
        ("clearance", "evidence", ["US", "", None, "Citizen"]),
        ("background_check", "scope", [[], "a", ["A B"], None, [1.5, None], ["a"] * 51]),
        ("background_check", "issued_on", ["2026-02-30", 20260101, None, "20260101x", ""]),
        ("insurance", "per_occurrence", ["NaN", "-1", "0", 5, None, "1e99", "x", ""]),
        ("insurance", "currency", ["usd", "US", 1, None]),
        ("insurance", "named_insured", ["", " ", None, 5, "x" * 201, "a\u202eb"]),
        ("licence", "states", [[], ["Texas"], ["tx"], "TX", None, [5]]),
        ("tax_form", "form", ["W9", "1099", None, 9]),
    ],
)
def test_a_fact_that_nobody_can_use_is_refused_by_name(family: str, name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(BadInput, match=f"facts.{name}"):
            checked_facts(family, {**GOOD[family], name: value})


def test_evidence_is_a_class_and_never_a_nationality() -> None:
    assert EVIDENCE == ("citizen", "permanent_resident", "protected_individual")


@pytest.mark.parametrize(
    ("named", "legal", "same"),
    [
        ("CREW,  Inc.", "Crew Inc", True),
        ("Crew Inc", "Crew Inc of Texas", False),
        ("José Núñez", "JOSÉ NÚÑEZ", True),
        ("Ann Miller", "Anna Miller", False),
    ],
)
def test_a_name_is_the_same_whatever_its_case_spaces_and_stops(named: str, legal: str, same: bool) -> None:
    assert is_same_name(named, legal) is same
