"""What does the record say of each side? A technician's points and a client's own behaviour, each with its event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.record.tables import AssignmentRow, OutcomeRow, RatingRow, ReviewRow
from dispatch.reputation.reckoning import COUNTS_FOR, policy_at
from matching.reputation import Outcome, Reputation, ReputationPolicy, reputation

#: How far back a client's account goes, and what of it is late or slow.
LOOKS_BACK = timedelta(days=365)
LATE_CANCELLATION = timedelta(hours=24)
SLOW_APPROVAL = timedelta(days=7)
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Point:
    """An outcome and what it adds to the score: by which event, of whose work, and how an appeal stands."""

    outcome: Outcome
    points: float
    assignment_id: UUID
    job_id: UUID
    client_id: UUID
    review_id: UUID | None
    review_state: str | None


@dataclass(frozen=True, slots=True)
class TechnicianAccount:
    """A technician's reputation at this moment, by the rules that were used; the newest points first."""

    reputation: Reputation
    rules: ReputationPolicy
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ClientPoint:
    """Something that a client did: `late_cancellation`, `site_not_ready` or `slow_approval`, by its event."""

    kind: str
    why: str
    at: datetime
    event_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class ClientAccount:
    """How a client behaved over `since`: counts, what technicians thought, what the client said; the newest first."""

    since: datetime
    num_assignments: int
    counts: dict[str, int]
    points: tuple[ClientPoint, ...]
    num_ratings: int
    mean_stars: float | None
    given: tuple[RatingRow, ...]


def technician_account(session: Session, technician_id: UUID, *, now: datetime) -> TechnicianAccount:
    """Everything that makes a technician's score, by event."""
    rows = session.execute(
        select(OutcomeRow, AssignmentRow.job_id, ReviewRow.id, ReviewRow.state)
        .join(AssignmentRow, AssignmentRow.id == OutcomeRow.assignment_id)
        .outerjoin(
            ReviewRow,
            (ReviewRow.about == "outcome")
            & (ReviewRow.assignment_id == OutcomeRow.assignment_id)
            & (ReviewRow.event_id == OutcomeRow.event_id),
        )
        .where(OutcomeRow.technician_id == technician_id, OutcomeRow.at > now - COUNTS_FOR)
    ).all()
    about = {(row[0].assignment_id, row[0].part): row for row in rows}
    outcomes = {key: _outcome(row[0]) for key, row in about.items()}
    policy = policy_at(session, now)
    made = reputation(outcomes.values(), policy, now=now)
    points = {id(each.outcome): each.points for each in made.contributions}
    told = [
        Point(
            outcome=outcome,
            points=points[id(outcome)],
            assignment_id=key[0],
            job_id=about[key][1],
            client_id=about[key][0].client_id,
            review_id=about[key][2] if outcome.value < 1 else None,
            review_state=about[key][3] if outcome.value < 1 else None,
        )
        for key, outcome in outcomes.items()
    ]
    newest = sorted(told, key=lambda each: (each.outcome.at, each.outcome.event_id, each.outcome.part), reverse=True)
    return TechnicianAccount(made, policy, tuple(newest))


def client_account(session: Session, client_id: UUID, *, now: datetime) -> ClientAccount:
    """What a client did over the last year, and what was said of it. Reads as the client's staff or the engine."""
    since = now - LOOKS_BACK
    values = {"client": client_id, "since": since, "now": now, "late": LATE_CANCELLATION, "slow": SLOW_APPROVAL}
    points = [ClientPoint(**row) for row in session.execute(_POINTS, values).mappings()]
    counts = {kind: sum(each.kind == kind for each in points) for kind in _KINDS}
    num = session.scalar(
        select(func.count()).where(AssignmentRow.client_id == client_id, AssignmentRow.assigned_at > since)
    )
    ratings: Sequence[RatingRow] = session.scalars(
        select(RatingRow)
        .where(RatingRow.client_id == client_id, RatingRow.rated_at > since)
        .order_by(RatingRow.rated_at.desc(), RatingRow.id)
    ).all()
    stars = [each.stars for each in ratings if each.by_side == "technician" and each.shown_at is not None]
    return ClientAccount(
        since=since,
        num_assignments=num or 0,
        counts=counts,
        points=tuple(points[:_MOST_POINTS]),
        num_ratings=len(stars),
        mean_stars=round(sum(stars) / len(stars), 2) if stars else None,
        given=tuple(each for each in ratings if each.by_side == "client")[:_MOST_POINTS],
    )


def _outcome(row: Any) -> Outcome:
    return Outcome(row.event_id, row.part, row.kind, row.value, row.at, row.severity, row.why_not)


_KINDS = ("late_cancellation", "site_not_ready", "slow_approval")

_POINTS = text("""
SELECT 'late_cancellation' AS kind, coalesce(a.ended_why, 'other') AS why, e.at, e.id AS event_id, a.job_id
FROM assignments a JOIN events e ON e.subject_kind = 'assignment' AND e.subject_id = a.id AND e.kind = 'released'
WHERE a.client_id = :client AND a.state = 'released' AND a.ended_at > :since AND a.ended_why <> 'no_show'
    AND a.ended_by IN ('client_admin', 'requester', 'dispatcher') AND a.ended_at > a.start_at - :late
UNION ALL
SELECT 'site_not_ready', coalesce(v.outcome_why, 'other'), e.at, e.id, v.job_id
FROM visits v JOIN events e ON e.subject_kind = 'visit' AND e.subject_id = v.id AND e.kind = 'checked_out'
    AND e.data->>'outcome' = 'could_not_start'
WHERE v.client_id = :client AND v.outcome = 'could_not_start' AND v.checked_out_at > :since
UNION ALL
SELECT 'slow_approval', CASE WHEN approved.id IS NULL THEN 'still_open' ELSE 'late' END,
    coalesce(approved.at, done.at), coalesce(approved.id, done.id), j.id
FROM jobs j
CROSS JOIN LATERAL (
    SELECT e.id, e.at FROM events e WHERE e.subject_kind = 'job' AND e.subject_id = j.id AND e.kind = 'done'
    ORDER BY e.seq DESC LIMIT 1
) done
LEFT JOIN LATERAL (
    SELECT e.id, e.at FROM events e WHERE e.subject_kind = 'job' AND e.subject_id = j.id AND e.kind = 'approved'
    ORDER BY e.seq DESC LIMIT 1
) approved ON true
WHERE j.client_id = :client AND j.state IN ('done', 'approved', 'paid') AND done.at > :since
    AND coalesce(approved.at, :now) - done.at > :slow
ORDER BY at DESC, event_id
""")
