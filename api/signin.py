"""How do people get in? By a link, by a password; then on as somebody else who has the same address.

None of these answers says whether anybody has an address, and none is kept to be repeated: each opens at most one
session, whose secret goes into a cookie and nowhere else. Like every change that a browser makes, they must come from
our own pages; so nobody can sign anybody in as somebody else either.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from api.auth import Anyone
from api.cookies import check_same_site, set_session
from api.errors import Forbidden
from api.idempotency import Reply, to_response
from api.me import show_me
from api.parts import parts_of, writing
from api.schemas.signin import (
    IdentityChoice,
    LinkAgain,
    LinkAsk,
    LinkAsked,
    LinkOpen,
    MeOut,
    PasswordSignIn,
    WayOut,
    WaysOut,
)
from dispatch.errors import BadInput, NotFound, NotSignedIn
from dispatch.record.session import ENGINE, Actor, database_now, transaction
from dispatch.record.tables import SessionRow
from dispatch.signin import passwords
from dispatch.signin.links import ask_again, ask_for_link, open_link
from dispatch.signin.people import Identity, address, choose, identities
from dispatch.signin.sessions import Opened, Proof, open_session, switch


def from_our_pages(request: Request) -> None:
    """Count a try of the asker's network, and refuse one that another site's page may have made."""
    parts_of(request).limiter.check_origin(request.client.host if request.client else "")
    check_same_site(request)


router = APIRouter(prefix="/v1/sign-in", tags=["sign-in"], dependencies=[Depends(from_our_pages)])

#: Who is let in, found in the transaction that opens the session.
Find = Callable[[Session], tuple[str, list[Identity]]]


@router.get("/ways", response_model=WaysOut, summary="How can one sign in here?")
def get_ways(request: Request) -> WaysOut:
    """What the page of sign-in offers."""
    settings = parts_of(request).settings
    has_provider = settings.oidc_issuer is not None
    oidc = WayOut(name=settings.oidc_name, href="/v1/sign-in/oidc") if has_provider else None
    return WaysOut(link=True, password=True, oidc=oidc)


@router.post("/link", status_code=202, response_model=LinkAsked, summary="Ask for a link")
def post_link(request: Request, ask: LinkAsk) -> LinkAsked:
    """A mail with a link goes to the address if somebody has it: a technician, or a member of staff.

    The answer, and what is done for it, is the same for every address.
    """
    email = address(ask.email)
    parts_of(request).limiter.check_address("link", email)
    return _ask(request, lambda session, lasts, now: ask_for_link(session, email, lasts, now=now))


@router.post(
    "/link/renew", status_code=202, response_model=LinkAsked, summary="Ask for a link instead of one that is over"
)
def post_link_renew(request: Request, again: LinkAgain) -> LinkAsked:
    """To the same address, without typing it again; the answer is the same for a link that is none of ours."""
    parts_of(request).limiter.check_address("renew", again.token)
    return _ask(request, lambda session, lasts, now: ask_again(session, again.token, lasts, now=now))


@router.post("/link/open", status_code=201, response_model=MeOut, summary="Sign in by a link")
def post_link_open(request: Request, link: LinkOpen) -> Response:
    """A page opens the link, and a person presses its button: so a mail scanner that fetches links uses none up.

    A link is good once. `link_expired` and `link_used` (410) say that another can be had, by
    `POST /v1/sign-in/link/renew`.
    """

    def find(session: Session) -> tuple[str, list[Identity]]:
        email = open_link(session, link.token)
        return email, identities(session, email)

    return let_in(request, find, "link", link.identity_id)


@router.post("/password", status_code=201, response_model=MeOut, summary="Sign in by a password")
def post_password(request: Request, sign_in: PasswordSignIn) -> Response:
    """For whoever has set one. The answer to a wrong password is the same as to an address that nobody has."""
    email = address(sign_in.email)
    parts = parts_of(request)
    parts.limiter.check_address("password", email)
    with transaction(parts.engine, ENGINE, role="engine") as session:
        kept, people = passwords.kept_for(session, email), identities(session, email)
    # Between two transactions: hashing takes longer than anybody should wait for a connection.
    if not (passwords.is_right(sign_in.password, kept) and people):
        raise NotSignedIn("wrong")

    def find(session: Session) -> tuple[str, list[Identity]]:
        # Whoever sets another one waits until this session is there, and ends it; or has set it, and nobody is let in.
        if passwords.kept_for(session, email, hold=True) != kept:
            raise NotSignedIn("wrong")
        return email, identities(session, email)

    return let_in(request, find, "password", sign_in.identity_id)


@router.post("/switch", status_code=201, response_model=MeOut, summary="Go on as somebody else who has your address")
def post_switch(request: Request, actor: Anyone, choice: IdentityChoice) -> Response:
    """For people who work for two clients, or who are technicians and staff: `others` in `/v1/me`."""
    if actor.session_id is None:
        raise Forbidden("a key speaks for one: make another")
    with writing(request, ENGINE, "engine") as session:
        now = database_now(session)
        row = session.get_one(SessionRow, actor.session_id)
        person = choose(identities(session, row.email), choice.identity_id)
        secret = None if person is None else switch(session, row.id, person, row.email, now=now)
        if person is None or secret is None:
            raise NotFound("identity", choice.identity_id)
        shown = show_me(session, request.app, _as(person, row.id), now=now)
        lasts_s = round((row.expires_at - now).total_seconds())
    return _with_cookie(request, shown, secret, lasts_s)


def let_in(request: Request, find: Find, method: str, identity_id: UUID | None) -> Response:
    """Open a session for one of those who are found, in one transaction with what is used up for it."""
    with writing(request, ENGINE, "engine") as session:
        now = database_now(session)
        opened, person = _open(session, request, find, method, identity_id, now)
        shown = show_me(session, request.app, _as(person, opened.id), now=now)
    return _with_cookie(request, shown, opened.secret, opened.lasts_s)


def _open(
    session: Session, request: Request, find: Find, method: str, identity_id: UUID | None, now: datetime
) -> tuple[Opened, Identity]:
    email, people = find(session)
    person = choose(people, identity_id)
    if person is None:
        if people:
            raise BadInput("identity_id", identity_id, "name somebody who has this address, or leave it out")
        raise NotSignedIn("link_unknown" if method == "link" else f"{method}_unknown")
    proof = Proof(email, method, request.headers.get("User-Agent", ""))
    return open_session(session, person, proof, parts_of(request).settings, now=now), person


def _ask(request: Request, ask: Callable[[Session, timedelta, datetime], None]) -> LinkAsked:
    lasts_min = parts_of(request).settings.link_min
    with writing(request, ENGINE, "engine") as session:
        ask(session, timedelta(minutes=lasts_min), database_now(session))
    return LinkAsked(lasts_min=lasts_min)


def _as(person: Identity, session_id: UUID) -> Actor:
    own = person.actor
    return Actor(own.kind, own.id, own.client_id, own.technician_id, key_id=own.key_id, session_id=session_id)


def _with_cookie(request: Request, shown: MeOut, secret: str, lasts_s: int) -> Response:
    response = to_response(Reply(shown, 201, {"Cache-Control": "no-store"}))
    set_session(response, request, secret, lasts_s)
    return response
