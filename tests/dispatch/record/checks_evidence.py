"""The checks of files, parts, what was handed in, and requests from the site."""

from edges import Edge, known, sum_of_money

from dispatch.record.tables import evidence, files

_SIZE = Edge(("quantity = 1", "quantity = 10000"), ("quantity = 0", "quantity = 10001"))

CHECKS = {
    "ck_deliverables_due_finite": Edge(("due_at = '2026-03-02'", "due_at = NULL"), ("due_at = 'infinity'",)),
    "ck_deliverables_holds_something": Edge(
        (
            "number = NULL",
            "file_id = NULL",
            "file_id = NULL, number = NULL, written = 'SN-1'",
            "file_id = NULL, number = NULL, is_ok = false",
            "file_id = NULL, number = NULL, outcome = 'refused'",
        ),
        ("file_id = NULL, number = NULL", "file_id = NULL, number = NULL, caption = 'x', why = 'y'"),
    ),
    "ck_deliverables_judged_has_time": Edge(
        ("state = 'submitted', judged_at = NULL", "state = 'passed', judged_at = now()"),
        ("state = 'submitted', judged_at = now()", "state = 'passed', judged_at = NULL"),
    ),
    "ck_deliverables_kind_known": known("kind", evidence.ITEM_KINDS),
    "ck_deliverables_number_finite": Edge(
        ("number = -1e300", "number = 0", "number = NULL"),
        ("number = 'NaN'", "number = 'Infinity'", "number = '-Infinity'"),
    ),
    "ck_deliverables_outcome_has_why": Edge(
        ("outcome = NULL, why = NULL", "outcome = 'refused', why = 'no_time'"),
        ("outcome = 'refused', why = NULL", "outcome = NULL, why = 'no_time'"),
    ),
    "ck_deliverables_outcome_known": known("outcome", evidence.UNSIGNED),
    "ck_deliverables_sent_back_has_why": Edge(
        ("state = 'sent_back', judged_why = 'blurred'", "state = 'passed', judged_why = NULL"),
        ("state = 'sent_back', judged_why = NULL", "state = 'passed', judged_why = 'blurred'"),
    ),
    "ck_deliverables_state_known": known("state", evidence.DELIVERABLE_STATES),
    "ck_parts_expected_finite": Edge(
        ("expected_at = '2026-03-02'", "expected_at = NULL"), ("expected_at = 'infinity'",)
    ),
    "ck_parts_quantity_size": _SIZE,
    "ck_parts_received_has_time": Edge(
        ("state = 'received'", "state = 'wanted', received_at = NULL", "state = 'to_return', received_at = NULL"),
        ("state = 'received', received_at = NULL",),
    ),
    "ck_parts_ship_to_known": known("ship_to", evidence.SHIP_TO),
    "ck_parts_state_known": known("state", evidence.PART_STATES),
    "ck_site_requests_answer_after_made": Edge(
        ("answer_by = made_at + interval '1 microsecond'",),
        ("answer_by = made_at", "answer_by = made_at - interval '1 second'", "answer_by = 'infinity'"),
    ),
    "ck_site_requests_answered_has_time": Edge(
        ("state = 'waiting', answered_at = NULL", "state = 'granted', answered_at = now()"),
        ("state = 'waiting', answered_at = now()", "state = 'granted', answered_at = NULL"),
    ),
    "ck_site_requests_granted_amount_sum": sum_of_money("granted_amount"),
    "ck_site_requests_granted_minutes_size": Edge(
        ("granted_minutes = 1", "granted_minutes = 1440"), ("granted_minutes = 0", "granted_minutes = 1441")
    ),
    "ck_site_requests_kind_known": known("kind", evidence.SITE_REQUEST_KINDS),
    "ck_site_requests_minutes_size": Edge(("minutes = 1", "minutes = 1440"), ("minutes = 0", "minutes = 1441")),
    "ck_site_requests_quantity_size": _SIZE,
    "ck_site_requests_says_what": Edge(
        (
            "kind = 'more_time', item = NULL, quantity = NULL, skill = NULL",
            "kind = 'part', minutes = NULL, skill = NULL",
            "kind = 'different_skill', minutes = NULL, item = NULL",
            "kind = 'second_person', minutes = NULL, item = NULL, skill = NULL",
        ),
        (
            "kind = 'more_time', minutes = NULL",
            "kind = 'part', item = NULL",
            "kind = 'part', quantity = NULL",
            "kind = 'different_skill', skill = NULL",
        ),
    ),
    "ck_site_requests_state_known": known("state", evidence.SITE_REQUEST_STATES),
    "ck_files_claimed_finite": Edge(
        ("claimed_taken_at = '2026-03-02'", "claimed_taken_at = NULL"), ("claimed_taken_at = 'infinity'",)
    ),
    "ck_files_content_type_known": known("content_type", files.CONTENT_TYPES),
    "ck_files_kind_known": known("kind", files.FILE_KINDS),
    "ck_files_num_bytes_size": Edge(
        ("num_bytes = 1", "num_bytes = 50000000"), ("num_bytes = 0", "num_bytes = 50000001")
    ),
    "ck_files_picture_size": Edge(
        ("width = 1, height = 1", "width = NULL, height = NULL"),
        ("width = 0", "height = 0", "width = NULL", "height = NULL"),
    ),
    "ck_files_sha256_whole": Edge(
        ("sha256 = repeat('a', 64)",),
        ("sha256 = repeat('a', 63)", "sha256 = repeat('A', 64)", "sha256 = repeat('g', 64)", "sha256 = ''"),
    ),
    "ck_files_visit_has_job": Edge(("visit_id = NULL", "visit_id = NULL, job_id = NULL"), ("job_id = NULL",)),
}
