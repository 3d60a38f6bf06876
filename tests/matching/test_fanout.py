"""How many are asked: the fewest that suffice, checked against trying every outcome of every prefix."""

import itertools
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from matching.eligibility import judge
from matching.fanout import chance_of_yeses, plan_wave, smallest_prefix
from matching.policy import Policy, WavePolicy
from matching.ranking import rank
from matching.scoring import score

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def wave_of(job, people, chance=0.5, *, seed=1, wave_num=1, first_ask=(), **settings):
    """The wave with one chance for all; small waves, no exploring unless asked for."""
    policy = Policy(wave=WavePolicy(**{"min_size": 1, "explore_share": 0.0, **settings}))
    ranking = rank(job, people, judge(job, people, policy), score(job, people, policy), seed)
    chances = np.full(len(people), chance)
    return plan_wave(job, people, ranking, chances, policy, now=NOW, seed=seed, wave_num=wave_num, first_ask=first_ask)


def chance_by_brute_force(chances, num_yes):
    """Over all 2^n outcomes."""
    return math.fsum(
        math.prod(p if yes else 1 - p for p, yes in zip(chances, outcome, strict=True))
        for outcome in itertools.product((0, 1), repeat=len(chances))
        if sum(outcome) >= num_yes
    )


@pytest.mark.parametrize("num_yes", [0, 1, 2, 3, 5, 9])
@pytest.mark.parametrize("seed", range(4))
def test_the_chance_of_enough_yeses_is_that_of_all_outcomes(num_yes, seed):
    chances = np.random.default_rng(seed).uniform(0, 1, 8).tolist()
    assert chance_of_yeses(chances, num_yes) == pytest.approx(chance_by_brute_force(chances, num_yes), abs=1e-12)


