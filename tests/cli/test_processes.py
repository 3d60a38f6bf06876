"""Who answers HTTP, and for how long is somebody waited for who takes nothing of the answer?"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from cli import processes

PATIENCE_S = 30.0
PIECE = b"x" * 65_536


class Endless:
    """Answers for ever; `gone` are the addresses whose askers are not there any more."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        telling = asyncio.ensure_future(self._tell(send))
        while (await receive())["type"] != "http.disconnect":
            pass
        telling.cancel()
        self.gone.add(scope["path"])

    async def _tell(self, send: Any) -> None:
        while True:
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            await asyncio.sleep(0.01)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    server = processes._Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.force_exit = server.should_exit = True
        thread.join(PATIENCE_S)


def asked(port: int, path: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    return line


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not come to pass"
        time.sleep(0.01)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system's lines know no such limit")
def test_who_takes_nothing_is_cut_off_and_who_reads_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STALLED_S", 1.0)
    app = Endless()
    with serving(app) as port, asked(port, "/stalls"), asked(port, "/reads") as reads:
        wait_until(lambda: bool(reads.recv(1_000_000)) and "/stalls" in app.gone)
        assert reads.recv(1_000_000)
        assert app.gone == {"/stalls"}
