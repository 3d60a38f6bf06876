"""Does an insurance still name who would be liable? After a change of name or company it waits for a review again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE
from dispatch.record.tables import CompanyRow, CredentialKindRow, CredentialRow, TechnicianRow
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import move_credential
from dispatch.talent.proofs import is_same_name


def reopen_insurance(session: Session, technicians: Sequence[UUID], *, now: datetime) -> tuple[UUID, ...]:
    """Have every verified insurance of theirs that names somebody else by now reviewed again: which.

    The caller has changed who they are, and holds them. From now on no acceptance counts on it; what it leaves
    uncovered is judged again within seconds (`recheck_due`), or at once by who can (`recheck`).
    """
    named = CredentialRow.facts["named_insured"].as_string()
    wanted = (
        select(CredentialRow.id, named, func.coalesce(CompanyRow.name, TechnicianRow.name))
        .join(CredentialKindRow, CredentialKindRow.code == CredentialRow.kind)
        .join(TechnicianRow, TechnicianRow.id == CredentialRow.technician_id)
        .outerjoin(CompanyRow, CompanyRow.id == TechnicianRow.company_id)
        .where(
            CredentialRow.technician_id == any_(literal(list(technicians), ARRAY(Uuid()))),
            CredentialRow.state.in_(LIVE_PROOFS),
            CredentialKindRow.family == "insurance",
            named.is_not(None),
        )
        .order_by(CredentialRow.technician_id, CredentialRow.id)
    )
    others = tuple(each for each, name, liable in session.execute(wanted).all() if not is_same_name(name, liable))
    for each in others:
        move_credential(session, ENGINE, each, "reopen", told={"why": "named_insured"}, now=now, verified_at=None)
    return others
