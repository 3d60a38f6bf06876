"""What is a technician asked, and what do they answer? Offers: list, look, accept, decline, counter, take back."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from api.answering import answer_of
from api.auth import Dispatcher, Talent
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading
from api.schemas.jobs import PayOut, WindowOut
from api.schemas.offers import AcceptIn, AnswerOut, CounterIn, CounterMade, DeclineIn, OfferMoved, OfferOut, OfferState
from api.schemas.pages import PageOf
from api.schemas.posting import WhyIn
from api.showing import (
    show_cancellation,
    show_description,
    show_distance,
    show_needs,
    show_pay_terms,
    show_person,
    show_place,
)
from api.visibility import view
from dispatch.errors import NotFound
from dispatch.jobs.acceptance import Yes, accept_offer
from dispatch.jobs.answers import counter_offer, decline_offer, view_offer
from dispatch.jobs.changes import withdraw_offer
from dispatch.jobs.lifecycle import OFFER
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    JobRow,
    OfferRow,
    SiteRow,
    TechnicianRow,
    TermsRow,
    VisitRow,
)
from dispatch.record.tables.offers import LIVE_OFFERS
from matching.job import Pay

router = APIRouter(prefix="/v1/offers", tags=["offers"])

#: What a technician can answer; the other moves are made by others.
_OWN_MOVES = ("view", "accept", "counter", "decline")


@router.get("", response_model=PageOf[OfferOut], summary="List your offers")
def list_offers(
    request: Request,
    actor: Talent,
    response: Response,
    state: Annotated[
        OfferState | Literal["live"] | None,
        Query(description="Only offers in this state; `live`: those that can be answered.", examples=["live"]),
    ] = None,
    technician_id: Annotated[UUID | None, Query(description="For a company or gateway: only this one's.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[OfferOut]:
    """A technician's own, a company's for all its workers, a gateway's for everybody; newest first."""
    wanted = own_offers(actor)
    if state is not None:
        wanted = wanted.where(OfferRow.state.in_(LIVE_OFFERS if state == "live" else (state,)))
    if technician_id is not None:
        wanted = wanted.where(OfferRow.technician_id == technician_id)
    with reading(request, actor) as session:
        found = page(session, request, wanted, OfferRow.id, limit=limit, cursor=cursor)
        items = show_offers(session, actor, found.rows)
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.get("/{offer_id}", response_model=OfferOut, summary="Read an offer")
def get_offer(request: Request, actor: Talent, offer_id: UUID) -> OfferOut:
    """Reading alone does not tell the client that you saw it; `view` does."""
    with reading(request, actor) as session:
        return _one(session, actor, offer_id)


@router.post("/{offer_id}/view", response_model=OfferOut, summary="Note that it was seen")
def view_an_offer(request: Request, actor: Talent, offer_id: UUID) -> Response:
    """Tell the client that the technician has seen it; a second time changes nothing."""

    def work(session: Session, now: datetime) -> Reply:
        view_offer(session, actor, offer_id, now=now)
        return Reply(_one(session, actor, offer_id))

    return idempotent(request, actor, work)


@router.post("/{offer_id}/accept", response_model=AnswerOut, summary="Say yes")
def accept(request: Request, actor: Talent, offer_id: UUID, yes: AcceptIn) -> Response:
    """Exactly one hears `assigned`; where the dispatcher picks, a yes is `noted`; the rest get 409 with the reason."""
    said = Yes(offer_id, yes.terms_version, yes.start_at, yes.worker_id)
    return idempotent(
        request, actor, lambda session, now: answer_of(accept_offer(session, actor, said, now=now), offer_id)
    )


@router.post("/{offer_id}/decline", response_model=OfferMoved, summary="Say no")
def decline(request: Request, actor: Talent, offer_id: UUID, no: DeclineIn) -> Response:
    """A no never counts against anyone."""

    def work(session: Session, now: datetime) -> Reply:
        decline_offer(session, actor, offer_id, no.reason, now=now)
        return Reply(OfferMoved(id=offer_id, state="declined", moves=[]))

    return idempotent(request, actor, work)


@router.post("/{offer_id}/counter", response_model=CounterMade, status_code=201, summary="Ask for other terms")
def counter(request: Request, actor: Talent, offer_id: UUID, wish: CounterIn) -> Response:
    """Ask for another pay or start; the client accepts or refuses. A later counter replaces the one before."""

    def work(session: Session, now: datetime) -> Reply:
        made = counter_offer(
            session,
            actor,
            offer_id,
            pay=wish.pay.to_pay() if wish.pay else None,
            start_at=wish.start_at,
            reason=wish.reason,
            note=wish.note,
            now=now,
        )
        return Reply(CounterMade(id=made, offer_id=offer_id, state="open"), 201)

    return idempotent(request, actor, work)


