"""May a person look at this again? Appeals against outcomes; reviews of decisions, lapses, excuses; by a date.

An appeal changes no event and deletes none: its own event corrects, and the outcome is made anew from all of them. From
the moment it is made until a person has answered, what it is about doesn't count.
"""

from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.session import ENGINE, Actor
from dispatch.record.tables import (
    AlarmRow,
    AssignmentRow,
    DecisionRow,
    EventRow,
    OfferRow,
    OutcomeRow,
    ReviewRow,
    StaffRow,
    TechnicianRow,
    new_id,
)
from dispatch.reputation.lapsed import lapses_of
from dispatch.reputation.unasked import was_considered
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.finding import is_clients, of_actor
from matching.reputation import ReputationPolicy

Answer = Literal["upheld", "rejected"]
VERDICTS: tuple[Answer, ...] = get_args(Answer)
#: The chain of events of each kind of review.
SUBJECTS = {"outcome": "appeal", "decision": "review", "lapse": "review", "excuse": "excuse"}
_REVIEWERS = ("client_admin", "dispatcher")
#: Who answers what the actor may not.
_WHOSE = {
    "outcome": "the network's operator answers appeals, not the client whose record it is",
    "excuse": "the client answers what was excused on handing back, until its date; then the network's operator does",
}
_BATCH = 100


