"""What each client of the guard world hears: an endpoint, and a delivery to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.record import tables as t


def webhooks(id_of: Callable[[str], UUID], name: str, now: datetime) -> list[Any]:
    """One row of each table; both hold every value that may be empty."""
    own: dict[str, Any] = {"client_id": id_of(name), "created_at": now}
    endpoint = t.WebhookRow(
        id=id_of(f"{name}.webhook"),
        url=f"https://{name}.example.org/hooks",
        kinds=["job.*"],
        state="paused",
        paused_why="failing",
        secret="whsec_new",
        old_secret="whsec_old",
        old_secret_until=now,
        after_seq=1,
        num_failures=1,
        failing_since=now,
        next_try_at=now,
        served_by=id_of(f"{name}.serving"),
        **own,
    )
    delivery = t.WebhookDeliveryRow(
        id=id_of(f"{name}.delivery"),
        webhook_id=endpoint.id,
        seq=1,
        event_id=id_of(f"{name}.event"),
        about_id=id_of(f"{name}.job"),
        num_tries=1,
        next_try_at=now,
        tried_at=now,
        last_status=500,
        last_code="http_500",
        last_ms=12,
        **own,
    )
    return [endpoint, delivery]
