"""Which jobs does a client post again and again? Templates: store, list, change, archive, post from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Requester, StaffReader
from api.errors import Stale
from api.etags import etag, is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.jobs import POSTED_BEFORE, posted
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.jobs import JobOut
from api.schemas.pages import PageOf
from api.schemas.posting import JobIn
from api.schemas.standing import TemplateIn, TemplateJobIn, TemplateOut, TemplatePatch
from dispatch.jobs.cleared import Owner, changing
from dispatch.jobs.posting import post_job
from dispatch.record.session import database_now
from dispatch.record.tables import TemplateRow
from dispatch.standing.templates import (
    archive_template,
    change_template,
    create_template,
    find_template,
    put_template_back,
    use_template,
)

router = APIRouter(prefix="/v1/templates", tags=["templates"])

T = TypeVar("T", bound=BaseModel)


@router.post("", status_code=201, response_model=TemplateOut, summary="Store a template")
def post_job_template(request: Request, actor: Requester, template: TemplateIn) -> Response:
    """Keep a job to post again and again; it is checked as if it were posted."""

    def work(session: Session, now: datetime) -> Reply:
        document = template.job.model_dump(mode="json")
        made = create_template(session, actor, template.name, document, now=now, ring=parts_of(request).ring)
        return _reply(session.get_one(TemplateRow, made), 201)

    return idempotent(request, actor, work, role="app")


@router.get("", response_model=PageOf[TemplateOut], summary="List templates")
def list_job_templates(
    request: Request,
    actor: StaffReader,
    response: Response,
    archived: Annotated[bool, Query(description="Those that were archived instead.", examples=[False])] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[TemplateOut]:
    """Your templates, newest first."""
    wanted = select(TemplateRow).where(
        TemplateRow.archived_at.is_not(None) if archived else TemplateRow.archived_at.is_(None)
    )
    with reading(request, actor) as session:
        found = page(session, request, wanted, TemplateRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0]) for row in found.rows], next=found.next)


@router.get("/{template_id}", response_model=TemplateOut, summary="Read a template")
def get_job_template(request: Request, actor: StaffReader, template_id: UUID) -> Response:
    """One template; its ETag guards a change."""
    with reading(request, actor) as session:
        row = find_template(session, actor, template_id)
        if is_known(request, row.version):
            return Response(status_code=304, headers={"ETag": etag(row.version)})
        return to_response(_reply(row))


@router.patch("/{template_id}", response_model=TemplateOut, summary="Change a template")
def patch_job_template(request: Request, actor: Requester, template_id: UUID, patch: TemplatePatch) -> Response:
    """For jobs that are still to be posted, by hand or by a series. Needs If-Match with the ETag that you read."""
    version = wanted_version(request, "template")
    changes: dict[str, Any] = {} if patch.name is None else {"name": patch.name}
    if patch.job is not None:
        changes["document"] = patch.job.model_dump(mode="json")
    with writing(request, actor, "app") as session:
        now, ring = database_now(session), parts_of(request).ring
        if not change_template(session, actor, template_id, changes, version, now=now, ring=ring):
            raise Stale("template")
        row = session.get_one(TemplateRow, template_id, populate_existing=True)
        return to_response(_reply(row))


@router.post("/{template_id}/archive", response_model=TemplateOut, summary="Archive a template")
def post_archive(request: Request, actor: Requester, template_id: UUID) -> Response:
    """Nobody posts from it any more; its name is free again."""

    def work(session: Session, now: datetime) -> Reply:
        archive_template(session, actor, template_id, now=now)
        return _reply(session.get_one(TemplateRow, template_id, populate_existing=True))

    return idempotent(request, actor, work, role="app")


@router.post("/{template_id}/put-back", response_model=TemplateOut, summary="Take the archiving of a template back")
def post_template_back(request: Request, actor: Requester, template_id: UUID) -> Response:
    """It is posted from again, under its name, unless another has that by now: rename the other one first."""

    def work(session: Session, now: datetime) -> Reply:
        put_template_back(session, actor, template_id, now=now)
        return _reply(session.get_one(TemplateRow, template_id, populate_existing=True))

    return idempotent(request, actor, work, role="app")


@router.post(
    "/{template_id}/jobs",
    status_code=201,
    response_model=JobOut,
    responses=POSTED_BEFORE,
    summary="Post a job from a template",
)
def post_template_job(request: Request, actor: Requester, template_id: UUID, own: TemplateJobIn) -> Response:
    """The template's job with a number, site and time of its own, and `changes`. Checked again as a whole."""

    def work(session: Session, now: datetime) -> Reply:
        template = use_template(session, actor, template_id)
        mine = own.model_dump(mode="json", exclude={"changes"})
        job = checked(JobIn, {**template.document, **own.changes, **mine}, "changes", own.changes)
        origin = {"template": str(template_id)}
        wish = job.to_wish()
        kept = replace(wish, cleared=changing(wish.cleared, Owner("template", template_id, template.client_id)))
        job_id, is_new = post_job(session, actor, kept, now=now, origin=origin, ring=parts_of(request).ring)
        return posted(session, actor, job_id, is_new)

    return idempotent(request, actor, work, role="app")


def checked(schema: type[T], document: Mapping[str, Any], where: str, changes: Mapping[str, Any]) -> T:
    """A document that was put together, checked as if it had been sent whole; what is wrong is named where it was sent.

    Raises
    ------
    RequestValidationError
        When it is not one of this schema.
    """
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        wrong = [
            {**each, "loc": ("body", *([where] if each["loc"] and each["loc"][0] in changes else []), *each["loc"])}
            for each in error.errors(include_url=False, include_context=False)
        ]
        raise RequestValidationError(wrong) from error


def _reply(row: TemplateRow, status: int = 200) -> Reply:
    headers = {"ETag": etag(row.version)} | ({"Location": f"/v1/templates/{row.id}"} if status == 201 else {})
    return Reply(_show(row), status, headers)


def _show(row: TemplateRow) -> TemplateOut:
    return TemplateOut(
        id=row.id,
        name=row.name,
        job=row.document,
        archived_at=row.archived_at,
        created_at=row.created_at,
        version=row.version,
    )
