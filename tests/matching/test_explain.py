"""A stored decision read back: to the operator in full, to a client without what is none of their business."""

import json
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from matching.decision import decide_auto, decide_wave, encode_inputs, outcome_document
from matching.eligibility import Rule
from matching.explain import explain, explain_technician
from matching.policy import Policy

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def stored(decision):
    return json.loads(json.dumps(outcome_document(decision))), encode_inputs(decision)


@pytest.fixture
def decision(make_job, make_crowd):
    return decide_wave(make_job(), make_crowd(500, 12), Policy(), now=NOW, seed=7, wave_num=1)


def test_the_operator_reads_who_was_asked_with_the_parts_and_who_came_next(decision):
    told = explain(*stored(decision))
    assert told.asked == decision.asked
    assert told.next_best == decision.next_best
    assert (told.role, told.num_in_reach, told.num_may) == ("technician", 500, decision.num_may)
    assert told.outcome.startswith(f"wave 1: asked the {len(decision.asked)} best until 2026-05-01T12:15:00+00:00")


def test_the_reasons_are_counted_by_rule_and_changes_are_named(decision):
    told = explain(*stored(decision))
    assert {reason.code: reason.num_technicians for reason in told.reasons} == {
        rule.code: num for rule, num in decision.counts.items()
    }
    assert (Rule.RATE,) in [rules for rules, _ in told.sets]
    assert {"pay", "level"} <= {change.kind for change in told.changes}


def test_a_client_reads_only_of_its_pools_and_the_market_and_no_hidden_rule(decision):
    told = explain(*stored(decision), audience="client")
    people = decision.inputs.candidates
    visible = people.in_pool | people.in_market | people.is_admitted | people.is_suspended
    assert told.num_in_reach == np.count_nonzero(visible) < 500
    hidden = {"active", "blocked", "hours", "free", "capacity", "credential", "clearance"}
    assert not hidden & {reason.code for reason in told.reasons}
    assert {"available", "screening"} <= {reason.code for reason in told.reasons}
    assert told.sets == ()


def test_the_explanation_is_plain_json(decision):
    for audience in ("operator", "client"):
        document = explain(*stored(decision), audience=audience).to_document()
        assert json.loads(json.dumps(document)) == document
        assert [placed["place"] for placed in document["asked"]] == [placed.place for placed in decision.asked]


def test_nobody_asked_says_so(make_job, make_candidates):
    decision = decide_wave(make_job(), make_candidates(6, is_active=False), Policy(), now=NOW, seed=1, wave_num=1)
    told = explain(*stored(decision))
    assert told.outcome == "nobody asked: nobody who may do it is left to ask"
    assert (told.asked, told.changes) == ((), ())


def test_an_award_by_consent_says_so(make_job, make_candidates):
    policy = Policy(mode="auto")
    given = decide_auto(make_job(), make_candidates(3, consents=True), policy, now=NOW, seed=1)
    assert explain(*stored(given)).outcome == "given at once to 1 by standing consent"
    kept = decide_auto(make_job(), make_candidates(3), policy, now=NOW, seed=1)
    assert "none of the 3 who may" in explain(*stored(kept)).outcome


def test_each_technician_reads_the_place_score_and_ticks_that_decided(decision):
    document, inputs = stored(decision)
    for placed in (*decision.asked, *decision.next_best):
        told = explain_technician(document, inputs, placed.technician)
        assert (told.place, told.total, told.parts, told.chance) == (
            placed.place,
            placed.total,
            placed.parts,
            placed.chance,
        )
        assert told.may
        assert all(tick.holds for tick in told.ticks)
        assert told.was_asked == (placed in decision.asked)


def test_who_may_not_reads_the_crosses_and_has_no_place(decision):
    document, inputs = stored(decision)
    row = int(np.flatnonzero(decision.words == Rule.RATE.bit)[0])
    told = explain_technician(document, inputs, decision.inputs.candidates.id_at(row))
    assert (told.may, told.place, told.was_asked) == (False, None, False)
    assert [tick.rule for tick in told.ticks if not tick.holds] == [Rule.RATE]
    assert json.loads(json.dumps(told.to_document()))["ticks"][0]["rule"] == "active"


def test_who_was_not_in_reach_is_told_so_by_none(decision):
    assert explain_technician(*stored(decision), UUID(int=4)) is None
