"""What if an answer takes too long? No request waits longer than the deadline, whatever hangs behind it.

The database's watchdog frees the thread that waits for a stopped server; this frees the asker, also from a queue for a
thread or a connection. A stream that has begun to answer has no deadline. A file comes from a phone on a roof: its
deadline begins once all of it is there. The files that the faces are made of have none: nothing behind them hangs, and
a browser that was refused one asks for it no more.
"""

import asyncio
import contextlib
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Overdue
from api.problems import problem_of
from api.strictjson import raw_bytes

#: Seconds from the request to the answer, at most.
DEADLINE_S = 4.6
#: Seconds in which a file must have come.
UPLOAD_S = 120.0

_SAFE = ("GET", "HEAD", "OPTIONS")
#: All else is files.
_API = "/v1/"


class Deadline:
    """Middleware: answers 503 when the application has not begun to answer by `deadline_s`."""

    def __init__(self, app: ASGIApp, deadline_s: float = DEADLINE_S, upload_s: float = UPLOAD_S) -> None:
        self.app = app
        self.deadline_s = deadline_s
        self.upload_s = upload_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the application's answer, or give up on it."""
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self.app(scope, receive, send)
            return
        gate, body = _Gate(send), _Body(receive)
        work = asyncio.ensure_future(self.app(scope, body.receive, gate.send))
        try:
            if raw_bytes(scope) is not None:
                await body.wait(work, self.upload_s)
            await asyncio.wait({work}, timeout=self.deadline_s)
            if work.done() or gate.has_begun:
                await work
                return
        except asyncio.CancelledError:
            work.cancel()
            raise
        gate.is_closed = True
        work.add_done_callback(_forget)
        late = Overdue(self.deadline_s, outcome_unknown=scope["method"] not in _SAFE)
        await problem_of(late).to_response()(scope, receive, send)


class _Body:
    """Notes when the last of a body has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_whole = asyncio.Event()

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._is_whole.set()
        return message

    async def wait(self, work: "asyncio.Future[None]", timeout_s: float) -> None:
        """Wait until it is whole, the work is done without it, or the time is over."""
        whole = asyncio.ensure_future(self._is_whole.wait())
        try:
            first: set[asyncio.Future[Any]] = {work, whole}
            await asyncio.wait(first, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            whole.cancel()


class _Gate:
    """Lets messages through until it is closed."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False
        self.is_closed = False

    async def send(self, message: Message) -> None:
        if self.is_closed:
            return
        self.has_begun = True
        await self._send(message)


def _forget(work: "asyncio.Future[None]") -> None:
    """Whoever asked has gone; what becomes of the work is in the database."""
    with contextlib.suppress(asyncio.CancelledError):
        work.exception()
