"""Which one proof would have opened this job to a technician? Only of work that was open to them but for it. Pure."""

from matching.eligibility import credential_day
from matching.job import Job
from matching.policy import Policy
from matching.proof import NEVER, kind_of
from matching.technician import Technician

#: Counts are told by the least of their bucket; below the first nothing is told but that there were some.
BUCKETS = (5, 10, 25, 100)
MILES_40_M = 64_373.76


def opened_by(job: Job, who: Technician, policy: Policy) -> str | None:
    """The kind of proof that alone was missing; None where nothing was, or more than one thing.

    A standing look: hours, other work and pay are of the day and not looked at. Work that no pool of theirs, no
    admission and no open market let them know of counts as if it weren't there, so no private pool's work is told.
    """
    last = credential_day(job, policy)
    if not (_knew_of(job, who, policy) and _is_able(job, who, last)):
        return None
    lacking = [key for key in job.needs.credentials if who.credentials.get(key, NEVER) < last]
    return kind_of(lacking[0]) if len(lacking) == 1 else None


def bucket(num: int) -> int:
    """The least number of the bucket that a count lies in; 0 below the first."""
    return max((least for least in BUCKETS if num >= least), default=0)


def _knew_of(job: Job, who: Technician, policy: Policy) -> bool:
    if job.client_id in who.blocks or job.client_id in who.suspended:
        return False
    is_open = job.needs.market and (job.client_id in who.admitted or (who.in_market and policy.uses_market))
    return is_open or bool(job.needs.pools & who.pools)


def _is_able(job: Job, who: Technician, last: int) -> bool:
    has_skills = all(who.skills.get(code, 0) >= level for code, level in job.needs.skills.items())
    return has_skills and (who.cleared_until >= last or not job.needs.clearance)
