"""Each way out, against a real server of its kind: what is sent, what is refused, what is tried again."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mailboxes import Mailbox, running_mailbox

from dispatch.errors import BadInput
from dispatch.messages.adapters import Failed, Message, Sent
from dispatch.messages.adapters.choosing import choose_adapters
from dispatch.messages.adapters.files import FileAdapter
from dispatch.messages.adapters.gateway import GatewayAdapter
from dispatch.messages.adapters.push import PushAdapter, is_push_address
from dispatch.messages.adapters.smtp import SmtpAdapter
from dispatch.settings import Settings

ID = UUID("0197c0de-0000-7000-8000-000000000001")
SECRET = "a secret of the gateway"
MAIL = Message(ID, "mail", "rosa@example.org", "Está aquí", "Línea uno\n.\nLínea tres", "es", alias="K7F2QM")
SMS = Message(ID, "sms", "+14325550147", "", "Está aquí, y " + "x" * 90, "es")


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, SmtpAdapter]]:
    with running_mailbox() as box:
        yield box, SmtpAdapter("127.0.0.1", box.port, "none", "news@acme.example", relay_domain="relay.example")


def test_a_mail_arrives_with_the_relays_address_to_answer_to_and_nobody_elses(mailbox):
    box, adapter = mailbox
    outcome = adapter.send(MAIL)
    assert outcome == Sent(f"<{ID}@relay.example>")
    (envelope,) = box.taken
    text = envelope.content.decode()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("news@acme.example", ["rosa@example.org"])
    assert "Reply-To: relay+k7f2qm@relay.example" in text
    assert "Auto-Submitted: auto-generated" in text
    assert "Content-Language: es" in text
    assert text.splitlines()[0].startswith("Subject: =?utf-8?")


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "rosa@example.org\r\nBcc: all@example.org"},
        {"subject": "Hello\nBcc: all@example.org"},
        {"address": ""},
        {"address": "a@example.org, b@example.org"},
    ],
)
def test_no_value_can_add_a_header_or_a_recipient(mailbox, changes: dict[str, str]):
    box, adapter = mailbox
    outcome = adapter.send(replace(MAIL, **changes))
    assert outcome == Failed("address_unusable", retry=False)
    assert box.taken == []


@pytest.mark.parametrize(
    ("where", "answer", "outcome"),
    [
        ("answer", "451 busy", Failed("smtp_451", retry=True)),
        ("answer", "554 no", Failed("smtp_554", retry=False)),
        ("answer_to_recipient", "550 nobody", Failed("smtp_550", retry=False)),
        ("answer_to_recipient", "450 later", Failed("smtp_450", retry=True)),
    ],
)
def test_a_server_that_says_no_for_now_is_asked_again_and_one_for_good_is_not(mailbox, where, answer, outcome):
    box, adapter = mailbox
    setattr(box, where, answer)
    assert adapter.send(MAIL) == outcome
    assert box.taken == []


def test_a_server_that_is_away_is_asked_again():
    assert SmtpAdapter("127.0.0.1", 1, "none", "a@b.example").send(MAIL) == Failed("server_away", retry=True)


def test_a_mail_is_not_sent_in_the_open_where_the_operator_wants_it_secured(mailbox):
    box, adapter = mailbox
    assert replace(adapter, security="starttls").send(MAIL) == Failed("server_cannot", retry=False)
    assert isinstance(replace(adapter, security="tls").send(MAIL), Failed)
    assert box.taken == []


@dataclass
class Seen:
    """What a gateway was sent, and what it answers next."""

    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    body: bytes = b'{"id": "carrier-1"}'
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def gateway() -> Iterator[tuple[Seen, str]]:
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.requests.append((dict(self.headers), body))
            self.send_response(seen.status)
            for name, value in {"Content-Length": str(len(seen.body)), **seen.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(seen.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen, f"http://127.0.0.1:{server.server_port}/send"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_text_is_signed_and_told_apart_by_the_notices_id():
    with gateway() as (seen, url):
        assert GatewayAdapter(url, SECRET, "+18005550100").send(SMS) == Sent("carrier-1")
    ((headers, body),) = seen.requests
    signed = hmac.new(SECRET.encode(), headers["Truckroll-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["Truckroll-Signature"] == signed.hexdigest()
    assert headers["Idempotency-Key"] == str(ID)
    told = json.loads(body)
    assert (told["to"], told["from"]) == ("+14325550147", "+18005550100")
    assert told["text"].startswith("Esta aqui, y")


@pytest.mark.parametrize(
    ("status", "retry"), [(400, False), (404, False), (429, True), (500, True), (503, True), (302, False)]
)
def test_a_gateway_that_says_no_is_asked_again_only_where_that_may_help(status: int, retry: bool):
    with gateway() as (seen, url):
        seen.status, seen.headers = status, {"Location": url}
        assert GatewayAdapter(url, SECRET).send(SMS) == Failed(f"gateway_{status}", retry=retry)
        assert len(seen.requests) == 1, "a redirect is not followed"


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'{"id": 7}', b'{"id": "a\\nb"}', b"x" * 10_000_000])
def test_an_answer_that_cannot_be_read_is_still_a_yes(body: bytes):
    with gateway() as (seen, url):
        seen.body = body
        assert GatewayAdapter(url, SECRET).send(SMS) == Sent(None)


def test_a_gateway_that_is_away_is_asked_again():
    assert GatewayAdapter("http://127.0.0.1:1/", SECRET).send(SMS) == Failed("gateway_away", retry=True)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_push_can_be_read_by_its_browser_alone_and_is_signed_by_the_operator():
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    point = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    operator = _b64(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big"))
    with gateway() as (seen, url):
        adapter = PushAdapter(operator, "ops@acme.example", hosts=("127.0.0.1",), schemes=("http",))
        keys = {"p256dh": _b64(point), "auth": _b64(auth)}
        push = replace(MAIL, channel="push", address=url, keys=keys, page="/offers/7")
        assert adapter.send(push) == Sent()
        seen.status = 410
        assert adapter.send(push) == Failed("device_gone", retry=False)
        seen.status = 503
        assert adapter.send(push) == Failed("push_503", retry=True)
        assert adapter.send(replace(push, keys={"p256dh": "xx", "auth": "xx"})).reason == "address_unusable"
    headers, body = seen.requests[0]
    told = json.loads(http_ece.decrypt(body, private_key=browser, auth_secret=auth, version="aes128gcm"))
    assert (told["title"], told["page"]) == (MAIL.subject, "/offers/7")
    assert headers["Authorization"].startswith(("vapid t=", "WebPush "))


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://web.push.apple.com/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://127.0.0.1/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilfcm.googleapis.com.example/x", False),
        ("https://notfcm.googleapis.com/x", False),
        ("https://a@fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com\\@evil.example/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_the_browsers_push_services_are_called(url: str, is_one: bool):
    assert is_push_address(url) == is_one


def test_without_carriers_everything_is_written_to_a_file_for_the_operator_alone(tmp_path: Path, caplog):
    adapters = choose_adapters(Settings(data_dir=tmp_path), tmp_path)
    caplog.set_level("INFO")
    for message in (MAIL, SMS):
        assert adapters[message.channel].send(message) == Sent("file")
    outbox = tmp_path / "outbox.jsonl"
    lines = [json.loads(line) for line in outbox.read_text().splitlines()]
    assert [line["to"] for line in lines] == [MAIL.address, SMS.address]
    assert outbox.stat().st_mode & 0o777 == 0o600
    assert MAIL.address not in caplog.text
    assert MAIL.subject not in caplog.text


def test_what_is_set_is_used(tmp_path: Path):
    settings = Settings(smtp_host="mail.example", sms_url="https://sms.example/", sms_secret="0123456789abcdef")
    adapters = choose_adapters(settings, tmp_path)
    kinds = [type(adapters[channel]) for channel in ("mail", "sms", "voice", "push")]
    assert kinds == [SmtpAdapter, GatewayAdapter, FileAdapter, FileAdapter]
    assert "0123456789abcdef" not in repr(settings) + repr(adapters)
    with pytest.raises(BadInput, match="TRUCKROLL_SMS_SECRET"):
        choose_adapters(Settings(sms_url="https://sms.example/"), tmp_path)
