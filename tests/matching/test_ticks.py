"""One technician's ticks and crosses, with the figures they were judged by."""

from dataclasses import replace
from datetime import date

import pytest

from matching.candidates import NO_CAPACITY
from matching.eligibility import RULES, failed, judge
from matching.policy import Policy
from matching.proof import FOR_EVER
from matching.ticks import ticks

POLICY = Policy()


def told(job, people, row=0):
    return {tick.rule.code: (tick.holds, tick.text) for tick in ticks(job, people, POLICY, row)}


def test_the_crosses_are_the_failed_rules_of_the_word(make_job, make_crowd):
    job, crowd = make_job(clearance=True), make_crowd(200, 9)
    words = judge(job, crowd, POLICY).tolist()
    for row, word in enumerate(words):
        listed = ticks(job, crowd, POLICY, row)
        assert [tick.rule for tick in listed] == list(RULES)
        assert tuple(tick.rule for tick in listed if not tick.holds) == failed(word)
        assert all(tick.text for tick in listed)


@pytest.mark.parametrize(
    ("rule", "columns", "text"),
    [
        ("skill", {"skill_levels": [2, 0]}, "lacks wifi"),
        ("level", {"skill_levels": [2, 2]}, "has wifi at level 2, 3 wanted"),
        (
            "credential",
            {"credential_days": [date(2026, 5, 3).toordinal()]},
            "background_check valid through 2026-05-03, 2026-05-04 needed",
        ),
        ("credential", {"credential_days": [0]}, "no background_check"),
        ("area", {"in_area": False, "distance_m": 42_190.0}, "site 42.2 km away, outside their own area"),
        ("capacity", {"jobs_that_day": 3, "day_capacity": 3}, "3 of 3 jobs that day"),
        ("rate", {"min_hourly_cents": 7550}, "own least rate 75.50, the job pays 60.00 USD an hour"),
        ("rate", {"min_hourly_cents": -1}, "own least rate in another currency than USD"),
        ("free", {"fits": False}, "free only outside working hours, busy inside them"),
        ("pool", {"in_market": False}, "neither in one of the job's pools nor in the open market"),
    ],
)
def test_a_cross_says_by_how_much(make_job, make_candidates, rule, columns, text):
    assert told(make_job(), make_candidates(1, **columns))[rule] == (False, text)


def test_a_missing_paper_is_named_with_those_that_are_as_good(make_job, make_candidates):
    papers = {"contractor": (("w9",), ("check", "cover")), "w2": (), "company": (("cover", "liability"),)}
    holds, text = told(replace(make_job(), papers=papers), make_candidates(1, papers_until=0))["credential"]
    assert (holds, text.partition(": ")[2]) == (False, "contractor w9 and check or cover; company cover or liability")
    holds, text = told(make_job(), make_candidates(1, papers_until=0))["credential"]
    assert (holds, text.endswith("engaged as they are")) == (False, True)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (0, "not proved to be a US person"),
        (date(2026, 5, 3).toordinal(), "US person, proved through 2026-05-03, 2026-05-04 needed"),
        (date(2026, 5, 4).toordinal(), "US person, proved through 2026-05-04, 2026-05-04 needed"),
        (FOR_EVER, "US person, proved"),
    ],
)
def test_a_clearance_tells_its_last_day(make_job, make_candidates, day, text):
    read = told(make_job(clearance=True), make_candidates(1, cleared_until=day))["clearance"]
    assert read == (day >= date(2026, 5, 4).toordinal(), text)


def test_a_tick_has_its_figures_too(make_job, make_candidates):
    read = told(make_job(), make_candidates(1, day_capacity=NO_CAPACITY, min_hourly_cents=0))
    assert read["level"] == (True, "has hvac at level 2, 2 wanted; has wifi at level 3, 3 wanted")
    assert read["capacity"] == (True, "0 jobs that day, no limit")
    assert read["rate"] == (True, "no own least rate, the job pays 60.00 USD an hour")


def test_the_row_asked_for_is_the_one_told(make_job, make_candidates):
    assert not told(make_job(), make_candidates(3, is_active=[True, False, True]), row=1)["active"][0]
    assert told(make_job(), make_candidates(3, is_active=[True, False, True]), row=2)["active"][0]


def test_hours_until_a_limit_that_only_warns_are_told_and_refuse_nothing(make_job, make_crowd):
    job, crowd = make_job(), make_crowd(1, 9)
    plain, warned = (dict(_limit(job, crowd, **more)) for more in ({}, {"soft_left_s": 5400}))
    assert warned["limit"] == plain["limit"] + "; 1.5 hours left until a limit that warns"
    assert {**warned, "limit": ""} == {**plain, "limit": ""}
    assert dict(_limit(job, crowd, soft_left_s=-1))["limit"].endswith("; 0.0 hours left until a limit that warns")


def _limit(job, crowd, **more):
    return [(tick.rule.code, tick.text) for tick in ticks(job, crowd, POLICY, 0, **more)]
