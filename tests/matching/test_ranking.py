"""Best first among those who may; equals by a seeded hash that knows nothing of rows."""

from uuid import UUID

import numpy as np

from matching.eligibility import judge
from matching.policy import Policy
from matching.ranking import rank
from matching.scoring import score

POLICY = Policy()


def order_of(job, people, seed=1):
    ranking = rank(job, people, judge(job, people, POLICY), score(job, people, POLICY), seed)
    return [people.id_at(row) for row in ranking.rows]


def test_the_nearest_comes_first_when_all_else_is_equal(make_job, make_candidates):
    people = make_candidates(3, travel_s=[3000, 100, 2000])
    assert order_of(make_job(), people) == [people.id_at(1), people.id_at(2), people.id_at(0)]


def test_who_may_not_has_no_place(make_job, make_candidates):
    people = make_candidates(3, is_active=[True, False, True], travel_s=[200, 0, 100])
    assert order_of(make_job(), people) == [people.id_at(2), people.id_at(0)]
    assert order_of(make_job(), make_candidates(2, is_active=False)) == []


def test_the_order_does_not_depend_on_that_of_the_rows(make_job, make_crowd, make_candidates):
    shuffled = np.random.default_rng(3).permutation(400)
    crowd = make_crowd(400, 3)
    assert order_of(make_job(), crowd.take(shuffled)) == order_of(make_job(), crowd)
    equals = make_candidates(400)
    assert order_of(make_job(), equals.take(shuffled)) == order_of(make_job(), equals)


def test_equals_are_ordered_by_the_seed_and_by_the_job(make_job, make_candidates):
    equals = make_candidates(50)
    first = order_of(make_job(), equals, seed=1)
    assert order_of(make_job(), equals, seed=1) == first
    assert order_of(make_job(), equals, seed=2) != first
    assert order_of(make_job(id=UUID(int=77)), equals, seed=1) != first
    assert sorted(first) != first


def test_the_seed_never_overrules_the_score(make_job, make_crowd):
    job, crowd = make_job(), make_crowd(500, 5)
    words, scores = judge(job, crowd, POLICY), score(job, crowd, POLICY)
    for seed in range(5):
        totals = scores.total[rank(job, crowd, words, scores, seed).rows]
        assert len(totals) > 20
        assert (np.diff(totals) <= 0).all()


def test_ids_that_end_in_zero_bytes_are_read_whole(make_job, make_candidates):
    """numpy drops such bytes from a single item; one UUID in 256 ends in one."""
    ids = [UUID(int=0x0100), UUID(int=0x01_0000), UUID(int=0x02 << 64)]
    people = make_candidates(3, ids=[technician.bytes for technician in ids])
    assert [people.id_at(row) for row in range(3)] == ids
    assert sorted(order_of(make_job(), people)) == sorted(ids)
