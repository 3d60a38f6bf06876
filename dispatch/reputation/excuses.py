"""Did it lie with the client, or with safety, that work was not done? A person looks before that is taken as so.

Work that was handed back, could not start or must go on another day, for a reason that lies elsewhere.

Meanwhile it doesn't count. The client answers by a date; where it doesn't, the operator does by another; where nobody
does, it stays as the technician said.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.jobs.releasing import release
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import AssignmentRow, EventRow, ReviewRow, SlotRow, VisitRow
from dispatch.reputation.projecting import is_word_that_counts
from dispatch.reputation.reviews import about_of, ask_person, tell_review
from dispatch.visits.answering import overtake
from dispatch.visits.endings import Ending
from dispatch.visits.onsite import check_out
from dispatch.visits.presence import Moved
from dispatch.visits.stamps import Stamp
from dispatch.visits.telephone import Answer, Word, take_word
from matching.outcomes import CLIENT_CAUSED, TALENT, UNSAFE, ending_excuse_of, excuse_of
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
    return _ask(session, actor, work, event_id, {"why": why}, words.strip(), policy or ReputationPolicy(), now)


def leave_visit(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    technician_id: UUID | None,
    stamp: Stamp,
    ending: Ending,
    *,
    now: datetime,
    policy: ReputationPolicy | None = None,
) -> Moved:
    """A technician checks out; where the visit ends with an excuse, a person is to look at it. Runs as the engine.

    Raises
    ------
    NotFound, BadInput, Conflict
        As `dispatch.visits.onsite.check_out`.
    """
    moved = check_out(session, actor, visit_id, technician_id, stamp, ending, now=now)
    if moved.visit_state == "checked_out":
        _ask_about_ending(session, actor, visit_id, policy or ReputationPolicy(), now)
    return moved


def leave_by_word(session: Session, actor: Actor, word: Word, *, now: datetime) -> Answer:
    """What a technician says by telephone is done; a visit that ends with it, by whoever's word, is looked at.

    Raises
    ------
    BadInput
        As `dispatch.visits.telephone.take_word`.
    """
    answer = take_word(session, actor, word, now=now)
    if answer.visit_state == "checked_out" and answer.visit_id is not None and not answer.is_duplicate:
        _ask_about_ending(session, actor, UUID(answer.visit_id), ReputationPolicy(), now)
    return answer


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


def _ask_about_ending(session: Session, actor: Actor, visit_id: UUID, rules: ReputationPolicy, now: datetime) -> None:
    """Ask about a visit that has just ended with an excuse, for whoever's word that is: once."""
    visit = session.get_one(VisitRow, visit_id)
    said = {"outcome": visit.outcome or "", "why": visit.outcome_why or ""}
    if visit.outcome_by not in TALENT or ending_excuse_of(said["outcome"], said["why"]) is None:
        return
    event_id = session.scalars(
        select(EventRow.id)
        .where(EventRow.subject_kind == "visit", EventRow.subject_id == visit_id, EventRow.kind == "checked_out")
        .order_by(EventRow.seq.desc())
        .limit(1)
    ).one()
    is_asked = exists().where(ReviewRow.assignment_id == AssignmentRow.id, ReviewRow.about == "excuse")
    theirs = select(AssignmentRow).join(SlotRow, SlotRow.id == AssignmentRow.slot_id).order_by(AssignmentRow.id)
    is_there = (AssignmentRow.visit_id == visit_id) & AssignmentRow.checked_in_at.is_not(None)
    for work in session.scalars(theirs.where(is_there, is_word_that_counts(), ~is_asked)).all():
        _ask(session, actor, work, event_id, said, visit.outcome_note.strip(), rules, now)


def _ask(
    session: Session,
    actor: Actor,
    work: AssignmentRow,
    event_id: UUID,
    said: dict[str, str],
    words: str,
    rules: ReputationPolicy,
    now: datetime,
) -> ReviewRow:
    about = {"about": "excuse", "assignment_id": work.id, "event_id": event_id}
    row = ask_person(session, work.client_id, work.technician_id, about, words, now=now, days=rules.excuse_days)
    told = {"event": str(event_id), "assignment": str(work.id), "visit": str(work.visit_id), "job": str(work.job_id)}
    tell_review(session, actor, row, "made", told | said, now)
    return row


def _would_count(session: Session, work: AssignmentRow, actor: Actor) -> bool:
    """Whether there is an outcome to excuse: none within the minutes to hand back, and none of an observer."""
    is_free = work.hand_back_until is not None and work.ended_at is not None and work.ended_at <= work.hand_back_until
    is_observer = session.scalars(select(SlotRow.is_observer).where(SlotRow.id == work.slot_id)).one()
    return actor.kind in TALENT and not is_free and not is_observer
