"""The checks of standing work and crews."""

from edges import Edge

CHECKS = {
    "ck_slots_observer_leads_nobody": Edge(
        ("is_lead = true, is_observer = false", "is_lead = false, is_observer = true", "is_lead = false"),
        ("is_lead = true, is_observer = true",),
    ),
}
