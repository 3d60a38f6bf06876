"""Is nothing left of somebody erased, is everything in their export, and does nobody forget a new column?

A canary stands in every personal column of Anna's rows; her key seals her words. After the erasure no table holds one,
and what was copied before cannot be read with any key that remains.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from catalogue import stored
from guard_world import NOW, id_of
from guarding import Guarded
from personal_data import PERSONAL
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from dispatch.errors import Damaged, MissingService
from dispatch.files.storing import open_store
from dispatch.money.verifying import verify_books
from dispatch.privacy.blocking import find_blockers
from dispatch.privacy.erasing import erase_next, forget_kept
from dispatch.privacy.exporting import held_on
from dispatch.privacy.holdings import HOLDINGS, OF_OTHERS, WITHHELD
from dispatch.record.persons import ERASED, kept_of, open_words, place_of, seal_bytes, seal_words
from dispatch.record.sealing import DataKey, KeyRing, context, new_secret, seal, unseal
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, CredentialRow, ErasureRow, IdempotencyKeyRow
from dispatch.talent.credentials import Claim, evidence_of, move_credential, submit_credential

ANNA = id_of("anna")
RING = KeyRing([DataKey("test", new_secret())])
CANARY = "canaryofanna"
SECRET = "the words that she wrote"
LATER = NOW + timedelta(days=400)
OF_HERS = {each.table: each for each in HOLDINGS}
TEXTS = ("text", "character varying(64)", "jsonb")
#: Where her address stands, by which rows are found.
BY_ADDRESS = ("technicians", "sign_ins", "passwords")


@pytest.fixture
def session(guarded: Guarded) -> Iterator[Session]:
    """The engine's, with the installation's keys; Anna has a key, and nothing is in the way of her erasure."""
    secret = seal(new_secret(), RING, context("person", "key", ANNA))
    guarded.connection.execute(
        text("UPDATE person_keys SET sealed = :sealed WHERE technician_id = :t"), {"sealed": secret, "t": ANNA}
    )
    guarded.run("UPDATE legal_holds SET lifted_at = now()")
    guarded.run("UPDATE assignments SET state = 'released', ended_at = now(), presence = 'checked_out'")
    guarded.run("UPDATE removals SET state = 'withdrawn', ended_at = now()")
    guarded.run("UPDATE disputes SET state = 'decided', decided_at = now(), awarded = 0")
    guarded.run("UPDATE payments SET held = 0, due = 0, state = 'released'")
    guarded.run("UPDATE payouts SET state = 'paid', sent_at = now(), settled_at = '2026-03-02T12:00:00Z'")
    guarded.run("ALTER TABLE ledger_accounts DISABLE TRIGGER USER")
    guarded.run("UPDATE ledger_accounts SET balance = 0 WHERE technician_id IS NOT NULL")
    with guarded.acting("engine"), Session(guarded.connection, info={"ring": RING}) as made:
        yield made


def granted(session: Session) -> ErasureRow:
    row = session.get_one(ErasureRow, id_of("anna.erasure"))
    row.state, row.decided_at, row.next_at = "granted", NOW, NOW
    session.flush()
    return row


def erased(session: Session, tmp_path: Path, *, years: int = 4) -> ErasureRow:
    """Everything that is due is done."""
    row, store = granted(session), open_store(None, tmp_path)
    for _ in range(10):
        if not erase_next(session, store, tax_kept_years=years, now=LATER):
            break
    session.expire_all()
    return row


def personal_columns() -> list[tuple[str, str]]:
    return [(table, column) for table, columns in PERSONAL.items() for column in columns if table in OF_HERS]


def plant(guarded: Guarded) -> list[tuple[str, str]]:
    """A canary in every personal column of Anna's rows that can hold one: where they are."""
    planted = []
    guarded.run("RESET ROLE")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(f"UPDATE messages SET author_kind = 'technician', author_id = '{ANNA}'")
    guarded.run(f"UPDATE deliverables SET handed_in_by_kind = 'technician', handed_in_by = '{ANNA}'")
    guarded.run(f"UPDATE incidents SET by_kind = 'technician', by_id = '{ANNA}'")
    guarded.run("UPDATE proposals SET by_side = 'technician'")
    for table in BY_ADDRESS:
        met = guarded.run(f"UPDATE {table} SET email = '{CANARY}@example.org' WHERE email = 'anna@example.org'")
        assert met.rowcount == 1, table
        planted.append((table, "email"))
    for table, column in personal_columns():
        if (table, column) in planted:
            continue
        kind = guarded.columns[table][column]
        if kind not in TEXTS:
            continue
        value = f'\'{{"a": "{CANARY}"}}\'' if kind == "jsonb" else f"'{CANARY}-{table}-{column}'"
        whose = OF_HERS[table].whose.replace(":t", f"'{ANNA}'")
        assert guarded.run(f"UPDATE {table} SET {column} = {value} WHERE {whose}").rowcount, (table, column)
        planted.append((table, column))
    guarded.run(f"UPDATE idempotency_keys SET body = convert_to('{CANARY}', 'UTF8'), named = ARRAY['{ANNA}'::uuid]")
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    return planted


