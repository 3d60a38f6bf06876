"""May this address be called? Only one that is public, however it is written, and however its name resolves.

Whoever names a URL for us to call could make us call into our own network (SSRF). So a name is resolved once, every
address that it has must be public, and the connection goes to one of these very addresses: asking again would let the
name mean something else by then. What a private installation may call besides is said by TRUCKROLL_WEBHOOK_ALLOW.

Source: IANA's registries of special-purpose addresses (IPv4 and IPv6), RFC 6890, RFC 6052, RFC 8215.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from dispatch.errors import BadInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Name and port to addresses; raises OSError when there is none.
Resolve = Callable[[str, int], Sequence[Address]]

MAX_URL = 2_000
#: Ports on which people receive webhooks; a mail server or a database on another must not be talked to.
PORTS = (443, 4443, 8443, 9443)

#: Special-purpose IPv4: this network, private, shared (CGNAT), loopback, link-local, protocol assignments,
#: documentation, AS112, AMT, 6to4 relays, benchmarking, multicast, reserved, broadcast.
_SPECIAL_4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
#: Of IPv6 only global unicast is public: outside of it lie loopback, unspecified, IPv4-mapped and -compatible, NAT64
#: (64:ff9b::/96, 64:ff9b:1::/48), discard-only, unique local, link-local, site-local and multicast.
_GLOBAL_6 = IPv6Network("2000::/3")
#: Inside of it: protocol assignments with Teredo, ORCHID and benchmarking, documentation, 6to4, AS112. Teredo and 6to4
#: carry an IPv4 address that could be anybody's; nobody receives webhooks there.
_SPECIAL_6 = tuple(
    IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be tried: its parts as they go into a request. `host` is ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    path: str


class Forbidden(Exception):
    """The address is none that may be called; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


def is_public(address: Address) -> bool:
    """Whether this is an address of the public internet, and of nothing else."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    if address.scope_id is not None:
        return False
    return address in _GLOBAL_6 and not any(address in network for network in _SPECIAL_6)


def is_allowed(address: Address, allow: Sequence[Network]) -> bool:
    """Whether a private installation said that this network may be called."""
    return any(address.version == network.version and address in network for network in allow)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks separated by commas: ``127.0.0.0/8, 10.1.0.0/16``.

    Raises
    ------
    ValueError
        One of them is no network.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def read_url(url: str, allow: Sequence[Network] = ()) -> Target:
    """Take a URL apart, and refuse what could never be called.

    Raises
    ------
    BadInput
        It is no https URL, names a login, a fragment or a port that is none of `PORTS`. Where `allow` names networks,
        http and other ports are possible: `check` lets them through only for addresses in these.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadInput("url", url, "send an https URL such as https://example.com/hooks") from error
    way_out = _way_out(url, parts, bool(allow))
    if way_out:
        # A login would be kept in logs.
        raise BadInput("url", None if parts.username is not None else url, way_out)
    host = _ascii_host(url, parts.hostname or "")
    port = port or (443 if parts.scheme == "https" else 80)
    if port not in PORTS and not allow:
        raise BadInput("url", url, f"use one of the ports {', '.join(map(str, PORTS))}")
    path = parts.path or "/"
    return Target(parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path)


def check(target: Target, addresses: Sequence[Address], allow: Sequence[Network]) -> None:
    """Every address must be one that may be called: one private among them, and the name is not to be trusted.

    Raises
    ------
    Forbidden
        With what was found: `not_resolved`, `address_forbidden`.
    """
    if not addresses:
        raise Forbidden("not_resolved", f"{target.host} has no address")
    if all(is_allowed(each, allow) for each in addresses):
        return
    for each in addresses:
        if not is_public(each) and not is_allowed(each, allow):
            raise Forbidden("address_forbidden", f"{target.host} has an address that is not public")
    if target.scheme != "https" or target.port not in PORTS:
        raise Forbidden("address_forbidden", f"{target.host} is public: https, and one of the ports {PORTS}")


def resolve_host(host: str, port: int) -> list[Address]:
    """All addresses of a name; an address as text is itself, in every form that the system's resolver knows.

    Raises
    ------
    OSError
        There is none, or nobody can tell.
    """
    try:
        return [ip_address(host)]
    except ValueError:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


def _way_out(url: str, parts: SplitResult, is_private: bool) -> str | None:
    if parts.scheme not in (("https", "http") if is_private else ("https",)):
        return "send an https URL"
    if parts.username is not None or parts.password is not None:
        return "leave the login out; requests are signed"
    if parts.fragment or len(url) > MAX_URL or not url.isascii() or any(each <= " " or each == "\\" for each in url):
        return f"send at most {MAX_URL} visible ASCII characters without a fragment or backslashes"
    return None


def _ascii_host(url: str, host: str) -> str:
    labels = host.rstrip(".").split(".")
    is_name = all(0 < len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum() for label in labels)
    is_literal = ":" in host and "%" not in host and _is_address(host)
    if not (is_name or is_literal) or len(host) > 253:
        raise BadInput("url", url, "name a host that can be reached")
    return host.rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
