"""What is proved about a technician? Credentials are submitted, verified, rejected, revoked.

That one has ended needs no move: the rules read its last day.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CredentialKindRow, CredentialRow, new_id
from dispatch.talent.rights import hold_technician, only
from dispatch.talent.words import checked_text

#: state -> {wish: the next state}
MOVES: Mapping[str, Mapping[str, str]] = {
    "claimed": {"submit": "submitted", "reject": "rejected"},
    "submitted": {"verify": "verified", "reject": "rejected"},
    "verified": {"revoke": "revoked"},
    "expired": {},
    "revoked": {},
    "rejected": {},
}

#: Live assignments of a technician that need a kind of credential and end after the last day proved by others.
_TOUCHED = text(
    """
    SELECT a.id FROM assignments a
    JOIN slots s ON s.client_id = a.client_id AND s.id = a.slot_id
    JOIN jobs j ON j.client_id = a.client_id AND j.id = a.job_id
    JOIN sites p ON p.client_id = a.client_id AND p.id = j.site_id
    WHERE a.technician_id = :technician AND a.state = 'live' AND a.end_at > :now
      AND s.needs -> 'credentials' ? :kind
      AND (a.end_at AT TIME ZONE p.time_zone)::date > coalesce(
          (SELECT max(valid_until) FROM credentials c
           WHERE c.technician_id = :technician AND c.kind = :kind AND c.state = 'verified'), '-infinity')
    ORDER BY a.id
    """
)


def submit_credential(
    session: Session,
    actor: Actor,
    technician_id: UUID,
    kind: str,
    valid_from: date,
    valid_until: date,
    evidence: str,
    *,
    now: datetime,
) -> UUID:
    """Hand in a proof, valid from its first through its last day, with a reference to the evidence; its id.

    Raises
    ------
    BadInput
        The kind is not of the catalogue, the last day is before the first or has passed, or the evidence is empty.
    NotFound
        There is no such technician for this actor.
    """
    hold_technician(session, actor, technician_id)
    if session.get(CredentialKindRow, kind) is None:
        raise BadInput("kind", kind, "name a kind of credential of the catalogue")
    if valid_until < valid_from:
        raise BadInput("valid_until", valid_until.isoformat(), "give a last day that is not before the first")
    if valid_until < now.date():
        raise BadInput("valid_until", valid_until.isoformat(), "hand in a proof that has not ended")
    reference = checked_text("evidence", evidence)
    credential_id = new_id()
    session.execute(
        insert(CredentialRow).values(
            id=credential_id,
            technician_id=technician_id,
            kind=kind,
            state="submitted",
            valid_from=valid_from,
            valid_until=valid_until,
            evidence=reference,
            created_at=now,
        )
    )
    data = {"technician": str(technician_id), "kind": kind, "valid_until": valid_until.isoformat()}
    record(session, actor, ("credential", credential_id), "submitted", data, client_id=None, now=now)
    return credential_id


def verify_credential(session: Session, actor: Actor, credential_id: UUID, *, now: datetime) -> None:
    """Say that a submitted proof is genuine: the rules trust it from now on.

    Raises
    ------
    Conflict
        It is not waiting to be verified.
    NotFound, Refused
        There is none; the actor is not the operator.
    """
    only(actor, "operator", doing="verifying credentials")
    row = _move(session, actor, credential_id, "verify")
    row.verified_at = now
    session.flush()
    _record(session, actor, row, "verified", now)


def reject_credential(session: Session, actor: Actor, credential_id: UUID, *, now: datetime) -> None:
    """Say that a claimed or submitted proof does not hold; raises as `verify_credential`."""
    only(actor, "operator", doing="rejecting credentials")
    row = _move(session, actor, credential_id, "reject")
    session.flush()
    _record(session, actor, row, "rejected", now)


def revoke_credential(session: Session, actor: Actor, credential_id: UUID, *, now: datetime) -> list[UUID]:
    """Take a verified proof back; the live assignments that need it and that no other proof covers to their end.

    Waits for an acceptance that is under way, so that its assignment is among them; an acceptance that comes later
    fails the rule. Nobody is taken off a job by this: a dispatcher decides, with the list in hand.

    Raises
    ------
    Conflict
        It is not verified.
    NotFound, Refused
        There is none; the actor is not the operator.
    """
    only(actor, "operator", doing="revoking credentials")
    row = _move(session, actor, credential_id, "revoke")
    row.revoked_at = now
    session.flush()
    wanted = {"technician": row.technician_id, "kind": row.kind, "now": now}
    touched = list(session.execute(_TOUCHED, wanted).scalars())
    _record(session, actor, row, "revoked", now, [str(each) for each in touched])
    return touched


def _move(session: Session, actor: Actor, credential_id: UUID, wish: str) -> CredentialRow:
    """Lock the technician, then the credential, and set its next state."""
    technician_id = session.scalar(select(CredentialRow.technician_id).where(CredentialRow.id == credential_id))
    if technician_id is None:
        raise NotFound("credential", credential_id)
    hold_technician(session, actor, technician_id)
    row = session.scalars(
        select(CredentialRow)
        .where(CredentialRow.id == credential_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    moves = MOVES[row.state]
    if wish not in moves:
        raise Conflict(row.state, wish, tuple(moves))
    row.state = moves[wish]
    return row


def _record(
    session: Session, actor: Actor, row: CredentialRow, kind: str, now: datetime, touched: list[str] | None = None
) -> None:
    data = {"technician": str(row.technician_id), "kind": row.kind}
    more = {} if touched is None else {"assignments": touched}
    record(session, actor, ("credential", row.id), kind, {**data, **more}, client_id=None, now=now)
