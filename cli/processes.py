"""How does one process run alone? Against the servers in TRUCKROLL_DATABASE_URL and TRUCKROLL_REDIS_URL.

Where they are not set, the private servers of this folder are used, shared with whoever uses them already. Each process
loads only its own half of the program.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn

from cli.lazy import load
from dispatch.record.datakeys import read_ring
from dispatch.services import services
from dispatch.settings import Settings, read_settings
from dispatch.talent.packfiles import go_by

#: A request waits for PostgreSQL a dozen times, and each time again for the interpreter: Python's own 5 ms a turn
#: let the slowest hundredth wait ten times as long as the median.
_SWITCH_S = 0.0005
#: Seconds in which a reader must take some of what was sent. Else the line is cut: the kernel would keep it, and we
#: what waits for it, for as long as the other side lives.
STALLED_S = 60.0
_STALLED = getattr(socket, "TCP_USER_TIMEOUT", None)
_MAX_FILES = 65_536
#: Settings of glibc's `mallopt` and their values: pools of memory for threads, and bytes from which on a block is a
#: mapping of its own, given back when it is free.
_M_ARENA_MAX, _NUM_POOLS = -8, 1
_M_MMAP_THRESHOLD, _OWN_MAPPING = -3, 128 * 1024
#: Seconds after which what lies free between blocks in use is given back again.
_TRIM_EVERY_S = 60.0


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on [default: 8000].")] = None,
) -> None:
    """Answer HTTP until told to end.

    For example: truckroll api --port 8080
    """
    _keep_memory_small()
    with _connected() as settings:
        app = load("api.app:create_app")(settings, is_for_life=True)
        sys.setswitchinterval(_SWITCH_S)
        # Our own log handler is set already; a stream of events that nobody reads may not hold up the end.
        config = uvicorn.Config(
            app,
            host=host or settings.host,
            port=port or settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
        _allow_many_files()
        serve(config)


def serve(config: uvicorn.Config) -> None:
    """Answer until told to end."""
    server = _Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(3)


class _Server(uvicorn.Server):
    """Who takes nothing of what was sent for `STALLED_S` is cut off, and may come again."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if _STALLED is None:
            return
        # What a connection is set to is what its listener was.
        for listener in (each for server in self.servers for each in server.sockets):
            listener.setsockopt(socket.IPPROTO_TCP, _STALLED, round(STALLED_S * 1000))


def _keep_memory_small() -> None:
    """All threads take memory from one pool, whose free pages go back to the system once a minute.

    Where the C library can be told so. Worker threads come and go, and each of glibc's pools keeps the holes of those
    that went: beside stalled readers memory grew by 6 MB an hour, from one pool by 2. With the holes given back, which
    takes 0.4 to 10 ms of a thread of its own, it does not grow: 445.5 MB after a minute, 444.0 after twenty
    (`benchmarks.board`).
    """
    library = ctypes.CDLL(None)
    mallopt, trim = getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _NUM_POOLS)
        mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING)
    if trim is not None:
        threading.Thread(target=_give_back, args=(trim,), name="give-back", daemon=True).start()


def _give_back(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(_TRIM_EVERY_S)
        trim(0)


def _allow_many_files() -> None:
    """A thousand boards are a thousand open files; most systems begin at as many, and allow more to whoever asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(_MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def dispatcher() -> None:
    """Send waves, end offers and do what else is due, until told to end.

    For example: truckroll dispatcher
    """
    stop = _stop_when_told()
    with _connected() as settings:
        ring = read_ring(settings.data_keys, settings.data_dir)
        # A wave waits as often, and the day's sweeps run in the same process.
        sys.setswitchinterval(_SWITCH_S)
        load("dispatch.worker:run")(settings.database_url, settings.redis_url, stop, ring=ring, is_for_life=True)


def courier() -> None:
    """Carry messages and webhooks out of the house, until told to end.

    For example: truckroll courier
    """
    stop = _stop_when_told()
    with _connected() as settings:
        load("dispatch.courier:run")(settings.database_url, stop, settings)


def _stop_when_told() -> threading.Event:
    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    return stop


@contextmanager
def _connected() -> Iterator[Settings]:
    settings = read_settings()
    go_by(settings.packs_dir)
    with services(settings) as found:
        yield settings.model_copy(update={"database_url": found.database_url, "redis_url": found.redis_url})