def tables_with(guarded: Guarded, canary: str) -> set[str]:
    """Tables in which a word stands anywhere, in bytes too."""
    guarded.run("RESET ROLE")
    hexed = canary.encode().hex()
    found = {
        table
        for table in stored()["columns"]
        if guarded.rows(f"SELECT FROM {table} r WHERE r::text LIKE '%{canary}%' OR r::text LIKE '%{hexed}%' LIMIT 1")
    }
    guarded.run("SET LOCAL ROLE truckroll_engine")
    return found


def test_every_personal_column_is_held_exported_and_erased_or_named_as_anothers():
    for table, columns in PERSONAL.items():
        assert (table in OF_OTHERS) != (table in OF_HERS), f"{table}: say in holdings.py whose it is"
        holding = OF_HERS.get(table)
        for column in columns if holding else ():
            assert holding.goes or column in holding.erased, f"{table}.{column} outlives its person"
            is_out = not holding.is_shown or column in holding.hidden
            assert not is_out or table in WITHHELD or (table, column) == ("usage", "answers"), f"{table}.{column}"


def test_every_table_that_knows_technicians_is_among_what_is_held():
    knowing = {table for table, columns in stored()["columns"].items() if "technician_id" in columns}
    assert knowing - set(OF_HERS) <= set(WITHHELD)


def test_nothing_of_a_person_is_left_in_any_table(guarded: Guarded, session: Session, tmp_path: Path):
    planted = plant(guarded)
    assert len(planted) > 25
    assert tables_with(guarded, CANARY) >= {table for table, _ in planted} | {"idempotency_keys"}
    row = erased(session, tmp_path)
    assert (row.state, row.done_at, row.next_at) == ("done", LATER, None)
    assert row.progress["num_rows"] > 10
    assert tables_with(guarded, CANARY) == set()
    assert tables_with(guarded, "anna@example.org") == set()
    assert tables_with(guarded, "Anna Miller") == set()
    ((state, name, lat),) = guarded.rows(f"SELECT state, name, lat FROM technicians WHERE id = '{ANNA}'")
    assert (state, name, lat) == ("erased", "[erased]", 0.0)
    ((num,),) = guarded.rows("SELECT count(*) FROM technicians WHERE name LIKE '% Miller'")
    assert num == 2, "the others are still there"
    assert tables_with(guarded, "bo@example.org") >= {"sessions", *BY_ADDRESS}


def test_nobody_is_signed_in_or_can_sign_in_from_the_first_step_on(guarded: Guarded, session: Session, tmp_path: Path):
    granted(session)
    assert tables_with(guarded, "anna@example.org") >= {"sessions", *BY_ADDRESS}
    assert erase_next(session, open_store(None, tmp_path), tax_kept_years=4, now=LATER) == 1
    assert tables_with(guarded, "anna@example.org") == set()


@pytest.mark.parametrize(
    "also",
    [
        "UPDATE staff SET email = 'Anna@example.org' WHERE client_id IS NULL",
        f"UPDATE technicians SET email = 'Anna@example.org' WHERE id = '{id_of('bo')}'",
    ],
)
def test_an_address_that_is_somebody_elses_too_still_lets_them_in(
    guarded: Guarded, session: Session, tmp_path: Path, also: str
):
    guarded.run(also)
    erased(session, tmp_path)
    assert tables_with(guarded, "anna@example.org") == {"sign_ins", "passwords"}
    assert not guarded.rows(f"SELECT FROM sessions WHERE technician_id = '{ANNA}'")


def test_what_she_was_answered_goes_whether_she_asked_with_a_key_or_signed_in(
    guarded: Guarded, session: Session, tmp_path: Path
):
    asker = f"asker_id IN ('{ANNA}', (SELECT id FROM api_keys WHERE technician_id = '{ANNA}'))"
    guarded.run(
        "INSERT INTO idempotency_keys (asker_id, key, request_hash, status, body, named, created_at)"
        f" SELECT '{ANNA}', key, request_hash, status, body, named, created_at FROM idempotency_keys WHERE {asker}"
    )
    assert len(guarded.rows(f"SELECT FROM idempotency_keys WHERE {asker}")) == 2
    erased(session, tmp_path)
    assert not guarded.rows(f"SELECT FROM idempotency_keys WHERE {asker}")


