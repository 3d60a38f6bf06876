"""Which of these few pairs are chosen, exactly?

A 0/1 programme in whole numbers: a variable a pair, the rows of `matching.incidence`, least cost.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.incidence import Incidence
from matching.workload import Ints

#: Bounds come as floating-point numbers; whole ones may be off by as little.
_ROUNDING = 1e-6


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
    solver.parameters.max_time_in_seconds = max(0.0, until - clock())
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Decided(None, None)
    least = int(np.minimum(cost[among], 0).sum())
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Decided(None, least)
    edges = np.array([edge for edge, variable in used.items() if solver.boolean_value(variable)], np.int64)
    total = int(cost[edges].sum())
    if status == cp_model.OPTIMAL:
        return Decided(edges, total)
    return Decided(edges, min(total, max(least, int(np.ceil(solver.best_objective_bound - _ROUNDING)))))
