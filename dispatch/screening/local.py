"""A small vendor for private use and tests: takes signed orders on loopback, and answers by signed callbacks.

It searches nothing: whoever runs it says what is found, by the text of `findings` (a part of the name -> a status), and
everybody else is clear. Answers are sent again until they are taken, later and later, as a real vendor does.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from dispatch.errors import Refused
from dispatch.messages.adapters.posting import post
from dispatch.screening.protocol import check_signature, signature

_MAX_BYTES = 100_000
_WAITS_S = (0.1, 0.5, 2.0, 10.0, 60.0, 300.0)


@dataclass
class LocalVendor:
    """The vendor: `callback_url` and `key` are where and as whom it answers."""

    secret: str = field(repr=False)
    callback_url: str
    key: str = field(repr=False)
    findings: Mapping[str, str] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    num_refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take an order: the status that it is answered with. The same one again is answered once."""
        try:
            check_signature(self.secret, headers, body, at_s=int(time.time()))
            order = json.loads(body)
            ref = str(order["ref"])
            order |= {"name": str(order["name"]), "scope": [str(each) for each in order["scope"]]}
        except (Refused, ValueError, KeyError, TypeError):
            self.num_refused += 1
            return 401
        with self._lock:
            is_new = ref not in self.orders
            self.orders[ref] = order
        if is_new:
            threading.Thread(target=self._answer, args=(order,), daemon=True).start()
        return 202

    def status_of(self, name: str) -> str:
        """What is found about somebody."""
        return next((status for part, status in self.findings.items() if part in name), "clear")

    def say(self, ref: str, seq: int, status: str, scope: list[str]) -> int:
        """Send one answer once: the status it is answered with."""
        today = datetime.now(UTC).date().isoformat()
        document = {"ref": ref, "seq": seq, "status": status, "scope": scope, "issued_on": today}
        body = json.dumps(document).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": f"{ref}-{seq}-{time.time_ns()}",
            **signature(self.secret, body, at_s=int(time.time())),
        }
        return post(self.callback_url, body, headers)[0]

    def _answer(self, order: dict[str, Any]) -> None:
        for wait_s in _WAITS_S:
            try:
                if self.say(order["ref"], 1, self.status_of(order["name"]), order["scope"]) < 500:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(wait_s)


def serve(vendor: LocalVendor, port: int = 0) -> ThreadingHTTPServer:
    """The server, listening on loopback; `serve_forever` it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = self.headers.get("Content-Length", "")
            num = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
            headers = {name.title(): value for name, value in self.headers.items()}
            status = vendor.take(headers, self.rfile.read(num)) if 0 < num <= _MAX_BYTES else 413
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing: names are none of a log's business."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
