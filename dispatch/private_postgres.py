"""How do we get a PostgreSQL of our own, and find it again after anything was killed?

The data lie in a folder of the project; the server listens on a unix socket in a short temporary folder (a socket's
path may have 107 bytes) and on nothing else. PostgreSQL's own ``postmaster.pid`` in the data folder names the process
and the socket folder: it is the one state file, believed only once a connection through it reaches this data folder.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from dispatch import daemons
from dispatch.bootstrap import LOGIN_ROLE, bootstrap
from dispatch.errors import MissingService
from dispatch.postgres_programs import SUPERUSER, Programs, find_programs
from dispatch.sharing import Membership, alone, private_folder

DATABASE = "truckroll"

_log = logging.getLogger(__name__)
_START_WITHIN_S = 120.0
#: Fast shutdown writes a checkpoint; immediate leaves it to the next start's recovery.
_STOP_SIGNALS = [(signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)]
_FIXED = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    # When a row was committed is how the time from posting to offers is measured.
    "track_commit_timestamp": "on",
}
#: Somebody's data: an acknowledged write survives a power cut.
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
#: A test's data: survives a kill, not a power cut.
_DISPOSABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class PrivatePostgres:
    """A private PostgreSQL that this process uses."""

    folder: Path
    programs: Programs
    socket_dir: Path
    is_durable: bool
    #: False: it was running already.
    is_started_here: bool

    def url(self, database: str = DATABASE, *, user: str = LOGIN_ROLE) -> str:
        """URL for SQLAlchemy; user ``postgres`` is the superuser."""
        return _url(self.socket_dir, database, user)

    def connect(self, database: str = DATABASE, *, user: str = SUPERUSER) -> Connection:
        """Connect as the superuser, for preparing and looking after the server."""
        return connect(self.socket_dir, database, user)

    def revive(self) -> bool:
        """Start it again, reachable where it was, if somebody killed it; tells whether that was so."""
        if _is_postmaster((_read_state(self.programs.data) or _NOBODY).pid, self.programs):
            return False
        with alone(self.folder):
            return (running(self.programs) or _start(self.programs, _settings(self.is_durable))).is_started_here


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
    folder = private_folder(folder.absolute())
    programs = find_programs(folder)
    with alone(folder):
        membership = Membership(folder)
        try:
            reached = running(programs) or _start(programs, _settings(is_durable))
            server = PrivatePostgres(folder, programs, reached.socket_dir, is_durable, reached.is_started_here)
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


def answering(folder: Path) -> str | None:
    """Return the URL of the server that runs in this folder and answers, or None; starts and changes nothing."""
    programs = find_programs(folder.absolute())
    state = _read_state(programs.data) or _NOBODY
    if not _is_postmaster(state.pid, programs):
        return None
    if not _reaches(state.socket_dir):
        return None
    return _url(state.socket_dir, DATABASE, LOGIN_ROLE)


@dataclass(frozen=True, slots=True)
class Reached:
    """A server that has answered."""

    socket_dir: Path
    is_started_here: bool


def running(programs: Programs) -> Reached | None:
    """Reach the server that runs on these programs' data, if one does; waits for one that is starting or stopping."""
    deadline_s = time.monotonic() + _START_WITHIN_S
    while (state := _read_state(programs.data)) is not None and _is_postmaster(state.pid, programs):
        if _reaches(state.socket_dir):
            return Reached(state.socket_dir, is_started_here=False)
        if state.socket_dir != _NOWHERE and not state.socket_dir.is_dir():
            _log.warning("the socket folder %s was removed: restarting PostgreSQL", state.socket_dir)
            _stop(programs)
        elif time.monotonic() > deadline_s:
            raise _not_answering(programs, f"process {state.pid} runs but does not answer")
        else:
            time.sleep(0.02)
    return None


def _url(socket_dir: Path, database: str, user: str) -> str:
    return f"postgresql+psycopg2://{user}@/{database}?host={socket_dir}"


def connect(socket_dir: Path, database: str = "postgres", user: str = SUPERUSER) -> Connection:
    """Connect as the superuser, for preparing and looking after the server."""
    return psycopg2.connect(host=str(socket_dir), user=user, dbname=database, connect_timeout=2)


