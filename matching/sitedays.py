"""Which pieces of work could one person do one after the other on one day, at one site or at sites close by?

Of up to `EXACT` pieces every order is considered (the earliest end of each set of them, by its last); of more only
two orders: by deadline, and by latest start. So a large group may be missed, and none is suggested that
cannot be done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from geo.distance import matrix_m
from geo.travel import Travel

#: Pieces of which every order is tried.
EXACT = 7
#: No suggestion holds more: nobody says yes to a day of eleven places.
MAX_GROUP = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """Work of `duration_min` that starts between two instants at a place; `lat`, `lng` degrees."""

    id: UUID
    lat: float
    lng: float
    earliest_at: datetime
    latest_at: datetime
    duration_min: int


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that fit into one day; `span_m` is the greatest distance between two of them."""

    pieces: tuple[Piece, ...]
    span_m: float

    @property
    def total_min(self) -> int:
        """Minutes of work, without the ways."""
        return sum(each.duration_min for each in self.pieces)


def fits_one_person(pieces: Sequence[Piece], travel: Travel) -> bool:
    """Whether one person can do all of them, one after the other, with the ways between."""
    if len(pieces) < 2:
        return all(each.earliest_at <= each.latest_at for each in pieces)
    ways = travel.times(pieces, pieces).seconds
    earliest, latest, lasts = _seconds(pieces)
    if len(pieces) <= EXACT:
        return _fits_in_some_order(earliest, latest, lasts, ways)
    by_deadline = sorted(range(len(pieces)), key=lambda num: (latest[num] + lasts[num], num))
    by_start = sorted(range(len(pieces)), key=lambda num: (latest[num], num))
    return any(_fits_in_order(order, earliest, latest, lasts, ways) for order in (by_deadline, by_start))


def group_day(pieces: Sequence[Piece], within_m: float, travel: Travel) -> list[Group]:
    """Groups of two and more, no two of a group further apart than `within_m`; each piece is in one group at most.

    Greedy: the piece with the earliest deadline draws the nearest to it, as long as the day holds them.
    """
    left = sorted(pieces, key=lambda each: (each.latest_at, each.id))
    if not left:
        return []
    lats, lngs = [each.lat for each in left], [each.lng for each in left]
    apart = matrix_m(lats, lngs, lats, lngs)
    taken: set[int] = set()
    groups: list[Group] = []
    for seed in range(len(left)):
        if seed not in taken:
            group = _drawn_by(seed, left, taken, apart, within_m, travel)
            if len(group) > 1:
                taken.update(group)
                span = max(float(apart[a, b]) for a, b in combinations(group, 2))
                groups.append(Group(tuple(left[num] for num in group), span))
    return groups


def _drawn_by(
    seed: int, pieces: Sequence[Piece], taken: set[int], apart: NDArray[np.float64], within_m: float, travel: Travel
) -> list[int]:
    group = [seed]
    for num in sorted(range(len(pieces)), key=lambda other: (apart[seed, other], other)):
        if apart[seed, num] > within_m or len(group) == MAX_GROUP:
            break
        is_free = num not in taken and num not in group and all(apart[num, each] <= within_m for each in group)
        if is_free and fits_one_person([pieces[each] for each in (*group, num)], travel):
            group.append(num)
    return group


def _seconds(pieces: Sequence[Piece]) -> tuple[list[float], list[float], list[float]]:
    earliest = [each.earliest_at.timestamp() for each in pieces]
    latest = [each.latest_at.timestamp() for each in pieces]
    return earliest, latest, [each.duration_min * 60.0 for each in pieces]


def _fits_in_some_order(
    earliest: Sequence[float], latest: Sequence[float], lasts: Sequence[float], ways: NDArray[np.int32]
) -> bool:
    """Held and Karp: of a set and its last piece only the earliest end matters for what comes after."""
    num = len(earliest)
    ends = {(1 << at, at): earliest[at] + lasts[at] for at in range(num) if earliest[at] <= latest[at]}
    for _ in range(num - 1):
        longer: dict[tuple[int, int], float] = {}
        for (done, last), end in ends.items():
            for at in range(num):
                start = max(earliest[at], end + float(ways[last, at]))
                key = (done | 1 << at, at)
                if not done >> at & 1 and start <= latest[at]:
                    longer[key] = min(start + lasts[at], longer.get(key, np.inf))
        ends = longer
    return bool(ends)


def _fits_in_order(
    order: Sequence[int],
    earliest: Sequence[float],
    latest: Sequence[float],
    lasts: Sequence[float],
    ways: NDArray[np.int32],
) -> bool:
    start = earliest[order[0]]
    if start > latest[order[0]]:
        return False
    for before, at in pairwise(order):
        start = max(earliest[at], start + lasts[before] + float(ways[before, at]))
        if start > latest[at]:
            return False
    return True
