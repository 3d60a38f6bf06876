"""How do tests listen to streams? A real server in a thread, and listeners that put what they hear into a queue."""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

#: Longer than anything takes that works; a test that waits so long has failed.
PATIENCE_S = 30.0
_MORE_TIMES = 3


@dataclass(frozen=True)
class Heard:
    """One event; `kind` is `(end)` when the stream ended."""

    kind: str
    data: Any = None
    id: str | None = None


@dataclass
class Listener:
    """One open stream. `last_id` is the id that a browser would send to go on."""

    last_id: str | None = None
    _heard: "queue.Queue[Heard]" = field(default_factory=queue.Queue)

    def next(self, *kinds: str) -> Heard:
        """The next event of these kinds (all, where none is named); others are passed over."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            heard = self._heard.get(timeout=max(0.0, deadline_s - time.monotonic()))
            if heard.id is not None:
                self.last_id = heard.id
            if not kinds or heard.kind in kinds or heard.kind == "(end)":
                return heard

    def take(self, kind: str, num: int) -> list[Any]:
        """The documents of the next `num` events of a kind."""
        return [self.next(kind).data for _ in range(num)]

    def hears_nothing(self, *kinds: str) -> bool:
        """Nothing of these kinds is waiting to be taken."""
        waiting = list(self._heard.queue)
        return not [each for each in waiting if not kinds or each.kind in kinds]


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(app: FastAPI, port: int | None = None) -> Iterator[str]:
    """The application on a port of its own, or on this one: its address."""
    # Taken here, and not given back in between: another worker of these tests looks for a port, too.
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("127.0.0.1", port or 0))
    port = own.getsockname()[1]
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([own],), daemon=True)
    thread.start()
    deadline_s = time.monotonic() + PATIENCE_S
    while not server.started:
        assert time.monotonic() < deadline_s, "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


@contextmanager
def listening(
    url: str, secret: str = "", last_id: str | None = None, *, cookie: str | None = None
) -> Iterator[Listener]:
    """Listen to a stream from `last_id` on, in a thread, with a key or a cookie; it ends with the block."""
    found = Listener(last_id)
    where = urlsplit(url)
    who = {"Authorization": f"Bearer {secret}"} if cookie is None else {"Cookie": cookie}
    headers = who | ({"Last-Event-ID": last_id} if last_id else {})
    connection = HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        answer = _opened(connection, f"{where.path}?{where.query}", headers)
        assert answer.status == 200, answer.read()
        sock = socket.socket(fileno=socket.dup(answer.fileno()))
        sock.settimeout(None)
        thread = threading.Thread(target=_listen, args=(answer, found), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
            thread.join(PATIENCE_S)


def _opened(connection: HTTPConnection, path: str, headers: dict[str, str]) -> HTTPResponse:
    """The answer; whoever is told that the server had no time asks again, as a browser's page does."""
    for _ in range(_MORE_TIMES):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 503:
            return answer
        answer.read()
        time.sleep(1)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def _listen(answer: HTTPResponse, found: Listener) -> None:
    block: dict[str, str] = {}
    with contextlib.suppress(HTTPException, OSError, ValueError):
        while line := answer.readline():
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(":")
                block[name or "comment"] = value.removeprefix(" ")
                continue
            kind = block.get("event", "(place)" if "id" in block else "(ping)")
            found._heard.put(Heard(kind, json.loads(block["data"]) if "data" in block else None, block.get("id")))
            block = {}
    found._heard.put(Heard("(end)"))
