"""How do the demo's scenes of trust ask and look? Through the real HTTP API, and in the record for what is told."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from cli.demo.stage import Stage
from dispatch.errors import TruckrollError

#: Seconds in which others answer, and in which what an event means for somebody's reputation is reckoned.
_SETTLES_WITHIN_S = 40.0


@dataclass
class Desk:
    """Where the scenes are told from: the stage, and who hears of each."""

    there: Stage
    show: Callable[[str], None]

    def name(self, technician: UUID) -> str:
        """What a technician is called."""
        return str(self.one(text("SELECT name FROM technicians WHERE id = :who"), who=technician).name)

    def one(self, statement: Any, **values: Any) -> Any:
        """The first row that a question to the record answers, None where there is none."""
        with self.there.reading() as session:
            return session.execute(statement, values).first()

    def all(self, statement: Any, **values: Any) -> list[Any]:
        """All rows that it answers."""
        with self.there.reading() as session:
            return list(session.execute(statement, values).all())

    def until(self, look: Callable[[], Any]) -> Any:
        """What `look` finds, as soon as it finds it; None when it takes too long."""
        deadline_s = time.monotonic() + _SETTLES_WITHIN_S
        while time.monotonic() < deadline_s:
            if (found := look()) is not None:
                return found
            time.sleep(0.25)
        return None

    def get(self, key: str, path: str) -> dict[str, Any]:
        """What the API answers to whoever has this key."""
        return self._answer(httpx2.get(f"{self.there.base_url}/v1/{path}", headers=_bearer(key), timeout=30.0))

    def post(
        self, key: str, path: str, body: Mapping[str, Any] | None = None, *, may_be_late: bool = False
    ) -> dict[str, Any]:
        """The same, of a wish; one that `may_be_late` is told so (409) as an answer."""
        headers = _bearer(key) | {"Idempotency-Key": str(uuid.uuid4())}
        url = f"{self.there.base_url}/v1/{path}"
        reply = httpx2.post(url, json=dict(body or {}), headers=headers, timeout=30.0)
        return dict(reply.json()) if may_be_late and reply.status_code == 409 else self._answer(reply)

    def _answer(self, reply: httpx2.Response) -> dict[str, Any]:
        if reply.status_code >= 300:
            raise TruckrollError(f"{reply.request.url.path} answered {reply.status_code}: {reply.text[:500]}")
        answer: dict[str, Any] = reply.json()
        return answer


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
