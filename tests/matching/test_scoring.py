"""Every term at figures worked out by hand, and parts that add up to the last bit."""

import itertools
import math
from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pytest

from matching.job import Pay
from matching.policy import Policy, Weights
from matching.scoring import TERMS, score

NOTHING = dict.fromkeys(asdict(Weights()), 0.0)


def term(name, job, people, scarce=None, **settings):
    """One term alone, by giving all the weight to it."""
    policy = Policy(weights=Weights(**{**NOTHING, name: 1.0}), **settings)
    return score(job, people, policy, scarce or {}).total.tolist()


def test_the_terms_are_the_weights_by_name_and_order():
    assert list(TERMS) == list(asdict(Weights()))


def test_travel_is_one_at_the_door_and_a_half_at_the_policys_scale(make_job, make_candidates):
    people = make_candidates(3, travel_s=[0, 1800, 5400])
    assert term("travel", make_job(), people, travel_scale_s=1800.0) == [1.0, 0.5, 0.25]


def test_skill_is_the_share_of_the_wanted_levels_that_is_brought(make_job, make_candidates):
    people = make_candidates(4, skill_levels=[[2, 3], [5, 5], [1, 3], [0, 0]])
    assert term("skill", make_job(), people) == [1.0, 1.0, 0.75, 0.0]


def test_levels_above_the_wanted_cost_only_while_other_open_jobs_need_them(make_job, make_candidates):
    job, people = make_job(skills={"hvac": 1}), make_candidates(2, skill_levels=[[1], [5]])
    assert term("skill", job, people) == [1.0, 1.0]
    assert term("skill", job, people, {"hvac": 0.5}) == [1.0, 0.5]
    assert term("skill", job, people, {"fibre": 1.0}) == [1.0, 1.0]


def test_a_job_without_skills_fits_everyone(make_job, make_candidates):
    assert term("skill", make_job(skills={}), make_candidates(2, skill_levels=np.zeros((2, 0)))) == [1.0, 1.0]


def test_price_is_the_share_of_the_pay_above_the_own_least_rate(make_job, make_candidates):
    people = make_candidates(5, min_hourly_cents=[0, 3000, 6000, 9000, -1])
    assert term("price", make_job(), people) == [1.0, 0.5, 0.0, 0.0, 0.0]
    unpaid = make_job(pay=Pay("hourly", Decimal(0), "USD"))
    assert term("price", unpaid, people) == [0.0] * 5


def test_price_counts_for_nothing_until_the_client_chose_it(make_job, make_candidates):
    cheap_and_dear = make_candidates(2, min_hourly_cents=[1000, 6000])
    assert len(set(score(make_job(), cheap_and_dear, Policy()).total.tolist())) == 1


def test_preference_counts_both_ways_alike(make_job, make_candidates):
    people = make_candidates(4, is_favourite=[0, 1, 0, 1], prefers_client=[0, 0, 1, 1])
    assert term("preference", make_job(), people) == [0.0, 0.5, 0.5, 1.0]


def test_fairness_falls_with_recent_offers_and_load_with_the_days_jobs(make_job, make_candidates):
    people = make_candidates(3, recent_offers=[0, 10, 30], jobs_that_day=[0, 1, 3])
    assert term("fairness", make_job(), people, fair_offers=10.0) == [1.0, 0.5, 0.25]
    assert term("load", make_job(), people) == [1.0, 0.5, 0.25]


def test_reputation_is_taken_as_it_is(make_job, make_candidates):
    assert term("reputation", make_job(), make_candidates(3, reputation=[0.0, 0.25, 1.0])) == [0.0, 0.25, 1.0]


def test_the_parts_add_up_to_the_total_exactly_in_any_order(make_job, make_crowd):
    odd = Policy(weights=Weights(travel=0.1, skill=0.7, reputation=1 / 3, price=3.3, preference=0.01, load=1e-9))
    scores = score(make_job(), make_crowd(300, 6), odd)
    for row in range(0, 300, 10):
        parts = list(scores.parts_at(row).values())
        for order in itertools.islice(itertools.permutations(parts), 0, 5040, 97):
            assert sum(order) == scores.total[row]
        assert math.fsum(parts) == scores.total[row]


def test_every_part_lies_between_nothing_and_its_weights_share(make_job, make_crowd):
    policy = Policy(weights=Weights(price=2.0))
    scores = score(make_job(), make_crowd(500, 8), policy)
    shares = np.array(list(asdict(policy.weights).values())) / 13.5
    assert (scores.parts >= 0).all()
    assert (scores.parts <= shares).all()
    assert (scores.total <= 1).all()
    assert scores.total.min() < 0.5 < scores.total.max()


def test_a_part_is_its_term_by_its_share_of_all_weights(make_job, make_candidates):
    policy = Policy(weights=Weights(**{**NOTHING, "travel": 3.0, "reputation": 1.0}), travel_scale_s=1200.0)
    parts = score(make_job(), make_candidates(1, reputation=0.5), policy).parts_at(0)
    assert parts == {**NOTHING, "travel": 0.375, "reputation": 0.125}


def test_the_scale_of_the_weights_does_not_matter(make_job, make_crowd):
    crowd = make_crowd(100, 1)
    twice = Weights(**{name: 2 * weight for name, weight in asdict(Weights()).items()})
    assert (score(make_job(), crowd, Policy()).total == score(make_job(), crowd, Policy(weights=twice)).total).all()


@pytest.mark.parametrize("history", [{"num_asked": 500, "num_yes": 0}, {"num_asked": 0}, {"asks_today": 39}])
def test_silence_and_declines_cost_nobody_anything(make_job, make_candidates, history):
    usual = score(make_job(), make_candidates(1), Policy()).total
    assert score(make_job(), make_candidates(1, **history), Policy()).total == usual
