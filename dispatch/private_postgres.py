"""How do we get a PostgreSQL of our own, and find it again after anything was killed?

The data lie in a folder of the project; the server listens on a unix socket in a short temporary folder (a socket's
path may have 107 bytes) and on nothing else. PostgreSQL's own ``postmaster.pid`` in the data folder names the process
and the socket folder: it is the one state file, believed only once a connection through it reaches this data folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from dispatch.bootstrap import LOGIN_ROLE, bootstrap
from dispatch.errors import MissingService
from dispatch.postgres_programs import SUPERUSER, Programs, find_programs
from dispatch.sharing import Membership, alone, private_folder

DATABASE = "truckroll"

_log = logging.getLogger(__name__)
_START_WITHIN_S = 120.0
_STOP_WITHIN_S = 60.0
_SOCKET_PREFIX = "truckroll-"
_FIXED = {"listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "200", "timezone": "UTC"}
#: Somebody's data: an acknowledged write survives a power cut.
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
#: A test's data: survives a kill, not a power cut.
_DISPOSABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class PrivatePostgres:
    """A running private PostgreSQL."""

    data: Path
    socket_dir: Path
    #: False: it was running already.
    is_started_here: bool

    def url(self, database: str = DATABASE, *, user: str = LOGIN_ROLE) -> str:
        """URL for SQLAlchemy; user ``postgres`` is the superuser."""
        return f"postgresql+psycopg2://{user}@/{database}?host={self.socket_dir}"

    def connect(self, database: str = DATABASE, *, user: str = SUPERUSER) -> Connection:
        """Connect as the superuser, for preparing and looking after the server."""
        return psycopg2.connect(host=str(self.socket_dir), user=user, dbname=database, connect_timeout=2)


@contextmanager
def private_postgres(folder: Path, *, is_durable: bool = True) -> Iterator[PrivatePostgres]:
    """Use the private PostgreSQL of this folder; the last one who leaves stops it.

    Parameters
    ----------
    folder
        Made if it is not there; the cluster and the locks lie in it.
    is_durable
        False for tests: a power cut may cost the data.

    Raises
    ------
    MissingService
        PostgreSQL or PostGIS is not installed, or the server does not start; the message ends with its log's tail.
    """
    programs = find_programs(private_folder(folder))
    with alone(folder):
        membership = Membership(folder)
        try:
            server = running(programs) or _start(programs, _DURABLE if is_durable else _DISPOSABLE)
            _prepare(server)
        except BaseException:
            membership.leave()
            raise
    try:
        yield server
    finally:
        with alone(folder):
            if membership.leave():
                _stop(programs)


def running(programs: Programs) -> PrivatePostgres | None:
    """Return the server that runs on this data folder, if one does; waits for one that is starting or stopping."""
    deadline_s = time.monotonic() + _START_WITHIN_S
    while (state := _read_state(programs.data)) is not None and _is_postmaster(state.pid, programs.data):
        server = PrivatePostgres(programs.data, state.socket_dir, is_started_here=False)
        try:
            server.connect("postgres").close()
        except psycopg2.OperationalError as error:
            if not state.socket_dir.is_dir():
                _log.warning("the socket folder %s was removed: restarting PostgreSQL", state.socket_dir)
                _stop(programs)
            elif time.monotonic() > deadline_s:
                raise _not_answering(programs, f"process {state.pid} runs but does not answer") from error
            else:
                time.sleep(0.02)
        else:
            return server
    return None


@dataclass(frozen=True, slots=True)
class _State:
    pid: int
    socket_dir: Path


def _read_state(data: Path) -> _State | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return _State(pid=int(lines[0]), socket_dir=Path(lines[4]))
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _is_postmaster(pid: int, data: Path) -> bool:
    # A number from a state file may belong to another program by now; a zombie's command line is empty.
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in words and any(os.path.basename(word) == b"postgres" for word in words)


def _start(programs: Programs, settings: dict[str, str]) -> PrivatePostgres:
    if not (programs.data / "PG_VERSION").exists():
        _create_cluster(programs, is_durable=settings["fsync"] == "on")
    _forget_dead_server(programs)
    socket_dir = programs.give(Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX)))
    options = {**_FIXED, **settings, "unix_socket_directories": str(socket_dir)}
    command = [programs.path("postgres"), "-D", str(programs.data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    deadline_s = time.monotonic() + _START_WITHIN_S
    server = PrivatePostgres(programs.data, socket_dir, is_started_here=True)
    while time.monotonic() < deadline_s:
        log_start = programs.log.stat().st_size if programs.log.exists() else 0
        process = programs.spawn(command)
        if _answers(server, process, deadline_s):
            return server
        if process.poll() is None or "shared memory block" not in programs.log_tail(log_start):
            break
        # Children of a killed postmaster leave by themselves within moments; until then a new one refuses to start.
        time.sleep(0.1)
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
    shutil.rmtree(socket_dir, ignore_errors=True)
    raise _not_answering(programs, "the private server does not start", log_start)


def _answers(server: PrivatePostgres, process: subprocess.Popen[bytes], deadline_s: float) -> bool:
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            server.connect("postgres").close()
        except psycopg2.OperationalError:
            time.sleep(0.01)
        else:
            return True
    return False


def _create_cluster(programs: Programs, *, is_durable: bool) -> None:
    _log.info("creating a private PostgreSQL cluster in %s", programs.data)
    unfinished = programs.data.with_name(programs.data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [programs.path("initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--locale=C.UTF-8"]
    command += ["-E", "UTF8", "--no-instructions", *([] if is_durable else ["--no-sync"])]
    programs.give(programs.log.parent)
    if programs.spawn(command).wait() != 0:
        raise _not_answering(programs, "initdb failed")
    # Killed before this line, the next start finds no cluster and begins anew.
    unfinished.rename(programs.data)


def _prepare(server: PrivatePostgres) -> None:
    with contextlib.closing(server.connect("postgres")) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")
    with contextlib.closing(server.connect()) as administrator:
        bootstrap(administrator)


def _stop(programs: Programs) -> None:
    state = _read_state(programs.data)
    if state is None:
        return
    deadline_s = time.monotonic() + _STOP_WITHIN_S
    kind = signal.SIGINT
    while _is_postmaster(state.pid, programs.data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, kind)
            os.kill(state.pid, signal.SIGCONT)
        _wait_until_gone(state, programs, 0.5 if kind == signal.SIGQUIT else deadline_s - time.monotonic())
        kind = signal.SIGQUIT
    _forget_dead_server(programs, state)


def _wait_until_gone(state: _State, programs: Programs, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while _is_postmaster(state.pid, programs.data) and time.monotonic() < deadline_s:
        time.sleep(0.01)


def _forget_dead_server(programs: Programs, state: _State | None = None) -> None:
    state = state or _read_state(programs.data)
    # Its number may have gone to another program, which PostgreSQL would take for a living postmaster.
    (programs.data / "postmaster.pid").unlink(missing_ok=True)
    if state is not None and state.socket_dir.name.startswith(_SOCKET_PREFIX):
        shutil.rmtree(state.socket_dir, ignore_errors=True)


def _not_answering(programs: Programs, problem: str, log_start: int = 0) -> MissingService:
    return MissingService("PostgreSQL", problem, f"see {programs.log}", programs.log_tail(log_start))
