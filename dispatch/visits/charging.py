"""What is owed for work that ended early? Computed by the terms that somebody said yes to, and booked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, ChargeRow, TermsRow, VisitRow, new_id
from matching.cancellation import CancellationRules
from matching.charges import Cause, Charge, Ending, charges_of
from matching.job import Pay


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to one technician."""

    assignment_id: UUID
    technician_id: UUID
    charges: tuple[Charge, ...]


def owed_for(
    session: Session,
    assignment: AssignmentRow,
    visit: VisitRow,
    cause: Cause,
    why: str,
    *,
    now: datetime,
    visit_state: str | None = None,
) -> Owed:
    """What it costs that this work ends now, for this cause; `visit_state` is the visit's, before it was ended."""
    state = visit_state or visit.state
    ending = Ending(
        cause=cause,
        at=now,
        start_at=assignment.start_at,
        end_at=assignment.end_at,
        is_on_the_way=state == "on_the_way",
        arrived_at=visit.checked_in_at if state in ("checked_in", "checked_out") else None,
        why=why,
    )
    pay = Pay(assignment.pay_kind, assignment.pay_amount, assignment.currency)  # type: ignore[arg-type]
    rules = rules_agreed(session, assignment)
    return Owed(assignment.id, assignment.technician_id, charges_of(rules, pay, ending))


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
        told = {
            "job": str(assignment.job_id),
            "visit": str(assignment.visit_id),
            "technician": str(assignment.technician_id),
            "charges": {charge.kind: str(charge.amount) for charge in booked},
            "currency": booked[0].currency,
        }
        record(session, actor, ("assignment", assignment.id), "charged", told, client_id=assignment.client_id, now=now)
    return booked


def charge_for_ending(
    session: Session, actor: Actor, visit_id: UUID, cause: Cause, why: str, *, now: datetime
) -> list[Owed]:
    """Book what is owed to everybody on a visit that could not start, or that had to wait; runs as the engine.

    Called by whoever ends the visit, in the same transaction, with the visit held.
    """
    visit = session.get_one(VisitRow, visit_id, populate_existing=True)
    live = session.scalars(
        select(AssignmentRow)
        .where(AssignmentRow.visit_id == visit_id, AssignmentRow.state == "live")
        .order_by(AssignmentRow.id)
    )
    owed = [owed_for(session, each, visit, cause, why, now=now) for each in live.all()]
    for each in owed:
        book_charges(session, actor, session.get_one(AssignmentRow, each.assignment_id), each.charges, now=now)
    return owed


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
