"""Which technician takes which job, over all jobs at once, exactly?

The largest sum of priorities served; among the choices that reach it the smallest sum of costs. A flow answers
without regard to overlaps and hours (`matching.flow`); where its answer is possible it is the best one, component by
component. The components in which somebody would hold more than they can go to an exact 0/1 programme
(`matching.overlap`), which ends with a proof or, at the deadline, with the best answer so far and its distance from
the bound.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.errors import MatchingError
from matching.flow import flow
from matching.greedy import greedy
from matching.incidence import connected
from matching.overlap import Settled, settle
from matching.workload import OPEN, AssignmentProblem, Bools, Ints, clashing, most_jobs


@dataclass(frozen=True, slots=True)
class Assignment:
    """A choice that holds all rules, and how good any choice could be at most.

    `edge_of_job` (J,) has `OPEN` where nobody does the job. No choice serves more than `priority_bound`; none that
    serves as much as this one costs less than `cost_bound`, which is None while the priority itself is unproved.
    """

    edge_of_job: Ints
    priority: int
    cost: int
    priority_bound: int
    cost_bound: int | None

    @property
    def is_optimal(self) -> bool:
        """Proved: nothing serves more, nothing that serves as much costs less."""
        return self.priority == self.priority_bound and self.cost == self.cost_bound


def assign(problem: AssignmentProblem, *, seed: int, seconds: float, clock: Callable[[], float]) -> Assignment:
    """The best choice, or the best one found when `seconds` have passed on `clock`.

    The same problem and seed give the same answer as long as the deadline isn't met. A flow that has begun is
    finished: it takes some seconds for a million edges.

    Raises
    ------
    MatchingError
        When a number is beyond what the solvers take: a sum of priorities of 2**60, a cost of 1e9.
    """
    _check(problem)
    until = clock() + seconds
    edges = np.flatnonzero(_fits_alone(problem))
    part = problem.keep(edges)
    settled = _unproved(part) if clock() >= until else _settle_components(part, seed=seed, until=until, clock=clock)
    edge_of_job = np.where(settled.edge_of_job == OPEN, OPEN, np.append(edges, OPEN)[settled.edge_of_job])
    chosen = edge_of_job[edge_of_job != OPEN]
    return Assignment(
        edge_of_job=edge_of_job,
        priority=int(problem.priority[problem.edge_job[chosen]].sum()),
        cost=int(problem.edge_cost[chosen].sum()),
        priority_bound=settled.priority_bound,
        cost_bound=settled.cost_bound,
    )


def _check(problem: AssignmentProblem) -> None:
    total = sum(problem.priority.tolist())
    if total >= 2**60:
        raise MatchingError(f"priorities sum up to {total}: keep their sum below {2**60}")
    highest = int(np.abs(problem.edge_cost).max(initial=0))
    if highest > 10**9:
        raise MatchingError(f"edge_cost {highest}: at most 1000000000 either way")


def _fits_alone(problem: AssignmentProblem) -> Bools:
    """(E,) the technician could hold this job if it were the only one."""
    technician = problem.edge_technician
    return (problem.capacity[technician] >= 1) & (problem.busy_us[problem.edge_job] <= problem.max_busy_us[technician])


def _unproved(problem: AssignmentProblem) -> Settled:
    """The greedy answer; every job that has an edge counts into the bound."""
    return Settled(greedy(problem), int(problem.priority[np.unique(problem.edge_job)].sum()), None)


def _settle_components(problem: AssignmentProblem, *, seed: int, until: float, clock: Callable[[], float]) -> Settled:
    """The flow's answer where it is possible, the exact programme's where it isn't."""
    num_nodes = problem.num_jobs + problem.num_technicians
    chosen = flow(problem, most_jobs(problem))
    priority_bound = _priority(problem, chosen)
    component = connected(problem.edge_job, problem.num_jobs + problem.edge_technician, num_nodes)
    clashes = component[problem.num_jobs + clashing(problem, chosen[chosen != OPEN])]
    costs: list[int | None] = []
    for label in np.unique(clashes):
        edges = np.flatnonzero(component[problem.edge_job] == label)
        part = problem.part(edges)
        jobs = np.unique(problem.edge_job[edges])
        relaxed = np.where(chosen[jobs] == OPEN, OPEN, np.searchsorted(edges, chosen[jobs]))
        bound = _priority(part, relaxed)
        settled = settle(part, greedy(part, relaxed), bound, seed=seed, until=until, clock=clock)
        chosen[jobs] = np.where(settled.edge_of_job == OPEN, OPEN, edges[settled.edge_of_job])
        priority_bound += settled.priority_bound - bound
        costs.append(settled.cost_bound)
    untouched = chosen[(chosen != OPEN) & ~np.isin(component[: problem.num_jobs], clashes)]
    known = [cost for cost in costs if cost is not None]
    cost_bound = int(problem.edge_cost[untouched].sum()) + sum(known) if len(known) == len(costs) else None
    return Settled(chosen, priority_bound, cost_bound)


def _priority(problem: AssignmentProblem, edge_of_job: Ints) -> int:
    return int(problem.priority[edge_of_job != OPEN].sum())
