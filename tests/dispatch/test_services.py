"""Where are the record and the bell? At the URLs that were set, else started."""

import contextlib
import os
import signal
import time
from pathlib import Path

import psycopg2
import pytest
import redis
from psycopg2.extensions import connection as Connection

from dispatch.errors import MissingService
from dispatch.private_valkey import PrivateValkey, answering, private_valkey
from dispatch.services import migrate, services
from dispatch.settings import Settings, without_driver


def connect(url: str) -> Connection:
    return psycopg2.connect(without_driver(url))


def test_with_both_urls_set_nothing_is_started(database_url: str, redis_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database_url, redis_url=redis_url, data_dir=tmp_path / "unused")
    with services(settings) as found:
        assert (found.database_url, found.redis_url) == (database_url, redis_url)
        assert found.started == ()
        assert found.revive() == ()
    assert not settings.data_dir.exists()


def test_without_urls_both_are_started_and_shared_and_children_are_told_where(tmp_path: Path) -> None:
    with services(Settings(data_dir=tmp_path)) as found:
        assert found.started == ("PostgreSQL", "Valkey")
        environment = found.environment()
        with contextlib.closing(connect(environment["TRUCKROLL_DATABASE_URL"])) as connection:
            assert connection.info.user == "truckroll"
        with redis.Redis.from_url(environment["TRUCKROLL_REDIS_URL"]) as client:
            assert client.ping() is True
        with services(Settings(data_dir=tmp_path)) as shared:
            assert shared.started == ()
            assert shared.environment() == environment


def test_a_database_that_was_named_and_does_not_answer_is_missing_and_names_the_variable() -> None:
    settings = Settings(database_url="postgresql://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1")
    with pytest.raises(MissingService, match="TRUCKROLL_DATABASE_URL"), services(settings):
        pytest.fail("it went on without a database")


def test_a_redis_that_was_named_and_does_not_answer_stops_nobody(database_url: str) -> None:
    with services(Settings(database_url=database_url, redis_url="redis://127.0.0.1:1")) as found:
        assert found.redis_url == "redis://127.0.0.1:1"


def test_migrating_again_finds_nothing_to_do_and_the_tables_belong_to_the_migrating_role(database_url: str) -> None:
    migrate(database_url)
    with contextlib.closing(connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'alembic_version'")
        assert cursor.fetchall() == [("truckroll_migrate",)]


def test_a_killed_valkey_is_revived_empty_where_it_was(tmp_path: Path) -> None:
    with private_valkey(tmp_path) as server, redis.Redis.from_url(server.url()) as client:
        assert server.revive() is False
        client.set("lost", "with it")
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
        while not server.revive():
            time.sleep(0.005)
        assert client.dbsize() == 0
    assert answering(tmp_path) is None
    assert not server.socket_dir.exists()


def test_valkey_keeps_nothing_on_disk_and_refuses_rather_than_forgets_when_it_is_full(valkey: PrivateValkey) -> None:
    with redis.Redis.from_url(valkey.url()) as client:
        wanted = {"save": "", "appendonly": "no", "maxmemory-policy": "noeviction", "port": "0"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
