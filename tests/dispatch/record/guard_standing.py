"""What each client of the guard world does again and again: a template and a series from it."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def standing(id_of: Callable[[str], UUID], name: str, now: datetime) -> list[Any]:
    """One row of each table."""
    own: dict[str, Any] = {"client_id": id_of(name), "created_at": now}
    work = {"title": "Look after the rooftop unit", "description": "Ask for Sam", "job_type": "service"}
    series = t.SeriesRow(
        id=id_of(f"{name}.series"),
        site_id=id_of(f"{name}.site"),
        template_id=id_of(f"{name}.template"),
        name="Monthly service",
        document={},
        rule="FREQ=MONTHLY",
        first_day=now.date(),
        start_time=time(8),
        window_min=120,
        on_closed_day="skip",
        number_pattern="PM-{date}",
        make_ahead_days=28,
        due_at=now,
        **own,
    )
    return [t.TemplateRow(id=id_of(f"{name}.template"), name="Rooftop", document=work, **own), series]
