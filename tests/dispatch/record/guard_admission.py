"""Whom each client of the guard world has let in: an invitation, and an exception of its pool."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def admission(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table, about the technician whom this client asked."""
    own: dict[str, Any] = {"client_id": id_of(name), "technician_id": id_of(asked)}
    invited = t.AdmissionRow(
        id=id_of(f"{name}.admission"),
        state="invited",
        given_name="Anna M.",
        given_email="anna@example.net",
        code=f"invite-{name}",
        code_until=now + timedelta(days=30),
        created_at=now,
        moved_at=now,
        **own,
    )
    override = t.PoolOverrideRow(
        id=id_of(f"{name}.override"),
        pool_id=id_of(f"{name}.pool"),
        is_member=True,
        reason="Trained by us",
        made_at=now,
        until_at=now + timedelta(days=90),
        **own,
    )
    return [invited, override]
