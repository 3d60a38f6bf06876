"""How well does somebody keep their word? A score from outcomes, with what each event adds or takes.

Each outcome belongs to one part, has a value from 0 (bad) to 1 (good) and traces to the event that says so. A part is
the mean of its outcomes, weighted by severity and age, and shrunk to the network's mean:

    part = (strength x mean + sum of w_i v_i) / (strength + sum of w_i),  w_i = severity_i x 0.5^(age_i / half-life)

which is the mean of a beta distribution whose prior weighs as much as `strength` outcomes; its variance gives the
interval. The score is the weighted mean of the parts. So it is the score of a newcomer plus one term for each
outcome, and those terms are told. Silence and declines are no outcomes: nothing here can hold them.

Source: beta-binomial shrinkage with the prior as pseudo-counts, Gelman et al., Bayesian Data Analysis, section 2.4.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from matching.errors import PolicyError

#: Parts of the score: work taken on is kept, arrivals are in time, visits end complete, work passes the first time,
#: and clients are content.
PARTS = ("kept", "on_time", "completed", "passed", "rated")

#: Half the width of the interval in standard deviations: nine in ten of a normal distribution.
INTERVAL_SDS = 1.645

#: The network's mean of a part is measured from at least this many outcomes.
LEAST_MEASURED = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one piece of work: for `part`, worth `value`, as much as `severity` ordinary outcomes.

    `event_id` says which event it traces to; `why_not` is the code of why it doesn't count, empty where it does.
    """

    event_id: UUID
    part: str
    kind: str
    value: float
    at: datetime
    severity: float = 1.0
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class ReputationPolicy:
    """The network's rules of reputation: the same for all, told to everyone.

    `means` is what an average technician of the network has, `strength` how many outcomes that prior weighs in each
    part; an outcome counts half as much after `half_life_days`. A check-in is in time from `early_min` before the
    agreed start to `late_min` after it. A back-out at least `early_back_out_h` before the start weighs half, one later
    weighs one, a no-show three. Ratings are shown after `reveal_days` at the latest;
    a person answers an appeal or a review within `answer_days`. What was excused on handing back the client answers
    within `excuse_days`, then the operator within as many.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"kept": 0.3, "on_time": 0.25, "completed": 0.1, "passed": 0.2, "rated": 0.15}
    )
    means: Mapping[str, float] = field(
        default_factory=lambda: {"kept": 0.95, "on_time": 0.85, "completed": 0.95, "passed": 0.92, "rated": 0.9}
    )
    strength: float = 10.0
    half_life_days: float = 180.0
    early_min: int = 30
    late_min: int = 15
    early_back_out_h: int = 24
    early_back_out: float = 0.5
    late_back_out: float = 1.0
    no_show: float = 3.0
    reveal_days: int = 14
    answer_days: int = 14
    excuse_days: int = 7

    def __post_init__(self) -> None:
        if set(self.weights) != set(PARTS) or set(self.means) != set(PARTS):
            raise PolicyError(f"weights and means: name each of {', '.join(PARTS)}, and nothing else")
        if not math.isclose(math.fsum(self.weights.values()), 1.0) or min(self.weights.values()) < 0:
            raise PolicyError(f"weights {dict(self.weights)}: each at least 0, together 1")
        if not all(0 <= mean <= 1 for mean in self.means.values()):
            raise PolicyError(f"means {dict(self.means)}: each from 0 to 1")
        if not (0 < self.strength <= 1000 and 1 <= self.half_life_days <= 3650):
            raise PolicyError(f"strength {self.strength}: above 0, to 1000; half-life from a day to ten years")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its value, how many outcomes count in it, and how much they weigh beside the prior."""

    name: str
    value: float
    variance: float
    num: int
    weight: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one outcome adds to the score (or takes from it); nothing where it doesn't count."""

    outcome: Outcome
    points: float


