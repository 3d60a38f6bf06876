"""How well does somebody keep their word?"""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.errors import PolicyError
from matching.reputation import (
    PARTS,
    Outcome,
    ReputationPolicy,
    back_out_severity,
    is_in_time,
    measured_means,
    of_stars,
    reputation,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
RULES = ReputationPolicy()


def outcome(part="kept", value=1.0, *, days_ago=0.0, severity=1.0, number=1, why_not=None):
    at = NOW - timedelta(days=days_ago)
    return Outcome(UUID(int=number), part, "made_up", value, at, severity, why_not)


OUTCOMES = st.builds(
    outcome,
    part=st.sampled_from(PARTS),
    value=st.floats(0, 1),
    days_ago=st.floats(-1, 2000),
    severity=st.sampled_from([0.5, 1.0, 3.0]),
    number=st.integers(1, 10**6),
    why_not=st.sampled_from([None, "disputed"]),
)


def test_who_has_no_outcomes_is_the_networks_mean_with_a_wide_interval():
    newcomer = reputation([], RULES, now=NOW)
    assert newcomer.score == pytest.approx(0.3 * 0.95 + 0.25 * 0.85 + 0.1 * 0.95 + 0.2 * 0.92 + 0.15 * 0.9)
    assert newcomer.low < newcomer.score < newcomer.high
    settled = reputation(
        [outcome(part, RULES.means[part], number=n) for part in PARTS for n in range(50)], RULES, now=NOW
    )
    assert settled.score == pytest.approx(newcomer.score, abs=1e-6)
    assert settled.high - settled.low < newcomer.high - newcomer.low


def test_one_outcome_moves_its_part_by_a_step_shrunk_by_the_prior():
    # The prior weighs 10: (10 x 0.95 + 0) / 11 = 0.863636.
    once = reputation([outcome("kept", 0.0)], RULES, now=NOW)
    [kept] = [part for part in once.parts if part.name == "kept"]
    assert kept.value == pytest.approx(9.5 / 11)
    assert once.contributions[0].points == pytest.approx(0.3 * (9.5 / 11 - 0.95))


def test_an_outcome_weighs_half_after_the_half_life():
    fresh, old = (reputation([outcome("kept", 0.0, days_ago=days)], RULES, now=NOW) for days in (0, 180))
    assert [part.weight for part in fresh.parts][:1] == [1.0]
    assert [part.weight for part in old.parts][:1] == [pytest.approx(0.5)]


def test_not_coming_weighs_three_times_a_late_back_out_and_an_early_one_half():
    start = NOW + timedelta(days=3)
    assert back_out_severity(start - timedelta(hours=24), start, RULES) == 0.5
    assert back_out_severity(start - timedelta(hours=24) + timedelta(seconds=1), start, RULES) == 1.0
    early, late, gone = (
        reputation([outcome("kept", 0.0, severity=each)], RULES, now=NOW).score for each in (0.5, 1.0, RULES.no_show)
    )
    assert gone < late < early < reputation([], RULES, now=NOW).score


@pytest.mark.parametrize(
    ("minutes", "in_time"), [(-30, True), (15, True), (0, True), (-30.02, False), (15.02, False), (60, False)]
)
def test_in_time_is_from_half_an_hour_before_to_a_quarter_after(minutes, in_time):
    assert is_in_time(NOW + timedelta(minutes=minutes), NOW, RULES) is in_time


def test_stars_lie_evenly_between_bad_and_good():
    assert [of_stars(stars) for stars in (1, 2, 3, 4, 5)] == [0, 0.25, 0.5, 0.75, 1]


def test_what_does_not_count_moves_nothing_but_is_listed():
    aside = reputation([outcome("kept", 0.0, severity=3, why_not="disputed")], RULES, now=NOW)
    assert (aside.score, aside.num) == (reputation([], RULES, now=NOW).score, 0)
    assert [(each.outcome.why_not, each.points) for each in aside.contributions] == [("disputed", 0.0)]


@given(st.lists(OUTCOMES, max_size=20), st.randoms(use_true_random=False))
def test_the_order_in_which_we_learn_of_outcomes_changes_nothing(outcomes, random: Random):
    shuffled = random.sample(outcomes, len(outcomes))
    first, second = (reputation(each, RULES, now=NOW) for each in (outcomes, shuffled))
    assert (first.score, first.low, first.high) == (second.score, second.low, second.high)


@given(st.lists(OUTCOMES, max_size=20))
def test_the_score_is_a_newcomers_plus_what_each_outcome_gives(outcomes):
    made = reputation(outcomes, RULES, now=NOW)
    told = made.start + math.fsum(each.points for each in made.contributions)
    assert 0 <= made.low <= made.score <= made.high <= 1
    assert told == pytest.approx(made.score, abs=1e-6)


@given(st.lists(OUTCOMES, max_size=10), st.sampled_from(PARTS))
def test_a_good_outcome_never_lowers_and_a_bad_one_never_raises(outcomes, part):
    before = reputation(outcomes, RULES, now=NOW).score
    assert reputation([*outcomes, outcome(part, 1.0, number=7)], RULES, now=NOW).score >= before
    assert reputation([*outcomes, outcome(part, 0.0, number=7)], RULES, now=NOW).score <= before


def test_the_networks_means_are_measured_where_there_is_enough():
    means = measured_means({"kept": (200, 180.0), "on_time": (199, 0.0)}, RULES)
    assert means["kept"] == 0.9
    assert means["on_time"] == RULES.means["on_time"]
    assert set(means) == set(PARTS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"kept": 1.0}},
        {"weights": {**RULES.weights, "kept": 0.4}},
        {"weights": {**RULES.weights, "kept": -0.3, "on_time": 0.85}},
        {"means": {**RULES.means, "rated": 1.1}},
        {"means": {**RULES.means, "charm": 0.5}},
        {"strength": 0.0},
        {"half_life_days": 0.5},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong):
    with pytest.raises(PolicyError):
        replace(RULES, **wrong)
