"""When is the first start that fits, for many technicians at once?

Everything is whole Unix seconds. Technicians who share their hours share the open spans; what is in somebody's own
diary bars starts (`barred_starts`). All go to their first open start together; whoever is barred there goes on to the
end of the bar and from there to the next open start, until nobody is barred: as many rounds as the longest such chain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.availability import Span
from matching.candidates import Bools, Ints

#: Two visits this close are at the same site: nobody travels between them.
SAME_SITE_M = 50.0


@dataclass(frozen=True, slots=True)
class Window:
    """The starts from `first_s` to `last_s`, both included, of work that takes `duration_s`; may hold none."""

    first_s: int
    last_s: int
    duration_s: int

    @property
    def end_s(self) -> int:
        """When the work ends at the latest."""
        return self.last_s + self.duration_s

    @property
    def never(self) -> int:
        """The number that stands for no start here."""
        return max(self.last_s, self.first_s - 1) + 1


@dataclass(frozen=True, slots=True)
class Bars:
    """Starts `[from_s, to_s)` that are barred, each (B,); `owner` says whose, as a row number."""

    owner: Ints
    from_s: Ints
    to_s: Ints

    def within(self, window: Window) -> "Bars":
        """Those that bar a start of the window."""
        kept = (self.from_s <= window.last_s) & (self.to_s > window.first_s)
        return Bars(self.owner[kept], self.from_s[kept], self.to_s[kept])

    def joined(self, other: "Bars") -> "Bars":
        """These and others."""
        return Bars(
            np.concatenate((self.owner, other.owner)),
            np.concatenate((self.from_s, other.from_s)),
            np.concatenate((self.to_s, other.to_s)),
        )


@dataclass(frozen=True, slots=True)
class Openings:
    """Open starts `[from_s, to_s]`, both included, of several weeks, each (S,), ascending by week and then in time."""

    week: Ints
    from_s: Ints
    to_s: Ints

    @classmethod
    def of(cls, spans_of_weeks: Iterable[Sequence[Span]], window: Window) -> Self:
        """The starts that keep the work inside one open span; the spans of each week ascend and don't touch."""
        starts = [
            (week, max(open_s, window.first_s), min(shut_s - window.duration_s, window.last_s))
            for week, spans in enumerate(spans_of_weeks)
            for open_s, shut_s in spans
        ]
        table = np.array([start for start in starts if start[1] <= start[2]], dtype=np.int64).reshape(-1, 3)
        return cls(*table.T)

    def next_start(self, week: Ints, at_s: Ints, window: Window) -> Ints:
        """(N,) the first open start of each one's week at `at_s` or later, `window.never` where there is none."""
        if not len(self.week):
            return np.full(len(week), window.never)
        stride = window.never - window.first_s + 1
        keys = self.week * stride + (self.to_s - window.first_s)
        place = np.searchsorted(keys, week * stride + (np.minimum(at_s, window.never) - window.first_s))
        found = np.minimum(place, len(keys) - 1)
        is_there = (place < len(keys)) & (self.week[found] == week)
        return np.where(is_there, np.maximum(self.from_s[found], at_s), window.never)


def barred_starts(owner: Ints, start_s: Ints, end_s: Ints, travel_s: Ints | int, duration_s: int) -> Bars:
    """The starts at which work of `duration_s` would come too close to things from `start_s` to `end_s`, each (B,).

    Between the two lie `travel_s` seconds in either order; the last good start before is therefore
    `start_s - travel_s - duration_s`, the first one after is `end_s + travel_s`.
    """
    return Bars(owner, start_s - travel_s - duration_s + 1, end_s + travel_s)


def first_starts(openings: Openings, week: Ints, bars: Bars, window: Window) -> Ints:
    """(N,) the first open start of each technician's week (N,) that is not barred; 0 where none is."""
    start_s = openings.next_start(week, np.full(len(week), window.first_s), window)
    bars = bars.within(window)
    while (hit := _hit(bars, start_s, window)).any():
        np.maximum.at(start_s, bars.owner[hit], bars.to_s[hit])
        start_s = openings.next_start(week, start_s, window)
    return np.where(start_s < window.never, start_s, 0)


def any_time(window: Window) -> Openings:
    """One week, number 0, in which every start of the window is open."""
    return Openings.of([[(window.first_s, window.end_s)]], window)


def _hit(bars: Bars, start_s: Ints, window: Window) -> Bools:
    """(B,) which bars lie on their owner's start."""
    mine = start_s[bars.owner]
    return np.asarray((bars.from_s <= mine) & (mine < bars.to_s) & (mine < window.never))
