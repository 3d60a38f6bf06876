"""What has a technician signed, with whom, and is it the text that is in force? Versions are kept as published."""

import hashlib
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import AgreementRow, ClientRow, CredentialKindRow, CredentialRow, UsageRow, new_id
from dispatch.record.tables.talent import LIVE_PROOFS
from dispatch.talent.askings import hold_touched
from dispatch.talent.credentials import Claim, insert_credential
from dispatch.talent.proofs import checked_facts
from dispatch.talent.rights import hold_technician, only, own_client
from dispatch.talent.words import checked_text

#: A signature has no last day of its own: a later version that must be signed ends it, or somebody revokes it.
FOR_EVER = date(9999, 12, 31)
_MAX_CHARS = 100_000


def publish_agreement(
    session: Session,
    actor: Actor,
    client_id: UUID,
    kind: str,
    words: str,
    *,
    sign_again_from: date | None = None,
    now: datetime,
) -> UUID:
    """Publish the next version of an agreement: its id. From `sign_again_from` on older signatures do not count.

    Work that ends on that day or later, and whose technician has not signed it, is looked at at once.

    Raises
    ------
    BadInput
        The kind is no agreement, the text is empty or too long, or the day has passed.
    NotFound, Refused
        The client is not the actor's; the actor may not.
    """
    only(actor, "operator", "client_admin", doing="publishing agreements")
    own_client(session, actor, client_id)
    row = session.get(CredentialKindRow, kind)
    if row is None or row.family != "agreement":
        raise BadInput("kind", kind, "name a kind of the family agreement")
    text = checked_text("words", words, max_chars=_MAX_CHARS, is_long=True)
    if sign_again_from is not None and sign_again_from <= now.date():
        raise BadInput("sign_again_from", sign_again_from.isoformat(), "give people until tomorrow at least to sign")
    hold_touched(session, client_id, {kind}, now=now)
    client = session.scalars(
        select(ClientRow)
        .where(ClientRow.id == client_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    of_kind = (AgreementRow.client_id == client_id, AgreementRow.kind == kind)
    version = (session.scalar(select(func.max(AgreementRow.version)).where(*of_kind)) or 0) + 1
    agreement_id = new_id()
    session.execute(
        insert(AgreementRow).values(
            id=agreement_id,
            client_id=client_id,
            kind=kind,
            version=version,
            words=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            sign_again_from=sign_again_from,
            published_at=now,
        )
    )
    settings = client.proof_policy.get(kind, {})
    signed_from = None if sign_again_from is None else sign_again_from.toordinal()
    versions = [*settings.get("versions", ()), [version, signed_from]]
    client.proof_policy = {**client.proof_policy, kind: {**settings, "versions": versions}}
    session.flush()
    told = {"kind": kind, "version": version, "sign_again_from": sign_again_from and sign_again_from.isoformat()}
    record(session, actor, ("agreement", agreement_id), "published", told, client_id=client_id, now=now)
    return agreement_id


def sign_agreement(
    session: Session, actor: Actor, agreement_id: UUID, sha256: str, address: str, *, now: datetime
) -> UUID:
    """Sign the text with this hash, from this address: the proof's id. Only the technician signs, nobody for them.

    Raises
    ------
    BadInput
        The hash is not of this text: something else was shown.
    Conflict
        A newer version is in force, or it is signed already.
    NotFound, Refused
        There is none; the actor is no technician.
    """
    only(actor, "technician", doing="signing")
    assert actor.technician_id is not None
    agreement = session.get(AgreementRow, agreement_id)
    if agreement is None:
        raise NotFound("agreement", agreement_id)
    hold_technician(session, actor, actor.technician_id)
    newest = find_in_force(session, agreement.client_id, agreement.kind)
    if newest.id != agreement.id:
        raise Conflict(f"version {newest.version}", f"sign version {agreement.version}", (f"sign {newest.id}",))
    if sha256 != agreement.sha256:
        raise BadInput("sha256", sha256, "read the text again, and send the hash that came with it")
    facts = {
        "version": agreement.version,
        "sha256": agreement.sha256,
        "signed_at": now.isoformat(),
        "address": address or "unknown",
    }
    _check_not_signed(session, actor.technician_id, agreement)
    claim = Claim(agreement.kind, now.date(), FOR_EVER, for_client_id=agreement.client_id)
    kept = checked_facts("agreement", facts)
    told = {"agreement": str(agreement.id), "version": agreement.version}
    mine = (UsageRow.client_id == agreement.client_id, UsageRow.technician_id == actor.technician_id)
    # A contract that was missing is not any more.
    session.execute(update(UsageRow).where(*mine, UsageRow.judge_at.is_not(None)).values(judge_at=now))
    return insert_credential(
        session, actor, actor.technician_id, claim, state="verified", facts=kept, told=told, now=now
    )


def find_in_force(session: Session, client_id: UUID, kind: str) -> AgreementRow:
    """The newest version; raises NotFound where there is none."""
    wanted = select(AgreementRow).where(AgreementRow.client_id == client_id, AgreementRow.kind == kind)
    found = session.scalars(wanted.order_by(AgreementRow.version.desc()).limit(1)).one_or_none()
    if found is None:
        raise NotFound("agreement", kind)
    return found


def _check_not_signed(session: Session, technician_id: UUID, agreement: AgreementRow) -> None:
    signed = select(CredentialRow.id).where(
        CredentialRow.technician_id == technician_id,
        CredentialRow.kind == agreement.kind,
        CredentialRow.for_client_id == agreement.client_id,
        CredentialRow.state.in_(LIVE_PROOFS),
        CredentialRow.facts["version"].as_integer() == agreement.version,
    )
    if session.scalar(signed.limit(1)) is not None:
        raise Conflict("signed", "sign it again")
