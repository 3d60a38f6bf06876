"""Why did this one get the job, and why not that one? Read from what was recorded, with names for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session, undefer

from dispatch.errors import BadInput, NotFound
from dispatch.record.tables import (
    AssignmentRow,
    DecisionRow,
    EventRow,
    JobRow,
    OfferRow,
    SiteRow,
    SlotRow,
    TechnicianRow,
    VisitRow,
    WaveRow,
)
from matching.decision import Replay, replay
from matching.explain import Explanation, TechnicianExplanation, explain, explain_technician
from matching.reasons import Audience


@dataclass(frozen=True, slots=True)
class Asked:
    """A wave as it went: when, how many, and how they answered."""

    num: int
    sent_at: datetime
    until_at: datetime
    answers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has (or had) a slot of the job, and how long after posting they got it."""

    technician_id: UUID
    name: str
    state: str
    start_at: datetime
    after_s: float
    offer: OfferRow | None


@dataclass(frozen=True, slots=True)
class JobStory:
    """A job as a dispatcher asks about it. `explanations` pair each decision with what it says, the newest first."""

    job: JobRow
    site: SiteRow
    visit: VisitRow
    holders: tuple[Holder, ...]
    waves: tuple[Asked, ...]
    explanations: tuple[tuple[DecisionRow, Explanation], ...]
    names: dict[UUID, str]


def find_job_by_words(session: Session, words: str) -> JobRow:
    """The job with this id, the beginning of one (8 digits or more), or the client's own number.

    Raises
    ------
    NotFound
        When there is none.
    BadInput
        When several clients have the number.
    """
    named = JobRow.number == words
    if len(words) >= 8:
        named = or_(named, cast(JobRow.id, String).startswith(words.lower(), autoescape=True))
    found = session.scalars(select(JobRow).where(named).limit(2)).all()
    if not found:
        raise NotFound("job", words)
    if len(found) > 1:
        raise BadInput("JOB", words, f"it is the number or beginning of several jobs; name one by id: {found[0].id}")
    return found[0]


def tell_job(session: Session, job: JobRow, audience: Audience = "operator") -> JobStory:
    """Everything that explains a job's offers and assignment. Runs as the engine or the client's staff."""
    site = session.get_one(SiteRow, job.site_id)
    visit = session.scalars(select(VisitRow).where(VisitRow.job_id == job.id).order_by(VisitRow.num).limit(1)).one()
    decisions = session.scalars(
        select(DecisionRow)
        .where(DecisionRow.job_id == job.id)
        .order_by(DecisionRow.decided_at.desc(), DecisionRow.id.desc())
        .options(undefer(DecisionRow.inputs))
    ).all()
    explanations = tuple((row, explain(row.outcome, row.inputs, audience)) for row in decisions)
    holders = _holders(session, job)
    mentioned = {placed.technician for _, each in explanations for placed in (*each.asked, *each.next_best)}
    names = read_names(session, [*mentioned, *(holder.technician_id for holder in holders)])
    return JobStory(job, site, visit, holders, _waves(session, job), explanations, names)


def tell_technician(session: Session, job: JobRow, technician: str) -> tuple[TechnicianRow, TechnicianExplanation]:
    """What the job's last decision that knew this technician says of them; named by number or id.

    Raises
    ------
    NotFound
        When there is no such technician, or none of the decisions had them in reach.
    """
    named = or_(TechnicianRow.number == technician, cast(TechnicianRow.id, String) == technician.lower())
    row = session.scalars(select(TechnicianRow).where(named)).one_or_none()
    if row is None:
        raise NotFound("technician", technician)
    for decision in session.scalars(
        select(DecisionRow)
        .where(DecisionRow.job_id == job.id)
        .order_by(DecisionRow.decided_at.desc())
        .options(undefer(DecisionRow.inputs))
    ):
        told = explain_technician(decision.outcome, decision.inputs, row.id)
        if told is not None:
            return row, told
    raise NotFound("decision that had in reach the technician", technician)


def replay_decisions(session: Session, decision_id: UUID | None) -> Iterator[tuple[UUID, Replay]]:
    """Decide again, one decision or all, and say of each whether it came out the same. Runs as the engine.

    Raises
    ------
    NotFound
        When there is no such decision.
    """
    ids = select(DecisionRow.id).order_by(DecisionRow.decided_at, DecisionRow.id)
    wanted = session.scalars(ids if decision_id is None else ids.where(DecisionRow.id == decision_id)).all()
    if decision_id is not None and not wanted:
        raise NotFound("decision", decision_id)
    for each in wanted:
        inputs, outcome = session.execute(
            select(DecisionRow.inputs, DecisionRow.outcome).where(DecisionRow.id == each)
        ).one()
        yield each, replay(inputs, outcome)


def read_names(session: Session, technicians: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those technicians whom this transaction may see."""
    rows = session.execute(select(TechnicianRow.id, TechnicianRow.name).where(TechnicianRow.id.in_(set(technicians))))
    return {technician: name for technician, name in rows}


def _holders(session: Session, job: JobRow) -> tuple[Holder, ...]:
    rows: Any = session.execute(
        select(AssignmentRow, TechnicianRow.name, OfferRow, func.coalesce(EventRow.at, AssignmentRow.assigned_at))
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .join(SlotRow, SlotRow.id == AssignmentRow.slot_id)
        .outerjoin(OfferRow, OfferRow.id == AssignmentRow.offer_id)
        .outerjoin(
            EventRow,
            (EventRow.subject_kind == "assignment")
            & (EventRow.subject_id == AssignmentRow.id)
            & (EventRow.kind == "made"),
        )
        .where(AssignmentRow.job_id == job.id)
        .order_by(SlotRow.num, AssignmentRow.assigned_at)
    ).all()
    posted_at = job.posted_at or job.created_at
    return tuple(
        Holder(
            assignment.technician_id,
            name,
            assignment.state,
            assignment.start_at,
            (made_at - posted_at).total_seconds(),
            offer,
        )
        for assignment, name, offer, made_at in rows
    )


def _waves(session: Session, job: JobRow) -> tuple[Asked, ...]:
    waves = session.scalars(
        select(WaveRow)
        .where(WaveRow.id.in_(select(OfferRow.wave_id).where(OfferRow.job_id == job.id)))
        .order_by(WaveRow.sent_at)
    ).all()
    answers: dict[UUID, dict[str, int]] = {wave.id: {} for wave in waves}
    for wave_id, state in session.execute(select(OfferRow.wave_id, OfferRow.state).where(OfferRow.job_id == job.id)):
        if wave_id is not None:
            answers[wave_id][state] = answers[wave_id].get(state, 0) + 1
    return tuple(Asked(wave.num, wave.sent_at, wave.until_at, answers[wave.id]) for wave in waves)
