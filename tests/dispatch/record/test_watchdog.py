"""A stopped PostgreSQL hangs nobody: waiting fails at the deadline, and later the pool works on fresh connections."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from dispatch.private_postgres import PrivatePostgres, private_postgres
from dispatch.record.session import connect
from dispatch.record.watchdog import Watchdog

#: Far above the deadlines below: only a hanging test meets it.
FOREVER_S = 30.0


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    """A PostgreSQL that no other test needs."""
    with private_postgres(tmp_path_factory.mktemp("stopped") / "postgres", is_durable=False) as server:
        yield server


@contextmanager
def stopped(server: PrivatePostgres) -> Iterator[None]:
    """The server and all its processes stand still meanwhile: alive, and answering nothing."""
    postmaster = int((server.programs.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *map(int, children)]
    try:
        for process in processes:
            signal_to(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            signal_to(process, signal.SIGCONT)


def signal_to(process: int, which: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # a connection may have ended meanwhile
        os.kill(process, which)


def outcome(work: Callable[[], object]) -> object:
    """What a piece of work answers or raises, in a thread, so that a hanging one is told and not joined."""
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(work())
        except DBAPIError as error:
            outcomes.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(FOREVER_S)
    assert outcomes, "it hangs"
    return outcomes[0]


def backend(engine: Engine) -> int:
    """Number of the server's process that serves a transaction."""
    with Session(engine) as session, session.begin():
        number: int = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return number


@pytest.fixture
def engine(own_server: PrivatePostgres) -> Iterator[Engine]:
    pool = connect(own_server.url(user="postgres"), pool_size=2, deadline_s=1.0)
    yield pool
    pool.dispose()


def test_a_query_to_a_stopped_server_raises_and_afterwards_the_pool_has_fresh_connections(
    own_server: PrivatePostgres, engine: Engine
):
    before = backend(engine)
    assert backend(engine) == before
    with stopped(own_server):
        assert isinstance(outcome(lambda: backend(engine)), OperationalError)
    assert backend(engine) != before


def test_a_transaction_that_waits_in_the_middle_or_for_its_commit_raises_too(
    own_server: PrivatePostgres, engine: Engine
):
    def write(stop_before_commit: bool) -> None:
        with Session(engine) as session, session.begin():
            session.execute(text("CREATE TABLE IF NOT EXISTS written (num integer)"))
            with stopped(own_server):
                session.execute(text("SELECT 1")) if not stop_before_commit else session.commit()

    assert isinstance(outcome(lambda: write(False)), OperationalError)
    assert isinstance(outcome(lambda: write(True)), OperationalError)
    assert isinstance(backend(engine), int)


def test_a_connection_to_a_stopped_server_cannot_be_made_and_that_is_said(own_server: PrivatePostgres, engine: Engine):
    with stopped(own_server):
        assert isinstance(outcome(lambda: backend(engine)), OperationalError)
    assert isinstance(backend(engine), int)


def test_many_who_wait_at_once_are_all_freed(own_server: PrivatePostgres, engine: Engine):
    with Session(engine) as one, Session(engine) as other:
        one.execute(text("SELECT 1"))
        other.execute(text("SELECT 1"))
        with stopped(own_server):
            outcomes = [outcome(lambda each=each: each.execute(text("SELECT 2"))) for each in (one, other)]
    assert [type(each) for each in outcomes] == [OperationalError, OperationalError]
    assert isinstance(backend(engine), int)


def test_a_long_statement_is_broken_although_the_server_lives(engine: Engine):
    def sleep() -> None:
        with Session(engine) as session, session.begin():
            session.execute(text("SELECT pg_sleep(60)"))

    assert isinstance(outcome(sleep), OperationalError)
    assert isinstance(backend(engine), int)


class Clocked:
    """A pair of connected sockets, one of them worn like a psycopg2 connection."""

    def __init__(self) -> None:
        self.own, self.other = socket.socketpair()
        self.is_closed = False

    def fileno(self) -> int:
        if self.is_closed:
            raise psycopg2.InterfaceError("connection already closed")
        return self.own.fileno()

    def ends(self) -> bool:
        """Whether the other end is told of the end within the time a hanging test would take."""
        self.other.settimeout(FOREVER_S)
        return self.other.recv(1) == b""

    def close(self) -> None:
        self.own.close()
        self.other.close()


@pytest.fixture
def connections() -> Iterator[list[Clocked]]:
    pairs = [Clocked(), Clocked(), Clocked()]
    yield pairs
    for pair in pairs:
        pair.close()


def test_a_released_connection_is_left_alone(connections: list[Clocked]):
    released, late, _ = connections
    watchdog = Watchdog(deadline_s=0.05)
    watchdog.watch(released)
    watchdog.release(released)
    watchdog.watch(late)
    assert late.ends()
    released.own.sendall(b"alive")
    assert released.other.recv(5) == b"alive"
    assert watchdog._until == {}


def test_release_takes_what_was_never_watched_and_what_the_pool_has_dropped_already():
    watchdog = Watchdog(deadline_s=0.05)
    watchdog.release(None)
    assert watchdog._until == {}


def test_the_watchdog_outlives_a_connection_that_is_gone_already(connections: list[Clocked]):
    gone, closed, late = connections
    watchdog = Watchdog(deadline_s=0.05)
    gone.own.close()
    closed.is_closed = True
    for connection in (gone, closed, late):
        watchdog.watch(connection)
    assert late.ends()
    assert watchdog._until == {}


def test_a_connection_that_the_server_ended_is_forgotten_in_time(own_server: PrivatePostgres, engine: Engine):
    with Session(engine) as session:
        number = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg2.connect(host=str(own_server.socket_dir), user="postgres", dbname="postgres") as administrator:
            administrator.cursor().execute("SELECT pg_terminate_backend(%s)", (number,))
        administrator.close()
        with pytest.raises(OperationalError):
            session.execute(text("SELECT 1"))
    assert backend(engine) != number


def test_a_pool_that_nobody_uses_has_no_thread_and_the_next_transaction_is_watched_again():
    mine, theirs = socket.socketpair()
    with mine, theirs:
        dog = Watchdog(deadline_s=0.2)
        dog.watch(mine)
        dog.release(mine)
        first = dog._thread
        assert first is not None
        first.join(FOREVER_S)
        assert not first.is_alive()
        dog.watch(mine)
        mine.settimeout(FOREVER_S)
        assert mine.recv(1) == b""  # Shut down at its deadline.
