"""`truckroll people`: what would go and what is in the way is said first; then it is exported, and goes."""

import base64
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import text
from typer.testing import CliRunner
from worlds import World, small_world

from cli.people import people
from dispatch.errors import BadInput, Conflict


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("TRUCKROLL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRUCKROLL_DATA_KEYS", f"test:{base64.b64encode(os.urandom(32)).decode()}")
    with small_world(database_url) as made:
        yield made


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(people, list(words), standalone_mode=False)
    if isinstance(result.exception, (click.exceptions.Exit, SystemExit)):
        return 1, result.stdout
    if result.exception is not None:
        raise result.exception
    return int(result.return_value or 0), result.stdout


def document(*words: str) -> Any:
    return json.loads(run(*words, "--json")[1])


def state_of(world: World, num: int) -> str:
    with world.as_engine() as (session, _):
        return session.scalars(text("SELECT state FROM technicians WHERE id = :t"), {"t": world.technicians[num]}).one()


def test_a_dry_run_says_what_would_go_and_changes_nothing(world: World) -> None:
    told = document("erase", "T-00000", "--dry-run")
    assert told["goes"]["technician_skills"] == 1
    assert told["is_overwritten"]["technicians"] == 1
    assert told["blocked_by"] == []
    assert "nothing was changed" in run("erase", "T-00000", "--dry-run")[1]
    assert state_of(world, 0) == "active"


def test_somebody_is_erased_and_cannot_be_exported_any_more(world: World) -> None:
    told = document("erase", "T-00000")
    assert told["done"]["num_rows"] >= 1
    assert state_of(world, 0) == "erased"
    assert state_of(world, 1) == "active"
    with pytest.raises(Conflict, match="erased"):
        run("export", str(world.technicians[0]))
    with pytest.raises(Conflict, match="erased"):
        run("erase", str(world.technicians[0]))


def test_what_is_in_the_way_is_said_and_nothing_goes(world: World) -> None:
    with world.as_engine() as (session, now):
        session.execute(
            text(
                "INSERT INTO legal_holds (id, about, technician_id, why, placed_at)"
                " VALUES (gen_random_uuid(), 'technician', :t, 'lawsuit', :now)"
            ),
            {"t": world.technicians[0], "now": now},
        )
    code, words = run("erase", "T-00000")
    assert code == 1
    assert "in the way: legal_hold (1)" in words
    assert state_of(world, 0) == "active"


def test_an_export_is_a_zip_of_what_is_held(world: World, tmp_path: Path) -> None:
    out = tmp_path / "ana.zip"
    assert run("export", "T-00001", "--out", str(out))[1].strip() == str(out)
    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("data/technicians.json"))[0]["number"] == "T-00001"
        assert json.loads(archive.read("about.json"))["files_not_there"] == []


def test_staff_are_exported_by_their_address_and_by_id_where_two_have_it(world: World, tmp_path: Path) -> None:
    out = tmp_path / "rosa.zip"
    add = text(
        "INSERT INTO staff (id, client_id, role, name, email, created_at)"
        " VALUES (gen_random_uuid(), :client, :role, 'Rosa Marsh', 'Rosa@example.org', now()) RETURNING id"
    )
    with world.as_engine() as (session, _):
        rosa = session.scalars(add, {"client": world.client, "role": "dispatcher"}).one()
    run("export", "rosa@example.org", "--out", str(out))
    with zipfile.ZipFile(out) as archive:
        assert [each["id"] for each in json.loads(archive.read("data/staff.json"))] == [str(rosa)]
    with world.as_engine() as (session, _):
        session.scalars(add, {"client": None, "role": "operator"}).one()
    with pytest.raises(BadInput, match=str(rosa)):
        run("export", "rosa@example.org")
    run("export", str(rosa), "--out", str(out))


def test_staff_are_erased_by_their_address_and_who_is_needed_is_not(world: World) -> None:
    add = text(
        "INSERT INTO staff (id, client_id, role, name, email, created_at)"
        " VALUES (gen_random_uuid(), :client, :role, 'Rosa Marsh', :email, now()) RETURNING id"
    )
    with world.as_engine() as (session, _):
        rosa = session.scalars(add, {"client": world.client, "role": "requester", "email": "rosa@example.org"}).one()
        session.scalars(add, {"client": world.client, "role": "client_admin", "email": "ada@example.org"}).one()
        others = "role = 'client_admin' AND email <> 'ada@example.org'"
        session.execute(text(f"UPDATE staff SET left_at = now() WHERE {others}"))
    told = document("erase", "rosa@example.org", "--dry-run")
    assert (told["staff"], told["is_overwritten"], told["blocked_by"]) == (str(rosa), {"staff": 1}, [])
    assert document("erase", "Rosa@example.org")["done"]["num_files"] == 0
    with world.as_engine() as (session, _):
        named = "SELECT name, email, erased_at IS NOT NULL FROM staff WHERE id = :r"
        assert session.execute(text(named), {"r": rosa}).one() == ("[erased]", f"erased-{rosa}", True)
    with pytest.raises(BadInput, match="NUMBER"):
        run("erase", "rosa@example.org")
    with pytest.raises(Conflict, match="erased"):
        run("erase", str(rosa))
    code, words = run("erase", "ada@example.org")
    assert code == 1
    assert "in the way: last_admin (1)" in words


def test_nobody_is_found_by_another_name(world: World) -> None:
    with pytest.raises(BadInput, match="NUMBER"):
        run("export", "T-99999")
