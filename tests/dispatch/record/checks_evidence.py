"""The checks of files."""

from edges import Edge, known

from dispatch.record.tables import files

CHECKS = {
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
