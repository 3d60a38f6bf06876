"""`truckroll links`: a link that signs somebody in, printed."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from signing import token_in
from sqlalchemy import select, update
from typer.testing import CliRunner
from worlds import World, small_world

from cli.links import links
from dispatch.errors import BadInput
from dispatch.record.tables import EventRow, StaffRow, TechnicianRow
from dispatch.signin.links import open_link
from dispatch.signin.people import identities


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url, num_technicians=1) as made:
        yield made


def run(*words: str) -> Result:
    return CliRunner().invoke(links, ["make", *words])


def proved(world: World, words: str) -> list[str]:
    with world.as_engine() as (session, _):
        return [each.role for each in identities(session, open_link(session, token_in(words)))]


def test_the_first_operator_gets_in_by_a_printed_link(world: World) -> None:
    result = run("--email", "You@example.org", "--new-operator", "Olga")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("http://127.0.0.1:8000/sign-in#token=")
    assert len(result.stdout.splitlines()) == 1
    assert proved(world, result.stdout) == ["operator"]
    assert run("--email", "you@example.org", "--new-operator", "Olga").exit_code == 0
    with world.as_engine() as (session, _):
        assert [row.name for row in session.scalars(select(StaffRow))] == ["Olga"]
        assert session.scalars(select(EventRow.kind).where(EventRow.kind == "link_made")).all() == ["link_made"] * 2


def test_a_technicians_link_leads_to_the_address_that_is_named(world: World) -> None:
    with world.as_engine() as (session, _):
        session.execute(update(TechnicianRow).values(email="anna@example.org"))
    result = run("--email", "anna@example.org", "--base-url", "http://127.0.0.1:9/", "--minutes", "5", "--json")
    made = json.loads(result.stdout)
    assert made["link"].startswith("http://127.0.0.1:9/sign-in#token=")
    assert (made["email"], made["lasts_min"]) == ("anna@example.org", 5)
    assert proved(world, made["link"]) == ["technician"]


@pytest.mark.parametrize("email", ["nobody@example.org", "no address"])
def test_there_is_no_link_for_nobody(world: World, email: str) -> None:
    result = run("--email", email)
    assert isinstance(result.exception, BadInput)
    assert "#token=" not in result.output
