"""Which parts does a job need, and where are they? Add, list, change, move."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, TALENT, Anyone, Requester, only
from api.errors import Stale
from api.etags import etag, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import reading, writing
from api.schemas.evidence import PartIn, PartMoveIn, PartOut, PartPatch, VisitPartOut, VisitPartsOut
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.jobs.lifecycle import PART
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import JobRow, PartRow, VisitRow
from dispatch.visits.partcheck import read_parts
from dispatch.visits.parts import OF_TECHNICIANS, add_part, change_part, find_part, move_part

router = APIRouter(prefix="/v1", tags=["parts"])

#: Is on the job, or works for its client.
OnJob = Annotated[Actor, Depends(only(*TALENT, *STAFF))]
#: What is known with a move where nothing is sent.
_NOTHING = PartMoveIn()


@router.post("/jobs/{job_id}/parts", status_code=201, response_model=PartOut, summary="Add a part")
def post_part(request: Request, actor: Requester, job_id: UUID, part: PartIn) -> Response:
    """A part that the job needs, or one that goes back. It follows the job to a return visit."""

    def work(session: Session, now: datetime) -> Reply:
        part_id = add_part(session, actor, job_id, part.to_wish(), now=now)
        shown = _show(session, actor, part_id)
        return Reply(shown, 201, {"Location": f"/v1/parts/{part_id}", "ETag": etag(shown.version)})

    return idempotent(request, actor, work)


@router.get("/jobs/{job_id}/parts", response_model=PageOf[PartOut], summary="List a job's parts")
def list_parts(
    request: Request, actor: Anyone, response: Response, job_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[PartOut]:
    """Newest first."""
    with reading(request, actor) as session:
        if session.scalar(select(JobRow.id).where(JobRow.id == job_id)) is None:
            raise NotFound("job", job_id)
        wanted = select(PartRow).where(PartRow.job_id == job_id)
        found = page(session, request, wanted, PartRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[show_part(actor, row[0]) for row in found.rows], next=found.next)


@router.get("/visits/{visit_id}/parts", response_model=VisitPartsOut, summary="Is every part there?")
def list_visit_parts(request: Request, actor: Anyone, visit_id: UUID) -> VisitPartsOut:
    """The parts of a visit, and whether one is missing that it needs."""
    with reading(request, actor) as session:
        if session.scalar(select(VisitRow.id).where(VisitRow.id == visit_id)) is None:
            raise NotFound("visit", visit_id)
        parts = read_parts(session, [visit_id])[visit_id]
    shown = [VisitPartOut.model_validate(part) for part in parts]
    return VisitPartsOut(visit_id=visit_id, is_part_missing=any(part.is_missing for part in parts), parts=shown)


@router.get("/parts/{part_id}", response_model=PartOut, summary="Read a part")
def get_part(request: Request, actor: Anyone, part_id: UUID) -> Response:
    """Where it is. Its ETag guards a change."""
    with reading(request, actor) as session:
        row = session.scalars(select(PartRow).where(PartRow.id == part_id)).one_or_none()
        if row is None:
            raise NotFound("part", part_id)
    return to_response(Reply(show_part(actor, row), headers={"ETag": etag(row.version)}))


@router.patch("/parts/{part_id}", response_model=PartOut, summary="Change a part")
def patch_part(request: Request, actor: Requester, part_id: UUID, patch: PartPatch) -> Response:
    """Carrier, tracking, when it is expected. Needs If-Match with the ETag that you read."""
    version = wanted_version(request, "part")
    with writing(request, actor, "engine") as session:
        changes = {name: value for name, value in patch if value is not None}
        if not change_part(session, actor, part_id, version, changes, now=database_now(session)):
            raise Stale("part")
        shown = _show(session, actor, part_id)
    return to_response(Reply(shown, headers={"ETag": etag(shown.version)}))


@router.post("/parts/{part_id}/order", response_model=PartOut, summary="A part was ordered")
def order_part(request: Request, actor: Requester, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """It is ordered, or ordered again."""
    return _move(request, actor, part_id, "order", details)


@router.post("/parts/{part_id}/ship", response_model=PartOut, summary="A part is on its way")
def ship_part(request: Request, actor: Requester, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """With its carrier and tracking number."""
    return _move(request, actor, part_id, "ship", details)


@router.post("/parts/{part_id}/receive", response_model=PartOut, summary="A part came")
def receive_part(request: Request, actor: OnJob, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """Said by staff, or by whoever is on the job. A visit that waits for nothing else is not flagged any more."""
    return _move(request, actor, part_id, "receive", details)


@router.post("/parts/{part_id}/lose", response_model=PartOut, summary="A part did not come")
def lose_part(request: Request, actor: OnJob, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """Said to be delivered, and not there; it can be ordered again."""
    return _move(request, actor, part_id, "lose", details)


@router.post("/parts/{part_id}/drop", response_model=PartOut, summary="A part is not needed")
def drop_part(request: Request, actor: Requester, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """The work goes on without it."""
    return _move(request, actor, part_id, "drop", details)


@router.post("/parts/{part_id}/call-back", response_model=PartOut, summary="A part goes back")
def call_back_part(request: Request, actor: Requester, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """To be sent back, with the label given as a file of the job."""
    return _move(request, actor, part_id, "call_back", details)


@router.post("/parts/{part_id}/give-back", response_model=PartOut, summary="A part was sent back")
def give_back_part(request: Request, actor: OnJob, part_id: UUID, details: PartMoveIn = _NOTHING) -> Response:
    """Handed to the carrier, with the tracking number."""
    return _move(request, actor, part_id, "give_back", details)


def show_part(actor: Actor, row: PartRow) -> PartOut:
    """A part as this actor sees it: `moves` are what they may say of it."""
    moves = [wish for wish in PART[row.state] if actor.kind in STAFF or wish in OF_TECHNICIANS]
    same = {name: getattr(row, name) for name in PartOut.model_fields if name != "moves"}
    return PartOut(**same, moves=[wish.replace("_", "-") for wish in moves])


def _move(request: Request, actor: Actor, part_id: UUID, wish: str, details: PartMoveIn) -> Response:
    def work(session: Session, now: datetime) -> Reply:
        move_part(session, actor, part_id, wish, dict(details), now=now)
        shown = _show(session, actor, part_id)
        return Reply(shown, headers={"ETag": etag(shown.version)})

    return idempotent(request, actor, work)


def _show(session: Session, actor: Actor, part_id: UUID) -> PartOut:
    row = find_part(session, actor, part_id)
    session.refresh(row)
    return show_part(actor, row)
