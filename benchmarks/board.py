"""How soon is a thousand boards told what changed, and what do readers cost who don't read?

    python -m benchmarks.board [--json] [--streams 1000] [--jobs 5000] [--rate 50] [--seconds 60] [--stalled 100]
        [--memory-seconds 900] [--browser-seconds 30]

The real API, dispatcher and Valkey as processes of their own on one record; each stream with a key of its own. How the
figures are counted stands in `benchmarks/README.md`.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.request import urlopen
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.boardbrowser import watch_in_browser
from benchmarks.boardclients import Boards, Heard, num_unread, stalled
from benchmarks.boardfigures import bundles, latencies_ms, slope
from benchmarks.guardian import watched_folder
from benchmarks.world import World, durable_server, make_database, posted_jobs, world
from cli.children import truckroll
from dispatch.bell import Bell
from dispatch.private_valkey import private_valkey
from dispatch.record.events import record
from dispatch.record.relay import Frames, read_frames, relay
from dispatch.record.session import ENGINE, database_now, transaction
from dispatch.record.tables import ApiKeyRow, new_id
from dispatch.talent.keys import PREFIX

_DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
#: Seconds of changes before those that count, and after them.
_WARM_S, _AFTER_S = 5.0, 3.0
#: Streams that are read while memory is looked at.
_NUM_READ = 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.board", description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--stalled", type=int, default=100, help="streams beside them that nobody reads")
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=50.0, help="changes a second, open loop")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--memory-seconds", type=float, default=900.0, help="how long the server's memory is looked at")
    parser.add_argument("--browser-seconds", type=float, default=30.0, help="0: without a browser")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sys.stdout.write(json.dumps(measure(options), indent=None if options.json else 2) + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """First the streams, then a browser, then memory for long."""
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        redis_url = stack.enter_context(private_valkey(stack.enter_context(watched_folder()))).url()
        there = stack.enter_context(world(make_database(server, "board"), 10))
        jobs = posted_jobs(there, options.jobs)
        place = _settle(there)
        keys = [_make_key(there) for _ in range(options.streams + options.stalled)]
        environment = {"TRUCKROLL_DATABASE_URL": there.url, "TRUCKROLL_REDIS_URL": redis_url}
        stack.enter_context(_child(environment, "dispatcher"))
        port = _free_port()
        api = stack.enter_context(_child(environment, "api", "--port", str(port)))
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        _say("streams")
        changes = Changes(there, jobs, Bell(redis_url), options.rate)
        streams = _streams(url, keys[: options.streams], place, changes, options.seconds)
        figures: dict[str, Any] = {"streams": streams}
        if options.browser_seconds:
            _say("browser")
            with changes.going():
                figures["browser"] = watch_in_browser(url, there, options.browser_seconds)
        if options.memory_seconds:
            _say("memory")
            place = _place(there)
            readers = Boards(url, keys[:_NUM_READ], place)
            with stalled(url, keys[options.streams :]):
                readers.open()
                with changes.going():
                    figures["memory"] = _memory(api.pid, port, options.memory_seconds)
                readers.close()
    return {
        "machine": {"cpu_count": multiprocessing.cpu_count(), "python": platform.python_version()},
        "method": vars(options) | {"durable": True},
        **figures,
        "bundles_gzip_bytes": bundles(_DIST),
    }


def _streams(url: str, keys: Sequence[str], place: int, changes: "Changes", seconds: float) -> dict[str, Any]:
    """All streams at once, and how soon each is told each change."""
    boards = Boards(url, keys, place)
    opened_s = boards.open()
    load_before = os.getloadavg()[0]
    with changes.going():
        time.sleep(_WARM_S)
        changes.begin_anew()
        time.sleep(seconds)
    time.sleep(_AFTER_S)
    heard: Heard = boards.close()
    arrivals = heard.at()
    counted = changes.committed_s
    latencies = [at - counted[event] for event, all_at in arrivals.items() if event in counted for at in all_at]
    return {
        "event_to_client": latencies_ms(latencies),
        "changes": len(counted),
        "deliveries": len(latencies),
        "missing": len(counted) * len(keys) - len(latencies),
        "out_of_order": heard.num_out_of_order,
        "streams_that_ended": heard.num_ended,
        "opened_s": round(opened_s, 1),
        "largest_delay_of_the_producer_ms": round(changes.late_s * 1000, 1),
        "load_average": {"before": round(load_before, 1), "after": round(os.getloadavg()[0], 1)},
    }


def _memory(pid: int, port: int, seconds: float) -> dict[str, Any]:
    """The server's resident memory, each second, while changes go on and readers stall."""
    at_s, megabytes, unread = [], [], []
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        at_s.append(time.monotonic() - started)
        megabytes.append(_resident_mb(pid))
        unread.append(num_unread(port))
        time.sleep(1.0)
    return slope(at_s, megabytes) | {
        "num_waiting_for_their_reader": {"median": sorted(unread)[len(unread) // 2], "least": min(unread)},
        "load_average": [round(each, 1) for each in os.getloadavg()],
    }


@dataclass
class Changes:
    """One committed change after another at a rate, whatever becomes of them: a job's title, with its event."""

    there: World
    jobs: list[UUID]
    bell: Bell
    rate: float
    committed_s: dict[str, float] = field(default_factory=dict)
    late_s: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(1))

    @contextmanager
    def going(self) -> Iterator[None]:
        """While the block runs."""
        self.begin_anew()
        stop, faults = Event(), list[BaseException]()

        def go() -> None:
            try:
                self._go(stop.wait)
            except BaseException as error:
                faults.append(error)

        thread = Thread(target=go)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if faults:
            raise faults[0]

    def begin_anew(self) -> None:
        """Count from now on."""
        self.committed_s, self.late_s = {}, 0.0

    def _go(self, wait: Callable[[float], bool]) -> None:
        due_s = time.monotonic()
        while not wait(max(0.0, due_s - time.monotonic())):
            self.late_s = max(self.late_s, time.monotonic() - due_s)
            self._change()
            due_s += 1 / self.rate

    def _change(self) -> None:
        job, there = self._chance.choice(self.jobs), self.there
        with transaction(there.engine, ENGINE, role="engine") as session:
            title = {"title": f"Replace drive {self._chance.randrange(1000)}", "job": job}
            session.execute(text("UPDATE jobs SET title = :title WHERE id = :job"), title)
            event = record(session, ENGINE, ("job", job), "noted", client_id=there.client, now=database_now(session))
        self.committed_s[str(event)] = time.monotonic()
        self.bell.ring()


def _settle(there: World) -> int:
    """Nobody is asked, all is numbered: the place from which the streams go on."""
    with transaction(there.engine, ENGINE, role="engine") as session:
        session.execute(text("UPDATE rounds SET next_wave_at = next_wave_at + interval '1 year'"))
    while True:
        with transaction(there.engine, ENGINE, role="engine") as session:
            if not relay(session):
                return _place(there)


def _place(there: World) -> int:
    """How far the board's log has come."""
    with transaction(there.engine, ENGINE, role="engine") as session:
        found: Frames = read_frames(session, there.client, 0, 1)
        return found.last_seq


def _make_key(there: World) -> str:
    secret = PREFIX + secrets.token_urlsafe(24)
    with transaction(there.engine, ENGINE, role="engine") as session:
        row = {"id": new_id(), "hash": hashlib.sha256(secret.encode()).digest(), "label": "board", "role": "dispatcher"}
        session.execute(insert(ApiKeyRow).values(created_at=database_now(session), client_id=there.client, **row))
    return secret


@contextmanager
def _child(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | environment | {"TRUCKROLL_LOG_LEVEL": "warning"}
    process = subprocess.Popen(truckroll(*words), env=environment, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            with urlopen(f"{url}/v1/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the API didn't begin to answer")


def _say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
