"""What waits for a client's yes? Work that is done: who did it, what is claimed for it, who has signed already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, Select, and_, cast, exists, func, select
from sqlalchemy.orm import Session, aliased

from dispatch.money.claims import left_of, sum_of
from dispatch.money.signing import Lack, lack_of
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    DisputeRow,
    JobRow,
    PaymentRow,
    SiteRow,
    StaffRow,
    TechnicianRow,
    VisitRow,
)
from dispatch.talent.paydays import pay_days


@dataclass(frozen=True, slots=True)
class Part:
    """One technician's work of a job; without a payment the client pays by itself."""

    technician_id: UUID
    technician: str
    payment: PaymentRow | None
    #: What is claimed, and neither approved nor disputed.
    claimed: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits. `lack` is what the asker's own yes would still lack; None: its pay is not set aside here.

    `signed_by` are the names of those who signed and are known by name.
    """

    job: JobRow
    town: str
    zone: str
    done_at: datetime | None
    parts: Sequence[Part]
    claimed: Decimal
    currency: str | None
    approve_by: datetime | None
    pay_by: date | None
    num_signatures: int
    is_signed_by_me: bool
    signed_by: Sequence[str]
    lack: Lack | None


def _is_disputed() -> ColumnElement[bool]:
    """Somebody else decides about its pay, and all the rest of it is approved."""
    other = aliased(PaymentRow)
    return exists().where(other.job_id == JobRow.id, other.state == "disputed")


def waiting_jobs() -> Select[JobRow, str, str, datetime | None]:
    """Jobs that are done, neither approved nor disputed, with where and when that was; the caller says whose."""
    ended = select(func.max(VisitRow.checked_out_at)).where(VisitRow.job_id == JobRow.id).scalar_subquery()
    return (
        select(JobRow, SiteRow.town, SiteRow.time_zone, ended)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .where(JobRow.state == "done", ~_is_disputed())
    )


@dataclass(frozen=True, slots=True)
class WaitingSum:
    """What waits in one currency; without one, jobs whose pay is not set aside here."""

    currency: str | None
    num_jobs: int
    claimed: Decimal
    first_by: datetime | None


def waiting_sums(session: Session, client_id: UUID) -> list[WaitingSum]:
    """All that waits for a client's yes, added up."""
    line = func.jsonb_array_elements(PaymentRow.lines).table_valued("value", name="line")
    amount = cast(line.c.value.op("->>")("amount"), Numeric)
    of_lines = select(func.greatest(0, func.coalesce(func.sum(amount), 0))).scalar_subquery()
    unsaid = func.sum(DisputeRow.of_claim - func.coalesce(DisputeRow.awarded, 0))
    disputed = select(func.coalesce(unsaid, 0)).where(DisputeRow.payment_id == PaymentRow.id).scalar_subquery()
    claimed = func.greatest(0, of_lines - disputed - PaymentRow.due - PaymentRow.paid - PaymentRow.fee)
    rows = session.execute(
        select(
            PaymentRow.currency,
            func.count(JobRow.id.distinct()),
            func.coalesce(func.sum(claimed), 0),
            func.min(PaymentRow.approve_by),
        )
        .select_from(JobRow)
        .outerjoin(PaymentRow, and_(PaymentRow.job_id == JobRow.id, PaymentRow.state == "held"))
        .where(JobRow.client_id == client_id, JobRow.state == "done", ~_is_disputed())
        .group_by(PaymentRow.currency)
        .order_by(PaymentRow.currency)
    )
    return [WaitingSum(*row) for row in rows]


def read_waiting(session: Session, actor: Actor, rows: Iterable[Any]) -> list[Waiting]:
    """The rows of `waiting_jobs` with what is claimed. Runs as the engine."""
    found = list(rows)
    jobs = [row[0].id for row in found]
    parts, last_days = _parts(session, jobs), _last_days(session, actor, jobs)
    return [_waiting(session, actor, row, parts.get(row[0].id, []), last_days.get(row[0].id)) for row in found]


def _last_days(session: Session, actor: Actor, jobs: Sequence[UUID]) -> Mapping[UUID, date]:
    """By when the law asks for the pay of each job, where it does."""
    if actor.client_id is None or not jobs:
        return {}
    # The first last day of a job is the one that stays.
    return {each.job_id: each.pay_by for each in reversed(pay_days(session, actor.client_id, jobs))}


def _parts(session: Session, jobs: Sequence[UUID]) -> Mapping[UUID, list[Part]]:
    rows = session.execute(
        select(AssignmentRow.job_id, TechnicianRow.id, TechnicianRow.name, PaymentRow)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .outerjoin(PaymentRow, and_(PaymentRow.assignment_id == AssignmentRow.id, PaymentRow.state == "held"))
        .where(AssignmentRow.job_id.in_(jobs), AssignmentRow.state.in_(("live", "finished")))
        .order_by(AssignmentRow.id)
    )
    found: dict[UUID, list[Part]] = {}
    for job_id, technician_id, name, payment in rows.all():
        claimed = left_of(session, payment, sum_of(payment.lines)) if payment is not None else Decimal(0)
        found.setdefault(job_id, []).append(Part(technician_id, name, payment, claimed))
    return found


def _waiting(session: Session, actor: Actor, row: Any, parts: Sequence[Part], last_day: date | None) -> Waiting:
    job, town, zone, done_at = row[:4]
    payments = [each.payment for each in parts if each.payment is not None]
    claimed = sum((each.claimed for each in parts), Decimal(0))
    lack = lack_of(session, actor, payments) if payments else None
    signed = {each.by for each in lack.signed} if lack is not None else set()
    return Waiting(
        job=job,
        town=town,
        zone=zone,
        done_at=done_at,
        parts=parts,
        claimed=claimed,
        currency=payments[0].currency if payments else None,
        approve_by=min((each.approve_by for each in payments if each.approve_by), default=None),
        pay_by=last_day,
        num_signatures=len(signed),
        is_signed_by_me=str(actor.id) in signed,
        signed_by=_names(session, job.client_id, signed),
        lack=lack,
    )


def _names(session: Session, client_id: UUID, signed: set[str]) -> Sequence[str]:
    """Those of the client's own staff; keys of machines have none."""
    if not signed:
        return []
    own = select(StaffRow.name).where(StaffRow.client_id == client_id, StaffRow.id.in_({UUID(each) for each in signed}))
    return session.scalars(own.order_by(StaffRow.name)).all()
