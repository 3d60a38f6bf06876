"""Decisions as values: the same inputs decide the same, and a replay notices every changed figure."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from matching.decision import decide, decide_auto, decide_wave, encode_inputs, outcome_document, replay
from matching.eligibility import judge
from matching.errors import ReplayError
from matching.policy import Policy, WavePolicy
from matching.scoring import TERMS

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def decision(make_job, make_crowd):
    return decide_wave(make_job(), make_crowd(400, 12), Policy(), now=NOW, seed=7, wave_num=1)


def leaves(document, path=()):
    """The path of every single value in a JSON document."""
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        return [leaf for name, value in items for leaf in leaves(value, (*path, name))]
    return [path]


def changed(document, path):
    """A copy in which the value at the path is another of its kind."""
    result = copy.deepcopy(document)
    place = result
    for name in path[:-1]:
        place = place[name]
    old = place[path[-1]]
    if isinstance(old, bool):
        new = not old
    elif isinstance(old, float):
        new = float(np.nextafter(old, 2.0))
    else:
        new = old + 1 if isinstance(old, int) else old + "x"
    place[path[-1]] = new
    return result


def test_a_wave_is_asked_best_first_and_the_next_three_are_kept(decision):
    places = [placed.place for placed in decision.asked]
    assert len(places) > 5
    assert places == sorted(places)
    assert [placed.technician for placed in decision.asked] == list(decision.outcome.technicians)
    left = sorted(set(range(1, decision.num_may + 1)) - set(places))
    assert [placed.place for placed in decision.next_best] == left[:3]


def test_the_words_and_counts_are_those_of_the_rules(decision):
    words = judge(decision.inputs.job, decision.inputs.candidates, decision.inputs.policy)
    assert (decision.words == words).all()
    assert decision.num_may == np.count_nonzero(words == 0)
    assert all(num == np.count_nonzero(words & rule.bit) for rule, num in decision.counts.items())


def test_what_is_shown_of_the_asked_adds_up(decision):
    for placed in (*decision.asked, *decision.next_best):
        assert list(placed.parts) == list(TERMS)
        assert sum(placed.parts.values()) == placed.total
        assert 0 < placed.chance < 1


def test_the_order_of_the_rows_decides_nothing(decision):
    shuffled = decision.inputs.candidates.take(np.random.default_rng(1).permutation(400))
    again = decide(replace(decision.inputs, candidates=shuffled))
    assert again.asked == decision.asked
    assert again.next_best == decision.next_best


def test_the_outcome_is_plain_json_that_reads_back_equal(decision):
    document = outcome_document(decision)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_outcome_names_what_decided(decision):
    document = outcome_document(decision)
    assert document["kind"] == "wave"
    assert document["policy_version"] == Policy().version
    assert (document["seed"], document["engine_version"], document["num_in_reach"]) == (7, "2", 400)
    assert document["words"] == decision.words.tolist()


def test_no_place_and_no_contact_is_in_the_outcome(decision):
    text = json.dumps(outcome_document(decision))
    assert not [word for word in ("lat", "lng", "name", "phone", "mail", "39.74") if f'"{word}"' in text]


@pytest.mark.parametrize("kind", ["wave", "backup", "nobody", "auto"])
def test_a_replay_of_what_was_stored_is_identical(make_job, make_crowd, kind):
    job, crowd, policy = make_job(num_open=2), make_crowd(300, 4), Policy(mode="auto", wave=WavePolicy(target=0.7))
    if kind == "nobody":
        crowd = crowd.take(np.array([], dtype=np.int64))
    if kind == "auto":
        decision = decide_auto(job, crowd, policy, now=NOW, seed=3, scarce={"hvac": 0.4})
        assert len(decision.asked) == 2
    else:
        may = decide_wave(job, crowd, policy, now=NOW, seed=3, wave_num=1)
        first_ask = [may.asked[1].technician] if kind == "backup" else []
        decision = decide_wave(job, crowd, policy, now=NOW, seed=3, wave_num=2, first_ask=first_ask)
        assert len(decision.asked) == {"wave": len(may.asked), "backup": 1, "nobody": 0}[kind]
    stored = json.loads(json.dumps(outcome_document(decision)))
    assert replay(encode_inputs(decision), stored) == replay(encode_inputs(decision), outcome_document(decision))
    assert replay(encode_inputs(decision), stored).is_identical
    assert replay(encode_inputs(decision), stored).first_difference is None


def test_a_replay_notices_every_single_changed_value_and_names_it(make_job, make_crowd):
    decision = decide_wave(make_job(), make_crowd(150, 12), Policy(), now=NOW, seed=7, wave_num=1)
    stored, document = encode_inputs(decision), outcome_document(decision)
    paths = leaves(document)
    assert len(decision.asked) >= 2
    assert len(paths) > 80
    for path in paths:
        found = replay(stored, changed(document, path))
        assert not found.is_identical
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        assert found.first_difference.startswith(f"{name}: stored "), path


def test_a_replay_notices_what_is_missing_or_too_much(decision):
    stored, document = encode_inputs(decision), outcome_document(decision)
    for name in document:
        without = {key: value for key, value in document.items() if key != name}
        assert replay(stored, without).first_difference.startswith(f"{name}: stored '(missing)'")
    assert replay(stored, {**document, "extra": 1}).first_difference == "extra: stored 1, now '(missing)'"
    shorter = {**document, "words": document["words"][:-1]}
    assert replay(stored, shorter).first_difference.startswith("words: stored [")


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"wave_num": 2}, {"now": datetime(2026, 5, 1, 12, 1, tzinfo=UTC)}, {"policy": Policy(reach_km=100)}],
    ids=lambda change: next(iter(change)),
)
def test_inputs_that_were_changed_afterwards_are_noticed_by_their_digest(decision, change):
    tampered = decide(replace(decision.inputs, **change))
    found = replay(encode_inputs(tampered), outcome_document(decision))
    assert found.first_difference.startswith("inputs_digest: stored ")


def test_an_unreadable_store_is_an_error_not_a_difference(decision):
    with pytest.raises(ReplayError):
        replay(b"???", outcome_document(decision))


def test_scarce_skills_are_kept_free_only_for_a_real_need(make_job, make_candidates):
    """An expert next door and a fitting technician farther off; only a need elsewhere turns the order."""
    people = make_candidates(2, travel_s=[600, 900], skill_levels=[[5, 5], [2, 3]])
    usual = decide_wave(make_job(), people, Policy(), now=NOW, seed=1, wave_num=1)
    needed = decide_wave(make_job(), people, Policy(), now=NOW, seed=1, wave_num=1, scarce={"hvac": 1.0, "wifi": 1.0})
    assert usual.asked[0].technician == people.id_at(0)
    assert needed.asked[0].technician == people.id_at(1)


def test_who_was_asked_is_not_asked_by_the_next_wave(decision):
    candidates = decision.inputs.candidates
    asked = np.isin(np.arange(400), decision.outcome.rows)
    after = replace(candidates, was_asked=candidates.was_asked | asked)
    second = decide(replace(decision.inputs, candidates=after, wave_num=2))
    assert second.outcome.technicians
    assert not set(second.outcome.technicians) & set(decision.outcome.technicians)


def test_deciding_twice_from_other_ids_asks_the_same_rows_when_nothing_ties(make_job, make_candidates):
    people = make_candidates(30, travel_s=np.arange(30) * 100)
    others = replace(people, ids=np.array([UUID(int=10**9 + row).bytes for row in range(30)], dtype="S16"))
    policy = Policy(wave=WavePolicy(explore_share=0.0))
    first = decide_wave(make_job(), people, policy, now=NOW, seed=1, wave_num=1)
    assert first.outcome.rows == decide_wave(make_job(), others, policy, now=NOW, seed=2, wave_num=1).outcome.rows
