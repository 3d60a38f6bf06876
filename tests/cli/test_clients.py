"""`truckroll clients papers`: a client that is there gets the usual papers, and keeps what it said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner
from worlds import World, small_world

from cli.clients import clients
from dispatch.errors import BadInput, NotFound
from dispatch.record.tables import ClientRow, CredentialKindRow, new_id


@pytest.fixture
def world(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A client that was there before the catalogue had a tax form and an insurance."""
    monkeypatch.setenv("TRUCKROLL_DATABASE_URL", database_url)
    monkeypatch.setenv("TRUCKROLL_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("TRUCKROLL_DATA_DIR", str(tmp_path))
    with small_world(database_url) as made:
        with made.as_engine() as (session, _):
            session.add(CredentialKindRow(code="w9", name="W-9", family="tax_form"))
            session.add(CredentialKindRow(code="liability", name="Liability", family="insurance"))
        yield made


def document(*words: str) -> Any:
    result = CliRunner().invoke(clients, ["papers", *words, "--json"], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout)


def papers(world: World) -> Any:
    with world.as_engine() as (session, _):
        return session.get_one(ClientRow, world.client).limits.get("papers", {})


def test_only_what_is_missing_comes_and_again_nothing(world: World) -> None:
    with world.as_engine() as (session, _):
        said = update(ClientRow).where(ClientRow.id == world.client)
        session.execute(said.values(limits={"papers": {"contractor": []}}))
    assert document(str(world.client)) == {"papers": {"company": ["liability"]}}
    assert papers(world) == {"contractor": [], "company": ["liability"]}
    assert document(str(world.client)) == {"papers": {}}


def test_a_client_is_found_by_its_name_where_only_one_has_it(world: World) -> None:
    with world.as_engine() as (session, now):
        name = session.get_one(ClientRow, world.client).name
    assert document(name) == {"papers": {"contractor": ["w9"], "company": ["liability"]}}
    with pytest.raises(NotFound):
        document("Nobody Inc")
    with world.as_engine() as (session, now):
        session.add(ClientRow(id=new_id(), name=name, currency="USD", created_at=now))
    with pytest.raises(BadInput, match="several clients"):
        document(name)
