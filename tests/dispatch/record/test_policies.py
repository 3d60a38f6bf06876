"""Every policy and FORCE: what each viewer sees and may write, to the row, with two clients and three technicians."""

import pytest
from catalogue import names, stored
from guard_world import ASKED, id_of
from guarding import VIEWERS, Guarded

pytestmark = pytest.mark.guards

POLICIES = stored()["policies"]
RIGHTS = stored()["rights"]
INSUFFICIENT_PRIVILEGE = "42501"

#: Tables with a row of each client, named by the client, and its staff's view of them.
CLIENTS_OWN = [
    table for table, policies in POLICIES.items() if f"{table}_client" in policies and table != "technicians"
]
#: Tables of which a technician, or their company, sees the rows about the jobs they were asked for.
ASKED_ABOUT = [table for table, policies in POLICIES.items() if f"{table}_asked" in policies]
#: Tables with a row of each technician, named by the technician, and their own view of them.
PERSONS_OWN = [
    table for table, policies in POLICIES.items() if f"{table}_self" in policies and table != "idempotency_keys"
]
#: Of these a company sees nothing: they are between the technician and a client, or are secrets.
NOT_FOR_COMPANIES = (
    "removals",
    "technician_marks",
    "api_keys",
    "ledger_accounts",
    "ledger_entries",
    "payouts",
    "admissions",
    "positions",
    "erasures",
)
#: What a company is paid stands beside what its people are paid.
COMPANYS_OWN = ("ledger_accounts", "ledger_entries", "payouts")

#: viewer -> table -> names of the rows seen; a table that is not named shows nothing
SEES: dict[str, dict[str, set[str]]] = {
    "acme": {table: {"acme"} for table in CLIENTS_OWN} | {"technicians": {"anna"}},
    "burg": {table: {"burg"} for table in CLIENTS_OWN} | {"technicians": {"anna", "bo"}},
    "anna": {table: {"acme"} for table in ASKED_ABOUT} | {table: {"anna"} for table in PERSONS_OWN},
    "bo": {table: {"burg"} for table in ASKED_ABOUT} | {table: {"bo"} for table in PERSONS_OWN},
    "cy": {table: {"cy"} for table in PERSONS_OWN},
    "crew": {table: {"acme"} for table in ASKED_ABOUT if table not in NOT_FOR_COMPANIES}
    | {table: {"anna"} for table in PERSONS_OWN if table not in NOT_FOR_COMPANIES}
    | {table: {"crew"} for table in COMPANYS_OWN},
    "acme.key": {"idempotency_keys": {"acme"}},
    "nobody": {},
}


def seen(guarded: Guarded, table: str) -> set[str]:
    """Names of the rows that a viewer sees."""
    columns = ", ".join(next(iter(guarded.world.keys[table].values())))
    return guarded.world.names(table, guarded.rows(f"SELECT {columns} FROM {table}"))


def test_every_policy_of_the_catalogue_is_one_of_the_kinds_tried_here():
    kinds = {name.removeprefix(f"{table}_") for table, name in names("policies")}
    assert kinds == {"client", "asked", "self", "whole"}


@pytest.mark.parametrize("table", sorted(POLICIES))
@pytest.mark.parametrize("viewer", sorted(VIEWERS))
def test_a_viewer_sees_exactly_their_rows(guarded: Guarded, table: str, viewer: str):
    everything = set(guarded.world.keys[table])
    assert len(everything) >= 2
    expected = everything if viewer in ("engine", "migrate") else SEES[viewer].get(table, set())
    with guarded.acting(viewer):
        if viewer not in ("engine", "migrate") and not may(table, "SELECT"):
            columns = next(iter(next(iter(guarded.world.keys[table].values()))))
            assert guarded.refuses(f"SELECT {columns} FROM {table}").code == INSUFFICIENT_PRIVILEGE
            assert expected == set()
        else:
            assert seen(guarded, table) == expected


@pytest.mark.parametrize("table", sorted(POLICIES))
def test_force_hides_the_rows_from_the_owner_whose_policy_is_gone(guarded: Guarded, table: str):
    guarded.run(f"DROP POLICY {table}_whole ON {table}")
    with guarded.acting("migrate"):
        assert seen(guarded, table) == set()


@pytest.mark.parametrize("table", sorted(POLICIES))
@pytest.mark.parametrize("viewer", ["engine", "migrate"])
def test_the_engine_and_the_owner_write_rows_of_all_clients(guarded: Guarded, table: str, viewer: str):
    guarded.isolate(table)
    num_written = 0
    with guarded.acting(viewer):
        if viewer == "engine" and table in BY_FUNCTION_ONLY:
            refusal = guarded.refuses(guarded.copy(table, next(iter(guarded.world.keys[table]))))
            assert refusal.code == INSUFFICIENT_PRIVILEGE
            return
        for row in guarded.world.keys[table]:
            num_written += guarded.accepts(guarded.copy(table, row))
    assert num_written == len(guarded.world.keys[table])


#: The engine writes these through `ledger_post` alone.
BY_FUNCTION_ONLY = ("ledger_transactions", "ledger_entries")


def may(table: str, right: str) -> bool:
    return right in RIGHTS[table].get("truckroll_app", "")


