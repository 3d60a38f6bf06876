"""The migrated schema is what was agreed: compared with a stored list, and with the rules that hold for every table."""

import os

import pytest
from alembic import command
from catalogue import Catalogue, read_catalogue, store, stored
from guarding import Guarded, template_is_mutated
from rights import RIGHTS_PAGE, rights_page

from dispatch.record.tables import Base
from dispatch.services import alembic_config

#: Columns of events and decisions: ids, codes, numbers and times, or documents of them.
IMPERSONAL = ("uuid", "character varying(64)", "smallint", "integer", "bigint", "xid8", "timestamp", "bytea", "jsonb")
#: Foreign keys to a table whose client may be empty (the operator's staff, the network's events), which a key of two
#: columns would not check then.
PLAIN = {
    "fk_api_keys_staff_id",
    "fk_board_frames_event_id",
    "fk_disputes_decider_id",
    "fk_legal_holds_staff_id",
    "fk_notices_event_id",
    "fk_outcomes_event_id",
    "fk_reviews_event_id",
    "fk_webhook_deliveries_event_id",
}
#: Of a table whose client may be empty: a check says that it is not where this points somewhere.
WITH_CLIENT = {"fk_ledger_transactions_client_id_payment_id": "ck_ledger_transactions_payment_has_client"}
WITH_CLIENT |= {"fk_legal_holds_client_id_job_id": "ck_legal_holds_about_one_thing"}
WITH_CLIENT |= {f"fk_alarms_client_id_{each}_id": "ck_alarms_work_has_client" for each in ("job", "visit")}
#: What a technician thinks of a client, and what a court asks of the operator, is not the client's to read.
NOT_TOLD = {"technician_marks", "legal_holds"}
#: Tables without a client's or a person's rows: the network's catalogues and readers' cursors.
COMMON = {"companies", "skills", "credential_kinds", "cursors", "network_means"}


@pytest.fixture(scope="module")
def catalogue(guarded_world: tuple) -> Catalogue:
    engine, _ = guarded_world
    with engine.connect() as connection:
        found = read_catalogue(connection)
    if os.environ.get("TRUCKROLL_RENEW") and not template_is_mutated():
        store(found)
        RIGHTS_PAGE.write_text(rights_page(found))
    return found


@pytest.mark.parametrize(
    "section",
    ["columns", "constraints", "indexes", "policies", "row_security", "triggers", "rights", "owners", "functions"],
)
def test_the_migrated_schema_has_exactly_the_guards_of_the_stored_list(catalogue: Catalogue, section: str):
    assert catalogue[section] == stored()[section]


def test_every_table_with_rows_of_somebody_enables_and_forces_row_security_with_policies(catalogue: Catalogue):
    owned = set(catalogue["columns"]) - COMMON
    security = {table: row["row security"] for table, row in catalogue["row_security"].items()}
    assert {table for table, words in security.items() if words} == owned
    assert {security[table] for table in owned} == {"enabled, forced"}
    assert owned == set(catalogue["policies"])
    assert all(f"{table}_whole" in policies for table, policies in catalogue["policies"].items())


def test_every_table_with_a_client_id_has_a_policy_that_compares_it(catalogue: Catalogue):
    tenants = {table for table, columns in catalogue["columns"].items() if "client_id" in columns}
    assert len(tenants) > 15
    for table in tenants - NOT_TOLD:
        assert "client_id = " in catalogue["policies"][table][f"{table}_client"], table


def test_a_foreign_key_between_two_tables_of_a_client_takes_the_client_along():
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            both_are_tenants = "client_id" in table.columns and "client_id" in key.referred_table.columns
            if not both_are_tenants or key.name in PLAIN:
                continue
            assert key.column_keys[0] == "client_id", f"{key.name} can point into another client's data"
            assert key.elements[0].column.name == "client_id"
            has_check = WITH_CLIENT.get(key.name) in {each.name for each in table.constraints}
            is_there = has_check or not table.columns["client_id"].nullable
            assert is_there, f"{key.name} checks nothing where client_id is empty"


def test_the_declared_tables_and_the_migrated_ones_are_the_same(catalogue: Catalogue):
    declared = {
        table.name: {column.name: column.nullable for column in table.columns} for table in Base.metadata.sorted_tables
    }
    migrated = {
        table: {name: "NOT NULL" not in kind for name, kind in columns.items()}
        for table, columns in catalogue["columns"].items()
    }
    # A generated column's nullability is PostgreSQL's to derive.
    assert migrated == declared


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_alembic_finds_nothing_that_the_migrations_have_forgotten(guarded_world: tuple):
    engine, _ = guarded_world
    command.check(alembic_config(engine.url.render_as_string(hide_password=False)))


def test_points_are_geography_computed_from_lat_and_lng(catalogue: Catalogue):
    points = {
        (table, name): kind
        for table, columns in catalogue["columns"].items()
        for name, kind in columns.items()
        if "geography" in kind or "geometry" in kind
    }
    assert set(points) == {("sites", "point"), ("technicians", "point")}
    for kind in points.values():
        assert kind.startswith("geography(Point,4326) NOT NULL GENERATED")
        assert "st_makepoint(lng, lat)" in kind


@pytest.mark.parametrize("table", ["events", "decisions"])
def test_no_column_of_events_and_decisions_can_hold_personal_data(catalogue: Catalogue, table: str):
    kinds = {
        name: kind.removesuffix(" NOT NULL") for name, kind in catalogue["columns"][table].items() if name != "digest"
    }
    assert [name for name, kind in kinds.items() if not kind.startswith(IMPERSONAL)] == []


def test_no_guard_function_can_be_led_astray_by_a_search_path(catalogue: Catalogue):
    definers = [
        words
        for functions in catalogue["functions"].values()
        for words in functions.values()
        if "SECURITY DEFINER" in words
    ]
    assert definers
    assert all("search_path=pg_catalog, public" in words for words in definers)


def test_no_role_of_the_application_may_bypass_row_security_or_log_in(guarded: Guarded):
    rows = guarded.rows(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'truckroll%' AND (rolsuper OR rolbypassrls OR rolcreaterole"
        " OR (rolcanlogin AND rolname <> 'truckroll') OR (rolinherit AND rolname = 'truckroll'))"
    )
    assert rows == []


def test_the_page_of_rights_says_what_the_catalogue_says(catalogue: Catalogue):
    assert RIGHTS_PAGE.read_text() == rights_page(catalogue)
