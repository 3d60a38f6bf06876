"""Does some test turn red for every guard of the database? Take each away in a copy, and see.

Enumerates the guards from the catalogue of the migrated database: checks, keys, unique indexes, exclusions, foreign
keys, triggers, policies (taken away, and opened to all rows), FORCE and ENABLE ROW LEVEL SECURITY, and the rights that
the roles do not have. For each it makes a template database without it and runs the tests marked `guards`, those that
name the guard or its table first, until one fails. The comparison with the stored catalogue is not among them: a guard
counts as proved only when a test saw what it is there to refuse or to show.

A key that foreign keys stand on cannot go alone: it is dropped with CASCADE, and they go with it. A test that fails
while it is being set up is shown as such; it counts, since it is red, but says less.
"""

import argparse
import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from own_database import FOLDER, ROOT, template

from dispatch.private_postgres import PrivatePostgres, private_postgres

DEADLINE_S = 300.0

_OWN = """c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"""
#: (kind, table, name, the statement that takes the guard away)
_GUARDS = f"""
SELECT CASE k.contype WHEN 'c' THEN 'check' WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint'
    WHEN 'x' THEN 'exclusion' ELSE 'foreign key' END, c.relname, k.conname,
    format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', c.relname, k.conname)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE {_OWN} AND k.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT 'unique index', c.relname, i.relname, format('DROP INDEX %I', i.relname)
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
WHERE {_OWN} AND x.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid
    AND k.conrelid = c.oid)
UNION ALL
SELECT 'trigger', c.relname, g.tgname, format('DROP TRIGGER %I ON %I', g.tgname, c.relname)
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE {_OWN} AND NOT g.tgisinternal
UNION ALL
SELECT 'policy', c.relname, p.polname, format('DROP POLICY %I ON %I', p.polname, c.relname)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE {_OWN}
UNION ALL
SELECT 'open policy', c.relname, p.polname, format('ALTER POLICY %I ON %I USING (true)', p.polname, c.relname)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE {_OWN} AND pg_get_expr(p.polqual, c.oid) <> 'true'
UNION ALL
SELECT 'force', c.relname, 'FORCE ' || c.relname, format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', c.relname)
FROM pg_class c WHERE {_OWN} AND c.relforcerowsecurity
UNION ALL
SELECT 'enable', c.relname, 'ENABLE ' || c.relname, format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', c.relname)
FROM pg_class c WHERE {_OWN} AND c.relrowsecurity
UNION ALL
SELECT 'right', c.relname, format('%s ON %s TO %s', r.name, c.relname, u.rolname),
    format('GRANT %s ON %I TO %s', r.name, c.relname, u.rolname)
FROM pg_class c, pg_roles u, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) r(name)
WHERE {_OWN} AND u.rolname IN ('truckroll_app', 'truckroll_engine') AND NOT has_table_privilege(u.oid, c.oid, r.name)
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Mutant:
    """A guard, and the statement that takes it away."""

    kind: str
    table: str
    name: str
    statement: str


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: `seen_by` is the first test that failed, empty when none did."""

    mutant: Mutant
    seen_by: str
    when: str
    seconds: float


