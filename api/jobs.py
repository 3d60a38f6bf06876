"""What does a service department want done? Jobs: post, list, read, change, move."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.orm import Session

from api.auth import Dispatcher, OnVisit, Requester, StaffReader
from api.charges import show_owed
from api.errors import Stale
from api.etags import etag, is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.promising import PromiseLines, promise_lines
from api.schemas.changes import JobCancelled
from api.schemas.jobs import JobLine, JobMoved, JobOut, JobState, WindowOut
from api.schemas.pages import PageOf
from api.schemas.posting import JobCopyIn, JobIn, JobPatch, WhyIn
from api.showing import show_job, show_moved
from dispatch.errors import NotFound
from dispatch.jobs import changes, posting
from dispatch.jobs.changes import Change, change_job, find_job, hold_job, resume_job
from dispatch.jobs.cleared import Owner, check_kinds, cleared_from, put_cleared
from dispatch.jobs.promises import columns_after_priority
from dispatch.jobs.rebudgeting import code_of, put_budget
from dispatch.record.events import record
from dispatch.record.sealing import KeyRing
from dispatch.record.session import Actor, act_as, database_now
from dispatch.record.tables import JobRow, SiteRow, VisitRow
from dispatch.standing.copying import copy_job
from dispatch.visits.cancelling import cancel_work
from dispatch.visits.completion import approve_job, finish_job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

#: What a route answers whose job was there already, under the same number.
POSTED_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": JobOut, "description": "The job that has this number already; nothing was posted."}
}


@router.post("", status_code=201, response_model=JobOut, responses=POSTED_BEFORE, summary="Post a job")
def post_job(request: Request, actor: Requester, job: JobIn) -> Response:
    """Record a job and have it offered at once, or keep it as a draft.

    Posting your own number again returns the job that has it, with status 200.
    """

    def work(session: Session, now: datetime) -> Reply:
        job_id, is_new = posting.post_job(session, actor, job.to_wish(), now=now, ring=parts_of(request).ring)
        return posted(session, actor, job_id, is_new)

    return idempotent(request, actor, work, role="app")


@router.post("/{job_id}/copy", status_code=201, response_model=JobOut, responses=POSTED_BEFORE, summary="Copy a job")
def post_copy(request: Request, actor: Requester, job_id: UUID, copy: JobCopyIn) -> Response:
    """Post the same work once more, from whatever state the job is in; nobody who had it is asked first.

    A number that you have used already returns the job that has it, with status 200.
    """

    def work(session: Session, now: datetime) -> Reply:
        copied, is_new = copy_job(
            session,
            actor,
            job_id,
            copy.number,
            copy.window.start_at,
            copy.window.end_at,
            site_id=copy.site_id,
            duration_min=copy.duration_min,
            budget=copy.budget,
            is_draft=copy.is_draft,
            now=now,
            ring=parts_of(request).ring,
        )
        return posted(session, actor, copied, is_new)

    return idempotent(request, actor, work, role="app")


@router.get("", response_model=PageOf[JobLine], summary="List jobs")
def list_jobs(
    request: Request,
    actor: StaffReader,
    response: Response,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.", examples=["open"])] = None,
    number: Annotated[
        str | None, Query(max_length=64, description="Only the job with this number.", examples=["WO-10442"])
    ] = None,
    site_id: Annotated[UUID | None, Query(description="Only jobs at this site.")] = None,
    bundle_id: Annotated[UUID | None, Query(description="Only jobs of this bundle.")] = None,
    series_id: Annotated[UUID | None, Query(description="Only jobs that this series made.")] = None,
    id: Annotated[list[UUID] | None, Query(max_length=200, description="Only these, each named once.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[JobLine]:
    """Your jobs, newest first."""
    wanted: dict[ColumnElement[Any] | Any, Any] = {
        JobRow.state: state, JobRow.number: number, JobRow.site_id: site_id, JobRow.bundle_id: bundle_id,
        JobRow.series_id: series_id,
    }  # fmt: skip
    conditions = [column == value for column, value in wanted.items() if value is not None]
    if id is not None:
        conditions.append(JobRow.id.in_(id))
    with reading(request, actor) as session:
        found = page(session, request, job_lines().where(*conditions), JobRow.id, limit=limit, cursor=cursor)
        promises = promise_lines(session, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=[job_line(row, promises) for row in found.rows], next=found.next)


@router.get("/{job_id}", response_model=JobOut, summary="Read a job")
def get_job(request: Request, actor: StaffReader, job_id: UUID) -> Response:
    """The job with its visits, slots and, where nobody took it, the reasons. Its ETag guards a change."""
    with reading(request, actor) as session:
        shown = show_job(session, actor, job_id)
    headers = {"ETag": etag(shown.version)}
    if is_known(request, shown.version):
        return Response(status_code=304, headers=headers)
    return to_response(Reply(shown, headers=headers))


@router.patch("/{job_id}", response_model=JobOut, summary="Change a job")
def patch_job(request: Request, actor: Requester, job_id: UUID, patch: JobPatch) -> Response:
    """Change what is named. New terms (time, pay, needs, mode) withdraw the open offers and ask anew.

    Needs If-Match with the ETag that you read.
    """
    version = wanted_version(request, "job")
    with writing(request, actor, "engine") as session:
        now = database_now(session)
        _patch(session, actor, job_id, patch, version, parts_of(request).ring, now)
        act_as(session, actor)
        shown = show_job(session, actor, job_id)
    parts_of(request).bell.ring()
    return to_response(Reply(shown, headers={"ETag": etag(shown.version)}))


@router.post("/{job_id}/publish", response_model=JobMoved, summary="Publish a draft")
def publish_job(request: Request, actor: Requester, job_id: UUID) -> Response:
    """Have a draft offered."""

    def work(session: Session, now: datetime) -> Reply:
        find_job(session, actor, job_id)
        posting.publish_draft(session, actor, job_id, now=now)
        session.flush()
        return Reply(show_moved(session, job_id))

    return idempotent(request, actor, work, role="app")


@router.post("/{job_id}/cancel", response_model=JobCancelled, summary="Cancel a job")
def cancel(request: Request, actor: Requester, job_id: UUID, why: WhyIn) -> Response:
    """Cancel before the work is done: offers are withdrawn, technicians are free again, what is owed is booked.

    `GET /v1/jobs/{job_id}/cancellation` says beforehand what it costs.
    """

    def work(session: Session, now: datetime) -> Reply:
        owed = cancel_work(session, actor, job_id, why.why, now=now)
        return Reply(JobCancelled(**show_moved(session, job_id).model_dump(), owed=show_owed(owed)))

    return idempotent(request, actor, work)


@router.post("/{job_id}/hold", response_model=JobMoved, summary="Stop asking")
def hold(request: Request, actor: Dispatcher, job_id: UUID, why: WhyIn) -> Response:
    """Stop asking for now: open offers are withdrawn."""
    return _move(request, actor, job_id, lambda session, now: hold_job(session, actor, job_id, why.why, now=now))


@router.post("/{job_id}/resume", response_model=JobMoved, summary="Ask again")
def resume(request: Request, actor: Dispatcher, job_id: UUID) -> Response:
    """Ask again, after a hold or when nobody took it: a new round, in which everybody may be asked again."""
    return _move(request, actor, job_id, lambda session, now: resume_job(session, actor, job_id, now=now))


@router.post("/{job_id}/approve", response_model=JobMoved, summary="Approve the work")
def approve(request: Request, actor: Requester, job_id: UUID) -> Response:
    """Say that the work is as wanted: its assignments are finished, its pay is due.

    Above the sum that your money rules state, a second person approves before it is.
    """
    return _move(request, actor, job_id, lambda session, now: approve_job(session, actor, job_id, now=now))


@router.post("/{job_id}/finish", response_model=JobMoved, summary="Say that the work is done")
def finish(request: Request, actor: OnVisit, job_id: UUID) -> Response:
    """The technician, their company, a gateway or the dispatcher says so; every visit is checked out."""
    return _move(request, actor, job_id, lambda session, now: finish_job(session, actor, job_id, now=now))


def posted(session: Session, actor: Actor, job_id: UUID, is_new: bool) -> Reply:
    """The answer to whoever posted a job, or posted its number again."""
    shown = show_job(session, actor, job_id)
    headers = {"Location": f"/v1/jobs/{job_id}", "ETag": etag(shown.version)}
    return Reply(shown, 201 if is_new else 200, headers)


def job_line(row: Row[*tuple[Any, ...]], promises: PromiseLines) -> JobLine:
    """A row of `job_lines`, on a page, as one line; `promises` are those of `promise_lines`."""
    job, town, time_zone, window = row[:4]
    return JobLine(
        **{name: getattr(job, name) for name in _OF_LINE},
        town=town,
        time_zone=time_zone,
        window=WindowOut(start_at=window[0], end_at=window[1]) if window else None,
        promise=promises[job.id][0],
        is_at_risk=promises[job.id][1],
    )


_OF_LINE = (
    "id", "number", "title", "job_type", "state", "mode", "priority", "site_id", "bundle_id", "posted_at",
    "created_at", "version",
)  # fmt: skip


def job_lines() -> Select[*tuple[Any, ...]]:
    """Rows (job, town, zone of the site, (start, end) of the first visit's window)."""
    window = (
        select(func.jsonb_build_array(VisitRow.window_start_at, VisitRow.window_end_at))
        .where(VisitRow.job_id == JobRow.id)
        .order_by(VisitRow.num)
        .limit(1)
        .correlate(JobRow)
        .scalar_subquery()
    )
    return select(JobRow, SiteRow.town, SiteRow.time_zone, window).join(SiteRow, SiteRow.id == JobRow.site_id)


def _move(request: Request, actor: Actor, job_id: UUID, do: Callable[[Session, datetime], object]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        do(session, now)
        return Reply(show_moved(session, job_id))

    return idempotent(request, actor, work)


def _patch(
    session: Session, actor: Actor, job_id: UUID, patch: JobPatch, version: int, ring: KeyRing, now: datetime
) -> None:
    """Terms first, by the use case, which locks slots before the job; then words, guarded by the version."""
    job = session.scalars(select(JobRow).where(JobRow.id == job_id)).one_or_none()
    if job is None or job.client_id != actor.client_id:
        raise NotFound("job", job_id)
    if job.version != version:
        raise Stale("job")
    given = patch.model_dump(exclude_unset=True)
    words = {name: given[name] for name in _WORDS if name in given}
    promise = columns_after_priority(session, job, words["priority"], now=now) if words.get("priority") else {}
    fields = sorted(words.keys() | given.keys() & (_SEEN_BY | _BUDGET))
    shown = {"disclosure": _disclosure(session, job, given)} if given.keys() & _SEEN_BY else {}
    told: dict[str, Any] = {"fields": fields}
    if given.keys() & _BUDGET:
        code = given["budget"] if "budget" in given else code_of(session, job)
        budget_id = put_budget(session, actor, job_id, code, given.get("budget_reason"), now=now)
        told["budget"] = str(budget_id) if budget_id else None
    if given.keys() & _TERMS:
        change_job(session, actor, job_id, _change(patch), now=now)
        version += 1
    done = session.scalar(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.version == version)
        .values(version=version + 1 if fields else version, **words, **promise, **shown)
        .returning(JobRow.id)
    )
    if done is None:
        raise Stale("job")
    if fields:
        told |= _put_texts(session, job, given, ring, now)
        record(session, actor, ("job", job_id), "described", told, client_id=job.client_id, now=now)


def _disclosure(session: Session, job: JobRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Who reads what after the change."""
    kept = {name: each for name, each in job.disclosure.items() if name != "cleared_for"}
    chosen = kept | (given.get("disclosure") or {})
    if "cleared" not in given:
        return {**job.disclosure, **chosen}
    cleared = cleared_from(given["cleared"])
    check_kinds(session, cleared)
    return posting.disclosure_of(chosen, cleared)


def _put_texts(
    session: Session, job: JobRow, given: Mapping[str, Any], ring: KeyRing, now: datetime
) -> dict[str, list[str]]:
    """Seal what is to be read by the cleared alone, the job's new version being held: what the event says of it."""
    if "cleared" not in given:
        return {}
    own = Owner("job", job.id, job.client_id)
    cleared = cleared_from(given["cleared"], own)
    put_cleared(session, own, cleared, ring, now=now)
    return posting.told_of_cleared(cleared) or {"cleared": []}


_SEEN_BY = {"disclosure", "cleared"}
_BUDGET = {"budget", "budget_reason"}
_WORDS = ("title", "description", "purchase_order", "project", "priority")
_TERMS = {"window", "duration_min", "pay", "needs", "mode", "policy"}


def _change(patch: JobPatch) -> Change:
    return changes.Change(
        start_at=patch.window.start_at if patch.window else None,
        end_at=patch.window.end_at if patch.window else None,
        duration_min=patch.duration_min,
        pay=patch.pay.to_pay() if patch.pay else None,
        needs=patch.needs.to_needs() if patch.needs else None,
        role=patch.role,
        policy=patch.policy,
        mode=patch.mode,
    )
