"""Every primary key, unique constraint, unique index and exclusion, alone: the same key twice is refused by its name.

A twin of a row of the world, written with all other guards of the table taken away, can be refused by this one only;
and a twin that differs in any one column of the key passes, so the key is not narrower than it says.
"""

import re

import pytest
from catalogue import names, stored
from guard_world import id_of
from guarding import Guarded

pytestmark = pytest.mark.guards

UNIQUE_VIOLATION = "23505"
EXCLUSION_VIOLATION = "23P01"

#: index with a condition -> a change that takes the row out of it
OUTSIDE = {
    "uq_pool_overrides_open": {"ended_at": "now()"},
    "uq_alarms_open": {"cleared_at": "now()", "cleared_why": "'over'"},
    "uq_assignments_live_slot": {"state": "'released'"},
    "uq_cleared_texts_job": {"job_id": "NULL"},
    "uq_cleared_texts_template": {"template_id": "NULL"},
    "uq_counters_open": {"state": "'refused'"},
    "uq_site_requests_waiting": {"state": "'granted'"},
    "uq_disputes_open": {"state": "'decided'", "decided_at": "now()", "awarded": "0"},
    "uq_erasures_open": {"state": "'refused'"},
    "uq_erasures_open_staff": {"state": "'refused'"},
    "uq_proposals_open": {"state": "'refused'", "decided_at": "now()"},
    "uq_removals_open": {"state": "'withdrawn'", "ended_at": "now()"},
    "uq_rounds_open": {"closed_at": "now()"},
    "uq_slots_lead": {"is_lead": "false"},
    "uq_jobs_series_day": {"series_id": "NULL"},
    "uq_templates_name": {"archived_at": "now()"},
    "uq_time_entries_open": {"state": "'superseded'"},
}
#: index that takes two missing values for the same -> a row whose value is missing
MISSING = {"uq_staff_client_id_email": "operator", "uq_seals_client_id_num": "network"}
#: index that takes two missing values for different -> the column
MANY_MISSING = {
    "uq_slots_visit_id_technician_id": "technician_id",
    "uq_admissions_code": "code",
    "uq_sign_ins_hash": "hash",
}

INDEXES = {
    name: (table, definition)
    for table, indexes in stored()["indexes"].items()
    for name, definition in indexes.items()
    if definition.startswith("CREATE UNIQUE INDEX")
}


def key(name: str) -> list[str]:
    """The columns of a unique index."""
    found = re.search(r"\((.*?)\)", INDEXES[name][1])
    assert found
    return found[1].split(", ")


def row_of(guarded: Guarded, name: str) -> str:
    """A row of the world whose key has no missing value."""
    table = INDEXES[name][0]
    whole = " AND ".join(f"{column} IS NOT NULL" for column in key(name))
    rows = sorted(guarded.world.keys[table], key=lambda each: (each != "acme", each))
    return next(
        row for row in rows if guarded.rows(f"SELECT FROM {table} WHERE {guarded.world.where(table, row)} AND {whole}")
    )


def test_the_cases_below_are_all_that_the_definitions_ask_for():
    assert set(OUTSIDE) == {name for name, (_, words) in INDEXES.items() if " WHERE " in words}
    assert set(MISSING) == {name for name, (_, words) in INDEXES.items() if "NULLS NOT DISTINCT" in words}
    assert names("constraints", "EXCLUDE") == [
        ("bookings", "ex_bookings_no_overlap"),
        ("duty_shifts", "ex_duty_shifts_one_at_a_time"),
        ("time_entries", "ex_time_entries_no_overlap"),
    ]


@pytest.mark.parametrize("name", sorted(INDEXES))
def test_a_unique_index_alone_refuses_the_same_key_twice_and_no_other(guarded: Guarded, name: str):
    table, row = INDEXES[name][0], row_of(guarded, name)
    guarded.isolate(table, keep=name)
    refusal = guarded.refuses(guarded.copy(table, row))
    assert (refusal.code, refusal.constraint) == (UNIQUE_VIOLATION, name)
    for column in key(name):
        twin = guarded.copy(table, row, {column: guarded.fresh(table, column)})
        assert guarded.accepts(twin) == 1, f"{name} refuses rows that differ in {column}"


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_a_unique_index_with_a_condition_lets_what_has_ended_stand_beside_what_is_open(guarded: Guarded, name: str):
    table = INDEXES[name][0]
    guarded.isolate(table, keep=name)
    assert guarded.accepts(guarded.copy(table, row_of(guarded, name), OUTSIDE[name])) == 1


@pytest.mark.parametrize("name", sorted(MISSING))
def test_a_key_with_a_missing_client_is_the_networks_own_and_unique_too(guarded: Guarded, name: str):
    table = INDEXES[name][0]
    guarded.isolate(table, keep=name)
    assert guarded.refuses(guarded.copy(table, MISSING[name])).constraint == name


@pytest.mark.parametrize("name", sorted(MANY_MISSING))
def test_a_missing_technician_may_stand_there_many_times(guarded: Guarded, name: str):
    table = INDEXES[name][0]
    guarded.isolate(table, keep=name)
    empty = {MANY_MISSING[name]: "NULL"}
    guarded.run(guarded.copy(table, row_of(guarded, name), empty))
    # The row and its twin stand there by now, and both may be written once more.
    assert guarded.accepts(guarded.copy(table, row_of(guarded, name), empty)) == 2


