"""A thousand boards that listen, in a process of their own, and a hundred more that are opened and never read."""

import re
import selectors
import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

_FRAME = re.compile(rb'"seq":(\d+),"event_id":"([0-9a-f-]{36})"')
_END = b"\n\n"
#: Different answers kept in mind: most streams get the same bytes at about the same time.
_KEPT = 256
#: Seconds after which somebody who never reads opens another stream: the server has cut the line by then.
_REOPENED_S = 75.0


@dataclass(slots=True)
class Told:
    """The same bytes that many streams got: the frames in them, what was cut off, and when they came (monotonic)."""

    seqs: list[int]
    events: list[str]
    rest: bytes
    at_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Heard:
    """What all streams heard. `num_out_of_order` counts frames that did not follow the one before on their stream."""

    told: list[Told] = field(default_factory=list)
    num_ended: int = 0
    num_out_of_order: int = 0

    def at(self) -> dict[str, list[float]]:
        """Event -> seconds of its arrivals."""
        found: dict[str, list[float]] = defaultdict(list)
        for each in self.told:
            for event in each.events:
                found[event] += each.at_s
        return found


class Boards:
    """The process: `open` it, let it listen, `close` it to get what was heard."""

    def __init__(self, url: str, keys: Sequence[str], place: int) -> None:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(url, list(keys), place, theirs), daemon=True)

    def open(self) -> float:
        """Come back when all streams are open: how many seconds it took."""
        started = time.monotonic()
        self._process.start()
        if not self._line.poll(300):
            raise TimeoutError("the streams were not opened within 300 s")
        self._line.recv()
        return time.monotonic() - started

    def close(self) -> Heard:
        """End all streams."""
        self._line.send(None)
        heard: Heard = self._line.recv()
        self._process.join()
        return heard


@contextmanager
def stalled(url: str, keys: Sequence[str]) -> Iterator[None]:
    """Streams that nobody reads, from the beginning of the log, so that they are full at once.

    Their buffers are the smallest that the system allows. Whoever was cut off comes again.
    """
    lines = [_unread(url, key) for key in keys]
    stop = threading.Event()

    def reopen() -> None:
        at = 0
        while not stop.wait(_REOPENED_S / len(keys)):
            lines[at].close()
            lines[at] = _unread(url, keys[at])
            at = (at + 1) % len(keys)

    thread = threading.Thread(target=reopen, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for line in lines:
            line.close()


def num_unread(port: int) -> int:
    """Connections of a server that wait for their reader."""
    found = 0
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, here, _, state, queues, *_ = line.split()
        found += int(here.split(":")[1], 16) == port and state == "01" and int(queues.split(":")[0], 16) > 0
    return found


def _unread(url: str, key: str) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    return _ask(line, url, key, 0)


def _ask(line: socket.socket, url: str, key: str, place: int) -> socket.socket:
    parts = urlsplit(url)
    line.connect((parts.hostname, parts.port))
    lines = [
        "GET /v1/board/stream HTTP/1.1",
        "Host: benchmark",
        f"Authorization: Bearer {key}",
        f"Last-Event-ID: {place}",
    ]
    line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return line


def _run(url: str, keys: list[str], place: int, line: Connection) -> None:
    sys.setswitchinterval(0.05)
    streams = selectors.DefaultSelector()
    for key in keys:
        opened = _ask(socket.socket(), url, key, place)
        answer = opened.recv(65_536)
        if b" 200 " not in answer:
            raise RuntimeError(f"a stream was refused: {answer[:200]!r}")
        opened.setblocking(False)
        streams.register(opened, selectors.EVENT_READ, _Stream(opened, place))
    streams.register(line, selectors.EVENT_READ)
    line.send(None)
    line.send(_listen(streams))


@dataclass(slots=True)
class _Stream:
    line: socket.socket
    seq: int
    rest: bytes = b""


def _listen(streams: selectors.BaseSelector) -> Heard:
    """Read them all until the other side of the pipe says that it is over."""
    heard, known = Heard(), dict[bytes, Told]()
    while True:
        for key, _ in streams.select():
            stream = key.data
            if stream is None:
                return heard
            data = stream.line.recv(262_144)
            now = time.monotonic()
            if not data:
                heard.num_ended += 1
                streams.unregister(stream.line)
                continue
            told = known.get(stream.rest + data)
            if told is None:
                if len(known) >= _KEPT:
                    known.clear()
                told = known[stream.rest + data] = _read(stream.rest + data)
                heard.told.append(told)
            told.at_s.append(now)
            stream.rest = told.rest
            if told.seqs:
                heard.num_out_of_order += told.seqs[0] != stream.seq + 1
                stream.seq = told.seqs[-1]


def _read(data: bytes) -> Told:
    """The frames in what was read; what came of the last one is left for the next time."""
    end = data.rfind(_END) + len(_END) if _END in data else 0
    found = _FRAME.findall(data[:end])
    seqs = [int(seq) for seq, _ in found]
    if seqs and seqs != list(range(seqs[0], seqs[0] + len(seqs))):
        raise RuntimeError(f"frames are out of order: {seqs}")
    return Told(seqs, [event.decode() for _, event in found], data[end:])
