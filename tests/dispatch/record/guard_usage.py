"""What each client of the guard world counts: the hours of the technician who has its job."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def usage(id_of: Callable[[str], UUID], name: str, asked: str) -> list[Any]:
    """The row of the two; the job that follows adds its hours."""
    return [t.UsageRow(client_id=id_of(name), technician_id=id_of(asked))]