#: Anna is booked on [12:00, 14:00) of 2 March 2026, UTC.
@pytest.mark.parametrize(
    ("busy", "is_free"),
    [
        ("[2026-03-02 14:00+00, 2026-03-02 15:00+00)", True),
        ("[2026-03-02 11:00+00, 2026-03-02 12:00+00)", True),
        ("[2026-03-02 13:59:59.999999+00, 2026-03-02 15:00+00)", False),
        ("[2026-03-02 11:00+00, 2026-03-02 12:00:00.000001+00)", False),
        ("[2026-03-02 12:30+00, 2026-03-02 13:00+00)", False),
        ("[2026-03-02 11:00+00, 2026-03-02 15:00+00)", False),
        ("[2026-03-02 12:00+00, 2026-03-02 14:00+00)", False),
    ],
)
def test_ex_bookings_no_overlap_keeps_a_technician_out_of_two_places_at_once(
    guarded: Guarded, busy: str, is_free: bool
):
    guarded.isolate("bookings", keep="ex_bookings_no_overlap")
    second = guarded.copy("bookings", "anna", {"busy": f"'{busy}'"})
    if is_free:
        assert guarded.accepts(second) == 1
    else:
        refusal = guarded.refuses(second)
        assert (refusal.code, refusal.constraint) == (EXCLUSION_VIOLATION, "ex_bookings_no_overlap")


def test_ex_bookings_no_overlap_lets_another_technician_and_a_released_booking_stand(guarded: Guarded):
    guarded.isolate("bookings", keep="ex_bookings_no_overlap")
    assert guarded.accepts(guarded.copy("bookings", "anna", {"technician_id": "gen_random_uuid()"})) == 1
    assert guarded.accepts(guarded.copy("bookings", "anna", {"live": "false"})) == 1
    guarded.run(guarded.update("bookings", "anna", "live = false"))
    guarded.run(guarded.copy("bookings", "anna", {"live": "true"}))
    refusal = guarded.refuses(guarded.update("bookings", "anna", "live = true"))
    assert refusal.constraint == "ex_bookings_no_overlap"


#: Acme's first level has its duty on [12:00, 24:00) of 2 March 2026, UTC.
@pytest.mark.parametrize(
    ("changes", "is_free"),
    [
        ({"during": "'[2026-03-03 00:00+00, 2026-03-03 12:00+00)'"}, True),
        ({"level": "2"}, True),
        ({"client_id": "gen_random_uuid()"}, True),
        ({"during": "'[2026-03-02 23:59:59.999999+00, 2026-03-03 12:00+00)'"}, False),
        ({"during": "'[2026-03-02 13:00+00, 2026-03-02 14:00+00)'"}, False),
    ],
)
def test_ex_duty_shifts_one_at_a_time_leaves_no_doubt_who_has_the_duty(
    guarded: Guarded, changes: dict[str, str], is_free: bool
):
    guarded.isolate("duty_shifts", keep="ex_duty_shifts_one_at_a_time")
    second = guarded.copy("duty_shifts", "acme", changes)
    if is_free:
        assert guarded.accepts(second) == 1
    else:
        refusal = guarded.refuses(second)
        assert (refusal.code, refusal.constraint) == (EXCLUSION_VIOLATION, "ex_duty_shifts_one_at_a_time")


#: Anna's entry for Acme runs over [12:00, 14:00) of 2 March 2026, UTC.
@pytest.mark.parametrize(
    ("start", "end", "is_free"),
    [
        ("2026-03-02 14:00+00", "2026-03-02 15:00+00", True),
        ("2026-03-02 11:00+00", "2026-03-02 12:00+00", True),
        ("2026-03-02 13:59:59.999999+00", "2026-03-02 15:00+00", False),
        ("2026-03-02 11:00+00", "2026-03-02 12:00:00.000001+00", False),
        ("2026-03-02 11:00+00", None, False),
        ("2026-03-02 14:00+00", None, True),
    ],
)
def test_ex_time_entries_no_overlap_keeps_a_technicians_spans_apart(
    guarded: Guarded, start: str, end: str | None, is_free: bool
):
    guarded.isolate("time_entries", keep="ex_time_entries_no_overlap")
    span = {"started_at": f"'{start}'", "ended_at": f"'{end}'" if end else "NULL"}
    second = guarded.copy("time_entries", "acme", span)
    if is_free:
        assert guarded.accepts(second) == 1
    else:
        refusal = guarded.refuses(second)
        assert (refusal.code, refusal.constraint) == (EXCLUSION_VIOLATION, "ex_time_entries_no_overlap")


def test_ex_time_entries_no_overlap_lets_others_and_what_does_not_hold_stand_beside(guarded: Guarded):
    guarded.isolate("time_entries", keep="ex_time_entries_no_overlap")
    assert guarded.accepts(guarded.copy("time_entries", "acme", {"technician_id": "gen_random_uuid()"})) == 1
    for state in ("proposed", "superseded", "refused"):
        assert guarded.accepts(guarded.copy("time_entries", "acme", {"state": f"'{state}'"})) == 1


def test_ex_time_entries_no_overlap_sees_the_spans_of_all_clients(guarded: Guarded):
    guarded.isolate("time_entries", keep="ex_time_entries_no_overlap")
    with guarded.acting("engine"):
        refusal = guarded.refuses(guarded.copy("time_entries", "acme", {"client_id": f"'{id_of('burg')}'"}))
    assert refusal.constraint == "ex_time_entries_no_overlap"
