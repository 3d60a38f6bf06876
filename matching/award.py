"""Who gets the job at once, by standing consent (mode `auto`)?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from matching.candidates import Candidates
from matching.job import Job
from matching.policy import Policy
from matching.ranking import Ranking


@dataclass(frozen=True, slots=True)
class Award:
    """The technicians to commit, in the order of their rank, at most one an open slot.

    `rows` are their rows; until `hand_back_until` they may hand the job back free. `why_empty` says why nobody
    could be chosen, empty where somebody was.
    """

    rows: tuple[int, ...]
    technicians: tuple[UUID, ...]
    hand_back_until: datetime
    why_empty: str


def choose_auto(job: Job, candidates: Candidates, ranking: Ranking, policy: Policy, *, now: datetime) -> Award:
    """The best of those who may and whose standing consent covers this job.

    Nobody is committed in their quiet hours: the minutes to hand back free would pass while they sleep.
    """
    rows = ranking.rows
    willing = rows[candidates.consents[rows] & ~candidates.in_quiet_hours_now[rows]]
    chosen = tuple(willing[: max(job.num_open, 0)].tolist())
    return Award(
        rows=chosen,
        technicians=tuple(candidates.id_at(row) for row in chosen),
        hand_back_until=now + timedelta(minutes=policy.hand_back_min),
        why_empty="" if chosen else _why_nobody(job, len(ranking)),
    )


def _why_nobody(job: Job, num_may: int) -> str:
    if job.num_open < 1:
        return "no slot is open"
    return f"none of the {num_may} who may has a standing consent that covers this job and is awake"
