"""What may any test ask for? A fresh database with the newest schema, and an empty Valkey; both are real."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

sys.path.insert(0, str(Path(__file__).parent / "support"))

from own_database import FOLDER, own_copy, template

from dispatch.private_postgres import PrivatePostgres, private_postgres
from dispatch.private_valkey import PrivateValkey, private_valkey


@pytest.fixture(scope="module", autouse=True)
def _few_to_look_through() -> Iterator[None]:
    """What a module leaves loaded is for good, and the garbage collector looks through it no more.

    It takes most of a second by now, three beside other work, and a request has four.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """The tests' own PostgreSQL, without fsync."""
    with private_postgres(FOLDER / "postgres", is_durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def template_name(postgres: PrivatePostgres) -> str:
    """Name of the migrated database that the copies are made from."""
    return os.environ.get("TRUCKROLL_TEST_TEMPLATE") or template(postgres)


@pytest.fixture
def database_name(postgres: PrivatePostgres, template_name: str) -> Iterator[str]:
    """Name of this test's own migrated database, on `postgres`."""
    with own_copy(postgres, template_name) as name:
        yield name


@pytest.fixture
def database_url(postgres: PrivatePostgres, database_name: str) -> str:
    """This test's own database, as the login role: processes connect so."""
    return postgres.url(database_name)


@pytest.fixture
def admin_url(postgres: PrivatePostgres, database_name: str) -> str:
    """This test's own database, as the superuser: for looking behind row-level security and for taking guards away."""
    return postgres.url(database_name, user="postgres")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateValkey]:
    """This worker's own Valkey."""
    with private_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: PrivateValkey) -> str:
    """An empty Valkey; what another test left in it is gone."""
    with redis.Redis.from_url(valkey.url()) as client:
        client.flushall()
    return valkey.url()
