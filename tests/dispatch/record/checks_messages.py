"""The checks of notices, threads and messages."""

from edges import Edge, known

from dispatch.record.tables import messages

CHECKS = {
    "ck_notices_reader_kind_known": known("reader_kind", messages.READERS),
    "ck_notices_state_known": known("state", messages.NOTICE_STATES),
    "ck_notices_sent_has_time": Edge(
        ("state = 'sent', sent_at = now()", "state = 'queued', sent_at = NULL"),
        ("state = 'sent', sent_at = NULL", "state = 'queued', sent_at = now()"),
    ),
    "ck_notices_waiting_has_time": Edge(
        (
            "state = 'held', until_at = now()",
            "state = 'failed', until_at = now()",
            "state = 'queued', until_at = NULL",
        ),
        ("state = 'held', until_at = NULL", "state = 'failed', until_at = NULL", "state = 'queued', until_at = now()"),
    ),
    "ck_notices_num_attempts_size": Edge(("num_attempts = 0",), ("num_attempts = -1",)),
    "ck_threads_of_job_or_person": Edge(
        (
            "job_id = gen_random_uuid(), technician_id = NULL",
            "job_id = NULL, technician_id = gen_random_uuid()",
        ),
        ("job_id = NULL, technician_id = NULL", "job_id = gen_random_uuid(), technician_id = gen_random_uuid()"),
    ),
    "ck_messages_kind_known": known("kind", messages.MESSAGE_KINDS),
    "ck_messages_author_kind_known": known("author_kind", messages.AUTHORS),
    "ck_messages_via_known": known("via", messages.VIAS),
    "ck_messages_about_another": Edge(
        ("kind = 'message', about_id = NULL", "kind = 'translation', about_id = gen_random_uuid()"),
        ("kind = 'message', about_id = gen_random_uuid()", "kind = 'correction', about_id = NULL"),
    ),
    "ck_messages_says_something": Edge(
        ("words = 'x', files = '{}'", "words = '', files = ARRAY[gen_random_uuid()]"), ("words = '', files = '{}'",)
    ),
    "ck_messages_words_size": Edge(("words = repeat('é', 60000)", "words = ''"), ("words = repeat('x', 60001)",)),
}
