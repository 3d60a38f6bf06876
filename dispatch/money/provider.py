"""Who moves the money to a bank? A payment provider behind two verbs, and a local one for private use.

A provider is told of a payout by its id, which it takes as the key: told twice, it pays once. What became of it comes
back as a callback, signed over its time and body with the secret that both sides know. One order has one transfer:
money of it that came back goes out with a new order, so the id and `paid`, `failed` or `returned` suffice to tell how
it ended (`dispatch.money.payouts`).
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from uuid import UUID

from dispatch.errors import BadInput, Refused

#: How far a callback's time may lie from ours.
TOLERANCE = timedelta(minutes=5)
OUTCOMES = ("paid", "failed", "returned")

_CODE = re.compile(r"[a-z0-9_.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """A payout as a provider is told of it; `payee_id` is how the provider knows the bank account."""

    payout_id: UUID
    payee_id: UUID
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider says became of a payout; `why` is its code."""

    payout_id: UUID
    outcome: str
    why: str | None = None


class OrderRefused(Exception):
    """The provider says no to this order, and will say no again; the message is a code."""


class ProviderDown(Exception):
    """Nobody took the order, or nobody said so: it is told again, of the same id."""


class Provider(Protocol):
    """Creates payouts. May be told of one again: it answers the same."""

    def create_payout(self, order: Order) -> str:
        """Its own id of the payout.

        Raises
        ------
        OrderRefused, ProviderDown
            When it says no; when it is not to be reached.
        """


class LocalProvider:
    """Writes each payout once, as a line of `payouts.jsonl`, for a private installation to be paid by hand."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "payouts.jsonl"

    def create_payout(self, order: Order) -> str:
        """Write the line, if it is not there yet."""
        reference = f"local-{order.payout_id}"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        known = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        if reference not in known:
            line = {"ref": reference, "payee": str(order.payee_id), "amount": str(order.amount)}
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line | {"currency": order.currency}) + "\n")
        return reference


def signature(secret: str, sent_at: datetime, body: bytes) -> str:
    """What a callback carries: `t=SECONDS,v1=HEX`."""
    seconds = int(sent_at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def read_callback(secret: str, header: str, body: bytes, *, now: datetime) -> Word:
    """What a callback says, if it is the provider's and of this moment.

    Raises
    ------
    Refused
        When it is forged, or so old that somebody may have kept it to send it again.
    BadInput
        When it is the provider's and says nothing that can be understood.
    """
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp = parts.get("t", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Refused("the callback is not signed", ("only_the_provider",))
    sent_at = datetime.fromtimestamp(int(stamp), now.tzinfo)
    if not hmac.compare_digest(signature(secret, sent_at, body), f"t={stamp},v1={parts.get('v1', '')}"):
        raise Refused("the callback's signature is wrong", ("only_the_provider",))
    if abs(now - sent_at) > TOLERANCE:
        raise Refused("the callback is too old: send it anew", ("only_fresh_callbacks",))
    try:
        said = json.loads(body)
        word = Word(UUID(said["payout"]), said["outcome"], said.get("why"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("body", body[:40], "send payout, outcome and why as JSON") from error
    if word.outcome not in OUTCOMES:
        raise BadInput("outcome", word.outcome, f"send one of {', '.join(OUTCOMES)}")
    if word.why is not None and not (isinstance(word.why, str) and _CODE.fullmatch(word.why)):
        raise BadInput("why", word.why, "send a short code, such as account_closed")
    return word
