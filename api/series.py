"""What comes again by a rule? Series: begin, look ahead, change, pause, end; leave single days out, or move them."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Requester, StaffReader
from api.errors import Stale
from api.etags import etag, is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.pages import PageOf
from api.schemas.posting import JobWork
from api.schemas.standing import (
    MoveDayIn,
    OccurrenceOut,
    PreviewOut,
    SeriesIn,
    SeriesOut,
    SeriesPatch,
    SeriesState,
)
from api.schemas.talent import Day
from api.templates import checked
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import SeriesRow, SiteRow
from dispatch.standing import series as use_cases
from dispatch.standing.series import create_series, except_day, find_series, preview, restore_day
from dispatch.standing.templates import use_template
from dispatch.visits.alarms import clear_alarms
from dispatch.visits.standing import STOPPED
from geo.timezones import zone

router = APIRouter(prefix="/v1/series", tags=["series"])

_MOVES = {"active": ["pause", "end"], "paused": ["resume", "end"], "ended": []}


@router.post("", status_code=201, response_model=SeriesOut, summary="Begin a series")
def post_series(request: Request, actor: Requester, series: SeriesIn) -> Response:
    """Jobs are made ahead of their days by the rule; the work is checked as if it were posted."""

    def work(session: Session, now: datetime) -> Reply:
        whole, document = _documents(session, actor, series.template_id, series.job)
        made = create_series(session, actor, series.to_wish(document, whole.duration_min), now=now)
        return _reply(session.get_one(SeriesRow, made), 201)

    return idempotent(request, actor, work, role="app")


@router.get("", response_model=PageOf[SeriesOut], summary="List series")
def list_series(
    request: Request,
    actor: StaffReader,
    response: Response,
    state: Annotated[SeriesState | None, Query(description="Only these.", examples=["active"])] = None,
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[SeriesOut]:
    """Your series, newest first."""
    asked: dict[Any, Any] = {SeriesRow.state: state, SeriesRow.site_id: site_id}
    wanted = select(SeriesRow).where(*(column == value for column, value in asked.items() if value is not None))
    with reading(request, actor) as session:
        found = page(session, request, wanted, SeriesRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0]) for row in found.rows], next=found.next)


@router.get("/{series_id}", response_model=SeriesOut, summary="Read a series")
def get_series(request: Request, actor: StaffReader, series_id: UUID) -> Response:
    """One series; its ETag guards a change, its jobs are listed by `/v1/jobs?series_id=`."""
    with reading(request, actor) as session:
        row = find_series(session, actor, series_id)
        if is_known(request, row.version):
            return Response(status_code=304, headers={"ETag": etag(row.version)})
        return to_response(_reply(row))


@router.patch("/{series_id}", response_model=SeriesOut, summary="Change a series")
def patch_series(request: Request, actor: Requester, series_id: UUID, patch: SeriesPatch) -> Response:
    """For the jobs that are still to be made. Needs If-Match with the ETag that you read."""
    version = wanted_version(request, "series")
    with writing(request, actor, "app") as session:
        row = find_series(session, actor, series_id, lock=True)
        if row.version != version:
            raise Stale("series")
        changes = patch.model_dump(exclude={"job", "start_time"}, exclude_none=True)
        if patch.start_time is not None:
            changes["start_time"] = time.fromisoformat(patch.start_time)
        if patch.job is not None:
            changes["document"] = _documents(session, actor, row.template_id, patch.job)[1]
        use_cases.change_series(session, actor, row, changes, now=database_now(session))
        reply = _reply(row)
    parts_of(request).bell.ring()
    return to_response(reply)


@router.get("/{series_id}/preview", response_model=PreviewOut, summary="Look ahead")
def get_preview(
    request: Request,
    actor: StaffReader,
    series_id: UUID,
    n: Annotated[int, Query(ge=1, le=100, description="How many days of the rule.", examples=[10])] = 10,
) -> PreviewOut:
    """The next days of the rule: when each visit is, and why it is not where the rule has it."""
    with reading(request, actor) as session:
        row = find_series(session, actor, series_id)
        name = session.scalars(select(SiteRow.time_zone).where(SiteRow.id == row.site_id)).one()
        coming = preview(session, row, n, now=database_now(session))
    clock = zone(name)
    items = [
        OccurrenceOut(
            day=each.day,
            start_at=each.start_at,
            local_start=each.start_at.astimezone(clock).strftime("%Y-%m-%dT%H:%M") if each.start_at else None,
            notes=list(each.notes),
            job_id=job_id,
        )
        for each, job_id in coming
    ]
    return PreviewOut(time_zone=name, items=items)


@router.post("/{series_id}/pause", response_model=SeriesOut, summary="Pause a series")
def pause_series(request: Request, actor: Requester, series_id: UUID) -> Response:
    """Make no jobs until it is resumed; those that were made stay."""
    return _move(request, actor, series_id, use_cases.pause_series)


@router.post("/{series_id}/resume", response_model=SeriesOut, summary="Resume a series")
def resume_series(request: Request, actor: Requester, series_id: UUID) -> Response:
    """Go on: what is still to come is made, what passed meanwhile is not."""
    return _move(request, actor, series_id, use_cases.resume_series)


@router.post("/{series_id}/end", response_model=SeriesOut, summary="End a series")
def end_series(request: Request, actor: Requester, series_id: UUID) -> Response:
    """Make no jobs any more; those that were made stay."""
    return _move(request, actor, series_id, use_cases.end_series)


@router.post("/{series_id}/days/{day}/skip", response_model=SeriesOut, summary="Leave one day out")
def skip_day(request: Request, actor: Requester, series_id: UUID, day: Day) -> Response:
    """No job for this day of the rule."""
    return _move(
        request, actor, series_id, lambda session, actor, series, now: except_day(session, actor, series, day, now=now)
    )


@router.post("/{series_id}/days/{day}/move", response_model=SeriesOut, summary="Move one day")
def move_day(request: Request, actor: Requester, series_id: UUID, day: Day, to: MoveDayIn) -> Response:
    """This day's job is for another time, at most 31 days away."""

    def move(session: Session, actor: Actor, series: UUID, now: datetime) -> None:
        except_day(session, actor, series, day, start_at=to.start_at, now=now)

    return _move(request, actor, series_id, move)


