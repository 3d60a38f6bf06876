"""Are the counted hours those of the events, to the second, and what does the limit cost a search?

    python -m benchmarks.usage [--json] [--technicians 20000] [--clients 50] [--engagements 50] [--in-reach 10000]

*Counters.* A year of engagements: each technician has `engagements` of them, with one of the clients, most with a few
favoured ones, a week apart, so that nobody is in two places. Some are moved, some given back, most are worked, some
logs are corrected. They are written in batches by the statements' own kind (INSERT and UPDATE of assignments and time
entries) into a private PostgreSQL, with the real triggers; foreign keys are off, since jobs, visits and slots are not
what is measured. Then all days of all pairs are recomputed from the events with numpy alone and compared.

*Search.* One roster, everyone in reach; the same jobs with and without a hard limit, turn by turn, in the thread's own
time on the processor: what others do meanwhile does not count. The cost is the median of the pairs' differences, with
its 95 % interval by order statistics.
"""

import argparse
import contextlib
import io
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from benchmarks.index import make_job, make_technician
from benchmarks.world import durable_server, make_database
from dispatch.index.roster import Roster
from dispatch.index.search import search
from matching.eligibility import judge
from matching.job import Job
from matching.policy import Policy
from matching.technician import Technician
from matching.usage import HoursLeft, HoursLimit, HoursRules

