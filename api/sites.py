"""Where is work done? A client's sites."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.auth import StaffReader
from api.errors import Stale
from api.etags import is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import reading, writing
from api.schemas.clients import SiteIn, SiteOut, SitePatch
from api.schemas.pages import PageOf
from api.versions import content_etag, content_version
from dispatch.errors import BadInput, NotFound
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import SiteRow
from dispatch.talent.sites import Site, create_site, update_site

router = APIRouter(prefix="/v1/sites", tags=["sites"])


@router.post("", status_code=201, response_model=SiteOut, summary="Add a site")
def post_site(request: Request, actor: StaffReader, site: SiteIn) -> Response:
    """A place of your client. Its time zone follows from the place; a place far from its ZIP code is refused."""
    client_id = client_meant(actor, site.client_id)

    def work(session: Session, now: datetime) -> Reply:
        made = create_site(session, actor, client_id, Site(**site.model_dump(exclude={"client_id"})), now=now)
        shown = SiteOut.model_validate(session.get_one(SiteRow, made))
        return Reply(shown, 201, {"Location": f"/v1/sites/{made}", **content_etag(shown)})

    return idempotent(request, actor, work)


@router.get("", response_model=PageOf[SiteOut], summary="List sites")
def list_sites(
    request: Request,
    actor: StaffReader,
    response: Response,
    store_number: Annotated[str | None, Query(max_length=64, description="Only this one.", examples=["1042"])] = None,
    town: Annotated[str | None, Query(max_length=100, description="Only in this town.", examples=["Chicago"])] = None,
    search: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="Only whose store number begins with this, or whose name or town holds it.",
            examples=["Alpine"],
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[SiteOut]:
    """Your sites, newest first."""
    asked: dict[Any, Any] = {SiteRow.store_number: store_number, SiteRow.town: town}
    wanted = select(SiteRow).where(*(column == value for column, value in asked.items() if value is not None))
    if search is not None:
        begins = SiteRow.store_number.istartswith(search, autoescape=True)
        holds = (column.icontains(search, autoescape=True) for column in (SiteRow.name, SiteRow.town))
        wanted = wanted.where(or_(begins, *holds))
    with reading(request, actor) as session:
        found = page(session, request, wanted, SiteRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[SiteOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.get("/{site_id}", response_model=SiteOut, summary="Read a site")
def get_site(request: Request, actor: StaffReader, site_id: UUID) -> Response:
    """The site with its contacts. The ETag guards a change."""
    with reading(request, actor) as session:
        shown = SiteOut.model_validate(_find(session, actor, site_id))
    headers = content_etag(shown)
    if is_known(request, content_version(shown)):
        return Response(status_code=304, headers=headers)
    return to_response(Reply(shown, headers=headers))


@router.patch("/{site_id}", response_model=SiteOut, summary="Change a site")
def patch_site(request: Request, actor: StaffReader, site_id: UUID, patch: SitePatch) -> Response:
    """Change what is named; a place that moves takes its time zone along. Needs If-Match with the ETag."""
    version = wanted_version(request, "site")
    with writing(request, actor, "engine") as session:
        row = _find(session, actor, site_id)
        session.refresh(row, with_for_update=True)
        if content_version(SiteOut.model_validate(row)) != version:
            raise Stale("site")
        update_site(session, actor, site_id, patch.model_dump(exclude_unset=True), now=database_now(session))
        session.refresh(row)
        shown = SiteOut.model_validate(row)
    return to_response(Reply(shown, headers=content_etag(shown)))


def client_meant(actor: Actor, client_id: UUID | None) -> UUID:
    """The client for which the actor does something: staff their own, the operator the one that is named.

    Raises
    ------
    BadInput
        The operator names none.
    """
    meant = client_id or actor.client_id
    if meant is None:
        raise BadInput("client_id", None, "name the client for which this is")
    return meant


def _find(session: Session, actor: Actor, site_id: UUID) -> SiteRow:
    row = session.get(SiteRow, site_id)
    if row is None or actor.client_id not in (None, row.client_id):
        raise NotFound("site", site_id)
    return row
