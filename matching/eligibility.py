"""May this technician do this job, and which rules say no?

`judge` gives a 32-bit word a technician: bit `Rule.X` is set when rule X says no, and 0 means "may". The same
functions judge everyone in reach when a job is offered and one row when an offer is accepted.
"""

import math
from collections.abc import Callable, Mapping
from enum import IntEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from matching.candidates import Bools, Candidates
from matching.errors import MatchingError
from matching.job import Job, Needs
from matching.policy import Policy
from matching.technician import Technician

Words = NDArray[np.uint32]


class Rule(IntEnum):
    """Every rule, by the number of its bit, which is also its place in the why-not list."""

    ACTIVE = 0
    BLOCKED = 1
    POOL = 2
    SKILL = 3
    LEVEL = 4
    CREDENTIAL = 5
    CLEARANCE = 6
    AREA = 7
    HOURS = 8
    FREE = 9
    CAPACITY = 10
    #: Hours with this client, projected to the job's end with all that is promised.
    LIMIT = 11
    RATE = 12
    ASKED = 13
    #: The client took its admission of this technician back for a time.
    SUSPENDED = 14

    @property
    def bit(self) -> int:
        """The rule's bit in a word."""
        return 1 << self

    @property
    def code(self) -> str:
        """The rule's name in documents and on the wire."""
        return self.name.lower()


#: Legal, insurance, clearance, suspension and block rules: nobody overrides them and nothing suggests dropping them.
LOCKED = frozenset({Rule.BLOCKED, Rule.CREDENTIAL, Rule.CLEARANCE, Rule.LIMIT, Rule.SUSPENDED})
#: Wishes of the client's own, which its dispatcher may set aside when asking somebody by name; and how far somebody
#: wants to go, which they say themselves by their answer. What is left is a technician's own: time, and least rate.
OVERRIDABLE = frozenset({Rule.POOL, Rule.SKILL, Rule.LEVEL, Rule.AREA, Rule.ASKED})


def judge(job: Job, candidates: Candidates, policy: Policy) -> Words:
    """The failed rules of every technician.

    Returns
    -------
    (N,) uint32, in the order of the rows; 0 = may do the job

    Raises
    ------
    MatchingError
        When the columns of skills or credentials were filled for other needs than this job's.
    """
    _check_columns(job, candidates)
    words = np.zeros(len(candidates), dtype=np.uint32)
    for rule, fails in RULES.items():
        words |= fails(job, candidates, policy).astype(np.uint32) << np.uint32(rule)
    return words


def failed(word: int) -> tuple[Rule, ...]:
    """The rules that a word says were failed, in their order."""
    return tuple(rule for rule in Rule if word & rule.bit)


def mask(*rules: Rule) -> np.uint32:
    """One word with the bits of these rules."""
    return np.uint32(sum(rule.bit for rule in rules))


def is_by_pool_alone(needs: Needs, client_id: UUID, who: Technician, policy: Policy) -> bool:
    """Nothing but membership of a pool lets them have this work: it is open to no market, nor to them as admitted."""
    return not needs.market or not (policy.uses_market or client_id in who.admitted)


def may_override(word: int) -> bool:
    """Every failed rule is one that may be set aside: a dispatcher may ask this technician by name, with a reason."""
    return not word & ~int(mask(*OVERRIDABLE))


def _not_active(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return ~candidates.is_active


def _blocked(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return candidates.is_blocked


def _outside_pools(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    """Member of a wanted pool; or, of a job that is open beyond them, admitted: by the client, or by the market."""
    if not job.needs.market:
        return ~candidates.in_pool
    return ~(candidates.in_pool | candidates.is_admitted | (candidates.in_market & policy.uses_market))


def _lacks_skill(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return _in_any_column(candidates.skill_levels == 0)


def _below_level(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    """Has the skill, but below the level: who lacks it altogether fails `SKILL` instead."""
    levels = candidates.skill_levels
    return _in_any_column((levels > 0) & (levels < wanted_levels(job)))


def _credential_ends(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    last = credential_day(job, policy)
    return _in_any_column(candidates.credential_days < last) | (candidates.papers_until < last)


def _not_cleared(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return (candidates.cleared_until < credential_day(job, policy)) & job.needs.clearance


def _outside_area(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return ~candidates.in_area


def _outside_hours(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return ~candidates.in_hours


def _busy(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    """Busy at every start, or at every start inside working hours: the bookings are what stands in the way."""
    return ~candidates.is_free | (candidates.in_hours & ~candidates.fits)


def _day_is_full(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return candidates.jobs_that_day >= candidates.day_capacity


def _hours_used_up(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return candidates.hours_left_s < job.duration_min * 60


def _pays_too_little(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    """The own least rate is above the pay, or in another currency (-1): no rate is converted."""
    least = candidates.min_hourly_cents
    return (least > hourly_cents(job)) | (least < 0)


def _suspended(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return candidates.is_suspended


def _was_asked(job: Job, candidates: Candidates, policy: Policy) -> Bools:
    return candidates.was_asked


#: One function a rule, in the order of the bits; each says who FAILS.
RULES: Mapping[Rule, Callable[[Job, Candidates, Policy], Bools]] = {
    Rule.ACTIVE: _not_active,
    Rule.BLOCKED: _blocked,
    Rule.POOL: _outside_pools,
    Rule.SKILL: _lacks_skill,
    Rule.LEVEL: _below_level,
    Rule.CREDENTIAL: _credential_ends,
    Rule.CLEARANCE: _not_cleared,
    Rule.AREA: _outside_area,
    Rule.HOURS: _outside_hours,
    Rule.FREE: _busy,
    Rule.CAPACITY: _day_is_full,
    Rule.LIMIT: _hours_used_up,
    Rule.RATE: _pays_too_little,
    Rule.ASKED: _was_asked,
    Rule.SUSPENDED: _suspended,
}


def wanted_levels(job: Job) -> NDArray[np.int64]:
    """The least level of each needed skill, (S,), in the order of the columns of `skill_levels`."""
    return np.array([job.needs.skills[code] for code in sorted(job.needs.skills)], dtype=np.int64)


def credential_day(job: Job, policy: Policy) -> int:
    """The day, as ordinal, through which every credential and the clearance must be valid."""
    return job.last_day.toordinal() + policy.credential_slack_days


def hourly_cents(job: Job) -> int:
    """The pay by the hour in whole hundredths, rounded down: least rates are whole, so no comparison changes."""
    return math.floor(job.pay.hourly(job.duration_min) * 100)


def _in_any_column(table: Bools) -> Bools:
    """For each row of (N, C) whether any column is true; nobody where there are no columns."""
    return np.asarray(table.any(axis=1), dtype=np.bool_)


def _check_columns(job: Job, candidates: Candidates) -> None:
    num = len(candidates)
    for name, wanted in (("skill_levels", len(job.needs.skills)), ("credential_days", len(job.needs.credentials))):
        shape = getattr(candidates, name).shape
        if shape != (num, wanted):
            raise MatchingError(f"{name} of shape {shape}: the job's needs ask for {(num, wanted)}; fill them for it")
