"""What is the best assignment where overlaps and hours matter?

Exactly, in two stages: the priorities are made as large as possible, then they are held and the cost made as small as
possible. Each stage asks the linear relaxation first. Where its answer is whole, it is the answer; where it is not,
the pairs that it proves useless are dropped and a 0/1 programme decides among the rest. A stage ends with a proof, or
at the deadline with the best choice so far.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.greedy import greedy
from matching.incidence import Incidence, incidence
from matching.relaxation import SCALE, Relaxed, relax
from matching.workload import OPEN, AssignmentProblem, Bools, Ints

#: Bounds come as floating-point numbers; whole ones may be off by as little.
_ROUNDING = 1e-6


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
    search = _Search(problem, seed, until, clock)
    rows = incidence(problem)
    chosen, served = start, _served(problem, start)
    if served < priority_bound:
        chosen, bound = search.cheapest(rows, -problem.priority[problem.edge_job], chosen)
        served, priority_bound = _served(problem, chosen), min(priority_bound, -bound)
    if served < priority_bound:
        return Settled(chosen, priority_bound, None)
    is_all = served == int(problem.priority.sum())
    weight = np.ones_like(problem.edge_job) if is_all else problem.priority[problem.edge_job]
    held = rows.with_least(weight, problem.num_jobs if is_all else served)
    chosen, cost_bound = search.cheapest(held, problem.edge_cost, chosen)
    return Settled(chosen, priority_bound, cost_bound)


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for the cheapest choice, by whatever costs and rows a stage has."""

    problem: AssignmentProblem
    seed: int
    until: float
    clock: Callable[[], float]

    def cheapest(self, rows: Incidence, cost: Ints, chosen: Ints) -> tuple[Ints, int]:
        """The choice (J,) with the least sum of `cost` (E,), from a possible one, and what no choice goes below."""
        relaxed = relax(self.problem, rows, cost, chosen[chosen != OPEN], until=self.until, clock=self.clock)
        if relaxed is None:
            return self._decide(rows, cost, chosen, np.ones(len(cost), np.bool_))
        chosen = self._rounded(rows, cost, chosen, relaxed)
        best = int(cost[chosen[chosen != OPEN]].sum())
        if best == relaxed.bound:
            return chosen, best
        is_useful = relaxed.scaled_bound + relaxed.scaled_reduced <= (best - 1) * SCALE
        is_useful[chosen[chosen != OPEN]] = True
        chosen, bound = self._decide(rows.over(is_useful), cost, chosen, is_useful)
        return chosen, max(relaxed.bound, bound)

    def _rounded(self, rows: Incidence, cost: Ints, chosen: Ints, relaxed: Relaxed) -> Ints:
        """The relaxation's choice where it keeps the rows and is better, else `chosen`."""
        order = np.lexsort((relaxed.value, self.problem.edge_job))
        likely = order[relaxed.value[order] > 0.5]
        wanted = np.full(self.problem.num_jobs, OPEN)
        wanted[self.problem.edge_job[likely]] = likely
        candidate = wanted if relaxed.is_whole else greedy(self.problem, wanted)
        edges, before = candidate[candidate != OPEN], chosen[chosen != OPEN]
        is_used = np.zeros(len(cost), np.bool_)
        is_used[edges] = True
        spent = np.zeros(len(rows.limit), np.int64)
        np.add.at(spent, rows.row, rows.weight * is_used[rows.edge])
        is_better = cost[edges].sum() < cost[before].sum()
        return candidate if is_better and bool((spent <= rows.limit).all()) else chosen

    def _decide(self, rows: Incidence, cost: Ints, chosen: Ints, is_open: Bools) -> tuple[Ints, int]:
        """The cheapest choice of the open edges (E,), by a 0/1 programme that starts at `chosen`, and a bound."""
        edges = np.flatnonzero(is_open).tolist()
        start = set(chosen[chosen != OPEN].tolist())
        model = cp_model.CpModel()
        used = {edge: model.new_bool_var("") for edge in edges}
        for edge, variable in used.items():
            model.add_hint(variable, edge in start)
        ends = np.searchsorted(rows.row, np.arange(len(rows.limit) + 1))
        for number, limit in enumerate(rows.limit.tolist()):
            entries = slice(ends[number], ends[number + 1])
            variables = [used[edge] for edge in rows.edge[entries].tolist()]
            model.add(cp_model.LinearExpr.weighted_sum(variables, rows.weight[entries].tolist()) <= limit)
        model.minimize(cp_model.LinearExpr.weighted_sum(list(used.values()), cost[edges].tolist()))
        solver = self._solver()
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return chosen, int(cost[cost < 0].sum())
        found = np.full(self.problem.num_jobs, OPEN)
        taken = np.array([edge for edge, variable in used.items() if solver.boolean_value(variable)], np.int64)
        found[self.problem.edge_job[taken]] = taken
        total = int(cost[taken].sum())
        bound = total if status == cp_model.OPTIMAL else int(np.ceil(solver.best_objective_bound - _ROUNDING))
        return found, min(total, bound)

    def _solver(self) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = self.seed % 2**31
        solver.parameters.num_workers = 1  # several would answer by which of them was faster, not by the seed
        solver.parameters.max_time_in_seconds = max(0.0, self.until - self.clock())
        return solver


def _served(problem: AssignmentProblem, edge_of_job: Ints) -> int:
    return int(problem.priority[edge_of_job != OPEN].sum())
