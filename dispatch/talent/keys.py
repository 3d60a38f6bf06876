"""Who may call, as whom? API keys: made, shown once, found by their secret, listed, revoked.

A secret has 256 random bits, so that its plain SHA-256 is safe to keep: there is nothing to guess that a slow hash
would protect, and every request would pay for one.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, String, Uuid, any_, cast, func, insert, select, text
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, Conflict, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import ApiKeyRow, ClientRow, CompanyRow, StaffRow, TechnicianRow, new_id
from dispatch.record.tables.audit import KEY_ROLES
from dispatch.talent.rights import NETWORK, only
from dispatch.talent.words import checked_text

PREFIX = "tr_"

_NUM_BYTES = 32
_OF_CLIENT = ("client_admin", "requester", "dispatcher")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. The secret is kept nowhere: this is the one time that anybody sees it."""

    id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class _Owner:
    client_id: UUID | None = None
    staff_id: UUID | None = None
    technician_id: UUID | None = None
    company_id: UUID | None = None


def create_key(
    session: Session,
    actor: Actor,
    *,
    role: str,
    label: str,
    client_id: UUID | None = None,
    staff_id: UUID | None = None,
    technician_id: UUID | None = None,
    company_id: UUID | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> NewKey:
    """A new key that speaks for a client (perhaps one of its staff), a technician, a company, or nobody else.

    Raises
    ------
    BadInput
        The role is unknown, the owner does not fit it or does not exist, or the end has passed.
    NotFound, Refused
        The client is not the actor's; the actor is neither the operator nor a client's admin.
    """
    only(actor, "operator", "client_admin", doing="making keys")
    owner = _Owner(client_id, staff_id, technician_id, company_id)
    if actor.client_id is not None and (client_id != actor.client_id or role not in _OF_CLIENT):
        raise NotFound("client", client_id)
    _check_owner(session, role, owner)
    if expires_at is not None and (expires_at.utcoffset() is None or expires_at <= now):
        raise BadInput("expires_at", expires_at.isoformat(), "choose a time, with its offset, that has not passed")
    key = NewKey(new_id(), PREFIX + secrets.token_urlsafe(_NUM_BYTES))
    values = asdict(owner) | {"id": key.id, "hash": _hash(key.secret), "role": role, "expires_at": expires_at}
    session.execute(insert(ApiKeyRow).values(label=checked_text("label", label), created_at=now, **values))
    _record(session, actor, owner, "key_created", key.id, now)
    return key


def find(session: Session, secret: str) -> Actor | None:
    """Whom a secret speaks for, None when no key in force has it.

    Runs as the application or the engine, before the transaction has an actor.
    """
    if not secret.startswith(PREFIX) or len(secret) > 100 or not secret.isascii():
        return None
    row = session.execute(_FIND, {"hash": _hash(secret)}).one_or_none()
    if row is None:
        return None
    return Actor(
        kind=row.role,
        id=row.staff_id or row.technician_id or row.company_id or row.id,
        client_id=row.client_id,
        technician_id=row.technician_id,
        company_id=row.company_id,
        key_id=row.id,
    )


def current(session: Session, key_ids: Collection[UUID]) -> set[UUID]:
    """Those of the keys that count now. Runs as the engine."""
    these = ApiKeyRow.id == any_(cast(list(key_ids), ARRAY(Uuid)))
    unexpired = ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.clock_timestamp())
    return set(session.scalars(select(ApiKeyRow.id).where(these, ApiKeyRow.revoked_at.is_(None), unexpired)))


def list_keys(session: Session, actor: Actor) -> Sequence[ApiKeyRow]:
    """All keys, or those of the actor's client, newest first, revoked ones too.

    Raises
    ------
    Refused
        The actor is neither the operator nor a client's admin.
    """
    only(actor, "operator", "client_admin", doing="listing keys")
    keys = select(ApiKeyRow).order_by(ApiKeyRow.id.desc())
    if actor.client_id is not None:
        keys = keys.where(ApiKeyRow.client_id == actor.client_id)
    return session.scalars(keys).all()


def revoke_key(session: Session, actor: Actor, key_id: UUID, *, now: datetime) -> None:
    """From now on nobody is known by this key.

    Raises
    ------
    Conflict
        It is revoked already.
    NotFound, Refused
        There is none for this actor; the actor is neither the operator nor a client's admin.
    """
    only(actor, "operator", "client_admin", doing="revoking keys")
    row = session.scalars(select(ApiKeyRow).where(ApiKeyRow.id == key_id).with_for_update()).one_or_none()
    if row is None or (actor.client_id is not None and actor.client_id != row.client_id):
        raise NotFound("key", key_id)
    if row.revoked_at is not None:
        raise Conflict("revoked", "revoke the key")
    row.revoked_at = now
    session.flush()
    _record(session, actor, _Owner(row.client_id, technician_id=row.technician_id), "key_revoked", key_id, now)


_FIND = text("SELECT id, role, client_id, staff_id, technician_id, company_id FROM find_api_key(:hash)").columns(
    id=Uuid, role=String, client_id=Uuid, staff_id=Uuid, technician_id=Uuid, company_id=Uuid
)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _check_owner(session: Session, role: str, owner: _Owner) -> None:
    if role not in KEY_ROLES:
        raise BadInput("role", role, f"give one of {', '.join(KEY_ROLES)}")
    wanted = "client" if role in _OF_CLIENT else role if role in ("technician", "company") else None
    given = {"client": owner.client_id, "technician": owner.technician_id, "company": owner.company_id}
    named = [name for name, id_ in given.items() if id_ is not None]
    if named != ([wanted] if wanted else []):
        whose = f"for one {wanted}, and name only that" if wanted else "for nobody: name no client or person"
        raise BadInput("role", role, f"make a key of this role {whose}")
    tables = {"client": ClientRow, "technician": TechnicianRow, "company": CompanyRow}
    if wanted and session.get(tables[wanted], given[wanted]) is None:
        raise BadInput(wanted, given[wanted], f"name a {wanted} that exists")
    if owner.staff_id is not None:
        staff = session.get(StaffRow, owner.staff_id)
        if staff is None or staff.left_at is not None or (staff.client_id, staff.role) != (owner.client_id, role):
            raise BadInput("staff_id", owner.staff_id, f"name a {role} of this client who has not left")


def _record(session: Session, actor: Actor, owner: _Owner, kind: str, key_id: UUID, now: datetime) -> None:
    subject = NETWORK
    if owner.client_id is not None:
        subject = ("client", owner.client_id)
    elif owner.technician_id is not None:
        subject = ("technician", owner.technician_id)
    record(session, actor, subject, kind, {"key": str(key_id)}, client_id=owner.client_id, now=now)
