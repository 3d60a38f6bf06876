"""What was decided about me without my being asked? Decisions that had a technician in reach and made them no offer.

Decisions are the client's rows: these run as the engine, and tell of nobody but the technician. By the facts of that
day, not by what holds now, so that a block that comes later takes nothing away and is not seen by what is gone.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import cos, radians
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased, undefer

from dispatch.errors import NotFound
from dispatch.record.tables import (
    AdmissionRow,
    ClientRow,
    DecisionRow,
    JobRow,
    OfferRow,
    PoolMemberRow,
    PoolRow,
    SiteRow,
    TechnicianRow,
    VisitRow,
)
from dispatch.reputation.decisions import OwnDecision, own_of, tells_of_block
from matching.eligibility import Rule
from matching.explain import TechnicianExplanation, explain_technician, row_of
from matching.inputs import Inputs, decode

#: Older ones are not told of.
TOLD_FOR = timedelta(days=90)
#: The market's work is looked for so far around where the technician lives; who starts elsewhere is told less.
_AROUND_KM = 320.0
_KM_A_DEGREE = 111.0


@dataclass(frozen=True, slots=True)
class Unasked:
    """A decision about a technician who was not asked, and the work as it would have been offered.

    `work` is None where the work is for US persons alone and they are not known to be one: nothing of it is told.
    `is_known`: the client is one that has to do with them; the market names none before it asks.
    """

    own: OwnDecision
    work: tuple[JobRow, VisitRow, SiteRow] | None
    client: ClientRow
    is_known: bool


def unasked_decisions(
    session: Session, technician_id: UUID, *, now: datetime
) -> Select[DecisionRow, JobRow, VisitRow, SiteRow, ClientRow]:
    """The newest decision of each role that may have had them in reach, of jobs without an offer to them; see `tell`.

    Raises
    ------
    NotFound
        When there is no such technician.
    """
    technician = session.get(TechnicianRow, technician_id)
    if technician is None:
        raise NotFound("technician", technician_id)
    later = aliased(DecisionRow)
    is_over = exists().where(
        later.client_id == DecisionRow.client_id,
        later.job_id == DecisionRow.job_id,
        later.visit_id == DecisionRow.visit_id,
        later.role == DecisionRow.role,
        later.id > DecisionRow.id,
    )
    was_asked = exists().where(OfferRow.job_id == DecisionRow.job_id, OfferRow.technician_id == technician_id)
    return (
        select(DecisionRow, JobRow, VisitRow, SiteRow, ClientRow)
        .join(JobRow, JobRow.id == DecisionRow.job_id)
        .join(VisitRow, VisitRow.id == DecisionRow.visit_id)
        .join(SiteRow, SiteRow.id == JobRow.site_id)
        .join(ClientRow, ClientRow.id == DecisionRow.client_id)
        .where(DecisionRow.decided_at > now - TOLD_FOR, ~is_over, ~was_asked, _may_concern(technician))
        .options(undefer(DecisionRow.inputs))
    )


def tell(
    session: Session, technician_id: UUID, row: tuple[DecisionRow, JobRow, VisitRow, SiteRow, ClientRow]
) -> Unasked | None:
    """What they may read of it; None: they were not in reach, or it is not theirs to know of."""
    decision, job, visit, site, client = row
    found = _read(decision, technician_id)
    if found is None:
        return None
    told, is_known = found
    hidden = next((tick for tick in told.ticks if tick.rule is Rule.CLEARANCE and not tick.holds), None)
    if hidden is not None:
        told = replace(told, ticks=(hidden,), parts={}, place=None)
    own = own_of(session, decision, told, technician_id, "not_asked")
    return Unasked(own, None if hidden is not None else (job, visit, site), client, is_known)


def was_considered(session: Session, technician_id: UUID, decision_id: UUID) -> bool:
    """Whether a decision is one that `tell` tells of, or would if it were the newest: its review can be asked for."""
    wanted = select(DecisionRow).where(DecisionRow.id == decision_id).options(undefer(DecisionRow.inputs))
    decision = session.scalars(wanted).one_or_none()
    return decision is not None and _read(decision, technician_id) is not None


def _read(decision: DecisionRow, technician_id: UUID) -> tuple[TechnicianExplanation, bool] | None:
    told = explain_technician(decision.outcome, decision.inputs, technician_id)
    if told is None or told.was_asked or tells_of_block(told):
        return None
    is_known = _is_known(decode(decision.inputs), technician_id)
    is_let_in = any(tick.rule is Rule.POOL and tick.holds for tick in told.ticks)
    return (told, is_known) if is_known or is_let_in else None


def _is_known(inputs: Inputs, technician_id: UUID) -> bool:
    """Whether the client had to do with them that day: it admitted or suspended them, or the job's pools held them."""
    facts = inputs.candidates
    row = row_of(facts, technician_id)
    return row is not None and bool(facts.is_admitted[row] or facts.is_suspended[row] or facts.in_pool[row])


def _may_concern(technician: TechnicianRow) -> ColumnElement[bool]:
    """Of a client that has to do with them, or not far from where they live."""
    lat = _AROUND_KM / _KM_A_DEGREE
    lng = lat / max(cos(radians(technician.lat)), 0.01)
    return or_(
        exists().where(AdmissionRow.client_id == DecisionRow.client_id, AdmissionRow.technician_id == technician.id),
        exists().where(
            PoolMemberRow.technician_id == technician.id,
            PoolMemberRow.pool_id == PoolRow.id,
            PoolRow.client_id == DecisionRow.client_id,
        ),
        and_(
            SiteRow.lat.between(technician.lat - lat, technician.lat + lat),
            SiteRow.lng.between(technician.lng - lng, technician.lng + lng),
        ),
    )
