"""Every trigger: what it sets is set whatever the statement says, what it refuses is refused to everybody."""

import hashlib

import pytest
from catalogue import names
from guard_world import id_of
from guarding import Guarded

from dispatch.record.tables.changes import PROPOSAL_STATES
from dispatch.record.tables.reputation import REVIEW_STATES

pytestmark = pytest.mark.guards

RESTRICT_VIOLATION = "23001"
LIVE_OFFERS = ("sent", "viewed", "requested", "countered")
ENDED_OFFERS = ("accepted", "declined", "expired", "withdrawn", "not_chosen")

#: trigger -> (statement that it refuses, name of a row)
KEPT = {
    "events_kept": ("events", ("UPDATE events SET kind = kind", "DELETE FROM events")),
    "events_kept_whole": ("events", ("TRUNCATE events CASCADE",)),
    "seals_kept": ("seals", ("UPDATE seals SET num = num", "DELETE FROM seals")),
    "decisions_kept": ("decisions", ("UPDATE decisions SET kind = kind", "DELETE FROM decisions")),
    "charges_kept": ("charges", ("UPDATE charges SET kind = kind", "DELETE FROM charges")),
    "ratings_kept": ("ratings", ("UPDATE ratings SET stars = stars", "DELETE FROM ratings")),
    "messages_kept": ("messages", ("UPDATE messages SET words = words", "DELETE FROM messages")),
    "ledger_entries_kept": ("ledger_entries", ("UPDATE ledger_entries SET num = num", "DELETE FROM ledger_entries")),
    "ledger_entries_kept_whole": ("ledger_entries", ("TRUNCATE ledger_entries",)),
    "ledger_transactions_kept": (
        "ledger_transactions",
        ("UPDATE ledger_transactions SET why = why", "DELETE FROM ledger_transactions"),
    ),
    "legal_holds_kept": ("legal_holds", ("UPDATE legal_holds SET why = why", "DELETE FROM legal_holds")),
    "person_keys_kept": ("person_keys", ("DELETE FROM person_keys",)),
    "agreements_kept": ("agreements", ("UPDATE agreements SET kind = kind", "DELETE FROM agreements")),
    "tax_classes_kept": ("tax_classes", ("UPDATE tax_classes SET tax_class = tax_class", "DELETE FROM tax_classes")),
    "terms_kept": ("terms", ("UPDATE terms SET terms = terms", "DELETE FROM terms")),
}
#: table whose change moves its technician's version -> a row of Anna's, a change of it, and of a second row's key
TOUCHING = {
    "technician_skills": ("anna", "level = 4"),
    "credentials": ("anna", "state = 'expired'"),
    "working_hours": ("anna", "to_minute = 1021"),
    "time_off": ("anna", "during = '[2026-04-01, 2026-04-02)'"),
    "pool_members": ("acme", "joined_at = now()"),
    "client_marks": ("acme", "kind = 'block', reason = 'Rude'"),
    "technician_marks": ("anna", "kind = 'block', reason = 'Rude'"),
    "admissions": ("acme", "state = 'admitted', code = NULL, code_until = NULL"),
}
#: Tried in `test_ledger_triggers.py`.
LEDGER = (
    "ledger_entries_move",
    "ledger_transactions_balanced",
    "ledger_accounts_kept",
    "disputes_end_once",
    "payouts_kept",
)
#: Tried in `test_budget_triggers.py`.
BUDGETS = ("payments_budget", "budgets_kept")
TOUCHES = [f"{table}_touch_{event}" for table in TOUCHING for event in ("insert", "update", "delete")]
#: Tried in `test_privacy_triggers.py`.
PRIVACY = (
    "positions_underway",
    "positions_held",
    "time_entries_held",
    "legal_holds_wait",
    "person_keys_destroyed",
    "person_keys_free",
    "technicians_erased",
    "staff_free",
    "staff_erased",
    "staff_last_stays",
    "staff_last_kept",
)
#: Tried in `test_proof_triggers.py`.
PROOFS = (
    "credentials_with_facts",
    "credentials_born_with_facts",
    "credentials_heard",
    "technicians_heard",
    "credential_kinds_kept",
)
#: Tried in `test_payroll_triggers.py`.
PAYROLL = ("payments_keep_whose", "usage_has_payroll", "usage_born_with_payroll", "clients_keep_payroll")
#: Tried in `test_excuse_triggers.py`.
EXCUSES = ("assignments_excused", "visits_excused", "reviews_by_another")
#: Tried in `test_approval_triggers.py`.
APPROVALS = ("payments_approved", "payments_bonus")
OTHERS = (
    "technicians_version",
    "technicians_word_ends",
    "technicians_held",
    "bookings_changed",
    "day_asks_changed",
    "events_chain",
    "offers_end_once",
    "assignments_end_once",
    "jobs_look",
    "proposals_end_once",
    *LEDGER,
    *BUDGETS,
    *PRIVACY,
    *PROOFS,
    *PAYROLL,
    *EXCUSES,
    *APPROVALS,
    "jobs_of_approved",
    "jobs_published",
    "offers_of_approved",
    "assignments_of_approved",
    "usage_changed",
    "usage_way",
    "assignments_usage",
    "assignments_usage_moved",
    "time_entries_usage",
    "time_entries_usage_moved",
    "reviews_end_once",
)


