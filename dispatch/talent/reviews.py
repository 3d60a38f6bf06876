"""May this proof be verified, rejected or revoked: by whom, having seen what, and having heard whom?"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, Refused
from dispatch.record.session import Actor
from dispatch.record.tables import (
    CompanyRow,
    CredentialKindRow,
    CredentialRow,
    DocumentRow,
    RemovalRow,
    TechnicianRow,
)
from dispatch.record.tables.proofs import ENDED_REMOVALS
from dispatch.record.tables.talent import ENDED_PROOFS, GROUNDS
from dispatch.talent.proofs import checked_facts, is_same_name

_REVIEWERS = ("client_admin", "dispatcher")


def may_review(session: Session, actor: Actor, row: CredentialRow) -> bool:
    """Whether the actor reviews this proof: the operator, or the client it is for where the kind lets it."""
    if actor.kind in ("operator", "engine"):
        return True
    kind = session.get_one(CredentialKindRow, row.kind)
    return actor.kind in _REVIEWERS and row.for_client_id == actor.client_id and kind.verified_by == "client"


def check_days(first: date, last: date) -> None:
    """Raise BadInput unless the last day of a proof is not before its first."""
    if last < first:
        raise BadInput("valid_until", last.isoformat(), "give a last day that is not before the first")


def facts_shown(session: Session, row: CredentialRow, said: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a proof says when somebody trusts it, in full: as it was handed in, with what its reviewer read in it.

    Where the reviewer says None, it does not say what was handed in with it.

    Raises
    ------
    BadInput
        Naming the fact that its family needs and nobody said, or one that cannot be used.
    Refused
        Who is insured is somebody else than who would be liable.
    """
    family = session.get_one(CredentialKindRow, row.kind).family
    result = {"result": row.facts["result"]} if "result" in row.facts else {}
    handed_in = {name: value for name, value in row.facts.items() if name not in result}
    read = {**handed_in, **(said or {})}
    facts = checked_facts(family, {name: value for name, value in read.items() if value is not None})
    if family == "insurance":
        _check_insured(session, row, facts["named_insured"])
    return {**facts, **result}


def _check_insured(session: Session, row: CredentialRow, named: str) -> None:
    """Raise Refused unless who is insured is who would be liable (`liable_name`)."""
    if is_same_name(named, liable_name(session, session.get_one(TechnicianRow, row.technician_id))):
        return
    raise Refused("the insurance names somebody else: the named insured must be the legal name", ("named_insured",))


def liable_name(session: Session, person: TechnicianRow) -> str:
    """The legal name of who would be liable: the company, or the technician who works alone."""
    company = session.get(CompanyRow, person.company_id) if person.company_id else None
    return company.name if company else person.name


def check_seen(session: Session, actor: Actor, row: CredentialRow, seen: Sequence[str]) -> dict[str, Any]:
    """Raise Refused unless a person who verifies a proof has seen its documents as they are: what the event tells.

    Without it a document could be exchanged between the look at it and the word that it is genuine.
    """
    wanted = select(DocumentRow.sha256).where(DocumentRow.credential_id == row.id).order_by(DocumentRow.num)
    hashes = list(session.scalars(wanted))
    if not hashes:
        return {}
    if actor.kind != "engine" and hashes != list(seen):
        way_out = "look at its documents, and send their hashes, in order, as seen"
        raise Refused(f"the documents of this proof are not those that were seen: {way_out}", ("documents_seen",))
    return {"documents": hashes}


def check_heard(session: Session, row: CredentialRow, wish: str, ground: str | None, *, is_final: bool) -> None:
    """Raise unless a proof over which somebody may have to leave is ended by the last step of a removal.

    A screening whose paper is wrong, whatever it says, ends on that `ground` alone: one of `GROUNDS`.

    Raises
    ------
    BadInput
        The ground is none of `GROUNDS`.
    Conflict
        Notice was given over it: its removal decides, whoever asks.
    Refused
        What a screening says is no reason to end it before its holder was heard, and an adverse result never is.
    """
    if ground is not None and ground not in GROUNDS:
        raise BadInput("ground", ground, f"give one of {', '.join(GROUNDS)}")
    if is_final or wish not in ("reject", "revoke"):
        return
    if is_held(session, row.technician_id, row.id):
        raise Conflict("noticed", wish, ("withdraw the removal", "finish the removal"))
    if row.facts.get("result") == "adverse":
        raise Refused("the result is adverse: give notice first, so that they are heard", ("only_after_notice",))
    if ground is None and session.get_one(CredentialKindRow, row.kind).is_screening:
        way_out = (
            f"give notice first, so that they are heard; or say on which ground it is no proof: {', '.join(GROUNDS)}"
        )
        raise Refused(f"a screening does not end by what it says: {way_out}", ("only_after_notice",))


def is_unheard(session: Session, technician_id: UUID) -> bool:
    """Whether an adverse result stands over which nobody gave notice yet: it is no reason to suspend somebody."""
    notice = select(RemovalRow.id).where(RemovalRow.credential_id == CredentialRow.id)
    wanted = select(CredentialRow.id).where(
        CredentialRow.technician_id == technician_id,
        CredentialRow.state.not_in(ENDED_PROOFS),
        CredentialRow.facts["result"].astext == "adverse",
        ~notice.exists(),
    )
    return session.scalar(wanted.limit(1)) is not None


def is_held(session: Session, technician_id: UUID, credential_id: UUID | None = None) -> bool:
    """Whether notice of a removal was given, over this proof or any, that no person has ended yet."""
    wanted = select(RemovalRow.id).where(
        RemovalRow.technician_id == technician_id, RemovalRow.state.not_in(ENDED_REMOVALS)
    )
    if credential_id is not None:
        wanted = wanted.where(RemovalRow.credential_id == credential_id)
    return session.scalar(wanted.limit(1)) is not None
