"""A client's shifts of duty, one of its staff and one of somebody from outside, and a promise that stands still."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range

from dispatch.record import tables as t


def duty(client_id: UUID, shift_id: UUID, staff_id: UUID, now: datetime) -> list[Any]:
    """A shift of the client's staff."""
    during = Range(now, now + timedelta(hours=12), bounds="[)")
    own = {"client_id": client_id, "during": during, "time_zone": "America/Chicago", "created_at": now}
    return [t.DutyShiftRow(id=shift_id, level=1, staff_id=staff_id, **own)]


def promise(now: datetime) -> dict[str, Any]:
    """Columns of a job: what was promised, and since when it stands still."""
    hours = [(now + timedelta(hours=each)) for each in (1, 8)]
    return {"respond_by": hours[0], "fix_by": hours[1], "sla_paused_at": now, "sla_paused_why": "access"}
