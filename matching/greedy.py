"""What is a good assignment, at once?

The start for the exact solvers and the answer when their time is over: jobs in the order of their priority, each to
the cheapest technician who still has room. No job it leaves open could be added to it.
"""

from bisect import bisect_left, insort
from collections import defaultdict

import numpy as np

from matching.workload import OPEN, AssignmentProblem, Ints


def greedy(problem: AssignmentProblem, wanted: Ints | None = None) -> Ints:
    """The edge chosen for each job (J,), or `OPEN`; `wanted` edges (J,) are tried before all others."""
    held = _Held(problem)
    chosen = np.full(problem.num_jobs, OPEN)
    first = chosen if wanted is None else wanted
    for job in np.lexsort((problem.start_us, -problem.priority)).tolist():
        if first[job] != OPEN and held.takes(int(first[job])):
            chosen[job] = first[job]
    order = np.lexsort((problem.edge_cost, problem.edge_job, -problem.priority[problem.edge_job]))
    order = order[chosen[problem.edge_job[order]] == OPEN]
    for edge, job in zip(order.tolist(), problem.edge_job[order].tolist(), strict=True):
        if chosen[job] == OPEN and held.takes(edge):
            chosen[job] = edge
    return chosen


class _Held:
    """What each technician holds so far, and whether one more job fits."""

    def __init__(self, problem: AssignmentProblem) -> None:
        self._problem = problem
        self._spans: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._busy_us: defaultdict[int, int] = defaultdict(int)

    def takes(self, edge: int) -> bool:
        """Adds the edge's job to its technician if there is room; says whether there was."""
        problem = self._problem
        job, technician = int(problem.edge_job[edge]), int(problem.edge_technician[edge])
        start, end = int(problem.start_us[job]), int(problem.end_us[job])
        spans = self._spans[technician]
        busy_us = self._busy_us[technician] + end - start
        if len(spans) >= problem.capacity[technician] or busy_us > problem.max_busy_us[technician]:
            return False
        place = bisect_left(spans, (start, end))
        if (place and spans[place - 1][1] > start) or (place < len(spans) and spans[place][0] < end):
            return False
        insort(spans, (start, end))
        self._busy_us[technician] = busy_us
        return True
