"""May this technician do this work at this moment? The same pure rules as when offering, on locked rows."""

from datetime import datetime, timedelta

from dispatch.errors import BadInput
from dispatch.index.search import candidate_of
from dispatch.jobs.reading import RoleOfVisit
from matching.eligibility import failed, judge
from matching.errors import JobError
from matching.job import Job
from matching.technician import Technician


def failed_now(unit: RoleOfVisit, technician: Technician, job: Job | None, *, now: datetime) -> tuple[str, ...]:
    """The codes of the rules that this technician fails; `job` is the work at its start, None where none fits."""
    wanted = job or unit.job
    facts = candidate_of(technician, wanted, unit.policy, now=now)
    return tuple(rule.code for rule in failed(int(judge(wanted, facts, unit.policy)[0])))


def at_start(unit: RoleOfVisit, technician: Technician, start_at: datetime | None, *, now: datetime) -> Job | None:
    """The work at the picked start, or at the earliest that fits the technician; None when none does.

    Raises
    ------
    BadInput
        When the picked start has passed, or the work would leave the window.
    """
    if start_at is None:
        facts = candidate_of(technician, unit.job, unit.policy, now=now)
        earliest = int(facts.earliest_start_s[0])
        if earliest == 0:
            return None
        start_at = max(
            unit.job.start_at, unit.job.start_at + timedelta(seconds=earliest - unit.job.start_at.timestamp())
        )
    elif start_at < now:
        raise BadInput("start_at", start_at.isoformat(), "choose a time that has not passed")
    try:
        return unit.job.starting(start_at)
    except JobError as error:
        raise BadInput("start_at", start_at.isoformat(), str(error)) from error
