"""Do dead and slow endpoints slow down the healthy ones, and is anything lost or told out of order?

    python -m benchmarks.webhooks [--json] [--events 20000] [--rate 150] [--pairs 5]

Fifty clients with one endpoint each; five of these refuse, hang, answer 500, answer after 6 s, or drip. Rounds with
the five and without them (paused) take turns, in one record with one courier. Then the courier is killed, and at last
everything waits at once. How the figures are counted stands in `benchmarks/README.md`.
"""

import argparse
import json
import multiprocessing
import os
import platform
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from statistics import median
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, insert

from benchmarks.hookreceivers import VERIFIED_EVERY, Receivers, receivers
from benchmarks.world import LET_IN, durable_server, make_database
from cli.children import truckroll
from dispatch.record.events import record
from dispatch.record.relay import relay
from dispatch.record.session import ENGINE, Actor, connect, database_now, transaction
from dispatch.record.tables import ClientRow, WebhookRow, new_id
from dispatch.webhooks.endpoints import Calling, add_webhook, change_webhook

NUM_ENDPOINTS, JOBS_A_CLIENT, EVENTS_A_TRANSACTION = 50, 10, 4
#: How often the log is brought up to date, as the dispatcher does it.
RELAY_S = 0.2
KILLED_EVENTS, WAITING_EVENTS = 2_000, 5_000
_CALLING = Calling((ip_network("127.0.0.0/8"),))
_OPERATOR = Actor("operator")
_ENDS_WITHIN_S = 180.0


@dataclass(slots=True)
class Round:
    """Events of one round: id -> monotonic second of their commit; latencies of those told to healthy endpoints."""

    with_troubled: bool
    committed_s: dict[str, float] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    late_ms: float = 0.0

    def latencies_ms(self, arrived: dict[str, dict[str, float]]) -> list[float]:
        """From commit to arrival."""
        return [
            (arrived[path][event] - self.committed_s[event]) * 1000
            for event, path in self.paths.items()
            if event in arrived.get(path, {})
        ]


