"""The checks of presence, the time log, and how a visit ended."""

from edges import Edge, known

from dispatch.record.tables import jobs, offers, presence

#: The world's entry runs from 12:00 to 14:00 on 2 March 2026 and is agreed.
_OPEN = "ended_at = NULL, agreed_at = NULL"

CHECKS = {
    "ck_assignments_presence_known": known("presence", offers.PRESENCES),
    "ck_assignments_reply_code_digits": Edge(
        ("reply_code = '000000'", "reply_code = '987654'"),
        ("reply_code = '12345'", "reply_code = '1234567'", "reply_code = '12345a'", "reply_code = ''"),
    ),
    "ck_phone_words_channel_known": known("channel", presence.CHANNELS),
    "ck_time_entries_agreed_is_whole": Edge(
        ("agreed_at = now()", _OPEN, "agreed_at = NULL, state = 'proposed'"),
        ("ended_at = NULL", *(f"state = '{state}'" for state in ("proposed", "superseded", "refused"))),
    ),
    "ck_time_entries_kind_known": known("kind", presence.ENTRY_KINDS),
    "ck_time_entries_proposed_by_known": known("proposed_by", presence.SIDES),
    "ck_time_entries_source_known": known("source", presence.ENTRY_SOURCES),
    "ck_time_entries_span_at_most_14_days": Edge(
        ("ended_at = started_at + interval '14 days'", _OPEN),
        ("ended_at = started_at + interval '14 days 1 microsecond'",),
    ),
    "ck_time_entries_span_finite": Edge(
        (_OPEN, "ended_at = '2026-03-03'"),
        ("started_at = '-infinity'", "ended_at = 'infinity'"),
    ),
    "ck_time_entries_span_order": Edge(
        ("ended_at = started_at + interval '1 microsecond'", _OPEN),
        ("ended_at = started_at", "ended_at = started_at - interval '1 hour'"),
    ),
    "ck_time_entries_state_known": known("state", presence.ENTRY_STATES),
    "ck_time_entries_version_size": Edge(("version = 1", "version = 2"), ("version = 0", "version = -1")),
    "ck_visits_outcome_known": known("outcome", jobs.OUTCOMES),
}
