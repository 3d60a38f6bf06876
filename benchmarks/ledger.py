"""Do the books balance after a million operations by several processes at once, and how fast are they?

    python -m benchmarks.ledger [--json] [--operations 1000000] [--processes 4] [--clients 200] [--technicians 5000]

Each process draws operations by chance and commits each by itself, durably, through `dispatch.money.ledger.post` as the
use cases do. Afterwards all balances are computed anew, from the entries and from what the processes were told. How the
figures are counted stands in `benchmarks/README.md`.
"""

import argparse
import json
import multiprocessing
import platform
import queue
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from benchmarks.world import LET_IN, durable_server, make_database
from dispatch.money.ledger import FLOOR, About, Owner, account_id, open_accounts, post
from dispatch.record.session import ENGINE, connect, database_now, transaction
from dispatch.record.tables import ClientRow, TechnicianRow, new_id

#: Kind -> how often of a hundred; `again` asks once more for what is booked already.
CHANCES = {"deposit": 6, "hold": 40, "release": 8, "approve": 28, "payout": 8, "settle": 7, "again": 3}
#: Of two currencies, one without a minor unit.
CURRENCIES = ("USD", "JPY")
_PLATFORM = Owner()
#: How often it is told how far the processes are.
_TELL_EACH_S = 10.0

Moves = dict[UUID, Decimal]


@dataclass
class Books:
    """What one process knows: what it set aside and paid out, and what every account must have got by it."""

    random: random.Random
    clients: Sequence[UUID]
    technicians: Sequence[UUID]
    counted: Counter[str] = field(default_factory=Counter)
    moved: Counter[tuple[UUID, str, str]] = field(default_factory=Counter)
    held: list[tuple[Owner, Decimal, str]] = field(default_factory=list)
    due: list[tuple[Owner, Decimal, str]] = field(default_factory=list)
    on_their_way: list[tuple[Owner, Decimal, str]] = field(default_factory=list)
    last_key: tuple[str, str, list[tuple[Owner, str, Decimal]], str] | None = None


#: owner, kind of account, amount
Parts = list[tuple[Owner, str, Decimal]]


