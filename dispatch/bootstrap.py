"""What must an administrator do to a database before Truckroll can use it?

The private PostgreSQL does it by itself; for a foreign one, `truckroll doctor --print-bootstrap-sql` prints it. It may
be run again at any time. The login role may do nothing by itself: each transaction takes on one of the three roles,
and row-level security judges that role.
"""

from __future__ import annotations

from psycopg2.extensions import connection as Connection

#: Extensions that the record stands on.
EXTENSIONS = ("postgis", "btree_gist")
#: Taken on by a transaction: the API, the dispatcher process, Alembic.
ROLES = ("truckroll_app", "truckroll_engine", "truckroll_migrate")
#: The role that processes log in as.
LOGIN_ROLE = "truckroll"

_POWERLESS = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"


def bootstrap(administrator: Connection) -> None:
    """Prepare the connected database, all or nothing; run by a superuser, as often as wanted."""
    with administrator, administrator.cursor() as cursor:
        cursor.execute(bootstrap_sql())


def bootstrap_sql() -> str:
    """Return the statements that prepare the connected database, readable and repeatable."""
    statements = [_role(role, "NOLOGIN") for role in ROLES]
    statements.append(_role(LOGIN_ROLE, "LOGIN"))
    statements.append(f"GRANT {', '.join(ROLES)} TO {LOGIN_ROLE};")
    # The planner's compiler costs more than it saves on queries of a millisecond.
    statements.append(f"ALTER ROLE {LOGIN_ROLE} SET jit = off;")
    statements.append(f"ALTER ROLE {LOGIN_ROLE} SET timezone = 'UTC';")
    statements += [f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS]
    statements.append(_OWNED_BY_MIGRATE)
    statements.append("REVOKE CREATE ON SCHEMA public FROM PUBLIC;")
    statements.append("GRANT USAGE, CREATE ON SCHEMA public TO truckroll_migrate;")
    statements.append("GRANT USAGE ON SCHEMA public TO truckroll_app, truckroll_engine;")
    return "\n".join(statements) + "\n"


def _role(name: str, login: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name}; END IF; END $$;\n"
        f"ALTER ROLE {name} {login} {_POWERLESS};"
    )


_OWNED_BY_MIGRATE = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO truckroll_migrate', current_database()); END $$;"
)