def test_every_trigger_of_the_catalogue_is_tried_here():
    assert {name for _, name in names("triggers")} == {*KEPT, *TOUCHES, *OTHERS}


@pytest.mark.parametrize("name", sorted(KEPT))
@pytest.mark.parametrize("viewer", ["superuser", "migrate"])
def test_what_is_kept_as_it_was_written_is_kept_from_the_owner_too(guarded: Guarded, name: str, viewer: str):
    table, statements = KEPT[name]
    if viewer != "superuser":
        guarded.run("SET LOCAL ROLE truckroll_migrate")
    for statement in statements:
        refusal = guarded.refuses(statement)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, name)
        assert f"{table} rows are kept as they were written" in refusal.message


def version(guarded: Guarded, name: str = "anna") -> int:
    ((number,),) = guarded.rows(f"SELECT version FROM technicians WHERE id = '{id_of(name)}'")
    return int(number)


def is_marked_as_changed_now(guarded: Guarded, table: str, name: str) -> bool:
    where = guarded.world.where(table, name)
    return bool(guarded.rows(f"SELECT FROM {table} WHERE {where} AND changed_xid = pg_current_xact_id()"))


@pytest.mark.parametrize("name", TOUCHES)
def test_a_change_to_what_the_rules_read_moves_the_technicians_version(guarded: Guarded, name: str):
    table, event = name.split("_touch_")
    row, change = TOUCHING[table]
    where = guarded.world.where(table, row)
    before, others_before = version(guarded), version(guarded, "cy")
    if event == "insert":
        # Set aside without a trigger, so that only its coming back is seen.
        guarded.run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        guarded.run(f"CREATE TEMP TABLE aside ON COMMIT DROP AS SELECT * FROM {table} WHERE {where}")
        guarded.run(f"DELETE FROM {table} WHERE {where}")
        guarded.run(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        guarded.run(f"INSERT INTO {table} SELECT * FROM aside")
    elif event == "update":
        guarded.run(guarded.update(table, row, change))
    else:
        guarded.run(f"DELETE FROM {table} WHERE {where}")
    assert version(guarded) == before + 1
    assert is_marked_as_changed_now(guarded, "technicians", "anna")
    assert version(guarded, "cy") == others_before


def test_two_changes_in_one_transaction_move_the_version_once(guarded: Guarded):
    before = version(guarded)
    guarded.run(guarded.update("technician_skills", "anna", "level = 4"))
    guarded.run(guarded.update("credentials", "anna", "state = 'expired'"))
    assert version(guarded) == before + 1


def test_a_client_who_may_not_change_a_technician_still_moves_their_version_by_a_mark(guarded: Guarded):
    before = version(guarded)
    with guarded.acting("acme"):
        guarded.run(guarded.update("client_marks", "acme", "kind = 'block', reason = 'Rude'"))
    assert version(guarded) == before + 1


def test_technicians_version_counts_up_whatever_the_statement_sets(guarded: Guarded):
    before = version(guarded)
    guarded.run(guarded.update("technicians", "anna", "version = 77, changed_xid = '3'"))
    assert version(guarded) == before + 1
    assert is_marked_as_changed_now(guarded, "technicians", "anna")


@pytest.mark.parametrize("name", ["bookings_changed", "day_asks_changed"])
def test_a_changed_row_says_in_which_transaction_whatever_the_statement_sets(guarded: Guarded, name: str):
    table = name.removesuffix("_changed")
    guarded.run(guarded.update(table, "anna", "changed_xid = '3'"))
    assert is_marked_as_changed_now(guarded, table, "anna")


def test_events_chain_numbers_and_chains_an_event_whatever_the_statement_sets(guarded: Guarded):
    new = id_of("second event")
    lies = {"id": f"'{new}'", "seq": "55", "xid": "'3'", "prev_hash": "'lie'", "hash": "'lie'"}
    ((first_seq, first_hash),) = guarded.rows(
        f"SELECT seq, hash FROM events WHERE {guarded.world.where('events', 'acme')}"
    )
    guarded.run(guarded.copy("events", "acme", lies))
    ((seq, prev_hash, own_hash, words, is_now),) = guarded.rows(
        f"SELECT seq, prev_hash, hash, event_text(e), xid = pg_current_xact_id() FROM events e WHERE id = '{new}'"
    )
    assert (first_seq, seq, is_now) == (1, 2, True)
    assert bytes(prev_hash) == bytes(first_hash)
    assert bytes(own_hash) == hashlib.sha256(bytes(first_hash) + words.encode()).digest()


def test_events_chain_starts_each_subject_anew(guarded: Guarded):
    new = id_of("other event")
    guarded.run(guarded.copy("events", "acme", {"id": f"'{new}'", "subject_kind": "'visit'"}))
    ((seq, prev_hash, own_hash, words),) = guarded.rows(
        f"SELECT seq, prev_hash, hash, event_text(e) FROM events e WHERE id = '{new}'"
    )
    assert (seq, prev_hash) == (1, None)
    assert bytes(own_hash) == hashlib.sha256(words.encode()).digest()


@pytest.mark.parametrize(
    "changes",
    [
        "id = gen_random_uuid()",
        "client_id = NULL",
        "subject_kind = 'visit'",
        "subject_id = gen_random_uuid()",
        "seq = 2",
        "kind = 'x'",
        "actor_kind = 'operator'",
        "actor_id = gen_random_uuid()",
        "at = at + interval '1 microsecond'",
        "data = '{\"a\": 1}'",
    ],
)
def test_the_text_that_is_hashed_changes_with_every_part_of_an_event(guarded: Guarded, changes: str):
    guarded.isolate("events")
    statement = guarded.update("events", "acme", changes)
    ((before,),) = guarded.rows(f"SELECT event_text(e) FROM events e WHERE {guarded.world.where('events', 'acme')}")
    ((after,),) = guarded.rows(f"{statement} RETURNING event_text(events)")
    assert after != before


def hours(guarded: Guarded, name: str = "acme") -> tuple[dict[str, list[int]], int, int, int]:
    """Days, seconds worked and promised, and the version."""
    where = guarded.world.where("usage", name)
    ((days, worked, promised, version),) = guarded.rows(
        f"SELECT days, worked_s, promised_s, version FROM usage WHERE {where}"
    )
    return days, int(worked), int(promised), int(version)


def test_usage_changed_says_in_which_transaction_whatever_the_statement_sets(guarded: Guarded):
    guarded.run(guarded.update("usage", "acme", "changed_xid = '3'"))
    assert is_marked_as_changed_now(guarded, "usage", "acme")


def test_usage_way_is_the_companys_for_its_people_and_a_contractors_for_others_unless_it_is_said(guarded: Guarded):
    where, key = guarded.world.where("usage", "acme"), guarded.world.keys["usage"]["acme"]
    company = f"'{id_of('crew')}'"

    def made(of: str, way: str) -> str:
        guarded.run(f"UPDATE technicians SET company_id = {of} WHERE id = '{key['technician_id']}'")
        guarded.run(f"DELETE FROM usage WHERE {where}")
        ((found,),) = guarded.rows(
            "INSERT INTO usage (client_id, technician_id, engaged_as)"
            f" VALUES ('{key['client_id']}', '{key['technician_id']}', {way}) RETURNING engaged_as"
        )
        return str(found)

    assert made("NULL", "NULL") == "contractor"
    assert made(company, "NULL") == "company"
    assert made(company, "'contractor'") == "contractor"


def test_assignments_usage_counts_a_new_promise_on_its_days_in_the_clients_zone(guarded: Guarded):
    assert hours(guarded) == ({"2026-03-02": [0, 7200]}, 0, 7200, 1)
    guarded.run(guarded.update("clients", "acme", "hours_zone = 'America/New_York'"))
    guarded.run(
        "ALTER TABLE assignments DROP CONSTRAINT uq_assignments_booking_id; DROP INDEX uq_assignments_live_slot"
    )
    night = {"id": "gen_random_uuid()", "start_at": "'2026-03-08T04:00Z'", "end_at": "'2026-03-09T05:00Z'"}
    guarded.run(guarded.copy("assignments", "acme", night))
    days = {"2026-03-02": [0, 7200], "2026-03-07": [0, 3600], "2026-03-08": [0, 23 * 3600], "2026-03-09": [0, 3600]}
    assert hours(guarded) == (days, 0, 27 * 3600, 2)
    assert hours(guarded, "burg")[3] == 1


def test_assignments_usage_moved_follows_a_promise_until_its_log_takes_over(guarded: Guarded):
    guarded.run(guarded.update("assignments", "acme", "watch_at = now()"))
    assert hours(guarded)[3] == 1, "a change that is none of its business"
    guarded.run(guarded.update("assignments", "acme", "end_at = end_at + interval '13 hours'"))
    assert hours(guarded) == ({"2026-03-02": [0, 12 * 3600], "2026-03-03": [0, 3 * 3600]}, 0, 15 * 3600, 2)
    guarded.run(guarded.update("assignments", "acme", "presence = 'checked_out'"))
    assert hours(guarded) == ({"2026-03-02": [7200, 0]}, 7200, 0, 3)
    guarded.run(guarded.update("assignments", "acme", "state = 'finished', ended_at = now()"))
    assert hours(guarded)[1:] == (7200, 0, 3)


def test_assignments_usage_moved_forgets_what_was_given_back(guarded: Guarded):
    guarded.run("DELETE FROM time_entries")
    guarded.run(guarded.update("assignments", "acme", "state = 'released', ended_at = now()"))
    assert hours(guarded) == ({}, 0, 0, 2)


def test_time_entries_usage_counts_work_and_waiting_of_what_is_no_promise_any_more(guarded: Guarded):
    guarded.run("ALTER TABLE time_entries DROP CONSTRAINT ex_time_entries_no_overlap")
    wait = {"id": "gen_random_uuid()", "entry_id": "gen_random_uuid()", "kind": "'wait'"}
    guarded.run(guarded.copy("time_entries", "acme", wait))
    assert hours(guarded)[1:] == (0, 7200, 1), "it is promised still"
    guarded.run(guarded.update("assignments", "acme", "presence = 'checked_out'"))
    assert hours(guarded)[1:3] == (14400, 0)
    for kind, seconds in (("break", 14400), ("work", 21600)):
        guarded.run(guarded.copy("time_entries", "acme", wait | {"kind": f"'{kind}'"}))
        assert hours(guarded)[1] == seconds


def test_time_entries_usage_moved_follows_a_correction(guarded: Guarded):
    guarded.run(guarded.update("time_entries", "acme", "ended_at = ended_at + interval '1 hour'"))
    assert hours(guarded)[1:] == (0, 7200, 1), "it is promised still"
    guarded.run(guarded.update("assignments", "acme", "presence = 'checked_out'"))
    guarded.run(guarded.update("time_entries", "acme", "ended_at = ended_at - interval '30 minutes'"))
    assert hours(guarded)[1:] == (9000, 0, 3)
    guarded.run(guarded.update("time_entries", "acme", "state = 'superseded', agreed_at = NULL"))
    assert hours(guarded)[0] == {}


@pytest.mark.parametrize("ended", ENDED_OFFERS)
def test_offers_end_once_lets_no_ended_offer_become_anything_else(guarded: Guarded, ended: str):
    guarded.run(guarded.update("offers", "acme", f"state = '{ended}'"))
    for state in (*LIVE_OFFERS, *ENDED_OFFERS):
        again = guarded.update("offers", "acme", f"state = '{state}'")
        if state == ended:
            assert guarded.accepts(again) == 1
            continue
        refusal = guarded.refuses(again)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "offers_end_once")
        assert f"this offer ended as {ended}: it cannot become {state}" in refusal.message


