"""The guards' world of sign-in: staff and technicians are signed in, by links and passwords; a visit to a provider."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def of_client(id_of: Callable[[str], UUID], name: str, now: datetime) -> list[Any]:
    """One row of each table, of the client's staff; Burg's came by a provider."""
    return _signed_in(id_of, name, now, is_linked=name == "acme", staff_id=id_of(f"{name}.staff"))


def of_technician(id_of: Callable[[str], UUID], name: str, now: datetime) -> list[Any]:
    """One row of each table, of theirs."""
    return _signed_in(id_of, name, now, is_linked=True, technician_id=id_of(name))


def _signed_in(id_of: Callable[[str], UUID], name: str, now: datetime, *, is_linked: bool, **whose: UUID) -> list[Any]:
    email = f"{name}@example.org"
    session = t.SessionRow(
        id=id_of(f"{name}.session"),
        hash=f"session of {name}".encode(),
        email=email,
        method="link" if is_linked else "oidc",
        device="Phone",
        opened_at=now,
        seen_at=now,
        idle_s=3_600,
        expires_at=now + timedelta(days=1),
        **whose,
    )
    tried = t.SignInRow(
        id=id_of(f"{name}.sign_in"),
        kind="link" if is_linked else "oidc",
        hash=f"token of {name}".encode(),
        email=email if is_linked else None,
        more=None if is_linked else {"nonce": "n", "verifier": "v", "page": "/"},
        asked_at=now,
        expires_at=now + timedelta(minutes=30),
    )
    return [session, tried, t.PasswordRow(email=email, hash="$argon2id$", set_at=now)]
