"""`truckroll explain` and `replay` read well to a dispatcher, and say the truth of what was recorded."""

import json
from collections.abc import Iterator

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner
from worlds import World, small_world

from cli.explain import explain
from cli.replay import replay
from dispatch.errors import BadInput, NotFound
from dispatch.jobs.acceptance import Won, accept_offer
from matching.job import Needs


@pytest.fixture
def world(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", redis_url)
    with small_world(database_url) as made:
        yield made


def run(command: object, *words: str) -> str:
    app = typer.Typer(add_completion=False)
    app.command()(command)  # type: ignore[type-var]
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def won(world: World) -> Won:
    offer = world.offered(number="WO-88121")[0]
    with world.as_engine() as (session, now):
        answer = accept_offer(session, world.actor_of(offer), world.yes(offer), now=now)
    assert isinstance(answer, Won)
    return answer


def test_it_tells_who_has_it_by_which_parts_and_who_was_next(world: World) -> None:
    won(world)
    told = run(explain, "WO-88121")
    assert "Technician 0 has it" in told
    assert "place 1, score" in told
    assert "8 in reach, 8 may" in told
    assert "The next best:" in told
    assert "Technician 1" in told
    parts = told.split("score ")[1].split("\n")[0]
    total, _, terms = parts.partition(" = ")
    assert abs(float(total) - sum(float(term.split()[1]) for term in terms.split(" + "))) < 0.005


def test_how_soon_they_got_it_is_what_was_recorded_then(world: World) -> None:
    won(world)
    with world.as_engine() as (session, _):
        session.execute(text("UPDATE assignments SET assigned_at = assigned_at - interval '4 days'"))
    told = run(explain, "WO-88121")
    assert 0 <= float(told.split(" s after posting")[0].rsplit(" ", 1)[1]) < 60


def test_it_counts_those_who_may_not_by_rule_and_says_what_would_let_more(world: World) -> None:
    with world.as_engine() as (session, _):
        session.execute(text("UPDATE technicians SET min_hourly = 90"))
    job = world.post(number="WO-9")
    world.send_waves()
    told = run(explain, "WO-9")
    assert "Nobody has it." in told
    assert "the pay is below their own least rate" in told
    assert "More could do it if:" in told
    document = json.loads(run(explain, str(job), "--json"))
    assert document["state"] == "unfilled"
    assert {each["code"]: each["num_technicians"] for each in document["decisions"][0]["reasons"]} == {"rate": 8}


def test_it_tells_one_technician_every_tick_and_cross(world: World) -> None:
    world.post(number="WO-9", needs=Needs(skills={"hvac": 5}))
    world.send_waves()
    told = run(explain, "WO-9", "--technician", "T-00003")
    assert "Technician 3 may not do it" in told
    assert "NO   level" in told
    assert "has hvac at level 3, 5 wanted" in told


@pytest.mark.parametrize("words", [["WO-404"], ["WO-9", "--technician", "T-99999"]])
def test_what_is_not_there_is_said_by_name(world: World, words: list[str]) -> None:
    world.post(number="WO-9")
    with pytest.raises(NotFound, match=words[-1]):
        run(explain, *words)


def test_every_decision_replays_identically(world: World) -> None:
    won(world)
    world.post(needs=Needs(skills={"drones": 1}))
    world.send_waves()
    assert json.loads(run(replay, "--all", "--json")) == {"decisions": 2, "identical": 2, "differences": []}
    assert run(replay, "--all") == "2 decided again: identical\n"


def test_a_decision_that_was_tampered_with_is_named_with_its_first_difference(world: World) -> None:
    won(world)
    with world.engine.connect() as connection:
        connection.execute(text("SET ROLE truckroll_migrate"))
        connection.execute(text("ALTER TABLE decisions DISABLE TRIGGER decisions_kept"))
        connection.execute(text("UPDATE decisions SET outcome = jsonb_set(outcome, '{num_may}', '7')"))
        connection.commit()
    app = typer.Typer(add_completion=False)
    app.command()(replay)
    result = CliRunner().invoke(app, ["--all"])
    assert result.exit_code == 1
    assert "num_may: stored 7, now 8" in result.stdout


def test_replay_wants_one_decision_or_all(world: World) -> None:
    with pytest.raises(BadInput, match="--all"):
        run(replay)
    with pytest.raises(BadInput, match="32 hexadecimal digits"):
        run(replay, "not-an-id")
