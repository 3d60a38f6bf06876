"""Which pairs stand in each other's way?

Every rule that joins several pairs is one row: the weights of the chosen pairs in it sum up to at most its limit. The
same rows make the linear relaxation and the 0/1 programme.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np

from matching.workload import AssignmentProblem, Bools, Ints, cliques


@dataclass(frozen=True, slots=True)
class Incidence:
    """R rows with K entries in all: `weight[k]` of edge `edge[k]` stands in row `row[k]` (ascending); `limit` (R,)."""

    row: Ints
    edge: Ints
    weight: Ints
    limit: Ints

    def with_least(self, weight: Ints, least: int) -> "Incidence":
        """One more row: the chosen edges' `weight` (E,) sums up to at least `least`."""
        edges = np.flatnonzero(weight)
        return Incidence(
            np.append(self.row, np.full(len(edges), len(self.limit))),
            np.append(self.edge, edges),
            np.append(self.weight, -weight[edges]),
            np.append(self.limit, -least),
        )

    def with_every_job(self, problem: AssignmentProblem) -> "Incidence":
        """A row more for each job: it is done. Unlike one row for all, these leave what is apart apart."""
        order = np.argsort(problem.edge_job, kind="stable")
        return Incidence(
            np.append(self.row, len(self.limit) + problem.edge_job[order]),
            np.append(self.edge, order),
            np.append(self.weight, np.full(len(order), -1)),
            np.append(self.limit, np.full(problem.num_jobs, -1)),
        )

    def over(self, is_kept: Bools) -> "Incidence":
        """Only the entries of some edges (E,), and only the rows that have some and could still be broken.

        A row that must be reached and has no entry left is gone too: see `lost`.
        """
        held = is_kept[self.edge]
        row, edge, weight = self.row[held], self.edge[held], self.weight[held]
        most = np.zeros(len(self.limit), np.int64)
        np.add.at(most, row, np.maximum(weight, 0))
        can_break = (most > self.limit) & (np.bincount(row, minlength=len(self.limit)) > 0)
        number = np.cumsum(can_break) - 1
        entries = can_break[row]
        return Incidence(number[row[entries]], edge[entries], weight[entries], self.limit[can_break])

    def lost(self, is_kept: Bools) -> bool:
        """Some row cannot be kept with these edges (E,) alone: none of them is in it, and it must be reached."""
        num_kept = np.bincount(self.row[is_kept[self.edge]], minlength=len(self.limit))
        return bool(((num_kept == 0) & (self.limit < 0)).any())


def incidence(problem: AssignmentProblem) -> Incidence:
    """A row a job; for each technician a row for capacity, for hours, and for every clique of overlapping jobs.

    Rows that cannot be broken are left out.
    """
    blocks = [(edges, np.ones(len(edges), np.int64), 1) for edges in groups(problem.edge_job)]
    for edges in groups(problem.edge_technician):
        blocks += _of_technician(problem, edges)
    blocks = [block for block in blocks if block[1].sum() > block[2]]
    if not blocks:
        return Incidence(*(np.zeros(0, np.int64) for _ in range(4)))
    row = np.repeat(np.arange(len(blocks)), [len(edges) for edges, _, _ in blocks])
    edge = np.concatenate([edges for edges, _, _ in blocks])
    weight = np.concatenate([weights for _, weights, _ in blocks])
    return Incidence(row, edge, weight, np.array([limit for _, _, limit in blocks], np.int64))


def connected(tail: Ints, head: Ints, num_nodes: int) -> Ints:
    """(num_nodes,) the least node that each node is connected with, by links from `tail` (K,) to `head` (K,)."""
    label = np.arange(num_nodes)
    while True:
        low, high = np.minimum(label[tail], label[head]), np.maximum(label[tail], label[head])
        if np.array_equal(low, high):
            return label
        np.minimum.at(label, high, low)
        while not np.array_equal(label, label[label]):
            label = label[label]


def groups(key: Ints) -> list[Ints]:
    """The edges of each value of `key` (E,), as ascending edge numbers."""
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(key) else []


def _of_technician(problem: AssignmentProblem, edges: Ints) -> list[tuple[Ints, Ints, int]]:
    """The rows of one technician, who has these edges: (edges, weights, limit)."""
    technician = problem.edge_technician[edges[0]]
    capacity, max_busy_us = int(problem.capacity[technician]), int(problem.max_busy_us[technician])
    blocks = [(edges, np.ones(len(edges), np.int64), capacity)]
    if capacity > 1:
        busy_us = problem.busy_us[problem.edge_job[edges]]
        unit = gcd(*busy_us.tolist())
        blocks.append((edges, busy_us // unit, max_busy_us // unit))
        blocks += [(clique, np.ones(len(clique), np.int64), 1) for clique in cliques(problem, edges)]
    return blocks
