"""A thousand boards that listen, in a process of their own, and a hundred more that were opened and are never read."""

import asyncio
import re
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

_EVENT = re.compile(rb'"event_id":"([0-9a-f-]{36})"')


@dataclass(slots=True)
class Heard:
    """What all streams heard: id of an event -> seconds (monotonic) of its arrivals; streams that ended early."""

    at: dict[str, list[float]] = field(default_factory=dict)
    num_ended: int = 0


class Boards:
    """The process: `open` it, let it listen, `close` it to get what was heard."""

    def __init__(self, url: str, keys: Sequence[str], place: int) -> None:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(url, list(keys), place, theirs), daemon=True)

    def open(self) -> None:
        """Come back when all streams are open."""
        self._process.start()
        self._line.recv()

    def close(self) -> Heard:
        """End all streams."""
        self._line.send(None)
        heard: Heard = self._line.recv()
        self._process.join()
        return heard


def stalled(url: str, keys: Sequence[str], place: int) -> list[socket.socket]:
    """Streams whose readers never read, with the smallest buffers that the system allows."""
    parts, found = urlsplit(url), []
    for key in keys:
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        line.connect((parts.hostname, parts.port))
        line.sendall(_request(key, place))
        found.append(line)
    return found


def _request(key: str, place: int) -> bytes:
    lines = [
        "GET /v1/board/stream HTTP/1.1",
        "Host: benchmark",
        f"Authorization: Bearer {key}",
        f"Last-Event-ID: {place}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _run(url: str, keys: list[str], place: int, line: Connection) -> None:
    sys.setswitchinterval(0.05)
    asyncio.run(_listen_all(url, keys, place, line))


async def _listen_all(url: str, keys: list[str], place: int, line: Connection) -> None:
    parts, heard = urlsplit(url), Heard()
    lines = []
    for key in keys:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(_request(key, place))
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer:
            raise RuntimeError(f"a stream was refused: {answer[:200]!r}")
        lines.append((reader, writer))
    tasks = [asyncio.create_task(_listen(reader, heard)) for reader, _ in lines]
    line.send(None)
    await asyncio.get_running_loop().run_in_executor(None, line.recv)
    heard.num_ended = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    line.send(heard)


async def _listen(reader: asyncio.StreamReader, heard: Heard) -> None:
    rest = b""
    while data := await reader.read(65_536):
        now = time.monotonic()
        data = rest + data
        for found in _EVENT.finditer(data):
            heard.at.setdefault(found[1].decode(), []).append(now)
        # An id that was cut in two is found with what comes next, one that was whole is not found again.
        cut = data.rfind(b'"event_id":"')
        rest = data[cut:] if cut >= 0 and len(data) - cut < _LENGTH else b""


_LENGTH = len(b'"event_id":"') + 37


def figures(values: Sequence[float]) -> dict[str, Any]:
    """Milliseconds, by shares."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000, 1)

    return {"p50_ms": at(0.5), "p99_ms": at(0.99), "largest_ms": at(1.0)} if ordered else {}