@pytest.mark.parametrize("num_yes", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_the_prefix_is_the_smallest_that_reaches_the_target(num_yes, seed):
    chances = np.random.default_rng(seed).uniform(0.2, 0.7, 12).tolist()
    size = smallest_prefix(chances, num_yes, 0.8)
    reaching = [n for n in range(1, 13) if chance_by_brute_force(chances[:n], num_yes) >= 0.8]
    assert size == reaching[0] > num_yes - 1


def test_a_target_met_exactly_is_met():
    """Two at a half each: one yes with chance 0.75, which is exact in binary."""
    assert smallest_prefix([0.5, 0.5, 0.5], 1, 0.75) == 2
    assert smallest_prefix([0.5, 0.5, 0.5], 1, math.nextafter(0.75, 1)) == 3


def test_a_target_out_of_reach_takes_everyone():
    assert smallest_prefix([0.1, 0.1], 1, 0.95) == 2
    assert smallest_prefix([0.9], 2, 0.5) == 1
    assert smallest_prefix([], 1, 0.5) == 0


def test_the_best_are_asked_in_their_order(make_job, make_candidates):
    people = make_candidates(10, travel_s=np.arange(10)[::-1] * 600)
    wave = wave_of(make_job(), people, target=0.95)
    assert wave.rows == (9, 8, 7, 6, 5)
    assert wave.technicians == tuple(people.id_at(row) for row in wave.rows)
    assert wave.reached == 1 - 0.5**5
    assert (wave.num, wave.target, wave.is_last, wave.is_backup, wave.why_empty) == (1, 0.95, False, False, "")


def test_two_open_slots_need_more_than_one(make_job, make_candidates):
    people = make_candidates(20)
    assert len(wave_of(make_job(num_open=1), people, target=0.9).rows) == 4
    two = wave_of(make_job(num_open=2), people, target=0.9)
    assert len(two.rows) == 7
    assert two.reached == pytest.approx(1 - 8 / 2**7)


def test_policy_bounds_the_size_both_ways(make_job, make_candidates):
    people = make_candidates(20)
    assert len(wave_of(make_job(), people, chance=0.99, min_size=3).rows) == 3
    assert len(wave_of(make_job(), people, chance=0.01, max_size=6).rows) == 6
    assert len(wave_of(make_job(), make_candidates(2), chance=0.99, min_size=5).rows) == 2


def test_an_urgent_job_waits_the_urgent_time(make_job, make_candidates):
    times = {"answer_s": 600.0, "urgent_answer_s": 90.0}
    assert wave_of(make_job(), make_candidates(3), **times).until == NOW + timedelta(seconds=600)
    assert wave_of(make_job(asked_time="asap"), make_candidates(3), **times).until == NOW + timedelta(seconds=90)


def test_nobody_is_woken_and_nobody_is_asked_too_often(make_job, make_candidates):
    people = make_candidates(4, in_quiet_hours_now=[1, 0, 0, 0], asks_today=[0, 7, 8, 9])
    wave = wave_of(make_job(asked_time="asap"), people, chance=0.01, max_asks_a_day=8)
    assert wave.rows == (1,)
    assert not wave.is_last


def test_a_wave_that_asks_everyone_is_the_last_and_so_is_the_policys_last(make_job, make_candidates):
    assert wave_of(make_job(), make_candidates(2), chance=0.01).is_last
    people = make_candidates(9)
    assert [wave_of(make_job(), people, wave_num=num, max_waves=2, max_size=3).is_last for num in (1, 2)] == [
        False,
        True,
    ]


def test_an_empty_wave_says_why(make_job, make_candidates):
    asleep = wave_of(make_job(), make_candidates(2, in_quiet_hours_now=True))
    assert (asleep.rows, asleep.is_last, asleep.reached) == ((), False, 0.0)
    assert "all 2 who may are in their quiet hours" in asleep.why_empty
    assert "nobody who may do it is left" in wave_of(make_job(), make_candidates(2, was_asked=True)).why_empty
    assert wave_of(make_job(), make_candidates(2, was_asked=True)).is_last
    spent = wave_of(make_job(), make_candidates(2), wave_num=4, max_waves=3)
    assert (spent.rows, spent.is_last) == ((), True)
    assert "all 3 waves" in spent.why_empty
    full = wave_of(make_job(num_open=0), make_candidates(2))
    assert (full.rows, full.why_empty, full.is_last) == ((), "no slot is open", True)


def test_the_policys_last_wave_is_still_sent(make_job, make_candidates):
    last = wave_of(make_job(), make_candidates(9), wave_num=3, max_waves=3)
    assert (bool(last.rows), last.is_last, last.why_empty) == (True, True, "")


def test_the_backup_is_asked_alone_and_the_wave_is_not_the_last(make_job, make_candidates):
    people = make_candidates(9, travel_s=np.arange(9) * 300)
    wave = wave_of(make_job(), people, wave_num=0, first_ask=(people.id_at(5),))
    assert (wave.technicians, wave.is_backup, wave.is_last) == ((people.id_at(5),), True, False)


def test_a_backup_who_may_no_longer_or_sleeps_gives_way_to_the_rest(make_job, make_candidates):
    people = make_candidates(9, is_free=[0, *[1] * 8], fits=[0, *[1] * 8], in_quiet_hours_now=[0, 1, *[0] * 7])
    wave = wave_of(make_job(), people, first_ask=(people.id_at(0), people.id_at(1)))
    assert not wave.is_backup
    assert wave.rows
    assert not {0, 1} & set(wave.rows)


def newcomers_far_away(make_candidates):
    """60 old hands near by, 40 newcomers (asked 4 times, one less than the bound) farther off."""
    return make_candidates(100, travel_s=[600] * 60 + [3000] * 40, num_asked=[5] * 60 + [4] * 40, num_yes=0)


def test_a_share_of_the_wave_goes_to_newcomers_from_beyond_the_prefix(make_job, make_candidates):
    people = newcomers_far_away(make_candidates)
    wave = wave_of(make_job(), people, chance=0.1, explore_share=0.25, target=0.94)
    prefix = [row for row in wave.rows if row < 60]
    assert len(prefix) == 27
    assert wave.num_newcomers == len(wave.rows) - 27 == 9
    assert wave.reached == pytest.approx(1 - 0.9**36)


def test_which_newcomers_depends_on_the_seed_and_each_gets_a_turn(make_job, make_candidates):
    people = newcomers_far_away(make_candidates)
    drawn = [wave_of(make_job(), people, 0.1, seed=seed, explore_share=0.25, target=0.94).rows for seed in range(60)]
    again = wave_of(make_job(), people, 0.1, seed=7, explore_share=0.25, target=0.94).rows
    assert again == drawn[7]
    assert {row for rows in drawn for row in rows if row >= 60} == set(range(60, 100))


def test_newcomers_get_turns_by_how_good_they_may_be_and_nobody_none(make_job, make_candidates):
    """Twenty newcomers who may be all there is, twenty whose interval ends at a fifth, one at nothing at all."""
    high = [1.0] * 60 + [1.0] * 20 + [0.2] * 19 + [0.0]
    people = make_candidates(
        100, travel_s=[600] * 60 + [3000] * 40, num_asked=[5] * 60 + [4] * 40, num_yes=0, reputation_high=high
    )
    drawn = [
        row
        for seed in range(400)
        for row in wave_of(make_job(), people, 0.1, seed=seed, explore_share=0.25, target=0.94).rows
    ]
    turns = np.bincount(drawn, minlength=100)
    assert 3.0 < turns[60:80].mean() / turns[80:99].mean() < 5.5
    assert turns[80:99].min() > 0
    assert turns[99] < turns[80:99].min()


def test_a_small_wave_explores_now_and_then_in_the_wanted_share(make_job, make_candidates):
    """9 old hands and a share of a tenth: one newcomer a wave; 4 and a tenth: 0.44 on the mean."""
    people = newcomers_far_away(make_candidates)
    nums = [
        wave_of(make_job(), people, 0.5, seed=seed, explore_share=0.1, target=0.93).num_newcomers for seed in range(400)
    ]
    assert set(nums) == {0, 1}
    assert 0.36 < np.mean(nums) < 0.53


def test_newcomers_in_the_prefix_count_and_the_cap_holds(make_job, make_candidates):
    all_new = make_candidates(50, num_asked=0)
    assert len(wave_of(make_job(), all_new, explore_share=0.5, target=0.93).rows) == 4
    capped = wave_of(make_job(), newcomers_far_away(make_candidates), 0.1, explore_share=0.5, max_size=30)
    assert len(capped.rows) <= 30


def test_a_better_chance_never_asks_more(make_job, make_candidates):
    people = make_candidates(200)
    sizes = [len(wave_of(make_job(), people, chance, target=0.95).rows) for chance in (0.02, 0.05, 0.1, 0.3, 0.6, 0.9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
