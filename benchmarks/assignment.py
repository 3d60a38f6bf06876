"""How good and how fast is the exact assignment, beside greedy and beside one big 0/1 programme?

Random places in a square, staggered windows over some days, several jobs a technician. All contenders get the same
problems; `one_programme` is the whole of it in one CP-SAT model in two stages, without flow, relaxation or pieces.
A contender that does not prove its answer in time is counted as such, and its value is compared all the same.

Run: python -m benchmarks.assignment [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.assignment import assign
from matching.greedy import greedy
from matching.incidence import incidence
from matching.programme import decide
from matching.workload import NO_LIMIT, OPEN, AssignmentProblem, Ints

_QUARTER_US = 900_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How big a random problem is; `num_near` pairs a job."""

    num_jobs: int
    num_technicians: int
    num_near: int
    days: int
    runs_one_programme: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a contender reached, and in which time."""

    priority: int
    cost: int
    is_proved: bool
    seconds: float


SIZES = (
    Size(50, 100, 15, 2, runs_one_programme=True),
    Size(200, 400, 20, 4, runs_one_programme=True),
    Size(2_000, 10_000, 50, 5, runs_one_programme=False),
    Size(10_000, 50_000, 100, 7, runs_one_programme=False),
)


def random_problem(size: Size, seed: int) -> AssignmentProblem:
    """Jobs and technicians at random places of a square; each job may go to its nearest technicians."""
    chance = np.random.default_rng(seed)
    sites, homes = chance.uniform(0, 400_000, (size.num_jobs, 2)), chance.uniform(0, 400_000, (size.num_technicians, 2))
    near, metres = [], []
    for site in sites:
        distance_m = np.hypot(*(homes - site).T)
        rows = np.argpartition(distance_m, size.num_near)[: size.num_near]
        near.append(rows)
        metres.append(np.rint(distance_m[rows]).astype(np.int64))
    start_us = chance.integers(0, size.days * 96, size.num_jobs) * _QUARTER_US
    return AssignmentProblem(
        start_us=start_us,
        end_us=start_us + chance.integers(4, 17, size.num_jobs) * _QUARTER_US,
        priority=chance.integers(1, 6, size.num_jobs),
        capacity=chance.choice(np.array([1, 2, 3, NO_LIMIT]), size.num_technicians),
        max_busy_us=np.full(size.num_technicians, NO_LIMIT),
        edge_job=np.repeat(np.arange(size.num_jobs), size.num_near),
        edge_technician=np.concatenate(near),
        edge_cost=np.concatenate(metres),
    )


def ours(problem: AssignmentProblem, seconds: float) -> tuple[Ints, bool]:
    """Flow, relaxation, pieces."""
    answer = assign(problem, seed=0, seconds=seconds, clock=time.monotonic)
    return answer.edge_of_job[answer.edge_of_job != OPEN], answer.is_optimal


def by_greed(problem: AssignmentProblem, seconds: float) -> tuple[Ints, bool]:
    """The most important job first, to the nearest who has room."""
    chosen = greedy(problem)
    return chosen[chosen != OPEN], False


def one_programme(problem: AssignmentProblem, seconds: float) -> tuple[Ints, bool]:
    """Everything in one model: first the priorities, then the metres."""
    until = time.monotonic() + seconds
    rows, every = incidence(problem), np.arange(len(problem.edge_job))
    priority, none = problem.priority[problem.edge_job], np.zeros(0, np.int64)
    first = decide(rows, -priority, every, none, seed=0, until=until, clock=time.monotonic)
    if first.edges is None:
        return none, False
    served = int(priority[first.edges].sum())
    held = rows.with_least(priority, served)
    second = decide(held, problem.edge_cost, every, first.edges, seed=0, until=until, clock=time.monotonic)
    edges = first.edges if second.edges is None else second.edges
    is_proved = first.bound == -served and second.bound == int(problem.edge_cost[edges].sum())
    return edges, is_proved


CONTENDERS: dict[str, Callable[[AssignmentProblem, float], tuple[Ints, bool]]] = {
    "ours": ours,
    "greedy": by_greed,
    "one_programme": one_programme,
}


def run(name: str, problem: AssignmentProblem, seconds: float) -> Outcome:
    """One contender on one problem."""
    began = time.monotonic()
    edges, is_proved = CONTENDERS[name](problem, seconds)
    took_s = time.monotonic() - began
    priority = int(problem.priority[problem.edge_job[edges]].sum())
    return Outcome(priority, int(problem.edge_cost[edges].sum()), is_proved, took_s)


def measure(size: Size, seeds: range, seconds: float) -> dict[str, object]:
    """All contenders on the problems of one size; medians and spread over the seeds."""
    names = [name for name in CONTENDERS if name != "one_programme" or size.runs_one_programme]
    outcomes: dict[str, list[Outcome]] = {name: [] for name in names}
    for seed in seeds:
        problem = random_problem(size, seed)
        for name in names:
            outcomes[name].append(run(name, problem, seconds))
    return {
        "jobs": size.num_jobs,
        "technicians": size.num_technicians,
        "pairs": size.num_jobs * size.num_near,
        "seeds": len(seeds),
        "contenders": {name: _summary(outcomes[name], outcomes["ours"]) for name in names},
    }


def _summary(outcomes: list[Outcome], reference: list[Outcome]) -> dict[str, object]:
    seconds = [outcome.seconds for outcome in outcomes]
    pairs = list(zip(outcomes, reference, strict=True))
    comparable = [(one, other) for one, other in pairs if one.priority == other.priority and other.cost]
    return {
        "seconds": {"median": round(statistics.median(seconds), 3), "min": min(seconds), "max": max(seconds)},
        "proved": sum(outcome.is_proved for outcome in outcomes),
        "priority_median": statistics.median(outcome.priority for outcome in outcomes),
        "cost_median": statistics.median(outcome.cost for outcome in outcomes),
        "same_priority_as_ours": len(comparable),
        "cost_above_ours_percent_median": (
            round(statistics.median(100 * (one.cost / other.cost - 1) for one, other in comparable), 3)
            if comparable
            else None
        ),
        "better_than_ours": sum((-one.priority, one.cost) < (-other.priority, other.cost) for one, other in pairs),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="deadline of each run")
    arguments = parser.parse_args()
    sizes = [measure(size, range(arguments.seeds), arguments.seconds) for size in SIZES]
    if arguments.json:
        sys.stdout.write(json.dumps({"sizes": sizes}) + "\n")
        return
    for size in sizes:
        sys.stdout.write(json.dumps(size, indent=2) + "\n")


if __name__ == "__main__":
    main()
