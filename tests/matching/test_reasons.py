"""Which reasons there are, and who reads them: counts by rule, sets of rules, and what a client must not learn."""

from collections import Counter

import numpy as np

from matching.eligibility import Rule, failed, judge, mask
from matching.policy import Policy
from matching.reasons import WORDS, costs_of, count_by_rule, visible_count, visible_reasons, visible_rows, why_not


def words_of(*sets: tuple[Rule, ...]) -> np.ndarray:
    return np.array([mask(*rules) if rules else 0 for rules in sets], dtype=np.uint32)


def test_everyone_who_may_not_is_counted_once_under_each_rule_they_fail():
    words = words_of((), (Rule.SKILL,), (Rule.SKILL, Rule.RATE), (Rule.RATE,), (Rule.RATE,))
    listed = why_not(words)
    assert (listed.num_in_reach, listed.num_may) == (5, 1)
    assert listed.counts == {Rule.SKILL: 2, Rule.RATE: 3}
    assert listed.near_misses == {Rule.SKILL: 1, Rule.RATE: 2}
    assert listed.sets == (((Rule.RATE,), 2), ((Rule.SKILL,), 1), ((Rule.SKILL, Rule.RATE), 1))


def test_a_set_that_contains_another_is_not_minimal():
    words = words_of((Rule.SKILL, Rule.RATE), (Rule.SKILL, Rule.RATE, Rule.AREA), (Rule.AREA, Rule.FREE))
    assert set(why_not(words).minimal_sets) == {(Rule.SKILL, Rule.RATE), (Rule.AREA, Rule.FREE)}


def test_the_list_agrees_with_counting_one_by_one(make_job, make_crowd):
    words = judge(make_job(clearance=True), make_crowd(500, 2), Policy())
    each = [failed(word) for word in words.tolist()]
    listed = why_not(words)
    assert listed.counts == Counter(rule for rules in each for rule in rules)
    assert dict(listed.sets) == Counter(rules for rules in each if rules)
    assert listed.near_misses == Counter(rules[0] for rules in each if len(rules) == 1)
    assert sum(num for _, num in listed.sets) + listed.num_may == 500


def test_every_rule_has_words_of_its_own():
    assert set(WORDS) == set(Rule)
    assert len(set(WORDS.values())) == len(Rule)


def test_the_operator_and_the_technician_read_every_rule_and_every_count():
    words = words_of((Rule.BLOCKED,), (Rule.CREDENTIAL, Rule.FREE))
    for audience in ("operator", "technician"):
        read = [(reason.code, reason.num_technicians) for reason in visible_reasons(words, audience)]
        assert read == [("blocked", 1), ("credential", 1), ("free", 1)]


def test_a_client_can_not_tell_a_block_from_a_full_day_or_a_resting_account():
    hidden = [Rule.ACTIVE, Rule.BLOCKED, Rule.HOURS, Rule.FREE, Rule.CAPACITY]
    read = {visible_reasons(words_of(*[(rule,)] * 6), "client") for rule in hidden}
    assert len(read) == 1
    (reason,) = read.pop()
    assert (reason.code, reason.words, reason.count_text) == ("available", "not available", "6")


def test_a_client_reads_of_no_screening_result():
    read = {visible_reasons(words_of(*[(rule,)] * 6), "client") for rule in (Rule.CREDENTIAL, Rule.CLEARANCE)}
    assert [reason.words for (reason,) in read] == ["screening incomplete"]


def test_one_person_with_two_hidden_reasons_is_one_person_to_the_client():
    words = words_of(*[(Rule.BLOCKED, Rule.FREE)] * 5)
    assert [reason.num_technicians for reason in visible_reasons(words, "client")] == [5]


def test_a_client_reads_no_count_below_five():
    four, five = (visible_reasons(words_of(*[(Rule.SKILL,)] * num), "client")[0] for num in (4, 5))
    assert (four.num_technicians, four.count_text) == (None, "fewer than 5")
    assert (five.num_technicians, five.count_text) == (5, "5")


def test_nobody_is_a_count_that_speaks_of_nobody():
    assert [visible_count(num, "client") for num in (0, 1, 4, 5)] == [0, None, None, 5]
    assert [visible_count(num, "operator") for num in (0, 1, 4, 5)] == [0, 1, 4, 5]


def test_nobody_failing_gives_no_reason():
    assert visible_reasons(words_of((), ()), "client") == ()
    assert count_by_rule(words_of(())) == {}


def test_a_client_knows_only_of_its_pools_and_of_the_market(make_candidates):
    people = make_candidates(4, in_pool=[1, 1, 0, 0], in_market=[1, 0, 1, 0])
    assert visible_rows(people, "client").tolist() == [True, True, True, False]
    assert visible_rows(people, "operator").all()


def test_what_costs_most_comes_first_and_a_locked_rule_is_not_counted_alone():
    words = np.array([mask(Rule.SKILL)] * 6 + [mask(Rule.CREDENTIAL)] * 9 + [mask(Rule.SKILL, Rule.RATE)] * 5 + [0] * 3)
    words = words.astype(np.uint32)
    told = [(cost.code, cost.num_technicians, cost.is_locked, cost.num_alone) for cost in costs_of(words, "client")]
    assert told == [("skill", 11, False, 6), ("screening", 9, True, None), ("rate", 5, False, 0)]


def test_a_client_reads_no_small_number_of_who_fails_one_rule_only():
    words = np.array([mask(Rule.RATE)] * 4 + [mask(Rule.RATE, Rule.AREA)] * 6, dtype=np.uint32)
    assert [(cost.code, cost.num_technicians, cost.num_alone) for cost in costs_of(words, "client")] == [
        ("rate", 10, None),
        ("area", 6, 0),
    ]
    assert costs_of(words, "operator")[0].num_alone == 4


def test_blocks_stay_among_what_reads_as_not_available():
    words = np.array([mask(Rule.BLOCKED)] * 3 + [mask(Rule.FREE)] * 4, dtype=np.uint32)
    (cost,) = costs_of(words, "client")
    assert (cost.code, cost.num_technicians, cost.is_locked, cost.num_alone) == ("available", 7, False, 7)
    assert [(each.code, each.is_locked) for each in costs_of(words, "operator")] == [("free", False), ("blocked", True)]
