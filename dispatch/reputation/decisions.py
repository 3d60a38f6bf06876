"""What did the engine decide about me, and by what? The decision behind an offer, as its technician may read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from dispatch.errors import NotFound
from dispatch.record.session import Actor
from dispatch.record.tables import DecisionRow, OfferRow, ReviewRow, WaveRow
from matching.eligibility import Rule
from matching.explain import TechnicianExplanation, explain_technician
from matching.inputs import decode


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """A decision, what it says of one technician, and by which weights; what became of their offer."""

    decision: DecisionRow
    told: TechnicianExplanation
    weights: Mapping[str, float]
    decided_at: datetime
    outcome: str
    review_id: UUID | None


def decision_about(session: Session, actor: Actor, offer_id: UUID) -> OwnDecision:
    """The decision that led to an offer; where none did (they asked for the work), the job's latest that knew them.

    Runs as the engine, because decisions are the client's rows; it tells of nobody but the technician.

    Raises
    ------
    NotFound
        When the offer is not the actor's, or no decision knew them.
    """
    mine = select(OfferRow).where(OfferRow.id == offer_id)
    if actor.company_id is not None:
        mine = mine.where(OfferRow.company_id == actor.company_id)
    elif actor.kind != "operator":
        mine = mine.where(OfferRow.technician_id == actor.technician_id)
    offer = session.scalars(mine).one_or_none()
    if offer is None:
        raise NotFound("offer", offer_id)
    wanted = select(DecisionRow).where(DecisionRow.job_id == offer.job_id)
    if offer.wave_id is not None:
        wanted = wanted.join(WaveRow, WaveRow.decision_id == DecisionRow.id).where(WaveRow.id == offer.wave_id)
    for decision in session.scalars(
        wanted.order_by(DecisionRow.decided_at.desc(), DecisionRow.id.desc()).options(undefer(DecisionRow.inputs))
    ):
        told = explain_technician(decision.outcome, decision.inputs, offer.technician_id)
        if told is not None and not tells_of_block(told):
            return own_of(session, decision, told, offer.technician_id, offer.state)
    raise NotFound("decision behind offer", offer_id)


def tells_of_block(told: TechnicianExplanation) -> bool:
    """Whether a block is in the way: it is never shown to the other side, so nothing of that decision is."""
    return any(tick.rule == Rule.BLOCKED and not tick.holds for tick in told.ticks)


def own_of(
    session: Session, decision: DecisionRow, told: TechnicianExplanation, technician_id: UUID, outcome: str
) -> OwnDecision:
    """What one technician may read of a decision, with where they asked for a person's look."""
    weights = decode(decision.inputs).policy.to_document()["weights"]
    assert isinstance(weights, dict), "a policy's document has its weights"
    review_id = session.scalar(
        select(ReviewRow.id).where(ReviewRow.decision_id == decision.id, ReviewRow.technician_id == technician_id)
    )
    return OwnDecision(decision, told, weights, decision.decided_at, outcome, review_id)
