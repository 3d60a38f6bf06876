"""What each client of the guard world keeps as evidence: a file."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def evidence(id_of: Callable[[str], UUID], name: str, asked: str, now: datetime) -> list[Any]:
    """One row of each table, of the client's job and visit."""
    own: dict[str, Any] = {"client_id": id_of(name), "job_id": id_of(f"{name}.job"), "visit_id": id_of(f"{name}.visit")}
    file = t.FileRow(
        id=id_of(f"{name}.file"),
        site_id=id_of(f"{name}.site"),
        technician_id=id_of(asked),
        kind="photo",
        content_type="image/jpeg",
        num_bytes=1000,
        sha256="0" * 64,
        width=40,
        height=30,
        claimed_taken_at=now,
        received_at=now,
        uploaded_by_kind="technician",
        uploaded_by=id_of(asked),
        **own,
    )
    return [file]
