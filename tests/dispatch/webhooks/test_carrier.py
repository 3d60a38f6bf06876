"""Whatever the other side does, a request ends in time, and goes nowhere that was not checked."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from dispatch.webhooks.addresses import Target
from dispatch.webhooks.carrier import Carrier, Rules
from dispatch.webhooks.envelope import headers_of, new_secret
from dispatch.webhooks.health import Answer

LOOPBACK = (ip_network("127.0.0.0/8"),)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def saying(*parts: bytes, pause_s: float = 0.0, forever: bytes = b"") -> Talk:
    """A server that reads the request, says these parts, and then the last one for ever."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        num_bytes = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(num_bytes)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
            while forever:
                writer.write(forever)
                await writer.drain()
                await asyncio.sleep(pause_s)
        except ConnectionError:
            pass
        finally:
            writer.close()

    return talk


async def hanging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def posted(talk: Talk, *, rules: Rules | None = None, server_ssl: ssl.SSLContext | None = None, **url: Any) -> Answer:
    """What came of one request to a server that talks so."""

    async def post() -> Answer:
        talking: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talking.add(task)
            with contextlib.suppress(asyncio.CancelledError):
                await talk(reader, writer)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_ssl)
        port = server.sockets[0].getsockname()[1]
        chosen = rules or Rules(allow=LOOPBACK, deadline_s=8.0)
        target = Target(url.get("scheme", "http"), url.get("host", "127.0.0.1"), port, "/hooks")
        carrier = Carrier(target, chosen, num_connections=1)
        try:
            return await carrier.post([(b"webhook-id", b"1")], b"{}")
        finally:
            await carrier.close()
            server.close()
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking)

    return asyncio.run(post())


