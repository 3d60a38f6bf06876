"""`truckroll keys`: made, shown once, listed without secrets, revoked."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from sqlalchemy import func, select
from typer.testing import CliRunner
from worlds import World, small_world

from cli.keys import keys
from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.tables import ClientRow, new_id
from dispatch.talent.keys import find


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url, num_technicians=1) as made:
        yield made


def run(*words: str) -> Result:
    return CliRunner().invoke(keys, list(words))


def document(*words: str) -> dict[str, str]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    made: dict[str, str] = json.loads(result.stdout)
    return made


def opens(world: World, secret: str) -> str | None:
    with world.as_engine() as (session, _):
        actor = find(session, secret)
    return None if actor is None else actor.kind


def test_a_key_is_made_for_a_client_by_name_or_id_and_opens_it(world: World) -> None:
    for client in ("Acme service", str(world.client)):
        made = document("create", "--role", "dispatcher", "--client", client)
        assert opens(world, made["secret"]) == "dispatcher"


def test_the_secret_alone_stands_on_standard_output(world: World) -> None:
    result = run("create", "--role", "technician", "--technician", "T-00000")
    assert opens(world, result.stdout.strip()) == "technician"


def test_the_list_shows_each_key_and_no_secret(world: World) -> None:
    made = document("create", "--role", "company", "--company", "Big Bend Repairs", "--label", "desk", "--days", "30")
    listed = run("list", "--json")
    (key,) = json.loads(listed.stdout)["keys"]
    assert (key["id"], key["role"], key["label"], key["state"]) == (made["id"], "company", "desk", "in force")
    for shown in (listed.output, run("list").output):
        assert made["id"] in shown
        assert made["secret"] not in shown


def test_a_revoked_key_opens_nothing_and_is_revoked_once(world: World) -> None:
    made = document("create", "--role", "operator")
    assert opens(world, made["secret"]) == "operator"
    assert document("revoke", made["id"])["state"] == "revoked"
    assert opens(world, made["secret"]) is None
    assert isinstance(run("revoke", made["id"]).exception, Conflict)
    assert isinstance(run("revoke", str(new_id())).exception, NotFound)


def test_a_client_is_added_only_where_that_is_wanted(world: World) -> None:
    refused = run("create", "--role", "client_admin", "--client", "Diner Chain")
    assert isinstance(refused.exception, BadInput)
    for _ in range(2):
        document("create", "--role", "client_admin", "--client", "Diner Chain", "--new-client")
    with world.as_engine() as (session, _):
        named = select(func.count()).select_from(ClientRow).where(ClientRow.name == "Diner Chain")
        assert session.scalar(named) == 1
        waits = select(ClientRow.state).where(ClientRow.name == "Diner Chain")
        assert session.scalar(waits) == "applied", "nobody is let in without an agreement"


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "king"),
        ("--role", "dispatcher"),
        ("--role", "operator", "--client", "Acme service"),
        ("--role", "technician", "--technician", "T-9"),
        ("--role", "company", "--company", "Nobody"),
    ],
)
def test_what_does_not_fit_the_role_is_refused(world: World, words: tuple[str, ...]) -> None:
    assert isinstance(run("create", *words).exception, BadInput)
