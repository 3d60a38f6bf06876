"""Who asks, and may they? A bearer key or a session's cookie names an actor; each route says which roles may call it.

A key is looked up again after two seconds at the latest, so that a revoked one dies quickly; a session at every
request, with its person's row. The answer to a wrong key, an expired one and none at all is the same.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.requests import Request

from api.cookies import check_same_site, secret_of
from api.errors import Forbidden, Unauthenticated
from api.parts import Parts, parts_of
from dispatch.errors import BadInput, NotFound
from dispatch.record.session import ENGINE, Actor, transaction
from dispatch.record.tables import TechnicianRow
from dispatch.signin import sessions
from dispatch.talent import keys

#: Seconds that a key is trusted without looking again.
_TRUST_S = 2.0
_MAX_CACHED = 10_000

STAFF = ("client_admin", "requester", "dispatcher")
TALENT = ("technician", "company", "gateway")

_bearer = HTTPBearer(
    auto_error=False,
    description="A key as `truckroll keys` made it, sent as `Authorization: Bearer KEY`. Browsers send the cookie of"
    " `/v1/sign-in` instead, and with every change the header `Truckroll-Web: 1`.",
)


def current_actor(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    """Whoever sent the request, by their key or, without one, by their cookie; counts the request against their rate.

    Raises
    ------
    Unauthenticated
        When there is neither, or none that lives.
    CrossSite
        When a change with a cookie may have come from another site's page.
    TooMany
        When the key has asked too often.
    """
    parts = parts_of(request)
    if "Authorization" in request.headers:
        if credentials is None or not 0 < len(credentials.credentials) <= 200:
            raise Unauthenticated
        actor = _find(parts, credentials.credentials)
    else:
        actor = _signed_in(request, parts)
    parts.limiter.check(actor)
    return actor


def only(*roles: str) -> Callable[[Actor], Actor]:
    """A dependency that lets in these roles."""

    def allowed(actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
        if actor.kind not in roles:
            raise Forbidden(f"role {actor.kind} cannot do this; it takes one of: {', '.join(roles)}")
        return actor

    allowed.roles = frozenset(roles)  # type: ignore[attr-defined]
    return allowed


Anyone = Annotated[Actor, Depends(current_actor)]
#: Reads a client's work; the operator reads every client's.
StaffReader = Annotated[Actor, Depends(only(*STAFF, "operator"))]
#: Posts and changes a client's work.
Requester = Annotated[Actor, Depends(only(*STAFF))]
#: Decides who works: picks, releases, answers counters.
Dispatcher = Annotated[Actor, Depends(only("client_admin", "dispatcher"))]
#: Answers alarms: of their client, or of the network.
Answerer = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator"))]
ClientAdmin = Annotated[Actor, Depends(only("client_admin"))]
Technician = Annotated[Actor, Depends(only("technician"))]
Company = Annotated[Actor, Depends(only("company"))]
Gateway = Annotated[Actor, Depends(only("gateway"))]
#: Answers offers: a technician, their company, a gateway that speaks for them.
Talent = Annotated[Actor, Depends(only(*TALENT))]
#: Is on a visit, or dispatches it.
OnVisit = Annotated[Actor, Depends(only(*TALENT, "client_admin", "dispatcher"))]
Operator = Annotated[Actor, Depends(only("operator"))]


def speaking_for(session: Session, actor: Actor, technician_id: UUID | None) -> Actor:
    """The actor, acting for one technician: themselves, a worker of the company, anybody for a gateway.

    Runs as the engine.

    Raises
    ------
    BadInput
        When a company or a gateway names nobody, or a technician names another.
    NotFound
        When there is no such technician for this actor.
    """
    if actor.kind == "technician":
        if technician_id not in (None, actor.technician_id):
            raise BadInput("technician_id", technician_id, "leave it out: you speak for yourself")
        return actor
    if technician_id is None:
        raise BadInput("technician_id", None, "name the technician for whom you speak")
    them = select(TechnicianRow.id).where(TechnicianRow.id == technician_id)
    if actor.kind == "company":
        them = them.where(TechnicianRow.company_id == actor.company_id)
    if session.scalar(them) is None:
        raise NotFound("technician", technician_id)
    return replace(actor, technician_id=technician_id)


def _find(parts: Parts, secret: str) -> Actor:
    digest = hashlib.sha256(secret.encode()).digest()
    known = parts.keys.get(digest)
    if known is not None and known[1] > time.monotonic():
        return known[0]
    started = time.monotonic()
    actor = _look_up(parts, secret, keys.find)
    if actor is None:
        parts.keys.pop(digest, None)
        raise Unauthenticated
    if len(parts.keys) >= _MAX_CACHED:
        parts.keys.clear()
    parts.keys[digest] = (actor, started + _TRUST_S)
    return actor


def _signed_in(request: Request, parts: Parts) -> Actor:
    secret = secret_of(request)
    if secret is None:
        raise Unauthenticated
    check_same_site(request)
    actor = _look_up(parts, secret, sessions.find)
    if actor is None:
        raise Unauthenticated
    return actor


def _look_up(parts: Parts, secret: str, find: Callable[[Session, str], Actor | None]) -> Actor | None:
    """Ask the database; once more when the connection turns out to be dead, as all are after a restart."""
    try:
        return _ask(parts, secret, find)
    except OperationalError as error:
        if not error.connection_invalidated:
            raise
        return _ask(parts, secret, find)


def _ask(parts: Parts, secret: str, find: Callable[[Session, str], Actor | None]) -> Actor | None:
    with transaction(parts.engine, ENGINE, role="engine") as session:
        return find(session, secret)