SEED = 11
BATCH = 20_000
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "America/Phoenix", "UTC")
TRIGGERS = (
    ("assignments", "assignments_usage"),
    ("assignments", "assignments_usage_moved"),
    ("time_entries", "time_entries_usage"),
    ("time_entries", "time_entries_usage_moved"),
    ("usage", "usage_way"),
)
#: The first day that can have hours, and how many there are.
FIRST_DAY = date(2025, 12, 20).toordinal()
NUM_DAYS = 420

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.usage", description=__doc__)
    parser.add_argument("--technicians", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--engagements", type=int, default=50, help="of each technician in the year")
    parser.add_argument("--in-reach", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=4_000)
    parser.add_argument("--only", choices=("counters", "search"), help="one of the two")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {
        "machine": {"python": platform.python_version(), "numpy": np.__version__, "cpu": platform.processor()},
        "seed": SEED,
    }
    if options.only != "search":
        report["counters"] = measure_counters(options.technicians, options.clients, options.engagements)
    if options.only != "counters":
        report["search"] = measure_search(options.in_reach, options.searches)
    sys.stdout.write(json.dumps(report, indent=None if options.json else 2) + "\n")


@dataclass(frozen=True, slots=True)
class Events:
    """A year of engagements, one place each (E,): who, for whom, and what came of it; times in Unix seconds.

    `made` and `moved` are (E, 2) begins and ends; `logged` and `corrected` those of the time log.
    """

    technician: Ints
    client: Ints
    made: Ints
    moved: Ints
    logged: Ints
    corrected: Ints
    is_moved: Bools
    is_released: Bools
    is_worked: Bools
    is_corrected: Bools

    def __len__(self) -> int:
        return len(self.technician)


def make_events(num_technicians: int, num_clients: int, num_engagements: int) -> Events:
    """Drawn by the seed, technician by technician, the weeks of each in order.

    A batch so has the year of some: the triggers add all days that a statement brings a pair at once, where weeks of
    everybody would rewrite every pair's days each time. What is counted in the end is the same.
    """
    random = np.random.default_rng(SEED)
    num = num_technicians * num_engagements
    technician = np.repeat(np.arange(num_technicians), num_engagements)
    week = np.tile(np.arange(num_engagements), num_technicians)
    favoured = (technician * 7 + random.integers(0, 3, num)) % num_clients
    client = np.where(random.random(num) < 0.8, favoured, random.integers(0, num_clients, num))
    begin = int(YEAR.timestamp()) + week * 7 * 86_400 + random.integers(0, 5 * 1440, num) * 60
    made = np.stack([begin, begin + random.integers(30, 601, num) * 60], axis=1)
    longer = np.stack([np.zeros(num, dtype=np.int64), random.integers(0, 90, num) * 60], axis=1)
    moved = made + random.integers(-36, 37, (num, 1)) * 1800 + longer
    late = random.integers(-3600, 3600, num)
    logged = np.stack([begin + late, begin + late + random.integers(60, 40_000, num)], axis=1)
    corrected = logged + np.stack([np.zeros(num, int), random.integers(1, 5000, num)], axis=1)
    fate = random.random(num)
    is_released, is_worked = fate < 0.1, fate >= 0.25
    return Events(
        technician, client, made, moved, logged, corrected,
        is_moved=random.random(num) < 0.2,
        is_released=is_released,
        is_worked=is_worked,
        is_corrected=is_worked & (random.random(num) < 0.15),
    )  # fmt: skip


def measure_counters(num_technicians: int, num_clients: int, num_engagements: int) -> dict[str, Any]:
    """The figures; raises AssertionError where a counter is not what the events say."""
    events = make_events(num_technicians, num_clients, num_engagements)
    with durable_server() as server:
        make_database(server, "usage_bench")
        with contextlib.closing(server.connect("usage_bench")) as connection, connection.cursor() as cursor:
            _prepare(cursor, num_technicians, num_clients)
            started = time.perf_counter()
            num_changes = sum(_write(connection, cursor, events))
            written_s = time.perf_counter() - started
            maintained = _read(cursor)
            cursor.execute("SELECT count(*), max((SELECT count(*) FROM jsonb_object_keys(days))) FROM usage")
            ((num_pairs, most_days),) = cursor.fetchall()
    started = time.perf_counter()
    expected = recompute(events)
    recomputed_s = time.perf_counter() - started
    if len(maintained) != len(expected) or not np.array_equal(maintained, expected):
        raise AssertionError(f"{len(maintained)} days are counted, {len(expected)} follow from the events")
    return {
        "technicians": num_technicians,
        "clients": num_clients,
        "engagements": len(events),
        "changes": num_changes,
        "pairs": num_pairs,
        "days": len(expected),
        "most_days_of_a_pair": most_days,
        "worked_hours": int(expected[:, 3].sum()) // 3600,
        "promised_hours": int(expected[:, 4].sum()) // 3600,
        "differences": 0,
        "written_s": round(written_s, 1),
        "changes_s": round(num_changes / written_s),
        "recomputed_s": round(recomputed_s, 2),
    }


def recompute(events: Events) -> Ints:
    """(D, 5) client, technician, day, seconds worked, seconds promised; of the events, without the database."""
    is_promise = ~events.is_released & ~events.is_worked
    promised = np.where(events.is_moved[:, None], events.moved, events.made)
    worked = np.where(events.is_corrected[:, None], events.corrected, events.logged)
    parts = []
    for column, chosen, spans in ((3, events.is_worked, worked), (4, is_promise, promised)):
        for place, zone in enumerate(ZONES):
            rows = np.flatnonzero(chosen & (events.client % len(ZONES) == place))
            for day, seconds, of in _split(spans[rows], _midnights(zone)):
                part = np.zeros((len(of), 5), dtype=np.int64)
                part[:, 0], part[:, 1], part[:, 2] = events.client[rows[of]], events.technician[rows[of]], day
                part[:, column] = seconds
                parts.append(part)
    rows = np.concatenate(parts)
    rows = rows[(rows[:, 3] > 0) | (rows[:, 4] > 0)]
    keys, at = np.unique(rows[:, :3], axis=0, return_inverse=True)
    sums = np.zeros((len(keys), 2), dtype=np.int64)
    np.add.at(sums, at.ravel(), rows[:, 3:])
    return np.concatenate([keys, sums], axis=1)


def _midnights(zone: str) -> Ints:
    """The Unix second at which each day begins in a zone."""
    days = (date.fromordinal(FIRST_DAY + day) for day in range(NUM_DAYS + 1))
    starts = (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for day in days)
    return np.array([int(start.timestamp()) for start in starts])


def _split(spans: Ints, midnights: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """For the first, second, … day of each span: the day, its seconds, and which spans (S, 2) have such a day."""
    first = np.searchsorted(midnights, spans[:, 0], side="right") - 1
    of = np.arange(len(spans))
    while len(of):
        begin = np.maximum(spans[of, 0], midnights[first[of]])
        end = np.minimum(spans[of, 1], midnights[first[of] + 1])
        yield first[of] + FIRST_DAY, end - begin, of
        of = of[spans[of, 1] > end]
        first[of] += 1


def _prepare(cursor: Any, num_technicians: int, num_clients: int) -> None:
    for table, trigger in TRIGGERS:
        cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
    cursor.execute("SET session_replication_role = replica")
    cursor.execute(
        "CREATE FUNCTION bench_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS"
        " $$ SELECT lpad(to_hex(n + 1), 32, '0')::uuid $$"
    )
    cursor.execute(
        "INSERT INTO clients (id, name, hours_zone, created_at, state, pays_outside, agreement)"
        " SELECT bench_id(n), 'Client ' || n, (%s::text[])[1 + n %% %s], now(), 'approved', true, '{}'"
        " FROM generate_series(0, %s) n",
        (list(ZONES), len(ZONES), num_clients - 1),
    )
    cursor.execute(
        "INSERT INTO technicians (id, number, name, lat, lng, cell, time_zone, created_at)"
        " SELECT bench_id(n), 'T-' || n, 'Technician ' || n, 31.0, -99.0, 0, 'America/Chicago', now()"
        " FROM generate_series(0, %s) n",
        (num_technicians - 1,),
    )
    cursor.execute("CREATE TEMP TABLE staged (n bigint, client bigint, technician bigint, begins bigint, ends bigint)")


_MADE = (
    "INSERT INTO assignments (id, client_id, job_id, visit_id, slot_id, technician_id, booking_id, mode, terms_version,"
    " pay_kind, pay_amount, currency, start_at, end_at, assigned_at) SELECT bench_id(n), bench_id(client),"
    " gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), bench_id(technician), gen_random_uuid(), 'first', 1,"
    " 'fixed', 100, 'USD', to_timestamp(begins), to_timestamp(ends), now() FROM staged"
)
_MOVED = (
    "UPDATE assignments SET start_at = to_timestamp(begins), end_at = to_timestamp(ends) FROM staged"
    " WHERE id = bench_id(n)"
)
_RELEASED = "UPDATE assignments SET state = 'released', ended_at = now() FROM staged WHERE id = bench_id(n)"
_LOGGED = (
    "INSERT INTO time_entries (id, client_id, job_id, visit_id, assignment_id, technician_id, entry_id, version,"
    " started_at, ended_at, source, in_received_at, proposed_by) SELECT {id}, bench_id(client), gen_random_uuid(),"
    " gen_random_uuid(), bench_id(n), bench_id(technician), bench_id(n), {version}, to_timestamp(begins),"
    " to_timestamp(ends), 'app', now(), 'technician' FROM staged"
)
_LEFT = "UPDATE assignments SET presence = 'checked_out' FROM staged WHERE id = bench_id(n)"
_SUPERSEDED = "UPDATE time_entries SET state = 'superseded' FROM staged WHERE entry_id = bench_id(n)"


def _write(connection: Any, cursor: Any, events: Events) -> Iterator[int]:
    """Everything that happens, kind after kind, in batches of one transaction: how many rows each changed."""
    first = _LOGGED.format(id="bench_id(n)", version=1)
    second = _LOGGED.format(id="gen_random_uuid()", version=2)
    everyone = np.ones(len(events), dtype=np.bool_)
    steps: tuple[tuple[Bools, Ints, tuple[str, ...]], ...] = (
        (everyone, events.made, (_MADE,)),
        (events.is_moved, events.moved, (_MOVED,)),
        (events.is_released, events.made, (_RELEASED,)),
        (events.is_worked, events.logged, (first, _LEFT)),
        (events.is_corrected, events.corrected, (_SUPERSEDED, second)),
    )
    for chosen, spans, statements in steps:
        rows = np.flatnonzero(chosen)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            _stage(cursor, events, batch, spans)
            for statement in statements:
                cursor.execute(statement)
                if cursor.rowcount != len(batch):
                    raise AssertionError(f"{cursor.rowcount} rows changed, not {len(batch)}: {statement}")
            connection.commit()
            yield len(batch) * len(statements)


def _stage(cursor: Any, events: Events, rows: Ints, spans: Ints) -> None:
    table = np.column_stack([rows, events.client[rows], events.technician[rows], spans[rows]])
    text = "\n".join("\t".join(map(str, row)) for row in table.tolist())
    cursor.execute("TRUNCATE staged")
    cursor.copy_expert("COPY staged FROM STDIN", io.StringIO(text))


def _read(cursor: Any) -> Ints:
    """(D, 5) what is counted, in the order of `recompute`."""
    number = "('x' || right({}::text, 8))::bit(32)::bigint - 1"
    cursor.execute(
        f"SELECT {number.format('client_id')}, {number.format('technician_id')}, d.key::date - DATE '0001-01-01' + 1,"
        " (d.value ->> 0)::bigint, (d.value ->> 1)::bigint FROM usage, jsonb_each(days) d ORDER BY 1, 2, 3"
    )
    return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 5)


def measure_search(num_in_reach: int, num_searches: int) -> dict[str, Any]:
    """The same searches with and without a hard limit, turn by turn: medians, quartiles, and their differences."""
    random = Random(SEED)
    base = make_job(random)
    limited = HoursRules("America/New_York", (HoursLimit("year", 1000 * 3600, 12),))
    people = [_near(make_technician(random), base, random) for _ in range(num_in_reach)]
    roster = Roster()
    roster.upsert(people)
    jobs = [_on_day(base, random.randrange(30)) for _ in range(num_searches)]
    policy, now = Policy(), base.start_at - timedelta(days=1)

    def found(job: Job) -> Any:
        return search(roster, job, policy, now=now)

    def judged(job: Job) -> Any:
        return judge(job, found(job), policy)

    rows = np.arange(num_in_reach)[np.random.default_rng(SEED).permutation(num_in_reach)]
    nobody = np.zeros(num_in_reach, dtype=np.bool_)

    def looked_up(job: Job) -> Any:
        return roster.hours_left.of(job, rows, nobody, num_in_reach)

    if len(found(base)) != num_in_reach:
        raise AssertionError(f"{len(found(base))} are in reach, not {num_in_reach}")
    started = time.perf_counter()
    found(replace(base, hours_rules=limited))
    cold_ms = (time.perf_counter() - started) * 1000
    return {
        "in_reach": num_in_reach,
        "with_hours_left": sum(bool(each.hours_left) for each in people),
        "searches": num_searches,
        "first_of_a_day_ms": round(cold_ms, 3),
        "lookup_ms": _compared(looked_up, jobs, limited),
        "search_ms": _compared(found, jobs, limited),
        "search_and_judge_ms": _compared(judged, jobs, limited),
    }


def _compared(answer: Callable[[Job], Any], jobs: Sequence[Job], limited: HoursRules) -> dict[str, Any]:
    """Both on the same job, in turn first; the cost is the median of the differences of the pairs."""
    pairs = [(job, replace(job, hours_rules=limited)) for job in jobs]
    for pair in pairs[:40]:
        answer(pair[0]), answer(pair[1])
    elapsed = np.zeros((len(pairs), 2))
    for num, pair in enumerate(pairs):
        for which in ((0, 1), (1, 0))[num % 2]:
            started_ns = time.thread_time_ns()
            answer(pair[which])
            elapsed[num, which] = (time.thread_time_ns() - started_ns) / 1e6
    named = {"without": elapsed[:, 0], "with": elapsed[:, 1], "cost": elapsed[:, 1] - elapsed[:, 0]}
    return {name: _quartiles(values) for name, values in named.items()}


def _quartiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Of the values; and within what their median lies, by the sign test (David, Nagaraja: Order Statistics, 7.1)."""
    low, middle, high = np.percentile(values, (25, 50, 75)).tolist()
    apart = 1.96 / (2 * math.sqrt(len(values)))
    least, most = np.quantile(values, (max(0.0, 0.5 - apart), min(1.0, 0.5 + apart))).tolist()
    found = {"median": middle, "median_from": least, "median_to": most, "q1": low, "q3": high}
    return {name: round(value, 4) for name, value in found.items()}


def _near(technician: Technician, job: Job, random: Random) -> Technician:
    """The same at most 100 km from the job; every third has hours with its client, half of them few left."""
    moved = replace(technician, lat=job.lat + random.uniform(-0.6, 0.6), lng=job.lng + random.uniform(-0.6, 0.6))
    if random.random() > 1 / 3:
        return moved
    day = job.start_at.date().toordinal()
    steps = tuple((day + 7 * week, random.choice([0, 3600, 400_000, 900_000])) for week in range(52))
    return replace(moved, hours_left={job.client_id: HoursLeft(1, steps)})


def _on_day(job: Job, day: int) -> Job:
    later = timedelta(days=day)
    return replace(job, start_at=job.start_at + later, end_at=job.end_at + later)


if __name__ == "__main__":
    main()
