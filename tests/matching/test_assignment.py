"""The exact assignment, against brute force over every choice and an independent programme without decomposition.

Times are small whole numbers; jobs are half-open, so one that ends at 3 leaves room for one that starts at 3.
"""

import itertools
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from matching.assignment import assign
from matching.errors import MatchingError
from matching.greedy import greedy
from matching.workload import NO_LIMIT, OPEN, AssignmentProblem, clashing

LONG_S = 120.0


def problem_of(spans, technicians, edges, priority=None):
    """`spans` (start, end); `technicians` (capacity, hours); `edges` (job, technician, cost)."""
    job, technician, cost = np.array(edges, np.int64).reshape(-1, 3).T
    start, end = np.array(spans, np.int64).reshape(-1, 2).T
    capacity, hours = np.array(technicians, np.int64).reshape(-1, 2).T
    priority = np.ones(len(start), np.int64) if priority is None else np.array(priority, np.int64)
    return AssignmentProblem(start, end, priority, capacity, hours, job, technician, cost)


def best(problem, seed=0, seconds=LONG_S):
    return assign(problem, seed=seed, seconds=seconds, clock=time.monotonic)


def random_problem(seed, num_jobs, num_technicians, *, span=12, density=0.6, priorities=(1, 2, 3)):
    """Staggered jobs of 1 to 4 in a day of `span`; capacities 0-3 or none; hours 2, 5, 7 or mostly none."""
    chance = random.Random(seed)
    starts = [chance.randrange(span) for _ in range(num_jobs)]
    spans = [(start, start + chance.randrange(1, 5)) for start in starts]
    limits = [(chance.choice([0, 1, 2, 3, NO_LIMIT]), chance.choice([NO_LIMIT, NO_LIMIT, 2, 5, 7]))]
    limits += [(chance.choice([1, 2, 3, NO_LIMIT]), chance.choice([NO_LIMIT, NO_LIMIT, 5, 7])) for _ in range(40)]
    pairs = [(j, t) for j in range(num_jobs) for t in range(num_technicians) if chance.random() < density]
    chance.shuffle(pairs)
    edges = [(j, t, chance.randrange(-5, 60)) for j, t in pairs]
    priority = [chance.choice(priorities) for _ in range(num_jobs)]
    return problem_of(spans, limits[:num_technicians], edges, priority)


def is_possible(problem, edges):
    for technician in range(problem.num_technicians):
        jobs = [int(problem.edge_job[edge]) for edge in edges if problem.edge_technician[edge] == technician]
        if len(jobs) > problem.capacity[technician]:
            return False
        if sum(int(problem.end_us[job] - problem.start_us[job]) for job in jobs) > problem.max_busy_us[technician]:
            return False
        for one, other in itertools.combinations(jobs, 2):
            if problem.start_us[one] < problem.end_us[other] and problem.start_us[other] < problem.end_us[one]:
                return False
    return True


def brute_force(problem):
    """(priority, cost) of the best of all choices."""
    options = [[OPEN, *np.flatnonzero(problem.edge_job == job).tolist()] for job in range(problem.num_jobs)]
    found = (0, 0)
    for choice in itertools.product(*options):
        edges = [edge for edge in choice if edge != OPEN]
        value = (int(problem.priority[problem.edge_job[edges]].sum()), -int(problem.edge_cost[edges].sum()))
        if value > found and is_possible(problem, edges):
            found = value
    return found[0], -found[1]


