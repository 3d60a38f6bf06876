"""What is owed for work that ended early? Computed by the terms that somebody said yes to, and booked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.jobs.reading import is_work
from dispatch.money.approving import pay_charges
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, ChargeRow, TermsRow, TimeEntryRow, VisitRow, new_id
from matching.cancellation import CancellationRules
from matching.charges import Cause, Charge, Ending, charges_of
from matching.job import Pay


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to one technician."""

    assignment_id: UUID
    technician_id: UUID
    charges: tuple[Charge, ...]


def owed_for(session: Session, assignment: AssignmentRow, cause: Cause, why: str, *, now: datetime) -> Owed:
    """What it costs that this work ends now, for this cause, by how far the technician is with it."""
    ending = Ending(
        cause=cause,
        at=now,
        start_at=assignment.start_at,
        end_at=assignment.end_at,
        is_on_the_way=assignment.presence == "on_the_way",
        arrived_at=assignment.checked_in_at,
        left_at=assignment.checked_out_at,
        waited_min=_waited_min(session, assignment, now),
        why=why,
    )
    pay = Pay(assignment.pay_kind, assignment.pay_amount, assignment.currency)  # type: ignore[arg-type]
    rules = rules_agreed(session, assignment)
    return Owed(assignment.id, assignment.technician_id, charges_of(rules, pay, ending))


def _waited_min(session: Session, assignment: AssignmentRow, now: datetime) -> int:
    """Whole minutes of waiting in the time log, as it stands."""
    spans = session.execute(
        select(TimeEntryRow.started_at, TimeEntryRow.ended_at).where(
            TimeEntryRow.assignment_id == assignment.id, TimeEntryRow.kind == "wait", TimeEntryRow.state == "current"
        )
    )
    return sum(int(((row.ended_at or now) - row.started_at).total_seconds() // 60) for row in spans)


def rules_agreed(session: Session, assignment: AssignmentRow) -> CancellationRules:
    """The client's rules as they stood in the terms that the technician said yes to."""
    terms: dict[str, Any] = session.scalars(
        select(TermsRow.terms).where(TermsRow.job_id == assignment.job_id, TermsRow.version == assignment.terms_version)
    ).one()
    return CancellationRules.from_document(terms.get("cancellation", {}))


def book_charges(
    session: Session, actor: Actor, assignment: AssignmentRow, charges: Sequence[Charge], *, now: datetime
) -> tuple[Charge, ...]:
    """Write what is owed, each kind once for an assignment: those that were not there yet. Runs as the engine."""
    booked = tuple(charge for charge in charges if _book(session, assignment, charge, now))
    if booked:
        pay_charges(session, assignment.id, now=now)
        told = {
            "job": str(assignment.job_id),
            "visit": str(assignment.visit_id),
            "technician": str(assignment.technician_id),
            "charges": {charge.kind: str(charge.amount) for charge in booked},
            "currency": booked[0].currency,
        }
        record(session, actor, ("assignment", assignment.id), "charged", told, client_id=assignment.client_id, now=now)
    return booked


def charge_for_ending(session: Session, actor: Actor, visit: VisitRow, *, now: datetime) -> None:
    """Book what is owed to everybody who was on a visit that is over; runs as the engine, with the visit held.

    A closed door or a site that isn't ready, which an unsafe one is not either, costs the trip and the minimum, a wait
    its time.
    """
    cause: Cause = "complete"
    if visit.outcome == "could_not_start":
        cause = "no_access" if visit.outcome_why == "no_access" else "not_ready"
    live = session.scalars(
        select(AssignmentRow)
        .where(
            AssignmentRow.visit_id == visit.id,
            AssignmentRow.state == "live",
            AssignmentRow.checked_in_at.is_not(None),
            is_work(),
        )
        .order_by(AssignmentRow.id)
    )
    for each in live.all():
        owed = owed_for(session, each, cause, visit.outcome_why or cause, now=now)
        book_charges(session, actor, each, owed.charges, now=now)


def _book(session: Session, assignment: AssignmentRow, charge: Charge, now: datetime) -> bool:
    booked = session.scalar(
        insert(ChargeRow)
        .values(
            id=new_id(),
            client_id=assignment.client_id,
            job_id=assignment.job_id,
            visit_id=assignment.visit_id,
            assignment_id=assignment.id,
            technician_id=assignment.technician_id,
            company_id=assignment.company_id,
            kind=charge.kind,
            amount=charge.amount,
            currency=charge.currency,
            why=charge.why,
            terms_version=assignment.terms_version,
            booked_at=now,
        )
        .on_conflict_do_nothing(index_elements=["assignment_id", "kind"])
        .returning(ChargeRow.id)
    )
    return booked is not None
