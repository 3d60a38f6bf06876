"""What is the best assignment where overlaps and hours matter?

Exactly, in two stages: the priorities are made as large as possible, then they are held and the cost made as small as
possible. Each stage asks the linear relaxation first. Its prices prove of each pair what any choice with it costs at
least; so a small window of good pairs is enough, and what is chosen there is proved once it costs no more than
whatever uses a pair outside. The window falls into pieces; where the relaxation is whole, it has the answer, and a
0/1 programme decides the rest. A stage ends with a proof, or at the deadline with the best choice so far.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching.greedy import greedy
from matching.incidence import Incidence, connected, groups, incidence
from matching.programme import decide
from matching.relaxation import SCALE, Relaxed, relax
from matching.workload import OPEN, AssignmentProblem, Bools, Ints

#: How much wider each window of pairs is than the one before.
_WIDER = 16


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
    priority = problem.priority[problem.edge_job]
    chosen, served = start, _served(problem, start)
    if served < priority_bound:
        chosen, bound = search.cheapest(rows, -priority, chosen)
        served, priority_bound = _served(problem, chosen), min(priority_bound, -bound)
    if served < priority_bound:
        return Settled(chosen, priority_bound, None)
    is_all = served == int(problem.priority.sum())
    held = rows.with_every_job(problem) if is_all else rows.with_least(priority, served)
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
            return self._without_relaxation(rows, cost, chosen)
        chosen = self._rounded(rows, cost, chosen, relaxed)
        bound, window = relaxed.bound, SCALE
        while _total(cost, chosen) > bound and self.clock() < self.until:
            enough = (_total(cost, chosen) - 1) * SCALE - relaxed.scaled_bound
            window = min(window * _WIDER, enough)
            edges, inside = self._best_inside(rows, cost, chosen, relaxed, relaxed.scaled_reduced <= window)
            outside = -(-(relaxed.scaled_bound + window + 1) // SCALE)
            if edges is not None and int(cost[edges].sum()) < _total(cost, chosen):
                chosen = self._choice(edges)
            bound = max(bound, outside if inside is None else min(inside, outside))
        return chosen, min(bound, _total(cost, chosen))

    def _best_inside(
        self, rows: Incidence, cost: Ints, chosen: Ints, relaxed: Relaxed, is_inside: Bools
    ) -> tuple[Ints | None, int | None]:
        """The cheapest choice of the edges inside (E,) and a bound of such choices; both None if there are none."""
        pieces = _Pieces(self.problem, rows, cost, relaxed, is_inside)
        if pieces.is_impossible:
            return None, None
        edges, bound = [pieces.whole], pieces.whole_cost
        is_complete = True
        for piece in pieces.others:
            hint = np.intersect1d(piece, chosen[chosen != OPEN])
            decided = decide(
                pieces.rows_of(piece), cost, piece, hint, seed=self.seed, until=self.until, clock=self.clock
            )
            if decided.bound is None:
                return None, None
            bound += decided.bound
            is_complete &= decided.edges is not None
            edges.append(np.zeros(0, np.int64) if decided.edges is None else decided.edges)
        return np.concatenate(edges) if is_complete else None, bound

    def _without_relaxation(self, rows: Incidence, cost: Ints, chosen: Ints) -> tuple[Ints, int]:
        """The answer of the 0/1 programme over all edges, where there is time for one."""
        least = int(np.minimum(cost, 0).sum())
        if self.clock() >= self.until:
            return chosen, least
        every = np.arange(len(cost))
        hint = chosen[chosen != OPEN]
        decided = decide(rows, cost, every, hint, seed=self.seed, until=self.until, clock=self.clock)
        bound = least if decided.bound is None else decided.bound
        if decided.edges is None or int(cost[decided.edges].sum()) > _total(cost, chosen):
            return chosen, bound
        return self._choice(decided.edges), bound

    def _rounded(self, rows: Incidence, cost: Ints, chosen: Ints, relaxed: Relaxed) -> Ints:
        """The relaxation's choice, mended, where it keeps the rows and is better; else `chosen`."""
        wanted = self._choice(np.flatnonzero(relaxed.value > 0.5))
        candidate = wanted if relaxed.is_whole else greedy(self.problem, wanted)
        is_used = np.zeros(len(cost), np.bool_)
        is_used[candidate[candidate != OPEN]] = True
        spent = np.zeros(len(rows.limit), np.int64)
        np.add.at(spent, rows.row, rows.weight * is_used[rows.edge])
        is_possible = bool((spent <= rows.limit).all())
        return candidate if is_possible and _total(cost, candidate) < _total(cost, chosen) else chosen

    def _choice(self, edges: Ints) -> Ints:
        """(J,) the edge of each job, or `OPEN`."""
        chosen = np.full(self.problem.num_jobs, OPEN)
        chosen[self.problem.edge_job[edges]] = edges
        return chosen