@pytest.mark.parametrize("live", LIVE_OFFERS)
def test_offers_end_once_leaves_an_open_offer_free_to_move(guarded: Guarded, live: str):
    guarded.run(guarded.update("offers", "acme", f"state = '{live}'"))
    for state in (*LIVE_OFFERS, *ENDED_OFFERS):
        assert guarded.accepts(guarded.update("offers", "acme", f"state = '{state}'")) == 1


@pytest.mark.parametrize("ended", ["released", "substituted", "finished"])
def test_assignments_end_once_lets_no_ended_assignment_become_anything_else(guarded: Guarded, ended: str):
    guarded.run(guarded.update("assignments", "acme", f"state = '{ended}', ended_at = now()"))
    for state, ended_at in (("live", "NULL"), ("released", "now()"), ("substituted", "now()"), ("finished", "now()")):
        again = guarded.update("assignments", "acme", f"state = '{state}', ended_at = {ended_at}")
        if state == ended:
            assert guarded.accepts(again) == 1
            continue
        refusal = guarded.refuses(again)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "assignments_end_once")


def test_jobs_look_sets_the_timer_whenever_the_version_moves_and_only_then(guarded: Guarded):
    acme = guarded.world.where("jobs", "acme")
    guarded.run(f"UPDATE jobs SET look_at = NULL WHERE {acme}")
    guarded.run(f"UPDATE jobs SET title = 'Another' WHERE {acme}")
    assert guarded.rows(f"SELECT look_at IS NULL FROM jobs WHERE {acme}") == [(True,)]
    guarded.run(f"UPDATE jobs SET version = version + 1, look_at = '2031-01-01' WHERE {acme}")
    assert guarded.rows(f"SELECT look_at BETWEEN now() AND clock_timestamp() FROM jobs WHERE {acme}") == [(True,)]


