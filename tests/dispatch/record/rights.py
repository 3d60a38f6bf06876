"""Who may do what to which table? The page `docs/rights.md`, written from the catalogue."""

import re
from pathlib import Path

from catalogue import Catalogue

from dispatch.record.tables import Base

RIGHTS_PAGE = Path(__file__).resolve().parents[3] / "docs" / "rights.md"

WORDS = {"SELECT": "read", "INSERT": "add", "UPDATE": "change", "DELETE": "remove"}

_HEAD = """# Who may do what

What each actor may do to each table, decided by PostgreSQL itself: by the grants of the role, and by row-level
security for the rows. A transaction says first on whose behalf it runs (`dispatch/record/session.py`); the rest is not
in the program's hands. Above this stands what the API shows of a row to whom; it can only take away.

This page is written from the catalogue of a migrated database (see `tests/dispatch/record/catalogue.py`), a test
compares the two, and `tests/dispatch/record/test_policies.py` tries every cell of it, with the rows of two clients and
three technicians.

The actors:

- **client**: staff of a client (`app.client`), over the client's own rows; of technicians, those in the market and in
  the client's pools.
- **asked**: a technician (`app.technician`) or their company (`app.company`), over the rows of a job they were asked
  about, and over their own offers, counters and assignments.
- **self**: a technician, or a company for its technicians, over what is kept about them; for `idempotency_keys` the
  API key that calls (`app.key`).
- **engine**: the dispatcher process and the statements that must see all bookings (role `truckroll_engine`), over all
  rows.
- The role `truckroll_migrate` owns the tables and sees all rows by its own policy; no request runs as it.

Nobody but a superuser changes or removes events, seals, decisions, terms and messages: triggers refuse it to the
owner too. Where nobody is named in a transaction (`app.*` empty), no row of these tables is seen, save the network's
catalogues (companies, skills, credential_kinds, cursors, network_means), which belong to nobody and have no policies.

| table | what a row is | client | asked | self | engine |
|---|---|---|---|---|---|
"""


def rights_page(catalogue: Catalogue) -> str:
    """The page's text."""
    meanings = {
        mapper.local_table.name: (mapper.class_.__doc__ or "").split("\n")[0].split(". ")[0].rstrip(".")
        for mapper in Base.registry.mappers
    }
    lines = []
    for table in sorted(catalogue["columns"]):
        cells = [_may(catalogue, table, actor) for actor in ("client", "asked", "self")]
        engine = _words(catalogue["rights"][table].get("truckroll_engine", ""))
        lines.append(f"| {table} | {meanings[table]} | {' | '.join(cells)} | {engine} |")
    return _HEAD + "\n".join(lines) + "\n"


def _may(catalogue: Catalogue, table: str, actor: str) -> str:
    granted = catalogue["rights"][table].get("truckroll_app", "")
    policies = catalogue["policies"].get(table)
    if policies is None:
        return _words(granted)
    policy = policies.get(f"{table}_{actor}")
    if policy is None:
        return "-"
    command = re.match(r"PERMISSIVE (\w+) TO truckroll_app", policy)
    assert command, f"{table}_{actor} is not a policy of the application"
    return _words(granted if command[1] == "ALL" else command[1])


def _words(rights: str) -> str:
    return ", ".join(WORDS[right] for right in rights.split(", ") if right) or "-"
