"""How does an order reach a payment provider elsewhere? As JSON over HTTP, with a key under which it pays once.

`POST {url}/payouts`, the payout's id as `Idempotency-Key`; the answer is `{"id": "..."}`, the provider's own id. What
became of the payout comes later, as a signed callback (`dispatch.money.provider`). A fault of the moment is tried again
within the few seconds that a transaction may wait; after that the payout stays as it is and the next run tells of it
again, under the same key.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from dispatch.money.provider import Order, OrderRefused, ProviderDown

#: All attempts together stay below the ten seconds for which a transaction may be idle.
_TIMEOUT_S = 2.5
_WAITS_S = (0.2, 0.6)
#: Refusals that are of the moment, whoever is asked; so is every 5xx.
_LATER = (408, 409, 423, 425, 429)
#: Wrong key or place: nothing about this order, and every other would be answered the same.
_OURS = (401, 403, 404, 405)
_MAX_ANSWER_BYTES = 64_000
_MAX_ID = 200


@dataclass(frozen=True, slots=True)
class HttpProvider:
    """A provider at a URL; `key` is what it knows us by."""

    url: str
    key: str = field(repr=False)
    timeout_s: float = _TIMEOUT_S
    waits_s: Sequence[float] = _WAITS_S
    sleep: Callable[[float], None] = time.sleep

    def create_payout(self, order: Order) -> str:
        """Its own id of the payout.

        Raises
        ------
        OrderRefused
            When it says no to this order.
        ProviderDown
            When nobody answered in time, or nothing that can be understood: it may know of the payout or not.
        """
        fault = ""
        for wait_s in (*self.waits_s, None):
            try:
                status, answer = self._post(order)
            except httpx2.HTTPError as error:
                fault = type(error).__name__
            else:
                if 200 <= status < 300:
                    return _id_in(answer)
                if status in _OURS or 300 <= status < 400:
                    raise ProviderDown(f"the provider answered {status}: look at its address and key")
                if 400 <= status < 500 and status not in _LATER:
                    raise OrderRefused(f"http_{status}")
                fault = f"status {status}"
            if wait_s is not None:
                self.sleep(wait_s)
        raise ProviderDown(f"the provider did not take the payout: {fault}")

    def _post(self, order: Order) -> tuple[int, bytes]:
        until_s = time.monotonic() + self.timeout_s
        document = {
            "payout": str(order.payout_id),
            "payee": str(order.payee_id),
            "amount": str(order.amount),
            "currency": order.currency,
        }
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(order.payout_id),
        }
        with (
            httpx2.Client(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", f"{self.url.rstrip('/')}/payouts", content=json.dumps(document), headers=headers
            ) as response,
        ):
            answer = b""
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _MAX_ANSWER_BYTES or time.monotonic() > until_s:
                    raise ProviderDown("the provider's answer was too long, or too slow")
            return response.status_code, answer


def _id_in(answer: bytes) -> str:
    try:
        said: Any = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderDown("the provider took it and named no id") from error
    if not isinstance(said, str) or not 0 < len(said) <= _MAX_ID or not said.isprintable():
        raise ProviderDown("the provider's id is none")
    return said
