"""What the database itself says of positions, legal holds and persons' keys: never too early, never while held."""

import pytest
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards

RESTRICT_VIOLATION = "23001"
NO_HOLD = "UPDATE legal_holds SET lifted_at = now()"


def refused(guarded: Guarded, statement: str, by: str) -> None:
    refusal = guarded.refuses(statement)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, by), refusal


@pytest.mark.parametrize(
    ("changes", "is_underway"),
    [
        ("presence = 'on_the_way'", True),
        ("presence = 'checked_in'", True),
        ("presence = 'stepped_out'", True),
        ("presence = 'assigned'", False),
        ("presence = 'confirmed'", False),
        ("presence = 'checked_out'", False),
        ("state = 'released', ended_at = now()", False),
    ],
)
def test_a_position_is_kept_between_on_my_way_and_the_check_out_only(guarded: Guarded, changes: str, is_underway: bool):
    guarded.run(guarded.update("assignments", "acme", changes))
    another = guarded.copy("positions", "acme", {"id": "gen_random_uuid()"})
    if is_underway:
        assert guarded.accepts(another) == 1
    else:
        refused(guarded, another, "positions_underway")


@pytest.mark.parametrize("column", ["technician_id", "visit_id"])
def test_nobody_is_placed_at_the_work_of_another(guarded: Guarded, column: str):
    other = id_of("bo" if column == "technician_id" else "burg.visit")
    copied = guarded.copy("positions", "acme", {"id": "gen_random_uuid()", column: f"'{other}'"})
    refused(guarded, copied, "positions_underway")


@pytest.mark.parametrize("about", ["job", "client", "technician"])
def test_a_hold_on_the_job_the_client_or_the_technician_keeps_a_position(guarded: Guarded, about: str):
    guarded.run(NO_HOLD)
    gone = f"DELETE FROM positions WHERE {guarded.world.where('positions', 'acme')}"
    assert guarded.accepts(gone) == 1
    owners = {"job": ("acme.job", "acme", None), "client": (None, "acme", None), "technician": (None, None, "anna")}
    values = ["NULL" if each is None else f"'{id_of(each)}'" for each in owners[about]]
    guarded.run(
        "INSERT INTO legal_holds (id, about, job_id, client_id, technician_id, why, placed_at)"
        f" VALUES (gen_random_uuid(), '{about}', {', '.join(values)}, 'lawsuit', now())"
    )
    refused(guarded, gone, "positions_held")
    others = f"DELETE FROM positions WHERE {guarded.world.where('positions', 'burg')}"
    assert guarded.accepts(others) == 1
    guarded.run("UPDATE legal_holds SET lifted_at = now() WHERE lifted_at IS NULL")
    assert guarded.accepts(gone) == 1


def test_a_hold_ends_by_itself_when_its_time_is_over(guarded: Guarded):
    guarded.run(NO_HOLD)
    guarded.run(
        "INSERT INTO legal_holds (id, about, technician_id, why, placed_at, until_at) VALUES (gen_random_uuid(),"
        f" 'technician', '{id_of('anna')}', 'lawsuit', now() - interval '2 days', now() - interval '1 day')"
    )
    assert guarded.accepts(f"DELETE FROM positions WHERE {guarded.world.where('positions', 'acme')}") == 1


@pytest.mark.parametrize("column", ["proof_in", "proof_out"])
def test_a_hold_keeps_where_a_check_in_or_out_was_and_lets_the_rest_be_written(guarded: Guarded, column: str):
    guarded.run(guarded.update("time_entries", "acme", f'{column} = \'{{"lat": 30, "distance_m": 5}}\''))
    stripped = guarded.update("time_entries", "acme", f"{column} = {column} - 'lat'")
    refused(guarded, stripped, "time_entries_held")
    refused(guarded, guarded.update("time_entries", "acme", f"{column} = NULL"), "time_entries_held")
    assert guarded.accepts(guarded.update("time_entries", "acme", f"{column} = {column} - 'distance_m'")) == 1
    guarded.run(NO_HOLD)
    assert guarded.accepts(stripped) == 1


def test_placing_a_hold_waits_for_who_deletes(guarded: Guarded):
    guarded.run(guarded.copy("legal_holds", "anna", {"id": "gen_random_uuid()"}))
    rows = guarded.rows("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted")
    assert ("ExclusiveLock",) in rows


def test_a_destroyed_key_stays_destroyed(guarded: Guarded):
    guarded.isolate("person_keys")
    guarded.run(guarded.update("person_keys", "cy", "sealed = NULL, destroyed_at = now()"))
    guarded.run("ALTER TABLE person_keys ENABLE TRIGGER person_keys_destroyed")
    for again in ("sealed = 'x'", "destroyed_at = NULL", "sealed = 'x', destroyed_at = NULL"):
        refused(guarded, guarded.update("person_keys", "cy", again), "person_keys_destroyed")
    assert guarded.accepts(guarded.update("person_keys", "cy", "kept = NULL, kept_until = NULL")) == 1


