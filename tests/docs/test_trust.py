"""Every function, test, guard and page that `docs/trust.md` names exists, and no risk is without a test."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/trust.md").read_text()
STEP = re.compile(r"`([\w/]+\.py)::(\w+)`")
GUARD = re.compile(r"`([a-z]\w+)`")
ROWS = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| risk |")]


@pytest.fixture(scope="module")
def guards() -> set[str]:
    """Names of all constraints, unique indexes, triggers and policies of the migrated database."""
    catalogue = json.loads((ROOT / "tests/dispatch/record/catalogue.json").read_text())
    kinds = ("constraints", "indexes", "triggers", "policies")
    return {name for kind in kinds for of_table in catalogue[kind].values() for name in of_table}


@pytest.mark.parametrize(("file", "name"), sorted(set(STEP.findall(TEXT))))
def test_what_it_names_exists(file: str, name: str) -> None:
    body = ast.parse((ROOT / file).read_text()).body
    assert name in {each.name for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("| "))
def test_each_risk_has_a_place_and_a_test(row: list[str], guards: set[str]) -> None:
    risk, rule, where, proof = row
    assert all((risk, rule))
    assert not set(GUARD.findall(where)) - guards
    assert GUARD.findall(where) or STEP.findall(where) or "docs/rights.md" in where
    assert all(file.startswith("tests/") for file, _ in STEP.findall(proof))
    assert STEP.findall(proof)


def test_the_large_risks_are_all_there() -> None:
    assert len(ROWS) >= 45