@router.post("/{offer_id}/withdraw", response_model=OfferMoved, summary="Take an offer back")
def withdraw(request: Request, actor: Dispatcher, offer_id: UUID, why: WhyIn) -> Response:
    """The client takes an offer back before it is answered."""

    def work(session: Session, now: datetime) -> Reply:
        withdraw_offer(session, actor, offer_id, why.why, now=now)
        return Reply(OfferMoved(id=offer_id, state="withdrawn", moves=[]))

    return idempotent(request, actor, work)


def show_offers(session: Session, actor: Actor, rows: Any) -> list[OfferOut]:
    """Rows of `offers_with_work` as the asked see them."""
    visits = {row[0].visit_id for row in rows}
    mine = session.execute(
        select(AssignmentRow.visit_id, AssignmentRow.technician_id).where(
            AssignmentRow.visit_id.in_(visits), AssignmentRow.state.in_(("live", "finished"))
        )
    )
    assigned = {(visit, technician) for visit, technician in mine}
    return [_offer(actor, row, (row[0].visit_id, row[0].technician_id) in assigned) for row in rows]


def offers_with_work() -> Select[*tuple[Any, ...]]:
    """Rows (offer, job, visit, site, terms, technician, the client's name)."""
    return (
        select(OfferRow, JobRow, VisitRow, SiteRow, TermsRow.terms, TechnicianRow, ClientRow.name)
        .join(JobRow, JobRow.id == OfferRow.job_id)
        .join(VisitRow, VisitRow.id == OfferRow.visit_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(TermsRow, (TermsRow.job_id == OfferRow.job_id) & (TermsRow.version == OfferRow.terms_version))
        .join(ClientRow, ClientRow.id == OfferRow.client_id)
        .outerjoin(TechnicianRow, TechnicianRow.id == OfferRow.technician_id)
    )


def own_offers(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Rows of `offers_with_work` that were sent to this actor; to anybody, for a gateway."""
    if actor.technician_id is not None:
        return offers_with_work().where(OfferRow.technician_id == actor.technician_id)
    if actor.company_id is not None:
        return offers_with_work().where(OfferRow.company_id == actor.company_id)
    return offers_with_work()


def _one(session: Session, actor: Actor, offer_id: UUID) -> OfferOut:
    row = session.execute(
        own_offers(actor).where(OfferRow.id == offer_id).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("offer", offer_id)
    return show_offers(session, actor, [row])[0]


def _offer(actor: Actor, row: Row[*tuple[Any, ...]], is_assigned: bool) -> OfferOut:
    offer, job, visit, site, terms, technician, client = row[:7]
    seen = view(actor.kind, "assigned" if is_assigned else "asked")
    slot = next(each for each in terms["slots"] if each["role"] == offer.role and each["visit"] == visit.num)
    pay = Pay(slot["pay_kind"], Decimal(slot["pay_amount"]), slot["currency"])
    same = {name: getattr(offer, name) for name in _SAME}
    return OfferOut(
        **same,
        bundle_id=job.bundle_id,
        client=client,
        title=job.title,
        description=show_description(job, seen),
        job_type=job.job_type,
        mode=job.mode,
        place=show_place(site, seen),
        window=WindowOut(start_at=slot["start_at"], end_at=slot["end_at"]),
        duration_min=slot["duration_min"],
        is_observer=slot.get("is_observer", False),
        needs=show_needs(slot["needs"]),
        pay=PayOut(kind=pay.kind, amount=pay.amount, currency=pay.currency),
        cancellation_terms=show_cancellation(terms.get("cancellation", {}), pay, slot["duration_min"]),
        pay_terms=show_pay_terms(terms, pay, slot, site),
        distance_m=show_distance(offer.distance_m, seen),
        technician=show_person(technician, offer.technician_id, seen),
        is_assigned=is_assigned,
        moves=[wish for wish in OFFER[offer.state] if wish in _OWN_MOVES],
    )


_SAME = (
    "id", "state", "job_id", "visit_id", "role", "terms_version", "travel_s", "sent_at", "viewed_at", "expires_at",
    "answered_at", "wanted_start_at", "reason", "is_by_name",
)  # fmt: skip
