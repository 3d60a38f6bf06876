"""Who may do a job of a file, who may not, and how well does each fit?

The rules of `truckroll match` that look at one technician and one job, each on its own; and the score of a pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.lines import Floats, JobLine, TechnicianColumns
from matching.vicinity import Vicinity
from matching.workload import NO_LIMIT, Bools, Ints

#: What the terms of the score count, in parts of their sum.
WEIGHTS: Mapping[str, int] = {"travel": 4, "skill": 1, "rating": 3, "price": 1}

#: The travel term is a half at this distance.
TRAVEL_SCALE_M = 40_000.0

#: The highest rating.
TOP_RATING = 5.0

#: What an unknown rating and a price without budget or rate count: neither good nor bad.
UNKNOWN = 0.5

#: Scores are whole millionths, so that their sums are exact.
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class InReach:
    """The N technicians in reach of one job: row numbers ascending, unrounded metres, whom each rule stops."""

    rows: Ints
    distance_m: Floats
    failed: Mapping[str, Bools]

    @property
    def may(self) -> Bools:
        """(N,) those whom no rule stops."""
        stopped = np.zeros(len(self.rows), dtype=np.bool_)
        for fails in self.failed.values():
            stopped |= fails
        return ~stopped


def judge(job: JobLine, technicians: TechnicianColumns, vicinity: Vicinity) -> InReach:
    """Everyone in reach of the job under the rules skill, level, credential, radius and budget."""
    rows, distance_m = vicinity.within_reach(job.lat, job.lng)
    lacks, is_below = _skills(job, technicians, rows)
    failed = {
        "skill": lacks,
        "level": is_below,
        "credential": _credential(job, technicians, rows),
        "radius": distance_m > technicians.radius_m[rows],
        "budget": _budget(job, technicians, rows),
    }
    return InReach(rows, distance_m, failed)


def fits_alone(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> Bools:
    """(N,) capacity and hours would allow this job, were it the only one."""
    return (technicians.capacity[rows] >= 1) & (job.end_us - job.start_us <= technicians.max_busy_us[rows])


def micro_score(job: JobLine, technicians: TechnicianColumns, rows: Ints, distance_m: Floats) -> Ints:
    """(N,) the score in millionths, 0-1000000: the weighted mean of its terms, each in [0, 1].

    travel 1 at the door, a half at `TRAVEL_SCALE_M`; skill 1 for just the level wanted, less the higher the level
    (experts are kept for what only they can do); rating its share of the highest; price 1 - pay / budget.
    """
    terms = {
        "travel": TRAVEL_SCALE_M / (TRAVEL_SCALE_M + distance_m),
        "skill": _skill_term(job, technicians, rows),
        "rating": np.nan_to_num(technicians.rating[rows] / TOP_RATING, nan=UNKNOWN),
        "price": _price_term(job, technicians, rows),
    }
    total = sum((WEIGHTS[name] * term for name, term in terms.items()), np.zeros(len(rows)))
    return np.floor(total / sum(WEIGHTS.values()) * MICRO).astype(np.int64)


def _skills(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> tuple[Bools, Bools]:
    """Who lacks a skill, and who has one below the level; both for other skills is possible."""
    lacks, is_below = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    for name, wanted in job.skills.items():
        level = _column(technicians.skills, name, rows)
        lacks |= level == 0
        is_below |= (level > 0) & (level < wanted)
    return lacks, is_below


def _credential(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> Bools:
    fails = np.zeros(len(rows), np.bool_)
    for kind in job.credentials:
        fails |= _column(technicians.credentials, kind, rows) < job.end_day
    return fails


def _budget(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> Bools:
    """Rate by the hour x minutes / 60 above the budget, in whole numbers."""
    if job.budget_cents is None:
        return np.zeros(len(rows), np.bool_)
    return technicians.rate_cents[rows] * job.duration_milli_min > job.budget_cents * 60_000


def _skill_term(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> Floats:
    if not job.skills:
        return np.ones(len(rows))
    fit = np.zeros(len(rows))
    for name, wanted in job.skills.items():
        fit += wanted / np.maximum(_column(technicians.skills, name, rows), wanted)
    return fit / len(job.skills)


def _price_term(job: JobLine, technicians: TechnicianColumns, rows: Ints) -> Floats:
    rate_cents = technicians.rate_cents[rows]
    if not job.budget_cents:
        return np.full(len(rows), UNKNOWN)
    pay_cents = rate_cents * job.duration_milli_min / 60_000
    return np.where(rate_cents > 0, np.clip(1 - pay_cents / job.budget_cents, 0, 1), UNKNOWN)


def _column(columns: Mapping[str, Ints], name: str, rows: Ints) -> Ints:
    return columns[name][rows] if name in columns else np.zeros(len(rows), np.int64)


def is_blocked_by(
    job: JobLine, technicians: TechnicianColumns, rows: Ints, num_held: Ints, busy_us: Ints, overlaps: Bools
) -> dict[str, Bools]:
    """Whom of `rows` (N,) the jobs that they got keep from this one, by rule.

    `num_held, busy_us, overlaps` are (T,): how many jobs, for how long, and whether one of them overlaps.
    """
    room_us = technicians.max_busy_us[rows]
    return {
        "overlap": overlaps[rows],
        "capacity": num_held[rows] >= technicians.capacity[rows],
        "max_hours": (room_us < NO_LIMIT) & (busy_us[rows] + (job.end_us - job.start_us) > room_us),
    }
