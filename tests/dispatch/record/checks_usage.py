"""The checks of the hours of a technician with a client."""

from edges import Edge, known

from dispatch.record.tables import usage
from matching.usage import ENGAGEMENTS

CHECKS = {
    "ck_usage_days_by_day": Edge(("days = '{}'", """days = '{"2026-03-02": [1, 2]}'"""), ("days = '[]'", "days = '1'")),
    "ck_usage_engaged_as_known": known("engaged_as", ENGAGEMENTS),
    "ck_usage_level_known": known("level", usage.LEVELS),
    "ck_usage_seconds_not_negative": Edge(
        ("worked_s = 0, promised_s = 0", "worked_s = 1, promised_s = 1"), ("worked_s = -1", "promised_s = -1")
    ),
}
