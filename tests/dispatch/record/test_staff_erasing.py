"""Is nothing left of somebody of the staff who was erased, while what they did stays, by their id alone?

A canary stands in every personal column of the rows of Acme's dispatcher, and in what was answered to them.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalogue import stored
from guard_world import NOW, id_of
from guarding import Guarded
from personal_data import PERSONAL
from sqlalchemy import text
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound, Refused
from dispatch.files.storing import open_store
from dispatch.money.verifying import verify_books
from dispatch.privacy.asking import ask_staff_erasure, move_erasure
from dispatch.privacy.blocking import find_staff_blockers
from dispatch.privacy.erasing import erase_next
from dispatch.privacy.exporting import begin_staff_export, held_on
from dispatch.privacy.holdings import OF_STAFF, STAFF
from dispatch.record.persons import ERASED, open_words, place_of, seal_words
from dispatch.record.sealing import DataKey, KeyRing, new_secret
from dispatch.record.session import Actor
from dispatch.record.tables import ErasureRow, StaffRow

DISPATCHER = id_of("acme.staff")
ACME = id_of("acme")
RING = KeyRing([DataKey("test", new_secret())])
CANARY = "canaryofthedispatcher"
ADDRESS = "sam@example.org"
LATER = NOW + timedelta(days=400)
OPERATOR = Actor("operator", id_of("operator.staff"))
LISTED = {each.table: each for each in OF_STAFF}
TEXTS = ("text", "character varying(64)", "jsonb")


@pytest.fixture
def session(guarded: Guarded) -> Iterator[Session]:
    """The engine's, with the installation's keys. The dispatcher wrote, is signed in, and nothing is in the way."""
    guarded.run("UPDATE legal_holds SET lifted_at = now()")
    guarded.run("DELETE FROM duty_shifts")
    guarded.run("UPDATE alarms SET cleared_at = now(), cleared_why = 'over', next_climb_at = NULL")
    guarded.run("UPDATE disputes SET state = 'decided', decided_at = now(), awarded = 0")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(f"UPDATE messages SET author_kind = 'staff', author_id = '{DISPATCHER}' WHERE client_id = '{ACME}'")
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    guarded.run(f"UPDATE sessions SET staff_id = '{DISPATCHER}', technician_id = NULL WHERE email = 'anna@example.org'")
    guarded.run(f"UPDATE staff SET email = 'Sam@example.org', phone = '+15125550100' WHERE id = '{DISPATCHER}'")
    guarded.run(f"UPDATE staff SET email = id || '@example.org' WHERE id <> '{DISPATCHER}'")
    for table in ("sessions", "sign_ins", "passwords"):
        assert guarded.run(f"UPDATE {table} SET email = '{ADDRESS}' WHERE email = 'anna@example.org'").rowcount == 1
    with guarded.acting("engine"), Session(guarded.connection, info={"ring": RING}) as made:
        yield made


def granted(session: Session, whose: UUID = DISPATCHER) -> ErasureRow:
    row = ask_staff_erasure(session, OPERATOR, whose, now=NOW)
    move_erasure(session, Actor("operator", uuid4()), row.id, "grant", now=NOW)
    return row


def erased(session: Session, tmp_path: Path, whose: UUID = DISPATCHER) -> ErasureRow:
    """Everything that is due is done."""
    row, store = granted(session, whose), open_store(None, tmp_path)
    for _ in range(10):
        if not erase_next(session, store, tax_kept_years=4, now=LATER):
            break
    session.expire_all()
    return row


def plant(guarded: Guarded) -> set[tuple[str, str]]:
    """A canary in every personal column of the dispatcher's rows that can hold one: where they are."""
    planted = set()
    guarded.run("RESET ROLE")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    for table in sorted(set(PERSONAL) & set(LISTED)):
        for column in PERSONAL[table]:
            may = guarded.columns[table][column].split(" NOT")[0] in TEXTS and not column.startswith("contact_")
            if may and column != "email":
                whose = LISTED[table].whose.replace(":t", f"'{DISPATCHER}'")
                assert guarded.run(f"UPDATE {table} SET {column} = '{CANARY}' WHERE {whose}").rowcount, (table, column)
                planted.add((table, column))
    wishes = f'{{"language": "es", "devices": [{{"id": "1", "endpoint": "https://push.example/{CANARY}"}}]}}'
    guarded.run(f"UPDATE staff SET preferences = '{wishes}' WHERE id = '{DISPATCHER}'")
    guarded.run(f"UPDATE api_keys SET label = '{CANARY}' WHERE staff_id = '{DISPATCHER}'")
    guarded.run(
        f"UPDATE idempotency_keys SET body = convert_to('{CANARY}', 'UTF8'), named = ARRAY['{DISPATCHER}'::uuid]"
    )
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    return planted


