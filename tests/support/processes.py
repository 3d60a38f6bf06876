"""How do tests run the whole system as real processes, and hurt it? Servers of their own, the API, the dispatcher.

Everything lies in a folder of the test and ends with the block, whatever was killed or stopped meanwhile.
"""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from worlds import World, small_world

from cli.children import truckroll
from dispatch.private_postgres import PrivatePostgres, private_postgres
from dispatch.private_valkey import PrivateValkey, private_valkey
from dispatch.record.session import Actor
from dispatch.services import migrate
from dispatch.talent.keys import create_key

#: For what has no limit of its own: only what hangs meets it.
FOREVER_S = 90.0


def until(find: Callable[[], Any], what: str, seconds: float = FOREVER_S, every_s: float = 0.1) -> Any:
    """Look again and again until something is found; what was found."""
    deadline_s = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline_s, f"never: {what}"
        time.sleep(every_s)
    return found


@dataclass
class Process:
    """One of our own processes: started, killed and started again; what it says goes to `log`."""

    words: list[str]
    environment: dict[str, str]
    log: Path
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self._running is None, "it runs already"
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                truckroll(*self.words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As a power cut would end it: nothing of it runs any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def assert_alive(self) -> None:
        """It was never ended by what was done to others."""
        assert self._running is not None
        assert self._running.poll() is None, self.log.read_text()[-4000:]

    def _end(self, kind: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(kind)
            try:
                self._running.wait(20)
            finally:
                self._running.kill()
                self._running.wait()
                self._running = None


@dataclass
class System:
    """Servers, processes, a small world in the record, and keys for whoever calls."""

    folder: Path
    postgres: PrivatePostgres
    valkey: PrivateValkey
    world: World
    port: int
    staff_key: str
    gateway_key: str
    technician_keys: dict[UUID, str]
    api: Process = field(init=False)
    dispatcher: Process = field(init=False)
    courier: Process = field(init=False)
    num_jobs: Iterator[int] = field(init=False, default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.api = self.process("api", "--port", str(self.port))
        self.dispatcher = self.process("dispatcher")
        self.courier = self.process("courier")

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def process(self, *words: str, log: str = "") -> Process:
        """One more process on the same servers; not started yet."""
        urls = {"TRUCKROLL_DATABASE_URL": self.postgres.url(), "TRUCKROLL_REDIS_URL": self.valkey.url()}
        environment = {**urls, "TRUCKROLL_DATA_DIR": str(self.folder)}
        return Process(list(words), environment, self.folder / f"{log or words[0]}.log")

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """What stands in the record, seen by the superuser over a new connection."""
        with contextlib.closing(self.postgres.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def wait_for_api(self) -> None:
        """Until it answers and has read the technicians."""
        until(lambda: self.api.assert_alive() or self.is_well(), "the API is well")

    def wait_for_dispatchers(self, num: int = 1) -> None:
        """Until so many are connected; one has one connection."""
        until(lambda: self.dispatcher.assert_alive() or self._num_dispatchers() >= num, f"{num} dispatchers")

    def wait_for_no_dispatcher(self) -> None:
        """Until the server has noticed that the killed one is gone: what it was doing is done or undone."""
        until(lambda: self._num_dispatchers("truckroll dispatcher", "truckroll day") == 0, "no dispatcher")

    def is_well(self) -> bool:
        """The API answers that it reaches the database and knows the technicians."""
        with contextlib.suppress(httpx2.TransportError):
            health = self.health()
            return health["status"] != "down" and health["index"]["num_technicians"] > 0
        return False

    def _num_dispatchers(self, *names: str) -> int:
        of_one = "SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%(names)s)"
        return self.rows(of_one, names=list(names or ("truckroll dispatcher",)))[0][0]

    def health(self) -> dict[str, Any]:
        """What the API says of itself."""
        return httpx2.get(f"{self.base_url}/v1/health", timeout=20).json()


@contextmanager
def running_system(folder: Path, num_technicians: int = 32) -> Iterator[System]:
    """The whole system on a durable PostgreSQL and a Valkey of its own."""
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(private_postgres(folder / "postgres"))
        valkey = stack.enter_context(private_valkey(folder / "valkey"))
        migrate(postgres.url())
        world = stack.enter_context(small_world(postgres.url(), num_technicians))
        system = System(folder, postgres, valkey, world, _free_port(), *_make_keys(world))
        for process in (system.api, system.dispatcher, system.courier):
            stack.callback(process.kill)
            process.start()
        system.wait_for_api()
        system.wait_for_dispatchers()
        yield system


def _make_keys(world: World) -> tuple[str, str, dict[UUID, str]]:
    operator = Actor("operator")
    with world.as_engine() as (session, now):
        staff = create_key(session, operator, role="dispatcher", label="staff", client_id=world.client, now=now)
        gateway = create_key(session, operator, role="gateway", label="phones", now=now)
        own = {
            each: create_key(session, operator, role="technician", label="own", technician_id=each, now=now).secret
            for each in world.technicians
        }
    return staff.secret, gateway.secret, own


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def standing_still(pids: list[int]) -> Iterator[None]:
    """These processes are alive meanwhile, and do nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def stopped_postgres(server: PrivatePostgres) -> Iterator[None]:
    """The server and all its processes stand still meanwhile; it can't make new ones."""
    postmaster = _postmaster(server)
    with standing_still([postmaster]), standing_still(_children(postmaster)):
        yield


def kill_postgres(server: PrivatePostgres) -> None:
    """Kill -9 of the server and all its processes at once; `server.revive()` starts it again."""
    postmaster = _postmaster(server)
    os.kill(postmaster, signal.SIGSTOP)
    for pid in (*_children(postmaster), postmaster):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not _runs(postmaster), "the server is dead")


def restart_postgres(server: PrivatePostgres, mode: str) -> None:
    """`pg_ctl restart`, with mode `fast` or `immediate`."""
    words = ("restart", "-D", str(server.programs.data), "-m", mode, "-w", "-l", str(server.programs.log))
    subprocess.run(server.programs.command("pg_ctl", *words), check=True, stdout=subprocess.DEVNULL, cwd="/")


def valkey_pid(server: PrivateValkey) -> int:
    """Number of the server's process."""
    return int(json.loads((server.folder / "valkey.json").read_text())["pid"])


def kill_valkey(server: PrivateValkey) -> None:
    """Kill -9; `server.revive()` starts an empty one at the same place."""
    pid = valkey_pid(server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not _runs(pid), "the server is dead")


def _postmaster(server: PrivatePostgres) -> int:
    return int((server.programs.data / "postmaster.pid").read_text().split()[0])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    """Whether it is there, and no dead one that nobody waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False
