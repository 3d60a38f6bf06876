"""What does it cost to give a slot to exactly one of many, beside looking first and writing then?

    python -m benchmarks.accept [--json] [--jobs 8] [--rounds 5] [--processes 4] [--threads 16]

Contended: job after job, on each all technicians (processes x threads) say yes at once. Alone: one technician says
yes at a time, each to a job of their own. Contenders take turns, in another order each round; every attempt is one
transaction with a durable commit. How the figures are counted stands in `benchmarks/README.md`.
"""

import argparse
import json
import multiprocessing
import platform
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from benchmarks.check_then_insert import DROPPED_GUARDS, accept_unlocked
from benchmarks.world import Ask, World, durable_server, make_database, offered_jobs, world
from dispatch.jobs.acceptance import Answer, Won, Yes, accept_offer
from dispatch.record.session import ENGINE, Actor, connect, transaction

#: For each contended job of a round, this many alone.
ALONE_A_JOB = 5
#: How often a contender begins again after a serialization failure or a deadlock.
RETRIES = 10
#: It waits before that for a random time up to this, doubled each time.
BACK_OFF_S = 0.005
#: The database's clock; and limits so long that nobody is cut off for being slow.
_BEGIN = text(
    "SELECT clock_timestamp(), set_config('statement_timeout', '60s', true), set_config('lock_timeout', '60s', true),"
    " set_config('idle_in_transaction_session_timeout', '60s', true)"
)
#: SQLSTATEs after which beginning again makes sense.
AGAIN = ("40001", "40P01")

Accept = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Contender:
    """Who accepts how, in which database."""

    name: str
    accept: Accept
    isolation: str
    dropped_guards: tuple[str, ...]


