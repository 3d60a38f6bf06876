"""`truckroll credentials`: what waits for a review is listed, verified, rejected and taken back, each once."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import Result
from typer.testing import CliRunner
from worlds import World, small_world

from cli.credentials import credentials
from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.tables import new_id
from dispatch.talent.credentials import Claim, submit_credential


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    with small_world(database_url, num_technicians=1) as made:
        yield made


def run(*words: str) -> Result:
    return CliRunner().invoke(credentials, list(words))


def handed_in(world: World) -> str:
    with world.as_engine() as (session, now):
        claim = Claim("background_check", now.date(), now.date() + timedelta(days=90), "Report Zq8842")
        return str(submit_credential(session, world.technician(0), world.technicians[0], claim, now=now))


def test_what_is_due_is_listed_verified_and_taken_back(world: World) -> None:
    first, second = handed_in(world), handed_in(world)
    listed = run("list", "--json")
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.stdout)["credentials"]
    assert [(each["id"], each["technician"], each["state"]) for each in found] == [
        (first, "T-00000", "submitted"),
        (second, "T-00000", "submitted"),
    ]
    assert all(each["due_at"] for each in found)
    assert "Zq8842" not in listed.output
    assert first in run("list").stdout
    assert isinstance(run("verify", first, "--facts", "[]").exception, BadInput)
    assert isinstance(run("verify", first, "--facts", '{"states": ["TX"]}').exception, BadInput)
    read = run("verify", first, "--facts", '{"issued_on": "2026-01-01"}', "--json")
    assert json.loads(read.stdout) == {"id": first, "state": "verified"}
    assert run("reject", second).exit_code == 0
    assert isinstance(run("verify", second).exception, Conflict)
    taken_back = json.loads(run("revoke", first, "--json").stdout)
    assert taken_back == {"id": first, "state": "revoked", "offers_withdrawn": [], "assignments": []}
    assert run("list").stdout.strip() == "There are none."
    assert isinstance(run("list", "--state", "lost").exception, BadInput)
    assert isinstance(run("verify", str(new_id())).exception, NotFound)


def test_the_word_that_clears_is_given_changed_and_taken_back(world: World) -> None:
    with world.as_engine() as (_, now):
        today = now.date()

    def said(*words: str) -> str | None:
        ran = run("word", "T-00000", *words, "--json")
        assert ran.exit_code == 0, ran.output
        last: str | None = json.loads(ran.stdout)["clearance_until"]
        return last

    first, later = ((today + timedelta(days=days)).isoformat() for days in (20, 200))
    assert said("--until", first) == first
    assert said("--until", later) == later
    assert said() == (today + timedelta(days=365)).isoformat()
    assert said("--take-back") is None
    for wrong in (("T-00000", "--until", "soon"), ("T-00000", "--take-back", "--until", first), ("T-9", "--take-back")):
        assert isinstance(run("word", *wrong).exception, BadInput)
