"""How soon is a thousand boards told what changed, and what do readers cost who don't read?

    python -m benchmarks.board [--json] [--streams 1000] [--jobs 5000] [--rate 50] [--seconds 60] [--stalled 100]

The real API, dispatcher and Valkey as processes of their own on one record; each stream with a key of its own. How the
figures are counted stands in `benchmarks/README.md`.
"""

import argparse
import gzip
import hashlib
import json
import multiprocessing
import os
import platform
import random
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import numpy as np
from sqlalchemy import insert

from benchmarks.boardclients import Boards, Heard, figures, stalled
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.board", description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--stalled", type=int, default=100, help="streams beside them that nobody reads")
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=50.0, help="changes a second, open loop")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    sys.stdout.write(json.dumps(measure(options), indent=None if options.json else 2) + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Open all streams, let the board change, count."""
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truckroll-bench-")))
        redis_url = stack.enter_context(private_valkey(folder)).url()
        there = stack.enter_context(world(make_database(server, "board"), 10))
        jobs = posted_jobs(there, options.jobs)
        place = _told_so_far(there)
        keys = [_make_key(there) for _ in range(options.streams + options.stalled)]
        environment = {"TRUCKROLL_DATABASE_URL": there.url, "TRUCKROLL_REDIS_URL": redis_url}
        stack.enter_context(_child(environment, "dispatcher"))
        port = _free_port()
        api = stack.enter_context(_child(environment, "api", "--port", str(port)))
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        boards = Boards(url, keys[: options.streams], place)
        opened_s = _timed(boards.open)
        unread = stalled(url, keys[options.streams :], place)
        time.sleep(2)
        committed_s, late_ms, memory = _change(there, jobs, options, Bell(redis_url), api.pid)
        time.sleep(3)
        heard = boards.close()
        for line in unread:
            line.close()
    return _report(options, committed_s, heard, late_ms, memory, opened_s)


def _report(
    options: argparse.Namespace,
    committed_s: dict[str, float],
    heard: Heard,
    late_ms: float,
    memory: list[tuple[float, float]],
    opened_s: float,
) -> dict[str, Any]:
    latencies = [at - committed_s[event] for event, all_at in heard.at.items() for at in all_at if event in committed_s]
    at_s, megabytes = np.asarray(memory).T
    # What the first seconds bring into memory is brought once.
    settled = at_s > at_s[0] + (at_s[-1] - at_s[0]) / 3
    slope = np.polyfit(at_s[settled], megabytes[settled], 1)[0] * 3_600
    return {
        "machine": {"cpu_count": multiprocessing.cpu_count(), "python": platform.python_version()},
        "method": vars(options) | {"largest_delay_of_the_producer_ms": round(late_ms, 1), "durable": True},
        "load_average": [round(each, 1) for each in os.getloadavg()],
        "event_to_client": figures(latencies),
        "changes": len(committed_s),
        "deliveries": len(latencies),
        "missing": len(committed_s) * options.streams - len(latencies),
        "streams_that_ended": heard.num_ended,
        "opened_s": round(opened_s, 1),
        "memory_mb": {"first": round(megabytes[0], 1), "last": round(megabytes[-1], 1)},
        "memory_slope_mb_an_hour": round(float(slope), 1),
        "bundles_gzip_bytes": bundles(_DIST),
    }


def _change(
    there: World, jobs: list[UUID], options: argparse.Namespace, bell: Bell, pid: int
) -> tuple[dict[str, float], float, list[tuple[float, float]]]:
    """One committed change after another at the rate; the server's memory each second."""
    chance, committed_s, late_s = random.Random(1), {}, 0.0
    memory = [(time.monotonic(), _resident_mb(pid))]
    started = time.monotonic()
    for num in range(int(options.rate * options.seconds)):
        due_s = started + num / options.rate
        time.sleep(max(0.0, due_s - time.monotonic()))
        late_s = max(late_s, time.monotonic() - due_s)
        with transaction(there.engine, ENGINE, role="engine") as session:
            subject = ("job", chance.choice(jobs))
            event = record(session, ENGINE, subject, "noted", client_id=there.client, now=database_now(session))
        committed_s[str(event)] = time.monotonic()
        bell.ring()
        if time.monotonic() - memory[-1][0] >= 1.0:
            memory.append((time.monotonic(), _resident_mb(pid)))
    return committed_s, late_s * 1000, memory


def bundles(dist: Path) -> dict[str, int]:
    """Packed bytes that each entrance brings before it shows anything: its page and all it imports by name."""
    found = {}
    for name in ("phone", "board", "desk"):
        page = dist / name / "index.html"
        if page.is_file():
            found[name] = sum(len(gzip.compress(each.read_bytes())) for each in _reached(dist, page))
    return found


def _reached(dist: Path, page: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [page]
    while waiting:
        file = waiting.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        if file.suffix == ".html":
            waiting += [dist / each for each in re.findall(r'(?:src|href)="/(assets/[^"]+\.(?:js|css))"', _text(file))]
        elif file.suffix == ".js":
            waiting += [file.parent / each for each in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', _text(file))]
    return found


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _told_so_far(there: World) -> int:
    """Bring the log up to date: the place from which the streams go on."""
    while True:
        with transaction(there.engine, ENGINE, role="engine") as session:
            if not relay(session):
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


def _timed(work: Any) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