class _Pieces:
    """The edges inside a window, cut where no row joins them.

    `whole` are the edges chosen where the relaxation's choice is whole and its prices prove it, `whole_cost` their
    cost; `others` are the edges of each other piece. `is_impossible` if some row cannot be kept at all.
    """

    def __init__(
        self, problem: AssignmentProblem, rows: Incidence, cost: Ints, relaxed: Relaxed, is_inside: Bools
    ) -> None:
        self._num_edges = len(cost)
        self._rows = rows.over(is_inside)
        self.is_impossible = rows.lost(is_inside)
        joined = connected(self._rows.edge, len(cost) + self._rows.row, len(cost) + len(self._rows.limit))
        inside = np.flatnonzero(is_inside)
        label = np.unique(joined[inside], return_inverse=True)[1]
        gap = _scaled_gaps(problem, rows, cost, relaxed, inside, label)
        fraction = np.abs(relaxed.value[inside] - np.rint(relaxed.value[inside]))
        is_whole = (gap < SCALE) & (np.bincount(label, fraction > SCALE**-1, minlength=len(gap)) == 0)
        self.whole = inside[is_whole[label] & (relaxed.value[inside] > 0.5)]
        self.whole_cost = int(cost[self.whole].sum())
        rest = ~is_whole[label]
        self.others = [inside[rest][edges] for edges in groups(label[rest])]

    def rows_of(self, piece: Ints) -> Incidence:
        """The rows of one piece."""
        is_in = np.zeros(self._num_edges, np.bool_)
        is_in[piece] = True
        return self._rows.over(is_in)


def _scaled_gaps(
    problem: AssignmentProblem, rows: Incidence, cost: Ints, relaxed: Relaxed, inside: Ints, label: Ints
) -> Ints:
    """By how much the relaxation's choice in each piece is above what the prices prove for the piece, times `SCALE`.

    `label` is the piece of each edge `inside`. A row counts in full in every piece that it has an edge in. Whole
    numbers of any size: the sum of many prices may be beyond 64 bits.
    """
    gaps = np.zeros(int(label.max(initial=-1)) + 1, object)
    likely = relaxed.value[inside] > 0.5
    np.add.at(gaps, label[likely], (cost[inside[likely]] * SCALE).astype(object))
    job_of, job = np.unique(problem.edge_job[inside], return_inverse=True)
    lowest, home = np.zeros(len(job_of), np.int64), np.zeros(len(job_of), np.int64)
    np.minimum.at(lowest, job, relaxed.scaled_reduced[inside])
    home[job] = label
    np.subtract.at(gaps, home, lowest.astype(object))
    place = np.full(len(cost), OPEN)
    place[inside] = label
    priced = (relaxed.scaled_price[rows.row] > 0) & (place[rows.edge] != OPEN)
    touched = np.unique(np.stack([rows.row[priced], place[rows.edge[priced]]]), axis=1)
    paid = relaxed.scaled_price[touched[0]].astype(object) * rows.limit[touched[0]].astype(object)
    np.add.at(gaps, touched[1], paid)
    return gaps


def _total(cost: Ints, edge_of_job: Ints) -> int:
    return int(cost[edge_of_job[edge_of_job != OPEN]].sum())


def _served(problem: AssignmentProblem, edge_of_job: Ints) -> int:
    return int(problem.priority[edge_of_job != OPEN].sum())
