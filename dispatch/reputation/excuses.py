"""Did it lie with the client, or with safety, that work was handed back? A person looks before that is taken as so.

Meanwhile it doesn't count. The client answers by a date; where it doesn't, the operator does by another; where nobody
does, it stays as the technician said.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.jobs.releasing import release
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AssignmentRow, EventRow, ReviewRow, SlotRow
from dispatch.reputation.reviews import about_of, ask_person, tell_review
from dispatch.visits.answering import overtake
from matching.outcomes import CLIENT_CAUSED, TALENT, UNSAFE, excuse_of
from matching.reputation import ReputationPolicy

_BATCH = 100


def hand_back(
    session: Session,
    actor: Actor,
    assignment_id: UUID,
    why: str,
    words: str = "",
    *,
    now: datetime,
    policy: ReputationPolicy | None = None,
) -> ReviewRow | None:
    """A technician can't come after all; what they excuse is for a person to look at: that review, where there is one.

    The caller has checked that the actor may. Runs as the engine.

    Raises
    ------
    Conflict
        When the assignment has ended, or the work has begun.
    BadInput
        When there are words for a person, and nobody is to look at it.
    """
    if words.strip() and excuse_of(why) is None:
        codes = ", ".join((*UNSAFE, *CLIENT_CAUSED))
        raise BadInput("words", words, f"leave them out: a person looks only at {codes}")
    release(session, actor, assignment_id, why, now=now)
    overtake(session, actor, [assignment_id], "released", now=now)
    work = session.get_one(AssignmentRow, assignment_id, populate_existing=True)
    if excuse_of(why) is None or not _would_count(session, work, actor):
        return None
    event_id = session.scalars(
        select(EventRow.id).where(
            EventRow.subject_kind == "assignment", EventRow.subject_id == work.id, EventRow.kind == "released"
        )
    ).one()
    rules = policy or ReputationPolicy()
    about = {"about": "excuse", "assignment_id": work.id, "event_id": event_id}
    days = rules.excuse_days
    row = ask_person(session, work.client_id, work.technician_id, about, words.strip(), now=now, days=days)
    told = {"event": str(event_id), "assignment": str(work.id), "visit": str(work.visit_id), "job": str(work.job_id)}
    tell_review(session, actor, row, "made", told | {"why": why}, now)
    return row


def move_on(session: Session, now: datetime, *, policy: ReputationPolicy | None = None) -> int:
    """Pass on to the operator what a client did not answer, and end what the operator did not: how many.

    A sweep, as the engine. From its last date on, no answer turns an excuse around any more.
    """
    rules = policy or ReputationPolicy()
    late = session.scalars(
        select(ReviewRow)
        .where(ReviewRow.about == "excuse", ReviewRow.state == "open", ReviewRow.due_at <= now)
        .order_by(ReviewRow.due_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in late:
        if row.passed_on_at is None:
            kind, row.passed_on_at, row.due_at = "passed_on", now, now + timedelta(days=rules.excuse_days)
        else:
            kind, row.state, row.decided_at = "unanswered", "unanswered", now
        session.flush()
        tell_review(session, ENGINE, row, kind, about_of(session, row), now)
    return len(late)


def _would_count(session: Session, work: AssignmentRow, actor: Actor) -> bool:
    """Whether there is an outcome to excuse: none within the minutes to hand back, and none of an observer."""
    is_free = work.hand_back_until is not None and work.ended_at is not None and work.ended_at <= work.hand_back_until
    is_observer = session.scalars(select(SlotRow.is_observer).where(SlotRow.id == work.slot_id)).one()
    return actor.kind in TALENT and not is_free and not is_observer
