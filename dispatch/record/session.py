"""On whose behalf does a transaction run? Connections, roles, and the settings that row-level security reads.

A transaction says first who it works for, in one statement that ends with the transaction: nothing leaks to the
next user of the connection, through a transaction pooler either.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.orm import Session

from dispatch.record.sealing import NO_KEYS, KeyRing
from dispatch.record.watchdog import Watchdog

#: Time limits of a transaction: a statement, a wait for a lock, an idle transaction.
LIMITS = {
    "statement_timeout": "4s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    # Compiling a query costs more than any of ours takes.
    "jit": "off",
    # And so does starting a process: a plan of many small parts is thought dear enough for some, and took 70 ms, not 3.
    "max_parallel_workers_per_gather": "0",
    # An acknowledged write survives a crash: with `off`, 320 of 49,889 did not (docs/decisions/0002-durability.md).
    "synchronous_commit": "on",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a kind (`dispatch.record.tables.audit.ACTORS`), an id, and whose data that opens.

    `id` names the person or program in events: a member of staff, a technician, a company, a key. `key_id` is by whom
    requests are counted and repeated: the key's id or, of a person who is signed in (`session_id`), their own.
    """

    kind: str
    id: UUID | None = None
    client_id: UUID | None = None
    technician_id: UUID | None = None
    company_id: UUID | None = None
    key_id: UUID | None = None
    session_id: UUID | None = None


#: The dispatcher process itself.
ENGINE = Actor("engine")

#: The watchdog of each pool, for as long as the pool is there.
_watchdogs: WeakKeyDictionary[Engine, Watchdog] = WeakKeyDictionary()
#: The keys that each pool's sessions seal with.
_rings: WeakKeyDictionary[Engine, KeyRing] = WeakKeyDictionary()

#: Under what a session keeps its keys.
_RING = "ring"

#: One column, whatever it says: reading a dozen of them took longer than setting them. And as the driver takes it:
#: each transaction begins with it, and SQLAlchemy's `text` would add a fifth to the Python of an empty one.
_SETTINGS = (
    "SELECT num_nonnulls(set_config('role', %(role)s, true), set_config('app.client', %(client)s, true),"
    " set_config('app.technician', %(technician)s, true), set_config('app.company', %(company)s, true),"
    " set_config('app.key', %(key)s, true), "
    + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in LIMITS.items())
    + ")"
)


def connect(
    database_url: str,
    *,
    pool_size: int = 16,
    deadline_s: float = 4.0,
    name: str = "truckroll",
    ring: KeyRing = NO_KEYS,
) -> Engine:
    """A pool of connections, each watched so that no statement outlives `deadline_s`, server alive or not.

    `database_url` as from `dispatch.settings` (psycopg2). `name` is shown in `pg_stat_activity`. With `ring` is sealed
    what persons write and hand in (`dispatch.record.persons`).
    """
    engine = create_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=deadline_s / 2,
        pool_use_lifo=True,
        connect_args={"connect_timeout": 2, "application_name": name},
    )
    watchdog = _watchdogs[engine] = Watchdog(deadline_s)
    _rings[engine] = ring

    @event.listens_for(engine, "begin")
    def _watch(connection: Connection) -> None:
        watchdog.watch(connection.connection.dbapi_connection)

    @event.listens_for(engine, "checkin")
    def _release(dbapi_connection: Any, _record: Any) -> None:
        watchdog.release(dbapi_connection)

    return engine


@contextmanager
def transaction(
    engine: Engine, actor: Actor, *, role: str = "app", deadline_s: float | None = None
) -> Iterator[Session]:
    """One transaction on behalf of `actor`: committed when the block ends, rolled back when it raises.

    `role` is `app` (sees what the actor may see) or `engine` (sees all bookings; the code narrows). `deadline_s`
    gives it more time than the pool gives: for reading a whole roster, not for answering a request.
    """
    info = {_RING: _rings.get(engine, NO_KEYS)}
    with Session(engine, expire_on_commit=False, info=info) as session, session.begin():
        act_as(session, actor, role=role)
        if deadline_s is not None:
            _watchdogs[engine].watch(session.connection().connection.dbapi_connection, deadline_s)
        yield session


def ring_of(session: Session) -> KeyRing:
    """The keys that this session seals with; none where its pool was given none."""
    ring: KeyRing = session.info.get(_RING, NO_KEYS)
    return ring


def act_as(session: Session, actor: Actor, *, role: str = "app") -> None:
    """Say for the rest of the transaction on whose behalf it runs."""
    session.connection().exec_driver_sql(
        _SETTINGS,
        {
            "role": f"truckroll_{role}",
            "client": str(actor.client_id or ""),
            "technician": str(actor.technician_id or ""),
            "company": str(actor.company_id or ""),
            "key": str(actor.key_id or ""),
        },
    )


#: The database's clock, asked once a statement: what is due by it is found by the column's index, which the bare
#: function, asked anew for each row, would not let be used. Not for statements that wait for a lock and then go on.
CLOCK = select(func.clock_timestamp()).scalar_subquery()


def database_now(session: Session) -> datetime:
    """The database's clock, read once at the edge and passed on as `now`."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now
