"""The checks of webhooks and their deliveries. The world's endpoint is paused and failing, its delivery waits."""

from edges import Edge, known

CHECKS = {
    "ck_webhooks_state_known": known("state", ("active", "paused")),
    "ck_webhooks_paused_why_known": known("paused_why", ("asked", "failing", "gone")),
    "ck_webhooks_paused_has_why": Edge(
        ("state = 'active', paused_why = NULL", "state = 'paused', paused_why = 'asked'"),
        ("state = 'active', paused_why = 'asked'", "state = 'paused', paused_why = NULL"),
    ),
    "ck_webhooks_old_secret_ends": Edge(
        ("old_secret = NULL, old_secret_until = NULL", "old_secret = 'whsec_x', old_secret_until = now()"),
        ("old_secret = NULL, old_secret_until = now()", "old_secret = 'whsec_x', old_secret_until = NULL"),
    ),
    "ck_webhooks_failing_has_time": Edge(
        ("num_failures = 0, failing_since = NULL", "num_failures = 7, failing_since = now()"),
        ("num_failures = 0, failing_since = now()", "num_failures = 7, failing_since = NULL"),
    ),
    "ck_webhooks_counts_size": Edge(
        ("after_seq = 0, num_failures = 0, trouble = 0",),
        ("after_seq = -1", "num_failures = -1", "trouble = -1"),
    ),
    "ck_webhook_deliveries_state_known": known("state", ("waiting", "delivered", "failed")),
    "ck_webhook_deliveries_counts_size": Edge(
        ("num_tries = 0, last_ms = 0, seq = 1", "last_ms = NULL"), ("num_tries = -1", "last_ms = -1", "seq = 0")
    ),
    "ck_webhook_deliveries_ended_has_no_timer": Edge(
        ("state = 'waiting', next_try_at = now()", "state = 'failed', next_try_at = NULL"),
        tuple(f"state = '{state}', next_try_at = now()" for state in ("delivered", "failed")),
    ),
}
