"""The checks of clients' approval, admissions, and open pools with their exceptions."""

from edges import Edge, known

from dispatch.record.tables import admission, clients

#: The world's admission is an invitation with a code; its override runs for 90 days.
_REASONS = {state: "reason = 'other'" for state in admission.ENDED_ADMISSIONS}
_DECLINED = "state = 'declined', state_reason = 'other'"

CHECKS = {
    "ck_admissions_code_has_end": Edge(
        ("code = 'x'", "code = NULL, code_until = NULL"), ("code = NULL", "code_until = NULL")
    ),
    "ck_admissions_code_of_invited": Edge(
        ("state = 'invited'", "state = 'admitted', code = NULL"),
        tuple(f"state = '{state}'" for state in admission.ADMISSION_STATES if state != "invited"),
    ),
    "ck_admissions_end_has_reason": Edge(
        ("state = 'admitted'", *(f"state = '{state}', {said}" for state, said in _REASONS.items())),
        (
            *(f"state = '{state}'" for state in _REASONS),
            *(f"state = '{state}', reason = 'other'" for state in ("invited", "applied", "admitted")),
        ),
    ),
    "ck_admissions_pools_list": Edge(("pools = '[]'", "pools = '[1]'"), ("pools = '{}'", "pools = 'null'")),
    "ck_admissions_state_known": known("state", admission.ADMISSION_STATES),
    "ck_admissions_version_size": Edge(("version = 1", "version = 2"), ("version = 0", "version = -1")),
    "ck_clients_let_in_has_agreement": Edge(
        ("agreement = '{}'", "state = 'applied', agreement = NULL", f"{_DECLINED}, agreement = NULL"),
        ("agreement = NULL", "state = 'suspended', state_reason = 'other', agreement = NULL"),
    ),
    "ck_clients_let_in_pays": Edge(
        (
            "pays_outside = true",
            "pays_outside = false, money = '{}'",
            "state = 'applied', pays_outside = false",
            f"{_DECLINED}, pays_outside = false",
        ),
        ("pays_outside = false", "state = 'suspended', state_reason = 'other', pays_outside = false"),
    ),
    "ck_clients_pays_one_way": Edge(
        ("pays_outside = false, money = '{}'", "state = 'applied', pays_outside = false"),
        ("money = '{}'", "state = 'applied', money = '{}'"),
    ),
    "ck_clients_regions_list": Edge(
        ("regions = NULL", "regions = '[]'", "regions = '[\"TX\"]'"), ("regions = '{}'", "regions = '\"TX\"'")
    ),
    "ck_clients_state_has_reason": Edge(
        (
            "state = 'approved'",
            "state = 'applied'",
            "state = 'declined', state_reason = 'other'",
            "state = 'suspended', state_reason = 'other'",
        ),
        (
            "state = 'declined'",
            "state = 'suspended'",
            "state_reason = 'other'",
            "state = 'applied', state_reason = 'x'",
        ),
    ),
    "ck_clients_state_known": known("state", clients.CLIENT_STATES),
    "ck_pool_overrides_reason_given": Edge(("reason = 'x'",), ("reason = ''",)),
    "ck_pool_overrides_until_near": Edge(
        ("until_at = made_at + interval '1 microsecond'", "until_at = made_at + interval '366 days'"),
        (
            "until_at = made_at",
            "until_at = made_at + interval '366 days 1 microsecond'",
            "until_at = 'infinity'",
            "until_at = 'infinity', made_at = 'infinity'",
            "until_at = '2026-03-02', made_at = '-infinity'",
        ),
    ),
    "ck_pools_requirements_document": Edge(
        ("requirements = NULL", "requirements = '{}'"), ("requirements = '[]'", "requirements = '1'")
    ),
}
