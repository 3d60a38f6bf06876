"""How likely is a yes within the time to answer?

A documented prior, not a fitted model: no answers were observed yet when its constants were set. They say what we
assume until history speaks, and history speaks for each technician by the usual shrinkage. The chance decides only
*how many* are asked. It is no part of the score: silence and declines never cost anyone their place.

The prior is logistic in the logarithms of pay and distance, written without `exp` and `log` so that it gives the
same bits on every machine: odds = BASE_ODDS x (pay / own least rate / USUAL_MARGIN)^2 / (1 + distance / HALF_ODDS_M).
"""

import numpy as np

from matching.candidates import Candidates, Floats
from matching.eligibility import hourly_cents
from matching.job import Job

#: Odds of a yes at the site's door with the usual margin: one in five says yes.
BASE_ODDS = 0.25

#: The distance at which the odds are half of those at the door.
HALF_ODDS_M = 60_000.0

#: Pay over own least rate of an ordinary job; also assumed of those who named no rate.
USUAL_MARGIN = 1.25

#: Beyond these the margin says no more.
LEAST_MARGIN, MOST_MARGIN = 0.5, 3.0

#: The prior weighs as much as this many answered questions.
PRIOR_STRENGTH = 8.0


def chances(job: Job, candidates: Candidates) -> Floats:
    """The chance of a yes, (N,), each above 0 and below 1.

    The mean of a beta distribution: the prior with the weight of `PRIOR_STRENGTH` questions, updated by the
    technician's own questions and yeses.
    """
    prior = _prior(job, candidates)
    num_yes = np.minimum(candidates.num_yes, candidates.num_asked)
    return (PRIOR_STRENGTH * prior + num_yes) / (PRIOR_STRENGTH + candidates.num_asked)


def _prior(job: Job, candidates: Candidates) -> Floats:
    least = candidates.min_hourly_cents
    margin = np.where(least > 0, hourly_cents(job) / np.maximum(least, 1), USUAL_MARGIN)
    relative = np.clip(margin, LEAST_MARGIN, MOST_MARGIN) / USUAL_MARGIN
    odds = BASE_ODDS * relative * relative / (1.0 + candidates.distance_m / HALF_ODDS_M)
    return odds / (1.0 + odds)
