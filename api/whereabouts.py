"""Where is whoever is on the way? For the parties of the job alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from api.auth import STAFF, only
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.pages import PageOf
from api.schemas.privacy import WhereaboutsOut
from dispatch.errors import NotFound
from dispatch.record.session import Actor
from dispatch.record.tables import PositionRow, VisitRow
from dispatch.visits.whereabouts import outside_homes

router = APIRouter(prefix="/v1/visits", tags=["visits"])


#: The parties of a job, and nobody else: neither whoever runs the network nor a gateway.
Party = Annotated[Actor, Depends(only(*STAFF, "technician", "company"))]


@router.get("/{visit_id}/positions", response_model=PageOf[WhereaboutsOut], summary="Where is whoever comes?")
def list_positions(
    request: Request, actor: Party, response: Response, visit_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[WhereaboutsOut]:
    """From "on my way" to the check-out, newest first, for the client; a technician sees their own.

    A client reads none that are in the cell of the technician's home, so a page may hold fewer than `limit`.

    Forgotten after some days (`TRUCKROLL_POSITIONS_KEPT_DAYS`): then the time log says that they were there.
    """
    with reading(request, actor) as session:
        if session.scalar(select(VisitRow.id).where(VisitRow.id == visit_id)) is None:
            raise NotFound("visit", visit_id)
        wanted = select(PositionRow).where(PositionRow.visit_id == visit_id)
        found = page(session, request, wanted, PositionRow.id, limit=limit, cursor=cursor)
        rows = [row[0] for row in found.rows]
        items = [
            WhereaboutsOut.model_validate(row) for row in (outside_homes(session, rows) if actor.client_id else rows)
        ]
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)
