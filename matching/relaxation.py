"""How cheap could a choice be at most, if pairs could be chosen in part?

The linear relaxation of the 0/1 programme. With a row for every clique it is nearly always whole already. Pairs are
priced in only when they could help, so that a million of them cost little more than the few that matter. The prices
of the rows are rounded to whole numbers and the bound is computed from them in integers: a proof that owes nothing
to the solver's arithmetic.

Source: Geoffrion, Lagrangean relaxation for integer programming (1974): any prices >= 0 of the rows give a bound.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import linear_solver_pb2, pywraplp

from matching.incidence import Incidence
from matching.lines import Floats
from matching.workload import AssignmentProblem, Bools, Ints

#: Prices are whole numbers of 1 / SCALE.
SCALE = 2**16

#: How many pairs of a job are priced in at a time, the cheapest first.
_AT_ONCE = 8

#: How far below zero a reduced cost, and how far from whole a value, must be to count.
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Values of the edges (E,) in [0, 1], and what they prove.

    No choice costs less than `scaled_bound / SCALE`; none that uses edge e less than that plus
    `scaled_reduced[e] / SCALE`. `scaled_price` (R,) are the prices of the rows that prove it.
    """

    value: Floats
    scaled_bound: int
    scaled_reduced: Ints
    scaled_price: Ints

    @property
    def bound(self) -> int:
        """No choice costs less."""
        return -(-self.scaled_bound // SCALE)

    @property
    def is_whole(self) -> bool:
        """No pair is chosen in part."""
        return bool(np.abs(self.value - np.rint(self.value)).max(initial=0) < _TOLERANCE)


def relax(
    problem: AssignmentProblem,
    rows: Incidence,
    cost: Ints,
    start: Ints,
    *,
    until: float,
    clock: Callable[[], float],
) -> Relaxed | None:
    """The relaxation of `cost` (E,) under `rows`; None if the deadline or the solver ends it before its answer.

    `start` are the edges of a possible choice; they make the first pairs possible too.
    """
    is_active = _cheapest_of_each_job(problem, cost, np.ones(len(cost), np.bool_))
    is_active[start] = True
    while clock() < until:
        solved = _solve(rows, cost, is_active, until - clock())
        if solved is None:
            return None
        value, price = solved
        reduced = cost + np.bincount(rows.edge, rows.weight * price[rows.row], minlength=len(cost))
        helps = (reduced < -_TOLERANCE * max(1, np.abs(cost).max())) & ~is_active
        if not helps.any():
            return _proved(problem, rows, cost, value, price)
        is_active |= _cheapest_of_each_job(problem, reduced, helps)
    return None


def _solve(rows: Incidence, cost: Ints, is_active: Bools, seconds: float) -> tuple[Floats, Floats] | None:
    """The values of all edges and the prices of all rows, were only the active edges there."""
    active = np.flatnonzero(is_active)
    place = np.zeros(len(cost), np.int64)
    place[active] = np.arange(len(active))
    is_held = is_active[rows.edge]
    most = np.bincount(rows.row[is_held], np.maximum(rows.weight[is_held], 0), minlength=len(rows.limit))
    matters = most > rows.limit
    request = linear_solver_pb2.MPModelRequest(
        solver_type=linear_solver_pb2.MPModelRequest.GLOP_LINEAR_PROGRAMMING, solver_time_limit_seconds=seconds
    )
    for unit_cost in cost[active].tolist():
        request.model.variable.add(lower_bound=0, upper_bound=1, objective_coefficient=unit_cost)
    ends = np.searchsorted(rows.row, np.arange(len(rows.limit) + 1))
    for number in np.flatnonzero(matters).tolist():
        entries = slice(ends[number], ends[number + 1])
        held = is_held[entries]
        request.model.constraint.add(
            var_index=place[rows.edge[entries][held]].tolist(),
            coefficient=rows.weight[entries][held].tolist(),
            lower_bound=-np.inf,
            upper_bound=float(rows.limit[number]),
        )
    response = linear_solver_pb2.MPSolutionResponse()
    pywraplp.Solver.SolveWithProto(request, response)
    if response.status != linear_solver_pb2.MPSOLVER_OPTIMAL:
        return None
    value, price = np.zeros(len(cost)), np.zeros(len(rows.limit))
    value[active] = np.array(response.variable_value)
    price[matters] = np.maximum(0.0, -np.array(response.dual_value))
    return value, price


def _proved(problem: AssignmentProblem, rows: Incidence, cost: Ints, value: Floats, price: Floats) -> Relaxed | None:
    """The bound of these prices, in integers; None where they would not fit."""
    biggest = float(np.abs(cost).max()) + np.bincount(rows.edge, np.abs(rows.weight * price[rows.row])).max(initial=0.0)
    if biggest * SCALE > 2.0**61:
        return None
    scaled_price = np.rint(price * SCALE).astype(np.int64)
    scaled_reduced = cost * SCALE
    np.add.at(scaled_reduced, rows.edge, rows.weight * scaled_price[rows.row])
    lowest = np.zeros(problem.num_jobs, np.int64)
    np.minimum.at(lowest, problem.edge_job, scaled_reduced)
    paid = sum(one * limit for one, limit in zip(scaled_price.tolist(), rows.limit.tolist(), strict=True))
    return Relaxed(value, sum(lowest.tolist()) - paid, scaled_reduced, scaled_price)


def _cheapest_of_each_job(problem: AssignmentProblem, cost: Ints | Floats, among: Bools) -> Bools:
    """(E,) the `_AT_ONCE` cheapest edges of each job, among some."""
    edges = np.flatnonzero(among)
    order = edges[np.lexsort((cost[edges], problem.edge_job[edges]))]
    job = problem.edge_job[order]
    place = np.arange(len(order)) - np.searchsorted(job, job)
    is_cheapest = np.zeros(len(among), np.bool_)
    is_cheapest[order[place < _AT_ONCE]] = True
    return is_cheapest