def test_a_key_is_not_destroyed_while_a_hold_or_live_work_keeps_the_person(guarded: Guarded):
    destroy = guarded.update("person_keys", "anna", "sealed = NULL, destroyed_at = now()")
    refused(guarded, destroy, "person_keys_free")  # a hold on her, and on her job
    guarded.run("UPDATE legal_holds SET lifted_at = now() WHERE about = 'technician'")
    guarded.run(guarded.update("assignments", "acme", "state = 'released', ended_at = now()"))
    refused(guarded, destroy, "person_keys_free")  # a hold on her job
    guarded.run(NO_HOLD)
    assert guarded.accepts(destroy) == 1


def test_a_key_is_not_destroyed_while_the_person_has_work(guarded: Guarded):
    guarded.run(NO_HOLD)
    refused(guarded, guarded.update("person_keys", "anna", "sealed = NULL, destroyed_at = now()"), "person_keys_free")
    assert guarded.accepts(guarded.update("person_keys", "cy", "sealed = NULL, destroyed_at = now()")) == 1


def test_an_erased_person_is_not_written_anew(guarded: Guarded):
    guarded.run(guarded.update("technicians", "cy", "state = 'erased', name = '[erased]', email = NULL"))
    for again in ("state = 'active'", "name = 'Cy'", "email = 'cy@example.org'", "lat = 1"):
        refused(guarded, guarded.update("technicians", "cy", again), "technicians_erased")
    assert guarded.accepts(guarded.update("technicians", "cy", "reputation = 0.4")) == 1


def test_words_go_only_with_the_key_of_who_wrote_them_and_nothing_else_goes(guarded: Guarded):
    where = guarded.world.where("messages", "acme")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(f"UPDATE messages SET author_kind = 'technician', author_id = '{id_of('cy')}' WHERE {where}")
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    erase = f"UPDATE messages SET words = '[erased]' WHERE {where}"
    refused(guarded, erase, "messages_kept")
    guarded.run(NO_HOLD)
    guarded.run(guarded.update("person_keys", "cy", "sealed = NULL, destroyed_at = now()"))
    assert guarded.accepts(erase) == 1
    refused(guarded, erase.replace("[erased]", "other words"), "messages_kept")
    refused(guarded, f"UPDATE messages SET words = '[erased]', sent_at = now() WHERE {where}", "messages_kept")
    refused(guarded, f"DELETE FROM messages WHERE {where}", "messages_kept")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(f"UPDATE messages SET author_kind = 'staff' WHERE {where}")
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    refused(guarded, erase, "messages_kept")


GONE = "name = '[erased]', left_at = now(), erased_at = now()"


def test_nobody_of_the_staff_is_erased_while_a_hold_keeps_them_or_their_client(guarded: Guarded):
    erase = guarded.update("staff", "acme", GONE)
    refused(guarded, erase, "staff_free")  # a hold on a job of their client
    guarded.run(NO_HOLD)
    assert guarded.accepts(erase) == 1
    owner = f"(gen_random_uuid(), 'staff', '{id_of('acme.staff')}', 'lawsuit', now())"
    guarded.run(f"INSERT INTO legal_holds (id, about, staff_id, why, placed_at) VALUES {owner}")
    refused(guarded, erase, "staff_free")
    guarded.run("UPDATE legal_holds SET lifted_at = now() WHERE lifted_at IS NULL")
    assert guarded.accepts(erase) == 1


@pytest.mark.parametrize("role", ["operator", "client_admin"])
def test_the_last_operator_and_the_last_admin_of_a_client_are_not_erased(guarded: Guarded, role: str):
    guarded.run(NO_HOLD)
    row = "operator" if role == "operator" else "acme"
    guarded.run(f"UPDATE staff SET role = 'client_admin' WHERE client_id = '{id_of('acme')}'")
    # Those of another client, and those of the same who have left or are no admin, don't count.
    guarded.run(f"UPDATE staff SET role = 'client_admin' WHERE client_id = '{id_of('burg')}'")
    erase = guarded.update("staff", row, GONE)
    refused(guarded, erase, "staff_free")
    another = {"id": "gen_random_uuid()", "email": "'second@example.org'"}
    if role != "operator":
        guarded.run(guarded.copy("staff", row, another | {"role": "'dispatcher'", "email": "'third@example.org'"}))
        refused(guarded, erase, "staff_free")
    guarded.run(guarded.copy("staff", row, another | {"left_at": "now()"}))
    refused(guarded, erase, "staff_free")
    guarded.run("UPDATE staff SET left_at = NULL WHERE email = 'second@example.org'")
    assert guarded.accepts(erase) == 1
    guarded.run(guarded.update("staff", row, "left_at = now()"))
    assert guarded.accepts(erase) == 1  # who has left leaves nobody alone