def tables_with(guarded: Guarded, word: str) -> set[str]:
    """Tables in which a word stands anywhere, in bytes too."""
    guarded.run("RESET ROLE")
    hexed = word.encode().hex()
    found = {
        table
        for table in stored()["columns"]
        if guarded.rows(f"SELECT FROM {table} r WHERE r::text ILIKE '%{word}%' OR r::text LIKE '%{hexed}%' LIMIT 1")
    }
    guarded.run("SET LOCAL ROLE truckroll_engine")
    return found


def test_every_personal_column_of_what_is_held_on_staff_is_erased():
    for table in set(PERSONAL) & set(LISTED):
        for column in PERSONAL[table]:
            outside = table == "duty_shifts"  # contacts, who are nobody of the staff
            assert LISTED[table].goes or column in LISTED[table].erased or outside, f"{table}.{column}"


def test_nothing_of_a_person_is_left_in_any_table(guarded: Guarded, session: Session, tmp_path: Path):
    planted = plant(guarded)
    assert {table for table, _ in planted} >= {"staff", "messages", "sessions", "passwords"}
    kept = {"staff", "messages", "sessions", "passwords", "api_keys", "idempotency_keys"}
    assert tables_with(guarded, CANARY) == kept
    assert tables_with(guarded, ADDRESS) == {"staff", "sessions", "sign_ins", "passwords"}
    events = guarded.rows(f"SELECT id FROM events WHERE actor_id = '{DISPATCHER}'")
    row = erased(session, tmp_path)
    assert (row.state, row.done_at, row.next_at) == ("done", LATER, None)
    assert tables_with(guarded, CANARY) == set()
    assert tables_with(guarded, ADDRESS) == set()
    ((name, email, preferences, left, gone),) = guarded.rows(
        "SELECT name, email, preferences, left_at IS NOT NULL, erased_at IS NOT NULL FROM staff"
        f" WHERE id = '{DISPATCHER}'"
    )
    assert (name, email, preferences, left, gone) == ("[erased]", f"erased-{DISPATCHER}", {}, True, True)
    assert guarded.rows(f"SELECT id FROM events WHERE actor_id = '{DISPATCHER}'") == events
    assert guarded.rows(f"SELECT FROM api_keys WHERE staff_id = '{DISPATCHER}' AND revoked_at IS NOT NULL")
    ((num,),) = guarded.rows("SELECT count(*) FROM staff WHERE name = 'Sam Staff'")
    assert num == 2, "the others are still there"
    with pytest.raises(Conflict, match="erased"):
        ask_staff_erasure(session, OPERATOR, DISPATCHER, now=LATER)
    with pytest.raises(Conflict, match="erased"):
        begin_staff_export(session, OPERATOR, DISPATCHER, now=LATER)


def test_nobody_is_signed_in_or_can_sign_in_from_the_first_step_on(guarded: Guarded, session: Session, tmp_path: Path):
    granted(session)
    assert tables_with(guarded, ADDRESS) >= {"sessions", "sign_ins", "passwords"}
    assert erase_next(session, open_store(None, tmp_path), tax_kept_years=4, now=LATER) == 1
    assert tables_with(guarded, ADDRESS) == set()


@pytest.mark.parametrize("table", ["staff", "technicians"])
def test_an_address_that_is_somebody_elses_too_still_lets_them_in(
    guarded: Guarded, session: Session, tmp_path: Path, table: str
):
    whose = id_of("burg.staff") if table == "staff" else id_of("bo")
    guarded.run("RESET ROLE")
    guarded.run(f"UPDATE {table} SET email = '{ADDRESS}' WHERE id = '{whose}'")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    erased(session, tmp_path)
    assert tables_with(guarded, ADDRESS) == {table, "sign_ins", "passwords"}


def test_what_a_backup_has_of_their_words_cannot_be_read_afterwards(session: Session, tmp_path: Path):
    place = place_of("message", id_of("acme.message"))
    words = seal_words(session, DISPATCHER, "the words that he wrote", place, of="staff", now=NOW)
    assert "the words" not in words
    assert open_words(session, words, place) == "the words that he wrote"
    erased(session, tmp_path)
    assert open_words(session, words, place) == ERASED
    with pytest.raises(Conflict, match="erased"):
        seal_words(session, DISPATCHER, "more", place, of="staff", now=LATER)


def test_what_is_held_afterwards_names_them_by_their_id_alone(session: Session, tmp_path: Path):
    erased(session, tmp_path)
    held = {table: rows for table, rows in held_on(session, DISPATCHER, STAFF).items() if rows}
    assert set(held) <= {"staff", "api_keys", "messages", "erasures", "notices", "events"}
    assert {row["words"] for row in held["messages"]} == {ERASED}


