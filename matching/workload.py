"""What can one technician hold at once?

Jobs are intervals `[start, end)`; a technician holds jobs that do not overlap, at most `capacity` of them, busy for
at most `max_busy_us` in all. Everything is an integer, so that "fits" has one meaning for every solver here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: "No limit" for `capacity` and `max_busy_us`.
NO_LIMIT = 2**62

#: In a choice: nobody does this job.
OPEN = -1


@dataclass(frozen=True, slots=True)
class AssignmentProblem:
    """J jobs, T technicians and the E pairs (edges) that may be joined.

    Attributes
    ----------
    start_us, end_us: (J,) microseconds, any epoch, start < end
    priority: (J,) at least 1; their sum stays below 2**60
    capacity: (T,) jobs that a technician can hold, `NO_LIMIT` = any number
    max_busy_us: (T,) microseconds that a technician can be busy, `NO_LIMIT` = any
    edge_job, edge_technician: (E,) row numbers, no pair twice
    edge_cost: (E,) what the pair costs, below zero allowed
    """

    start_us: Ints
    end_us: Ints
    priority: Ints
    capacity: Ints
    max_busy_us: Ints
    edge_job: Ints
    edge_technician: Ints
    edge_cost: Ints

    @property
    def num_jobs(self) -> int:
        """J, the number of jobs."""
        return len(self.start_us)

    @property
    def num_technicians(self) -> int:
        """T, the number of technicians."""
        return len(self.capacity)

    @property
    def busy_us(self) -> Ints:
        """(J,) how long each job keeps somebody busy."""
        return self.end_us - self.start_us

    def keep(self, edges: Bools | Ints) -> "AssignmentProblem":
        """The same jobs and technicians with some of the edges (a mask, or edge numbers)."""
        return AssignmentProblem(
            self.start_us,
            self.end_us,
            self.priority,
            self.capacity,
            self.max_busy_us,
            self.edge_job[edges],
            self.edge_technician[edges],
            self.edge_cost[edges],
        )

    def part(self, edges: Ints) -> "AssignmentProblem":
        """Only these edges, with only their jobs and technicians, numbered anew in the old order."""
        jobs, edge_job = np.unique(self.edge_job[edges], return_inverse=True)
        technicians, edge_technician = np.unique(self.edge_technician[edges], return_inverse=True)
        return AssignmentProblem(
            self.start_us[jobs],
            self.end_us[jobs],
            self.priority[jobs],
            self.capacity[technicians],
            self.max_busy_us[technicians],
            edge_job,
            edge_technician,
            self.edge_cost[edges],
        )


def clashing(problem: AssignmentProblem, edges: Ints) -> Ints:
    """Which technicians hold more than they can, were these edges chosen? Row numbers, ascending."""
    job, technician = problem.edge_job[edges], problem.edge_technician[edges]
    order = np.lexsort((problem.start_us[job], technician))
    job, technician = job[order], technician[order]
    overlaps = (technician[1:] == technician[:-1]) & (problem.start_us[job[1:]] < problem.end_us[job[:-1]])
    held = np.bincount(technician, minlength=problem.num_technicians)
    busy_us = np.zeros(problem.num_technicians, np.int64)
    np.add.at(busy_us, technician, problem.busy_us[job])
    is_over = (held > problem.capacity) | (busy_us > problem.max_busy_us)
    return np.union1d(technician[1:][overlaps], np.flatnonzero(is_over))


def most_jobs(problem: AssignmentProblem) -> Ints:
    """(T,) the most jobs each technician could hold: by capacity, by hours, and without overlaps.

    Each of the three is exact alone, so their minimum never cuts off a possible choice.
    """
    return np.minimum(problem.capacity, np.minimum(_most_by_hours(problem), _most_apart(problem)))


def cliques(problem: AssignmentProblem, edges: Ints) -> list[Ints]:
    """Every largest set of mutually overlapping jobs among one technician's `edges`, as edge numbers.

    For intervals these are the sets that cover some moment, so there are at most as many as jobs.
    """
    job = problem.edge_job[edges]
    order = np.argsort(problem.start_us[job], kind="stable")
    found: list[Ints] = []
    open_now: list[int] = []
    for edge in edges[order].tolist():
        start = problem.start_us[problem.edge_job[edge]]
        still = [other for other in open_now if problem.end_us[problem.edge_job[other]] > start]
        if len(still) < len(open_now):
            found.append(np.array(open_now))
        open_now = [*still, edge]
    if open_now:
        found.append(np.array(open_now))
    return [clique for clique in found if len(clique) > 1]


def _most_by_hours(problem: AssignmentProblem) -> Ints:
    """(T,) how many of their shortest jobs fit into each technician's hours."""
    busy_us = problem.busy_us[problem.edge_job]
    order = np.lexsort((busy_us, problem.edge_technician))
    technician = problem.edge_technician[order]
    first = np.searchsorted(technician, np.arange(problem.num_technicians))
    degree = np.bincount(technician, minlength=problem.num_technicians)
    total = np.concatenate(([0], np.cumsum(busy_us[order])))
    spent = total[1:] - total[np.minimum(first, len(order))][technician]
    fits = spent <= problem.max_busy_us[technician]
    return np.minimum(np.bincount(technician, weights=fits, minlength=problem.num_technicians).astype(np.int64), degree)


def _most_apart(problem: AssignmentProblem) -> Ints:
    """(T,) the size of each technician's largest set of jobs without overlaps: earliest end first, all in step."""
    job = problem.edge_job
    order = np.lexsort((problem.end_us[job], problem.edge_technician))
    technician, job = problem.edge_technician[order], job[order]
    first = np.searchsorted(technician, np.arange(problem.num_technicians))
    degree = np.bincount(technician, minlength=problem.num_technicians)
    free_at = np.full(problem.num_technicians, np.iinfo(np.int64).min)
    count = np.zeros(problem.num_technicians, np.int64)
    for step in range(int(degree.max(initial=0))):
        rows = np.flatnonzero(degree > step)
        next_job = job[first[rows] + step]
        fits = problem.start_us[next_job] >= free_at[rows]
        free_at[rows[fits]] = problem.end_us[next_job[fits]]
        count[rows[fits]] += 1
    return count
