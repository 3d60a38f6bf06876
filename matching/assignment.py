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
from matching.overlap import settle
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
    finished: it takes about 3 s for a million edges.

    Raises
    ------
    MatchingError
        When a number is beyond what the solvers take: a sum of priorities of 2**60, a cost of 1e9.
    """
    if problem.num_jobs and sum(problem.priority.tolist()) >= 2**60:
        raise MatchingError(f"priorities sum up to {sum(problem.priority.tolist())}: keep the sum below 2**60")
    until = clock() + seconds
    edges = np.flatnonzero(_fits_alone(problem))
    if not len(edges):
        return _assignment(problem, np.full(problem.num_jobs, OPEN), 0, 0)
    part = problem.keep(edges)
    if clock() >= until:
        return _unproved(problem, edges, greedy(part))
    relaxed = flow(part, most_jobs(part))
    chosen, priority_bound, cost_bound = relaxed.copy(), 0, 0
    is_proved = True
    component = _components(part)
    for label in np.unique(component[clashing(part, relaxed[relaxed != OPEN])]):
        ...
    return _assignment(problem, chosen, priority_bound, cost_bound)