def appeal(
    session: Session,
    actor: Actor,
    event_id: UUID,
    words: str,
    *,
    now: datetime,
    policy: ReputationPolicy | None = None,
) -> ReviewRow:
    """A technician (or their company) says that an outcome of theirs is wrong or not their doing. As the engine.

    Raises
    ------
    NotFound
        When there is no such event, it was erased, or it says nothing about this technician: never told apart.
    BadInput
        When nothing that stands on it speaks against them, or no reason is given.
    Conflict
        When they appealed against it before.
    """
    said = _checked("words", words)
    found = session.execute(
        select(OutcomeRow, AssignmentRow.job_id)
        .join(AssignmentRow, AssignmentRow.id == OutcomeRow.assignment_id)
        .where(OutcomeRow.event_id == event_id, of_actor(actor))
        .order_by(OutcomeRow.value, OutcomeRow.part)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound("outcome of yours that stands on event", event_id)
    outcome, job_id = found[0], found[1]
    if outcome.value == 1.0:
        raise BadInput("event_id", event_id, "name one that speaks against you: what stands on this one is all good")
    about = {"about": "outcome", "assignment_id": outcome.assignment_id, "event_id": event_id}
    days = (policy or ReputationPolicy()).answer_days
    row = ask_person(session, outcome.client_id, outcome.technician_id, about, said, now=now, days=days)
    told = {"event": str(event_id), "assignment": str(outcome.assignment_id), "part": outcome.part}
    tell_review(session, actor, row, "made", told | {"job": str(job_id)}, now)
    return row


def ask_for_review(
    session: Session,
    actor: Actor,
    decision_id: UUID,
    words: str,
    *,
    now: datetime,
    technician_id: UUID | None = None,
    policy: ReputationPolicy | None = None,
) -> ReviewRow:
    """A technician, or the company through which they were asked, has a person look at a decision about them.

    A company says about whom of its people (`technician_id`), where it has several there. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such decision about work that they were asked for, or that they may read of unasked.
    BadInput
        When no reason is given.
    Conflict
        When they asked before.
    """
    said = _checked("words", words)
    decision = session.scalars(select(DecisionRow).where(DecisionRow.id == decision_id)).one_or_none()
    asked = [] if decision is None else _asked_of(session, actor, decision.job_id, technician_id)
    me = actor.technician_id
    if not asked and me is not None and technician_id in (None, me) and was_considered(session, me, decision_id):
        asked = [me]
    if decision is None or not asked:
        raise NotFound("decision about you", decision_id)
    if len(asked) > 1:
        raise BadInput("technician_id", None, "say about whom of your people: several were asked for this work")
    about = {"about": "decision", "decision_id": decision_id}
    days = (policy or ReputationPolicy()).answer_days
    row = ask_person(session, decision.client_id, asked[0], about, said, now=now, days=days)
    told = {"decision": str(decision_id), "job": str(decision.job_id), "visit": str(decision.visit_id)}
    tell_review(session, actor, row, "made", told, now)
    return row


def ask_about_lapse(
    session: Session, actor: Actor, lapse_id: UUID, words: str, *, now: datetime, policy: ReputationPolicy | None = None
) -> ReviewRow:
    """A technician, or their company, has a person look at what a lapse made of work of theirs. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such lapse of work of theirs.
    BadInput
        When no reason is given.
    Conflict
        When they asked before.
    """
    said = _checked("words", words)
    found = session.execute(lapses_of(actor).where(EventRow.id == lapse_id)).one_or_none()
    if found is None:
        raise NotFound("lapse of work of yours", lapse_id)
    work: AssignmentRow = found[1]
    about = {"about": "lapse", "assignment_id": work.id, "event_id": lapse_id}
    days = (policy or ReputationPolicy()).answer_days
    row = ask_person(session, work.client_id, work.technician_id, about, said, now=now, days=days)
    told = {"event": str(lapse_id), "assignment": str(work.id), "visit": str(work.visit_id), "job": str(work.job_id)}
    tell_review(session, actor, row, "made", told, now)
    return row


def answer(session: Session, actor: Actor, review_id: UUID, verdict: Answer, words: str, *, now: datetime) -> ReviewRow:
    """A person answers, with words: of two who do at once the first counts. Runs as the engine.

    An appeal is the network's to answer, not the client's whose word it is about; a review of a decision
    or of a lapse is the client's dispatcher's too, who can pick whom the engine did not. An excuse is the client's
    until it is passed on, then the network's.

    Raises
    ------
    NotFound
        When it is not for this actor to see.
    Refused
        When it is not for this actor to answer, or they have answered about the same and somebody else could.
    BadInput
        When there are no words.
    Conflict
        When it was answered already, or its date has passed.
    """
    said = _checked("words", words)
    row = session.scalars(
        select(ReviewRow).where(ReviewRow.id == review_id).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or not (actor.kind == "operator" or is_clients(actor, row.client_id)):
        raise NotFound("review", review_id)
    if not is_theirs_to_answer(actor, row):
        raise Refused(_WHOSE.get(row.about, "a dispatcher or an admin answers"), ("not_yours",))
    _check_another(session, actor, row)
    decided = session.scalars(
        update(ReviewRow)
        .where(
            ReviewRow.id == review_id,
            ReviewRow.state == "open",
            ReviewRow.passed_on_at.is_not_distinct_from(row.passed_on_at),
            (ReviewRow.about != "excuse") | (ReviewRow.due_at > now),
        )
        .values(state=verdict, answer=said, decided_at=now, decided_by=actor.id)
        .returning(ReviewRow)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if decided is None:
        session.refresh(row)
        state = session.scalar(select(TechnicianRow.state).where(TechnicianRow.id == row.technician_id))
        if state == "erased":
            # It ended with whoever asked: there is nobody left to answer, and nothing to make right.
            raise Conflict("erased", "answer")
        raise Conflict("past its date" if row.state == "open" else row.state, "answer the review")
    clear_alarms(session, actor, ("review_late",), subject_id=review_id, why=verdict, now=now)
    tell_review(session, actor, decided, verdict, about_of(session, decided), now)
    return decided


def is_theirs_to_answer(actor: Actor, row: ReviewRow) -> bool:
    """Whether this actor, who may see the review, is who answers it."""
    if actor.kind == "operator":
        return row.about != "excuse" or row.passed_on_at is not None
    return actor.kind in _REVIEWERS and row.about != "outcome" and row.passed_on_at is None


def is_for_another(actor: Actor) -> ColumnElement[bool]:
    """The condition that this actor has answered about the same before, and another person of the operator's could."""
    if actor.kind != "operator" or actor.id is None:
        return false()
    first = aliased(ReviewRow)
    has_answered = exists().where(
        first.assignment_id == ReviewRow.assignment_id,
        first.event_id == ReviewRow.event_id,
        first.id != ReviewRow.id,
        first.decided_by == actor.id,
        first.state.in_(("upheld", "rejected")),
    )
    is_another = exists().where(StaffRow.role == "operator", StaffRow.left_at.is_(None), StaffRow.id != actor.id)
    return has_answered & is_another


def _check_another(session: Session, actor: Actor, row: ReviewRow) -> None:
    """Refuse a second answer by the same person. The reviews about the same are held: of two answers one is second."""
    if row.event_id is None:
        return
    about = (ReviewRow.assignment_id == row.assignment_id) & (ReviewRow.event_id == row.event_id)
    held = select(ReviewRow.id).where(about).order_by(ReviewRow.id).with_for_update(key_share=True)
    session.execute(held).all()
    if session.scalar(select(is_for_another(actor)).where(ReviewRow.id == row.id)):
        raise Refused("you answered about the same before: somebody else has to answer", ("answered_before",))


def waits_for(actor: Actor) -> ColumnElement[bool]:
    """The condition that a review is open and this actor is who answers it, of those that they may see."""
    is_open = ReviewRow.state == "open"
    if actor.kind == "operator":
        return is_open & ((ReviewRow.about != "excuse") | ReviewRow.passed_on_at.is_not(None))
    if actor.kind in _REVIEWERS:
        return is_open & (ReviewRow.about != "outcome") & ReviewRow.passed_on_at.is_(None)
    return false()


def flag_late(session: Session, now: datetime) -> int:
    """An alarm for each review that nobody has answered by its date: how many. A sweep, as the engine.

    None for an excuse: `dispatch.reputation.excuses.move_on` says what becomes of it.
    """
    is_flagged = exists().where(AlarmRow.kind == "review_late", AlarmRow.subject_id == ReviewRow.id)
    late = session.scalars(
        select(ReviewRow)
        .where(ReviewRow.state == "open", ReviewRow.about != "excuse", ReviewRow.due_at <= now, ~is_flagged)
        .order_by(ReviewRow.due_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for row in late:
        job_id = _job_of(session, row)
        raise_alarm(
            session,
            ENGINE,
            "review_late",
            client_id=row.client_id,
            job_id=job_id,
            subject_id=row.id,
            due_at=row.due_at,
            now=now,
        )
    return len(late)


def _asked_of(session: Session, actor: Actor, job_id: UUID, technician_id: UUID | None) -> list[UUID]:
    """Whom of the actor's this job was offered to: themselves, or the people of a company, or the one it names."""
    if actor.technician_id is None and actor.company_id is None:
        return []
    is_theirs = (
        OfferRow.technician_id == actor.technician_id
        if actor.technician_id is not None
        else OfferRow.company_id == actor.company_id
    )
    asked = select(OfferRow.technician_id).where(OfferRow.job_id == job_id, is_theirs).distinct()
    if technician_id is not None:
        asked = asked.where(OfferRow.technician_id == technician_id)
    return list(session.scalars(asked))


def ask_person(
    session: Session,
    client_id: UUID,
    technician_id: UUID,
    about: dict[str, Any],
    words: str,
    *,
    now: datetime,
    days: int,
) -> ReviewRow:
    """Keep that a person is to look at something within so many days.

    Raises
    ------
    Conflict
        When one was asked before.
    """
    values = {"id": new_id(), "client_id": client_id, "technician_id": technician_id, "words": words, "made_at": now}
    row = session.scalars(
        insert(ReviewRow)
        .values(due_at=now + timedelta(days=days), **values, **about)
        .on_conflict_do_nothing()
        .returning(ReviewRow)
    ).one_or_none()
    if row is None:
        raise Conflict("asked already", "ask again", ("read the answer",))
    return row


def _checked(field: str, words: str) -> str:
    said = words.strip()
    if not said:
        raise BadInput(field, words, "say why, in your own words")
    return said


def about_of(session: Session, row: ReviewRow) -> dict[str, str]:
    """What a review's events say that it is about."""
    names = {"event": row.event_id, "assignment": row.assignment_id, "decision": row.decision_id}
    names["job"] = _job_of(session, row)
    return {name: str(value) for name, value in names.items() if value is not None}


def _job_of(session: Session, row: ReviewRow) -> UUID:
    table = DecisionRow if row.about == "decision" else AssignmentRow
    about = row.decision_id if row.about == "decision" else row.assignment_id
    return session.scalars(select(table.job_id).where(table.id == about)).one()


def tell_review(
    session: Session, actor: Actor, row: ReviewRow, kind: str, about: dict[str, str], now: datetime
) -> None:
    """Record what happened to a review, in the chain of its own."""
    told = {"technician": str(row.technician_id), **about, "due_at": row.due_at.isoformat()}
    record(session, actor, (SUBJECTS[row.about], row.id), kind, told, client_id=row.client_id, now=now)
