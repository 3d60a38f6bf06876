"""Every check, alone: what stands right at its border passes, what stands just beyond is refused by its name."""

import checks_admission
import checks_changes
import checks_cleared
import checks_day
import checks_evidence
import checks_messages
import checks_money
import checks_presence
import checks_privacy
import checks_proofs
import checks_reputation
import checks_signin
import checks_standing
import checks_trouble
import checks_usage
import checks_webhooks
import pytest
from catalogue import names
from edges import CURRENCY, PLACE, Edge, known, sum_of_money
from guarding import Guarded

from dispatch.record.tables import audit, clients, jobs, offers, talent
from matching.eligibility import OVERRIDABLE, Rule

pytestmark = pytest.mark.guards

CHECK_VIOLATION = "23514"


RADIUS_KM = Edge(
    ("radius_km = 0.001", "radius_km = 20038", "radius_km = NULL"),
    ("radius_km = 0", "radius_km = -1", "radius_km = 20038.001", "radius_km = 'NaN'", "radius_km = 'infinity'"),
)
CONSENT_SIZE = Edge(
    ("auto_max_km = 0.001, auto_max_per_day = 1", "auto_max_km = 20038"),
    (
        "auto_max_km = 0",
        "auto_max_km = 20038.001",
        "auto_max_km = 'NaN'",
        "auto_max_km = 'infinity'",
        "auto_max_per_day = 0",
    ),
)
CONSENT_WHOLE = Edge(
    ("auto_min_hourly = NULL, auto_max_km = NULL, auto_max_per_day = NULL",),
    (
        "auto_min_hourly = NULL",
        "auto_max_km = NULL",
        "auto_max_per_day = NULL",
        "auto_min_hourly = NULL, auto_max_km = NULL",
    ),
)
BLOCK_SAYS_WHY = Edge(
    ("kind = 'block', reason = 'No'", "kind = 'favourite', reason = NULL", "kind = 'favourite', reason = ''"),
    ("kind = 'block', reason = NULL", "kind = 'block', reason = ''", "kind = 'block', reason = ' '"),
)
BUSY_FINITE = Edge(
    ("busy = '[2026-03-02, 2026-03-03)'",),
    (
        "busy = '[2026-03-02,)'",
        "busy = '(,2026-03-02)'",
        "busy = '[2026-03-02, infinity)'",
        "busy = '[-infinity, 2026-03-02)'",
    ),
)
DURING_FINITE = Edge(
    ("during = '[2026-03-02, 2026-03-03)'", "during = '[2026-03-02, 2026-03-02]'"),
    (
        "during = 'empty'",
        "during = '[2026-03-02,)'",
        "during = '(,2026-03-02)'",
        "during = '[2026-03-02, infinity)'",
        "during = '[-infinity, 2026-03-02)'",
    ),
)
WINDOW = Edge(
    (
        "window_end_at = window_start_at + interval '120 minutes'",
        "duration_min = 1, window_end_at = window_start_at + interval '1 minute'",
    ),
    (
        "window_end_at = window_start_at + interval '119 minutes 59.999999 seconds'",
        "window_end_at = window_start_at",
        "window_end_at = window_start_at - interval '1 day'",
        "window_end_at = 'infinity'",
        "window_start_at = '-infinity'",
    ),
)
MINUTES = Edge(
    ("from_minute = 0, to_minute = 1440", "from_minute = 1439, to_minute = 1440", "from_minute = 0, to_minute = 1"),
    (
        "from_minute = -1",
        "to_minute = 1441",
        "from_minute = 600, to_minute = 600",
        "from_minute = 601, to_minute = 600",
    ),
)
PAY_WHOLE = Edge(
    ("pay_kind = NULL, pay_amount = NULL, currency = NULL",),
    ("pay_kind = NULL", "pay_amount = NULL", "currency = NULL", "pay_kind = NULL, pay_amount = NULL"),
)
_NO_OWNER = "client_id = NULL, technician_id = NULL, company_id = NULL"
_ANNA = "technician_id = (SELECT id FROM technicians LIMIT 1)"
_CREW = "company_id = (SELECT id FROM companies LIMIT 1)"
KEY_OWNER = Edge(
    (
        "role = 'client_admin'",
        "role = 'requester'",
        "role = 'dispatcher'",
        f"role = 'technician', client_id = NULL, {_ANNA}",
        f"role = 'company', client_id = NULL, {_CREW}",
        f"role = 'operator', {_NO_OWNER}",
        f"role = 'gateway', {_NO_OWNER}",
    ),
    (
        *(f"role = '{role}', {_NO_OWNER}" for role in ("client_admin", "requester", "dispatcher")),
        *(f"role = '{role}', {_ANNA}" for role in ("client_admin", "requester", "dispatcher")),
        *(f"role = '{role}', {_CREW}" for role in ("client_admin", "requester", "dispatcher")),
        f"role = 'technician', {_NO_OWNER}",
        f"role = 'technician', {_ANNA}",
        f"role = 'technician', client_id = NULL, {_ANNA}, {_CREW}",
        f"role = 'company', {_NO_OWNER}",
        f"role = 'company', {_CREW}",
        f"role = 'company', client_id = NULL, {_CREW}, {_ANNA}",
        "role = 'operator'",
        f"role = 'gateway', client_id = NULL, {_ANNA}",
    ),
)