BLOCKERS = {
    "legal_hold": f"UPDATE legal_holds SET lifted_at = NULL WHERE client_id = '{ACME}'",
    "named_in_ladder": "UPDATE clients SET day_policy = "
    f'\'{{"escalation": {{"steps": [{{"whom": "duty"}}, {{"whom": "staff:{DISPATCHER}", "after_s": 60}}]}}}}\''
    f" WHERE id = '{ACME}'",
    "duty_to_come": "INSERT INTO duty_shifts (id, client_id, level, staff_id, during, time_zone, created_at) VALUES"
    f" (gen_random_uuid(), '{ACME}', 1, '{DISPATCHER}', tstzrange(now(), now() + interval '1 day'), 'UTC', now())",
    "alarm_taken_on": f"UPDATE alarms SET cleared_at = NULL, cleared_why = NULL WHERE acknowledged_by = '{DISPATCHER}'",
    "open_dispute": "UPDATE disputes SET state = 'open', decided_at = NULL, awarded = NULL",
    "last_admin": f"UPDATE staff SET role = 'client_admin' WHERE id = '{DISPATCHER}'",
}


@pytest.mark.parametrize("code", BLOCKERS)
def test_each_thing_in_the_way_postpones_it_and_says_what_it_is(
    guarded: Guarded, session: Session, tmp_path: Path, code: str
):
    assert find_staff_blockers(session, DISPATCHER) == []
    guarded.run("RESET ROLE")
    guarded.run("ALTER TABLE disputes DISABLE TRIGGER USER")
    guarded.run(BLOCKERS[code])
    guarded.run("SET LOCAL ROLE truckroll_engine")
    assert [each.code for each in find_staff_blockers(session, DISPATCHER)] == [code]
    row = erased(session, tmp_path)
    assert (row.state, [each["code"] for each in row.blocked_by]) == ("granted", [code])
    assert row.next_at > NOW
    assert session.get_one(StaffRow, DISPATCHER).name == "Sam Staff"


def test_the_last_operator_is_told_so_and_another_ones_disputes_are_handed_on(
    guarded: Guarded, session: Session, tmp_path: Path
):
    olga, ned = id_of("operator.staff"), uuid4()
    session.execute(
        text("UPDATE erasures SET state = 'withdrawn', decided_at = now() WHERE staff_id = :o"), {"o": olga}
    )
    assert "last_operator" in {each.code for each in find_staff_blockers(session, olga)}
    session.add(StaffRow(id=ned, role="operator", name="Ned", email="ned@example.org", created_at=NOW))
    session.flush()
    guarded.run("RESET ROLE")
    guarded.run("ALTER TABLE disputes DISABLE TRIGGER USER")
    guarded.run(f"UPDATE disputes SET state = 'open', decided_at = NULL, awarded = NULL, decider_id = '{olga}'")
    guarded.run("ALTER TABLE disputes ENABLE TRIGGER USER")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    assert find_staff_blockers(session, olga) == []
    assert erased(session, tmp_path, olga).state == "done"
    assert set(session.scalars(text("SELECT decider_id FROM disputes"))) == {ned}
    assert session.get_one(StaffRow, olga).name == "[erased]"


def test_without_data_keys_nobody_is_erased(session: Session):
    del session.info["ring"]
    assert [each.code for each in find_staff_blockers(session, DISPATCHER)] == ["no_data_keys"]


def test_they_ask_for_themselves_an_operator_for_them_and_nobody_grants_their_own(session: Session):
    admin = Actor("client_admin", id_of("acme.admin"), client_id=ACME)
    with pytest.raises(NotFound):
        ask_staff_erasure(session, admin, DISPATCHER, now=NOW)
    with pytest.raises(Refused):
        ask_staff_erasure(session, Actor("technician", DISPATCHER), DISPATCHER, now=NOW)
    with pytest.raises(NotFound):
        ask_staff_erasure(session, OPERATOR, uuid4(), now=NOW)
    themselves = Actor("dispatcher", DISPATCHER, client_id=ACME)
    asked = ask_staff_erasure(session, themselves, DISPATCHER, now=NOW)
    with pytest.raises(Conflict):
        ask_staff_erasure(session, themselves, DISPATCHER, now=NOW)
    with pytest.raises(NotFound):
        move_erasure(session, admin, asked.id, "withdraw", now=NOW)
    with pytest.raises(Refused):
        move_erasure(session, themselves, asked.id, "grant", now=NOW)
    with pytest.raises(Refused):
        move_erasure(session, OPERATOR, asked.id, "withdraw", now=NOW)
    assert move_erasure(session, themselves, asked.id, "withdraw", now=NOW).state == "withdrawn"
    own = session.get_one(ErasureRow, id_of("operator.erasure"))
    with pytest.raises(Refused, match="another person"):
        move_erasure(session, OPERATOR, own.id, "grant", now=NOW)
    assert move_erasure(session, Actor("operator", uuid4()), own.id, "grant", now=NOW).state == "granted"


def test_the_books_are_as_balanced_as_before(session: Session, tmp_path: Path):
    before: Any = verify_books(session)
    erased(session, tmp_path)
    assert verify_books(session) == before