#: table -> who writes their own row there, and whose row they must not reach
WRITERS = {
    table: ("acme", "burg")
    if table in CLIENTS_OWN
    else ("acme.key", "burg")
    if table == "idempotency_keys"
    else ("anna", "bo")
    for table in POLICIES
}
#: Policies for reading only: the technician who was asked sees the client's rows, and changes none.
READ_ONLY = [
    (table, viewer)
    for table, viewers in [*((t, ("anna", "crew")) for t in ASKED_ABOUT), ("technicians", ("acme",))]
    for viewer in viewers
]


def own_row(table: str) -> tuple[str, str, str]:
    """Viewer, name of their row, name of the stranger's."""
    viewer, stranger = WRITERS[table]
    return viewer, viewer.removesuffix(".key"), stranger


@pytest.mark.parametrize("table", [table for table in sorted(POLICIES) if may(table, "INSERT")])
def test_nobody_adds_a_row_in_another_ones_name(guarded: Guarded, table: str):
    viewer, own, stranger = own_row(table)
    guarded.isolate(table)
    columns = ", ".join(guarded.columns[table])
    for row in (own, stranger):
        where = guarded.world.where(table, row)
        guarded.run(f"CREATE TEMP TABLE {row} ON COMMIT DROP AS SELECT {columns} FROM {table} WHERE {where}")
        guarded.run(f"GRANT SELECT ON {row} TO truckroll_app")
    with guarded.acting(viewer):
        assert guarded.accepts(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {own}") == 1
        refusal = guarded.refuses(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {stranger}")
    assert refusal.code == INSUFFICIENT_PRIVILEGE
    assert f'row-level security policy for table "{table}"' in refusal.message


@pytest.mark.parametrize("table", [table for table in sorted(POLICIES) if may(table, "UPDATE")])
def test_nobody_changes_another_ones_row_or_gives_theirs_away(guarded: Guarded, table: str):
    viewer, own, stranger = own_row(table)
    owner = next(column for column in ("client_id", "technician_id", "id") if _is_owner(table, column))
    other = id_of(stranger)
    guarded.isolate(table)
    with guarded.acting(viewer):
        assert guarded.accepts(guarded.update(table, own, f"{owner} = {owner}")) == 1
        assert guarded.accepts(guarded.update(table, stranger, f"{owner} = {owner}")) == 0
        refusal = guarded.refuses(guarded.update(table, own, f"{owner} = '{other}'"))
    assert refusal.code == INSUFFICIENT_PRIVILEGE
    assert f'row-level security policy for table "{table}"' in refusal.message


def _is_owner(table: str, column: str) -> bool:
    if table in ("clients", "technicians"):
        return column == "id"
    return column == ("client_id" if table in CLIENTS_OWN else "technician_id")


@pytest.mark.parametrize("table", [table for table in sorted(POLICIES) if may(table, "DELETE")])
def test_nobody_removes_another_ones_row(guarded: Guarded, table: str):
    viewer, own, stranger = own_row(table)
    guarded.isolate(table)
    with guarded.acting(viewer):
        assert guarded.accepts(f"DELETE FROM {table} WHERE {guarded.world.where(table, own)}") == 1
        assert guarded.accepts(f"DELETE FROM {table} WHERE {guarded.world.where(table, stranger)}") == 0


@pytest.mark.parametrize(("table", "viewer"), [each for each in READ_ONLY if may(each[0], "UPDATE")])
def test_who_may_only_look_changes_nothing(guarded: Guarded, table: str, viewer: str):
    row = "anna" if table == "technicians" else "acme"
    column = next(iter(guarded.world.keys[table][row]))
    with guarded.acting(viewer):
        assert row in seen(guarded, table)
        assert guarded.accepts(guarded.update(table, row, f"{column} = {column}")) == 0


@pytest.mark.parametrize("role", ["app", "engine"])
@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"])
@pytest.mark.parametrize("table", sorted(RIGHTS))
def test_a_role_may_do_to_a_table_what_the_page_of_rights_says_and_no_more(
    guarded: Guarded, table: str, right: str, role: str
):
    column, kind = next(iter(guarded.columns[table].items()))
    statement = {
        "SELECT": f"SELECT FROM {table} WHERE false",
        "INSERT": f"INSERT INTO {table} ({column}) SELECT NULL::{kind} WHERE false",
        "UPDATE": f"UPDATE {table} SET {column} = NULL::{kind} WHERE false",
        "DELETE": f"DELETE FROM {table} WHERE false",
        "TRUNCATE": f"TRUNCATE {table}",
    }[right]
    guarded.run(f"SET LOCAL ROLE truckroll_{role}")
    if right in RIGHTS[table].get(f"truckroll_{role}", ""):
        assert guarded.accepts(statement) == 0
    else:
        refusal = guarded.refuses(statement)
        assert refusal.code == INSUFFICIENT_PRIVILEGE
        assert f"permission denied for table {table}" in refusal.message


def test_the_world_has_what_the_expectations_above_stand_on(guarded: Guarded):
    assert ASKED == {"acme": "anna", "burg": "bo"}
    assert guarded.rows("SELECT count(*) FROM technicians WHERE in_market") == [(1,)]
