"""How do tests ask the application? As any client of ours does: who is told that it had no time asks again.

Beside the application's own threads the test and a browser want the processor, and other workers the database. Asked
again is what has its effect once, however often it is sent, and what is said to have had none.
"""

import time
from typing import Any

from fastapi.testclient import TestClient

#: Answers of a busy machine. A deadlock, or a service that is missing, is never one.
_BUSY: tuple[str, ...] = ("overdue", "slow", "locked", "database_unavailable")
_MORE_TIMES = 3


class InsistingClient(TestClient):
    """One that asks again, save where what a busy application answers is what is tested: `asks_once`."""

    asks_once = False

    def request(self, *given: Any, **more: Any) -> Any:
        """Send it, and again while that helps."""
        # Nobody sends a stream twice.
        left = 0 if self.asks_once or hasattr(more.get("content"), "__next__") else _MORE_TIMES
        busy = _BUSY
        while True:
            answer = super().request(*given, **more)
            if left == 0 or _code(answer) not in busy or not _may_be_repeated(answer):
                return answer
            # It is perhaps still being worked on.
            left, busy = left - 1, (*_BUSY, "in_flight")
            time.sleep(float(answer.headers["Retry-After"]))


def _code(answer: Any) -> str | None:
    """Of an answer that says when to ask again."""
    if answer.status_code not in (409, 503) or "Retry-After" not in answer.headers or not answer.content:
        return None
    code: str = answer.json()["code"]
    return code


def _may_be_repeated(answer: Any) -> bool:
    asked = answer.request
    is_once = asked.method != "POST" or "Idempotency-Key" in asked.headers
    return is_once or answer.json().get("outcome_unknown") is False
