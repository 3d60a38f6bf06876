"""What may the login role do before it takes on another one? Nothing."""

import contextlib

import psycopg2
import pytest

from dispatch.bootstrap import EXTENSIONS, LOGIN_ROLE, ROLES, bootstrap
from dispatch.private_postgres import PrivatePostgres


def ask(server: PrivatePostgres, database: str, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(server.connect(database, user=LOGIN_ROLE)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def test_no_role_of_ours_is_above_row_level_security(postgres: PrivatePostgres, database_name: str) -> None:
    names = ", ".join(f"'{name}'" for name in (*ROLES, LOGIN_ROLE))
    powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolinherit"
    query = f"SELECT rolname, {powers} FROM pg_roles WHERE rolname IN ({names})"
    assert set(ask(postgres, database_name, query)) == {(name, False) for name in (*ROLES, LOGIN_ROLE)}


def test_only_the_login_role_can_log_in(postgres: PrivatePostgres, database_name: str) -> None:
    for role in ROLES:
        with pytest.raises(psycopg2.OperationalError, match="not permitted to log in"):
            postgres.connect(database_name, user=role)


def test_the_login_role_takes_on_each_role_but_has_none_of_their_rights_itself(
    postgres: PrivatePostgres, database_name: str
) -> None:
    for role in ROLES:
        assert ask(postgres, database_name, f"SET ROLE {role}", "SELECT current_user") == [(role,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(postgres, database_name, "CREATE TABLE mine ()")


def test_only_the_migrating_role_may_create(postgres: PrivatePostgres, database_name: str) -> None:
    assert ask(postgres, database_name, "SET ROLE truckroll_migrate", "CREATE TABLE mine ()", "SELECT 1") == [(1,)]
    for role in ("truckroll_app", "truckroll_engine"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(postgres, database_name, f"SET ROLE {role}", "CREATE TABLE mine ()")


def test_preparing_twice_changes_nothing(postgres: PrivatePostgres, database_name: str) -> None:
    catalogue = "SELECT extname, extversion FROM pg_extension ORDER BY 1"
    before = ask(postgres, database_name, catalogue)
    assert set(EXTENSIONS) <= {name for name, _ in before}
    with contextlib.closing(postgres.connect(database_name)) as administrator:
        bootstrap(administrator)
    assert ask(postgres, database_name, catalogue) == before
