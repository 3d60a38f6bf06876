"""Which jobs are taken together? Bundles: suggest, make, list, accept all or none, take apart."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.answering import answers_of
from api.auth import Requester, StaffReader, Talent
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.problems import Problem
from api.schemas.jobs import WindowOut
from api.schemas.offers import (
    AnswersOut,
    BundleableJobOut,
    BundleAcceptIn,
    BundleIn,
    BundleOut,
    BundleSuggestionOut,
    BundleSuggestionsOut,
)
from api.schemas.pages import PageOf
from dispatch.errors import BadInput, NotFound
from dispatch.jobs.acceptance import Yes, accept_all
from dispatch.jobs.bundles import check_whole
from dispatch.jobs.bundling import DayJob, bundle_jobs, dissolve_bundle, make_bundle, suggest_bundles
from dispatch.record.session import database_now
from dispatch.record.tables import BundleRow, JobRow

router = APIRouter(prefix="/v1/bundles", tags=["bundles"])


@router.post("", response_model=BundleOut, status_code=201, summary="Make a bundle")
def post_bundle(request: Request, actor: Requester, bundle: BundleIn) -> Response:
    """Of the named open jobs that nobody has, or empty; its jobs are offered to those who may do all of them."""
    named = bundle.job_ids or []

    def work(session: Session, now: datetime) -> Reply:
        if named:
            made = bundle_jobs(session, actor, bundle.name, named, now=now)
        else:
            made = make_bundle(session, actor, bundle.name, now=now)
        shown = BundleOut(id=made, name=bundle.name, num_jobs=len(named), created_at=now)
        return Reply(shown, 201, {"Location": f"/v1/bundles/{made}"})

    return idempotent(request, actor, work, role="engine" if named else "app")


@router.get("/suggestions", response_model=BundleSuggestionsOut, summary="Suggest bundles of a day")
def suggest_bundles_of_day(
    request: Request,
    actor: Requester,
    day: Annotated[date, Query(description="By the clocks of each site.")],
    within_km: Annotated[float, Query(ge=0, le=50, description="0 means the same site.")] = 0,
) -> BundleSuggestionsOut:
    """Your open jobs of a day, at one site or close by, that one person could do one after the other."""
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        raise BadInput("day", day.isoformat(), "choose a day in the years 2000 to 2199")
    with reading(request, actor) as session:
        found = suggest_bundles(session, actor, day, within_km * 1000, now=database_now(session))
        items = [
            BundleSuggestionOut(
                jobs=[_suggested(job) for job in each.jobs],
                total_min=each.total_min,
                span_km=round(each.span_m / 1000, 3),
            )
            for each in found
        ]
    return BundleSuggestionsOut(items=items)


@router.get("", response_model=PageOf[BundleOut], summary="List bundles")
def list_bundles(
    request: Request, actor: StaffReader, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[BundleOut]:
    """Your bundles, newest first."""
    with reading(request, actor) as session:
        found = page(session, request, select(BundleRow, _num_jobs()), BundleRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0], row[1]) for row in found.rows], next=found.next)


@router.get("/{bundle_id}", response_model=BundleOut, summary="Read a bundle")
def get_bundle(request: Request, actor: StaffReader, bundle_id: UUID) -> BundleOut:
    """One bundle; its jobs are listed by `/v1/jobs?bundle_id=`."""
    with reading(request, actor) as session:
        row = session.execute(select(BundleRow, _num_jobs()).where(BundleRow.id == bundle_id)).one_or_none()
    if row is None:
        raise NotFound("bundle", bundle_id)
    return _show(row[0], row[1])


@router.post("/{bundle_id}/accept", response_model=AnswersOut, summary="Say yes to a bundle")
def accept_bundle(request: Request, actor: Talent, bundle_id: UUID, yes: BundleAcceptIn) -> Response:
    """Yes to every offer of the bundle that you have: all are yours, or none is."""
    said = tuple(Yes(each.offer_id, each.terms_version, each.start_at, each.worker_id) for each in yes.offers)
    wanted = [each.offer_id for each in said]

    def work(session: Session, now: datetime) -> Reply | Problem:
        check_whole(session, actor, bundle_id, wanted)
        return answers_of(accept_all(session, actor, said, now=now), wanted)

    return idempotent(request, actor, work)


@router.post("/{bundle_id}/dissolve", response_model=BundleOut, summary="Take a bundle apart")
def dissolve(request: Request, actor: Requester, bundle_id: UUID) -> Response:
    """Its jobs, which nobody has yet, are offered each by itself again."""

    def work(session: Session, now: datetime) -> Reply:
        dissolve_bundle(session, actor, bundle_id, now=now)
        row = session.execute(select(BundleRow, _num_jobs()).where(BundleRow.id == bundle_id)).one()
        return Reply(_show(row[0], row[1]))

    return idempotent(request, actor, work)


def _num_jobs() -> Any:
    return select(func.count()).where(JobRow.bundle_id == BundleRow.id).correlate(BundleRow).scalar_subquery()


def _show(bundle: BundleRow, num_jobs: int) -> BundleOut:
    return BundleOut(id=bundle.id, name=bundle.name, num_jobs=num_jobs, created_at=bundle.created_at)


def _suggested(each: DayJob) -> BundleableJobOut:
    return BundleableJobOut(
        id=each.job.id,
        number=each.job.number,
        site_id=each.site.id,
        store_number=each.site.store_number,
        site_name=each.site.name,
        window=WindowOut(start_at=each.visit.window_start_at, end_at=each.visit.window_end_at),
        duration_min=each.visit.duration_min,
    )
