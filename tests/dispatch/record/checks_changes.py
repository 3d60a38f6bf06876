"""The checks of proposals, charges and incidents."""

from edges import CURRENCY, Edge, known, sum_of_money

from dispatch.record.tables import changes

CHECKS = {
    "ck_charges_amount_sum": sum_of_money("amount"),
    "ck_charges_currency_code": CURRENCY,
    "ck_charges_kind_known": known("kind", changes.CHARGE_KINDS),
    "ck_incidents_decided_has_time": Edge(
        ("decision = NULL, decided_at = NULL", "decision = 'confirmed', decided_at = now()"),
        ("decision = 'confirmed', decided_at = NULL", "decision = NULL, decided_at = now()"),
    ),
    "ck_incidents_decision_known": known("decision", changes.INCIDENT_DECISIONS),
    "ck_incidents_kind_known": known("kind", changes.INCIDENT_KINDS),
    "ck_proposals_by_side_known": known("by_side", changes.SIDES),
    "ck_proposals_decided_has_time": Edge(
        ("state = 'open', decided_at = NULL", "state = 'refused', decided_at = now()"),
        ("state = 'open', decided_at = now()", "state = 'refused', decided_at = NULL"),
    ),
    "ck_proposals_expires_after_made": Edge(
        ("expires_at = made_at",), ("expires_at = made_at - interval '1 microsecond'", "made_at = 'infinity'")
    ),
    "ck_proposals_expires_finite": Edge(
        ("expires_at = '2026-03-02'",), ("expires_at = 'infinity'", "expires_at = '-infinity'")
    ),
    "ck_proposals_kind_known": known("kind", changes.PROPOSAL_KINDS),
    "ck_proposals_state_known": known("state", changes.PROPOSAL_STATES),
}