@router.post("/{series_id}/days/{day}/restore", response_model=SeriesOut, summary="Let one day be as the rule has it")
def put_day_back(request: Request, actor: Requester, series_id: UUID, day: Day) -> Response:
    """Neither left out nor moved any more."""
    return _move(
        request, actor, series_id, lambda session, actor, series, now: restore_day(session, actor, series, day, now=now)
    )


def _move(request: Request, actor: Actor, series_id: UUID, do: Callable[..., None]) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        do(session, actor, series_id, now=now)
        row = find_series(session, actor, series_id)
        if row.state != "paused":
            clear_alarms(session, actor, (STOPPED,), why=row.state, now=now, subject_id=series_id)
        return _reply(row)

    return idempotent(request, actor, work)


def _documents(
    session: Session, actor: Actor, template_id: UUID | None, changes: dict[str, Any]
) -> tuple[JobWork, dict[str, Any]]:
    """The whole work, checked; and what of it differs from the template's, in the form in which it is kept."""
    template = use_template(session, actor, template_id).document if template_id else {}
    whole = checked(JobWork, {**template, **changes}, "job", changes)
    return whole, {name: value for name, value in whole.model_dump(mode="json").items() if name in changes}


def _reply(row: SeriesRow, status: int = 200) -> Reply:
    headers = {"ETag": etag(row.version)} | ({"Location": f"/v1/series/{row.id}"} if status == 201 else {})
    return Reply(_show(row), status, headers)


def _show(row: SeriesRow) -> SeriesOut:
    same = {name: getattr(row, name) for name in _SAME}
    return SeriesOut(**same, job=row.document, start_time=f"{row.start_time:%H:%M}", moves=_MOVES[row.state])


_SAME = (
    "id", "name", "site_id", "template_id", "rule", "first_day", "window_min", "on_closed_day", "number_pattern",
    "make_ahead_days", "state", "stopped_why", "made_through", "num_made", "due_at", "created_at", "version",
)  # fmt: skip
