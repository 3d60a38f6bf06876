"""How do both sides stand with each other? Ratings, a technician's account, a client's account."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import OnVisit, StaffReader, only
from api.idempotency import Reply, idempotent
from api.parts import parts_of, reading
from api.people import find_visible
from api.schemas.reputation import (
    ClientAccountOut,
    ClientPointOut,
    RatingIn,
    RatingOut,
    ReputationOut,
    ReputationPartOut,
    ReputationPointOut,
    RulesOut,
    VisitRatingsOut,
)
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import ClientRow, RatingRow
from dispatch.reputation.accounts import ClientAccount, Point, TechnicianAccount, client_account, technician_account
from dispatch.reputation.ratings import rate, ratings_of
from matching.outcomes import WHY_NOT, WORDS
from matching.reasons import visible_count

router = APIRouter(prefix="/v1", tags=["reputation"])

#: Reads a technician's own account: themselves, their company, the network.
_OwnReader = Annotated[Actor, Depends(only("technician", "company", "operator"))]


@router.post("/visits/{visit_id}/ratings", response_model=RatingOut, status_code=201, summary="Rate the other side")
def post_rating(request: Request, actor: OnVisit, visit_id: UUID, rating: RatingIn) -> Response:
    """After the visit, from 1 to 5 stars; hidden from the other side until both have rated or the time is over."""

    def work(session: Session, now: datetime) -> Reply:
        given = rate(session, actor, visit_id, rating.stars, assignment_id=rating.assignment_id, now=now)
        return Reply(RatingOut(**asdict(given)), 201)

    return idempotent(request, actor, work)


@router.get("/visits/{visit_id}/ratings", response_model=VisitRatingsOut, summary="What was said of a visit?")
def get_ratings(request: Request, actor: OnVisit, visit_id: UUID) -> VisitRatingsOut:
    """The stars that your side gave, the other side's once both are shown, and until when you may give some."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = ratings_of(session, actor, visit_id, now=database_now(session))
        return VisitRatingsOut(items=[_rating(each) for each in found.rows], rate_until=found.rate_until)


@router.get(
    "/technicians/{technician_id}/reputation", response_model=ReputationOut, summary="What makes this reputation?"
)
def get_reputation(request: Request, actor: _OwnReader, technician_id: UUID) -> ReputationOut:
    """Your own: the score, its parts, and every point with the event that it stands on."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        find_visible(session, actor, technician_id)
        account = technician_account(session, technician_id, now=database_now(session))
    return _technician(technician_id, account)


@router.get("/clients/{client_id}/reputation", response_model=ClientAccountOut, summary="How does this client behave?")
def get_client_account(request: Request, actor: StaffReader, client_id: UUID) -> ClientAccountOut:
    """Your own: late cancellations, sites not ready, slow approvals, and what technicians and you said."""
    with reading(request, actor) as session:
        if session.get(ClientRow, client_id) is None or actor.client_id not in (None, client_id):
            raise NotFound("client", client_id)
        return _client(client_id, client_account(session, client_id, now=database_now(session)))


def _technician(technician_id: UUID, account: TechnicianAccount) -> ReputationOut:
    made, rules = account.reputation, account.rules
    return ReputationOut(
        technician_id=technician_id,
        score=made.score,
        low=made.low,
        high=made.high,
        start=made.start,
        num_outcomes=made.num,
        parts=[
            ReputationPartOut(
                name=part.name,  # type: ignore[arg-type]
                value=part.value,
                share=rules.weights[part.name],
                network_mean=rules.means[part.name],
                num_outcomes=part.num,
                weight=part.weight,
            )
            for part in made.parts
        ],
        points=[_point(each) for each in account.points],
        rules=RulesOut.model_validate(rules),
    )


def _point(point: Point) -> ReputationPointOut:
    outcome = point.outcome
    return ReputationPointOut(
        event_id=outcome.event_id,
        part=outcome.part,  # type: ignore[arg-type]
        kind=outcome.kind,
        words=WORDS[outcome.kind],
        at=outcome.at,
        points=point.points,
        counts=outcome.why_not is None,
        why_not=outcome.why_not,
        why_not_words=WHY_NOT[outcome.why_not] if outcome.why_not else None,
        assignment_id=point.assignment_id,
        job_id=point.job_id,
        review_id=point.review_id,
        review_state=point.review_state,  # type: ignore[arg-type]
    )


def _client(client_id: UUID, account: ClientAccount) -> ClientAccountOut:
    num_ratings = visible_count(account.num_ratings, "client")
    return ClientAccountOut(
        client_id=client_id,
        since=account.since,
        num_assignments=account.num_assignments,
        late_cancellations=account.counts["late_cancellation"],
        sites_not_ready=account.counts["site_not_ready"],
        slow_approvals=account.counts["slow_approval"],
        num_ratings=num_ratings,
        # Of a few ratings the mean would tell each of them.
        mean_stars=account.mean_stars if num_ratings else None,
        points=[ClientPointOut.model_validate(each) for each in account.points],
        given=[_rating(each) for each in account.given],
    )


def _rating(row: RatingRow) -> RatingOut:
    return RatingOut(
        id=row.id,
        assignment_id=row.assignment_id,
        by_side=row.by_side,  # type: ignore[arg-type]
        stars=row.stars,
        show_at=row.show_at,
        is_shown=row.shown_at is not None,
    )
