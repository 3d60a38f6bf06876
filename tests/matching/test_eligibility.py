"""One test a rule, at its exact boundary; the world is that of conftest.py."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from matching.candidates import NO_CAPACITY
from matching.eligibility import LOCKED, OVERRIDABLE, RULES, Rule, failed, hourly_cents, judge, may_override
from matching.errors import MatchingError
from matching.job import Pay
from matching.policy import Policy

POLICY = Policy()
VISIT_DAY = date(2026, 5, 4).toordinal()


def rules_of(job, candidates, policy=POLICY):
    return [{rule.code for rule in failed(word)} for word in judge(job, candidates, policy).tolist()]


def test_a_technician_who_meets_every_rule_may_do_the_job(make_job, make_candidates):
    assert judge(make_job(), make_candidates(2), POLICY).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("rule", "columns"),
    [
        ("active", {"is_active": False}),
        ("blocked", {"is_blocked": True}),
        ("pool", {"in_market": False}),
        ("skill", {"skill_levels": [2, 0]}),
        ("level", {"skill_levels": [2, 2]}),
        ("credential", {"credential_days": [VISIT_DAY - 1]}),
        ("credential", {"papers_until": VISIT_DAY - 1}),
        ("area", {"in_area": False}),
        ("hours", {"in_hours": False, "fits": False}),
        ("free", {"is_free": False, "fits": False}),
        ("capacity", {"jobs_that_day": 2, "day_capacity": 2}),
        ("limit", {"hours_left_s": 7199}),
        ("rate", {"min_hourly_cents": 6001}),
        ("asked", {"was_asked": True}),
    ],
)
def test_each_rule_sets_its_own_bit_and_no_other(make_job, make_candidates, rule, columns):
    word = judge(make_job(), make_candidates(1, **columns), POLICY)
    assert word.dtype == np.uint32
    assert word.tolist() == [Rule[rule.upper()].bit]


def test_the_bits_are_the_order_of_the_list_and_never_move():
    """Stored words are read back by these numbers."""
    names = "active blocked pool skill level credential clearance area hours free capacity limit rate asked suspended"
    assert [(rule.code, rule.bit) for rule in Rule] == [(name, 1 << at) for at, name in enumerate(names.split())]


def test_every_rule_has_a_function_in_the_order_of_the_bits():
    assert list(RULES) == list(Rule)


def test_a_pool_member_may_even_where_the_market_may_not(make_job, make_candidates):
    people = make_candidates(4, in_pool=[True, True, False, False], in_market=[True, False, True, False])
    assert rules_of(make_job(market=False, pools=frozenset({UUID(int=9)})), people) == [
        set(),
        set(),
        {"pool"},
        {"pool"},
    ]
    assert rules_of(make_job(market=True), people) == [set(), set(), set(), {"pool"}]


def test_beyond_its_pools_a_job_is_open_to_whom_the_client_admitted_and_to_the_market_where_it_uses_it(
    make_job, make_candidates
):
    people = make_candidates(
        4,
        in_pool=[False, False, False, True],
        in_market=[True, False, False, False],
        is_admitted=[False, True, False, False],
    )
    own = Policy(uses_market=False)
    assert rules_of(make_job(market=True), people) == [set(), set(), {"pool"}, set()]
    words = judge(make_job(market=True), people, own)
    assert [{rule.code for rule in failed(int(word))} for word in words] == [{"pool"}, set(), {"pool"}, set()]
    assert rules_of(make_job(market=False), people) == [{"pool"}, {"pool"}, {"pool"}, set()]


def test_who_is_suspended_may_not_whatever_pool_they_are_in_and_nobody_overrides_it(make_job, make_candidates):
    people = make_candidates(3, in_pool=True, is_admitted=[True, False, True], is_suspended=[True, True, False])
    assert rules_of(make_job(), people) == [{"suspended"}, {"suspended"}, set()]
    assert not may_override(Rule.SUSPENDED.bit)


def test_levels_are_compared_skill_by_skill_in_the_order_of_the_codes(make_job, make_candidates):
    """The job names wifi before hvac; the columns are hvac (2 wanted), wifi (3 wanted)."""
    people = make_candidates(5, skill_levels=[[2, 3], [3, 2], [1, 3], [0, 2], [5, 5]])
    assert rules_of(make_job(), people) == [set(), {"level"}, {"level"}, {"skill", "level"}, set()]


def test_a_job_without_needs_refuses_nobody_for_skills_or_credentials(make_job, make_candidates):
    nobody_special = make_candidates(2, skill_levels=np.zeros((2, 0)), credential_days=np.zeros((2, 0)))
    assert rules_of(make_job(skills={}, credentials=()), nobody_special) == [set(), set()]


def test_a_credential_may_end_on_the_visits_last_day_plus_slack_but_no_day_earlier(make_job, make_candidates):
    people = make_candidates(4, credential_days=[[VISIT_DAY + 3], [VISIT_DAY + 2], [VISIT_DAY], [0]])
    assert rules_of(make_job(), people) == [set(), set(), set(), {"credential"}]
    slack = Policy(credential_slack_days=3)
    assert rules_of(make_job(), people, slack) == [set(), {"credential"}, {"credential"}, {"credential"}]


def test_the_last_day_is_the_sites_and_a_visit_that_ends_at_midnight_ends_the_day_before(make_job, make_candidates):
    """06:00 UTC is midnight in Denver in May."""
    people = make_candidates(2, credential_days=[[VISIT_DAY], [VISIT_DAY - 1]])
    till_midnight = make_job(end_at=datetime(2026, 5, 5, 6, 0, tzinfo=UTC))
    assert rules_of(till_midnight, people) == [set(), {"credential"}]
    past_midnight = make_job(end_at=datetime(2026, 5, 5, 6, 1, tzinfo=UTC))
    assert rules_of(past_midnight, people) == [{"credential"}, {"credential"}]


def test_every_credential_must_hold_not_just_one(make_job, make_candidates):
    job = make_job(credentials=("background_check", "drug_test"))
    people = make_candidates(2, credential_days=[[VISIT_DAY, VISIT_DAY], [VISIT_DAY, VISIT_DAY - 1]])
    assert rules_of(job, people) == [set(), {"credential"}]


def test_only_a_job_with_clearance_asks_for_a_us_person(make_job, make_candidates):
    """Through the last day of the work, with the client's slack after it, as of every proof."""
    people = make_candidates(3, cleared_until=[VISIT_DAY, VISIT_DAY - 1, 0])
    assert rules_of(make_job(clearance=True), people) == [set(), {"clearance"}, {"clearance"}]
    assert rules_of(make_job(clearance=False), people) == [set(), set(), set()]
    slack = Policy(credential_slack_days=1)
    assert [bool(word & Rule.CLEARANCE.bit) for word in judge(make_job(clearance=True), people, slack)] == [True] * 3


