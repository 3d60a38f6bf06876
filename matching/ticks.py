"""Which rules does one technician meet, which not, and by how much?

For the technician themselves and for the operator; a client reads `reasons.visible_reasons` instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.candidates import NO_CAPACITY, NOT_CHOSEN, Candidates
from matching.eligibility import Rule, credential_day, hourly_cents, judge
from matching.job import Job
from matching.policy import Policy
from matching.proof import FOR_EVER, NEVER, kind_of
from matching.usage import NO_LIMIT


@dataclass(frozen=True, slots=True)
class Tick:
    """One rule for one technician: whether it holds, and the figures it was judged by."""

    rule: Rule
    holds: bool
    text: str


def ticks(
    job: Job, candidates: Candidates, policy: Policy, row: int, *, soft_left_s: int = NO_LIMIT
) -> tuple[Tick, ...]:
    """Every rule that has a text, in their order, for the technician in one row.

    `soft_left_s` is what is left until a limit that only warns: it is told, and refuses nothing.
    """
    one = candidates.take(np.array([row], dtype=np.int64))
    word = int(judge(job, one, policy)[0])
    warns = {} if soft_left_s == NO_LIMIT else {Rule.LIMIT: f"; {_h(soft_left_s)} hours left until a limit that warns"}
    return tuple(
        Tick(rule, not word & rule.bit, text(job, one, policy, not word & rule.bit) + warns.get(rule, ""))
        for rule, text in _TEXTS.items()
    )


def _active(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return "active" if holds else "not active"


def _blocked(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return "no block on either side" if holds else "blocked, by one side or the other"


def _pool(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    if one.in_pool[0]:
        return "in one of the job's pools"
    if not job.needs.market:
        return "in none of the job's pools, and the job is not open to the market"
    if one.is_admitted[0]:
        return "admitted by this client"
    if not policy.uses_market:
        return "neither in one of the job's pools nor admitted by this client, which does not use the market"
    return "in the open market" if holds else "neither in one of the job's pools nor in the open market"


def _skill(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    codes = sorted(job.needs.skills)
    if not codes:
        return "no skill needed"
    lacking = [code for code, level in zip(codes, one.skill_levels[0], strict=True) if not level]
    return f"lacks {', '.join(lacking)}" if lacking else f"has {', '.join(codes)}"


def _level(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    has = zip(sorted(job.needs.skills.items()), one.skill_levels[0].tolist(), strict=True)
    held = [(code, level, wanted) for (code, wanted), level in has if level and (level < wanted or holds)]
    if not held:
        return "no level to compare"
    return "; ".join(f"has {code} at level {level}, {wanted} wanted" for code, level, wanted in held)


def _credential(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    last = credential_day(job, policy)
    days = zip(job.needs.credentials, one.credential_days[0].tolist(), strict=True)
    told = [(kind_of(kind), day) for kind, day in days if holds or day < last]
    if one.papers_until[0] == NOT_CHOSEN:
        return "they left the company through which they worked for this client: it chooses first how they work now"
    if one.papers_until[0] < last:
        missing = "a paper is missing, or ends too soon, that the client wants of whoever is engaged as they are"
        return f"{missing}: {wanted}" if (wanted := _wanted(job)) else missing
    if not told:
        return "no credential needed"
    until = date.fromordinal(last).isoformat()
    return "; ".join(
        f"{kind} valid through {date.fromordinal(day).isoformat()}, {until} needed" if day else f"no {kind}"
        for kind, day in told
    )


def _wanted(job: Job) -> str:
    """What the client wants of each way; a job that was stored for replay tells nothing of it."""
    ways = [
        f"{way} {' and '.join(' or '.join(paper) for paper in papers)}" for way, papers in job.papers.items() if papers
    ]
    return "; ".join(ways)


def _clearance(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    if not job.needs.clearance:
        return "no clearance needed"
    day, last = int(one.cleared_until[0]), date.fromordinal(credential_day(job, policy)).isoformat()
    if day == FOR_EVER:
        return "US person, proved"
    if day == NEVER:
        return "not proved to be a US person"
    return f"US person, proved through {date.fromordinal(day).isoformat()}, {last} needed"


def _area(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return f"site {one.distance_m[0] / 1000:.1f} km away, {'inside' if holds else 'outside'} their own area"


def _hours(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return "a start inside working hours" if holds else "no start in the window inside working hours"


def _free(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    if one.is_free[0] and not holds:
        return "free only outside working hours, busy inside them"
    return "free, travel included" if holds else "busy, or too far from the work before or after"


def _capacity(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    jobs, most = int(one.jobs_that_day[0]), int(one.day_capacity[0])
    return f"{jobs} jobs that day, no limit" if most == NO_CAPACITY else f"{jobs} of {most} jobs that day"


def _limit(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    left_s = int(one.hours_left_s[0])
    if left_s == NO_LIMIT:
        return "no limit of hours with this client refuses it"
    return f"{_h(left_s)} hours with this client left then, {job.duration_min / 60:.1f} needed"


def _h(seconds: int) -> str:
    return f"{max(seconds, 0) / 3600:.1f}"


def _rate(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    least, pay = int(one.min_hourly_cents[0]), f"{hourly_cents(job) / 100:.2f} {job.pay.currency}"
    if least < 0:
        return f"own least rate in another currency than {job.pay.currency}"
    own = f"own least rate {least / 100:.2f}" if least else "no own least rate"
    return f"{own}, the job pays {pay} an hour"


def _asked(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return "not asked yet in this round" if holds else "already asked in this round"


def _suspended(job: Job, one: Candidates, policy: Policy, holds: bool) -> str:
    return "not suspended by this client" if holds else "suspended from this client's work"


_TEXTS: Mapping[Rule, Callable[[Job, Candidates, Policy, bool], str]] = {
    Rule.ACTIVE: _active,
    Rule.BLOCKED: _blocked,
    Rule.POOL: _pool,
    Rule.SKILL: _skill,
    Rule.LEVEL: _level,
    Rule.CREDENTIAL: _credential,
    Rule.CLEARANCE: _clearance,
    Rule.AREA: _area,
    Rule.HOURS: _hours,
    Rule.FREE: _free,
    Rule.CAPACITY: _capacity,
    Rule.LIMIT: _limit,
    Rule.RATE: _rate,
    Rule.ASKED: _asked,
    Rule.SUSPENDED: _suspended,
}