@dataclass(frozen=True, slots=True)
class _State:
    pid: int
    socket_dir: Path


def _read_state(data: Path) -> _State | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    # A server that has only begun to start has not written this line, or an empty one.
    return _State(pid, Path(lines[4]) if len(lines) > 4 and lines[4].startswith("/") else _NOWHERE)


#: Stands for a socket folder that nobody named; it is never looked at, still less removed.
_NOWHERE = Path("/nonexistent")
_NOBODY = _State(pid=0, socket_dir=_NOWHERE)


def _settings(is_durable: bool) -> dict[str, str]:
    return _FIXED | (_DURABLE if is_durable else _DISPOSABLE)


def _is_postmaster(pid: int, programs: Programs) -> bool:
    return daemons.is_running(pid, "postgres", str(programs.data))


def _start(programs: Programs, settings: dict[str, str]) -> Reached:
    if not (programs.data / "PG_VERSION").exists():
        _create_cluster(programs, is_durable=settings["fsync"] == "on")
    socket_dir = _socket_dir(programs)
    options = settings | {"unix_socket_directories": str(socket_dir)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    deadline_s = time.monotonic() + _START_WITHIN_S
    while True:
        log_start = daemons.size(programs.log)
        child = daemons.spawn(programs.command("postgres", "-D", str(programs.data), *words), programs.log)
        if _answers(socket_dir, child, deadline_s):
            return Reached(socket_dir, is_started_here=True)
        # Children of a killed postmaster leave by themselves within moments; until then a new one refuses to start.
        if "shared memory block" not in daemons.log_tail(programs.log, log_start) or time.monotonic() > deadline_s:
            break
        time.sleep(0.05)
    daemons.stop(child, "postgres", str(programs.data), _STOP_SIGNALS[1:])
    daemons.remove_socket_dir(socket_dir)
    raise _not_answering(programs, "the private server does not start", log_start)


def _socket_dir(programs: Programs) -> Path:
    state = _read_state(programs.data)
    # A dead server's number may have gone to another program, which PostgreSQL would take for a living postmaster.
    (programs.data / "postmaster.pid").unlink(missing_ok=True)
    # Killed before it wrote where its socket is, it leaves an empty line: that would mean the current folder.
    if state is None or not daemons.is_socket_dir(state.socket_dir):
        return programs.give(daemons.new_socket_dir())
    # Whoever lost the server looks for it where it was.
    daemons.remove_sockets(state.socket_dir)
    return state.socket_dir


def _answers(socket_dir: Path, child: int, deadline_s: float) -> bool:
    while time.monotonic() < deadline_s:
        if _reaches(socket_dir):
            return True
        if daemons.has_ended(child):
            return False
        time.sleep(0.01)
    return False


def _reaches(socket_dir: Path) -> bool:
    if not daemons.is_socket_dir(socket_dir):
        return False
    try:
        connect(socket_dir).close()
    except psycopg2.OperationalError:
        return False
    return True


def _create_cluster(programs: Programs, *, is_durable: bool) -> None:
    _log.info("creating a private PostgreSQL cluster in %s", programs.data)
    unfinished = programs.data.with_name(programs.data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    programs.give(programs.data.parent)
    words = ["-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--locale=C.UTF-8", "-E", "UTF8"]
    words += ["--no-instructions", *([] if is_durable else ["--no-sync"])]
    log_start = daemons.size(programs.log)
    with programs.log.open("ab") as log:
        ended = subprocess.run(programs.command("initdb", *words), stdout=log, stderr=log, cwd="/", check=False)
    if ended.returncode != 0:
        raise _not_answering(programs, "initdb failed", log_start)
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
    if _is_postmaster(state.pid, programs):
        daemons.stop(state.pid, "postgres", str(programs.data), _STOP_SIGNALS)
    daemons.remove_socket_dir(state.socket_dir)


def _not_answering(programs: Programs, problem: str, log_start: int = 0) -> MissingService:
    return MissingService(
        "PostgreSQL", problem, f"see {programs.log}", detail=daemons.log_tail(programs.log, log_start)
    )