#: What the audit counts and must not find.
_FAULTS = (
    "wrong_by_entries",
    "wrong_by_what_was_told",
    "unbalanced_transactions",
    "below_floor",
    "acknowledged_and_missing_or_more",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and write the figures to standard output: 1 when the books are wrong anywhere, else 0."""
    parser = argparse.ArgumentParser(prog="benchmarks.ledger", description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--technicians", type=int, default=5_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = measure(options)
    sys.stdout.write(json.dumps(report, indent=None if options.json else 2) + "\n")
    for fault in faults(report):
        sys.stderr.write(f"the books are wrong: {fault}\n")
    return 1 if faults(report) else 0


def faults(report: dict[str, Any]) -> list[str]:
    """Every figure of the audit that must be zero and is not, and every currency whose sum of all is not."""
    found = [f"{name} {report[name]}" for name in _FAULTS if report[name] != 0]
    return found + [f"sum_of_all {each} {total}" for each, total in report["sum_of_all"].items() if Decimal(total) != 0]


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All processes at once, then the audit."""
    with ExitStack() as stack:
        server = stack.enter_context(durable_server())
        url = make_database(server, "ledger")
        engine = connect(url, pool_size=2, deadline_s=3600, name="benchmark")
        stack.callback(engine.dispose)
        clients, technicians = _fill(engine, options)
        share = -(-options.operations // options.processes)
        spawn = multiprocessing.get_context("spawn")
        gate = spawn.Barrier(options.processes + 1)
        told: multiprocessing.Queue[Any] = spawn.Queue()
        done = spawn.Array("L", options.processes, lock=False)
        workers = [
            spawn.Process(target=_work, args=(url, num, share, clients, technicians, gate, told, done))
            for num in range(options.processes)
        ]
        for worker in workers:
            worker.start()
        gate.wait(120)
        started_s = time.monotonic()
        books = _gather(workers, told, done, share)
        seconds = max(ended for _, _, ended in books) - started_s
        for worker in workers:
            worker.join()
        counted: Counter[str] = sum((each for each, _, _ in books), Counter())
        moved: Counter[tuple[UUID, str, str]] = Counter()
        for _, each, _ in books:
            for key, amount in each.items():
                moved[key] += amount
        audit = _audit(engine, counted, moved)
    operations = sum(counted.values())
    return {
        "machine": {"cpu_count": multiprocessing.cpu_count(), "python": platform.python_version()},
        "method": vars(options) | {"durable": True, "chances": CHANCES},
        "operations": operations,
        "seconds": round(seconds, 1),
        "operations_s": round(operations / seconds, 1),
        "by_kind": dict(sorted(counted.items())),
        **audit,
    }


def _gather(workers: Sequence[Any], told: Any, done: Any, share: int) -> list[Any]:
    """What each process says at its end; meanwhile, on standard error, how far they are."""
    books: list[Any] = []
    started_s = time.monotonic()
    while len(books) < len(workers):
        try:
            books.append(told.get(timeout=_TELL_EACH_S))
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                raise RuntimeError("a process died: its fault stands above") from None
            num, seconds = sum(done), time.monotonic() - started_s
            sys.stderr.write(f"{num:,} of {share * len(workers):,} operations, {num / seconds:,.0f} a second\n")
    return books


def _fill(engine: Engine, options: argparse.Namespace) -> tuple[list[UUID], list[UUID]]:
    clients = [new_id() for _ in range(options.clients)]
    technicians = [new_id() for _ in range(options.technicians)]
    with transaction(engine, ENGINE, role="engine", deadline_s=600) as session:
        now = database_now(session)
        session.execute(
            insert(ClientRow),
            [{"id": each, "name": f"Client {num}", "created_at": now} | LET_IN for num, each in enumerate(clients)],
        )
        place = {"lat": 30.3585, "lng": -103.661, "cell": 1, "time_zone": "America/Chicago", "created_at": now}
        session.execute(
            insert(TechnicianRow),
            [
                {
                    "id": each,
                    "number": f"T-{num}",
                    "name": f"T {num}",
                    "email": f"t{num}@example.org",
                    "phone": "+1432",
                    **place,
                }
                for num, each in enumerate(technicians)
            ],
        )
        for currency in CURRENCIES:
            open_accounts(session, _PLATFORM, ("fees", "outside"), currency, now=now)
            for each in clients:
                open_accounts(session, Owner(client_id=each), ("funds", "held"), currency, now=now)
            for each in technicians:
                open_accounts(session, Owner(technician_id=each), ("due", "in_payout"), currency, now=now)
    return clients, technicians


def _work(
    url: str, seed: int, num: int, clients: list[UUID], technicians: list[UUID], gate: Any, told: Any, done: Any
) -> None:
    """One process: `num` operations, each committed by itself; `done[seed]` says how many so far."""
    engine = connect(url, pool_size=1, deadline_s=600, name=f"ledger {seed}")
    books = Books(random.Random(seed), clients, technicians)
    kinds, chances = list(CHANCES), list(CHANCES.values())
    gate.wait(120)
    for at in range(num):
        _operate(engine, books, books.random.choices(kinds, chances)[0])
        done[seed] = at + 1
    told.put((books.counted, books.moved, time.monotonic()))
    engine.dispose()


def _operate(engine: Engine, books: Books, kind: str) -> None:
    if kind == "again" and books.last_key is not None:
        kind, key, parts, currency = books.last_key
        _book(engine, books, kind, key, parts, currency, counted="again")
        return
    kind, parts, currency, follow = _PLANS.get(kind, _hold)(books)
    if _book(engine, books, kind, f"{kind}:{new_id()}", parts, currency, counted=kind):
        follow()


def _book(engine: Engine, books: Books, kind: str, key: str, parts: Parts, currency: str, *, counted: str) -> bool:
    moves = {account_id(owner, account, currency): amount for owner, account, amount in parts}
    about = About(client_id=parts[0][0].client_id, technician_id=parts[-1][0].technician_id)
    try:
        with transaction(engine, ENGINE, role="engine") as session:
            is_new = post(session, kind, key, moves, about, now=datetime.now(UTC))
    except IntegrityError as error:
        if FLOOR not in str(error.orig.diag.constraint_name):  # type: ignore[union-attr]
            raise
        books.counted["refused"] += 1
        return False
    assert is_new == (counted != "again"), f"{key} was booked {'twice' if is_new else 'before'}"
    books.counted[counted] += 1
    if is_new:
        books.last_key = (kind, key, parts, currency)
        for owner, account, amount in parts:
            books.moved[owner.id, account, currency] += amount  # type: ignore[assignment]
    return is_new


Plan = tuple[str, Parts, str, Callable[[], object]]


def _some(books: Books, currency: str) -> Decimal:
    cents = books.random.randint(100, 90_000)
    return Decimal(cents) if currency == "JPY" else Decimal(cents) / 100


def _deposit(books: Books) -> Plan:
    currency, client = books.random.choice(CURRENCIES), Owner(client_id=books.random.choice(books.clients))
    amount = 12 * _some(books, currency)
    return "deposit", [(_PLATFORM, "outside", -amount), (client, "funds", amount)], currency, lambda: None


def _hold(books: Books) -> Plan:
    currency, client = books.random.choice(CURRENCIES), Owner(client_id=books.random.choice(books.clients))
    amount = _some(books, currency)
    parts: Parts = [(client, "funds", -amount), (client, "held", amount)]
    return "hold", parts, currency, lambda: books.held.append((client, amount, currency))


def _release(books: Books) -> Plan:
    if not books.held:
        return _hold(books)
    client, amount, currency = _take(books, books.held)
    return "release", [(client, "held", -amount), (client, "funds", amount)], currency, lambda: None


def _approve(books: Books) -> Plan:
    if not books.held:
        return _hold(books)
    client, amount, currency = _take(books, books.held)
    person = Owner(technician_id=books.random.choice(books.technicians))
    fee = (amount / 10).quantize(Decimal(1) if currency == "JPY" else Decimal("0.01"))
    parts: Parts = [(client, "held", -amount), (_PLATFORM, "fees", fee), (person, "due", amount - fee)]
    return "approve", parts, currency, lambda: books.due.append((person, amount - fee, currency))


def _payout(books: Books) -> Plan:
    if not books.due:
        return _approve(books)
    person, amount, currency = _take(books, books.due)
    parts: Parts = [(person, "due", -amount), (person, "in_payout", amount)]
    return "payout", parts, currency, lambda: books.on_their_way.append((person, amount, currency))


def _settle(books: Books) -> Plan:
    if not books.on_their_way:
        return _payout(books)
    person, amount, currency = _take(books, books.on_their_way)
    parts: Parts = [(person, "in_payout", -amount), (_PLATFORM, "outside", amount)]
    return "payout_paid", parts, currency, lambda: None


_PLANS: dict[str, Callable[[Books], Plan]] = {
    "deposit": _deposit,
    "hold": _hold,
    "release": _release,
    "approve": _approve,
    "payout": _payout,
    "settle": _settle,
}


def _take(books: Books, of: list[tuple[Owner, Decimal, str]]) -> tuple[Owner, Decimal, str]:
    """One of these by chance, in constant time."""
    at = books.random.randrange(len(of))
    of[at], of[-1] = of[-1], of[at]
    return of.pop()


def _audit(engine: Engine, counted: Counter[str], moved: Counter[tuple[UUID, str, str]]) -> dict[str, Any]:
    """Every balance once from the entries, once from what the processes were told, beside what is kept."""
    booked = sum(num for kind, num in counted.items() if kind not in ("again", "refused"))
    with transaction(engine, ENGINE, role="engine", deadline_s=600) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        rows = session.execute(
            text(
                "SELECT a.owner_id, a.kind, a.currency, a.balance, coalesce(sum(e.amount), 0) FROM ledger_accounts a"
                " LEFT JOIN ledger_entries e ON e.account_id = a.id GROUP BY a.id"
            )
        ).all()
        unbalanced = _count(
            session,
            "SELECT count(*) FROM (SELECT e.transaction_id FROM ledger_entries e JOIN ledger_accounts a"
            " ON a.id = e.account_id GROUP BY e.transaction_id, a.currency HAVING sum(e.amount) <> 0) wrong",
        )
        below = _count(session, "SELECT count(*) FROM ledger_accounts WHERE balance < floor")
        num_rows = _count(session, "SELECT count(*) FROM ledger_transactions")
    return {
        "accounts": len(rows),
        "wrong_by_entries": sum(kept is not None and kept != summed for *_, kept, summed in rows),
        "wrong_by_what_was_told": sum(moved[owner, kind, money] != summed for owner, kind, money, _, summed in rows),
        "unbalanced_transactions": unbalanced,
        "below_floor": below,
        "acknowledged_and_missing_or_more": num_rows - booked,
        "sum_of_all": {each: str(sum(row[4] for row in rows if row[2] == each)) for each in CURRENCIES},
    }


def _count(session: Session, statement: str) -> int:
    return int(session.execute(text(statement)).scalar_one())


if __name__ == "__main__":
    raise SystemExit(main())
