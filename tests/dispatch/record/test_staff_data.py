"""Is everything held on a person of the staff in their export, and does nobody forget a new column?

A canary stands in every personal column of the rows of Acme's dispatcher.
"""

from collections.abc import Iterator

import pytest
from catalogue import stored
from guard_world import NOW, id_of
from guarding import Guarded
from personal_data import PERSONAL
from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatch.errors import NotFound, Refused
from dispatch.privacy.exporting import begin_staff_export, held_on
from dispatch.privacy.holdings import OF_STAFF, STAFF, WITHHELD_OF_STAFF
from dispatch.record.session import Actor

DISPATCHER = id_of("acme.staff")
OTHER = id_of("burg.staff")
CANARY = "canaryofthedispatcher"
LISTED = {each.table: each for each in OF_STAFF}
SHOWN = {table for table, each in LISTED.items() if each.is_shown}
#: Columns that may hold the id of a person of the staff.
NAMING = {
    "staff_id", "actor_id", "author_id", "reader_id", "asker_id", "decider_id", "by_id", "acknowledged_by",
    "handed_in_by", "judged_by", "answered_by", "decided_by", "placed_by", "lifted_by", "made_by", "uploaded_by",
    "cleared_by",
}  # fmt: skip
#: Columns that end in `_by` and name no person of the staff: a serving, a side, a time.
OTHERS = {"served_by", "opened_by", "ended_by", "outcome_by", "proposed_by", "verified_by", "blocked_by"}
TEXTS = ("text", "character varying(64)", "jsonb")


@pytest.fixture
def session(guarded: Guarded) -> Iterator[Session]:
    """The engine's. The dispatcher wrote, was told and is signed in."""
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(
        f"UPDATE messages SET author_kind = 'staff', author_id = '{DISPATCHER}' WHERE client_id = '{id_of('acme')}'"
    )
    guarded.run(f"UPDATE messages SET author_kind = 'staff', author_id = '{OTHER}' WHERE client_id = '{id_of('burg')}'")
    guarded.run(f"UPDATE sessions SET staff_id = '{DISPATCHER}', technician_id = NULL")
    guarded.run(
        f"UPDATE notices SET reader_kind = 'staff', reader_id = '{DISPATCHER}' WHERE client_id = '{id_of('acme')}'"
    )
    guarded.run(f"UPDATE staff SET email = 'Dispatcher@example.org', phone = '+15125550100' WHERE id = '{DISPATCHER}'")
    guarded.run("UPDATE sign_ins SET email = 'dispatcher@example.org' WHERE kind = 'link'")
    with guarded.acting("engine"), Session(guarded.connection) as made:
        yield made


def test_every_table_that_names_staff_is_held_or_withheld_with_a_reason():
    columns = stored()["columns"]
    doubtful = {
        column
        for table in columns.values()
        for column, kind in table.items()
        if kind.startswith("uuid") and column.endswith("_by")
    }
    assert doubtful <= NAMING | OTHERS, "say in this test whether it names a person of the staff"
    naming = {table for table, named in columns.items() if NAMING & set(named)}
    assert naming - set(LISTED) <= set(WITHHELD_OF_STAFF)
    assert {table for table, each in LISTED.items() if not each.is_shown} <= set(WITHHELD_OF_STAFF)
    assert not {table for table, each in LISTED.items() if each.is_shown} & set(WITHHELD_OF_STAFF)


def test_a_personal_column_of_what_is_held_on_staff_is_shown():
    for table in set(PERSONAL) & SHOWN:
        assert not set(PERSONAL[table]) & set(LISTED[table].hidden), table


def test_staff_take_along_every_personal_column_of_theirs_and_nobody_elses_rows(guarded: Guarded, session: Session):
    planted = []
    guarded.run("RESET ROLE")
    # The address last: rows are found by it.
    for table in sorted(set(PERSONAL) & SHOWN):
        for column in PERSONAL[table]:
            by_address = column == "email" and table in ("staff", "sign_ins")
            may = guarded.columns[table][column].split(" NOT")[0] in TEXTS and not column.startswith("contact_")
            if may and not by_address:
                whose = LISTED[table].whose.replace(":t", f"'{DISPATCHER}'")
                met = guarded.run(f"UPDATE {table} SET {column} = '{CANARY}' WHERE {whose}")
                assert met.rowcount, (table, column)
                planted.append((table, column))
    guarded.run("SET LOCAL ROLE truckroll_engine")
    assert {"staff", "messages", "sessions"} <= {table for table, _ in planted}
    shown = held_on(session, DISPATCHER, STAFF)
    for table, column in planted:
        assert {row[column] for row in shown[table]} == {CANARY}, (table, column)
    assert {row["email"] for row in shown["sign_ins"]} == {"dispatcher@example.org"}
    assert [row["id"] for row in shown["staff"]] == [str(DISPATCHER)]
    for table in ("duty_shifts", "api_keys", "notices"):
        assert shown[table], table
    assert {row["staff_id"] for rows in shown.values() for row in rows if row.get("staff_id")} == {str(DISPATCHER)}
    assert not [row for rows in shown.values() for row in rows if "hash" in row]
    assert str(OTHER) not in str(shown)


@pytest.mark.parametrize(
    "also",
    [
        f"UPDATE staff SET email = 'dispatcher@example.org' WHERE id = '{OTHER}'",
        f"UPDATE technicians SET email = 'dispatcher@example.org' WHERE id = '{id_of('bo')}'",
    ],
)
def test_what_is_found_by_an_address_is_not_told_where_it_is_somebody_elses_too(
    guarded: Guarded, session: Session, also: str
):
    assert held_on(session, DISPATCHER, STAFF)["sign_ins"]
    guarded.run("RESET ROLE")
    guarded.run(also)
    guarded.run("SET LOCAL ROLE truckroll_engine")
    assert held_on(session, DISPATCHER, STAFF)["sign_ins"] == []


@pytest.mark.parametrize("role", ["client_admin", "dispatcher", "requester"])
def test_nobody_takes_another_ones_data_along_but_the_operator_for_them(session: Session, role: str):
    another = Actor(role, id_of("acme.admin"), client_id=id_of("acme"))
    with pytest.raises(NotFound):
        begin_staff_export(session, another, DISPATCHER, now=NOW)
    for actor in (Actor(role, DISPATCHER, client_id=id_of("acme")), Actor("operator", id_of("operator.staff"))):
        begin_staff_export(session, actor, DISPATCHER, now=NOW)
    [noted, again] = session.execute(text("SELECT client_id, data FROM events WHERE kind = 'data_exported'")).all()
    assert tuple(noted) == tuple(again) == (id_of("acme"), {"staff": str(DISPATCHER)})


@pytest.mark.parametrize("kind", ["technician", "company", "gateway"])
def test_whoever_is_not_of_the_staff_takes_no_staffs_data_along(session: Session, kind: str):
    with pytest.raises(Refused):
        begin_staff_export(session, Actor(kind, DISPATCHER), DISPATCHER, now=NOW)
