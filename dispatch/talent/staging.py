"""How do rows of a file get into the tables? Copied into temporary tables, and taken over in a few statements.

Tables under row-level security refuse COPY; temporary ones do not. Everything that is taken over ascends by id, behind
the locks of the technicians that are known.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from dispatch.errors import Conflict
from dispatch.talent.clearances import WORD_DAYS
from dispatch.talent.credentials import REVIEW_WITHIN, first_day_anywhere
from dispatch.talent.proofs import WITH_FACTS

#: What an import may take, where a request may not.
_UNHURRIED = text(
    "SELECT set_config('statement_timeout', '10min', true), set_config('lock_timeout', '30s', true),"
    " set_config('idle_in_transaction_session_timeout', '10min', true)"
)

#: Rows sent to the server at once.
_CHUNK = 1000

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def unhurried(session: Session) -> None:
    """Let the rest of this transaction take minutes."""
    session.execute(_UNHURRIED)


def stage(session: Session, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Copy rows into fresh staging tables; `tables` maps their names to rows by column, alike within a table."""
    for statement in _STAGING:
        session.execute(text(statement))
    cursor = session.connection().connection.cursor()
    for table, rows in tables.items():
        found = iter(rows)
        first = next(found, None)
        if first is not None:
            lines = _Lines(tuple(first), chain((first,), found))
            cursor.copy_expert(f"COPY {table} ({', '.join(first)}) FROM STDIN", lines)
    for statement in _READY:
        session.execute(text(statement))


def take_over(session: Session, fields: frozenset[str], *, now: datetime) -> Sequence[Row[Any]]:
    """Create and update technicians from the staging tables: (id, is_new) of those that are not as they were.

    `fields` are the columns, and `skills`, `hours`, that known technicians get.

    Raises
    ------
    Conflict
        Somebody else added one of them meanwhile.
    """
    session.execute(text(_LOCK))
    session.execute(text(_KNOWN))
    for statement in _WORDS:
        session.execute(text(statement), {"last": now.astimezone(UTC).date() + timedelta(WORD_DAYS)})
    if columns := sorted(fields - {"skills", "hours"}):
        session.execute(text(_update(columns)))
    session.execute(text(_INSERT), {"now": now})
    if session.scalar(text(_MISSING)):
        raise Conflict("changing", "import", ("import again: somebody added a technician of this file meanwhile",))
    for statement in (_SKILLS if "skills" in fields else ()) + (_HOURS if "hours" in fields else ()):
        session.execute(text(statement))
    days = {"today": now.astimezone(UTC).date(), "over": first_day_anywhere(now)}
    reviewed = {"due": now + REVIEW_WITHIN, "with_facts": list(WITH_FACTS)}
    session.execute(text(_CREDENTIALS), {"now": now, **days, **reviewed})
    session.execute(text(_POOLS), {"now": now})
    return session.execute(text(_CHANGED)).all()


def _update(columns: Sequence[str]) -> str:
    own, theirs = (", ".join(f"{table}.{name}" for name in columns) for table in ("t", "s"))
    values = ", ".join(f"{name} = s.{name}" for name in columns)
    return (
        f"UPDATE technicians t SET {values} FROM staged_technicians s"
        f" WHERE t.id = s.id AND NOT s.is_new AND ({own}) IS DISTINCT FROM ({theirs})"
    )


class _Lines:
    """Rows as the text that COPY reads, made as it is read."""

    def __init__(self, columns: Sequence[str], rows: Iterator[Mapping[str, Any]]) -> None:
        self._lines = ("\t".join([_cell(row[name]) for name in columns]) + "\n" for row in rows)

    def read(self, size: int = -1) -> bytes:
        """The next lines, none at the end; the driver takes any number of bytes."""
        return "".join(islice(self._lines, _CHUNK)).encode()


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, dict):
        value = json.dumps(value)
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


_OF_TECHNICIAN = (
    "company_id, number, name, email, phone, lat, lng, cell, time_zone, radius_km, area, in_market, clearance,"
    " clearance_until, day_capacity, min_hourly, currency, quiet_from, quiet_to, works_in_quiet_hours, auto_min_hourly,"
    " auto_max_km, auto_max_per_day"
)
_STAGED = ("staged_technicians", "staged_skills", "staged_hours", "staged_credentials", "staged_pools")
_STAGING = (
    f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in _STAGED)}",
    f"CREATE TEMP TABLE staged_technicians ON COMMIT DROP AS SELECT 0 AS line, id, {_OF_TECHNICIAN}"
    " FROM technicians WITH NO DATA",
    "ALTER TABLE staged_technicians ADD is_new boolean NOT NULL DEFAULT true",
    "CREATE TEMP TABLE staged_skills (line int, skill varchar, level smallint) ON COMMIT DROP",
    "CREATE TEMP TABLE staged_hours (line int, weekday smallint, from_minute smallint, to_minute smallint)"
    " ON COMMIT DROP",
    "CREATE TEMP TABLE staged_credentials (line int, id uuid, kind varchar, valid_until date) ON COMMIT DROP",
    "CREATE TEMP TABLE staged_pools (line int, pool_id uuid) ON COMMIT DROP",
)
# The real tables may have just been filled, with no statistics yet: without an index to walk, a plan made for a few
# rows compares each row with each, and 100,000 technicians take hours.
_READY = (
    "CREATE UNIQUE INDEX ON staged_technicians (line)",
    "CREATE UNIQUE INDEX ON staged_technicians (number)",
    "CREATE INDEX ON staged_technicians (id)",
    "CREATE UNIQUE INDEX ON staged_skills (line, skill)",
    "CREATE UNIQUE INDEX ON staged_hours (line, weekday, from_minute)",
    *(f"ANALYZE {name}" for name in _STAGED),
)

