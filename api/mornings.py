"""What do a head of service, and whoever answers for compliance, want to know first? And what waits for a yes?

One read each, of the reader's own client alone.
"""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.auth import ClientAdmin, Requester
from api.budgets import show_budget
from api.money import show_payment
from api.paging import Cursor, Limit, page
from api.parts import parts_of
from api.schemas.mornings import (
    ApprovalOut,
    ApprovalPart,
    AssigningOut,
    ComplianceMorningOut,
    ServiceMorningOut,
)
from api.schemas.pages import PageOf
from dispatch.money.budgets import budgets_within, usage_of
from dispatch.mornings.approvals import Part, Waiting, read_waiting, waiting_jobs, waiting_sums
from dispatch.mornings.compliance import compliance_morning
from dispatch.mornings.service import MOST_LISTED, Span, service_morning, time_to_assign
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import JobRow

router = APIRouter(prefix="/v1", tags=["mornings"])

Days = Annotated[int, Query(ge=1, le=366, description="So many days before now.", examples=[7])]


@router.get("/mornings/service", response_model=ServiceMorningOut, summary="Is it filled, on time, done?")
def get_service_morning(request: Request, actor: Requester, days: Days = 7) -> ServiceMorningOut:
    """Fill rate, on time, done at the first visit, no-shows, why nobody took it, time to assign, cost, budgets."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        span = _span(session, actor, days)
        found = service_morning(session, span)
        waiting = waiting_sums(session, span.client_id)
        rows = budgets_within(session, span.client_id, span.since.date(), span.until.date(), limit=MOST_LISTED)
        usage = usage_of(session, rows)
    same = {name: getattr(found, name) for name in found.__slots__}
    same |= {"since": span.since, "until": span.until, "waiting": waiting}
    return ServiceMorningOut.model_validate(same | {"budgets": [show_budget(row, usage[row.id]) for row in rows]})


@router.get("/mornings/assigning", response_model=AssigningOut, summary="How long until somebody says yes?")
def get_assigning(request: Request, actor: Requester, days: Days = 28) -> AssigningOut:
    """Of the whole morning this figure alone: how many jobs had their first yes, and how long after the posting."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        span = _span(session, actor, days)
        num, median_s, slow_s = time_to_assign(session, span)
    return AssigningOut(
        since=span.since, until=span.until, num_assigned=num, assign_median_s=median_s, assign_slow_s=slow_s
    )


@router.get("/mornings/compliance", response_model=ComplianceMorningOut, summary="What should I look into?")
def get_compliance_morning(request: Request, actor: ClientAdmin, days: Days = 7) -> ComplianceMorningOut:
    """Exceptions with their reasons, who came near a limit, proofs that end before booked work, who read what."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        span = _span(session, actor, days)
        found = compliance_morning(session, span)
    same = {name: getattr(found, name) for name in found.__slots__}
    return ComplianceMorningOut.model_validate({"since": span.since, "until": span.until, **same})


@router.get("/approvals", response_model=PageOf[ApprovalOut], summary="What waits for my yes?")
def list_approvals(
    request: Request,
    actor: Requester,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only this job.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ApprovalOut]:
    """Work that is done: who did it, what is claimed, who signed, and what your own yes would lack; newest first.

    Say it with `POST /v1/jobs/{job_id}/approve`, of a part with `POST /v1/payments/{payment_id}/approve`.
    """
    wanted = waiting_jobs().where(JobRow.client_id == actor.client_id, *([JobRow.id == job_id] if job_id else ()))
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, wanted, JobRow.id, limit=limit, cursor=cursor)
        items = [_show(each) for each in read_waiting(session, actor, found.rows)]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


def _span(session: Session, actor: Actor, days: int) -> Span:
    assert actor.client_id is not None, "staff have a client"
    now = database_now(session)
    return Span(actor.client_id, now - timedelta(days=days), now)


def _show(each: Waiting) -> ApprovalOut:
    job: JobRow = each.job
    own: dict[str, Any] = {"job_id": job.id, "number": job.number, "title": job.title, "time_zone": each.zone}
    same = (
        "town", "done_at", "claimed", "currency", "approve_by", "pay_by", "num_signatures", "is_signed_by_me",
        "signed_by",
    )  # fmt: skip
    parts = [_part(part) for part in each.parts]
    lack = each.lack
    own |= {"missing": lack and lack.missing, "limit": lack and lack.limit, "roles": lack.roles if lack else ()}
    return ApprovalOut(parts=parts, **own, **{name: getattr(each, name) for name in same})


def _part(part: Part) -> ApprovalPart:
    payment = None if part.payment is None else show_payment(part.payment)
    return ApprovalPart(
        technician_id=part.technician_id, technician=part.technician, claimed=part.claimed, payment=payment
    )
