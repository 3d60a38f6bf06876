"""How do tests race with real commits? Threads that start at one barrier, each with a transaction of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from psycopg2.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from dispatch.errors import TruckrollError

#: How often one asks again who was told that the system is too busy.
_ASKS = 5
#: Longer than a thread or a lock takes on any machine.
_LATEST_S = 60


def race(calls: Sequence[Callable[[], Any]], num_threads: int | None = None) -> list[Any]:
    """Run all calls at once: what each answered, or the expected error that it raised, in their order.

    Who waited too long, for a lock or for a statement, is told to ask again, and does, as a phone would: on a busy
    machine 48 threads may queue for longer than the product lets anybody wait. What they did is undone by then. A
    deadlock is never expected, and raised here.
    """
    num = num_threads or len(calls)
    gate = threading.Barrier(num)

    def run(at: int) -> Any:
        if at < num:
            gate.wait(_LATEST_S)
        return _ask(calls[at], _ASKS)

    with ThreadPoolExecutor(num) as pool:
        return list(pool.map(run, range(len(calls))))


def blocked(engine: Engine, call: Callable[[], Any]) -> "Future[Any]":
    """Start a call in a thread, and wait until it waits for a lock, or has ended."""
    pool = ThreadPoolExecutor(1)
    running = pool.submit(call)
    pool.shutdown(wait=False)
    until = time.monotonic() + _LATEST_S
    while not running.done() and time.monotonic() < until:
        with engine.connect() as connection:
            if connection.scalar(_WAITING):
                break
        threading.Event().wait(0.01)
    return running


_WAITING = text(
    "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE NOT l.granted AND a.datname = current_database())"
)


def _ask(call: Callable[[], Any], times: int) -> Any:
    try:
        return call()
    except TruckrollError as error:
        return error
    except OperationalError as error:
        if times > 1 and isinstance(error.orig, LockNotAvailable | QueryCanceled):
            return _ask(call, times - 1)
        raise AssertionError(f"a race must not end in {error.orig}") from error