_LOCK = (
    "SELECT count(*) FROM (SELECT FROM technicians t WHERE number IN (SELECT number FROM staged_technicians)"
    " ORDER BY id FOR NO KEY UPDATE) AS locked"
)
_KNOWN = "UPDATE staged_technicians s SET id = t.id, is_new = false FROM technicians t WHERE t.number = s.number"
#: A word that the file gives no last day keeps the one it has, or holds for a year.
_WORDS = (
    "UPDATE staged_technicians s SET clearance_until = t.clearance_until FROM technicians t WHERE t.id = s.id"
    " AND s.clearance = 'us_person' AND s.clearance_until IS NULL",
    "UPDATE staged_technicians SET clearance_until = :last WHERE clearance = 'us_person' AND clearance_until IS NULL",
)
_INSERT = (
    f"INSERT INTO technicians (id, {_OF_TECHNICIAN}, created_at)"
    f" SELECT id, {_OF_TECHNICIAN}, :now FROM staged_technicians WHERE is_new ORDER BY id"
    " ON CONFLICT (number) DO NOTHING"
)
_MISSING = (
    "SELECT EXISTS (SELECT FROM staged_technicians s WHERE NOT EXISTS (SELECT FROM technicians t WHERE t.id = s.id))"
)
_SKILLS = (
    "DELETE FROM technician_skills k USING staged_technicians s WHERE k.technician_id = s.id AND NOT s.is_new"
    " AND NOT EXISTS (SELECT FROM staged_skills x WHERE x.line = s.line AND x.skill = k.skill)",
    "INSERT INTO technician_skills AS k (technician_id, skill, level)"
    " SELECT s.id, x.skill, x.level FROM staged_skills x JOIN staged_technicians s USING (line)"
    " ON CONFLICT (technician_id, skill) DO UPDATE SET level = excluded.level WHERE k.level <> excluded.level",
)
_HOURS = (
    "DELETE FROM working_hours h USING staged_technicians s WHERE h.technician_id = s.id AND NOT s.is_new"
    " AND NOT EXISTS (SELECT FROM staged_hours x WHERE (x.line, x.weekday, x.from_minute, x.to_minute)"
    " = (s.line, h.weekday, h.from_minute, h.to_minute))",
    "INSERT INTO working_hours (technician_id, weekday, from_minute, to_minute)"
    " SELECT s.id, x.weekday, x.from_minute, x.to_minute FROM staged_hours x JOIN staged_technicians s USING (line)"
    " ON CONFLICT DO NOTHING",
)
_CREDENTIALS = (
    "INSERT INTO credentials (id, technician_id, kind, state, valid_from, valid_until, evidence, verified_at, due_at,"
    " created_at) SELECT x.id, s.id, x.kind, n.state, least(:today, x.valid_until), x.valid_until, 'import',"
    " CASE WHEN n.state <> 'submitted' THEN CAST(:now AS timestamptz) END,"
    " CASE WHEN n.state = 'submitted' THEN CAST(:due AS timestamptz) END, :now"
    " FROM staged_credentials x JOIN staged_technicians s USING (line) JOIN credential_kinds k ON k.code = x.kind"
    " CROSS JOIN LATERAL (SELECT CASE WHEN x.valid_until < :over THEN 'expired'"
    " WHEN k.family = ANY(:with_facts) THEN 'submitted' ELSE 'verified' END) AS n (state) WHERE NOT EXISTS"
    " (SELECT FROM credentials c WHERE (c.technician_id, c.kind, c.valid_until) = (s.id, x.kind, x.valid_until))"
)
_POOLS = (
    "INSERT INTO pool_members (pool_id, technician_id, client_id, joined_at)"
    " SELECT x.pool_id, s.id, p.client_id, :now FROM staged_pools x JOIN staged_technicians s USING (line)"
    " JOIN pools p ON p.id = x.pool_id ON CONFLICT DO NOTHING"
)
#: The triggers mark everybody whom this transaction touched.
_CHANGED = (
    "SELECT s.id, s.is_new FROM staged_technicians s JOIN technicians t ON t.id = s.id"
    " WHERE t.changed_xid = pg_current_xact_id() ORDER BY s.id"
)