@pytest.mark.parametrize(
    ("talk", "code", "status"),
    [
        (saying(b"HTTP/1.1 204 Fine\r\n\r\n"), "ok", 204),
        (saying(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok"), "ok", 200),
        (saying(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "http_500", 500),
        (
            saying(b"HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
            "redirected",
            302,
        ),
        (saying(b"HTTP/1.1 200 Fine\r\nContent-Length: 99\r\n\r\ncut"), "ok", 200),
        (saying(b"nonsense\r\n\r\n"), "bad_answer", None),
        (saying(b"HTTP/1.1 200 " + b"x" * 200_000), "bad_answer", None),
        (saying(), "bad_answer", None),
        (hanging, "timed_out", None),
        (saying(b"HTTP/1.1 ", pause_s=0.05, forever=b"2"), "timed_out", None),
        (saying(pause_s=0.01, forever=b"HTTP/1.1 100 Continue\r\n\r\n"), "timed_out", None),
    ],
)
def test_every_answer_has_its_word_and_comes_in_time(talk: Talk, code: str, status: int | None):
    started = time.monotonic()
    # What comes has the time that a busy machine takes.
    answer = posted(talk, rules=Rules(allow=LOOPBACK, deadline_s=1.0) if code == "timed_out" else None)
    assert (answer.code, answer.status) == (code, status)
    assert time.monotonic() - started < 10.0


def test_a_body_of_ten_megabytes_is_cut_off_and_its_status_counts():
    num_sent = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Fine\r\nContent-Length: 10485760\r\n\r\n")
        try:
            for num in range(160):
                num_sent.append(num)
                writer.write(b"x" * 65_536)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    answer = posted(talk)
    assert (answer.code, answer.status) == ("ok", 200)
    assert len(num_sent) < 160


def test_a_body_that_drips_ends_after_two_seconds_and_its_status_counts():
    drip = saying(b"HTTP/1.1 200 Fine\r\nContent-Length: 1000\r\n\r\n", pause_s=0.1, forever=b"x")
    answer = posted(drip, rules=Rules(allow=LOOPBACK, deadline_s=10.0))
    assert (answer.code, answer.status) == ("ok", 200)
    assert 1_900 < answer.ms < 9_000


def test_a_connection_refused_and_a_loopback_that_nobody_allowed():
    async def to(port: int, rules: Rules) -> Answer:
        carrier = Carrier(Target("http", "127.0.0.1", port, "/"), rules, num_connections=1)
        try:
            return await carrier.post([], b"{}")
        finally:
            await carrier.close()

    assert asyncio.run(to(1, Rules(allow=LOOPBACK))).code == "unreachable"
    assert posted(saying(b"HTTP/1.1 204 Fine\r\n\r\n"), rules=Rules()).code == "address_forbidden"


def test_a_name_is_resolved_once_and_the_connection_goes_there_whatever_it_means_later():
    """Rebinding: the name's second meaning would be forbidden, but nobody asks a second time."""
    asked = []

    def resolve(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [ip_address("127.0.0.1")] if len(asked) == 1 else [ip_address("10.0.0.1")]

    rules = Rules(allow=LOOPBACK, resolve=resolve)
    answer = posted(saying(b"HTTP/1.1 204 Fine\r\n\r\n"), rules=rules, host="rebinds.example")
    assert (answer.code, asked) == ("ok", ["rebinds.example"])


def test_a_name_with_a_public_and_a_private_address_is_not_called():
    def resolve(host: str, port: int) -> list[Any]:
        return [ip_address("8.8.8.8"), ip_address("127.0.0.1")]

    rules = Rules(resolve=resolve)
    assert posted(saying(b"HTTP/1.1 204 Fine\r\n\r\n"), rules=rules, host="two.example").code == "address_forbidden"


def test_a_name_server_that_hangs_or_knows_nothing():
    def unknown(host: str, port: int) -> list[Any]:
        raise OSError("no such name")

    assert posted(hanging, rules=Rules(resolve=unknown), host="nowhere.example").code == "not_resolved"

    def slow(host: str, port: int) -> list[Any]:
        time.sleep(0.5)
        return []

    assert posted(hanging, rules=Rules(resolve=slow, deadline_s=0.2), host="slow.example").code in (
        "not_resolved",
        "timed_out",
    )


def test_the_next_address_is_tried_where_the_first_does_not_answer():
    def resolve(host: str, port: int) -> list[Any]:
        return [ip_address("127.0.0.99"), ip_address("127.0.0.1")]

    rules = Rules(allow=LOOPBACK, resolve=resolve)
    assert posted(saying(b"HTTP/1.1 204 Fine\r\n\r\n"), rules=rules, host="two.example").code == "ok"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for hooks.example, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "made.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return folder / "made.pem", folder / "key.pem"


def test_tls_is_verified_for_the_name_while_the_connection_goes_to_the_address(certificate: tuple[Path, Path]):
    server_ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_ssl.load_cert_chain(*certificate)
    seen: list[str | None] = []
    server_ssl.sni_callback = lambda _socket, name, _context: seen.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    talk = saying(b"HTTP/1.1 204 Fine\r\n\r\n")

    def to(host: str, certificates: ssl.SSLContext) -> str:
        rules = Rules(allow=LOOPBACK, resolve=lambda *_: [ip_address("127.0.0.1")], certificates=certificates)
        return posted(talk, rules=rules, server_ssl=server_ssl, scheme="https", host=host).code

    assert to("hooks.example", trusting) == "ok"
    assert seen == ["hooks.example"]
    assert to("other.example", trusting) == "tls_failed"
    assert to("hooks.example", ssl.create_default_context()) == "tls_failed"


def test_the_library_of_standard_webhooks_verifies_the_signature_of_each_secret_that_counts():
    new, old = new_secret(), new_secret()
    body = b'{"type":"job.posted"}'
    headers = {
        name.decode(): value.decode() for name, value in headers_of(uuid4(), body, (new, old), datetime.now(UTC))
    }
    for secret in (new, old):
        assert Webhook(secret).verify(body, headers) == {"type": "job.posted"}
