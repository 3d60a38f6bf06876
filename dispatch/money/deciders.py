"""Who decides a dispute? Somebody of the operator's staff who is there: no side decides its own case, or chooses who.

Another may be named while it is open, and is when whoever decides leaves. A person's row is held as they are named, so
that they do not leave meanwhile: no dispute is without a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound, Refused
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import DisputeRow, PaymentRow, StaffRow

#: Why somebody else decides; the history keeps no more of a person than this.
REASONS = ("away", "involved", "workload")
#: The furthest that a new date may lie from the day on which the dispute was opened: nobody waits without an end.
_MOST_DAYS = 90


@dataclass(frozen=True, slots=True)
class Naming:
    """Who decides from now on (None: the operator's who has been there longest), why, and by when if not as before.

    `reason` is one of `REASONS`.
    """

    decider_id: UUID | None
    reason: str
    decide_by: datetime | None = None


def find_decider(
    session: Session, named: UUID | None, *, but: UUID | None = None, payment: PaymentRow | None = None
) -> UUID:
    """The operator's person who is named, else the one who has been there longest; held until the transaction ends.

    Whoever decides an open dispute of the `payment` comes first: one person hears both sides of it.

    Raises
    ------
    BadInput
        When there is none, or they have left.
    """
    there = select(StaffRow.id).where(StaffRow.client_id.is_(None), StaffRow.left_at.is_(None))
    there = there.where(StaffRow.id == named) if named is not None else there.where(StaffRow.id != but)
    if payment is not None:
        of_it = select(DisputeRow.decider_id).where(DisputeRow.payment_id == payment.id, DisputeRow.state == "open")
        there = there.order_by(StaffRow.id.in_(of_it).desc())
    found = session.scalar(there.order_by(StaffRow.created_at, StaffRow.id).limit(1).with_for_update(read=True))
    if found is None:
        raise BadInput("decider_id", named, "name one of the operator's staff, who has not left")
    return found


def name_decider(session: Session, actor: Actor, dispute_id: UUID, wish: Naming, *, now: datetime) -> None:
    """Somebody else decides from now on, by the same day or a new one. Runs as the engine.

    Raises
    ------
    NotFound
        When the dispute is not the actor's.
    Refused
        When the actor is not the operator: a side would choose its judge, and how long the other one waits.
    BadInput
        When it is nobody of the operator's staff who is there, or nobody else, for no known reason, or the new date has
        passed or is more than `_MOST_DAYS` from the day on which the dispute was opened.
    Conflict
        When it is decided.
    """
    if actor.kind != "operator":
        raise Refused("the operator names another person", ("only_operator",))
    if wish.reason not in REASONS:
        raise BadInput("reason", wish.reason, f"give one of {', '.join(REASONS)}")
    dispute = session.scalars(select(DisputeRow).where(DisputeRow.id == dispute_id).with_for_update()).one_or_none()
    if dispute is None:
        raise NotFound("dispute", dispute_id)
    if dispute.state != "open":
        raise Conflict(dispute.state, "name another person")
    if wish.decider_id == dispute.decider_id:
        raise BadInput("decider_id", wish.decider_id, "name somebody else: this person decides already")
    last = dispute.opened_at + timedelta(days=_MOST_DAYS)
    if wish.decide_by is not None and not now < wish.decide_by <= last:
        raise BadInput("decide_by", wish.decide_by, f"give a time from now on, and until {last.isoformat()}")
    decider = find_decider(session, wish.decider_id, but=dispute.decider_id)
    _hand_over(session, actor, dispute, decider, wish.reason, wish.decide_by, now)


def hand_on(session: Session, actor: Actor, staff_id: UUID, *, now: datetime) -> int:
    """Whoever is about to leave decides no more: who has been there longest does, of each open dispute. How many.

    The caller holds the row of who leaves, and has noted that; the last operator does not, so that somebody is there.
    """
    theirs = select(DisputeRow).where(DisputeRow.decider_id == staff_id, DisputeRow.state == "open")
    disputes = session.scalars(theirs.order_by(DisputeRow.id).with_for_update()).all()
    if disputes:
        decider = find_decider(session, None, but=staff_id)
        for dispute in disputes:
            _hand_over(session, actor, dispute, decider, "left", None, now)
    return len(disputes)


def _hand_over(
    session: Session,
    actor: Actor,
    dispute: DisputeRow,
    decider: UUID,
    reason: str,
    decide_by: datetime | None,
    now: datetime,
) -> None:
    before, by = dispute.decider_id, decide_by or dispute.decide_by
    values: dict[str, Any] = {"decider_id": decider, "decide_by": by}
    if decide_by is not None:
        values["is_late"] = False
    session.execute(update(DisputeRow).where(DisputeRow.id == dispute.id, DisputeRow.state == "open").values(values))
    assignment = session.scalars(select(PaymentRow.assignment_id).where(PaymentRow.id == dispute.payment_id)).one()
    told = {
        "payment": str(dispute.payment_id),
        "assignment": str(assignment),
        "job": str(dispute.job_id),
        "technician": str(dispute.technician_id),
        "amount": str(dispute.amount),
        "currency": dispute.currency,
        "before": str(before),
        "staff": str(decider),
        "reason": reason,
        "decide_by": by.isoformat(),
    }
    record(session, actor, ("dispute", dispute.id), "decider_named", told, client_id=dispute.client_id, now=now)
