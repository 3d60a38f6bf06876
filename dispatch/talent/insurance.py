"""Does an insurance still name who would be liable? After a change of name or company it waits for a review again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.record.session import ENGINE
from dispatch.record.tables import CredentialKindRow, CredentialRow, TechnicianRow
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import move_credential
from dispatch.talent.proofs import is_same_name
from dispatch.talent.reviews import liable_name


def reopen_insurance(session: Session, technician_id: UUID, *, now: datetime) -> tuple[UUID, ...]:
    """Have every verified insurance that names somebody else by now reviewed again: which; the caller holds the person.

    From now on no acceptance counts on it; what it leaves uncovered is judged again within seconds (`recheck_due`).
    """
    liable = liable_name(session, session.get_one(TechnicianRow, technician_id))
    wanted = (
        select(CredentialRow.id, CredentialRow.facts)
        .join(CredentialKindRow, CredentialKindRow.code == CredentialRow.kind)
        .where(
            CredentialRow.technician_id == technician_id,
            CredentialRow.state.in_(LIVE_PROOFS),
            CredentialKindRow.family == "insurance",
        )
        .order_by(CredentialRow.id)
    )
    named = [(each, facts.get("named_insured")) for each, facts in session.execute(wanted).all()]
    others = tuple(each for each, name in named if name is not None and not is_same_name(name, liable))
    for each in others:
        move_credential(session, ENGINE, each, "reopen", told={"why": "named_insured"}, now=now, verified_at=None)
    return others
