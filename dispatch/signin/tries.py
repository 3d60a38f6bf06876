"""A try to sign in that comes back later, by a link or from a provider: it is used once, however often it comes."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dispatch.record.tables import SignInRow
from dispatch.signin.sessions import digest

#: The guard: a row that was used up by another meanwhile is looked at again under its lock, and does not match.
_UNUSED = SignInRow.used_at.is_(None)


def use_up(session: Session, kind: str, secret: str) -> SignInRow | None:
    """The try that this secret belongs to, used from now on; None where it is unknown, used, or has expired."""
    clock = func.clock_timestamp()
    return session.scalars(
        update(SignInRow)
        .where(SignInRow.hash == digest(secret), SignInRow.kind == kind, _UNUSED, SignInRow.expires_at > clock)
        .values(used_at=clock)
        .returning(SignInRow)
    ).one_or_none()


def find(session: Session, kind: str, secret: str) -> SignInRow | None:
    """The try that this secret belongs to, used or not."""
    return session.scalars(
        select(SignInRow).where(SignInRow.hash == digest(secret), SignInRow.kind == kind)
    ).one_or_none()
