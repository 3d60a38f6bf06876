"""What does every adapter take and answer? Decisions as values: sent, or failed and whether to try again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from dispatch.messages.occasions import Channel


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address, in words.

    `id` is the notice's: whoever hands on a message twice can tell by it. `alias` is where an answer goes (a code of
    the relay), never another person's address. `keys` of a push address are the browser's, `page` is what it opens.
    """

    id: UUID
    channel: Channel
    address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str
    alias: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    page: str = "/"


@dataclass(frozen=True, slots=True)
class Sent:
    """The carrier took it; `reference` is the carrier's own id."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The carrier did not take it. `reason` is a code, for it is shown; `retry`: the same may work later."""

    reason: str
    retry: bool


Outcome = Sent | Failed


class Adapter(Protocol):
    """A way out. Sends within its own time limit, and raises nothing that is not a fault of its own."""

    def send(self, message: Message) -> Outcome:
        """Hand the message to the carrier."""


Adapters = Mapping[Channel, Adapter]
