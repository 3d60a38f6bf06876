"""Mode `auto`: the best with standing consent, at most one an open slot."""

from datetime import UTC, datetime, timedelta

import numpy as np

from matching.award import choose_auto
from matching.eligibility import judge
from matching.policy import Policy
from matching.ranking import rank
from matching.scoring import score

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
POLICY = Policy(mode="auto", hand_back_min=20)


def award_of(job, people):
    ranking = rank(job, people, judge(job, people, POLICY), score(job, people, POLICY), 1)
    return choose_auto(job, people, ranking, POLICY, now=NOW)


def test_the_best_of_those_who_consent_is_chosen_not_the_best_of_all(make_job, make_candidates):
    people = make_candidates(4, travel_s=np.arange(4) * 600, consents=[0, 0, 1, 1])
    award = award_of(make_job(), people)
    assert (award.rows, award.technicians, award.why_empty) == ((2,), (people.id_at(2),), "")
    assert award.hand_back_until == NOW + timedelta(minutes=20)


def test_consent_does_not_help_who_may_not_or_sleeps(make_job, make_candidates):
    people = make_candidates(3, consents=True, is_blocked=[1, 0, 0], in_quiet_hours_now=[0, 1, 0])
    assert award_of(make_job(), people).rows == (2,)


def test_two_open_slots_get_two_people(make_job, make_candidates):
    people = make_candidates(4, travel_s=np.arange(4) * 600, consents=True)
    assert award_of(make_job(num_open=2), people).rows == (0, 1)
    assert award_of(make_job(num_open=9), people).rows == (0, 1, 2, 3)


def test_nobody_chosen_says_why(make_job, make_candidates):
    assert "none of the 3 who may" in award_of(make_job(), make_candidates(3)).why_empty
    full = award_of(make_job(num_open=0), make_candidates(3, consents=True))
    assert (full.rows, full.why_empty) == ((), "no slot is open")
