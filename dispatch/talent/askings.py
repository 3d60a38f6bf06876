"""What does a client ask of proofs, beyond their last day? By kind, as it is now, for all of its jobs at once.

A change holds everybody whom it may touch: an acceptance comes before it, and is looked at again, or judges by it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import (
    AssignmentRow,
    ClientRow,
    CredentialKindRow,
    CredentialRow,
    OfferRow,
    TechnicianRow,
)
from dispatch.record.tables.offers import LIVE_OFFERS
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.credentials import look_again
from dispatch.talent.rights import only, own_client
from matching.errors import PolicyError
from matching.proof import read_requirements


def set_proof_policy(
    session: Session, actor: Actor, client_id: UUID, policy: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Say what this client asks of each kind; what is left out is asked no more: the policy as it is kept.

    Of an agreement its versions stay: they are published, not set.

    Raises
    ------
    BadInput
        A kind is not of the catalogue, or a setting is unknown or outside its limits.
    NotFound, Refused
        The client is not the actor's; the actor may not.
    """
    only(actor, "operator", "client_admin", doing="saying what is asked of proofs")
    own_client(session, actor, client_id)
    _check(session, policy, client_id)
    before = read_policy(session, client_id)
    hold_touched(session, client_id, {*before, *policy}, now=now)
    row = session.scalars(select(ClientRow).where(ClientRow.id == client_id).with_for_update(key_share=True)).one()
    session.refresh(row)
    versions = {kind: each["versions"] for kind, each in row.proof_policy.items() if "versions" in each}
    kept = {kind: dict(settings) for kind, settings in policy.items()}
    for kind, published in versions.items():
        kept[kind] = {**kept.get(kind, {}), "versions": published}
    row.proof_policy = kept
    session.flush()
    told = {"kinds": sorted(kept)}
    record(session, actor, ("client", client_id), "proof_policy_set", told, client_id=client_id, now=now)
    return kept


def read_policy(session: Session, client_id: UUID) -> dict[str, Any]:
    """What this client asks, as it is kept."""
    return dict(session.scalar(select(ClientRow.proof_policy).where(ClientRow.id == client_id)) or {})


def hold_touched(session: Session, client_id: UUID, kinds: Collection[str], *, now: datetime) -> None:
    """Lock, ascending, whoever has a proof of these kinds, or work or an offer of the client, and have them judged."""
    has_proof = select(CredentialRow.id).where(
        CredentialRow.technician_id == TechnicianRow.id,
        CredentialRow.kind.in_(kinds),
        CredentialRow.state.in_(LIVE_PROOFS),
    )
    has_work = select(AssignmentRow.id).where(
        AssignmentRow.technician_id == TechnicianRow.id,
        AssignmentRow.client_id == client_id,
        AssignmentRow.state == "live",
    )
    is_asked = select(OfferRow.id).where(
        OfferRow.technician_id == TechnicianRow.id, OfferRow.client_id == client_id, OfferRow.state.in_(LIVE_OFFERS)
    )
    touched = session.scalars(
        select(TechnicianRow.id)
        .where(has_proof.exists() | has_work.exists() | is_asked.exists())
        .order_by(TechnicianRow.id)
        .with_for_update(key_share=True)
    ).all()
    look_again(session, touched, now)


def _check(session: Session, policy: Mapping[str, Any], client_id: UUID) -> None:
    known = set(session.scalars(select(CredentialKindRow.code).where(CredentialKindRow.code.in_(policy))))
    for kind, settings in policy.items():
        if kind not in known:
            raise BadInput("policy", kind, "name a kind of credential of the catalogue")
        if isinstance(settings, Mapping) and "versions" in settings:
            raise BadInput(f"policy.{kind}.versions", settings["versions"], "publish the agreement instead")
    try:
        read_requirements(policy, client_id)
    except PolicyError as error:
        raise BadInput("policy", dict(policy), str(error)) from error
