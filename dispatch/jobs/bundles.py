"""Who can take a whole bundle? Its jobs are offered to those who may do every one of them, and taken together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.index.roster import Roster
from dispatch.index.search import search
from dispatch.jobs.reading import RoleOfVisit, read_role
from dispatch.record.tables import JobRow, RoundRow
from matching.candidates import Bools, Candidates
from matching.eligibility import judge


def read_bundle_roles(session: Session, bundle_id: UUID) -> list[RoleOfVisit]:
    """Every role of the bundle's jobs that is being offered."""
    rounds = session.execute(
        select(RoundRow.visit_id, RoundRow.role)
        .join(JobRow, JobRow.id == RoundRow.job_id)
        .where(JobRow.bundle_id == bundle_id, RoundRow.closed_at.is_(None))
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
