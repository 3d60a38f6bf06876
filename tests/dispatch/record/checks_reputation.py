"""The checks of outcomes, ratings, the network's means and reviews."""

from edges import Edge, known

from dispatch.record.tables import reputation
from dispatch.record.tables.presence import SIDES

_SHARE = ("NaN", "infinity", "-0.000001", "1.000001")

CHECKS = {
    "ck_network_means_num_size": Edge(("num = 1",), ("num = 0",)),
    "ck_outcomes_at_finite": Edge(("at = '2026-03-02'",), ("at = 'infinity'", "at = '-infinity'")),
    "ck_outcomes_part_known": known("part", reputation.PARTS),
    "ck_outcomes_severity_size": Edge(
        ("severity = 0.000001", "severity = 10"),
        ("severity = 0", "severity = 10.000001", "severity = 'NaN'", "severity = 'infinity'"),
    ),
    "ck_outcomes_value_share": Edge(("value = 0", "value = 1"), tuple(f"value = '{each}'" for each in _SHARE)),
    "ck_ratings_by_side_known": known("by_side", SIDES),
    "ck_ratings_stars_range": Edge(("stars = 1", "stars = 5"), ("stars = 0", "stars = 6")),
    "ck_reviews_about_known": known("about", reputation.REVIEW_ABOUTS),
    "ck_reviews_about_something": Edge(
        (
            "about = 'decision', assignment_id = NULL, event_id = NULL, decision_id = gen_random_uuid()",
            "about = 'lapse'",
            "about = 'excuse'",
        ),
        (
            "event_id = NULL",
            "assignment_id = NULL",
            "decision_id = gen_random_uuid()",
            "about = 'decision'",
            "about = 'decision', decision_id = gen_random_uuid(), event_id = NULL",
            "about = 'decision', decision_id = gen_random_uuid(), assignment_id = NULL",
            "about = 'decision', assignment_id = NULL, event_id = NULL",
            "about = 'lapse', event_id = NULL",
            "about = 'lapse', assignment_id = NULL",
            "about = 'lapse', decision_id = gen_random_uuid()",
            "about = 'excuse', event_id = NULL",
        ),
    ),
    "ck_reviews_decided_has_time": Edge(
        ("state = 'open', decided_at = NULL", "state = 'upheld', decided_at = now()"),
        ("state = 'open', decided_at = now()", "state = 'rejected', decided_at = NULL"),
    ),
    "ck_reviews_due_finite": Edge(("due_at = '2026-03-02'",), ("due_at = 'infinity'",)),
    "ck_reviews_excuses_answered_in_time": Edge(
        (
            "about = 'excuse', state = 'rejected', decided_at = due_at",
            "about = 'excuse', state = 'unanswered', decided_at = due_at + interval '1 day'",
            "about = 'lapse', state = 'upheld', decided_at = due_at + interval '1 day'",
        ),
        tuple(
            f"about = 'excuse', state = '{each}', decided_at = due_at + interval '1 microsecond'"
            for each in ("upheld", "rejected")
        ),
    ),
    "ck_reviews_only_excuses_go_unanswered": Edge(
        ("about = 'excuse', state = 'unanswered', decided_at = now()",),
        ("about = 'outcome', state = 'unanswered', decided_at = now()",),
    ),
    "ck_reviews_only_excuses_pass_on": Edge(
        ("about = 'excuse', passed_on_at = now()", "about = 'outcome', passed_on_at = NULL"),
        ("about = 'outcome', passed_on_at = now()", "about = 'lapse', passed_on_at = now()"),
    ),
    "ck_reviews_state_known": known("state", reputation.REVIEW_STATES),
    "ck_technicians_reputation_high_share": Edge(
        ("reputation_high = 0", "reputation_high = 1", "reputation_high = NULL"),
        tuple(f"reputation_high = '{each}'" for each in _SHARE),
    ),
}
