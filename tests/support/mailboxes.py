"""A real mail server for tests, which can say no, be down, and come back at the same port."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """What it took, as envelopes; what it answers to a recipient and to a mail; whether anybody is there."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.taken: list[Any] = []
        self.answer = self.answer_to_recipient = "250 OK"
        self._controller: Controller | None = None

    def comes_up(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def goes_down(self) -> None:
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.answer_to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """A mailbox that is up."""
    box = Mailbox()
    box.comes_up()
    try:
        yield box
    finally:
        box.goes_down()
