"""The first model of answers: a prior by distance and pay, moved by each technician's own history."""

from decimal import Decimal

import numpy as np
import pytest

from matching.job import Pay
from matching.responses import BASE_ODDS, HALF_ODDS_M, PRIOR_STRENGTH, chances

NEW = {"num_asked": 0, "num_yes": 0}
USUAL = {"min_hourly_cents": 4800}


def test_at_the_door_with_the_usual_margin_one_in_five_says_yes(make_job, make_candidates):
    assert chances(make_job(), make_candidates(1, distance_m=0.0, **USUAL, **NEW)) == pytest.approx([0.2])


def test_at_the_halving_distance_the_odds_are_half(make_job, make_candidates):
    (chance,) = chances(make_job(), make_candidates(1, distance_m=HALF_ODDS_M, **USUAL, **NEW))
    assert chance / (1 - chance) == pytest.approx(BASE_ODDS / 2)


def test_twice_the_margin_is_four_times_the_odds_and_no_named_rate_counts_as_usual(make_job, make_candidates):
    people = make_candidates(3, distance_m=0.0, min_hourly_cents=[2400, 4800, 0], **NEW)
    odds = [chance / (1 - chance) for chance in chances(make_job(), people)]
    assert odds == pytest.approx([4 * BASE_ODDS, BASE_ODDS, BASE_ODDS])


def test_beyond_the_bounds_the_margin_says_no_more(make_job, make_candidates):
    """At 60.00 an hour: three times 20.00 is the most that counts, half of 120.00 the least."""
    people = make_candidates(4, min_hourly_cents=[2000, 1000, 12_000, 24_000])
    most, beyond_most, least, beyond_least = chances(make_job(), people)
    assert most == beyond_most > least == beyond_least


def test_farther_is_never_likelier_and_more_pay_never_less_likely(make_job, make_candidates):
    by_distance = chances(make_job(), make_candidates(50, distance_m=np.arange(50) * 4000.0))
    assert (np.diff(by_distance) < 0).all()
    by_pay = [chances(make_job(pay=Pay("hourly", Decimal(pay), "USD")), make_candidates(1))[0] for pay in range(0, 300)]
    assert (np.diff(by_pay) >= 0).all()
    assert by_pay[0] < by_pay[40] < by_pay[80]


def test_history_weighs_against_the_prior_as_stated(make_job, make_candidates):
    people = make_candidates(3, distance_m=0.0, min_hourly_cents=4800, num_asked=[0, 8, 8], num_yes=[0, 8, 0])
    prior = 0.2
    want = [prior, (PRIOR_STRENGTH * prior + 8) / (PRIOR_STRENGTH + 8), PRIOR_STRENGTH * prior / (PRIOR_STRENGTH + 8)]
    assert chances(make_job(), people) == pytest.approx(want)


def test_a_long_history_is_believed_over_the_prior(make_job, make_candidates):
    people = make_candidates(2, num_asked=10_000, num_yes=[9_000, 10])
    assert chances(make_job(), people) == pytest.approx([0.9, 0.001], abs=0.001)


def test_every_chance_lies_strictly_between_never_and_surely(make_job, make_crowd, make_candidates):
    contradictory = make_candidates(1, num_asked=3, num_yes=9)
    for people in (make_crowd(1000, 2), contradictory):
        chance = chances(make_job(), people)
        assert ((chance > 0) & (chance < 1)).all()