class Hunt:
    """A pytest plugin: collects the tests once, then runs them in a forked child for every mutant."""

    def __init__(self, server: PrivatePostgres, template_name: str, only: str, num_workers: int) -> None:
        self.server, self.template_name, self.only, self.num_workers = server, template_name, only, num_workers
        self.console = Console(highlight=False, soft_wrap=True)
        self.outcomes: list[Outcome] = []
        self.reports: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what failed (in the child)."""
        if report.failed:
            self.reports.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of one run of the tests: one without a mutation, which must pass, and one for each mutant."""
        healthy = Mutant("none", "", "nothing", "SELECT")
        self._run_all(session, [healthy])
        if self.outcomes[0].seen_by:
            raise pytest.UsageError(f"red without any mutation: {self.outcomes[0].seen_by}")
        seconds = self.outcomes.pop().seconds
        mutants = [each for each in guards(self.server, self.template_name) if self.only in f"{each.kind} {each.name}"]
        self.console.print(f"{len(session.items)} tests see guards, green in {seconds:.0f} s; {len(mutants)} mutants")
        self._run_all(session, mutants)
        return True

    def _run_all(self, session: pytest.Session, mutants: list[Mutant]) -> None:
        waiting, running = list(reversed(mutants)), {}
        while waiting or running:
            while waiting and len(running) < self.num_workers:
                mutant = waiting.pop()
                running[self._start(session, mutant)] = mutant
            for child in _ready(running):
                self._finish(child, running.pop(child), len(mutants))

    def _start(self, session: pytest.Session, mutant: Mutant) -> "Child":
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return Child(pid, reading, time.monotonic())
        os.close(reading)
        words = "crashed\tthe run itself"
        try:
            words = self._hunt(session, mutant)
        finally:
            os.write(writing, words.encode()[:4000])
            os._exit(0)

    def _hunt(self, session: pytest.Session, mutant: Mutant) -> str:
        log = os.open(os.devnull, os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        items = sorted(session.items, key=lambda item: _nearness(item.nodeid, mutant), reverse=True)
        with mutated(self.server, self.template_name, mutant) as name:
            os.environ["TRUCKROLL_TEST_TEMPLATE"] = name
            for item, following in zip(items, [*items[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.reports:
                    break
            session._setupstate.teardown_exact(None)
        return f"{self.reports[0].when}\t{self.reports[0].nodeid}" if self.reports else "\t"

    def _finish(self, child: "Child", mutant: Mutant, num_mutants: int) -> None:
        when, seen_by = child.answer().split("\t", 1)
        outcome = Outcome(mutant, seen_by, when, time.monotonic() - child.started_s)
        self.outcomes.append(outcome)
        if mutant.kind == "none":
            return
        verdict = f"seen by {seen_by}" + ("" if when == "call" else f" ({when})") if seen_by else "SURVIVED"
        place = f"{len(self.outcomes)}/{num_mutants} {outcome.seconds:4.1f} s"
        self.console.print(f"{place}  {mutant.kind} {mutant.name}: {verdict}", markup=False)


@dataclass(frozen=True)
class Child:
    """A forked run: its process and the pipe on which it answers when and where the first test failed."""

    pid: int
    pipe: int
    started_s: float

    def answer(self) -> str:
        """Wait for it; one that hangs counts as seen, by its hanging."""
        is_late = time.monotonic() - self.started_s > DEADLINE_S
        if is_late:
            os.kill(self.pid, signal.SIGKILL)
        words = "deadline\thanging" if is_late else os.read(self.pipe, 4096).decode()
        os.close(self.pipe)
        os.waitpid(self.pid, 0)
        return words or "crashed\tthe run itself"


def _ready(running: dict[Child, Mutant]) -> list[Child]:
    readable, _, _ = select.select([child.pipe for child in running], [], [], 1.0)
    late_s = time.monotonic() - DEADLINE_S
    return [child for child in running if child.pipe in readable or child.started_s < late_s]


def _nearness(nodeid: str, mutant: Mutant) -> int:
    words = nodeid.split("[")[-1].removesuffix("]").split("-")
    return 4 * (mutant.name in words) + 2 * (mutant.table in words) + (mutant.name in nodeid)


def guards(server: PrivatePostgres, database: str) -> list[Mutant]:
    """Every guard of a migrated database."""
    with closing(server.connect(database)) as administrator, administrator.cursor() as cursor:
        cursor.execute(_GUARDS)
        return [Mutant(*row) for row in cursor.fetchall()]


@contextmanager
def mutated(server: PrivatePostgres, template_name: str, mutant: Mutant) -> Iterator[str]:
    """A copy of the template without the guard; its name tells the process, so that a later run can drop it."""
    name = f"copy_{os.getpid()}_mutant"
    _execute(server, "postgres", f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    try:
        _execute(server, name, mutant.statement)
        yield name
    finally:
        _execute(server, "postgres", f"DROP DATABASE {name} WITH (FORCE)")


def _execute(server: PrivatePostgres, database: str, statement: str) -> None:
    with closing(server.connect(database)) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute(statement)


def main() -> int:
    """Run the hunt; 1 when a mutant survived."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--only", default="", help="only guards whose kind and name contain this word")
    words.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mutants at a time (all cores)")
    words.add_argument("--tests", default="tests/dispatch", help="where the tests are that see guards")
    chosen = words.parse_args()
    os.chdir(ROOT)
    started_s = time.monotonic()
    with private_postgres(FOLDER / "postgres", is_durable=False) as server:
        hunt = Hunt(server, template(server), chosen.only, chosen.workers)
        options = ["-q", "-s", "-m", "guards", "-p", "no:cacheprovider", "-p", "no:xdist", chosen.tests]
        code = pytest.main(options, plugins=[hunt])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.TESTS_FAILED):
        return 2
    return _report(hunt, time.monotonic() - started_s)


def _report(hunt: Hunt, seconds: float) -> int:
    survivors = [each for each in hunt.outcomes if not each.seen_by]
    counts = Counter(each.mutant.kind for each in hunt.outcomes)
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    hunt.console.print(f"{len(hunt.outcomes)} guards taken away ({listed}) in {seconds:.0f} s")
    hunt.console.print(f"{len(survivors)} survived" + (":" if survivors else ""))
    for each in survivors:
        hunt.console.print(f"  {each.mutant.kind} {each.mutant.name}: {each.mutant.statement}", markup=False)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
