"""The checks of positions, legal holds, persons' keys and erasures."""

from edges import PLACE, Edge, known

from dispatch.record.tables import privacy

_SOMEBODY = "gen_random_uuid()"

CHECKS = {
    "ck_positions_place_on_earth": PLACE,
    "ck_positions_accuracy_size": Edge(("accuracy_m = 0", "accuracy_m = NULL"), ("accuracy_m = -1",)),
    "ck_legal_holds_about_known": known("about", privacy.HELD),
    "ck_legal_holds_about_one_thing": Edge(
        (
            f"about = 'job', job_id = {_SOMEBODY}, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = NULL",
            f"about = 'client', job_id = NULL, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = NULL",
            f"about = 'technician', job_id = NULL, client_id = NULL, technician_id = {_SOMEBODY}, staff_id = NULL",
            f"about = 'staff', job_id = NULL, client_id = NULL, technician_id = NULL, staff_id = {_SOMEBODY}",
        ),
        (
            f"about = 'staff', job_id = NULL, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = {_SOMEBODY}",
            f"about = 'staff', job_id = NULL, client_id = NULL, technician_id = {_SOMEBODY}, staff_id = {_SOMEBODY}",
            f"about = 'staff', job_id = {_SOMEBODY}, client_id = NULL, technician_id = NULL, staff_id = {_SOMEBODY}",
            "about = 'staff', job_id = NULL, client_id = NULL, technician_id = NULL, staff_id = NULL",
            f"about = 'job', job_id = {_SOMEBODY}, client_id = {_SOMEBODY}, technician_id = NULL,"
            f" staff_id = {_SOMEBODY}",
            f"about = 'client', job_id = NULL, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = {_SOMEBODY}",
            f"about = 'technician', job_id = NULL, client_id = NULL, technician_id = {_SOMEBODY},"
            f" staff_id = {_SOMEBODY}",
            f"about = 'job', job_id = {_SOMEBODY}, client_id = NULL, technician_id = NULL, staff_id = NULL",
            f"about = 'job', job_id = NULL, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = NULL",
            f"about = 'job', job_id = {_SOMEBODY}, client_id = {_SOMEBODY}, technician_id = {_SOMEBODY},"
            " staff_id = NULL",
            "about = 'client', job_id = NULL, client_id = NULL, technician_id = NULL, staff_id = NULL",
            f"about = 'client', job_id = {_SOMEBODY}, client_id = {_SOMEBODY}, technician_id = NULL, staff_id = NULL",
            "about = 'technician', job_id = NULL, client_id = NULL, technician_id = NULL, staff_id = NULL",
            f"about = 'technician', job_id = NULL, client_id = {_SOMEBODY}, technician_id = {_SOMEBODY},"
            " staff_id = NULL",
        ),
    ),
    "ck_legal_holds_until_after_placed": Edge(
        ("until_at = NULL", "until_at = placed_at + interval '1 microsecond'"),
        ("until_at = placed_at", "until_at = placed_at - interval '1 day'", "until_at = 'infinity'"),
    ),
    "ck_person_keys_one_person": Edge(
        (
            "technician_id = person_id, staff_id = NULL",
            "technician_id = NULL, staff_id = person_id",
        ),
        (
            "technician_id = NULL, staff_id = NULL",
            "technician_id = person_id, staff_id = person_id",
            f"technician_id = {_SOMEBODY}, staff_id = NULL",
            f"technician_id = NULL, staff_id = {_SOMEBODY}",
        ),
    ),
    "ck_person_keys_destroyed_has_time": Edge(
        ("sealed = 'x', destroyed_at = NULL", "sealed = NULL, destroyed_at = now()"),
        ("sealed = NULL, destroyed_at = NULL", "sealed = 'x', destroyed_at = now()"),
    ),
    "ck_person_keys_kept_has_end": Edge(
        ("kept = NULL, kept_until = NULL", "kept = 'x', kept_until = now()"),
        ("kept = NULL, kept_until = now()", "kept = 'x', kept_until = NULL"),
    ),
    "ck_person_keys_kept_until_finite": Edge(
        ("kept_until = NULL", "kept = 'x', kept_until = now()"),
        ("kept = 'x', kept_until = 'infinity'", "kept = 'x', kept_until = '-infinity'"),
    ),
    "ck_erasures_one_person": Edge(
        (f"technician_id = {_SOMEBODY}, staff_id = NULL", f"technician_id = NULL, staff_id = {_SOMEBODY}"),
        ("technician_id = NULL, staff_id = NULL", f"technician_id = {_SOMEBODY}, staff_id = {_SOMEBODY}"),
    ),
    "ck_erasures_state_known": known("state", privacy.ERASURE_STATES),
    "ck_erasures_decided_has_time": Edge(
        ("state = 'asked', decided_at = NULL", "state = 'refused', decided_at = now()"),
        ("state = 'asked', decided_at = now()", "state = 'refused', decided_at = NULL"),
    ),
    "ck_erasures_refused_has_why": Edge(
        ("state = 'refused', why = 'not_them'", "state = 'done', why = NULL"), ("state = 'refused', why = NULL",)
    ),
    "ck_erasures_granted_has_timer": Edge(
        ("state = 'granted', next_at = now()", "state = 'asked', next_at = NULL"),
        ("state = 'granted', next_at = NULL", "state = 'asked', next_at = now()"),
    ),
    "ck_erasures_done_has_time": Edge(
        ("state = 'done', done_at = now()", "state = 'granted', done_at = NULL"),
        ("state = 'done', done_at = NULL", "state = 'granted', done_at = now()"),
    ),
    "ck_erasures_decide_after_asked": Edge(
        ("decide_by = asked_at + interval '1 microsecond'",),
        ("decide_by = asked_at", "decide_by = asked_at - interval '1 day'", "decide_by = 'infinity'"),
    ),
    "ck_erasures_blocked_by_list": Edge(
        ("blocked_by = '[]'",), ("blocked_by = '{}'", "blocked_by = '1'", "blocked_by = 'null'")
    ),
}
