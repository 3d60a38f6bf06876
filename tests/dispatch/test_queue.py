"""An errand is there with the transaction that wants it, is done at least once, and shows its arguments to nobody."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import psycopg2
import pytest
from procrastinate.jobs import Job
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch import courier as couriers
from dispatch.courier import Courier, Lane
from dispatch.queue import Errand, Try, Waits, back_off, enqueue
from dispatch.record.session import ENGINE, connect, transaction

LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url, pool_size=8)
    yield made
    made.dispose()


@pytest.fixture
def rows(admin_url: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    made = create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:

        def run(sql: str) -> list[tuple[Any, ...]]:
            found = connection.execute(text(sql))
            return [tuple(row) for row in found] if found.returns_rows else []

        yield run
    made.dispose()


def leave(session: Session, num: int = 1, **more: Any) -> bool:
    return enqueue(session, "note", {"num": num}, queue="errands", **more)


WAITING = "SELECT args->>'num', scheduled_at FROM queue.procrastinate_jobs ORDER BY id"


@pytest.mark.parametrize("role", ["app", "engine"])
def test_an_errand_is_there_with_its_transaction_and_gone_with_it(engine: Engine, rows: Callable, role: str):
    with contextlib.suppress(ZeroDivisionError), transaction(engine, ENGINE, role=role) as session:
        leave(session)
        raise ZeroDivisionError
    assert rows(WAITING) == []
    with transaction(engine, ENGINE, role=role) as session:
        assert leave(session)
        assert rows(WAITING) == []
    assert rows(WAITING) == [("1", None)]


@pytest.mark.parametrize("table", ["jobs", "events", "workers", "periodic_defers"])
def test_the_application_reads_and_writes_nothing_of_the_queue(engine: Engine, table: str):
    for sql in (f"SELECT * FROM queue.procrastinate_{table}", f"DELETE FROM queue.procrastinate_{table}"):
        with pytest.raises(DBAPIError) as caught, transaction(engine, ENGINE) as session:
            session.execute(text(sql))
        assert isinstance(caught.value.orig, InsufficientPrivilege)


def test_of_errands_with_the_same_queueing_lock_one_waits_at_the_earliest_time_asked_for(
    engine: Engine, rows: Callable
):
    for at, changes, waits_until in (
        (LATER, True, LATER),
        (LATER + timedelta(hours=1), False, LATER),
        (LATER - timedelta(hours=1), True, LATER - timedelta(hours=1)),
        (None, True, None),
        (LATER, False, None),
    ):
        with transaction(engine, ENGINE, role="engine") as session:
            assert leave(session, queueing_lock="one", at=at) == changes
        assert rows(WAITING) == [("1", waits_until)]


def test_the_schema_is_what_the_installed_procrastinate_would_make(rows: Callable):
    """When this fails after an upgrade: make procrastinate's own steps since 3.10 a migration of ours."""
    rows("CREATE SCHEMA other; SET search_path = other")
    with contextlib.closing(psycopg2.connect(_plain(rows))) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = other")
        cursor.execute((resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8"))
    for what in (
        "SELECT proname, prosrc, pg_get_function_arguments(oid) FROM pg_proc WHERE pronamespace = '{}'::regnamespace",
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = '{}'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = '{}'",
        "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE c.relnamespace = '{}'::regnamespace AND NOT tgisinternal",
        "SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
        " WHERE t.typnamespace = '{}'::regnamespace",
    ):
        ours, theirs = (
            {tuple(str(part).replace(f"{name}.", "") for part in row) for row in rows(what.format(name))}
            for name in ("queue", "other")
        )
        assert ours == theirs
        assert ours


def _plain(rows: Callable) -> str:
    name, folder = rows("SELECT current_database(), current_setting('unix_socket_directories')")[0]
    return f"dbname={name} host={folder} user=postgres"


def carry(database_url: str, engine: Engine, errand: Errand, until: Callable[[], bool]) -> None:
    """A courier that knows one errand, until something is so."""

    async def watch() -> None:
        courier = Courier(database_url, engine, lanes=(Lane("errands", 4),), errands=(errand,), readers=())
        running = asyncio.create_task(courier.run())
        async with asyncio.timeout(30):
            while not until():
                await asyncio.sleep(0.02)
        courier.stop()
        await running

    asyncio.run(watch())


@pytest.mark.parametrize("is_async", [False, True])
def test_an_errand_that_fails_is_tried_again_and_then_forgotten(
    database_url: str, engine: Engine, rows: Callable, is_async: bool
):
    tries: list[tuple[int, bool, int]] = []

    def note(this: Try, num: int) -> None:
        tries.append((this.num, this.is_last, num))
        if this.num < 3:
            raise ZeroDivisionError

    async def note_async(this: Try, num: int) -> None:
        note(this, num)

    with transaction(engine, ENGINE, role="engine") as session:
        leave(session, 7)
    errand = Errand("note", "errands", note_async if is_async else note, waits_s=(0.01, 0.01))
    carry(database_url, engine, errand, lambda: rows(WAITING) == [])
    assert tries == [(1, False, 7), (2, False, 7), (3, True, 7)]


def test_what_a_dead_courier_was_doing_is_taken_over(
    database_url: str, engine: Engine, rows: Callable, monkeypatch: pytest.MonkeyPatch
):
    """Of two rows left by a courier that is gone, one has a queueing lock under which another waits by now."""
    monkeypatch.setattr(couriers, "_TEND_EVERY_S", 0.1)
    done: list[int] = []
    with transaction(engine, ENGINE, role="engine") as session:
        leave(session, 1)
        leave(session, 2, queueing_lock="one")
    rows("SET search_path = queue")
    rows("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
    rows("UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)")
    with transaction(engine, ENGINE, role="engine") as session:
        leave(session, 3, queueing_lock="one", at=LATER)
    errand = Errand("note", "errands", lambda this, num: done.append(num))
    carry(database_url, engine, errand, lambda: rows(WAITING) == [("3", LATER)])
    assert done == [1]


def test_waits_grow_end_and_are_jittered():
    waits = Waits((10.0, 20.0))
    job = Job(queue="errands", lock=None, queueing_lock=None, task_name="note")
    assert waits.get_retry_decision(exception=ValueError(), job=job.evolve(attempts=2)) is None
    decision = waits.get_retry_decision(exception=ValueError(), job=job.evolve(attempts=1))
    assert decision is not None
    assert decision.retry_at is not None
    assert timedelta(seconds=11) < decision.retry_at - datetime.now(UTC) <= timedelta(seconds=20)
    assert back_off(10.0, 0.0) == timedelta(seconds=6)
    at_once = waits.get_retry_decision(exception=asyncio.CancelledError(), job=job.evolve(attempts=9))
    assert at_once is not None
    assert at_once.retry_at is not None
    assert at_once.retry_at <= datetime.now(UTC)
