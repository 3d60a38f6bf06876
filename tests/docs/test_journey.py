"""Every step of `docs/journey.md`, and of the map in `dispatch/__init__.py`, names something that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEP = re.compile(r"`([\w/]+\.py)::([\w.]+)`")
MAP = re.compile(r"^ {4}[a-z ]+? {2,}([\w/]+\.py)::(\w+)", re.MULTILINE)


def steps() -> list[tuple[str, str]]:
    told = STEP.findall((ROOT / "docs/journey.md").read_text())
    listed = MAP.findall((ROOT / "dispatch/__init__.py").read_text())
    return told + [(file if (ROOT / file).exists() else f"dispatch/{file}", name) for file, name in listed]


def names_in(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return names


def test_the_journey_has_all_its_steps() -> None:
    assert len(steps()) > 30


@pytest.mark.parametrize(("file", "name"), steps())
def test_each_step_of_the_journey_names_a_function_that_exists(file: str, name: str) -> None:
    assert name in names_in(ROOT / file)
