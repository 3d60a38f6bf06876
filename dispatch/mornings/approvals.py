"""What waits for a client's yes? Work that is done: who did it, what is claimed for it, who has signed already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, Select, and_, cast, exists, func, select
from sqlalchemy.orm import Session, aliased

from dispatch.money.approving import approved_of
from dispatch.money.claims import sum_of
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, JobRow, PaymentRow, SiteRow, TechnicianRow, VisitRow
from matching.moneyrules import MoneyRules, Signature, what_is_missing


@dataclass(frozen=True, slots=True)
class Part:
    """One technician's work of a job; without a payment the client pays by itself."""

    technician_id: UUID
    technician: str
    payment: PaymentRow | None

    @property
    def claimed(self) -> Decimal:
        """What is claimed and not approved yet."""
        return sum_of(self.payment.lines) - approved_of(self.payment) if self.payment is not None else Decimal(0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits. `missing` is what the asker's own yes would still lack: `limit`, `second`, or nothing."""

    job: JobRow
    town: str
    zone: str
    done_at: datetime | None
    parts: Sequence[Part]
    claimed: Decimal
    currency: str | None
    approve_by: datetime | None
    num_signatures: int
    is_signed_by_me: bool
    missing: str | None


def _is_disputed() -> ColumnElement[bool]:
    """Somebody else decides about its pay."""
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
    claimed = of_lines - PaymentRow.due - PaymentRow.paid - PaymentRow.fee
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
    parts = _parts(session, [row[0].id for row in found])
    return [_waiting(actor, row, parts.get(row[0].id, [])) for row in found]


def _parts(session: Session, jobs: Sequence[UUID]) -> Mapping[UUID, list[Part]]:
    rows = session.execute(
        select(AssignmentRow.job_id, TechnicianRow.id, TechnicianRow.name, PaymentRow)
        .join(TechnicianRow, TechnicianRow.id == AssignmentRow.technician_id)
        .outerjoin(PaymentRow, and_(PaymentRow.assignment_id == AssignmentRow.id, PaymentRow.state == "held"))
        .where(AssignmentRow.job_id.in_(jobs), AssignmentRow.state.in_(("live", "finished")))
        .order_by(AssignmentRow.id)
    )
    found: dict[UUID, list[Part]] = {}
    for job_id, technician_id, name, payment in rows:
        found.setdefault(job_id, []).append(Part(technician_id, name, payment))
    return found


def _waiting(actor: Actor, row: Any, parts: Sequence[Part]) -> Waiting:
    job, town, zone, done_at = row[:4]
    payments = [each.payment for each in parts if each.payment is not None]
    claimed = sum((each.claimed for each in parts), Decimal(0))
    signed = _signed(payments[0]) if payments else ()
    mine = Signature(str(actor.id), actor.kind, claimed)
    rules = MoneyRules.from_document(payments[0].terms["rules"]) if payments else None
    return Waiting(
        job=job,
        town=town,
        zone=zone,
        done_at=done_at,
        parts=parts,
        claimed=claimed,
        currency=payments[0].currency if payments else None,
        approve_by=min((each.approve_by for each in payments if each.approve_by), default=None),
        num_signatures=len({each.by for each in signed}),
        is_signed_by_me=any(each.by == mine.by for each in signed),
        missing=None if rules is None else what_is_missing(rules, (*signed, mine), claimed),
    )


def _signed(payment: PaymentRow) -> tuple[Signature, ...]:
    kept = [each for each in payment.approvals if each["why"] == "signed"]
    return tuple(Signature(each["by"], each["role"], Decimal(each["amount"])) for each in kept)
