"""Facts of a good proof of each family, for tests of what is asked and what ends."""

from typing import Any

INSURED = {"per_occurrence": "1000000", "aggregate": "2000000.00", "currency": "USD", "named_insured": "Crew Inc."}
GOOD: dict[str, dict[str, Any]] = {
    "background_check": {"scope": ["b", "a", "b"], "issued_on": "2026-01-01"},
    "drug_screen": {"scope": ["panel_5"], "issued_on": "2026-01-01"},
    "insurance": INSURED,
    "agreement": {"version": 1, "sha256": "0" * 64, "signed_at": "2026-01-01T00:00:00+00:00", "address": "::1"},
    "licence": {"states": ["TX", "NM"]},
    "certificate": {},
    "clearance": {"evidence": "protected_individual"},
    "data_access": {"issued_on": "2026-01-01"},
    "tax_form": {"form": "W-9", "signed_on": "2026-01-01"},
}