def whole_programme(problem):
    """(priority, cost) by one 0/1 programme in two stages: a row for every overlapping pair, no flow, no components."""
    num_edges = len(problem.edge_job)
    rows, limits = [], []

    def add(edges, weights, limit):
        row = np.zeros(num_edges)
        row[list(edges)] = weights
        rows.append(row)
        limits.append(limit)

    for job in range(problem.num_jobs):
        add(np.flatnonzero(problem.edge_job == job), 1, 1)
    for technician in range(problem.num_technicians):
        edges = np.flatnonzero(problem.edge_technician == technician)
        jobs = problem.edge_job[edges]
        add(edges, 1, min(problem.capacity[technician], 1000))
        add(edges, problem.end_us[jobs] - problem.start_us[jobs], min(problem.max_busy_us[technician], 10**6))
        for (one, a), (other, b) in itertools.combinations(zip(edges, jobs, strict=True), 2):
            if problem.start_us[a] < problem.end_us[b] and problem.start_us[b] < problem.end_us[a]:
                add((one, other), 1, 1)

    def solve(cost, rows, limits):
        answer = milp(
            cost,
            constraints=LinearConstraint(np.array(rows), ub=np.array(limits, float)),
            bounds=Bounds(0, 1),
            integrality=np.ones(num_edges),
            options={"mip_rel_gap": 0},
        )
        assert answer.status == 0
        return round(answer.fun)

    weight = problem.priority[problem.edge_job].astype(float)
    priority = -solve(-weight, rows, limits)
    return priority, solve(problem.edge_cost.astype(float), [*rows, -weight], [*limits, -priority])


@pytest.mark.parametrize("block", range(8))
def test_equals_brute_force_on_400_small_worlds(block):
    for seed in range(50 * block, 50 * block + 50):
        problem = random_problem(seed, 1 + seed % 6, 1 + seed % 3)
        answer = best(problem, seed)
        edges = answer.edge_of_job[answer.edge_of_job != OPEN]
        assert answer.is_optimal
        assert is_possible(problem, edges.tolist())
        assert (answer.priority, answer.cost) == brute_force(problem), seed


@pytest.mark.parametrize("block", range(6))
def test_equals_one_programme_without_decomposition_on_240_larger_worlds(block):
    for seed in range(1000 + 40 * block, 1040 + 40 * block):
        problem = random_problem(seed, 8 + seed % 15, 2 + seed % 6, span=20, density=0.5, priorities=(1, 1, 2, 5))
        answer = best(problem)
        assert answer.is_optimal
        assert is_possible(problem, answer.edge_of_job[answer.edge_of_job != OPEN].tolist())
        assert (answer.priority, answer.cost) == whole_programme(problem), seed


def joined_by_dear_edges(worlds):
    """One component of several worlds: the first job of each could also be done, dearly, by the next world's first.

    The relaxation's prices rule these edges out, so that what is left falls into pieces again.
    """
    jobs = np.cumsum([0, *(world.num_jobs for world in worlds)])
    technicians = np.cumsum([0, *(world.num_technicians for world in worlds)])
    edge_job = [world.edge_job + first for world, first in zip(worlds, jobs, strict=False)]
    edge_technician = [world.edge_technician + first for world, first in zip(worlds, technicians, strict=False)]
    return AssignmentProblem(
        np.concatenate([world.start_us for world in worlds]),
        np.concatenate([world.end_us for world in worlds]),
        np.concatenate([world.priority for world in worlds]),
        np.concatenate([world.capacity for world in worlds]),
        np.concatenate([world.max_busy_us for world in worlds]),
        np.concatenate([*edge_job, jobs[:-2]]),
        np.concatenate([*edge_technician, technicians[1:-1]]),
        np.concatenate([*(world.edge_cost for world in worlds), np.full(len(worlds) - 1, 5000)]),
    )


def roomy(problem):
    """The same world with room for three jobs each, so that mostly all jobs can be done and nothing ties the parts."""
    return AssignmentProblem(
        problem.start_us,
        problem.end_us,
        problem.priority,
        np.maximum(problem.capacity, 3),
        problem.max_busy_us,
        problem.edge_job,
        problem.edge_technician,
        problem.edge_cost,
    )


