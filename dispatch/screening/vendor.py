"""How does an order reach the vendor? As JSON over HTTP, signed; whatever is not taken is tried again."""

import json
import time
from dataclasses import asdict, dataclass, field

from dispatch.messages.adapters.posting import post
from dispatch.screening.protocol import Order, signature


class NotTakenError(Exception):
    """The vendor did not take the order: it is tried again."""


@dataclass(frozen=True, slots=True)
class HttpScreener:
    """A vendor at a URL."""

    url: str
    secret: str = field(repr=False)
    name: str = "local"

    def order(self, order: Order) -> None:
        """Hand in an order; the same `ref` again is the same order."""
        body = json.dumps({**asdict(order), "scope": list(order.scope)}, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": order.ref,
            **signature(self.secret, body, at_s=int(time.time())),
        }
        status, _ = post(self.url, body, headers)
        if not 200 <= status < 300:
            raise NotTakenError(f"the vendor answered {status}")
