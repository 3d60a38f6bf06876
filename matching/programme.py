"""Which of these few pairs are chosen, exactly?

A 0/1 programme in whole numbers: a variable a pair, the rows of `matching.incidence`, least cost. SCIP branches on it
where its floating-point numbers tell every row that is kept from every one that is not; CP-SAT, all in integers but
slow where hours are short, decides the rest. What SCIP chooses is checked in integers all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import linear_solver_pb2, pywraplp
from ortools.sat.python import cp_model

from matching.incidence import Incidence
from matching.workload import Ints

#: Bounds come as floating-point numbers; whole ones may be off by as little, of themselves.
_ROUNDING = 1e-6
#: SCIP takes a row as kept up to a millionth of its limit: below this, by less than half a unit.
_MOST_TOLD_APART = 400_000


@dataclass(frozen=True, slots=True)
class Decided:
    """The edges chosen, or None where nothing was found, and what no choice goes below; both None: nothing can be."""

    edges: Ints | None
    bound: int | None


def decide(
    rows: Incidence, cost: Ints, among: Ints, hint: Ints, *, seed: int, until: float, clock: Callable[[], float]
) -> Decided:
    """The cheapest choice by `cost` (E,) of the edges `among`, which are the only ones in `rows`.

    `hint` are edges of a choice that is good, or a part of one. Ends at the deadline with the best so far.
    """
    least = int(np.minimum(cost[among], 0).sum())
    seconds = until - clock()
    if seconds <= 0:
        return Decided(None, least)
    if np.abs(rows.limit).max(initial=0) <= _MOST_TOLD_APART:
        decided = _branch(rows, cost, among, hint, least, seconds)
        if decided is not None:
            return decided
    return _search(rows, cost, among, hint, least, seed, until - clock())


def _branch(rows: Incidence, cost: Ints, among: Ints, hint: Ints, least: int, seconds: float) -> Decided | None:
    """By SCIP, which is the same each time; None where it has no answer to go by."""
    place = np.zeros(len(cost), np.int64)
    place[among] = np.arange(len(among))
    request = linear_solver_pb2.MPModelRequest(
        solver_type=linear_solver_pb2.MPModelRequest.SCIP_MIXED_INTEGER_PROGRAMMING, solver_time_limit_seconds=seconds
    )
    for unit_cost in cost[among].tolist():
        request.model.variable.add(lower_bound=0, upper_bound=1, objective_coefficient=unit_cost, is_integer=True)
    ends = np.searchsorted(rows.row, np.arange(len(rows.limit) + 1))
    for number, limit in enumerate(rows.limit.tolist()):
        entries = slice(ends[number], ends[number + 1])
        request.model.constraint.add(
            var_index=place[rows.edge[entries]].tolist(),
            coefficient=rows.weight[entries].tolist(),
            lower_bound=-np.inf,
            upper_bound=limit,
        )
    is_hinted = np.isin(among, hint)
    request.model.solution_hint.var_index.extend(range(len(among)))
    request.model.solution_hint.var_value.extend(is_hinted.astype(float).tolist())
    response = linear_solver_pb2.MPSolutionResponse()
    pywraplp.Solver.SolveWithProto(request, response)
    if response.status == linear_solver_pb2.MPSOLVER_INFEASIBLE:
        return Decided(None, None)
    if response.status not in (linear_solver_pb2.MPSOLVER_OPTIMAL, linear_solver_pb2.MPSOLVER_FEASIBLE):
        return None
    edges = among[np.array(response.variable_value) > 0.5]
    if not _keeps(rows, edges, len(cost)):
        return None
    total = int(cost[edges].sum())
    if response.status == linear_solver_pb2.MPSOLVER_OPTIMAL:
        return Decided(edges, total)
    return Decided(edges, _whole_bound(response.best_objective_bound, least, total))


def _search(rows: Incidence, cost: Ints, among: Ints, hint: Ints, least: int, seed: int, seconds: float) -> Decided:
    """By CP-SAT."""
    model = cp_model.CpModel()
    used = {edge: model.new_bool_var("") for edge in among.tolist()}
    hinted = set(hint.tolist())
    for edge, variable in used.items():
        model.add_hint(variable, edge in hinted)
    ends = np.searchsorted(rows.row, np.arange(len(rows.limit) + 1))
    for number, limit in enumerate(rows.limit.tolist()):
        entries = slice(ends[number], ends[number + 1])
        variables = [used[edge] for edge in rows.edge[entries].tolist()]
        model.add(cp_model.LinearExpr.weighted_sum(variables, rows.weight[entries].tolist()) <= limit)
    model.minimize(cp_model.LinearExpr.weighted_sum(list(used.values()), cost[among].tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.num_workers = 1  # several would answer by which of them was faster, not by the seed
    solver.parameters.max_time_in_seconds = max(0.0, seconds)
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Decided(None, None)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Decided(None, least)
    edges = np.array([edge for edge, variable in used.items() if solver.boolean_value(variable)], np.int64)
    total = int(cost[edges].sum())
    if status == cp_model.OPTIMAL:
        return Decided(edges, total)
    return Decided(edges, _whole_bound(solver.best_objective_bound, least, total))


def _keeps(rows: Incidence, edges: Ints, num_edges: int) -> bool:
    """Whether these edges keep every row, to the unit."""
    is_used = np.zeros(num_edges, np.bool_)
    is_used[edges] = True
    spent = np.zeros(len(rows.limit), np.int64)
    np.add.at(spent, rows.row, rows.weight * is_used[rows.edge])
    return bool((spent <= rows.limit).all())


def _whole_bound(bound: float, least: int, most: int) -> int:
    """A bound that a solver tells, as a whole number that is none too high."""
    if not np.isfinite(bound):
        return least
    return min(most, max(least, int(np.ceil(bound - _ROUNDING * max(1.0, abs(bound))))))
