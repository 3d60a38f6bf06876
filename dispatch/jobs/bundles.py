"""Who can take a whole bundle? Its jobs are offered to those who may do every one of them, and taken together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.index.roster import Roster
from dispatch.index.search import search
from dispatch.jobs.reading import RoleOfVisit, read_role
from dispatch.record.session import Actor
from dispatch.record.tables import JobRow, OfferRow, RoundRow, SlotRow
from dispatch.record.tables.offers import LIVE_OFFERS
from matching.candidates import Bools, Candidates
from matching.eligibility import judge


def read_bundle_roles(session: Session, bundle_id: UUID) -> list[RoleOfVisit]:
    """Every role of the bundle's jobs that is being offered, without those of observers."""
    rounds = session.execute(
        select(RoundRow.visit_id, RoundRow.role)
        .join(JobRow, JobRow.id == RoundRow.job_id)
        .where(
            JobRow.bundle_id == bundle_id,
            RoundRow.closed_at.is_(None),
            ~select(SlotRow.id)
            .where(SlotRow.visit_id == RoundRow.visit_id, SlotRow.role == RoundRow.role, SlotRow.is_observer)
            .exists(),
        )
        .order_by(RoundRow.visit_id, RoundRow.role)
    ).all()
    return [read_role(session, visit_id, role) for visit_id, role in rounds]


def able_to_do_all(roster: Roster, candidates: Candidates, units: Sequence[RoleOfVisit], *, now: datetime) -> Bools:
    """(N,) which of the candidates may do every job of the bundle, each judged by itself."""
    able = np.ones(len(candidates), dtype=np.bool_)
    for unit in units:
        found = search(roster, unit.job, unit.policy, now=now)
        may = found.ids[judge(unit.job, found, unit.policy) == 0]
        able &= np.isin(candidates.ids, may)
    return able


def check_whole(session: Session, actor: Actor, bundle_id: UUID, wanted: Sequence[UUID]) -> None:
    """A yes to a bundle names all of its live offers that one technician has, each once. Runs as the engine.

    Raises
    ------
    NotFound
        When the actor has no offer of such a bundle.
    BadInput
        When an offer is missing, named twice, another's, or of another bundle.
    """
    own = (
        select(OfferRow.id, OfferRow.state, OfferRow.technician_id)
        .join(JobRow, JobRow.id == OfferRow.job_id)
        .where(JobRow.bundle_id == bundle_id)
    )
    if actor.technician_id is not None:
        own = own.where(OfferRow.technician_id == actor.technician_id)
    elif actor.company_id is not None:
        own = own.where(OfferRow.company_id == actor.company_id)
    rows: dict[UUID, Any] = {row.id: row for row in session.execute(own)}
    if not rows:
        raise NotFound("bundle", bundle_id)
    if len(set(wanted)) < len(wanted):
        raise BadInput("offers", len(wanted), "name each offer once")
    for num, offer_id in enumerate(wanted):
        if offer_id not in rows:
            raise BadInput(f"offers[{num}].offer_id", offer_id, "name your offers of this bundle")
    people = {rows[offer_id].technician_id for offer_id in wanted}
    missing = [
        row.id
        for row in rows.values()
        if row.technician_id in people and row.state in LIVE_OFFERS and row.id not in wanted
    ]
    if len(people) > 1 or missing:
        raise BadInput("offers", len(wanted), f"name all {len(wanted) + len(missing)} offers of one technician")
