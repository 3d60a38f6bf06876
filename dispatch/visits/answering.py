"""What ends a proposal but a yes? A no, its maker's second thought, its deadline, or a change that came before.

A no is only that: the assignment stays as it was, and nothing is recorded against anyone.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.orm import Session

from dispatch.errors import Conflict, NotFound, Refused
from dispatch.jobs.lifecycle import PROPOSAL, VISIT, states_with
from dispatch.record.events import record
from dispatch.record.session import CLOCK, ENGINE, Actor
from dispatch.record.tables import AlarmRow, AssignmentRow, JobRow, ProposalRow, VisitRow
from dispatch.visits.alarms import clear_alarms, raise_alarm
from dispatch.visits.finding import is_clients

#: How many proposals one transaction of a sweep ends at most.
_BATCH = 200


def find_proposal(session: Session, actor: Actor, proposal_id: UUID) -> ProposalRow:
    """The proposal, if the actor is of one of its two sides.

    Raises
    ------
    NotFound
        When they are not: another's is not told apart from none.
    """
    row = session.scalars(
        select(ProposalRow).where(ProposalRow.id == proposal_id).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or side_of(actor, row) is None:
        raise NotFound("proposal", proposal_id)
    return row


def side_of(actor: Actor, proposal: ProposalRow) -> str | None:
    """Which side the actor speaks for: `client`, `technician`, or None."""
    if is_clients(actor, proposal.client_id):
        return "client"
    is_theirs = (
        actor.kind == "gateway"
        or (actor.technician_id is not None and actor.technician_id == proposal.technician_id)
        or (actor.company_id is not None and actor.company_id == proposal.company_id)
    )
    return "technician" if is_theirs else None


def check_side(actor: Actor, proposal: ProposalRow, wish: str) -> None:
    """The other side accepts or refuses; the maker's side withdraws.

    Raises
    ------
    Refused
        When it is the wrong one.
    """
    is_own = side_of(actor, proposal) == proposal.by_side
    if is_own != (wish == "withdraw"):
        way_out = "withdraw it" if is_own else "accept or refuse it"
        raise Refused(f"a proposal of the {proposal.by_side}'s side: you can only {way_out}", ("wrong_side",))


def refuse(session: Session, actor: Actor, proposal_id: UUID, why: str, *, now: datetime) -> None:
    """Say no: the work stays as it was agreed. Runs as the engine.

    Raises
    ------
    NotFound, Refused
        When the proposal is not this actor's to answer.
    Conflict
        When it has ended.
    """
    _answer(session, actor, proposal_id, "refuse", why, now)


def withdraw(session: Session, actor: Actor, proposal_id: UUID, why: str, *, now: datetime) -> None:
    """Take an own proposal back before it is answered. Runs as the engine; raises as `refuse`."""
    _answer(session, actor, proposal_id, "withdraw", why, now)


def end(session: Session, proposal_id: UUID, wish: str) -> ProposalRow | None:
    """End an open proposal in its time, by the database's clock at this very moment; None when it is too late."""
    return session.scalars(
        update(ProposalRow)
        .where(
            ProposalRow.id == proposal_id,
            ProposalRow.state.in_(states_with(PROPOSAL, wish)),
            ProposalRow.expires_at > func.clock_timestamp(),
        )
        .values(state=PROPOSAL["open"][wish], decided_at=func.clock_timestamp())
        .returning(ProposalRow)
        .execution_options(populate_existing=True)
    ).one_or_none()


def too_late(session: Session, proposal: ProposalRow, wish: str) -> Conflict:
    """Why an answer came too late: the state that the proposal is in."""
    session.refresh(proposal)
    return Conflict("expired" if proposal.state == "open" else proposal.state, f"{wish} the proposal")


def overtake(
    session: Session, actor: Actor, assignments: Sequence[UUID], why: str, *, now: datetime, but: UUID | None = None
) -> list[UUID]:
    """End the open proposals of these assignments, for something else has changed the work: their ids."""
    of_them = ProposalRow.assignment_id.in_(assignments)
    return _overtake(session, actor, of_them if but is None else of_them & (ProposalRow.id != but), why, now)


