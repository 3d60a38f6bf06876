"""On whose behalf a transaction runs ends with it; its limits hold; the database's clock moves on."""

from collections.abc import Iterator

import pytest
from guard_world import build, id_of
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE, LIMITS, Actor, connect, database_now, transaction

ACME = Actor("dispatcher", client_id=id_of("acme"))
ANNA = Actor("technician", technician_id=id_of("anna"))
CREW = Actor("company", company_id=id_of("crew"))
KEY = Actor("gateway", key_id=id_of("acme.key"))

_SETTINGS = text(
    "SELECT current_user, current_setting('app.client', true), current_setting('app.technician', true),"
    " current_setting('app.company', true), current_setting('app.key', true)"
)


@pytest.fixture
def engine(database_url: str, admin_url: str) -> Iterator[Engine]:
    admin = create_engine(admin_url)
    with Session(admin) as session, session.begin():
        build(session)
    admin.dispose()
    # One connection, so that each transaction gets what the one before has left.
    pool = connect(database_url, pool_size=1)
    yield pool
    pool.dispose()


def count(engine: Engine, table: str, actor: Actor) -> int:
    with transaction(engine, actor) as session:
        number: int = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        return number


@pytest.mark.parametrize(
    ("actor", "table", "num_rows"),
    [(ACME, "jobs", 1), (ANNA, "bookings", 1), (CREW, "offers", 1), (KEY, "idempotency_keys", 1)],
)
def test_an_actor_opens_their_own_rows_and_the_next_on_the_connection_none_of_them(
    engine: Engine, actor: Actor, table: str, num_rows: int
):
    assert count(engine, table, actor) == num_rows
    assert count(engine, table, Actor("operator")) == 0


def test_nothing_of_a_transaction_is_left_on_the_connection_after_it(engine: Engine):
    with transaction(engine, ACME) as session:
        assert session.execute(_SETTINGS).one() == ("truckroll_app", str(id_of("acme")), "", "", "")
    with engine.connect() as connection:
        assert tuple(value or "" for value in connection.execute(_SETTINGS).one()) == ("truckroll", "", "", "", "")


def test_nothing_of_a_failed_transaction_is_left_either(engine: Engine):
    with pytest.raises(DBAPIError, match="division by zero"), transaction(engine, ACME) as session:
        session.execute(text("SELECT 1/0"))
    with engine.connect() as connection:
        assert tuple(value or "" for value in connection.execute(_SETTINGS).one()) == ("truckroll", "", "", "", "")


def test_the_login_role_by_itself_may_read_nothing(engine: Engine):
    with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied for table jobs"):
        connection.execute(text("SELECT FROM jobs"))


def test_the_engine_sees_all_clients(engine: Engine):
    with transaction(engine, ENGINE, role="engine") as session:
        assert session.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 2


@pytest.mark.parametrize("setting", sorted(LIMITS))
def test_every_limit_holds_in_a_transaction(engine: Engine, setting: str):
    with transaction(engine, ACME) as session:
        assert session.execute(text(f"SHOW {setting}")).scalar_one() == LIMITS[setting]


def test_the_databases_clock_moves_on_inside_a_transaction(engine: Engine):
    with transaction(engine, ACME) as session:
        first = database_now(session)
        session.execute(text("SELECT pg_sleep(0.001)"))
        assert database_now(session) > first
        assert first.utcoffset() is not None
