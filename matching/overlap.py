"""What is the best assignment where overlaps and hours matter?

One 0/1 variable a pair: each job at most once, a technician at most one job of each clique of overlapping jobs, at
most `capacity` jobs, busy for at most `max_busy_us`. First the priorities are made as large as possible, then they are
held and the cost made as small as possible; each stage ends with a proof or at the deadline.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

import numpy as np
from ortools.sat.python import cp_model

from matching.workload import OPEN, AssignmentProblem, Ints, cliques

#: Threads that take turns in a fixed order, so that the answer doesn't depend on which of them was faster.
_NUM_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Settled:
    """The edge of each job (J,), and what no choice can beat; `cost_bound` is None while the priority is unproved."""

    edge_of_job: Ints
    priority_bound: int
    cost_bound: int | None


def settle(
    problem: AssignmentProblem, start: Ints, priority_bound: int, *, seed: int, until: float, clock: Callable[[], float]
) -> Settled:
    """The best choice of edges, from the possible choice `start` (J,) and a bound of the priorities.

    The same arguments give the same answer as long as `clock` doesn't reach `until`.
    """
    programme = _Programme(problem, seed=seed, until=until, clock=clock)
    priority = problem.priority[problem.edge_job]
    chosen = start
    served = int(problem.priority[chosen != OPEN].sum())
    if served < priority_bound:
        chosen, bound = programme.minimise(-priority, chosen)
        served, priority_bound = int(problem.priority[chosen != OPEN].sum()), min(priority_bound, -bound)
    if served < priority_bound:
        return Settled(chosen, priority_bound, None)
    programme.hold(priority, served)
    chosen, cost_bound = programme.minimise(problem.edge_cost, chosen)
    return Settled(chosen, priority_bound, cost_bound)


class _Programme:
    """The 0/1 programme of a problem, solved for one goal after the other."""

    def __init__(self, problem: AssignmentProblem, *, seed: int, until: float, clock: Callable[[], float]) -> None:
        self._problem, self._seed, self._until, self._clock = problem, seed, until, clock
        self._model = cp_model.CpModel()
        self._used = [self._model.new_bool_var("") for _ in range(len(problem.edge_job))]
        for edges in _groups(problem.edge_job):
            self._model.add_at_most_one(self._used[edge] for edge in edges.tolist())
        for edges in _groups(problem.edge_technician):
            self._add_technician(edges)

    def _add_technician(self, edges: Ints) -> None:
        """What one technician can hold, as rows over their `edges`."""
        problem, technician = self._problem, self._problem.edge_technician[edges[0]]
        capacity, max_busy_us = int(problem.capacity[technician]), int(problem.max_busy_us[technician])
        used = [self._used[edge] for edge in edges.tolist()]
        busy_us = problem.busy_us[problem.edge_job[edges]].tolist()
        if capacity < len(edges):
            self._model.add(sum(used) <= capacity)
        if capacity > 1:
            for clique in cliques(problem, edges):
                self._model.add_at_most_one(self._used[edge] for edge in clique.tolist())
        if capacity > 1 and max_busy_us < sum(busy_us):
            unit = gcd(*busy_us)
            row = cp_model.LinearExpr.weighted_sum(used, [busy // unit for busy in busy_us])
            self._model.add(row <= max_busy_us // unit)

    def hold(self, weight: Ints, least: int) -> None:
        """From now on the chosen edges' weights (E,) sum up to at least this."""
        self._model.add(cp_model.LinearExpr.weighted_sum(self._used, weight.tolist()) >= least)

    def minimise(self, cost: Ints, chosen: Ints) -> tuple[Ints, int]:
        """The choice with the least sum of `cost` (E,), from a possible one, and what no choice goes below."""
        self._model.minimize(cp_model.LinearExpr.weighted_sum(self._used, cost.tolist()))
        self._model.clear_hints()
        start = np.zeros(len(self._used), np.int64)
        start[chosen[chosen != OPEN]] = 1
        for variable, value in zip(self._used, start.tolist(), strict=True):
            self._model.add_hint(variable, value)
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = self._seed % 2**31
        solver.parameters.num_workers = _NUM_WORKERS
        solver.parameters.interleave_search = True
        solver.parameters.max_time_in_seconds = max(0.0, self._until - self._clock())
        status = solver.solve(self._model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return chosen, int(cost[cost < 0].sum())
        edges = np.flatnonzero([solver.boolean_value(variable) for variable in self._used])
        found = np.full(self._problem.num_jobs, OPEN)
        found[self._problem.edge_job[edges]] = edges
        return found, int(np.ceil(solver.best_objective_bound - 1e-6))


def _groups(key: Ints) -> list[Ints]:
    """The edges of each value of `key` (E,), as edge numbers."""
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
