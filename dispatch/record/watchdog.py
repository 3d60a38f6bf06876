"""What if the database hangs? A deadline that holds even when PostgreSQL is stopped.

A stopped (not dead) server answers nothing, so its own time-outs don't fire, and psycopg2 waits in `poll` with no
limit; cancelling and closing wait too. Shutting the socket down from another thread frees the waiting one at once.
"""

import contextlib
import os
import socket
import threading
import time
from typing import Any

import psycopg2

#: How often it looks within a deadline.
_LOOKS = 20


class Watchdog:
    """Breaks the connections whose transaction runs longer than `deadline_s`.

    One thread for a pool, from a first transaction until there was none for `deadline_s`: a pool that nobody uses, or
    that was disposed of, has none. A broken connection raises `OperationalError` in the thread that waited; the pool
    discards it.
    """

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        self._until: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, connection: Any, deadline_s: float | None = None) -> None:
        """Start (or restart) the clock of a psycopg2 connection; `deadline_s` instead of the pool's, if given."""
        with self._lock:
            self._until[connection] = time.monotonic() + (deadline_s or self.deadline_s)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="database watchdog", daemon=True)
                self._thread.start()

    def release(self, connection: Any) -> None:
        """The connection's work is done."""
        with self._lock:
            self._until.pop(connection, None)

    def _run(self) -> None:
        num_idle = 0
        while True:
            time.sleep(self.deadline_s / _LOOKS)
            with self._lock:
                num_idle = 0 if self._until else num_idle + 1
                if num_idle > _LOOKS:
                    self._thread = None
                    return
                late = [each for each, until in self._until.items() if until < time.monotonic()]
                for connection in late:
                    del self._until[connection]
                    _break(connection)


def _break(connection: Any) -> None:
    """Shut the socket below `connection`: whoever waits on it fails at once."""
    # It may have been closed in this very moment; the thread must live on for the others.
    with contextlib.suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as below:
        below.shutdown(socket.SHUT_RDWR)
