"""What do the two sides of a visit think of each other? Stars, hidden until both have said it or time is up.

So neither rates in answer to the other. What was said is never changed; a correction is an appeal's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AssignmentRow, RatingRow, VisitRow, new_id
from dispatch.visits.finding import find_visit_ever, is_clients, of_actor
from matching.reputation import ReputationPolicy

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that was given; `show_at` is when both are shown at the latest."""

    id: UUID
    assignment_id: UUID
    by_side: str
    stars: int
    show_at: datetime
    is_shown: bool


def rate(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    stars: int,
    *,
    assignment_id: UUID | None = None,
    now: datetime,
    policy: ReputationPolicy | None = None,
) -> Rated:
    """The client rates a technician's work, or the technician the client and its site. Runs as the engine.

    Raises
    ------
    NotFound
        When the visit, or the assignment on it, is not this actor's.
    BadInput
        When the stars are none, or several were on the visit and none of them is named.
    Conflict
        When the work has not ended, was never begun, was rated already, or the time for it is over.
    """
    if isinstance(stars, bool) or stars not in (1, 2, 3, 4, 5):
        raise BadInput("stars", stars, "give from 1 to 5 stars")
    visit = find_visit_ever(session, actor, visit_id)
    assignment = _find(session, actor, visit, assignment_id)
    show_at = _check_time(visit, now, policy or ReputationPolicy())
    by_side = "client" if is_clients(actor, visit.client_id) else "technician"
    rating_id = session.scalar(
        insert(RatingRow)
        .values(
            id=new_id(),
            client_id=visit.client_id,
            assignment_id=assignment.id,
            technician_id=assignment.technician_id,
            by_side=by_side,
            stars=stars,
            rated_at=now,
            show_at=show_at,
        )
        .on_conflict_do_nothing(index_elements=["assignment_id", "by_side"])
        .returning(RatingRow.id)
    )
    if rating_id is None:
        raise Conflict("rated", "rate again", ("appeal",))
    told = {"job": str(visit.job_id), "assignment": str(assignment.id), "technician": str(assignment.technician_id)}
    told |= {"rating": str(rating_id), "by": by_side}
    record(session, actor, ("visit", visit_id), "rated", told, client_id=visit.client_id, now=now)
    num = len(session.scalars(select(RatingRow.id).where(RatingRow.assignment_id == assignment.id)).all())
    if num == 2:
        _show(session, actor, assignment.id, now)
    return Rated(rating_id, assignment.id, by_side, stars, show_at, is_shown=num == 2)


@dataclass(frozen=True, slots=True)
class Ratings:
    """What an actor may read of a visit's ratings; `rate_until` is None where there is nothing for them to rate."""

    rows: Sequence[RatingRow]
    rate_until: datetime | None


def ratings_of(
    session: Session, actor: Actor, visit_id: UUID, *, now: datetime, policy: ReputationPolicy | None = None
) -> Ratings:
    """The stars that the actor's side gave, the other side's once shown, and until when to give some.

    Raises
    ------
    NotFound
        When the visit is not this actor's.
    """
    visit = find_visit_ever(session, actor, visit_id)
    side = "client" if is_clients(actor, visit.client_id) else "technician"
    mine = select(AssignmentRow).where(AssignmentRow.visit_id == visit_id)
    if side == "technician":
        mine = mine.where(of_actor(actor))
    there = {each.id: each.checked_in_at is not None for each in session.scalars(mine)}
    rows = session.scalars(
        select(RatingRow)
        .where(RatingRow.assignment_id.in_(there), or_(RatingRow.by_side == side, RatingRow.shown_at.is_not(None)))
        .order_by(RatingRow.rated_at, RatingRow.id)
    ).all()
    rated = {each.assignment_id for each in rows if each.by_side == side}
    is_left = any(was_there and each not in rated for each, was_there in there.items())
    until = _until(visit, policy or ReputationPolicy())
    return Ratings(rows, until if is_left and until is not None and until > now else None)


def show_ratings(session: Session, now: datetime) -> int:
    """Show what only one side has given when the time for the other is over: how many. A sweep, as the engine."""
    due = session.scalars(
        select(AssignmentRow.id)
        .where(
            AssignmentRow.id.in_(
                select(RatingRow.assignment_id).where(RatingRow.shown_at.is_(None), RatingRow.show_at <= now)
            )
        )
        .order_by(AssignmentRow.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for assignment_id in due:
        _show(session, ENGINE, assignment_id, now)
    return len(due)


def _find(session: Session, actor: Actor, visit: VisitRow, assignment_id: UUID | None) -> AssignmentRow:
    """Whose work is rated, held: of two sides that rate at once the second sees what the first has given."""
    mine = select(AssignmentRow).where(AssignmentRow.visit_id == visit.id, AssignmentRow.checked_in_at.is_not(None))
    if not is_clients(actor, visit.client_id):
        mine = mine.where(of_actor(actor))
    if assignment_id is not None:
        mine = mine.where(AssignmentRow.id == assignment_id)
    found = session.scalars(mine.order_by(AssignmentRow.id).with_for_update(key_share=True)).all()
    if assignment_id is not None and not found:
        raise NotFound("assignment of somebody who was there", assignment_id)
    if not found:
        raise Conflict("nobody was there", "rate the visit")
    if len(found) > 1:
        raise BadInput("assignment_id", None, "name the assignment: several were on this visit")
    return found[0]


def _check_time(visit: VisitRow, now: datetime, policy: ReputationPolicy) -> datetime:
    """Until when both may rate."""
    until = _until(visit, policy)
    if until is None:
        raise Conflict(visit.state, "rate the visit", ("check out",))
    if until <= now:
        raise Conflict(f"closed since {until.isoformat()}", "rate the visit")
    return until


def _until(visit: VisitRow, policy: ReputationPolicy) -> datetime | None:
    return None if visit.checked_out_at is None else visit.checked_out_at + timedelta(days=policy.reveal_days)


def _show(session: Session, actor: Actor, assignment_id: UUID, now: datetime) -> None:
    """Show what was given, with one event on the visit; the caller holds the assignment."""
    shown = session.scalars(
        update(RatingRow)
        .where(RatingRow.assignment_id == assignment_id, RatingRow.shown_at.is_(None))
        .values(shown_at=now)
        .returning(RatingRow)
    ).all()
    if not shown:
        return
    assignment = session.get_one(AssignmentRow, assignment_id)
    stars = {f"by_{each.by_side}": each.stars for each in shown}
    of = {"job": str(assignment.job_id), "assignment": str(assignment_id)}
    told = {**of, "technician": str(assignment.technician_id), "by_client": None, "by_technician": None, **stars}
    record(
        session, actor, ("visit", assignment.visit_id), "ratings_shown", told, client_id=assignment.client_id, now=now
    )
