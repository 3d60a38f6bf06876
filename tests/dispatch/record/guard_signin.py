"""The guards' world of sign-in: Acme's staff is signed in, and Burg's technician; a link and a visit to a provider."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def sign_in(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table."""
    is_acme = name == "acme"
    session = t.SessionRow(
        id=id_of(f"{name}.session"),
        hash=f"session of {name}".encode(),
        email=f"{name}@example.org",
        staff_id=id_of(f"{name}.staff") if is_acme else None,
        technician_id=None if is_acme else id_of(asked),
        method="link",
        device="Phone",
        opened_at=now,
        seen_at=now,
        idle_s=3_600,
        expires_at=now + timedelta(days=1),
    )
    tried = t.SignInRow(
        id=id_of(f"{name}.sign_in"),
        kind="link" if is_acme else "oidc",
        hash=f"token of {name}".encode(),
        email=f"{name}@example.org" if is_acme else None,
        more=None if is_acme else {"nonce": "n", "verifier": "v", "page": "/"},
        asked_at=now,
        expires_at=now + timedelta(minutes=30),
    )
    return [session, tried, t.PasswordRow(email=f"{name}@example.org", hash="$argon2id$", set_at=now)]
