"""Who hears webhooks, and counts what it heard? A server of a few lines: honest, at random failing, or dead.

It verifies every signature, answers 500 to some requests by its seed, and counts what came late: an event about a job
whose later event it had taken before (an event that it had taken itself, once more, is no violation).
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

#: Bytes of a request at most.
_MAX_BYTES = 1_000_000


@dataclass(slots=True)
class Heard:
    """What one endpoint heard. `taken`: webhook-id -> seq; `last`: job or subject -> the last seq taken of it."""

    secrets: tuple[str, ...] = ()
    fails: float = 0.0
    num_requests: int = 0
    num_refused: int = 0
    num_repeated: int = 0
    num_bad_signatures: int = 0
    out_of_order: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)


class Receiver:
    """A server in a thread of its own; use as a context manager.

    Each path is an endpoint: `add` says whether and how often it fails.
    """

    def __init__(self, *, seed: int = 1, host: str = "127.0.0.1") -> None:
        self.heard: dict[str, Heard] = {}
        self._random = random.Random(seed)
        self._host = host
        self._port = 0
        self._is_ready = threading.Event()
        self._ends: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="receiver", daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._ends is not None
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(10)

    def add(self, path: str, *secrets: str, fails: float = 0.0) -> str:
        """An endpoint at this path that fails for this share of requests: its URL. Secrets may be added later."""
        self.heard[path] = Heard(secrets, fails)
        return f"http://{self._host}:{self._port}{path}"

    def trust(self, path: str, *secrets: str) -> None:
        """Signatures by these secrets count from now on; without any, none is checked."""
        self.heard[path].secrets = secrets

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status that this request is answered with."""
        heard = self.heard.get(path)
        if heard is None:
            return 404
        heard.num_requests += 1
        if not _is_signed(heard.secrets, headers, body):
            heard.num_bad_signatures += 1
            return 401
        if self._random.random() < heard.fails:
            heard.num_refused += 1
            return 500
        self._note(heard, headers["webhook-id"], json.loads(body))
        return 204

    def _note(self, heard: Heard, message_id: str, document: dict[str, Any]) -> None:
        if message_id in heard.taken:
            heard.num_repeated += 1
            return
        about, seq = document["data"]["about"], document["seq"]
        heard.out_of_order += seq <= heard.last.get(about, 0)
        heard.last[about] = max(seq, heard.last.get(about, 0))
        heard.taken[message_id] = seq
        heard.kinds[document["type"]] += 1

    async def _serve(self) -> None:
        self._loop, self._ends = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, self._host, 0)
        self._port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        async with server:
            await self._ends.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(min(int(headers.get("content-length", "0")), _MAX_BYTES))
                status = self.take(head[0].split(" ")[1], headers, body)
                writer.write(f"HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


def _is_signed(secrets: tuple[str, ...], headers: dict[str, str], body: bytes) -> bool:
    for secret in secrets:
        try:
            Webhook(secret).verify(body, headers)
        except WebhookVerificationError:
            continue
        return True
    return not secrets