@pytest.mark.parametrize("role", ["operator", "client_admin"])
def test_the_last_operator_and_the_last_admin_of_a_client_stay_what_they_are(guarded: Guarded, role: str):
    row = "operator" if role == "operator" else "acme"
    if role != "operator":
        guarded.run(f"UPDATE staff SET role = 'client_admin' WHERE client_id = '{id_of('acme')}'")
        # Those of another client, and those of the same who have left or are no admin, don't count.
        guarded.run(f"UPDATE staff SET role = 'client_admin' WHERE client_id = '{id_of('burg')}'")
        other = {"id": "gen_random_uuid()", "email": "'third@example.org'", "role": "'dispatcher'"}
        guarded.run(guarded.copy("staff", row, other))
    demoted = "role = 'dispatcher'" + (f", client_id = '{id_of('acme')}'" if role == "operator" else "")
    away = "email = 'moved@example.org', "
    goes = [guarded.update("staff", row, change) for change in ("left_at = now()", away + demoted)]
    moves = guarded.update("staff", row, f"{away}client_id = '{id_of('burg')}'")
    for each in (*goes, moves) if role != "operator" else goes:
        refused(guarded, each, "staff_last_stays")
    refused(guarded, f"DELETE FROM staff WHERE {guarded.world.where('staff', row)}", "staff_last_kept")
    guarded.run(guarded.copy("staff", row, {"id": "gen_random_uuid()", "email": "'second@example.org'"}))
    for each in goes:
        assert guarded.accepts(each) == 1
    theirs = "client_id IS NULL" if role == "operator" else f"client_id = '{id_of('acme')}'"
    both = f"UPDATE staff SET left_at = now() WHERE role = '{role}' AND {theirs}"
    refused(guarded, both, "staff_last_stays")
    assert guarded.accepts("DELETE FROM staff WHERE email = 'second@example.org'") == 1


def test_somebody_erased_of_the_staff_is_not_written_anew(guarded: Guarded):
    guarded.run(NO_HOLD)
    guarded.run(guarded.update("staff", "acme", GONE))
    for again in ("name = 'Sam'", "email = 'sam@example.org'", "phone = '1'", "preferences = '{}'", "left_at = NULL",
                  "erased_at = NULL", "role = 'requester'"):  # fmt: skip
        refused(guarded, guarded.update("staff", "acme", again), "staff_erased")


def test_a_key_of_the_staffs_goes_after_their_name_and_stays_destroyed(guarded: Guarded):
    guarded.run(NO_HOLD)
    destroy = guarded.update("person_keys", "operator", "sealed = NULL, destroyed_at = now()")
    refused(guarded, destroy, "person_keys_free")
    guarded.run(guarded.copy("staff", "operator", {"id": "gen_random_uuid()", "email": "'second@example.org'"}))
    guarded.run(guarded.update("staff", "operator", "left_at = now()"))
    refused(guarded, destroy, "person_keys_free")
    guarded.run(guarded.update("staff", "operator", "erased_at = now()"))
    guarded.run(destroy)
    refused(
        guarded, guarded.update("person_keys", "operator", "sealed = 'x', destroyed_at = NULL"), "person_keys_destroyed"
    )


def test_words_of_the_staff_go_with_their_key_and_by_the_one_function(guarded: Guarded):
    whose = id_of("acme.staff")
    where = guarded.world.where("messages", "acme")
    guarded.run("ALTER TABLE messages DISABLE TRIGGER USER")
    guarded.run(f"UPDATE messages SET author_kind = 'staff', author_id = '{whose}' WHERE {where}")
    guarded.run("ALTER TABLE messages ENABLE TRIGGER USER")
    guarded.run(NO_HOLD)
    key = f"(person_id, staff_id, sealed, made_at) VALUES ('{whose}', '{whose}', 'x', now())"
    guarded.run(f"INSERT INTO person_keys {key}")
    refused(guarded, f"SELECT erase_words('{whose}')", "messages_kept")
    guarded.run(guarded.update("staff", "acme", GONE))
    guarded.run(f"UPDATE person_keys SET sealed = NULL, destroyed_at = now() WHERE person_id = '{whose}'")
    assert guarded.rows(f"SELECT erase_words('{whose}')") == [(1,)]
    ((words,),) = guarded.rows(f"SELECT words FROM messages WHERE {where}")
    assert words == "[erased]"
    refused(guarded, f"UPDATE messages SET words = 'other words' WHERE {where}", "messages_kept")
