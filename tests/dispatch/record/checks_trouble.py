"""The checks of promises, of alarms that are put off, and of shifts of duty."""

from edges import Edge

_DURING = "during = tstzrange"
_STAFF = "staff_id = (SELECT id FROM staff LIMIT 1)"
CHECKS = {
    "ck_alarms_snoozed_by_somebody": Edge(
        ("snoozed_until = now(), snoozed_why = 'later'", "snoozed_until = NULL, snoozed_why = NULL"),
        (
            "snoozed_until = now()",
            "snoozed_why = 'later'",
            "snoozed_until = 'infinity', snoozed_why = 'later'",
            "snoozed_until = now(), snoozed_why = 'later', acknowledged_at = NULL",
        ),
    ),
    "ck_duty_shifts_contact_reachable": Edge(
        (
            "contact_name = NULL, contact_email = NULL, contact_phone = NULL",
            "contact_name = 'Ann', contact_email = 'a@example.org'",
            "contact_name = 'Ann', contact_phone = '+15125550100'",
        ),
        ("contact_name = 'Ann'", "contact_email = 'a@example.org'", "contact_phone = '+15125550100'"),
    ),
    "ck_duty_shifts_during_at_most_31_days": Edge(
        (f"{_DURING}(now(), now() + interval '31 days')",), (f"{_DURING}(now(), now() + interval '31 days 1 second')",)
    ),
    "ck_duty_shifts_during_finite": Edge(
        ("during = '[2026-03-02, 2026-03-03)'",),
        (
            "during = 'empty'",
            "during = '[2026-03-02,)'",
            "during = '(,2026-03-02)'",
            "during = '[2026-03-02, infinity)'",
            "during = '[-infinity, 2026-03-02)'",
            "during = '(2026-03-02, 2026-03-03)'",
            "during = '[2026-03-02, 2026-03-03]'",
        ),
    ),
    "ck_duty_shifts_level_range": Edge(("level = 1", "level = 9"), ("level = 0", "level = 10")),
    "ck_duty_shifts_somebody": Edge(
        (f"{_STAFF}, contact_name = NULL", "staff_id = NULL, contact_name = 'Ann'"),
        ("staff_id = NULL, contact_name = NULL", f"{_STAFF}, contact_name = 'Ann'"),
    ),
    "ck_jobs_deadlines_finite": Edge(
        ("respond_by = NULL, fix_by = now()", "respond_by = now(), fix_by = NULL"),
        ("respond_by = 'infinity'", "fix_by = '-infinity'", "respond_by = NULL, fix_by = 'infinity'"),
    ),
    "ck_jobs_pause_has_why_and_deadline": Edge(
        (
            "sla_paused_at = NULL, sla_paused_why = NULL",
            "sla_paused_at = NULL, sla_paused_why = NULL, respond_by = NULL, fix_by = NULL",
            "sla_paused_at = now(), sla_paused_why = 'access', respond_by = NULL, fix_by = now()",
        ),
        ("sla_paused_at = NULL", "sla_paused_why = NULL", "respond_by = NULL, fix_by = NULL"),
    ),
}
