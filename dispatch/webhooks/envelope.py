"""What is told, and how does the receiver know that it is from us? One stable document, signed by Standard Webhooks.

Source: the Standard Webhooks specification, https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

_AGENT = "Truckroll-Webhooks/1"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the client's board tells it, and where it stands in the client's log."""

    seq: int
    event_id: UUID
    about_id: UUID
    at: datetime
    subject_kind: str
    subject_id: UUID
    subject_seq: int
    kind: str
    data: Mapping[str, Any]


def new_secret() -> str:
    """A secret for signatures, in the form in which receivers' libraries take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def body_of(told: Told) -> bytes:
    """The document: the same bytes at every try."""
    document = {
        "id": str(told.event_id),
        "type": f"{told.subject_kind}.{told.kind}",
        "timestamp": told.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "seq": told.seq,
        "data": {
            "about": str(told.about_id),
            "subject": {"kind": told.subject_kind, "id": str(told.subject_id), "seq": told.subject_seq},
            "details": dict(told.data),
        },
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()


def headers_of(event_id: UUID, body: bytes, keys: Sequence[str], now: datetime) -> list[tuple[bytes, bytes]]:
    """The headers of one try, signed with each of the secrets: while one is being replaced, both count."""
    at = now.astimezone(UTC)
    signatures = " ".join(Webhook(key).sign(str(event_id), at, body.decode()) for key in keys)
    return [
        (b"content-type", b"application/json"),
        (b"user-agent", _AGENT.encode()),
        (b"webhook-id", str(event_id).encode()),
        (b"webhook-timestamp", str(int(at.timestamp())).encode()),
        (b"webhook-signature", signatures.encode()),
    ]
