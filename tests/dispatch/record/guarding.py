"""How is a guard tested alone? Take all the others of its table away, in a transaction that is rolled back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg2
import pytest
from guard_world import World, id_of
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

#: viewer -> their role and the settings under which they read
VIEWERS: dict[str, tuple[str, dict[str, str]]] = {
    "acme": ("app", {"client": "acme"}),
    "burg": ("app", {"client": "burg"}),
    "anna": ("app", {"technician": "anna"}),
    "bo": ("app", {"technician": "bo"}),
    "cy": ("app", {"technician": "cy"}),
    "crew": ("app", {"company": "crew"}),
    "acme.key": ("app", {"key": "acme.key"}),
    "nobody": ("app", {}),
    "engine": ("engine", {}),
    "migrate": ("migrate", {}),
}


@dataclass(frozen=True)
class Refusal:
    """What the database said no with."""

    code: str
    constraint: str | None
    message: str


@dataclass
class Guarded:
    """The world in one transaction of the superuser, who may take guards away and take on any role."""

    connection: Connection
    world: World

    def run(self, sql: str) -> Any:
        """Execute one statement; it stays until the test ends."""
        return self.connection.execute(text(sql.replace(":", "\\:")))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows that a query answers."""
        return [tuple(row) for row in self.run(sql)]

    def accepts(self, sql: str) -> int:
        """The statement passes; answers how many rows it met, and undoes it."""
        with self._undone():
            num_rows: int = self.run(sql).rowcount
        return num_rows

    def refuses(self, sql: str) -> Refusal:
        """The statement is refused; answers how."""
        with pytest.raises(DBAPIError) as caught, self._undone():
            self.run(sql)
        refusal = caught.value.orig
        assert isinstance(refusal, psycopg2.Error)
        return Refusal(refusal.pgcode or "", refusal.diag.constraint_name, str(refusal))

    @contextmanager
    def acting(self, viewer: str) -> Iterator[None]:
        """Work for a viewer for a while, as `dispatch.record.session` does."""
        role, settings = VIEWERS[viewer]
        for name, owner in settings.items():
            self.run(f"SELECT set_config('app.{name}', '{id_of(owner)}', true)")
        self.run(f"SET LOCAL ROLE truckroll_{role}")
        try:
            yield
        finally:
            self.run("RESET ROLE")
            for name in settings:
                self.run(f"SELECT set_config('app.{name}', '', true)")

    def isolate(self, table: str, *, keep: str | None = None) -> None:
        """Take every guard but one from a table, so that nothing else can refuse what it is there to refuse."""
        constraints = self.rows(
            f"SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype IN"
            f" ('c', 'f', 'p', 'u', 'x') AND conname <> '{keep}' ORDER BY contype"
        )
        drops = [f"DROP CONSTRAINT {name} CASCADE" for (name,) in constraints]
        self.run(f"ALTER TABLE {table} " + ", ".join([*drops, "DISABLE TRIGGER USER"]))
        indexes = self.rows(
            f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{table}'::regclass AND indisunique"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)"
            f" AND indexrelid::regclass::text <> '{keep}'"
        )
        for (name,) in indexes:
            self.run(f"DROP INDEX {name}")

    def copy(self, table: str, name: str, changes: dict[str, str] | None = None) -> str:
        """The statement that writes a row of the world once more, with some columns changed to SQL expressions."""
        values = {column: column for column in self.columns[table]} | (changes or {})
        picked = f"SELECT {', '.join(values.values())} FROM {table} WHERE {self.world.where(table, name)}"
        return f"INSERT INTO {table} ({', '.join(values)}) {picked}"

    def update(self, table: str, name: str, changes: str) -> str:
        """The statement that changes a row of the world."""
        return f"UPDATE {table} SET {changes} WHERE {self.world.where(table, name)}"

    @cached_property
    def columns(self) -> dict[str, dict[str, str]]:
        """Table -> column -> type; without generated columns, which nobody can write."""
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in self.rows(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
            " JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
            " AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.relname, a.attnum"
        ):
            columns.setdefault(table, {})[column] = kind
        return columns

    def fresh(self, table: str, column: str) -> str:
        """An expression for a value of this column that no row has."""
        kind = self.columns[table][column]
        values = {
            "uuid": "gen_random_uuid()",
            "bytea": "'\\xff'::bytea",
            "character varying(3)": "'XTS'",
            "date": "DATE '2031-01-01'",
            "smallint": "99",
            "integer": "99",
            "bigint": "99",
        }
        return values.get(kind, "'fresh'")

    @contextmanager
    def _undone(self) -> Iterator[None]:
        savepoint = self.connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()


def template_is_mutated() -> bool:
    """Whether a guard was taken away on purpose (`scripts/mutants.py`)."""
    return "TRUCKROLL_TEST_TEMPLATE" in os.environ
