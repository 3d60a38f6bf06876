"""The checks of alarms."""

from edges import Edge

CHECKS = {
    "ck_alarms_cleared_has_no_timer": Edge(
        (
            "next_climb_at = NULL",
            "cleared_at = now(), next_climb_at = NULL",
            "cleared_at = NULL, next_climb_at = now()",
        ),
        ("cleared_at = now(), next_climb_at = now()",),
    ),
    "ck_alarms_cleared_has_why": Edge(
        ("cleared_at = NULL, cleared_why = NULL", "cleared_at = now(), cleared_why = 'over'"),
        ("cleared_at = now(), cleared_why = NULL", "cleared_at = NULL, cleared_why = 'over'"),
    ),
    "ck_alarms_work_has_client": Edge(
        ("client_id = NULL, job_id = NULL, visit_id = NULL", "client_id = gen_random_uuid()"),
        ("client_id = NULL, job_id = NULL", "client_id = NULL, visit_id = NULL", "client_id = NULL"),
    ),
    "ck_alarms_due_finite": Edge(("due_at = '2026-03-02'",), ("due_at = 'infinity'", "due_at = '-infinity'")),
    "ck_alarms_level_size": Edge(("level = 0",), ("level = -1",)),
}
