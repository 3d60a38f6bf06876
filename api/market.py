"""What open work is there for me? Open jobs: browse, request."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from api.answering import told
from api.auth import Talent, speaking_for
from api.idempotency import Reply, idempotent
from api.paging import Limit
from api.parts import parts_of
from api.schemas.jobs import PayOut, WindowOut
from api.schemas.offers import OpenJobOut, OpenJobs, RequestIn, RequestOut
from api.showing import (
    show_cancellation,
    show_description,
    show_distance,
    show_needs,
    show_pay_terms,
    show_place,
)
from api.visibility import view
from dispatch.jobs.acceptance import Lost
from dispatch.jobs.market import OpenJob, find_open_jobs, request_job
from dispatch.jobs.reading import needs_document
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import TermsRow

router = APIRouter(prefix="/v1/open-jobs", tags=["open jobs"])


@router.get("", response_model=OpenJobs, summary="Find open work")
def list_open_jobs(
    request: Request,
    actor: Talent,
    technician_id: Annotated[UUID | None, Query(description="For whom a company or a gateway asks.")] = None,
    limit: Limit = 50,
) -> OpenJobs:
    """Open jobs that the technician may do at this moment, nearest first."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        asker = speaking_for(session, actor, technician_id)
        assert asker.technician_id is not None
        found = find_open_jobs(session, asker.technician_id, now=database_now(session), limit=limit)
        terms = _terms(session, found.jobs)
        items = [_show(actor.kind, each, terms[each.unit.job.job_id]) for each in found.jobs]
        return OpenJobs(items=items, is_all=found.is_all)


@router.post("/{visit_id}/request", response_model=RequestOut, status_code=201, summary="Ask for open work")
def request_open_job(request: Request, actor: Talent, visit_id: UUID, wish: RequestIn) -> Response:
    """Where the first yes wins it is yours at once; where the dispatcher picks, it is noted."""

    def work(session: Session, now: datetime) -> Reply:
        asker = speaking_for(session, actor, wish.technician_id)
        offer_id, answer = request_job(session, asker, visit_id, wish.role, start_at=wish.start_at, now=now)
        assert not isinstance(answer, Lost), "a lost request is refused"
        return Reply(RequestOut(offer_id=offer_id, answer=told(answer, offer_id)), 201)

    return idempotent(request, actor, work)


def _terms(session: Session, found: Sequence[OpenJob]) -> dict[UUID, dict[str, Any]]:
    """What each job is offered under now."""
    current = tuple_(TermsRow.job_id, TermsRow.version).in_(
        (each.unit.job.job_id, each.unit.job.terms_version) for each in found
    )
    rows = session.execute(select(TermsRow.job_id, TermsRow.terms).where(current))
    return {job_id: terms for job_id, terms in rows}


def _show(kind: str, found: OpenJob, terms: dict[str, Any]) -> OpenJobOut:
    seen = view(kind, "none")
    job, row = found.unit.job, found.unit.job_row
    slot = {"start_at": job.start_at.isoformat(), "duration_min": job.duration_min}
    return OpenJobOut(
        visit_id=job.id,
        job_id=job.job_id,
        role=job.role,
        title=row.title,
        description=show_description(row, seen),
        job_type=row.job_type,
        mode=found.unit.policy.mode,
        place=show_place(found.unit.site_row, seen),
        window=WindowOut(start_at=job.start_at, end_at=job.end_at),
        duration_min=job.duration_min,
        needs=show_needs(needs_document(job.needs)),
        pay=PayOut(kind=job.pay.kind, amount=job.pay.amount, currency=job.pay.currency),
        cancellation_terms=show_cancellation(row.day_policy.get("cancellation", {}), job.pay, job.duration_min),
        pay_terms=show_pay_terms(terms, job.pay, slot, found.unit.site_row),
        terms_version=job.terms_version,
        distance_m=show_distance(found.distance_m, seen) or 0,
        travel_s=found.travel_s,
        earliest_start_at=found.earliest_start_at,
    )
