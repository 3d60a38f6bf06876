"""The other side of the benchmark of webhooks: healthy, dead and slow endpoints, in a process of their own."""

import asyncio
import copy
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from standardwebhooks import Webhook

#: One signature in so many is verified, so that the benchmark measures the sender and not the receiver.
VERIFIED_EVERY = 20
SLOW_S = 6.0
DRIP_S = 1.0


@dataclass(slots=True)
class Arrivals:
    """What a path heard: webhook-id -> monotonic second of its first arrival; what was late or wrongly signed."""

    first_s: dict[str, float] = field(default_factory=dict)
    last_seq: dict[str, int] = field(default_factory=dict)
    num_requests: int = 0
    order_violations: int = 0
    bad_signatures: int = 0


class Receivers:
    """The process, asked for what it heard; `url(path)` for healthy paths, `troubles` for the others."""

    def __init__(self, line: Connection, ports: Mapping[str, int]) -> None:
        self._line = line
        self._ports = ports

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong -> URL."""
        port = self._ports["http"]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            nobody = probe.getsockname()[1]
        return {
            "refusing": f"http://127.0.0.1:{nobody}/",
            "hanging": f"http://127.0.0.1:{port}/trouble/hangs",
            "http_500": f"http://127.0.0.1:{port}/trouble/500",
            "slow": f"http://127.0.0.1:{port}/trouble/slow",
            "slow_drip": f"http://127.0.0.1:{port}/trouble/drips",
        }

    def url(self, path: str) -> str:
        """A healthy endpoint."""
        return f"http://127.0.0.1:{self._ports['http']}{path}"

    def trust(self, path: str, secret: str) -> None:
        """Tell the process a secret."""
        self._line.send(("trust", path, secret))

    def count(self) -> dict[str, int]:
        """path -> how many different messages arrived."""
        self._line.send(("count",))
        counted: dict[str, int] = self._line.recv()
        return counted

    def heard(self) -> dict[str, Arrivals]:
        """Everything."""
        self._line.send(("heard",))
        heard: dict[str, Arrivals] = self._line.recv()
        return heard


@contextmanager
def receivers() -> Iterator[Receivers]:
    """The process, for as long as the block runs."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Receivers(ours, ours.recv())
    finally:
        process.kill()
        process.join()


def _run(line: Connection) -> None:
    asyncio.run(_serve(line))


async def _serve(line: Connection) -> None:
    heard: dict[str, Arrivals] = {}
    secrets: dict[str, str] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(heard, secrets), "127.0.0.1", 0, backlog=1024)
    line.send({"http": server.sockets[0].getsockname()[1]})
    threading.Thread(target=_answer, args=(line, heard, secrets, loop), daemon=True).start()
    await server.serve_forever()


def _answer(
    line: Connection, heard: dict[str, Arrivals], secrets: dict[str, str], loop: asyncio.AbstractEventLoop
) -> None:
    while True:
        what, *more = line.recv()
        if what == "trust":
            secrets[more[0]] = more[1]
        elif what == "count":
            line.send({path: len(each.first_s) for path, each in list(heard.items())})
        else:
            # In the loop's own thread, so that nothing changes meanwhile.
            line.send(asyncio.run_coroutine_threadsafe(_copy(heard), loop).result())


async def _copy(heard: dict[str, Arrivals]) -> dict[str, Arrivals]:
    return copy.deepcopy(heard)


class _Talk(asyncio.Protocol):
    """One connection: requests in, answers out, as the path demands."""

    def __init__(self, heard: dict[str, Arrivals], secrets: dict[str, str]) -> None:
        self._heard = heard
        self._secrets = secrets
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in head[1:])}
            whole = end + 4 + int(headers.get("content-length", "0"))
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            self._take(head[0].split(" ")[1], headers, body)

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        if path.startswith("/trouble/"):
            self._trouble(path.removeprefix("/trouble/"))
            return
        heard = self._heard.setdefault(path, Arrivals())
        heard.num_requests += 1
        message = headers["webhook-id"]
        if message not in heard.first_s:
            heard.first_s[message] = time.monotonic()
            document = json.loads(body)
            about, seq = document["data"]["about"], document["seq"]
            heard.order_violations += seq <= heard.last_seq.get(about, 0)
            heard.last_seq[about] = max(seq, heard.last_seq.get(about, 0))
        if heard.num_requests % VERIFIED_EVERY == 0:
            try:
                Webhook(self._secrets[path]).verify(body, headers)
            except Exception:
                heard.bad_signatures += 1
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def _trouble(self, kind: str) -> None:
        loop = asyncio.get_running_loop()
        if kind == "500":
            self._transport.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        elif kind == "slow":
            loop.call_later(SLOW_S, self._say, b"HTTP/1.1 204 No Content\r\n\r\n")
        elif kind == "drips":
            for num in range(60):
                loop.call_later(num * DRIP_S, self._say, b"x" if num else b"HTTP/1.1 200 Fine\r\nX: ")

    def _say(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
