"""Is it the right password, and who may set one? Argon2, once for every try, whoever is asked for.

A password belongs to an address, not to a person's row: whoever proved to have the address may set it, and signs in
with it as whom the address is then. Hashing needs no connection to the database, and holds none.
"""

import secrets
import threading
import unicodedata
from datetime import datetime, timedelta
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.session import Actor
from dispatch.record.tables import PasswordRow, SessionRow
from dispatch.signin.people import identity
from dispatch.signin.sessions import end_others, still, tell

#: Source: OWASP's Password Storage Cheat Sheet, the setting with more memory and one pass.
_HASHER = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=47_104, parallelism=1),))
#: Hashes at once: each takes a processor and 46 MiB.
_PLACES = threading.BoundedSemaphore(2)
MIN_CHARS, MAX_CHARS = 12, 200
_MIN_DIFFERENT = 5
#: For so long after a link or a provider let somebody in, they may set a password without the old one.
FRESH = timedelta(minutes=15)


def checked_password(password: str, email: str) -> str:
    """The password as it is hashed (NFKC); BadInput, which never holds it, if it is too weak."""
    plain = _plain(password)
    if not MIN_CHARS <= len(plain) <= MAX_CHARS:
        raise BadInput("password", "…", f"take {MIN_CHARS} to {MAX_CHARS} characters")
    name = email.partition("@")[0].lower()
    if len(set(plain)) < _MIN_DIFFERENT or plain.lower() in (email.lower(), name * (len(plain) // len(name) or 1)):
        raise BadInput("password", "…", "take one that is harder to guess")
    return plain


def hashed(password: str) -> str:
    """What is kept of a checked password."""
    with _PLACES:
        return _HASHER.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the one that is kept; with none kept, as much work is done for nothing."""
    plain, nobodys = _plain(password)[: MAX_CHARS + 1], _nobodys()
    with _PLACES:
        try:
            is_same = _HASHER.verify(plain, kept or nobodys)
        except PwdlibError:
            return False
    return is_same and kept is not None


def kept_for(session: Session, email: str, *, hold: bool = False) -> str | None:
    """The hash that is kept for an address; with `hold`, for as long as the transaction lasts. Runs as the engine."""
    wanted = select(PasswordRow.hash).where(PasswordRow.email == func.lower(email))
    return session.scalar(wanted.with_for_update(read=True) if hold else wanted)


def set_password(session: Session, actor: Actor, email: str, kept: str | None, *, now: datetime) -> None:
    """Keep this hash for the address from now on, or none; whoever else is signed in with the address is signed out.

    Runs as the engine, for somebody who is signed in.

    Raises
    ------
    NotFound
        Their session has ended meanwhile, or there is no password to be removed.
    """
    if kept is None:
        gone = delete(PasswordRow).where(PasswordRow.email == func.lower(email)).returning(PasswordRow.email)
        if session.scalar(gone) is None:
            raise NotFound("password", "of yours")
    else:
        values = insert(PasswordRow).values(email=func.lower(email), hash=kept, set_at=now)
        renewed = {"hash": values.excluded.hash, "set_at": values.excluded.set_at}
        session.execute(values.on_conflict_do_update(index_elements=["email"], set_=renewed))
    # Once the password's row is held: who set one first has ended this session, and it sets none after them.
    if actor.session_id is None or still(session, actor.session_id) is None:
        raise NotFound("session", actor.session_id)
    told = {"sessions_ended": end_others(session, email, actor.session_id, now=now)}
    person = identity(session, actor)
    assert person is not None, "a session speaks for somebody"
    tell(session, person, "password_removed" if kept is None else "password_set", told, now=now)


def is_fresh(row: SessionRow, now: datetime) -> bool:
    """Whether the session was opened just now, by what proves the address."""
    return row.method in ("link", "oidc") and now - row.opened_at <= FRESH


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    """A hash that costs as much as any, of what nobody knows."""
    return _HASHER.hash(secrets.token_urlsafe())
