"""How good is each technician for this job, and which part of that comes from what?

Every term is in [0, 1], better is higher. A part is a term times its weight's share of all weights, cut to a whole
number of 2**-30: such numbers add up exactly in any order, so that the parts shown to people are the score. The
terms use no transcendental function: the same inputs give the same bits on every machine.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np

from matching.candidates import Candidates, Floats
from matching.eligibility import hourly_cents
from matching.job import Job
from matching.policy import Policy

#: How much the skills of this job are needed by other open jobs, by code, in [0, 1].
Scarce = Mapping[str, float]

NO_SCARCITY: Scarce = MappingProxyType({})

#: The grain of parts and totals.
_GRAIN = 2.0**30


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of N technicians: `parts` (N, T) in the order of `TERMS`, `total` (N,) their sum, in [0, 1]."""

    parts: Floats
    total: Floats

    def parts_at(self, row: int) -> dict[str, float]:
        """The parts of one technician by name."""
        return dict(zip(TERMS, self.parts[row].tolist(), strict=True))


def score(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce = NO_SCARCITY) -> Scores:
    """The weighted terms of every technician, whether or not they may do the job."""
    weights = asdict(policy.weights)
    whole = math.fsum(weights.values())
    columns = [
        np.floor(term(job, candidates, policy, scarce) * (weights[name] / whole) * _GRAIN) / _GRAIN
        for name, term in _FUNCTIONS.items()
    ]
    parts = np.column_stack(columns)
    return Scores(parts=parts, total=parts.sum(axis=1))


def _travel(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """1 at the door, a half at the policy's scale, falling ever more slowly."""
    return policy.travel_scale_s / (policy.travel_scale_s + np.maximum(candidates.travel_s, 0))


def _skill(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """The share of the wanted levels that they bring, less what others need of the levels above.

    A level more than wanted costs nothing, unless other open jobs need that skill: then those who could do these
    are kept for them, each level above costing a quarter of the skill's scarcity.
    """
    if not job.needs.skills:
        return np.ones(len(candidates))
    fit = np.zeros(len(candidates))
    for column, (code, wanted) in enumerate(sorted(job.needs.skills.items())):
        levels = candidates.skill_levels[:, column]
        fit += np.minimum(levels, wanted) / wanted - np.maximum(levels - wanted, 0) * scarce.get(code, 0.0) / 4
    return np.clip(fit / len(job.needs.skills), 0.0, 1.0)


def _reputation(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    return np.clip(candidates.reputation, 0.0, 1.0)


def _price(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """How far the own least rate lies under the pay, as a share of the pay; nobody is priced below it.

    Counts only where the client gave it a weight. In another currency it is 0: no rate is converted.
    """
    pay, least = hourly_cents(job), candidates.min_hourly_cents
    if pay <= 0:
        return np.zeros(len(candidates))
    return np.where(least < 0, 0.0, np.clip(1.0 - least / pay, 0.0, 1.0))


def _preference(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """A half for being the client's favourite, a half for having the client as one's own."""
    return 0.5 * candidates.is_favourite.astype(np.float64) + 0.5 * candidates.prefers_client


def _fairness(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """1 without recent offers, a half at the policy's number of them."""
    return policy.fair_offers / (policy.fair_offers + candidates.recent_offers.astype(np.float64))


def _load(job: Job, candidates: Candidates, policy: Policy, scarce: Scarce) -> Floats:
    """1 on an empty day, a half with one other job."""
    return 1.0 / (1.0 + candidates.jobs_that_day.astype(np.float64))


_FUNCTIONS: Mapping[str, Callable[[Job, Candidates, Policy, Scarce], Floats]] = {
    "travel": _travel,
    "skill": _skill,
    "reputation": _reputation,
    "price": _price,
    "preference": _preference,
    "fairness": _fairness,
    "load": _load,
}

#: The terms by name, in the order of `Scores.parts` and of `Weights`.
TERMS: tuple[str, ...] = tuple(_FUNCTIONS)
