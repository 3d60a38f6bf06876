"""The guards' small world: built once in a copy of the migrated database, every test in a transaction rolled back."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from guard_world import World, build
from guarding import Guarded
from own_database import own_copy

from dispatch.private_postgres import PrivatePostgres


@pytest.fixture(scope="session")
def guarded_world(postgres: PrivatePostgres, template_name: str) -> Iterator[tuple[Engine, World]]:
    """A database with the world in it, shared by all tests that change nothing for good."""
    with own_copy(postgres, template_name) as name:
        engine = create_engine(postgres.url(name, user="postgres"))
        with Session(engine) as session, session.begin():
            world = build(session)
        yield engine, world
        engine.dispose()


@pytest.fixture
def guarded(guarded_world: tuple[Engine, World]) -> Iterator[Guarded]:
    """The world in a transaction of this test's own."""
    engine, world = guarded_world
    with engine.connect() as connection:
        outer = connection.begin()
        yield Guarded(connection, world)
        outer.rollback()
