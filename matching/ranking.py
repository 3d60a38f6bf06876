"""Who is best for this job, among those who may?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.candidates import Candidates, Ints
from matching.eligibility import Words
from matching.job import Job
from matching.scoring import Scores
from matching.seeds import draw


@dataclass(frozen=True, slots=True)
class Ranking:
    """`rows` (M,): row numbers of those who may do the job, best first."""

    rows: Ints

    def __len__(self) -> int:
        return len(self.rows)


def rank(job: Job, candidates: Candidates, words: Words, scores: Scores, seed: int) -> Ranking:
    """Those who may, by score; equal scores by a hash of seed, job and technician.

    The order doesn't depend on that of the rows, and no technician is always last among equals.
    """
    may = np.flatnonzero(words == 0)
    total = scores.total[may]
    order = np.lexsort((candidates.ids[may], _tie_keys(job, candidates, may, total, seed), -total))
    return Ranking(rows=may[order])


def _tie_keys(job: Job, candidates: Candidates, may: Ints, total: NDArray[np.float64], seed: int) -> NDArray[np.uint64]:
    """Hashes of those who share their score with another, 0 for the rest."""
    _, group, nums = np.unique(total, return_inverse=True, return_counts=True)
    tied = np.flatnonzero(nums[group] > 1)
    ids = candidates.ids[may[tied]].tobytes()
    keys = np.zeros(len(may), dtype=np.uint64)
    keys[tied] = [draw(seed, b"tie", job.id.bytes, ids[start : start + 16]) for start in range(0, len(ids), 16)]
    return keys
