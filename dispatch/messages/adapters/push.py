"""How does a notice reach a phone's screen? By Web Push: encrypted for one browser, signed with the operator's key.

Source: RFC 8030 (push), 8291 (encryption), 8292 (VAPID).
"""

import base64
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid
from pywebpush import WebPusher, WebPushException

from dispatch.messages.adapters.posting import may_work_later, post
from dispatch.messages.adapters.protocol import Failed, Message, Outcome, Sent

#: The browsers' push services. A browser tells its own address, which a person could make up: no other is called.
HOSTS = (
    "fcm.googleapis.com", "updates.push.services.mozilla.com", "push.apple.com", "notify.windows.com",
)  # fmt: skip
#: How long the service keeps what it cannot deliver.
_KEEP_S = 12 * 3600
#: What fits into the encrypted record that every service takes, with room for the frame around it.
_MAX_CHARS = 600


@dataclass(frozen=True, slots=True)
class PushAdapter:
    """`private_key` as VAPID's, base64; `contact` a mail address of the operator, for the services' own people."""

    private_key: str = field(repr=False)
    contact: str
    hosts: tuple[str, ...] = HOSTS
    schemes: tuple[str, ...] = ("https",)

    def send(self, message: Message) -> Outcome:
        """Encrypt and hand over; a browser that is gone is told as `device_gone`."""
        if not is_push_address(message.address, self.hosts, self.schemes):
            return Failed("address_unusable", retry=False)
        words = {"id": str(message.id), "title": message.subject[:120], "body": message.body[:_MAX_CHARS]}
        words["page"] = message.page
        data = json.dumps(words, ensure_ascii=False).encode()
        try:
            sealed = WebPusher({"endpoint": message.address, "keys": dict(message.keys)}).encode(data)
        except (WebPushException, ValueError):
            return Failed("address_unusable", retry=False)
        headers = {"Content-Encoding": "aes128gcm", "TTL": str(_KEEP_S), "Urgency": "high", **self._proof(message)}
        try:
            status, _ = post(message.address, sealed["body"], headers)
        except httpx2.HTTPError:
            return Failed("push_away", retry=True)
        if 200 <= status < 300:
            return Sent()
        if status in (404, 410):
            return Failed("device_gone", retry=False)
        return Failed(f"push_{status}", retry=may_work_later(status))

    def _proof(self, message: Message) -> dict[str, str]:
        where = urlsplit(message.address)
        claims = {
            "aud": f"{where.scheme}://{where.netloc}",
            "sub": f"mailto:{self.contact}",
            "exp": int(time.time()) + _KEEP_S,
        }
        signed: dict[str, str] = Vapid.from_string(private_key=self.private_key).sign(claims)
        return signed


def public_key(private_key: str) -> str:
    """The half that a browser subscribes with, as it wants it: the point, base64url without padding."""
    key = Vapid.from_string(private_key=private_key).public_key
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def is_push_address(url: str, hosts: tuple[str, ...] = HOSTS, schemes: tuple[str, ...] = ("https",)) -> bool:
    """Whether an address is one of a push service, and nothing inside anybody's network."""
    try:
        where = urlsplit(url)
        host, login = where.hostname or "", where.username
    except ValueError:
        return False
    known = any(host == each or host.endswith("." + each) for each in hosts)
    return where.scheme in schemes and known and login is None and url.isascii() and url.isprintable()
