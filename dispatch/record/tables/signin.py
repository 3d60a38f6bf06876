"""Who is signed in, and what lets somebody in? Sessions, links and other tries, passwords.

What lets somebody in is kept as a hash: nobody who reads these rows can sign in with them. The application's role sees
none of them; whoever asks is found by the engine's.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.record.tables.base import Base, Code, Id, Instant, Words, one_of

METHODS = ("link", "password", "oidc")
SIGN_IN_KINDS = ("link", "oidc")


class SessionRow(Base):
    """A person at one device, known by the hash of a cookie's secret.

    It speaks for one member of staff or one technician who has the address `email` that was proved; it ends `idle_s`
    seconds after it was last seen, at `expires_at` at the latest, or when it was ended.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("hash"),
        one_of("method", METHODS),
        CheckConstraint("num_nonnulls(staff_id, technician_id) = 1", name="one_person"),
        CheckConstraint("idle_s BETWEEN 60 AND 31622400", name="idle_s_size"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("isfinite(opened_at) AND expires_at > opened_at AND isfinite(expires_at)", name="ends"),
        Index("ix_sessions_email", "email"),
        Index("ix_sessions_staff_id", "staff_id"),
        Index("ix_sessions_technician_id", "technician_id"),
        Index("ix_sessions_expires_at", "expires_at"),
    )
    id: Mapped[Id]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    email: Mapped[Words]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    technician_id: Mapped[UUID | None] = mapped_column(ForeignKey("technicians.id"))
    method: Mapped[Code]
    device: Mapped[Words]
    opened_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    idle_s: Mapped[int]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


class SignInRow(Base):
    """A try to sign in that needs a second step: a link on its way by mail, or a visit to an OpenID provider.

    `hash` of the link's token or of the state; a link has none until it is mailed. `more` is what a provider's answer
    is compared with. Used once.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        UniqueConstraint("hash"),
        one_of("kind", SIGN_IN_KINDS),
        CheckConstraint("(kind = 'link') = (email IS NOT NULL)", name="link_has_email"),
        CheckConstraint("(kind = 'oidc') = (more IS NOT NULL)", name="oidc_has_more"),
        CheckConstraint("kind = 'link' OR hash IS NOT NULL", name="oidc_has_hash"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("isfinite(asked_at) AND expires_at > asked_at AND isfinite(expires_at)", name="ends"),
        Index("ix_sign_ins_expires_at", "expires_at"),
    )
    id: Mapped[Id]
    kind: Mapped[Code]
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    email: Mapped[Words | None]
    more: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class PasswordRow(Base):
    """An address's password, as Argon2 keeps it; set by whoever proved to have the address."""

    __tablename__ = "passwords"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)
    email: Mapped[Words] = mapped_column(primary_key=True)
    hash: Mapped[Words]
    set_at: Mapped[Instant]
