"""What is told and said in the guard world: a notice of each reader, a thread and its message of each client.

Acme's thread is about its job, which Anna has; Burg's is with Bo.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def told_to_technician(id_of: Callable[[str], UUID], name: str, now: datetime) -> t.NoticeRow:
    """A digest: it belongs to no client."""
    return t.NoticeRow(
        id=id_of(f"{name}.notice"),
        occasion="digest",
        reader_kind="technician",
        reader_id=id_of(name),
        state="queued",
        made_at=now,
    )


def said(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table, of the client."""
    own: dict[str, Any] = {"client_id": id_of(name)}
    of_it = {"job_id": id_of(f"{name}.job")} if name == "acme" else {"technician_id": id_of(asked)}
    notice = t.NoticeRow(
        id=id_of(f"{name}.notice"),
        event_id=id_of(f"{name}.event"),
        occasion="unfilled",
        reader_kind="staff",
        reader_id=id_of(f"{name}.staff"),
        job_id=id_of(f"{name}.job"),
        channels=["mail"],
        state="held",
        reason="quiet_hours",
        until_at=now,
        made_at=now,
        **own,
    )
    thread = t.ThreadRow(id=id_of(f"{name}.thread"), code=name.upper(), created_at=now, **of_it, **own)
    return [notice, thread, _message(id_of, name, asked, now)]


def _message(id_of: Callable[[str], UUID], client: str, asked: str, now: datetime) -> t.MessageRow:
    return t.MessageRow(
        id=id_of(f"{client}.message"),
        client_id=id_of(client),
        thread_id=id_of(f"{client}.thread"),
        author_kind="technician",
        author_id=id_of(asked),
        words="The door is locked",
        language="en",
        carrier_id=f"{client}-1",
        sent_at=now,
    )
