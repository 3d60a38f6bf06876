"""Does a reputation from outcomes know more of a technician than the average of their stars?

    python -m benchmarks.reputation [--json] [--write] [--populations 20] [--technicians 300]

Populations are made up, with a true quality for everyone: the chance that a job they take on goes well. Both measures
see the same jobs; each is compared with the truth by Spearman's rank correlation, by number of jobs. `--write` puts
the table and the plot into `docs/`. The generators and what they assume are in `benchmarks.reputation_worlds`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt

from benchmarks.reputation_page import write_page
from benchmarks.reputation_worlds import WORLDS, Lives, World, live
from matching.reputation import (
    Outcome,
    Reputation,
    ReputationPolicy,
    back_out_severity,
    is_in_time,
    measured_means,
    of_stars,
    reputation,
)

SEED = 20261126
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SIZES = (1, 2, 3, 5, 10, 20, 50, 100)
#: A job every three days, so a hundred of them last most of a year and old ones fade.
DAYS_APART = 3.0
_RESAMPLES = 2_000
Floats = npt.NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write the figures to standard output."""
    parser = argparse.ArgumentParser(prog="benchmarks.reputation", description=__doc__)
    parser.add_argument("--populations", type=int, default=20)
    parser.add_argument("--technicians", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="write docs/reputation.md's figures and the plot")
    options = parser.parse_args(arguments)
    report = {
        "seed": SEED,
        "populations": options.populations,
        "technicians": options.technicians,
        "worlds": {
            world.name: {
                "what": world.what,
                "sizes": measure(world, options.populations, options.technicians),
            }
            for world in WORLDS
        },
    }
    if options.write:
        write_page(report, Path(__file__).parents[1] / "docs")
    sys.stdout.write(json.dumps(report, indent=None if options.json else 2) + "\n")


def measure(
    world: World, num_populations: int, num_technicians: int, sizes: Sequence[int] = SIZES
) -> list[dict[str, object]]:
    """The figures of one world by number of jobs: means over populations, and the interval of the difference."""
    policy = _policy_of(world, num_technicians)
    found: dict[int, list[tuple[float, float, float, float]]] = {size: [] for size in sizes}
    for number in range(num_populations):
        lives = live(world, num_technicians, max(sizes), np.random.default_rng([SEED, number]))
        for size in sizes:
            found[size].append(_compare(lives, size, policy))
    return [_row(size, np.array(found[size])) for size in sizes]


def _policy_of(world: World, num_technicians: int) -> ReputationPolicy:
    """As in the product, the prior is the network's mean as measured before: here of others in the same world."""
    stated = ReputationPolicy()
    before = live(world, num_technicians, 20, np.random.default_rng([SEED, 1_000_000]))
    totals: dict[str, tuple[int, float]] = {}
    for person in range(num_technicians):
        for each in outcomes_of(before, person, 20, stated):
            num, total = totals.get(each.part, (0, 0.0))
            totals[each.part] = (num + 1, total + each.value)
    return replace(stated, means=measured_means(totals, stated))


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; equal values share the mean of their ranks."""
    a, b = _ranks(first), _ranks(second)
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def _compare(lives: Lives, size: int, policy: ReputationPolicy) -> tuple[float, float, float, float]:
    """Of one population: both correlations, the share of true parts inside the interval, the share without a star."""
    people = range(len(lives.truth))
    ours = [reputation(outcomes_of(lives, person, size, policy), policy, now=NOW) for person in people]
    stars = lives.stars[:, :size]
    num = (stars > 0).sum(axis=1)
    average = np.where(num > 0, stars.sum(axis=1) / np.maximum(num, 1), stars[stars > 0].mean() if num.any() else 0.0)
    scores = np.array([each.score for each in ours])
    return (
        spearman(scores, lives.truth),
        spearman(average, lives.truth),
        _coverage(lives, ours, policy),
        float((num == 0).mean()),
    )


def outcomes_of(lives: Lives, person: int, size: int, policy: ReputationPolicy) -> list[Outcome]:
    """One technician's latest jobs, as the product would record and judge them."""
    outcomes: list[Outcome] = []
    for job in range(size):
        agreed_at = NOW - timedelta(days=DAYS_APART * (size - job))
        outcomes += _of_job(lives, person, job, agreed_at, policy)
    return outcomes


def _of_job(lives: Lives, person: int, job: int, agreed_at: datetime, policy: ReputationPolicy) -> list[Outcome]:
    def outcome(part: str, kind: str, value: float, severity: float = 1.0) -> Outcome:
        return Outcome(UUID(int=person << 64 | job), part, kind, value, agreed_at, severity)

    found: list[Outcome] = []
    backed_out_h = lives.backed_out_h[person, job]
    if lives.is_no_show[person, job]:
        found.append(outcome("kept", "no_show", 0.0, policy.no_show))
    elif backed_out_h > 0:
        at = agreed_at - timedelta(hours=float(backed_out_h))
        found.append(outcome("kept", "back_out", 0.0, back_out_severity(at, agreed_at, policy)))
    else:
        found.append(outcome("kept", "kept", 1.0))
        at = agreed_at + timedelta(minutes=float(lives.arrived_min[person, job]))
        found.append(outcome("on_time", "arrival", float(is_in_time(at, agreed_at, policy))))
        if not lives.is_excused[person, job]:
            found.append(outcome("completed", "ending", float(lives.is_complete[person, job])))
        if lives.is_complete[person, job]:
            found.append(outcome("passed", "approval", float(lives.is_passed[person, job])))
    if lives.stars[person, job]:
        found.append(outcome("rated", "rating", of_stars(int(lives.stars[person, job]))))
    return found


def _coverage(lives: Lives, ours: Sequence[Reputation], policy: ReputationPolicy) -> float:
    """How often the interval holds what the outcomes' parts would come to with endless jobs."""
    names = ("kept", "on_time", "completed", "passed")
    limit = sum(policy.weights[name] * lives.parts[name] for name in names) + policy.weights["rated"] * lives.rated
    inside = [each.low <= value <= each.high for each, value in zip(ours, limit, strict=True)]
    return float(np.mean(inside))


def _row(size: int, found: Floats) -> dict[str, object]:
    ours, stars, covered, unrated = found.T
    difference = ours - stars
    random = np.random.default_rng([SEED, size])
    means = random.choice(difference, (_RESAMPLES, len(difference))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return {
        "jobs": size,
        "reputation": round(float(ours.mean()), 3),
        "stars": round(float(stars.mean()), 3),
        "difference": round(float(difference.mean()), 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "interval_holds": round(float(covered.mean()), 3),
        "without_stars": round(float(unrated.mean()), 3),
    }


def _ranks(values: Floats) -> Floats:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(inverse, ranks) / counts)[inverse], dtype=np.float64)


if __name__ == "__main__":
    main()
