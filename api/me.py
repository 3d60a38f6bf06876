"""Who am I here, what may I do, and which password is mine?"""

from datetime import datetime, timedelta

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from api.auth import Anyone
from api.errors import Forbidden
from api.idempotency import Reply, to_response
from api.openapi import operation_id
from api.parts import parts_of, writing
from api.schemas.signin import IdentityOut, MeOut, PasswordIn, SessionOut
from dispatch.errors import BadInput
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import SessionRow
from dispatch.signin import passwords
from dispatch.signin.people import identities, identity

router = APIRouter(prefix="/v1/me", tags=["sign-in"])


@router.get("", response_model=MeOut, summary="Who am I, and what may I do?")
def get_me(request: Request, actor: Anyone) -> Response:
    """For a person who is signed in, and for a key.

    `may` lists the operations that your role may call at all; whether one can be done now, the thing itself says.
    """
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        shown = show_me(session, request.app, actor, now=database_now(session))
    return to_response(Reply(shown, headers={"Cache-Control": "no-store"}))


@router.put("/password", status_code=204, response_class=Response, summary="Set your password")
def put_password(request: Request, actor: Anyone, body: PasswordIn) -> Response:
    """The first one, another one, or one instead of a forgotten one: then sign in by link first.

    It belongs to the address that you signed in with. All other sessions of this address end.
    """
    email = _proved(request, actor, body.current)
    kept = passwords.hashed(passwords.checked_password(body.password, email))
    with writing(request, ENGINE, "engine") as session:
        passwords.set_password(session, actor, email, kept, now=database_now(session))
    return Response(status_code=204)


@router.delete("/password", status_code=204, response_class=Response, summary="Remove your password")
def delete_password(request: Request, actor: Anyone) -> Response:
    """From now on you sign in by link or provider. All other sessions of the address end."""
    row, _, _ = _signed_in(request, actor)
    with writing(request, ENGINE, "engine") as session:
        passwords.set_password(session, actor, row.email, None, now=database_now(session))
    return Response(status_code=204)


def show_me(session: Session, app: FastAPI, actor: Actor, *, now: datetime) -> MeOut:
    """The actor, as they see themselves. Runs as the engine."""
    person = identity(session, actor)
    row = None if actor.session_id is None else session.get(SessionRow, actor.session_id)
    others = [] if row is None else [each for each in identities(session, row.email) if each.id != actor.id]
    return MeOut(
        role=actor.kind,  # type: ignore[arg-type]
        id=None if person is None else person.id,
        name=None if person is None else person.name,
        email=None if row is None else row.email,
        client_id=actor.client_id,
        client_name=None if person is None else person.client_name,
        technician_id=actor.technician_id,
        company_id=actor.company_id,
        language="en" if person is None else person.language,
        time_zone=None if person is None else person.time_zone,
        has_password=row is not None and passwords.kept_for(session, row.email) is not None,
        may_set_password=row is not None and passwords.is_fresh(row, now),
        session=None if row is None else show_session(row, actor),
        others=[IdentityOut.model_validate(each) for each in others],
        may=operations_of(app, actor.kind),
    )


def show_session(row: SessionRow, actor: Actor) -> SessionOut:
    """A session, as its person sees it."""
    return SessionOut(
        id=row.id,
        method=row.method,  # type: ignore[arg-type]
        device=row.device,
        is_current=row.id == actor.session_id,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        idle_until_at=min(row.seen_at + timedelta(seconds=row.idle_s), row.expires_at),
        expires_at=row.expires_at,
    )


def operations_of(app: FastAPI, role: str) -> list[str]:
    """What a role may call, as the routes themselves say, so that it cannot be told wrongly."""
    routes: dict[str, APIRoute] = app.state.routes
    return sorted(operation_id(name) for name, route in routes.items() if _lets_in(route.dependant, role))


def _lets_in(dependant: Dependant, role: str) -> bool:
    roles: frozenset[str] | None = getattr(dependant.call, "roles", None)
    return (roles is None or role in roles) and all(_lets_in(each, role) for each in dependant.dependencies)


def _signed_in(request: Request, actor: Actor) -> tuple[SessionRow, str | None, datetime]:
    """The session that asks, the password kept for its address, the time."""
    if actor.session_id is None:
        raise Forbidden("a key has no password; sign in, and set yours")
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        row = session.get_one(SessionRow, actor.session_id)
        return row, passwords.kept_for(session, row.email), database_now(session)


def _proved(request: Request, actor: Actor, current: str | None) -> str:
    """The address of a session that may set its password: just proved, or by the old password.

    Raises
    ------
    BadInput
        When it is neither.
    TooMany
        When the old one was guessed at too often.
    """
    row, kept, now = _signed_in(request, actor)
    if passwords.is_fresh(row, now):
        return row.email
    parts_of(request).limiter.check_address("password", row.email)
    if current is None or not passwords.is_right(current, kept):
        raise BadInput("current", "…", "send the password that you have, or sign in by link and set another")
    return row.email
