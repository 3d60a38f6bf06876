"""What each client of the guard world knows of presence: a span of the time log; and words from two telephones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def presence(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table, of the client's assignment."""
    entry = t.TimeEntryRow(
        id=id_of(f"{name}.entry"),
        client_id=id_of(name),
        job_id=id_of(f"{name}.job"),
        visit_id=id_of(f"{name}.visit"),
        assignment_id=id_of(f"{name}.assignment"),
        technician_id=id_of(asked),
        entry_id=id_of(f"{name}.entry"),
        started_at=now,
        ended_at=now + timedelta(hours=2),
        source="app",
        in_received_at=now,
        proposed_by="technician",
        agreed_at=now,
    )
    words = t.PhoneWordRow(
        id=id_of(f"{name}.words"),
        channel="sms",
        message_id=f"carrier-{name}",
        sender_hash=b"sender",
        is_miss=False,
        answer={},
        received_at=now,
    )
    return [entry, words]
