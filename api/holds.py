"""What may not be deleted? Legal holds: for the operator alone."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Operator
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.pages import PageOf
from api.schemas.privacy import HoldIn, HoldOut
from dispatch.privacy.holds import About, lift_hold, place_hold
from dispatch.record.tables import LegalHoldRow

router = APIRouter(prefix="/v1/legal-holds", tags=["privacy"])


@router.post("", status_code=201, response_model=HoldOut, summary="Place a legal hold")
def post_hold(request: Request, actor: Operator, hold: HoldIn) -> Response:
    """Nothing about the job, client or person is forgotten or erased meanwhile."""
    about = About(hold.job_id, hold.client_id, hold.technician_id, hold.staff_id)

    def work(session: Session, now: datetime) -> Reply:
        row = place_hold(session, actor, about, hold.why, until=hold.until, now=now)
        return Reply(_show(row), 201)

    return idempotent(request, actor, work)


@router.get("", response_model=PageOf[HoldOut], summary="List legal holds")
def list_holds(
    request: Request, actor: Operator, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[HoldOut]:
    """Newest first, those that were lifted too."""
    with reading(request, actor) as session:
        found = page(session, request, select(LegalHoldRow), LegalHoldRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0]) for row in found.rows], next=found.next)


@router.post("/{hold_id}/lift", response_model=HoldOut, summary="Lift a legal hold")
def post_lift(request: Request, actor: Operator, hold_id: UUID) -> Response:
    """Once; what was kept for it alone may go from now on."""
    return idempotent(request, actor, lambda session, now: Reply(_show(lift_hold(session, actor, hold_id, now=now))))


def _show(row: LegalHoldRow) -> HoldOut:
    return HoldOut(**{name: getattr(row, name) for name in HoldOut.model_fields})