@dataclass(frozen=True, slots=True)
class Reputation:
    """`score` in [0, 1] lies between `low` and `high`; `start` is a newcomer's, and `start` + points = `score`."""

    score: float
    low: float
    high: float
    start: float
    num: int
    parts: tuple[Part, ...]
    contributions: tuple[Contribution, ...]


def reputation(outcomes: Iterable[Outcome], policy: ReputationPolicy, *, now: datetime) -> Reputation:
    """The reputation that these outcomes make at `now`, in whatever order they come.

    An outcome from after `now` counts in full, as a clock may be ahead. Equal inputs give equal bits: sums are exact.
    """
    listed = sorted(outcomes, key=lambda each: (each.at, each.event_id, each.part))
    weights = [_weight(each, policy, now) for each in listed]
    parts = tuple(_part(name, listed, weights, policy) for name in PARTS)
    points = _points(listed, weights, parts, policy)
    start = math.fsum(policy.weights[name] * policy.means[name] for name in PARTS)
    score = math.fsum(policy.weights[part.name] * part.value for part in parts)
    # Habits go together in people, so the parts' errors are added, not their squares: too wide rather than too narrow.
    spread = INTERVAL_SDS * math.fsum(policy.weights[part.name] * math.sqrt(part.variance) for part in parts)
    return Reputation(
        score=_share(score),
        low=_share(score - spread),
        high=_share(score + spread),
        start=start,
        num=sum(part.num for part in parts),
        parts=parts,
        contributions=tuple(Contribution(each, point) for each, point in zip(listed, points, strict=True)),
    )


def measured_means(totals: Mapping[str, tuple[int, float]], policy: ReputationPolicy) -> dict[str, float]:
    """The network's means by part, from (how many outcomes, sum of their values); the stated ones where few."""
    return {
        name: round(total / num, 4) if num >= LEAST_MEASURED else policy.means[name]
        for name in PARTS
        for num, total in (totals.get(name, (0, 0.0)),)
    }


def is_in_time(at: datetime, agreed_at: datetime, policy: ReputationPolicy) -> bool:
    """Whether a check-in is in time: both borders are."""
    return -timedelta(minutes=policy.early_min) <= at - agreed_at <= timedelta(minutes=policy.late_min)


def back_out_severity(at: datetime, agreed_at: datetime, policy: ReputationPolicy) -> float:
    """How much a back-out weighs: half when it is early."""
    is_early = agreed_at - at >= timedelta(hours=policy.early_back_out_h)
    return policy.early_back_out if is_early else policy.late_back_out


def of_stars(stars: int) -> float:
    """The value of a rating from 1 to 5 stars."""
    return (stars - 1) / 4


def _weight(outcome: Outcome, policy: ReputationPolicy, now: datetime) -> float:
    if outcome.why_not is not None:
        return 0.0
    age_days = max(0.0, (now - outcome.at).total_seconds() / 86_400)
    return outcome.severity * math.pow(0.5, age_days / policy.half_life_days)


def _part(name: str, outcomes: Sequence[Outcome], weights: Sequence[float], policy: ReputationPolicy) -> Part:
    mine = [
        (weight, each.value)
        for each, weight in zip(outcomes, weights, strict=True)
        if each.part == name and each.why_not is None
    ]
    weight = math.fsum(weight for weight, _ in mine)
    good = math.fsum(weight * value for weight, value in mine)
    total = policy.strength + weight
    value = (policy.strength * policy.means[name] + good) / total
    return Part(name, value, value * (1 - value) / (total + 1), len(mine), weight)


def _points(
    outcomes: Sequence[Outcome], weights: Sequence[float], parts: Sequence[Part], policy: ReputationPolicy
) -> list[float]:
    totals = {part.name: policy.strength + part.weight for part in parts}
    return [
        policy.weights[each.part] * weight * (each.value - policy.means[each.part]) / totals[each.part]
        for each, weight in zip(outcomes, weights, strict=True)
    ]


def _share(value: float) -> float:
    """In [0, 1], to a millionth: what is kept, shown and compared."""
    return round(min(1.0, max(0.0, value)), 6)
