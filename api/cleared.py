"""What may only the cleared read, and who did? Every reading is an event, in the transaction that reads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from api.auth import ClientAdmin, only
from api.idempotency import Reply, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.cleared import ClearedOut, ClearedReadingOut, ClearedTextOut
from api.schemas.pages import PageOf
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import EventRow
from dispatch.visits.disclosing import READ, read_cleared_texts

router = APIRouter(prefix="/v1", tags=["cleared texts"])

#: Whoever may read at all; of the staff, a requester is told why not.
Reader = Annotated[Actor, Depends(only("client_admin", "dispatcher", "requester", "technician"))]


@router.get("/jobs/{job_id}/cleared", response_model=ClearedOut, summary="Read the cleared texts")
def get_cleared(request: Request, actor: Reader, job_id: UUID) -> Response:
    """In plain words: for the technician whose work it is, while they hold what you demand, and staff with the right.

    Each reading is recorded, with who, when and the names, and shown to the client.
    """
    with writing(request, actor, "engine") as session:
        texts = read_cleared_texts(session, actor, job_id, parts_of(request).ring, now=database_now(session))
    shown = [ClearedTextOut(name=name, text=text) for name, text in texts.items()]
    # Kept by nobody on the way, neither a proxy nor the phone.
    return to_response(Reply(ClearedOut(job_id=job_id, texts=shown), headers={"Cache-Control": "no-store"}))


@router.get("/cleared-readings", response_model=PageOf[ClearedReadingOut], summary="Who read cleared texts?")
def list_cleared_readings(
    request: Request,
    actor: ClientAdmin,
    response: Response,
    job_id: Annotated[UUID | None, Query(description="Only of this job.")] = None,
    reader_id: Annotated[UUID | None, Query(description="Only by this technician or member of staff.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[ClearedReadingOut]:
    """Every reading of your jobs' cleared texts, newest first."""
    wanted = select(EventRow).where(EventRow.client_id == actor.client_id, EventRow.kind == READ)
    if job_id is not None:
        wanted = wanted.where(EventRow.subject_id == job_id)
    if reader_id is not None:
        wanted = wanted.where(EventRow.actor_id == reader_id)
    with reading(request, actor) as session:
        found = page(session, request, wanted, EventRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0]) for row in found.rows], next=found.next)


def _show(event: EventRow) -> ClearedReadingOut:
    return ClearedReadingOut(
        id=event.id,
        job_id=event.subject_id,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        names=event.data["names"],
        at=event.at,
    )