@pytest.mark.parametrize("block", range(3))
def test_worlds_that_hang_together_by_dear_edges_alone_are_solved_exactly(block):
    """A window that fell into pieces once called each of them impossible, and the start the proved best."""
    for seed in range(20 * block, 20 * block + 20):
        parts = [
            roomy(random_problem(7000 + 5 * seed + part, 8, 5, span=24, density=0.6, priorities=(1, 2)))
            for part in range(4)
        ]
        problem = joined_by_dear_edges(parts)
        answer = best(problem)
        assert answer.is_optimal
        assert is_possible(problem, answer.edge_of_job[answer.edge_of_job != OPEN].tolist())
        assert (answer.priority, answer.cost) == whole_programme(problem), seed


@pytest.mark.parametrize("seed", [50039, 50063, 50096, 50112, 50145, 50154, 50189, 50224, 50588])
def test_worlds_whose_false_proof_was_once_believed_are_solved_exactly(seed):
    problem = random_problem(seed, 6 + seed % 22, 2 + seed % 7, span=24, density=0.5, priorities=(1, 1, 2, 5))
    answer = best(problem, seed)
    assert answer.is_optimal
    assert (answer.priority, answer.cost) == whole_programme(problem)


def test_most_of_these_worlds_need_more_than_a_flow():
    """Else the tests above would say little about overlaps."""
    worlds = [random_problem(seed, 8 + seed % 15, 2 + seed % 6, span=20, density=0.5) for seed in range(40)]
    unlimited = [
        AssignmentProblem(
            world.start_us,
            world.end_us,
            world.priority,
            np.full_like(world.capacity, NO_LIMIT),
            np.full_like(world.max_busy_us, NO_LIMIT),
            world.edge_job,
            world.edge_technician,
            world.edge_cost,
        )
        for world in worlds
    ]
    cheapest = [np.array([np.flatnonzero(w.edge_job == job)[0] for job in np.unique(w.edge_job)]) for w in unlimited]
    assert sum(len(clashing(w, edges)) > 0 for w, edges in zip(unlimited, cheapest, strict=True)) > 30


def test_one_important_job_comes_before_any_metres():
    problem = problem_of([(0, 9), (0, 9)], [(1, NO_LIMIT)], [(0, 0, 0), (1, 0, 900_000_000)], [1, 2])
    assert best(problem).edge_of_job.tolist() == [OPEN, 1]


def test_two_short_jobs_can_outweigh_a_long_important_one():
    problem = problem_of([(0, 9), (0, 4), (4, 9)], [(NO_LIMIT, NO_LIMIT)], [(0, 0, 1), (1, 0, 7), (2, 0, 7)], [3, 2, 2])
    answer = best(problem)
    assert answer.edge_of_job.tolist() == [OPEN, 1, 2]
    assert (answer.priority, answer.cost) == (4, 14)


def test_a_job_that_ends_when_the_next_begins_does_not_overlap():
    touching = problem_of([(0, 3), (3, 5)], [(NO_LIMIT, NO_LIMIT)], [(0, 0, 1), (1, 0, 1)])
    assert best(touching).priority == 2
    by_one = problem_of([(0, 4), (3, 5)], [(NO_LIMIT, NO_LIMIT)], [(0, 0, 1), (1, 0, 1)])
    assert best(by_one).priority == 1


def test_hours_used_up_to_the_last_microsecond_are_allowed():
    spans, edges = [(0, 3), (3, 5)], [(0, 0, 1), (1, 0, 1)]
    assert best(problem_of(spans, [(NO_LIMIT, 5)], edges)).priority == 2
    assert best(problem_of(spans, [(NO_LIMIT, 4)], edges)).priority == 1


def test_no_capacity_and_no_hours_are_limits_like_any_other():
    assert best(problem_of([(0, 3)], [(0, NO_LIMIT)], [(0, 0, 1)])).priority == 0
    assert best(problem_of([(0, 3)], [(NO_LIMIT, 0)], [(0, 0, 1)])).priority == 0


def test_nothing_to_do_is_done_at_once():
    assert best(problem_of([], [], [])).is_optimal
    lonely = best(problem_of([(0, 1)], [(1, NO_LIMIT)], []))
    assert (lonely.edge_of_job.tolist(), lonely.is_optimal) == ([OPEN], True)


