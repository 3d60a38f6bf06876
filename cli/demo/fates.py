"""What becomes of each visit? Drawn by a seed: most go well, and everything that goes wrong in this trade happens too.

The shares are made up, so that a hundred visits show each fate a few times; they say nothing about real days.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import numpy as np

Fate = Literal["complete", "late", "rescheduled", "part_missing", "closed_door", "return_trip", "no_show", "more_time"]

SHARES: dict[Fate, float] = {
    "complete": 0.48,
    "late": 0.12,
    "rescheduled": 0.10,
    "part_missing": 0.07,
    "closed_door": 0.07,
    "return_trip": 0.07,
    "no_show": 0.05,
    "more_time": 0.04,
}
#: What the scenes after the day are about: work whose hours are doubted, and somebody who appeals.
_ALWAYS = ("complete", "no_show")


def draw_fates(visits: Sequence[UUID], seed: int) -> dict[UUID, Fate]:
    """A fate for each visit: one of each kind, the frequent ones first, the others by their shares.

    Nobody comes to one of the first two: there is somebody who can appeal. Which visit has which is drawn.
    """
    names = sorted(SHARES, key=lambda name: (name not in _ALWAYS, -SHARES[name]))
    drawn: list[Fate] = names[: len(visits)]
    num_left = len(visits) - len(drawn)
    drawn += [name for name in names for _ in range(int(SHARES[name] * num_left))]
    drawn += ["complete"] * (len(visits) - len(drawn))
    order = np.random.default_rng(seed + 3).permutation(len(visits))
    return {visits[int(at)]: fate for at, fate in zip(order, drawn, strict=True)}