CONTENDERS = (
    Contender("truckroll", accept_offer, "READ COMMITTED", ()),
    Contender("check_then_insert_read_committed", accept_unlocked, "READ COMMITTED", DROPPED_GUARDS),
    Contender("check_then_insert_serializable", accept_unlocked, "SERIALIZABLE", DROPPED_GUARDS),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One technician's yes: when it began and was answered (monotonic seconds), and what was said."""

    job: int
    began_s: float
    answered_s: float
    outcome: str
    retries: int
    assignment_id: UUID | None = None


@dataclass(slots=True)
class Tally:
    """What a contender did in one mode: figures of each round, and all latencies."""

    attempts_s: list[float] = field(default_factory=list)
    winners_s: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    double_winners: int = 0
    ack_row_mismatch: int = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.accept", description=__doc__)
    parser.add_argument("--jobs", type=int, default=8, help="jobs a contender gets a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=16, help="a process")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    figures = measure(options)
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of all contenders, interleaved."""
    contended = {each.name: Tally() for each in CONTENDERS}
    alone = {each.name: Tally() for each in CONTENDERS}
    fold = options.processes * options.threads
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        worlds, crowds = {}, {}
        for each in CONTENDERS:
            url = make_database(server, f"of_{each.name}", each.dropped_guards)
            worlds[each.name] = stack.enter_context(world(url, fold))
            crowds[each.name] = stack.enter_context(Crowd(each, url, options.processes, options.threads))
        for number in range(-1, options.rounds):  # round -1 warms up
            for place in range(len(CONTENDERS)):
                each = CONTENDERS[(place + number) % len(CONTENDERS)]
                here, crowd = worlds[each.name], crowds[each.name]
                race(here, crowd, options.jobs, fold, contended[each.name] if number >= 0 else Tally())
            one_by_one(worlds, ALONE_A_JOB * options.jobs, alone if number >= 0 else {name: Tally() for name in alone})
    return report(contended, alone, options)


def report(contended: Mapping[str, Tally], alone: Mapping[str, Tally], options: argparse.Namespace) -> dict[str, Any]:
    """The method and the figures, ready to be written."""
    method = vars(options) | {
        "technicians_at_once": options.processes * options.threads,
        "alone_a_job": ALONE_A_JOB,
        "retries_at_most": RETRIES,
        "back_off_s": BACK_OFF_S,
        "durable": True,
        "note": "clients and server share the CPUs: figures are of the whole, Python included",
    }
    return {
        "machine": {"cpu_count": multiprocessing.cpu_count(), "python": platform.python_version()},
        "method": method,
        "contenders": {name: summary(tally) | {"alone": summary(alone[name])} for name, tally in contended.items()},
        "times_attempts_s_of": {"contended": ratios(contended), "alone": ratios(alone)},
    }


class Crowd:
    """Processes whose threads say yes at the same moment; they keep their connections from round to round."""

    def __init__(self, contender: Contender, url: str, num_processes: int, num_threads: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["benchmarks.check_then_insert", "benchmarks.world"])
        self.gate = context.Barrier(num_processes)  # kept: a process that starts looks for it
        self.num_threads = num_threads
        self.pipes: list[Connection] = []
        self.processes = []
        for _ in range(num_processes):
            here, there = context.Pipe()
            process = context.Process(
                target=_accept_together, args=(contender.name, url, there, self.gate, num_threads)
            )
            process.start()
            self.pipes.append(here)
            self.processes.append(process)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe, process in zip(self.pipes, self.processes, strict=True):
            pipe.send(None)
            process.join(30)

    def accept(self, jobs: list[list[Ask]]) -> list[Attempt]:
        """All technicians of a job say yes at once, job after job."""
        for number, pipe in enumerate(self.pipes):
            mine = slice(number * self.num_threads, (number + 1) * self.num_threads)
            pipe.send([asks[mine] for asks in jobs])
        return [attempt for pipe in self.pipes for attempt in pipe.recv()]


def race(here: World, crowd: Crowd, num_jobs: int, fold: int, tally: Tally) -> None:
    """One contended round."""
    attempts = crowd.accept(offered_jobs(here, num_jobs, fold))
    by_job: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        by_job.setdefault(attempt.job, []).append(attempt)
    busy_s = sum(
        max(each.answered_s for each in of_job) - min(each.began_s for each in of_job) for of_job in by_job.values()
    )
    count(here, attempts, busy_s, tally)


def one_by_one(worlds: Mapping[str, World], num_jobs: int, tallies: Mapping[str, Tally]) -> None:
    """One round of technicians who meet nobody; the contenders take turns attempt by attempt."""
    jobs = {name: offered_jobs(here, num_jobs, 1) for name, here in worlds.items()}
    attempts: dict[str, list[Attempt]] = {name: [] for name in worlds}
    for number in range(num_jobs):
        for place in range(len(CONTENDERS)):
            each = CONTENDERS[(place + number) % len(CONTENDERS)]
            engine = worlds[each.name].engine.execution_options(isolation_level=each.isolation)
            attempts[each.name].append(say_yes(engine, each, number, jobs[each.name][number][0]))
    for name, of_name in attempts.items():
        count(worlds[name], of_name, sum(one.answered_s - one.began_s for one in of_name), tallies[name])


def say_yes(engine: Engine, contender: Contender, job: int, ask: Ask) -> Attempt:
    """One attempt, begun again as often as allowed; `unanswered` when that was not enough."""
    actor = Actor("technician", ask.technician_id, technician_id=ask.technician_id)
    yes = Yes(ask.offer_id, ask.terms_version)
    began_s = time.perf_counter()
    for retries in range(RETRIES + 1):
        try:
            with transaction(engine, ENGINE, role="engine") as session:
                now = session.execute(_BEGIN).one()[0]
                answer = contender.accept(session, actor, yes, now=now)
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) not in AGAIN:
                raise
            time.sleep(random.uniform(0, BACK_OFF_S * 2**retries))
            continue
        won = answer.assignment_id if isinstance(answer, Won) else None
        outcome = "won" if won else getattr(answer, "code", "noted")
        return Attempt(job, began_s, time.perf_counter(), outcome, retries, won)
    return Attempt(job, began_s, time.perf_counter(), "unanswered", RETRIES)


def count(here: World, attempts: list[Attempt], busy_s: float, tally: Tally) -> None:
    """Add a round's attempts to the tally, and compare what was said with the rows."""
    answered = [each for each in attempts if each.outcome != "unanswered"]
    said = {each.assignment_id for each in attempts if each.assignment_id is not None}
    tally.attempts_s.append(len(answered) / busy_s)
    tally.winners_s.append(sum(each.outcome == "won" for each in attempts) / busy_s)
    tally.latencies_ms += [(each.answered_s - each.began_s) * 1000 for each in attempts]
    tally.outcomes.update(each.outcome for each in attempts)
    tally.retries += sum(each.retries for each in attempts)
    with here.engine.connect() as connection:
        connection.execute(text("SET ROLE truckroll_engine"))
        rows = connection.execute(text("SELECT id, slot_id FROM assignments WHERE state = 'live'")).all()
        connection.rollback()
        fresh = [row for row in rows if row.id not in here.counted]
    here.counted.update(row.id for row in fresh)
    tally.double_winners += len(fresh) - len({row.slot_id for row in fresh})
    tally.ack_row_mismatch += len(said ^ {row.id for row in fresh})


def summary(tally: Tally) -> dict[str, Any]:
    """Medians of the rounds with their spread; quantiles of all attempts."""
    p50, p99 = np.percentile(tally.latencies_ms, (50, 99)).tolist()
    return {
        "attempts_s": round(median(tally.attempts_s), 1),
        "attempts_s_spread": [round(min(tally.attempts_s), 1), round(max(tally.attempts_s), 1)],
        "winners_s": round(median(tally.winners_s), 2),
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "double_winners": tally.double_winners,
        "ack_row_mismatch": tally.ack_row_mismatch,
        "retries": tally.retries,
        "outcomes": dict(tally.outcomes.most_common()),
    }


def ratios(tallies: Mapping[str, Tally]) -> dict[str, float]:
    """Ours over each other: attempts answered in a second, by the medians."""
    ours = median(tallies["truckroll"].attempts_s)
    return {name: round(ours / median(each.attempts_s), 2) for name, each in tallies.items() if name != "truckroll"}


def _accept_together(name: str, url: str, pipe: Connection, gate: Barrier, num_threads: int) -> None:
    """A process of a crowd: its threads wait for each other, then for the other processes, before each job."""
    contender = next(each for each in CONTENDERS if each.name == name)
    pooled = connect(url, pool_size=num_threads, deadline_s=60, name=name)
    engine = pooled.execution_options(isolation_level=contender.isolation)
    start = threading.Barrier(num_threads, action=gate.wait)  # type: ignore[arg-type]

    def accept_each(number: int, jobs: list[list[Ask]]) -> list[Attempt]:
        attempts = []
        try:
            for job, asks in enumerate(jobs):
                start.wait()
                attempts.append(say_yes(engine, contender, job, asks[number]))
        except BaseException:
            gate.abort()  # nobody waits for whoever failed
            start.abort()
            raise
        return attempts

    with ThreadPoolExecutor(num_threads) as threads:
        while (jobs := pipe.recv()) is not None:
            done = [threads.submit(accept_each, number, jobs) for number in range(num_threads)]
            pipe.send([attempt for each in done for attempt in each.result()])
    pooled.dispose()


if __name__ == "__main__":
    main()
