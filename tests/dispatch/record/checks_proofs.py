"""The checks of proofs, agreements and removals."""

from edges import Edge, known

from dispatch.record.tables import proofs, talent
from matching.taxclasses import TAX_CLASSES

CHECKS = {
    "ck_agreements_sha256_whole": Edge(
        (f"sha256 = '{'0' * 64}'",), (f"sha256 = '{'0' * 63}'", f"sha256 = '{'G' * 64}'", "sha256 = ''")
    ),
    "ck_agreements_sign_again_finite": Edge(
        ("sign_again_from = NULL", "sign_again_from = '2027-01-01'"),
        ("sign_again_from = 'infinity'", "sign_again_from = '-infinity'"),
    ),
    "ck_agreements_version_size": Edge(("version = 1",), ("version = 0", "version = -1")),
    "ck_credential_kinds_family_known": known("family", talent.FAMILIES),
    "ck_credential_kinds_screened": Edge(
        ("family = 'drug_screen', is_screening = true", "family = 'licence', is_screening = false"),
        ("family = 'drug_screen', is_screening = false", "family = 'background_check', is_screening = false"),
    ),
    "ck_credential_kinds_verified_by_known": known("verified_by", talent.VERIFIERS),
    "ck_credentials_due_while_submitted": Edge(
        ("due_at = NULL", "state = 'submitted', due_at = now()"),
        ("due_at = now()", "state = 'claimed', due_at = now()"),
    ),
    "ck_credentials_facts_object": Edge(
        ("facts = '{}'",), ("facts = '[]'", "facts = '1'", "facts = 'null'", "facts = '\"a\"'")
    ),
    "ck_credentials_ground_known": known("ground", talent.GROUNDS),
    "ck_credentials_vendor_whole": Edge(
        ("vendor = NULL, vendor_ref = NULL, vendor_seq = NULL", "vendor = 'a', vendor_ref = 'b', vendor_seq = 0"),
        ("vendor = NULL", "vendor_ref = NULL", "vendor_seq = NULL", "vendor = NULL, vendor_ref = NULL"),
    ),
    "ck_documents_content_type_known": known("content_type", proofs.DOCUMENT_TYPES),
    "ck_documents_num_bytes_size": Edge(
        ("num_bytes = 1", "num_bytes = 50000000"), ("num_bytes = 0", "num_bytes = 50000001")
    ),
    "ck_documents_num_range": Edge(("num = 1", "num = 20"), ("num = 0", "num = 21")),
    "ck_documents_picture_size": Edge(
        ("width = 1, height = 1", "width = NULL, height = NULL"),
        ("width = 0", "height = 0", "width = -1", "width = NULL", "height = NULL"),
    ),
    "ck_documents_sha256_whole": Edge(
        (f"sha256 = '{'f' * 64}'",), (f"sha256 = '{'0' * 63}'", f"sha256 = '{'G' * 64}'", "sha256 = ''")
    ),
    "ck_removals_ended_has_time": Edge(
        (
            "ended_at = NULL",
            "state = 'final', weighed = 'x', ended_at = now()",
            "state = 'withdrawn', ended_at = now()",
        ),
        ("ended_at = now()", "state = 'final', weighed = 'x'", "state = 'withdrawn'"),
    ),
    "ck_removals_final_was_weighed": Edge(
        ("weighed = NULL", "state = 'withdrawn', ended_at = now()", "state = 'final', ended_at = now(), weighed = 'x'"),
        tuple(f"state = 'final', ended_at = now(), weighed = {words}" for words in ("NULL", "''", "' '")),
    ),
    "ck_removals_respond_by_finite": Edge(
        ("respond_by = '2027-01-01'",), ("respond_by = 'infinity'", "respond_by = '-infinity'")
    ),
    "ck_removals_state_known": known("state", proofs.REMOVAL_STATES),
    "ck_tax_classes_days_finite": Edge(
        ("signed_on = '2026-01-15'", "counts_from = '1900-01-01'"),
        tuple(f"{day} = '{end}'" for day in ("signed_on", "counts_from") for end in ("infinity", "-infinity")),
    ),
    "ck_tax_classes_tax_class_known": known("tax_class", tuple(TAX_CLASSES)),
    "ck_technicians_proofs_due_finite": Edge(
        ("proofs_due_at = NULL", "proofs_due_at = now()"), ("proofs_due_at = 'infinity'", "proofs_due_at = '-infinity'")
    ),
}