def expire_proposals(session: Session, now: datetime) -> int:
    """End the proposals that nobody answered in time: how many."""
    late = _open().where(ProposalRow.expires_at <= CLOCK)
    ended = _end_all(session, late, "expire")
    for row in ended:
        tell(session, ENGINE, row, "expired", now)
    return len(ended)


def overtake_proposals(session: Session, now: datetime) -> int:
    """End the proposals whose work ended, began or was agreed anew meanwhile: how many."""
    is_as_it_was = (
        select(AssignmentRow.id)
        .join(VisitRow, VisitRow.id == AssignmentRow.visit_id)
        .where(
            AssignmentRow.id == ProposalRow.assignment_id,
            AssignmentRow.state == "live",
            AssignmentRow.terms_version == ProposalRow.terms_version,
            VisitRow.state.in_(states_with(VISIT, "replan")),
        )
    )
    return len(_overtake(session, ENGINE, ~is_as_it_was.exists(), "work_changed", now))


def warn_of_proposals(session: Session, now: datetime) -> int:
    """Raise an alarm for each proposal whose time to answer is nearly over: how many were not known yet."""
    warn_min = func.coalesce(JobRow.day_policy["proposals"]["warn_before_min"].as_integer(), 30)
    is_known = select(AlarmRow.id).where(
        AlarmRow.kind == "proposal_waiting", AlarmRow.subject_id == ProposalRow.id, AlarmRow.cleared_at.is_(None)
    )
    due = (
        _open()
        .join(JobRow, JobRow.id == ProposalRow.job_id)
        .where(ProposalRow.expires_at <= func.clock_timestamp() + warn_min * text("interval '1 minute'"))
        .where(~is_known.exists())
    )
    raised = [
        raise_alarm(
            session,
            ENGINE,
            "proposal_waiting",
            client_id=row.client_id,
            job_id=row.job_id,
            visit_id=row.visit_id,
            subject_id=row.id,
            due_at=row.expires_at,
            now=now,
        )
        for row in session.scalars(due)
    ]
    return sum(alarm is not None for alarm in raised)


def tell(session: Session, actor: Actor, proposal: ProposalRow, kind: str, now: datetime, **more: object) -> None:
    """The proposal has ended: nobody waits for an answer any more, and its event says how."""
    clear_alarms(session, actor, ("proposal_waiting",), subject_id=proposal.id, why=kind, now=now)
    told = {
        "job": str(proposal.job_id),
        "visit": str(proposal.visit_id),
        "assignment": str(proposal.assignment_id),
        "technician": str(proposal.technician_id),
        "by": proposal.by_side,
        "changes": proposal.kind,
        **more,
    }
    record(session, actor, ("proposal", proposal.id), kind, told, client_id=proposal.client_id, now=now)


def _answer(session: Session, actor: Actor, proposal_id: UUID, wish: str, why: str, now: datetime) -> None:
    proposal = find_proposal(session, actor, proposal_id)
    check_side(actor, proposal, wish)
    ended = end(session, proposal_id, wish)
    if ended is None:
        raise too_late(session, proposal, wish)
    tell(session, actor, ended, ended.state, now, why=why)


def _overtake(session: Session, actor: Actor, condition: ColumnElement[bool], why: str, now: datetime) -> list[UUID]:
    ended = _end_all(session, _open().where(condition), "overtake")
    for row in ended:
        tell(session, actor, row, "overtaken", now, why=why)
    return [row.id for row in ended]


def _open() -> Select[ProposalRow]:
    return select(ProposalRow).where(ProposalRow.state == "open").order_by(ProposalRow.id)


def _end_all(session: Session, wanted: Select[ProposalRow], wish: str) -> Sequence[ProposalRow]:
    held = wanted.with_only_columns(ProposalRow.id).limit(_BATCH).with_for_update(skip_locked=True)
    ended = session.scalars(
        update(ProposalRow)
        .where(ProposalRow.id.in_(held.scalar_subquery()), ProposalRow.state == "open")
        .values(state=PROPOSAL["open"][wish], decided_at=func.clock_timestamp())
        .returning(ProposalRow)
        .execution_options(populate_existing=True)
    )
    return sorted(ended, key=lambda row: row.id)