@pytest.mark.parametrize("ended", [state for state in PROPOSAL_STATES if state != "open"])
def test_proposals_end_once_lets_no_ended_proposal_become_anything_else(guarded: Guarded, ended: str):
    guarded.run(guarded.update("proposals", "acme", f"state = '{ended}', decided_at = now()"))
    for state in PROPOSAL_STATES:
        decided_at = "NULL" if state == "open" else "now()"
        again = guarded.update("proposals", "acme", f"state = '{state}', decided_at = {decided_at}")
        if state == ended:
            assert guarded.accepts(again) == 1
            continue
        refusal = guarded.refuses(again)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "proposals_end_once")
        assert f"this proposal ended as {ended}: it cannot become {state}" in refusal.message


@pytest.mark.parametrize("ended", ["upheld", "rejected"])
def test_reviews_end_once_lets_no_answered_review_become_anything_else(guarded: Guarded, ended: str):
    guarded.run(guarded.update("reviews", "acme", f"state = '{ended}', decided_at = now()"))
    for state in REVIEW_STATES:
        again = guarded.update("reviews", "acme", f"state = '{state}', decided_at = now()")
        if state == ended:
            assert guarded.accepts(again) == 1
            continue
        refusal = guarded.refuses(again)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "reviews_end_once")
        assert f"this review ended as {ended}: it cannot become {state}" in refusal.message


