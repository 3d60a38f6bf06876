"""Who is on a visit together? The crew, who leads it, who only looks on."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.auth import Anyone, Dispatcher, OnVisit
from api.idempotency import Reply, idempotent
from api.parts import parts_of
from api.schemas.crews import CrewOut, LeadIn, MemberOut, ObserverIn, ObserverOut
from dispatch.record.session import Actor, transaction
from dispatch.visits.crews import hand_over_lead, name_observer, read_crew

router = APIRouter(prefix="/v1/visits", tags=["visits"])


@router.get("/{visit_id}/crew", response_model=CrewOut, summary="List a visit's crew")
def get_crew(request: Request, actor: Anyone, visit_id: UUID) -> CrewOut:
    """Every place of the visit, for whoever has one of them: names of colleagues, nobody's number."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        return _show(session, actor, visit_id)


@router.post("/{visit_id}/lead", response_model=CrewOut, summary="Hand the lead over")
def post_lead(request: Request, actor: OnVisit, visit_id: UUID, lead: LeadIn) -> Response:
    """Another of the crew leads from now on; the lead says so, or the client's dispatcher."""

    def work(session: Session, now: datetime) -> Reply:
        hand_over_lead(session, actor, visit_id, lead.technician_id, now=now)
        return Reply(_show(session, actor, visit_id))

    return idempotent(request, actor, work)


@router.post("/{visit_id}/observers", response_model=ObserverOut, status_code=201, summary="Ask an observer")
def post_observer(request: Request, actor: Dispatcher, visit_id: UUID, observer: ObserverIn) -> Response:
    """Ask this technician, and nobody else, to look on. The visit goes ahead with or without them."""

    def work(session: Session, now: datetime) -> Reply:
        pay = observer.pay.to_pay()
        slot, offer = name_observer(session, actor, visit_id, observer.technician_id, pay, now=now)
        return Reply(ObserverOut(slot_id=slot, offer_id=offer), 201, {"Location": f"/v1/offers/{offer}"})

    return idempotent(request, actor, work)


def _show(session: Session, actor: Actor, visit_id: UUID) -> CrewOut:
    return CrewOut(items=[MemberOut.model_validate(each) for each in read_crew(session, actor, visit_id)])
