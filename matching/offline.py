"""Who should do which job of two files, and why was the rest left open?

The decisions of `truckroll match`. In reach is who lives within `reach_km` of the job; only they are judged. A job
that nobody gets tells, rule by rule, how many of those in reach fail it. Each rule is judged on its own, so that a
technician counts once under every rule that they fail:

    skill                lacks one of the skills
    level                has a skill, below the level wanted
    credential           lacks a credential, or it ends before the calendar day of the job's end at its own offset
    radius               the job is outside their own radius
    budget               their rate for the job's duration is above its budget
    taken_by_other_jobs  could do it, failing none of the others by themselves, but for the jobs that they got
    overlap              got a job that overlaps with this one
    capacity             got as many jobs as they can have
    max_hours            this job and those that they got are more hours than they work
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matching.assignment import Assignment, assign
from matching.lines import JobLine, TechnicianColumns, TechnicianLine
from matching.offline_rules import MICRO, InReach, fits_alone, is_blocked_by, judge, micro_score
from matching.seeds import draw
from matching.vicinity import Vicinity
from matching.workload import OPEN, AssignmentProblem, Ints

Objective = Literal["policy", "distance"]

#: The rules, in the order of every list of reasons.
RULES = ("skill", "level", "credential", "radius", "budget", "taken_by_other_jobs", "overlap", "capacity", "max_hours")


@dataclass(frozen=True, slots=True)
class Pair:
    """One job and who does it; `distance_m` rounded, `score` in [0, 1]."""

    job: str
    technician: str
    distance_m: int
    score: float


@dataclass(frozen=True, slots=True)
class Unserved:
    """A job that nobody does; `reasons` has each rule that somebody in reach fails, with how many do."""

    job: str
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Matched:
    """The answer to two files; jobs in the order of theirs.

    `priority_gap` is how much more priority some choice might serve at most; `cost_gap` how much less one that serves
    as much might cost at most, in metres or millionths of score as the objective has it, None while `priority_gap`
    isn't 0. Both 0: proved to be the best.
    """

    pairs: tuple[Pair, ...]
    unserved: tuple[Unserved, ...]
    priority_served: int
    distance_m: int
    priority_gap: int
    cost_gap: int | None

    @property
    def is_optimal(self) -> bool:
        """Nothing serves more, nothing that serves as much is better by the objective."""
        return self.priority_gap == 0 and self.cost_gap == 0


def match(
    technicians: Sequence[TechnicianLine],
    jobs: Sequence[JobLine],
    *,
    objective: Objective,
    reach_km: float,
    seed: int,
    seconds: float,
    clock: Callable[[], float],
    tell: Callable[[str], None],
) -> Matched:
    """The best assignment of all jobs together.

    The largest sum of priorities served; then, by `objective`, the smallest sum of the rounded distances in metres
    or the largest sum of scores. Among equals the seed decides, never the order of the rows. `tell` hears what is
    being done.

    Raises
    ------
    MatchingError
        When priorities sum up to 2**60 or more.
    """
    until = clock() + seconds
    shuffled = sorted(jobs, key=lambda line: draw(seed, b"job", line.id.encode()))
    columns = TechnicianColumns.of(sorted(technicians, key=lambda line: draw(seed, b"technician", line.id.encode())))
    tell("judging everyone in reach of every job")
    pairs = _Pairs(columns, shuffled, reach_km * 1000, objective)
    tell(f"assigning {len(jobs)} jobs over {len(pairs.problem.edge_job)} possible pairs")
    assignment = assign(pairs.problem, seed=seed, seconds=until - clock(), clock=clock)
    tell("finding out why the rest stays open")
    return _answer(pairs, assignment, {line.id: place for place, line in enumerate(jobs)})


class _Pairs:
    """All pairs that the rules allow, as a problem, with what is wanted of them afterwards."""

    def __init__(
        self, technicians: TechnicianColumns, jobs: Sequence[JobLine], reach_m: float, objective: Objective
    ) -> None:
        self.technicians, self.jobs = technicians, jobs
        self._vicinity = Vicinity(technicians.lat, technicians.lng, reach_m)
        blocks = [self._of_job(number, objective) for number in range(len(jobs))]
        columns = np.concatenate(blocks, axis=1) if blocks else np.zeros((5, 0), np.int64)
        edge_job, edge_technician, edge_cost, self.distance_m, self.micro_score = columns
        self.problem = AssignmentProblem(
            start_us=np.array([line.start_us for line in jobs], np.int64),
            end_us=np.array([line.end_us for line in jobs], np.int64),
            priority=np.array([line.priority for line in jobs], np.int64),
            capacity=technicians.capacity,
            max_busy_us=technicians.max_busy_us,
            edge_job=edge_job,
            edge_technician=edge_technician,
            edge_cost=edge_cost,
        )

    def judged(self, number: int) -> InReach:
        """Everyone in reach of one job."""
        return judge(self.jobs[number], self.technicians, self._vicinity)

    def _of_job(self, number: int, objective: Objective) -> Ints:
        """The pairs of one job (5, n): job, technician, cost, rounded metres, millionths of score.

        Of more than J pairs the J cheapest are enough: the other jobs leave one of these technicians idle.
        """
        job, judged = self.jobs[number], self.judged(number)
        may = judged.may & fits_alone(job, self.technicians, judged.rows)
        rows, distance_m = judged.rows[may], judged.distance_m[may]
        score = micro_score(job, self.technicians, rows, distance_m)
        rounded_m = np.rint(distance_m).astype(np.int64)
        cost = rounded_m if objective == "distance" else -score
        block = np.stack([np.full(len(rows), number), rows, cost, rounded_m, score])
        if len(rows) > len(self.jobs):
            block = block[:, np.sort(np.argsort(cost, kind="stable")[: len(self.jobs)])]
        return block


def _answer(pairs: _Pairs, assignment: Assignment, place: Mapping[str, int]) -> Matched:
    """The assignment in the words of the files, in the order `place` of their jobs."""
    jobs, edge_of_job = pairs.jobs, assignment.edge_of_job
    served = np.flatnonzero(edge_of_job != OPEN)
    edges = edge_of_job[served]
    names = [pairs.technicians.ids[row] for row in pairs.problem.edge_technician[edges]]
    found = [
        Pair(jobs[job].id, name, metres, score / MICRO)
        for job, name, metres, score in zip(
            served.tolist(), names, pairs.distance_m[edges].tolist(), pairs.micro_score[edges].tolist(), strict=True
        )
    ]
    unserved = _why_not(pairs, edge_of_job)
    return Matched(
        pairs=tuple(sorted(found, key=lambda pair: place[pair.job])),
        unserved=tuple(sorted(unserved, key=lambda line: place[line.job])),
        priority_served=assignment.priority,
        distance_m=int(pairs.distance_m[edges].sum()),
        priority_gap=assignment.priority_bound - assignment.priority,
        cost_gap=None if assignment.cost_bound is None else assignment.cost - assignment.cost_bound,
    )


def _why_not(pairs: _Pairs, edge_of_job: Ints) -> list[Unserved]:
    """The reasons of every job left open, given the jobs that everyone got."""
    problem, technicians = pairs.problem, pairs.technicians
    held = np.flatnonzero(edge_of_job != OPEN)
    holder = problem.edge_technician[edge_of_job[held]]
    num_held = np.bincount(holder, minlength=problem.num_technicians)
    busy_us = np.zeros(problem.num_technicians, np.int64)
    np.add.at(busy_us, holder, problem.busy_us[held])
    unserved = []
    for number in np.flatnonzero(edge_of_job == OPEN).tolist():
        job, judged = pairs.jobs[number], pairs.judged(number)
        overlaps = np.zeros(problem.num_technicians, np.bool_)
        overlaps[holder[(problem.start_us[held] < job.end_us) & (problem.end_us[held] > job.start_us)]] = True
        blocked = is_blocked_by(job, technicians, judged.rows, num_held, busy_us, overlaps)
        could = judged.may & fits_alone(job, technicians, judged.rows)
        is_taken = could & np.logical_or.reduce(list(blocked.values()))
        failed = {**judged.failed, **blocked, "taken_by_other_jobs": is_taken}
        counts = {rule: int(failed[rule].sum()) for rule in RULES}
        unserved.append(Unserved(job.id, {rule: count for rule, count in counts.items() if count}))
    return unserved
