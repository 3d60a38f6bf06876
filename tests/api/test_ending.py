"""What does an application leave behind that has ended? Nothing: a process may start and end any number of them."""

import gc
import threading
import weakref
from pathlib import Path

import psycopg2
import redis
from fastapi.testclient import TestClient
from processes import until

from api.app import create_app
from dispatch.settings import Settings, without_driver

_BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'truckroll api' AND datname = %s"


def test_an_ended_application_leaves_no_socket_no_thread_and_no_memory(
    admin_url: str, database_url: str, redis_url: str, database_name: str, tmp_path: Path
) -> None:
    looker = redis.Redis.from_url(redis_url)
    administrator = psycopg2.connect(without_driver(admin_url))
    administrator.autocommit = True

    def num_backends() -> int:
        with administrator.cursor() as cursor:
            cursor.execute(_BACKENDS, (database_name,))
            return int(cursor.fetchone()[0])  # type: ignore[index]

    def num_sockets() -> int:
        return len(looker.client_list())

    quiet, threads = num_sockets(), set(threading.enumerate())
    app = create_app(Settings(database_url=database_url, redis_url=redis_url, data_dir=tmp_path))
    with TestClient(app) as http:
        # Counted for all processes together, so by Redis; and with Redis and the record both looked at.
        assert http.post("/v1/sign-in/link", json={"email": "nobody@example.com"}).status_code < 500
        assert http.get("/v1/health").status_code == 200
        parts = app.state.parts
        parts.refresh()
        parts.bell.wait("bell", 0.05)
        assert num_sockets() >= quiet + 3
        assert num_backends() > 0
    until(lambda: num_sockets() == quiet, "Redis was hung up")
    # PostgreSQL's process of a connection ends a moment after its socket.
    until(lambda: num_backends() == 0, "no connection to PostgreSQL")
    # Who watches the database ends by itself once nobody has asked it for some seconds.
    assert {each.name for each in set(threading.enumerate()) - threads} <= {"database watchdog"}
    roster = weakref.ref(parts.feed)
    del app, http, parts
    gc.collect()
    assert roster() is None
    looker.close()
    administrator.close()