NOT_APPROVED = {"applied": "NULL", "declined": "'other'", "suspended": "'other'"}


def set_client(guarded: Guarded, state: str) -> None:
    reason = NOT_APPROVED.get(state, "NULL")
    guarded.run(guarded.update("clients", "acme", f"state = '{state}', state_reason = {reason}"))


@pytest.mark.parametrize("state", NOT_APPROVED)
@pytest.mark.parametrize("table", ["jobs", "offers", "assignments"])
def test_a_client_that_is_not_approved_has_no_job_posted_nobody_asked_and_nobody_assigned(
    guarded: Guarded, table: str, state: str
):
    guarded.isolate(table)
    guarded.run(f"ALTER TABLE {table} ENABLE TRIGGER {table}_of_approved")
    new = guarded.copy(table, "acme", {"id": "gen_random_uuid()"})
    assert guarded.accepts(new) == 1
    set_client(guarded, state)
    refusal = guarded.refuses(new)
    assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, f"{table}_of_approved")
    assert guarded.accepts(guarded.copy(table, "burg", {"id": "gen_random_uuid()"})) == 1


def test_jobs_published_lets_no_draft_of_a_client_out_that_is_not_approved(guarded: Guarded):
    guarded.run(guarded.update("jobs", "acme", "state = 'draft'"))
    publish = guarded.update("jobs", "acme", "state = 'open'")
    assert guarded.accepts(publish) == 1
    set_client(guarded, "suspended")
    assert guarded.refuses(publish).constraint == "jobs_of_approved"
    assert guarded.accepts(guarded.update("jobs", "acme", "state = 'cancelled', cancelled_at = now()")) == 1