def test_what_others_were_answered_about_her_goes_however_it_spells_her_and_what_is_about_others_stays(
    guarded: Guarded, session: Session, tmp_path: Path
):
    """Her name stands there escaped; that it is hers says an id, of her or of what is hers. A refusal has none."""
    own = {"her": ANNA} | {
        table: guarded.rows(f"SELECT id FROM {table} WHERE technician_id = '{ANNA}' LIMIT 1")[0][0]
        for table in ("credentials", "admissions", "disputes", "reviews", "time_off", "site_requests", "documents")
        if "technician_id" in guarded.columns[table]
    }
    stays = {"bo": id_of("bo"), "bo's proof": id_of("bo.credential"), "nothing": None}
    for name, about in {**own, **stays, "refused": None}.items():
        session.execute(
            insert(IdempotencyKeyRow).values(
                asker_id=id_of("acme.key"),
                key=name,
                request_hash=b"",
                status=422 if name == "refused" else 201,
                body=rb'{"name": "Zo\u00eb"}',
                named=[] if about is None else [id_of("acme.job"), about],
                created_at=NOW,
            )
        )
    assert len(own) >= 6
    erased(session, tmp_path)
    left = guarded.rows("SELECT key FROM idempotency_keys WHERE position('Zo' IN convert_from(body, 'UTF8')) > 0")
    assert {key for (key,) in left} == set(stays)


def test_an_export_shows_every_personal_column_and_nobody_elses_rows(guarded: Guarded, session: Session):
    planted = plant(guarded)
    shown = held_on(session, ANNA)
    for table, column in planted:
        if OF_HERS[table].is_shown and column not in OF_HERS[table].hidden:
            assert any(CANARY in str(row.get(column)) for row in shown[table]), (table, column)
    assert {row["technician_id"] for rows in shown.values() for row in rows if row.get("technician_id")} == {str(ANNA)}
    everything = str(shown)
    for other in ("Bo Miller", "bo@example.org", "Cy Miller", str(id_of("bo.credential"))):
        assert other not in everything


def test_what_a_backup_has_of_the_evidence_of_a_proof_cannot_be_read_afterwards(session: Session, tmp_path: Path):
    """Sealed as the use cases write it; the copy is what a dump of the whole table would hold."""
    session.execute(text("UPDATE technicians SET state = 'active' WHERE id = :t"), {"t": ANNA})
    anna = Actor("technician", ANNA, technician_id=ANNA)
    kind = session.scalars(
        select(CredentialKindRow.code).where(CredentialKindRow.family.not_in(("agreement", "clearance")))
    ).first()
    claim = Claim(kind, NOW.date(), NOW.date() + timedelta(days=900), evidence=SECRET)
    made = submit_credential(session, anna, ANNA, claim, now=NOW)
    later = submit_credential(session, anna, ANNA, replace(claim, is_submitted=False, evidence=None), now=NOW)
    move_credential(session, anna, later, "submit", evidence=SECRET, now=NOW)
    copies = dict(session.execute(select(CredentialRow.id, CredentialRow.evidence)).all())
    rows = {each: session.get_one(CredentialRow, each) for each in (made, later)}
    for each, row in rows.items():
        assert SECRET not in copies[each]
        assert evidence_of(session, row) == SECRET
        assert SECRET in {shown["evidence"] for shown in held_on(session, ANNA)["credentials"]}
    assert copies[made] != copies[later], "each is sealed for its place"
    with pytest.raises(Damaged):
        open_words(session, copies[made], place_of("credential", later))
    session.execute(
        text("UPDATE credentials SET state = 'expired', due_at = NULL WHERE technician_id = :t"), {"t": ANNA}
    )
    erased(session, tmp_path)
    for each in rows:
        assert session.get_one(CredentialRow, each, populate_existing=True).evidence is None
        assert open_words(session, copies[each], place_of("credential", each)) == ERASED


