"""Where am I signed in? Sessions: listed, ended one by one or all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import STAFF, Anyone, only
from api.cookies import clear_session
from api.errors import Forbidden
from api.me import show_session
from api.parts import parts_of, writing
from api.schemas.signin import SessionList
from dispatch.messages.wishes import find_person
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.signin.sessions import end_session, end_sessions, list_sessions

router = APIRouter(prefix="/v1/sessions", tags=["sign-in"])

#: A person: signed in, or by a key that was made for them.
Person = Annotated[Actor, Depends(only("technician", *STAFF, "operator"))]


@router.get("", response_model=SessionList, summary="Where am I signed in?")
def get_sessions(request: Request, actor: Person) -> SessionList:
    """Your sessions that live, the last used first."""
    with transaction(parts_of(request).engine, ENGINE, role="engine") as session:
        find_person(session, actor)
        return SessionList(items=[show_session(row, actor) for row in list_sessions(session, actor)])


@router.delete("", status_code=204, response_class=Response, summary="Sign out everywhere")
def delete_sessions(
    request: Request,
    actor: Person,
    keep: Annotated[bool, Query(description="Keep the session that asks.")] = False,
) -> Response:
    """All of your sessions end at once, open streams within a few seconds."""
    with writing(request, ENGINE, "engine") as session:
        find_person(session, actor)
        end_sessions(session, actor, but=actor.session_id if keep else None, now=database_now(session))
    response = Response(status_code=204)
    if not keep and actor.session_id is not None:
        clear_session(response, request)
    return response


@router.delete("/current", status_code=204, response_class=Response, summary="Sign out")
def delete_current_session(request: Request, actor: Anyone) -> Response:
    """The session that asks ends, and the browser forgets it."""
    if actor.session_id is None:
        raise Forbidden("a key is no session; revoke it, or leave it out")
    return _ended(request, actor, actor.session_id)


@router.delete("/{session_id}", status_code=204, response_class=Response, summary="End one session")
def delete_session(request: Request, actor: Person, session_id: UUID) -> Response:
    """Whoever sits there is signed out."""
    return _ended(request, actor, session_id)


def _ended(request: Request, actor: Actor, session_id: UUID) -> Response:
    with writing(request, ENGINE, "engine") as session:
        find_person(session, actor)
        end_session(session, actor, session_id, now=database_now(session))
    response = Response(status_code=204)
    if session_id == actor.session_id:
        clear_session(response, request)
    return response