@dataclass
class Scene:
    """The record, the endpoints, and the processes around them."""

    engine: Engine
    url: str
    there: Receivers
    random: random.Random
    clients: list[UUID] = field(default_factory=list)
    jobs: list[list[UUID]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    troubled: list[UUID] = field(default_factory=list)
    expected: dict[str, set[str]] = field(default_factory=dict)
    relays: threading.Event = field(default_factory=threading.Event)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=20_000, help="with the troubled ones, and as many without")
    parser.add_argument("--rate", type=float, default=150.0, help="events a second, open loop")
    parser.add_argument("--pairs", type=int, default=5, help="rounds without and with, in turns")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = measure(options)
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All rounds, the kill, and the most that goes."""
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        url = make_database(server, "webhooks")
        engine = connect(url, pool_size=6, deadline_s=60, name="benchmark")
        stack.callback(engine.dispose)
        scene = Scene(engine, url, stack.enter_context(receivers()), random.Random(1))
        _set(scene)
        stack.enter_context(_relaying(scene))
        courier = stack.enter_context(_courier(url))
        num = options.events // options.pairs
        # The first pair warms up and is not counted.
        for is_with in (False, True):
            _play(scene, is_with, min(num, 400), options.rate)
        rounds = []
        for pair in range(options.pairs):
            for is_with in ((False, True), (True, False))[pair % 2]:
                rounds.append(_play(scene, is_with, num, options.rate))
        recovery = _kill(scene, courier, options.rate)
        most = _most(scene)
        heard = scene.there.heard()
    arrived = {path: each.first_s for path, each in heard.items()}
    sound = {
        "order_violations": sum(each.order_violations for each in heard.values()),
        "bad_signatures": sum(each.bad_signatures for each in heard.values()),
        "lost": sum(len(events - arrived.get(path, {}).keys()) for path, events in scene.expected.items()),
        "told_twice": sum(each.num_requests - len(each.first_s) for each in heard.values()),
    }
    return _report(options, rounds, arrived, sound, recovery, most)


def _report(
    options: argparse.Namespace,
    rounds: list[Round],
    arrived: dict[str, dict[str, float]],
    sound: dict[str, int],
    recovery: dict[str, Any],
    most: dict[str, Any],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, is_with in (("without", False), ("with_troubled", True)):
        each = [np.asarray(one.latencies_ms(arrived)) for one in rounds if one.with_troubled == is_with]
        found[name] = {
            f"p{share}_ms": _spread([float(np.percentile(one, share)) for one in each]) for share in (50, 99)
        } | {"deliveries": sum(map(len, each))}
    ratios = {
        f"p{share}": round(
            found["with_troubled"][f"p{share}_ms"]["median"] / found["without"][f"p{share}_ms"]["median"], 3
        )
        for share in (50, 99)
    }
    method = vars(options) | {
        "endpoints": NUM_ENDPOINTS,
        "troubled": ["refusing", "hanging", "http_500", "slow", "slow_drip"],
        "jobs_a_client": JOBS_A_CLIENT,
        "relay_s": RELAY_S,
        "signatures_verified_of": VERIFIED_EVERY,
        "largest_delay_of_the_producer_ms": round(max(one.late_ms for one in rounds), 1),
        "durable": True,
    }
    return {
        "machine": {"cpu_count": multiprocessing.cpu_count(), "python": platform.python_version()},
        "method": method,
        "healthy": found,
        "ratio": ratios,
        **sound,
        "kill_9": recovery,
        "most": most,
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 1), "min": round(min(values), 1), "max": round(max(values), 1)}


def _set(scene: Scene) -> None:
    """Clients, jobs and endpoints; the last five are troubled."""
    troubles = list(scene.there.troubles.values())
    with _writing(scene) as (session, now):
        for num in range(NUM_ENDPOINTS):
            client, path = new_id(), f"/{num}"
            session.execute(insert(ClientRow).values(id=client, name=f"Client {num}", created_at=now, **LET_IN))
            is_troubled = num >= NUM_ENDPOINTS - len(troubles)
            url = troubles[num - NUM_ENDPOINTS] if is_troubled else scene.there.url(path)
            webhook_id, secret = add_webhook(session, _OPERATOR, client, url, ["job.*"], calling=_CALLING, now=now)
            scene.clients.append(client)
            scene.jobs.append([new_id() for _ in range(JOBS_A_CLIENT)])
            if is_troubled:
                scene.troubled.append(webhook_id)
            else:
                scene.paths.append(path)
                scene.there.trust(path, secret)


def _play(scene: Scene, is_with: bool, num_events: int, rate: float) -> Round:
    """One round: events at the rate, whatever becomes of them; then wait until the healthy have heard all."""
    _pause(scene, is_paused=not is_with)
    found = Round(is_with)
    _produce(scene, found, num_events, rate)
    _wait_until_told(scene)
    return found


def _produce(scene: Scene, found: Round, num_events: int, rate: float, kill: Any = None) -> None:
    started = time.monotonic()
    for num in range(0, num_events, EVENTS_A_TRANSACTION):
        due_s = started + num / rate
        if (wait_s := due_s - time.monotonic()) > 0:
            time.sleep(wait_s)
        found.late_ms = max(found.late_ms, (time.monotonic() - due_s) * 1000)
        _happen(scene, found, EVENTS_A_TRANSACTION)
        if kill is not None and num >= num_events // 2:
            kill()
            kill = None


def _happen(scene: Scene, found: Round, num: int) -> None:
    """Events of different clients in one transaction."""
    chosen = scene.random.sample(range(NUM_ENDPOINTS), num)
    ids = []
    with _writing(scene) as (session, now):
        for client in chosen:
            job = scene.random.choice(scene.jobs[client])
            ids.append(record(session, ENGINE, ("job", job), "noted", client_id=scene.clients[client], now=now))
    committed_s = time.monotonic()
    for client, event in zip(chosen, map(str, ids), strict=True):
        if client < len(scene.paths):
            path = scene.paths[client]
            found.committed_s[event], found.paths[event] = committed_s, path
            scene.expected.setdefault(path, set()).add(event)


def _kill(scene: Scene, courier: "Courier", rate: float) -> dict[str, Any]:
    """kill -9 of the courier in the middle, started again at once."""
    found = Round(with_troubled=True)
    killed_s: list[float] = []

    def kill() -> None:
        killed_s.append(time.monotonic())
        courier.kill()
        courier.start()

    _pause(scene, is_paused=False)
    _produce(scene, found, KILLED_EVENTS, rate, kill)
    _wait_until_told(scene)
    arrived = {path: each.first_s for path, each in scene.there.heard().items()}
    latencies = found.latencies_ms(arrived)
    return {"events": KILLED_EVENTS, "deliveries": len(latencies), "longest_wait_s": round(max(latencies) / 1000, 1)}


def _most(scene: Scene) -> dict[str, Any]:
    """What the courier can do when everything waits at once."""
    _pause(scene, is_paused=True)
    scene.relays.clear()
    found = Round(with_troubled=False)
    for _ in range(WAITING_EVENTS // 20):
        _happen(scene, found, 20)
    started = time.monotonic()
    scene.relays.set()
    _wait_until_told(scene)
    heard = scene.there.heard()
    last_s = max(heard[path].first_s[event] for event, path in found.paths.items())
    return {"events": len(found.paths), "deliveries_s": round(len(found.paths) / (last_s - started), 1)}


def _pause(scene: Scene, *, is_paused: bool) -> None:
    with _writing(scene) as (session, now):
        for webhook_id in scene.troubled:
            row = session.get_one(WebhookRow, webhook_id)
            if (row.state == "paused") != is_paused:
                change_webhook(
                    session, _OPERATOR, webhook_id, row.version, is_paused=is_paused, calling=_CALLING, now=now
                )
    time.sleep(1.0)


def _wait_until_told(scene: Scene) -> None:
    deadline_s = time.monotonic() + _ENDS_WITHIN_S
    wanted = {path: len(events) for path, events in scene.expected.items()}
    while time.monotonic() < deadline_s:
        told = scene.there.count()
        if all(told.get(path, 0) >= num for path, num in wanted.items()):
            return
        time.sleep(0.25)


@contextmanager
def _writing(scene: Scene) -> Iterator[Any]:
    with transaction(scene.engine, ENGINE, role="engine", deadline_s=60) as session:
        yield session, database_now(session)


@contextmanager
def _relaying(scene: Scene) -> Iterator[None]:
    """The log is brought up to date as often as the dispatcher does it, while `relays` is set."""
    ends = threading.Event()
    scene.relays.set()

    def run() -> None:
        while not ends.wait(RELAY_S):
            if scene.relays.is_set():
                with _writing(scene) as (session, _):
                    relay(session)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


@dataclass
class Courier:
    """The process, as `truckroll up` starts it."""

    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; it carries some seconds later."""
        self.process = subprocess.Popen(
            truckroll("courier"), env=os.environ | self.environment, stdin=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """As a power cut would end it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def _courier(url: str) -> Iterator[Courier]:
    courier = Courier(
        {
            "TRUCKROLL_DATABASE_URL": url,
            "TRUCKROLL_REDIS_URL": "redis://127.0.0.1:1",
            "TRUCKROLL_WEBHOOK_ALLOW": "127.0.0.0/8",
            "TRUCKROLL_LOG_LEVEL": "warning",
        }
    )
    courier.start()
    try:
        yield courier
    finally:
        courier.kill()


if __name__ == "__main__":
    main()