def test_hours_and_free_that_hold_at_no_common_start_count_as_busy(make_job, make_candidates):
    people = make_candidates(4, in_hours=[1, 1, 0, 0], is_free=[1, 0, 1, 0], fits=False)
    assert rules_of(make_job(), people) == [{"free"}, {"free"}, {"hours"}, {"hours", "free"}]


def test_one_job_below_the_capacity_leaves_room_and_no_limit_always_does(make_job, make_candidates):
    people = make_candidates(4, jobs_that_day=[2, 3, 4, 99], day_capacity=[3, 3, 3, NO_CAPACITY])
    assert rules_of(make_job(), people) == [set(), {"capacity"}, {"capacity"}, set()]


def test_a_least_rate_equal_to_the_pay_is_met_and_another_currency_never_is(make_job, make_candidates):
    people = make_candidates(5, min_hourly_cents=[0, 5999, 6000, 6001, -1])
    assert rules_of(make_job(), people) == [set(), set(), set(), {"rate"}, {"rate"}]


def test_a_fixed_sum_is_compared_by_the_hour_and_not_rounded_up(make_job, make_candidates):
    """100.00 for 90 minutes is 66.666... an hour."""
    job = make_job(pay=Pay("fixed", Decimal("100.00"), "USD"), duration_min=90)
    assert hourly_cents(job) == 6666
    assert rules_of(job, make_candidates(2, min_hourly_cents=[6666, 6667])) == [set(), {"rate"}]


def test_columns_filled_for_other_needs_are_refused(make_job, make_candidates):
    with pytest.raises(MatchingError, match=r"skill_levels of shape \(1, 2\).*\(1, 3\)"):
        judge(make_job(skills={"hvac": 1, "wifi": 1, "fibre": 1}), make_candidates(1), POLICY)
    with pytest.raises(MatchingError, match="credential_days"):
        judge(make_job(credentials=()), make_candidates(1), POLICY)


def test_locked_rules_and_what_is_the_technicians_own_can_not_be_overridden_even_beside_others():
    assert {rule.code for rule in LOCKED} == {"blocked", "credential", "clearance", "limit", "suspended"}
    assert {rule.code for rule in OVERRIDABLE} == {"pool", "skill", "level", "area", "asked"}
    assert may_override(Rule.AREA.bit | Rule.LEVEL.bit)
    kept = [rule for rule in Rule if not may_override(rule.bit | Rule.AREA.bit)]
    assert kept == sorted({*Rule} - OVERRIDABLE)
    assert {*kept} > LOCKED


def test_nobody_in_reach_gives_no_words(make_job, make_candidates):
    assert len(judge(make_job(), make_candidates(1).take(np.array([], dtype=np.int64)), POLICY)) == 0


def test_one_row_alone_is_judged_as_in_the_crowd(make_job, make_crowd):
    """Acceptance judges one row, the offer judged them all."""
    job, crowd = make_job(clearance=True), make_crowd(300, 7)
    words = judge(job, crowd, POLICY)
    alone = [int(judge(job, crowd.take(np.array([row])), POLICY)[0]) for row in range(300)]
    assert alone == words.tolist()
    assert 0 < np.count_nonzero(words == 0) < 300


def test_raising_the_pay_never_makes_fewer_eligible(make_job, make_crowd):
    crowd, may_before = make_crowd(400, 3), np.zeros(400, dtype=bool)
    nums = []
    for amount in ("0", "29.99", "30", "50", "60", "60.01", "90"):
        may = judge(make_job(pay=Pay("hourly", Decimal(amount), "USD")), crowd, POLICY) == 0
        assert (may | ~may_before).all()
        may_before = may
        nums.append(int(may.sum()))
    assert nums[0] < nums[-1]


def test_judging_changes_nothing_it_was_given(make_job, make_crowd):
    crowd = make_crowd(50, 5)
    copies = {column.name: getattr(crowd, column.name).copy() for column in fields(crowd)}
    judge(make_job(), replace(crowd), POLICY)
    assert all((getattr(crowd, name) == column).all() for name, column in copies.items())
