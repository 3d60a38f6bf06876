"""How does a link let somebody in? Asked for, mailed, opened once.

Asking does the same for every address: a row and an errand. Whether somebody has the address is looked up later, by
the courier, so that neither the answer nor its time tells. The token is made when the mail is, kept as a hash, and
stands behind the `#` of the link: no server on the way is told it, and nothing that fetches links in mails uses it up.
"""

import secrets
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotSignedIn
from dispatch.queue import enqueue
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import SignInRow, new_id
from dispatch.signin.people import identities
from dispatch.signin.sessions import digest
from dispatch.signin.tries import find, use_up
from dispatch.talent.rights import NETWORK, only

#: The courier's lane, and the errand's name.
QUEUE, SEND = "sign_in", "send_sign_in_link"
#: Where the page is that opens a link, below the installation's own address.
PAGE = "/sign-in"
_NUM_BYTES = 32


def ask_for_link(session: Session, email: str, lasts: timedelta, *, now: datetime) -> None:
    """Have a link mailed to this address, should somebody have it. Runs as the engine."""
    row_id = new_id()
    values = {"id": row_id, "kind": "link", "asked_at": now, "expires_at": now + lasts}
    session.execute(insert(SignInRow).values(**values, email=func.lower(email)))
    enqueue(session, SEND, {"sign_in": str(row_id)}, queue=QUEUE)


def ask_again(session: Session, token: str, lasts: timedelta, *, now: datetime) -> None:
    """Have a new link mailed to where an old one was; with a token that is none of ours nothing happens."""
    row = find(session, "link", token)
    if row is not None and row.email is not None:
        ask_for_link(session, row.email, lasts, now=now)


def make_link(session: Session, actor: Actor, email: str, lasts: timedelta, *, now: datetime) -> str:
    """A link's token for somebody, not mailed but handed over by the operator.

    Raises
    ------
    BadInput
        Nobody has this address.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="making links")
    if not identities(session, email):
        raise BadInput("email", email, "give the address of somebody who has not left")
    token, row_id = secrets.token_urlsafe(_NUM_BYTES), new_id()
    values = {"id": row_id, "kind": "link", "hash": digest(token), "asked_at": now, "expires_at": now + lasts}
    session.execute(insert(SignInRow).values(**values, email=func.lower(email)))
    record(session, actor, NETWORK, "link_made", {"sign_in": str(row_id)}, client_id=None, now=now)
    return token


def seal(session: Session, row_id: UUID, lasts: timedelta, *, now: datetime) -> str | None:
    """The token for the mail that goes out now; an earlier one of the same mail is worth nothing. None: too late."""
    token = secrets.token_urlsafe(_NUM_BYTES)
    made = session.scalar(
        update(SignInRow)
        .where(SignInRow.id == row_id, SignInRow.used_at.is_(None), SignInRow.asked_at > now - lasts)
        .values(hash=digest(token), expires_at=now + lasts)
        .returning(SignInRow.id)
    )
    return None if made is None else token


def open_link(session: Session, token: str) -> str:
    """The address that a link proves; from now on it is used. One statement decides, of many who open it at once.

    Raises
    ------
    NotSignedIn
        It is unknown, used, or has expired.
    """
    row = use_up(session, "link", token)
    if row is None:
        known = find(session, "link", token)
        if known is None:
            raise NotSignedIn("link_unknown")
        raise NotSignedIn("link_used" if known.used_at is not None else "link_expired")
    assert row.email is not None, "a link has an address"
    return row.email


def url_of(base_url: str, token: str) -> str:
    """The link, as a person opens it."""
    return f"{base_url}{PAGE}#token={quote(token)}"
