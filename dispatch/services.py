"""Where are the record and the bell? At the URLs that were set; what was not set is started privately.

Private data lie in ``data_dir``, unix sockets in short temporary folders, and nothing listens on the network. Processes
that use the same folder share the servers; the last one who leaves stops them, and a kill -9 of anybody is healed by
whoever comes next, or by `Services.revive`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
from alembic import command
from alembic.config import Config

from dispatch.audit.signing import signing_key
from dispatch.errors import MissingService
from dispatch.private_postgres import PrivatePostgres, private_postgres
from dispatch.private_valkey import PrivateValkey, private_valkey
from dispatch.record.datakeys import keep_ring
from dispatch.settings import ServiceSettings, with_driver, without_driver

_log = logging.getLogger(__name__)
_ALEMBIC_INI = Path(__file__).resolve().parents[1] / "migrations" / "alembic.ini"


@dataclass(frozen=True, slots=True)
class Services:
    """The servers that a process works with."""

    #: Login role's URL for SQLAlchemy.
    database_url: str
    #: URL for redis-py.
    redis_url: str
    #: None where a URL was set.
    postgres: PrivatePostgres | None = None
    valkey: PrivateValkey | None = None

    @property
    def started(self) -> tuple[str, ...]:
        """Names of the private servers that were started just now, not found running."""
        servers = {"PostgreSQL": self.postgres, "Valkey": self.valkey}
        return tuple(name for name, server in servers.items() if server is not None and server.is_started_here)

    def environment(self) -> dict[str, str]:
        """Variables that let a child process use the same servers."""
        return {"TRUCKROLL_DATABASE_URL": self.database_url, "TRUCKROLL_REDIS_URL": self.redis_url}

    def revive(self) -> tuple[str, ...]:
        """Start private servers again that somebody killed, at the same URLs; returns their names."""
        servers = {"PostgreSQL": self.postgres, "Valkey": self.valkey}
        return tuple(name for name, server in servers.items() if server is not None and server.revive())


@contextmanager
def services(settings: ServiceSettings) -> Iterator[Services]:
    """Use the servers that the settings name, and private ones in place of those that they do not name.

    Raises
    ------
    MissingService
        A private server is needed and its programs are not installed or it does not start, or the database that was
        named does not answer. A Redis that does not answer is no reason to stop: nothing is lost with it.
    """
    with ExitStack() as stack:
        database_url, redis_url, postgres, valkey = settings.database_url, settings.redis_url, None, None
        if database_url is None:
            postgres = stack.enter_context(private_postgres(settings.data_dir / "postgres"))
            database_url = postgres.url()
            _keep_keys(settings)
        else:
            _prove(database_url)
        if redis_url is None:
            valkey = stack.enter_context(private_valkey(settings.data_dir / "valkey"))
            redis_url = valkey.url()
        yield Services(database_url, redis_url, postgres, valkey)


def _keep_keys(settings: ServiceSettings) -> None:
    """A private record has keys of its own from its first start, and says where they are."""
    signing_key(None, settings.data_dir, is_private=True)
    made = None if settings.data_keys is not None else keep_ring(settings.data_dir, datetime.now(UTC))
    if made is not None:
        _log.warning("made a data key: %s. Keep a copy elsewhere: what it sealed is lost without it", made)


def _prove(database_url: str) -> None:
    try:
        psycopg2.connect(without_driver(database_url), connect_timeout=5).close()
    except psycopg2.OperationalError as error:
        way_out = "start it, mend TRUCKROLL_DATABASE_URL, or unset it for a private one"
        raise MissingService("PostgreSQL", "the database does not answer", way_out, str(error).strip()) from error


def migrate(database_url: str) -> None:
    """Bring the database to the newest schema; processes that call it together take turns.

    The database must have been prepared by `dispatch.bootstrap`; the private one is.
    """
    command.upgrade(alembic_config(database_url), "head")


def alembic_config(database_url: str) -> Config:
    """Return what Alembic needs to know: the migrations of this installation, and this database."""
    config = Config(str(_ALEMBIC_INI))
    config.attributes["url"] = with_driver(database_url)
    return config
