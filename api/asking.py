"""Whom does a dispatcher ask by name? One technician, before all who are not asked yet; nobody is booked unasked."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import Dispatcher
from api.idempotency import Reply, idempotent
from api.schemas.offers import AskedOut, AskIn
from api.story import asked_with_person, show_asked
from dispatch.jobs.naming import ask_by_name
from dispatch.record.tables import OfferRow

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["assignments"])


@router.post("/offers", response_model=AskedOut, status_code=201, summary="Ask somebody by name")
def ask_technician(request: Request, actor: Dispatcher, job_id: UUID, wish: AskIn) -> Response:
    """They are asked alone, until they answer or their time is over; their yes gives them the work, in every mode.

    Whoever was asked before may still say yes. A job that rests is asked for again. By every rule, save those that
    you set aside with a reason: a reason that reads `may_override` in `GET /v1/jobs/{job_id}/candidates`.
    """

    def work(session: Session, now: datetime) -> Reply:
        offer_id = ask_by_name(session, actor, job_id, wish.to_ask(), now=now)
        row = session.execute(
            asked_with_person().where(OfferRow.id == offer_id).execution_options(populate_existing=True)
        ).one()
        return Reply(show_asked(session, actor, [row])[0], 201)

    return idempotent(request, actor, work)
