"""What does a technician on site need to go on? Ask, list, grant, refuse, withdraw."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, Anyone, Dispatcher, Talent, speaking_for
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.evidence import GrantIn, SiteRequestIn, SiteRequestOut, SiteRequestState
from api.schemas.pages import PageOf
from api.schemas.posting import WhyIn
from dispatch.jobs.lifecycle import SITE_REQUEST
from dispatch.record.session import Actor
from dispatch.record.tables import AssignmentRow, SiteRequestRow
from dispatch.visits.finding import find_visit
from dispatch.visits.granting import grant_from_site
from dispatch.visits.siterequests import SiteWish, ask_from_site, refuse_from_site, withdraw_from_site, words_of

router = APIRouter(prefix="/v1", tags=["site requests"])

_OF_STAFF = ("grant", "refuse")
#: What is granted where nothing is sent.
_AS_ASKED = GrantIn()


@router.post(
    "/visits/{visit_id}/site-requests", status_code=201, response_model=SiteRequestOut, summary="Ask from the site"
)
def post_site_request(request: Request, actor: Talent, visit_id: UUID, wish: SiteRequestIn) -> Response:
    """More time, a part, a second person, another skill. `words` says until when an answer is due, and what if none."""

    def work(session: Session, now: datetime) -> Reply:
        find_visit(session, actor, visit_id)
        speaker = speaking_for(session, actor, wish.technician_id)
        asked = SiteWish(**wish.model_dump(exclude={"technician_id"}))
        request_id = ask_from_site(session, speaker, visit_id, asked, now=now)
        return Reply(_one(session, actor, request_id), 201)

    return idempotent(request, actor, work)


@router.get("/site-requests", response_model=PageOf[SiteRequestOut], summary="List requests from sites")
def list_site_requests(
    request: Request,
    actor: Anyone,
    response: Response,
    state: Annotated[SiteRequestState | None, Query(description="Only these.", examples=["waiting"])] = None,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    visit_id: Annotated[UUID | None, Query(description="Only of this visit.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[SiteRequestOut]:
    """A client's; a technician's and a company's own jobs'; newest first."""
    asked: dict[Any, Any] = {
        SiteRequestRow.state: state, SiteRequestRow.job_id: job_id, SiteRequestRow.visit_id: visit_id,
    }  # fmt: skip
    wanted = select(SiteRequestRow).where(*(column == value for column, value in asked.items() if value is not None))
    if actor.kind == "technician":
        wanted = wanted.where(SiteRequestRow.technician_id == actor.technician_id)
    with reading(request, actor) as session:
        found = page(session, request, wanted, SiteRequestRow.id, limit=limit, cursor=cursor)
        items = _show(session, actor, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/site-requests/{site_request_id}/grant", response_model=SiteRequestOut, summary="Grant it")
def grant_site_request(
    request: Request, actor: Dispatcher, site_request_id: UUID, grant: GrantIn = _AS_ASKED
) -> Response:
    """Yes. More time moves the end of the booking, a part is put on order, a person is asked at once."""

    def work(session: Session, now: datetime) -> Reply:
        grant_from_site(session, actor, site_request_id, grant.to_grant(), now=now)
        return Reply(_one(session, actor, site_request_id))

    return idempotent(request, actor, work)


@router.post("/site-requests/{site_request_id}/refuse", response_model=SiteRequestOut, summary="Refuse it")
def refuse_site_request(request: Request, actor: Dispatcher, site_request_id: UUID, why: WhyIn) -> Response:
    """No, and why."""

    def work(session: Session, now: datetime) -> Reply:
        refuse_from_site(session, actor, site_request_id, why.why, now=now)
        return Reply(_one(session, actor, site_request_id))

    return idempotent(request, actor, work)


@router.post("/site-requests/{site_request_id}/withdraw", response_model=SiteRequestOut, summary="It is not needed")
def withdraw_site_request(request: Request, actor: Talent, site_request_id: UUID) -> Response:
    """The technician goes on without it."""

    def work(session: Session, now: datetime) -> Reply:
        withdraw_from_site(session, actor, site_request_id, now=now)
        return Reply(_one(session, actor, site_request_id))

    return idempotent(request, actor, work)


def _one(session: Session, actor: Actor, request_id: UUID) -> SiteRequestOut:
    row = session.get_one(SiteRequestRow, request_id, populate_existing=True)
    return _show(session, actor, [row])[0]


def _show(session: Session, actor: Actor, rows: Sequence[SiteRequestRow]) -> list[SiteRequestOut]:
    visits = {row.visit_id for row in rows}
    work = session.scalars(
        select(AssignmentRow).where(AssignmentRow.visit_id.in_(visits), AssignmentRow.state.in_(("live", "finished")))
    )
    held = {(each.visit_id, each.technician_id): each for each in work}
    sums = session.execute(
        select(SiteRequestRow.visit_id, SiteRequestRow.technician_id, func.sum(SiteRequestRow.granted_amount))
        .where(SiteRequestRow.visit_id.in_(visits), SiteRequestRow.granted_amount.is_not(None))
        .group_by(SiteRequestRow.visit_id, SiteRequestRow.technician_id)
    )
    granted = {(visit, who): amount or Decimal(0) for visit, who, amount in sums}
    own = ("words", "moves")
    return [
        SiteRequestOut(
            **{name: getattr(row, name) for name in SiteRequestOut.model_fields if name not in own},
            words=words_of(
                row,
                held.get((row.visit_id, row.technician_id)),
                granted.get((row.visit_id, row.technician_id), Decimal(0)),
            ),
            moves=_moves(actor, row.state),
        )
        for row in rows
    ]


def _moves(actor: Actor, state: str) -> list[str]:
    mine = _OF_STAFF if actor.kind in STAFF else ("withdraw",) if actor.kind in TALENT else ()
    return [wish for wish in SITE_REQUEST[state] if wish in mine]
