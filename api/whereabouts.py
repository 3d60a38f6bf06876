"""Where is whoever is on the way? For the parties of the job alone."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from api.auth import Anyone
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.pages import PageOf
from api.schemas.privacy import WhereaboutsOut
from dispatch.errors import NotFound
from dispatch.record.tables import PositionRow, VisitRow

router = APIRouter(prefix="/v1/visits", tags=["visits"])


@router.get("/{visit_id}/positions", response_model=PageOf[WhereaboutsOut], summary="Where is whoever comes?")
def list_positions(
    request: Request, actor: Anyone, response: Response, visit_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[WhereaboutsOut]:
    """From "on my way" to the check-out, newest first, for the client; a technician sees their own.

    Forgotten after some days (`TRUCKROLL_POSITIONS_KEPT_DAYS`): then the time log says that they were there.
    """
    with reading(request, actor) as session:
        if session.scalar(select(VisitRow.id).where(VisitRow.id == visit_id)) is None:
            raise NotFound("visit", visit_id)
        wanted = select(PositionRow).where(PositionRow.visit_id == visit_id)
        found = page(session, request, wanted, PositionRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[WhereaboutsOut.model_validate(row[0]) for row in found.rows], next=found.next)
