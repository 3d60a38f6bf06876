"""How does each test get a database of its own, with the newest schema, in a twentieth of a second?

One private cluster without fsync in `.truckroll/tests`, shared by all workers and all sessions that run at once,
stopped by the last. The migrations run once for each version of their text, into a template; a test's database is a
copy of it.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from psycopg2 import OperationalError
from psycopg2.extensions import connection as Connection

from dispatch.bootstrap import bootstrap
from dispatch.private_postgres import PrivatePostgres
from dispatch.services import migrate
from dispatch.sharing import alone

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".truckroll" / "tests"

_MAKES_THE_SCHEMA = (
    "migrations/**/*.py",
    "migrations/**/*.sql",
    "dispatch/bootstrap.py",
    "dispatch/record/tables/base.py",
)
_TEMPLATE = "template_"
_COPY = "copy_"
#: Without fsync copying the files is faster than copying blocks through the log.
_STRATEGY = "FILE_COPY"
_MORE_TIMES = 9
_numbers = count(1)


def template(server: PrivatePostgres) -> str:
    """Return the name of a database with the newest schema, made if nobody made it before."""
    name = _TEMPLATE + _digest()
    with alone(server.folder):
        if name not in _databases(server):
            unfinished = name + "_unfinished"
            _execute(server, f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)", f"CREATE DATABASE {unfinished}")
            with contextlib.closing(server.connect(unfinished)) as administrator:
                bootstrap(administrator)
            migrate(server.url(unfinished))
            _execute(server, f"ALTER DATABASE {unfinished} RENAME TO {name}")
        _drop_left_over(server, name)
    return name


@contextmanager
def own_copy(server: PrivatePostgres, template_name: str) -> Iterator[str]:
    """Make a copy of the template and drop it afterwards; yields its name."""
    name = f"{_COPY}{os.getpid()}_{next(_numbers)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template_name} OWNER truckroll_migrate STRATEGY {_STRATEGY}")
    try:
        yield name
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in _MAKES_THE_SCHEMA:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _drop_left_over(server: PrivatePostgres, current: str) -> None:
    databases = _databases(server)
    copies = [name for name in databases if name.startswith(_COPY)]
    living = [name for name in copies if Path(f"/proc/{name.split('_')[1]}").exists()]
    _execute(server, *[f"DROP DATABASE {name} WITH (FORCE)" for name in copies if name not in living])
    # Somebody who is testing right now may still need the template of a minute ago.
    if server.is_started_here and not living:
        old = [name for name in databases if name.startswith(_TEMPLATE) and name != current]
        _execute(server, *[f"DROP DATABASE {name} WITH (FORCE)" for name in old])


def _databases(server: PrivatePostgres) -> set[str]:
    with contextlib.closing(_connected(server)) as administrator, administrator.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def _connected(server: PrivatePostgres) -> Connection:
    """As the superuser; on a busy machine the server may take longer to answer than the product waits."""
    for _ in range(_MORE_TIMES):
        with contextlib.suppress(OperationalError):
            return server.connect("postgres")
    return server.connect("postgres")


def _execute(server: PrivatePostgres, *statements: str) -> None:
    with contextlib.closing(_connected(server)) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