def test_priorities_of_any_size_are_served_exactly():
    """Costs of a flow could not hold these: they go in by their ranks."""
    spans = [(0, 1)] * 4
    edges = [(0, 0, 5), (1, 0, 1), (2, 1, 9), (3, 1, 1)]
    problem = problem_of(spans, [(1, NO_LIMIT)] * 2, edges, [10**12, 10**12 - 1, 10**9, 1])
    answer = best(problem)
    assert (answer.priority, answer.cost, answer.is_optimal) == (10**12 + 10**9, 14, True)


def test_priorities_that_no_solver_can_add_up_are_refused():
    with pytest.raises(MatchingError, match="keep their sum below"):
        best(problem_of([(0, 1)] * 2, [(1, NO_LIMIT)], [(0, 0, 1)], [2**59, 2**59]))


def test_the_deadline_leaves_a_possible_answer_and_never_a_false_proof():
    problem = random_problem(7, 22, 5, span=20)
    answer = best(problem, seconds=0)
    edges = answer.edge_of_job[answer.edge_of_job != OPEN]
    assert is_possible(problem, edges.tolist())
    assert answer.priority > 0
    assert not answer.is_optimal
    assert answer.cost_bound is None
    assert answer.priority_bound >= best(problem).priority >= answer.priority


def test_the_same_seed_gives_the_same_choice():
    problem = random_problem(11, 22, 6, span=20)
    choices = [best(problem, seed).edge_of_job.tolist() for seed in (3, 3, 3)]
    assert choices[0] == choices[1] == choices[2]


@st.composite
def worlds(draw):
    num_jobs, num_technicians = draw(st.integers(0, 5)), draw(st.integers(1, 3))
    spans = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4)), min_size=num_jobs, max_size=num_jobs))
    limit = st.one_of(st.just(NO_LIMIT), st.integers(0, 6))
    technicians = draw(st.lists(st.tuples(limit, limit), min_size=num_technicians, max_size=num_technicians))
    pairs = [(job, technician) for job in range(num_jobs) for technician in range(num_technicians)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    edges = [(*pair, draw(st.integers(-3, 9))) for pair in chosen]
    priority = draw(st.lists(st.integers(1, 3), min_size=num_jobs, max_size=num_jobs))
    return problem_of([(start, start + length) for start, length in spans], technicians, edges, priority)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_equals_brute_force_on_whatever_world(problem):
    answer = best(problem)
    assert answer.is_optimal
    assert (answer.priority, answer.cost) == brute_force(problem)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_the_value(problem, chance):
    jobs, technicians = list(range(problem.num_jobs)), list(range(problem.num_technicians))
    edges = list(range(len(problem.edge_job)))
    for rows in (jobs, technicians, edges):
        chance.shuffle(rows)
    new_job, new_technician = np.argsort(np.array(jobs, np.int64)), np.argsort(technicians)
    shuffled = AssignmentProblem(
        problem.start_us[jobs],
        problem.end_us[jobs],
        problem.priority[jobs],
        problem.capacity[technicians],
        problem.max_busy_us[technicians],
        new_job[problem.edge_job[edges]],
        new_technician[problem.edge_technician[edges]],
        problem.edge_cost[edges],
    )
    one, other = best(problem), best(shuffled, seed=5)
    assert (one.priority, one.cost) == (other.priority, other.cost)


def test_greedy_is_possible_never_better_and_leaves_no_job_that_still_fits():
    for seed in range(60):
        problem = random_problem(seed, 10, 4)
        chosen = greedy(problem)
        edges = chosen[chosen != OPEN].tolist()
        assert is_possible(problem, edges)
        answer = best(problem)
        assert (int(problem.priority[chosen != OPEN].sum()), -int(problem.edge_cost[edges].sum())) <= (
            answer.priority,
            -answer.cost,
        )
        for edge in np.flatnonzero(chosen[problem.edge_job] == OPEN).tolist():
            assert not is_possible(problem, [*edges, edge])