def test_what_was_copied_before_cannot_be_read_with_all_the_keys_that_remain(session: Session, tmp_path: Path):
    place = place_of("message", id_of("acme.message"))
    words = seal_words(session, ANNA, SECRET, place, now=NOW)
    data = seal_bytes(session, ANNA, SECRET.encode(), place, now=NOW)
    assert SECRET not in words
    assert open_words(session, words, place) == SECRET
    erased(session, tmp_path)
    assert open_words(session, words, place) == ERASED
    with pytest.raises(MissingService):
        unseal(data, RING, place)
    keys = session.execute(text("SELECT person_id, sealed FROM person_keys WHERE sealed IS NOT NULL")).all()
    assert ANNA not in {UUID(str(each.person_id)) for each in keys}
    assert len(keys) == 3


def test_the_law_keeps_the_name_of_whoever_was_paid_sealed_and_for_its_time(
    guarded: Guarded, session: Session, tmp_path: Path
):
    erased(session, tmp_path)
    assert kept_of(session, ANNA)["name"] == "Anna Miller"
    ((until,),) = guarded.rows(f"SELECT kept_until FROM person_keys WHERE technician_id = '{ANNA}'")
    assert until.year == 2031, "four years after the year of the last payment"
    assert forget_kept(session, until - timedelta(seconds=1)) == 0
    assert forget_kept(session, until) == 1
    assert kept_of(session, ANNA) == {}


def test_who_was_never_paid_leaves_nothing_behind(guarded: Guarded, session: Session, tmp_path: Path):
    guarded.run("RESET ROLE")
    guarded.run("ALTER TABLE payouts DISABLE TRIGGER payouts_kept")
    guarded.run("UPDATE payouts SET technician_id = NULL, company_id = (SELECT id FROM companies LIMIT 1)")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    erased(session, tmp_path)
    assert kept_of(session, ANNA) == {}


BLOCKERS: dict[str, str] = {
    "live_work": "UPDATE assignments SET state = 'live', ended_at = NULL",
    "unpaid_money": "UPDATE payments SET due = 5, state = 'due', due_at = now()",
    "money_on_its_way": "UPDATE payouts SET state = 'sent', settled_at = NULL",
    "account_not_even": "UPDATE ledger_accounts SET balance = 7 WHERE technician_id IS NOT NULL",
    "open_dispute": "UPDATE disputes SET state = 'open', decided_at = NULL, awarded = NULL",
    "open_removal": "UPDATE removals SET state = 'noticed', ended_at = NULL",
    "legal_hold": "UPDATE legal_holds SET lifted_at = NULL",
}


@pytest.mark.parametrize("code", BLOCKERS)
def test_each_thing_in_the_way_postpones_it_and_says_what_it_is(
    guarded: Guarded, session: Session, tmp_path: Path, code: str
):
    guarded.run("RESET ROLE")
    for table in ("assignments", "disputes", "removals"):
        guarded.run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    guarded.run(BLOCKERS[code])
    guarded.run("SET LOCAL ROLE truckroll_engine")
    assert code in {each.code for each in find_blockers(session, ANNA)}
    row = erased(session, tmp_path)
    assert row.state == "granted"
    assert code in {each["code"] for each in row.blocked_by}
    assert row.next_at > LATER
    ((name,),) = guarded.rows(f"SELECT name FROM technicians WHERE id = '{ANNA}'")
    assert name == "Anna Miller"


def test_without_data_keys_nobody_is_erased(guarded: Guarded, session: Session):
    del session.info["ring"]
    assert [each.code for each in find_blockers(session, ANNA)] == ["no_data_keys"]


def test_the_books_are_as_balanced_as_before(session: Session, tmp_path: Path):
    before: Any = verify_books(session)
    erased(session, tmp_path)
    assert verify_books(session) == before


def test_why_a_bonus_was_given_goes_and_its_sum_stays(guarded: Guarded, session: Session, tmp_path: Path):
    bonus, parking = (
        '{"id": "1", "kind": "bonus", "code": "bonus", "amount": "9.00", "state": "approved", "reason": "%s"}',
        '{"id": "2", "kind": "expense", "code": "parking", "amount": "1.00", "state": "asked"}',
    )
    extras = f"[{bonus % 'She came though she was ill'}, {parking}]"
    whose = f"WHERE technician_id = '{ANNA}'"
    guarded.run("RESET ROLE")
    guarded.run(f"UPDATE payments SET extras = '{extras}' {whose}")
    guarded.run("SET LOCAL ROLE truckroll_engine")
    erased(session, tmp_path)
    guarded.run("RESET ROLE")
    left = guarded.rows(f"SELECT extras FROM payments {whose}")
    assert left == [(json.loads(f"[{bonus % ''}, {parking}]"),)]
    assert guarded.rows(f"SELECT extras FROM payments WHERE technician_id <> '{ANNA}' LIMIT 1") != left
