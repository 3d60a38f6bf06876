"""Who hears the demo's webhooks? One who fails at random and counts, and one who is dead from the beginning."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text

from cli.demo.receiver import Heard, Receiver
from cli.demo.stage import Stage
from dispatch.errors import TruckrollError

#: The share of requests that the listener answers with 500.
_FAILS = 0.1
_ARRIVES_WITHIN_S = 60.0

_SENT = text("""
SELECT count(*) FILTER (WHERE state = 'delivered') AS sent,
       coalesce(sum(num_tries) FILTER (WHERE num_tries > 1), 0) - count(*) FILTER (WHERE num_tries > 1) AS retried
FROM webhook_deliveries
""")
_WAITING = text("SELECT count(*) FROM webhook_deliveries WHERE webhook_id = :webhook AND state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Listeners:
    """The one who hears, and its endpoint."""

    there: Stage
    heard: Heard
    webhook_id: str

    def wait_for_all(self) -> None:
        """Until everything that happened has arrived, tries and all."""
        deadline_s = time.monotonic() + _ARRIVES_WITHIN_S
        while time.monotonic() < deadline_s:
            with self.there.reading() as session:
                if session.execute(_WAITING, {"webhook": self.webhook_id}).scalar_one() == 0:
                    return
            time.sleep(0.25)

    def figures(self) -> dict[str, int]:
        """Deliveries and tries as the record counts them; order as the listener saw it."""
        with self.there.reading() as session:
            figures = dict(session.execute(_SENT).mappings().one())
        return {**figures, "out_of_order": self.heard.out_of_order}


@contextmanager
def listeners(there: Stage, seed: int) -> Iterator[Listeners]:
    """Add both endpoints, and hear until the block ends."""
    with Receiver(seed=seed) as receiver:
        made = _add(there, receiver.add("/board", fails=_FAILS))
        receiver.trust("/board", made["secret"])
        _add(there, f"http://127.0.0.1:{_dead_port()}/nobody")
        yield Listeners(there, receiver.heard["/board"], made["id"])


def _add(there: Stage, url: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {there.staff_key}", "Idempotency-Key": str(uuid.uuid4())}
    reply = httpx2.post(f"{there.base_url}/v1/webhooks", json={"url": url}, headers=headers, timeout=10.0)
    if reply.status_code != 201:
        raise TruckrollError(f"POST /v1/webhooks answered {reply.status_code}: {reply.text[:500]}")
    made: dict[str, Any] = reply.json()
    return made


def _dead_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