CHECKS: dict[str, Edge] = {
    "ck_api_keys_role_has_its_owner": KEY_OWNER,
    "ck_api_keys_role_known": known("role", audit.KEY_ROLES),
    "ck_assignments_currency_code": CURRENCY,
    "ck_assignments_ended_has_time": Edge(
        ("state = 'live', ended_at = NULL", "state = 'released', ended_at = now()"),
        ("state = 'live', ended_at = now()", "state = 'released', ended_at = NULL"),
    ),
    "ck_assignments_mode_known": known("mode", jobs.MODES),
    "ck_assignments_pay_amount_sum": sum_of_money("pay_amount"),
    "ck_assignments_pay_kind_known": known("pay_kind", jobs.PAY_KINDS),
    "ck_assignments_start_before_end": Edge(
        ("end_at = start_at + interval '1 microsecond'",),
        ("end_at = start_at", "end_at = start_at - interval '1 microsecond'"),
    ),
    "ck_assignments_state_known": known("state", offers.ASSIGNMENT_STATES),
    "ck_bookings_busy_at_most_14_days": Edge(
        ("busy = '[2026-03-01 00:00, 2026-03-15 00:00)'",), ("busy = '[2026-03-01 00:00, 2026-03-15 00:00:00.000001)'",)
    ),
    "ck_bookings_busy_finite": BUSY_FINITE,
    "ck_bookings_busy_half_open": Edge(
        ("busy = '[2026-03-02, 2026-03-03)'",),
        ("busy = '[2026-03-02, 2026-03-03]'", "busy = '(2026-03-02, 2026-03-03)'", "busy = '(2026-03-02, 2026-03-03]'"),
    ),
    "ck_bookings_busy_not_empty": Edge(
        ("busy = '[2026-03-02 00:00, 2026-03-02 00:00:00.000001)'",),
        ("busy = 'empty'", "busy = '[2026-03-02, 2026-03-02)'"),
    ),
    "ck_bookings_place_on_earth": PLACE,
    "ck_client_marks_block_has_reason": BLOCK_SAYS_WHY,
    "ck_client_marks_kind_known": known("kind", ("block", "favourite")),
    "ck_clients_currency_code": CURRENCY,
    "ck_counters_asks_for_something": Edge(
        ("pay_amount = NULL", "start_at = NULL"), ("pay_amount = NULL, start_at = NULL",)
    ),
    "ck_counters_currency_code": CURRENCY,
    "ck_counters_pay_amount_sum": sum_of_money("pay_amount"),
    "ck_counters_pay_kind_known": known("pay_kind", jobs.PAY_KINDS),
    "ck_counters_pay_whole": PAY_WHOLE,
    "ck_counters_state_known": known("state", offers.COUNTER_STATES),
    "ck_credentials_revoked_has_time": Edge(
        ("state = 'revoked', revoked_at = now()", "state = 'verified', revoked_at = NULL"),
        ("state = 'revoked', revoked_at = NULL", "state = 'verified', revoked_at = now()"),
    ),
    "ck_credentials_state_known": known("state", talent.CREDENTIAL_STATES),
    "ck_credentials_validity_finite": Edge(
        ("valid_from = '2026-01-01', valid_until = '2026-12-31'",),
        ("valid_from = '-infinity'", "valid_until = 'infinity'"),
    ),
    "ck_credentials_validity_order": Edge(("valid_until = valid_from",), ("valid_until = valid_from - 1",)),
    "ck_day_asks_counts_size": Edge(("num_asked = 0, num_yes = 0",), ("num_asked = -1", "num_yes = -1")),
    "ck_events_actor_kind_known": known("actor_kind", audit.ACTORS),
    "ck_events_subject_kind_known": known("subject_kind", audit.SUBJECTS),
    "ck_jobs_cancelled_has_time": Edge(
        ("state = 'cancelled', cancelled_at = now()", "state = 'open', cancelled_at = NULL"),
        ("state = 'cancelled', cancelled_at = NULL", "state = 'open', cancelled_at = now()"),
    ),
    "ck_jobs_mode_known": known("mode", jobs.MODES),
    "ck_jobs_priority_range": Edge(("priority = 1", "priority = 5"), ("priority = 0", "priority = 6")),
    "ck_jobs_state_known": known("state", jobs.JOB_STATES),
    "ck_offers_expires_after_sent": Edge(
        ("expires_at = sent_at",), ("expires_at = sent_at - interval '1 microsecond'", "sent_at = 'infinity'")
    ),
    "ck_offers_expires_finite": Edge(
        ("expires_at = '2026-03-02'",), ("expires_at = 'infinity'", "expires_at = '-infinity'")
    ),
    "ck_offers_score_share": Edge(
        ("score = 0", "score = 1", "score = NULL"),
        ("score = -0.000001", "score = 1.000001", "score = 'NaN'", "score = 'infinity'"),
    ),
    "ck_offers_waived_has_reason": Edge(
        (
            "is_by_name = true, waived = '{level}', waived_why = 'trained'",
            "is_by_name = true, waived = '{}', waived_why = NULL",
            "is_by_name = false, waived = '{}', waived_why = NULL",
        ),
        (
            "is_by_name = false, waived = '{level}', waived_why = 'trained'",
            "is_by_name = true, waived = '{level}', waived_why = NULL",
            "is_by_name = true, waived = '{}', waived_why = 'trained'",
        ),
    ),
    "ck_offers_waived_may_be": Edge(
        tuple(
            f"is_by_name = true, waived_why = 'trained', waived = '{{{code}}}'"
            for code in (*(rule.code for rule in OVERRIDABLE), "pool,skill,level,area,asked")
        ),
        tuple(
            f"is_by_name = true, waived_why = 'trained', waived = '{{level,{rule.code}}}'"
            for rule in sorted({*Rule} - OVERRIDABLE)
        ),
    ),
    "ck_offers_state_known": known("state", offers.OFFER_STATES),
    "ck_rounds_closed_has_no_timer": Edge(
        ("closed_at = NULL, next_wave_at = now()", "closed_at = now(), next_wave_at = NULL", "next_wave_at = NULL"),
        ("closed_at = now(), next_wave_at = now()",),
    ),
    "ck_rounds_opened_why_known": known("opened_why", offers.ROUND_REASONS),
    "ck_seals_num_events_size": Edge(("num_events = 1",), ("num_events = 0", "num_events = -1")),
    "ck_sites_geofence_size": Edge(
        ("geofence_m = 10", "geofence_m = 100000"), ("geofence_m = 9", "geofence_m = 100001")
    ),
    "ck_sites_place_on_earth": PLACE,
    "ck_slots_currency_code": CURRENCY,
    "ck_slots_filled_has_technician": Edge(
        ("state = 'open', technician_id = NULL", "state = 'closed', technician_id = NULL", "state = 'filled'"),
        ("state = 'open'", "state = 'closed'", "technician_id = NULL"),
    ),
    "ck_slots_pay_amount_sum": sum_of_money("pay_amount"),
    "ck_slots_pay_kind_known": known("pay_kind", jobs.PAY_KINDS),
    "ck_slots_state_known": known("state", jobs.SLOT_STATES),
    "ck_staff_erased_has_left": Edge(
        ("erased_at = NULL, left_at = NULL", "erased_at = NULL, left_at = now()", "erased_at = now(), left_at = now()"),
        ("erased_at = now(), left_at = NULL",),
    ),
    "ck_staff_operator_has_no_client": Edge(
        ("role = 'operator', client_id = NULL", "role = 'dispatcher'"),
        ("role = 'operator'", "role = 'dispatcher', client_id = NULL"),
    ),
    "ck_staff_role_known": known("role", clients.STAFF_ROLES),
    "ck_technician_marks_block_has_reason": BLOCK_SAYS_WHY,
    "ck_technician_marks_kind_known": known("kind", ("block", "favourite")),
    "ck_technician_skills_level_range": Edge(("level = 1", "level = 5"), ("level = 0", "level = 6")),
    "ck_technicians_auto_min_hourly_sum": sum_of_money("auto_min_hourly"),
    "ck_technicians_clearance_has_end": Edge(
        ("clearance = 'us_person', clearance_until = CURRENT_DATE", "clearance = 'unknown', clearance_until = NULL"),
        ("clearance = 'us_person', clearance_until = NULL", "clearance = 'claimed', clearance_until = CURRENT_DATE"),
    ),
    "ck_technicians_clearance_known": Edge(
        (
            "clearance = 'us_person', clearance_until = CURRENT_DATE",
            *(f"clearance = '{each}', clearance_until = NULL" for each in talent.CLEARANCES if each != "us_person"),
        ),
        known("clearance", talent.CLEARANCES).breaks,
    ),
    "ck_technicians_clearance_until_finite": Edge(
        ("clearance = 'us_person', clearance_until = '2026-03-01'",),
        ("clearance = 'us_person', clearance_until = '-infinity'",),
    ),
    "ck_technicians_clearance_warned_finite": Edge(
        ("clearance_warned = NULL", "clearance_warned = '2026-03-01'"),
        ("clearance_warned = 'infinity'", "clearance_warned = '-infinity'"),
    ),
    "ck_technicians_consent_size": CONSENT_SIZE,
    "ck_technicians_consent_whole": CONSENT_WHOLE,
    "ck_technicians_currency_code": CURRENCY,
    "ck_technicians_day_capacity_size": Edge(("day_capacity = 0", "day_capacity = NULL"), ("day_capacity = -1",)),
    "ck_technicians_min_hourly_sum": sum_of_money("min_hourly"),
    "ck_technicians_place_on_earth": PLACE,
    "ck_technicians_quiet_both_ends": Edge(
        ("quiet_from = NULL, quiet_to = NULL",), ("quiet_from = NULL", "quiet_to = NULL")
    ),
    "ck_technicians_radius_km_size": RADIUS_KM,
    "ck_technicians_reputation_share": Edge(
        ("reputation = 0", "reputation = 1"),
        ("reputation = -0.000001", "reputation = 1.000001", "reputation = 'NaN'", "reputation = 'infinity'"),
    ),
    "ck_technicians_state_known": known("state", talent.TECHNICIAN_STATES),
    "ck_time_off_during_finite": DURING_FINITE,
    "ck_visits_asked_time_known": known("asked_time", jobs.ASKED_TIMES),
    "ck_visits_check_in_before_out": Edge(
        ("checked_in_at = now(), checked_out_at = now()", "checked_in_at = now()"),
        ("checked_in_at = now(), checked_out_at = now() - interval '1 microsecond'",),
    ),
    "ck_visits_checked_out_has_time": Edge(
        ("state = 'checked_out', checked_out_at = now()", "state = 'planned', checked_out_at = NULL"),
        ("state = 'checked_out', checked_out_at = NULL", "state = 'checked_in', checked_out_at = now()"),
    ),
    "ck_visits_duration_min_range": Edge(
        ("duration_min = 1", "duration_min = 20160"), ("duration_min = 0", "duration_min = 20161")
    ),
    "ck_visits_planned_both_ends": Edge(
        ("planned_start_at = NULL, planned_end_at = NULL",), ("planned_start_at = NULL", "planned_end_at = NULL")
    ),
    "ck_visits_planned_order": Edge(
        ("planned_end_at = planned_start_at + interval '1 microsecond'",),
        ("planned_end_at = planned_start_at", "planned_end_at = planned_start_at - interval '1 second'"),
    ),
    "ck_visits_state_known": known("state", jobs.VISIT_STATES),
    "ck_visits_window_holds_work": WINDOW,
    "ck_waves_until_after_sent": Edge(("until_at = sent_at",), ("until_at = sent_at - interval '1 microsecond'",)),
    "ck_working_hours_minutes_order": MINUTES,
    "ck_working_hours_weekday_range": Edge(("weekday = 0", "weekday = 6"), ("weekday = -1", "weekday = 7")),
}

#: Those of the day stand in modules of their own.
for each in (
    checks_day, checks_evidence, checks_messages, checks_presence, checks_privacy, checks_signin, checks_standing,
    checks_trouble, checks_usage, checks_webhooks,
):  # fmt: skip
    CHECKS |= each.CHECKS

CHECKS |= checks_changes.CHECKS | checks_money.CHECKS | checks_proofs.CHECKS | checks_reputation.CHECKS
CHECKS |= checks_admission.CHECKS | checks_cleared.CHECKS

TABLES = {name: table for table, name in names("constraints", "CHECK")}


def test_every_check_of_the_catalogue_has_its_edges_here():
    assert set(CHECKS) == set(TABLES)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_alone_lets_its_border_pass_and_refuses_what_is_beyond(guarded: Guarded, name: str):
    table = TABLES[name]
    row = next(iter(guarded.world.keys[table] if table not in ("api_keys", "staff") else ["acme"]))
    guarded.isolate(table, keep=name)
    for changes in CHECKS[name].holds:
        assert guarded.accepts(guarded.update(table, row, changes)) == 1, changes
    for changes in CHECKS[name].breaks:
        refusal = guarded.refuses(guarded.update(table, row, changes))
        assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, name), changes
