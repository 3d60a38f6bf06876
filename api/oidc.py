"""How do people get in by their own company's login? To its OpenID provider, and back with a code.

Both are pages that a browser goes to, so whatever goes wrong leads back to the page of sign-in, with a code. Whoever
comes back must be at the browser that was sent: a cookie holds the state. So nothing in their addresses is too long by
the description of the API: that would be refused in JSON, which nobody can read there.
"""

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import insert
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.cookies import STATE_NAME, STATE_PATH, is_https
from api.parts import Parts, parts_of, writing
from api.signin import from_our_pages, let_in
from dispatch.errors import NotFound, NotSignedIn, TruckrollError
from dispatch.record.session import ENGINE, database_now
from dispatch.record.tables import SignInRow, new_id
from dispatch.signin.links import PAGE
from dispatch.signin.oidc import Provider, Visit
from dispatch.signin.people import Identity, address, identities
from dispatch.signin.sessions import digest
from dispatch.signin.tries import use_up

router = APIRouter(prefix=STATE_PATH, tags=["sign-in"], dependencies=[Depends(from_our_pages)])

_LASTS = timedelta(minutes=10)
_LONGEST_PAGE = 500
#: A page of ours, and nothing that a browser could take for another host.
_OWN_PAGE = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@%-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", re.ASCII)


@router.get("", status_code=302, response_class=RedirectResponse, summary="Sign in by the provider")
def get_oidc(request: Request, next: Annotated[str, Query(description="The page to come back to.")] = "/") -> Response:
    """Sends the browser to the provider, where one is set up."""
    provider = _provider(parts_of(request))
    page = next if len(next) <= _LONGEST_PAGE and _OWN_PAGE.fullmatch(next) else "/"
    try:
        url, visit = provider.begin(_back(request))
    except NotSignedIn as error:
        return _to_sign_in(error.why)
    with writing(request, ENGINE, "engine") as session:
        _remember(session, visit, page)
    response = RedirectResponse(url, 302, {"Cache-Control": "no-store"})
    response.set_cookie(
        STATE_NAME, visit.state, max_age=round(_LASTS.total_seconds()), path=STATE_PATH,
        secure=is_https(request), httponly=True, samesite="lax",
    )  # fmt: skip
    return response


@router.get("/callback", status_code=302, response_class=RedirectResponse, summary="Come back from the provider")
def get_oidc_callback(
    request: Request,
    state: Annotated[str, Query(description="As it was given to the provider.")] = "",
    code: Annotated[str, Query(description="What the provider exchanges for a proof.")] = "",
    error: Annotated[str, Query(description="Why the provider refused.")] = "",
) -> Response:
    """Opens a session for whoever has the address that the provider has verified, and goes on to their page."""
    provider = _provider(parts_of(request))
    try:
        page, response = _come_back(request, provider, state, code, error)
    except NotSignedIn as refused:
        return _to_sign_in(refused.why)
    except TruckrollError:
        return _to_sign_in("oidc_failed")
    found = RedirectResponse(page, 302, {"Cache-Control": "no-store"})
    found.raw_headers.extend(pair for pair in response.raw_headers if pair[0] == b"set-cookie")
    found.delete_cookie(STATE_NAME, path=STATE_PATH)
    return found


def _come_back(request: Request, provider: Provider, state: str, code: str, error: str) -> tuple[str, Response]:
    if not state or request.cookies.get(STATE_NAME) != state:
        raise NotSignedIn("oidc_failed")
    # Used up before the provider is asked: whatever comes of it, it was once.
    with writing(request, ENGINE, "engine") as session:
        row = use_up(session, "oidc", state)
        visit = row.more if row is not None else None
    if visit is None:
        raise NotSignedIn("oidc_failed")
    if error or not code:
        raise NotSignedIn("oidc_denied")
    email = address(provider.finish(code, _back(request), nonce=visit["nonce"], verifier=visit["verifier"]))

    def find(session: Session) -> tuple[str, list[Identity]]:
        return email, identities(session, email)

    return visit["page"], let_in(request, find, "oidc", None)


def _remember(session: Session, visit: Visit, page: str) -> None:
    now = database_now(session)
    more = {"nonce": visit.nonce, "verifier": visit.verifier, "page": page}
    values = {"id": new_id(), "kind": "oidc", "hash": digest(visit.state), "asked_at": now, "expires_at": now + _LASTS}
    session.execute(insert(SignInRow).values(**values, more=more))


def _provider(parts: Parts) -> Provider:
    if parts.provider is None:
        raise NotFound("OpenID provider", "of this installation")
    return parts.provider


def _back(request: Request) -> str:
    return f"{parts_of(request).settings.base_url}{STATE_PATH}/callback"


def _to_sign_in(why: str) -> Response:
    response = RedirectResponse(f"{PAGE}?{urlencode({'error': why})}", 302, {"Cache-Control": "no-store"})
    response.delete_cookie(STATE_NAME, path=STATE_PATH)
    return response
