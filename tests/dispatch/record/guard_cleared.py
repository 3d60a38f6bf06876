"""What the guard world's clients let only the cleared read: Acme a text of its job, Burg one of its template."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.record import tables as t
from dispatch.record.sealing import DataKey, KeyRing, seal


def cleared(id_of: Callable[[str], UUID], name: str, now: datetime) -> Any:
    """A text."""
    kind = "job" if name == "acme" else "template"
    owner: dict[str, Any] = {f"{kind}_id": id_of(f"{name}.{kind}")}
    return t.ClearedTextRow(
        id=id_of(f"{name}.cleared"),
        client_id=id_of(name),
        name="alarm_code",
        sealed=seal(b"4471#", KeyRing([DataKey("old-1", bytes(32))]), b""),
        sealed_at=now,
        **owner,
    )
