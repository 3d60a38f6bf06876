"""What would be the best assignment if overlaps and hours did not matter?

Then a technician is only a number of places, and two minimum-cost flows answer exactly: one for the priorities, one
for the costs among the choices that serve them. The sets of jobs that such a network can serve form a matroid, so
every best choice serves the same number of jobs of each priority; the first flow finds these numbers with the ranks
of the priorities as costs, the second is held to them. Nothing is ever multiplied by a big number, which the solver
would refuse (`BAD_COST_RANGE` above some 1e13).

Source: Schrijver, Combinatorial Optimization (2003), ch. 39-40 (transversal matroids and the greedy property).
"""

import numpy as np
from ortools.graph.python import min_cost_flow

from matching.errors import MatchingError
from matching.workload import OPEN, AssignmentProblem, Ints


def flow(problem: AssignmentProblem, places: Ints) -> Ints:
    """The best choice in which technician t does at most `places[t]` jobs, overlapping or not.

    Returns
    -------
    (J,) the edge chosen for each job, or `OPEN`. The largest sum of priorities; among those the smallest sum of
    costs. An upper bound of the one and, where that is reached, a lower bound of the other for any choice whose
    technicians hold at most `places`.

    Raises
    ------
    MatchingError
        When a cost is outside +-1e9, beyond what the solver takes.
    """
    if len(problem.edge_cost) and np.abs(problem.edge_cost).max() > 10**9:
        raise MatchingError(f"edge_cost {np.abs(problem.edge_cost).max()}: at most 1000000000 either way")
    ranks, rank = np.unique(problem.priority, return_inverse=True)
    num_ranks = len(ranks)
    any_number = np.full(num_ranks, problem.num_jobs)
    first = _solve(problem, places, np.zeros_like(problem.edge_cost), rank, np.arange(1, num_ranks + 1), any_number)
    left_open = np.bincount(rank[first == OPEN], minlength=num_ranks)
    return _solve(problem, places, problem.edge_cost, rank, np.zeros(num_ranks, np.int64), left_open)


def _solve(
    problem: AssignmentProblem, places: Ints, edge_cost: Ints, rank: Ints, open_cost: Ints, open_places: Ints
) -> Ints:
    """Every job flows to a technician, or through the node of its rank (R,) that leaves it open; (J,) edges."""
    num_jobs, num_technicians, num_edges = problem.num_jobs, problem.num_technicians, len(problem.edge_job)
    jobs = np.arange(num_jobs)
    technicians = num_jobs + np.arange(num_technicians)
    sink = num_jobs + num_technicians
    ranks = sink + 1 + np.arange(len(open_cost))
    network = min_cost_flow.SimpleMinCostFlow()
    tails = [problem.edge_job, jobs, technicians, ranks]
    heads = [num_jobs + problem.edge_technician, ranks[rank], np.full(num_technicians, sink), np.full(len(ranks), sink)]
    capacities = [np.ones(num_edges + num_jobs, np.int64), np.minimum(places, num_jobs), open_places]
    costs = [edge_cost, open_cost[rank], np.zeros(num_technicians + len(ranks), np.int64)]
    network.add_arcs_with_capacity_and_unit_cost(
        np.concatenate(tails), np.concatenate(heads), np.concatenate(capacities), np.concatenate(costs)
    )
    network.set_nodes_supplies(jobs, np.ones(num_jobs, np.int64))
    network.set_node_supply(sink, -num_jobs)
    status = network.solve()
    if status != network.OPTIMAL:
        raise MatchingError(f"the flow over {num_edges} pairs ended with {status}: a cost or a count is out of range")
    used = np.flatnonzero(network.flows(np.arange(num_edges)))
    chosen = np.full(num_jobs, OPEN)
    chosen[problem.edge_job[used]] = used
    return chosen