@pytest.mark.parametrize(
    ("regions", "site", "is_there"),
    [
        ("NULL", "region = 'TX', country = 'US'", True),
        ('\'["TX", "NM"]\'', "region = 'TX', country = 'US'", True),
        ('\'["TX", "NM"]\'', "region = 'tx', country = 'US'", True),
        ("'[\"NM\"]'", "region = 'TX', country = 'US'", False),
        ("'[]'", "region = 'TX', country = 'US'", False),
        ("'[\"TX\"]'", "region = 'TX', country = 'MX'", False),
    ],
)
def test_jobs_are_posted_only_where_the_client_operates(guarded: Guarded, regions: str, site: str, is_there: bool):
    guarded.isolate("jobs")
    guarded.run("ALTER TABLE jobs ENABLE TRIGGER jobs_of_approved")
    guarded.run(guarded.update("sites", "acme", site))
    guarded.run(guarded.update("clients", "acme", f"regions = {regions}"))
    new = guarded.copy("jobs", "acme", {"id": "gen_random_uuid()"})
    if is_there:
        assert guarded.accepts(new) == 1
    else:
        refusal = guarded.refuses(new)
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "jobs_in_regions")


@pytest.mark.parametrize("before", ["suspended", "left"])
def test_technicians_held_lets_nobody_work_again_before_their_removal_has_ended(guarded: Guarded, before: str):
    """Cy has a removal that is open; whoever works goes on until the notice suspends them."""
    assert guarded.accepts(guarded.update("technicians", "cy", "state = 'paused'")) == 1
    guarded.run(guarded.update("technicians", "cy", f"state = '{before}'"))
    for state in ("active", "paused", "invited"):
        refusal = guarded.refuses(guarded.update("technicians", "cy", f"state = '{state}'"))
        assert (refusal.code, refusal.constraint) == (RESTRICT_VIOLATION, "technicians_held")
    for state in ("suspended", "left", "erased"):
        assert guarded.accepts(guarded.update("technicians", "cy", f"state = '{state}'")) == 1
    for ended in ("withdrawn", "final"):
        guarded.run(guarded.update("removals", "cy", f"state = '{ended}', ended_at = now(), weighed = 'x'"))
        assert guarded.accepts(guarded.update("technicians", "cy", "state = 'active'")) == 1
