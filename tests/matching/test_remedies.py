"""What would let more do the job: each change tried for real on the world of conftest.py."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from matching.eligibility import Rule, judge, mask
from matching.job import Pay
from matching.policy import Policy
from matching.remedies import could_do_it_if

POLICY = Policy()


def changes_of(job, people, audience="operator"):
    words = judge(job, people, POLICY)
    return {
        (change.kind, change.subject): change
        for change in could_do_it_if(job, people, POLICY, words, audience=audience)
    }


def num_may(job, people):
    return int((judge(job, people, POLICY) == 0).sum())


def test_the_smallest_raise_is_the_next_least_rate_and_admits_who_it_says(make_job, make_candidates):
    job, people = make_job(), make_candidates(6, min_hourly_cents=[6000, 6500, 6500, 9000, -1, 0])
    change = changes_of(job, people)["pay", ""]
    assert (change.before, change.after, change.currency, change.num_more) == ("60.00", "65.00", "USD", 2)
    raised = replace(job, pay=replace(job.pay, amount=Decimal(change.after)))
    assert num_may(raised, people) - num_may(job, people) == 2
    one_cent_less = replace(job, pay=replace(job.pay, amount=Decimal("64.99")))
    assert num_may(one_cent_less, people) == num_may(job, people)


def test_a_fixed_sum_is_raised_as_a_sum_and_rounded_up_so_that_it_suffices(make_job, make_candidates):
    """50 minutes at 70.01 an hour are 58.3416..., which 58.34 would not pay."""
    job = make_job(pay=Pay("fixed", Decimal("40.00"), "USD"), duration_min=50)
    people = make_candidates(1, min_hourly_cents=7001)
    change = changes_of(job, people)["pay", ""]
    assert (change.after, change.num_more) == ("58.35", 1)


def test_the_market_is_offered_only_to_a_job_that_keeps_to_its_pools(make_job, make_candidates):
    people = make_candidates(3, in_market=[True, True, False])
    assert changes_of(make_job(market=False), people)["market", ""].num_more == 2
    assert ("market", "") not in changes_of(make_job(market=True), people)


def test_the_level_falls_no_further_than_it_must(make_job, make_candidates):
    people = make_candidates(3, skill_levels=[[2, 2], [2, 2], [2, 1]])
    changes = changes_of(make_job(), people)
    change = changes["level", "wifi"]
    assert (change.before, change.after, change.num_more) == ("3", "2", 2)
    assert change.text == "ask for wifi at level 2 instead of 3: 2 more"
    assert changes["skill", "wifi"].num_more == 3
    assert ("level", "hvac") not in changes


def test_going_without_a_skill_is_named_only_where_it_brings_more_than_a_lower_level(make_job, make_candidates):
    assert ("skill", "wifi") not in changes_of(make_job(), make_candidates(1, skill_levels=[[2, 2]]))
    assert changes_of(make_job(), make_candidates(1, skill_levels=[[2, 0]]))["skill", "wifi"].num_more == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"is_blocked": True},
        {"credential_days": [0]},
        {"cleared_until": 0},
        {"is_active": False},
        {"is_blocked": True, "min_hourly_cents": 9000, "in_hours": False, "fits": False, "in_area": False},
    ],
)
def test_nothing_is_suggested_against_a_locked_rule(make_job, make_candidates, columns):
    assert changes_of(make_job(clearance=True, market=False), make_candidates(9, in_pool=True, **columns)) == {}


def test_two_reasons_are_not_mended_by_one_change(make_job, make_candidates):
    people = make_candidates(1, min_hourly_cents=9000, skill_levels=[[2, 2]])
    assert changes_of(make_job(), people) == {}


def test_another_time_is_an_upper_bound_for_those_off_or_busy_then(make_job, make_candidates):
    people = make_candidates(
        4, in_hours=[0, 1, 0, 1], is_free=[1, 0, 0, 1], fits=[0, 0, 0, 1], jobs_that_day=[0, 0, 0, 2], day_capacity=2
    )
    changes = changes_of(make_job(), people)
    assert (changes["time", ""].num_more, changes["time", ""].is_exact) == (3, False)
    assert changes["time", ""].text == "widen or move the window: up to 3 more"
    assert changes["day", ""].num_more == 1


def test_a_call_and_a_new_round_reach_those_who_fail_nothing_else(make_job, make_candidates):
    people = make_candidates(3, in_area=[0, 0, 1], was_asked=[0, 1, 1])
    changes = changes_of(make_job(), people)
    assert (changes["call", ""].num_more, changes["round", ""].num_more) == (1, 1)


def test_the_change_that_brings_most_comes_first(make_job, make_crowd):
    job, crowd = make_job(), make_crowd(400, 4)
    nums = [change.num_more for change in could_do_it_if(job, crowd, POLICY, judge(job, crowd, POLICY))]
    assert nums == sorted(nums, reverse=True)
    assert len(nums) >= 5


def test_exact_numbers_are_those_of_the_changed_job_judged_anew(make_job, make_crowd):
    job, crowd = make_job(market=False), make_crowd(2000, 11)
    changes = changes_of(job, crowd)
    assert {"pay", "market", "level"} <= {kind for kind, _ in changes}
    for (kind, subject), change in changes.items():
        if kind == "market":
            changed = replace(job, needs=replace(job.needs, market=True))
        elif kind == "level":
            changed = replace(job, needs=replace(job.needs, skills={**job.needs.skills, subject: int(change.after)}))
        elif kind == "pay":
            changed = replace(job, pay=replace(job.pay, amount=Decimal(change.after)))
        else:
            continue
        assert num_may(changed, crowd) - num_may(job, crowd) == change.num_more


def test_a_client_reads_a_raise_that_wins_five_and_never_one_persons_least_rate(make_job, make_candidates):
    rates = [6100, 6200, 6300, 6400, 6500, 6600]
    change = changes_of(make_job(), make_candidates(6, min_hourly_cents=rates), "client")["pay", ""]
    assert (change.after, change.num_more) == ("65.00", 5)
    few = changes_of(make_job(), make_candidates(4, min_hourly_cents=rates[:4]), "client")["pay", ""]
    assert few.text == "raise the pay: fewer than 5 more"
    assert (few.before, few.after) == ("", "")


def test_nobody_missed_means_nothing_to_change(make_job, make_candidates):
    job, people = make_job(), make_candidates(3)
    assert could_do_it_if(job, people, POLICY, np.zeros(3, dtype=np.uint32)) == ()
    assert mask(Rule.RATE) == 1 << 12
