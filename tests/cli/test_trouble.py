"""`truckroll trouble` lists what needs a person, most urgent first, of one client or of all."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import typer
from letin import LET_IN
from sqlalchemy import insert
from typer.testing import CliRunner
from worlds import World, small_world

from cli.trouble import time_left, trouble
from dispatch.errors import NotFound
from dispatch.record.session import ENGINE
from dispatch.record.tables import ClientRow, new_id
from dispatch.visits.alarms import raise_alarm

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", redis_url)
    with small_world(database_url) as made:
        yield made


def run(*words: str) -> str:
    app = typer.Typer(add_completion=False)
    app.command()(trouble)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def troubled(world: World) -> None:
    """Two jobs of Acme's, one of them late, and a webhook of another client's."""
    first, second = world.post(number="WO-1"), world.post(number="WO-2")
    other = new_id()
    with world.as_engine() as (session, now):
        session.execute(insert(ClientRow).values(id=other, name="Globex", created_at=now, **LET_IN))
        for kind, job, minutes in (("incident", first, 90), ("no_check_in", second, -5)):
            raise_alarm(
                session, ENGINE, kind, client_id=world.client, job_id=job, due_at=now + minutes * MINUTE, now=now
            )
        raise_alarm(session, ENGINE, "webhook_failing", client_id=other, subject_id=new_id(), due_at=now, now=now)


def test_the_most_urgent_stands_first_in_words(world: World) -> None:
    assert "Nothing needs anybody now." in run()
    troubled(world)
    lines = run().splitlines()[1:]
    assert lines[0].lstrip().startswith("-5 min")
    assert "Nobody has checked in at the site" in lines[0]
    assert "WO-2" in lines[0]
    assert "Store 1147, Alpine" in lines[0]
    assert "Globex" in lines[1]
    assert "1 h " in lines[2]


def test_one_client_alone_by_name_or_id_and_as_json(world: World) -> None:
    troubled(world)
    by_name = json.loads(run("--client", "Acme service", "--json"))["items"]
    assert [(each["kind"], each["job"], each["site"]) for each in by_name] == [
        ("no_check_in", "WO-2", "1147"),
        ("incident", "WO-1", "1147"),
    ]
    assert by_name[0]["minutes_left"] < 0
    by_id = json.loads(run("--client", str(world.client), "--json", "--limit", "1"))["items"]
    assert [each["job"] for each in by_id] == ["WO-2"]
    with pytest.raises(NotFound, match="Initech"):
        run("--client", "Initech")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h 00"),
        (185, "3 h 05"),
        (2880, "2 d 0 h"),
        (-1, "-1 min"),
        (-75, "-1 h 15"),
    ],
)
def test_time_left_is_short(minutes: int, words: str) -> None:
    assert time_left(minutes * MINUTE) == words
