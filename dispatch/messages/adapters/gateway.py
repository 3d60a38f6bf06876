"""How do an SMS and a call leave? By a gateway that takes JSON over HTTP, each request signed with a shared secret.

The request: ``POST`` with ``{"id", "to", "text", "language", "from"}``; headers ``Idempotency-Key`` (the notice's id,
so that a message handed on twice goes out once), ``Truckroll-Timestamp`` (seconds) and ``Truckroll-Signature``, the hex
HMAC-SHA-256 of ``timestamp.body`` under the secret. The answer: 2xx with, if it likes, ``{"id": …}``.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field

import httpx2

from dispatch.messages.adapters.posting import may_work_later, post
from dispatch.messages.adapters.protocol import Failed, Message, Outcome, Sent
from dispatch.messages.segments import for_sms


@dataclass(frozen=True, slots=True)
class GatewayAdapter:
    """A gateway for texts (`sms`) or calls (`voice`). `number` is the one that people see: the relay's."""

    url: str
    secret: str = field(repr=False)
    number: str | None = None

    def send(self, message: Message) -> Outcome:
        """Hand one message to the gateway."""
        words = for_sms(message.body) if message.channel == "sms" else message.body
        document = {
            "id": str(message.id),
            "to": message.address,
            "text": words,
            "language": message.language,
            "from": self.number,
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(message.id),
            **signature(self.secret, body, at_s=int(time.time())),
        }
        try:
            status, answer = post(self.url, body, headers)
        except httpx2.HTTPError:
            return Failed("gateway_away", retry=True)
        if 200 <= status < 300:
            return Sent(_reference(answer))
        return Failed(f"gateway_{status}", retry=may_work_later(status))


def signature(secret: str, body: bytes, *, at_s: int) -> dict[str, str]:
    """The headers that prove who sent a body, and when."""
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Truckroll-Timestamp": str(at_s), "Truckroll-Signature": signed}


def _reference(answer: bytes) -> str | None:
    """The gateway's own id of the message, where it told one that can be kept."""
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    id_ = found.get("id") if isinstance(found, dict) else None
    return id_ if isinstance(id_, str) and id_.isprintable() and len(id_) <= 200 else None
