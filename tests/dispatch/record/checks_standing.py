"""The checks of standing work and crews."""

from edges import Edge, known

from dispatch.record.tables import standing

CHECKS = {
    "ck_jobs_series_with_its_day": Edge(
        ("series_id = NULL, series_day = NULL", "series_day = '2026-03-03'"), ("series_id = NULL", "series_day = NULL")
    ),
    "ck_series_make_ahead_days_range": Edge(
        ("make_ahead_days = 1", "make_ahead_days = 180"), ("make_ahead_days = 0", "make_ahead_days = 181")
    ),
    "ck_series_on_closed_day_known": known("on_closed_day", standing.ON_CLOSED_DAYS),
    "ck_series_only_active_is_due": Edge(
        ("state = 'active', due_at = now()", "state = 'paused', due_at = NULL", "state = 'active', due_at = NULL"),
        ("state = 'paused', due_at = now()", "state = 'ended', due_at = now()"),
    ),
    "ck_series_only_paused_has_why": Edge(
        ("state = 'paused', stopped_why = 'slots'", "state = 'ended', stopped_why = NULL"),
        ("state = 'active', stopped_why = 'slots'", "state = 'ended', stopped_why = 'slots'"),
    ),
    "ck_series_state_known": known("state", standing.SERIES_STATES),
    "ck_series_window_min_range": Edge(
        ("window_min = 1", "window_min = 20160"), ("window_min = 0", "window_min = 20161")
    ),
    "ck_slots_observer_leads_nobody": Edge(
        ("is_lead = true, is_observer = false", "is_lead = false, is_observer = true", "is_lead = false"),
        ("is_lead = true, is_observer = true",),
    ),
}
