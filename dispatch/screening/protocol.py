"""What is a screening vendor asked, what does it answer, and how does either prove who it is?

The order: ``POST`` with ``{"ref", "name", "email", "scope", "kind"}``. Answers come later, each with the order's `ref`
and a `seq` that grows: what happened last has the highest, in whatever order the network brings them. Both ways carry
``Truckroll-Timestamp`` (seconds) and ``Truckroll-Signature``, the hex HMAC-SHA-256 of ``timestamp.body`` under the
shared secret.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from dispatch.errors import Refused
from dispatch.messages.adapters.gateway import signature

#: What a result can be. `adverse` decides nothing: a person looks at it, and the technician is heard.
STATUSES = ("pending", "clear", "adverse")
#: A signature older or newer than this is no proof: somebody may have kept it.
MAX_AGE_S = 300

__all__ = ["MAX_AGE_S", "STATUSES", "Order", "Result", "Screener", "check_signature", "signature"]


@dataclass(frozen=True, slots=True)
class Order:
    """Whom to screen, for what; `ref` is ours and the same at every try."""

    ref: str
    kind: str
    scope: tuple[str, ...]
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """An answer of the vendor; of a clear one `issued_on`, the searches made, and the last day if there is one."""

    ref: str
    seq: int
    status: str
    scope: tuple[str, ...] = ()
    issued_on: date | None = None
    valid_until: date | None = None


class Screener(Protocol):
    """A vendor of screenings."""

    name: str

    def order(self, order: Order) -> None:
        """Hand in an order; the same `ref` again is the same order. Raises when it is to be tried again."""


def check_signature(secret: str | None, headers: Mapping[str, str], body: bytes, *, at_s: int) -> None:
    """Raise Refused unless the body was signed with the secret just now."""
    told, stamp = headers.get("Truckroll-Signature", ""), headers.get("Truckroll-Timestamp", "")
    if not secret:
        raise Refused("no screening vendor is set up here: set TRUCKROLL_SCREENING_SECRET", ("no_vendor",))
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12) or abs(at_s - int(stamp)) > MAX_AGE_S:
        raise Refused("the signature has no time, or an old one: sign it anew", ("stale_signature",))
    signed = hmac.new(secret.encode(), f"{int(stamp)}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signed.encode(), told.encode()):
        raise Refused("the signature is not of this body under our secret", ("wrong_signature",))
