"""How does one request go out? To an address that was checked, within a deadline, and little of the answer is read.

The connection goes to an address that `addresses.check` let through, while TLS and the Host header keep the name.
Redirects are not followed: they would lead anywhere.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import httpcore2

from dispatch.webhooks.addresses import Address, Forbidden, Network, Resolve, Target, check, resolve_host
from dispatch.webhooks.health import Answer

#: Seconds that a request may take from its beginning to the answer's head; and the answer's body after that.
DEADLINE_S = 10.0
BODY_S = 2.0
_RESOLVE_S = 4.0
_CONNECT_S = 5.0
_KEEP_S = 30.0
#: What is read of an answer: its status is all that counts, and the rest keeps the connection fit for the next.
MAX_BODY = 64 * 1024

#: Error -> the word for it, the first that fits.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timed_out"),
    (httpcore2.ConnectTimeout, "timed_out"),
    (httpcore2.TimeoutException, "timed_out"),
    (httpcore2.ConnectError, "unreachable"),
    (httpcore2.NetworkError, "cut_off"),
    (httpcore2.ProtocolError, "bad_answer"),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be called, how names are resolved and by whom, and whose certificates count."""

    allow: Sequence[Network] = ()
    resolve: Resolve = resolve_host
    #: Threads that resolve names: a name server that hangs holds up only those who share them.
    resolvers: Executor | None = None
    certificates: ssl.SSLContext | None = None
    deadline_s: float = DEADLINE_S


class Carrier:
    """Connections to one endpoint, kept open between requests."""

    def __init__(self, target: Target, rules: Rules, *, num_connections: int) -> None:
        self.target = target
        self._rules = rules
        self._url = httpcore2.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=rules.certificates,
            max_connections=num_connections,
            keepalive_expiry=_KEEP_S,
            network_backend=_CheckedNetwork(target, rules),
        )

    async def post(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Send one request: what came of it. Nothing that the other side does raises."""
        started = time.monotonic()
        status, retry_after_s = None, None
        try:
            async with asyncio.timeout(self._rules.deadline_s) as limit:
                async with self._pool.stream("POST", self._url, headers=list(headers), content=body) as answer:
                    status, retry_after_s = answer.status, _retry_after_s(answer.headers)
                    limit.reschedule(min(limit.when() or 0.0, asyncio.get_running_loop().time() + BODY_S))
                    await _read_a_little(answer)
            code = _code(status)
        except Forbidden as error:
            code = error.code
        except Exception as error:
            # The head of the answer said it all: what is wrong with its body is not of interest.
            code = _word(error) if status is None else _code(status)
        ms = round((time.monotonic() - started) * 1000)
        return Answer(code, ms, status, retry_after_s)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class Barred:
    """In place of a carrier where the settings no longer allow the address: every request ends before it begins."""

    async def post(self, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Send nothing."""
        return Answer("address_forbidden", 0)

    async def close(self) -> None:
        """There is nothing to close."""


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to none else: a name is resolved here and nowhere after."""

    def __init__(self, target: Target, rules: Rules) -> None:
        self._target = target
        self._rules = rules
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check, and connect to the first address that answers."""
        addresses = await self._resolve(host, port)
        check(self._target, addresses, self._rules.allow)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, timeout=_CONNECT_S)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool asks."""
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_RESOLVE_S):
                return await loop.run_in_executor(self._rules.resolvers, self._rules.resolve, host, port)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Forbidden("not_resolved", f"{host}: {error}") from error


async def _read_a_little(answer: httpcore2.Response) -> None:
    num_bytes = 0
    async for chunk in answer.aiter_stream():
        num_bytes += len(chunk)
        if num_bytes > MAX_BODY:
            return


def _code(status: int) -> str:
    if 200 <= status < 300:
        return "ok"
    return "redirected" if 300 <= status < 400 else f"http_{status}"


def _word(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Forbidden):
            return cause.code
        if isinstance(cause, ssl.SSLError):
            return "tls_failed"
        cause = cause.__cause__ or cause.__context__
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "fault")


def _retry_after_s(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    """What `Retry-After` asks for, in seconds; a date is not understood."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 7:
            return float(value)
    return None
