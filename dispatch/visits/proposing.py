"""How does one side ask for other terms after assignment? Time, place, scope or pay: a proposal with a deadline."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.jobs.devices import check_share
from dispatch.jobs.lifecycle import VISIT, states_with
from dispatch.jobs.reading import needs_document, read_day_policy
from dispatch.jobs.wishes import check_needs
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, OfferRow, ProposalRow, SiteRow, SlotRow, VisitRow, new_id
from dispatch.visits.alarms import raise_alarm
from dispatch.visits.finding import find_assignment, find_visit, is_clients
from matching.job import Needs, Pay

#: Nobody plans further ahead than a window may last.
_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What would be different; None stays as it is."""

    start_at: datetime | None = None
    site_id: UUID | None = None
    duration_min: int | None = None
    description: str | None = None
    needs: Needs | None = None
    pay: Pay | None = None

    @property
    def kind(self) -> str:
        """`time`, `place`, `scope`, `pay`, or `several` of them."""
        scope = (self.duration_min, self.description, self.needs)
        named = {
            "time": self.start_at is not None,
            "place": self.site_id is not None,
            "scope": any(each is not None for each in scope),
            "pay": self.pay is not None,
        }
        kinds = [kind for kind, is_named in named.items() if is_named]
        return kinds[0] if len(kinds) == 1 else "several"

    def to_payload(self) -> dict[str, Any]:
        """The same as plain JSON values, without the description, which people write freely."""
        values: dict[str, Any] = {
            "start_at": self.start_at.isoformat() if self.start_at else None,
            "site_id": str(self.site_id) if self.site_id else None,
            "duration_min": self.duration_min,
            "needs": needs_document(self.needs) if self.needs else None,
            "pay": [self.pay.kind, str(self.pay.amount), self.pay.currency] if self.pay else None,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Agreed:
    """The work as it stands."""

    assignment: AssignmentRow
    visit: VisitRow
    job: JobRow
    slot: SlotRow


def propose(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    wanted: Wanted,
    *,
    reason: str,
    note: str = "",
    assignment_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Ask the other side of an assignment for other terms: the proposal's id. Runs as the engine.

    `assignment_id` may be left out where the actor has one on the visit, or the visit has one. The other side has the
    day policy's minutes to answer, and never longer than until the start, the one agreed or the one proposed.

    Raises
    ------
    NotFound
        When the visit or the assignment is not this actor's.
    BadInput
        When a value cannot be agreed to, or nothing would be different.
    Refused
        When others have work on the job that is to go to another site.
    Conflict
        When the work has begun, the agreed start has passed and no later one is proposed, or the side has an open
        proposal already.
    """
    find_visit(session, actor, visit_id)
    found = find_assignment(session, actor, visit_id, assignment_id)
    agreed = _hold(session, found.id)
    _check(session, actor, agreed, wanted, now)
    side = "client" if is_clients(actor, agreed.job.client_id) else "technician"
    expires_at = _answer_by(agreed, wanted, now)
    proposal_id: UUID | None = session.scalar(
        insert(ProposalRow)
        .values(
            id=new_id(),
            client_id=agreed.job.client_id,
            job_id=agreed.job.id,
            visit_id=visit_id,
            assignment_id=agreed.assignment.id,
            technician_id=agreed.assignment.technician_id,
            company_id=agreed.assignment.company_id,
            by_side=side,
            kind=wanted.kind,
            payload=wanted.to_payload(),
            description=wanted.description,
            reason=reason,
            note=note,
            terms_version=agreed.assignment.terms_version,
            made_at=now,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=["assignment_id", "by_side"], index_where=text("state = 'open'"))
        .returning(ProposalRow.id)
    )
    if proposal_id is None:
        raise Conflict("open", "make a second proposal", ("withdraw the first",))
    _tell(session, actor, agreed, proposal_id, side, wanted, reason, expires_at, now)
    return proposal_id


def _hold(session: Session, assignment_id: UUID) -> _Agreed:
    """The assignment, kept live until this transaction ends, with its visit, job and slot."""
    assignment = session.scalars(
        select(AssignmentRow)
        .where(AssignmentRow.id == assignment_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    if assignment.state != "live":
        raise Conflict(assignment.state, "propose a change")
    row = session.execute(
        select(VisitRow, JobRow, SlotRow)
        .join(JobRow, JobRow.id == VisitRow.job_id)
        .join(SlotRow, SlotRow.visit_id == VisitRow.id)
        .where(SlotRow.id == assignment.slot_id)
        .execution_options(populate_existing=True)
    ).one()
    visit, job, slot = row
    if visit.state not in states_with(VISIT, "replan"):
        raise Conflict(visit.state, "propose a change", tuple(VISIT[visit.state]))
    return _Agreed(assignment, visit, job, slot)


def _check(session: Session, actor: Actor, agreed: _Agreed, wanted: Wanted, now: datetime) -> None:
    same = _as_it_is(agreed, wanted)
    if same == wanted:
        raise BadInput(
            "proposal", "nothing new", "propose a time, place, scope or pay that differs from what is agreed"
        )
    if wanted.start_at is not None and not now < wanted.start_at <= now + _AHEAD:
        raise BadInput("time.start_at", wanted.start_at.isoformat(), "choose a time to come, within 366 days")
    if wanted.pay is not None and wanted.pay.currency != agreed.assignment.currency:
        raise BadInput("pay.currency", wanted.pay.currency, f"pay in the job's currency, {agreed.assignment.currency}")
    if wanted.pay is not None:
        check_share(wanted.pay, read_day_policy(agreed.job).rates)
    if wanted.needs is not None:
        check_needs(session, wanted.needs, "scope.needs")
    if wanted.site_id is not None:
        _check_site(session, actor, agreed, wanted.site_id)


def _as_it_is(agreed: _Agreed, wanted: Wanted) -> Wanted:
    """What is agreed at this moment of what is wanted otherwise."""
    pay = Pay(agreed.assignment.pay_kind, agreed.assignment.pay_amount, agreed.assignment.currency)  # type: ignore[arg-type]
    work = agreed.assignment.end_at - agreed.assignment.start_at
    is_same_need = wanted.needs is not None and needs_document(wanted.needs) == agreed.slot.needs
    return Wanted(
        start_at=agreed.assignment.start_at if wanted.start_at is not None else None,
        site_id=agreed.job.site_id if wanted.site_id is not None else None,
        duration_min=int(work.total_seconds() // 60) if wanted.duration_min is not None else None,
        description=agreed.job.description if wanted.description is not None else None,
        needs=wanted.needs if is_same_need else None,
        pay=pay if wanted.pay is not None else None,
    )


def _check_site(session: Session, actor: Actor, agreed: _Agreed, site_id: UUID) -> None:
    """Another site of the client; the technician's side names one that it was asked about."""
    known = select(SiteRow.id).where(SiteRow.id == site_id, SiteRow.client_id == agreed.job.client_id)
    if not is_clients(actor, agreed.job.client_id):
        asked = (
            select(OfferRow.id)
            .join(JobRow, JobRow.id == OfferRow.job_id)
            .where(JobRow.site_id == site_id, OfferRow.technician_id == agreed.assignment.technician_id)
        )
        known = known.where(asked.exists())
    if session.scalar(known) is None:
        raise BadInput("place.site_id", site_id, "name another site of the client that you know")
    if are_others_on_job(session, agreed.assignment):
        raise Refused("the job goes to another site only while nobody else has work on it", ("others_on_job",))


def are_others_on_job(session: Session, assignment: AssignmentRow) -> bool:
    """Whether somebody else has, or had until the end, work on the job: its place is theirs too."""
    others = select(AssignmentRow.id).where(
        AssignmentRow.job_id == assignment.job_id,
        AssignmentRow.id != assignment.id,
        AssignmentRow.state.in_(("live", "finished")),
    )
    return session.scalar(others.limit(1)) is not None


def _answer_by(agreed: _Agreed, wanted: Wanted, now: datetime) -> datetime:
    """Until when the other side may answer."""
    limits = [now + timedelta(minutes=read_day_policy(agreed.job).proposals.answer_min)]
    if agreed.assignment.start_at > now:
        limits.append(agreed.assignment.start_at)
    elif wanted.start_at is None:
        raise Conflict("the agreed start has passed", "propose a change", ("propose another time",))
    if wanted.start_at is not None:
        limits.append(wanted.start_at)
    return min(limits)


def _tell(
    session: Session,
    actor: Actor,
    agreed: _Agreed,
    proposal_id: UUID,
    side: str,
    wanted: Wanted,
    reason: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    """The event; and where the client's dispatcher has to answer, an alarm."""
    job = agreed.job
    if side == "technician":
        raise_alarm(
            session,
            actor,
            "proposal_waiting",
            client_id=job.client_id,
            job_id=job.id,
            visit_id=agreed.visit.id,
            subject_id=proposal_id,
            due_at=expires_at,
            now=now,
        )
    told = {
        "job": str(job.id),
        "visit": str(agreed.visit.id),
        "assignment": str(agreed.assignment.id),
        "technician": str(agreed.assignment.technician_id),
        "by": side,
        "changes": wanted.kind,
        "start_at": wanted.start_at.isoformat() if wanted.start_at else None,
        "reason": reason,
        "terms_version": agreed.assignment.terms_version,
        "expires_at": expires_at.isoformat(),
    }
    record(session, actor, ("proposal", proposal_id), "made", told, client_id=job.client_id, now=now)
