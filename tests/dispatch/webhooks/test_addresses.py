"""Nobody makes us call into a private network: not by an address, however written, not by a name, not by a port."""

from ipaddress import ip_address

import pytest

from dispatch.errors import BadInput
from dispatch.webhooks.addresses import Forbidden, check, is_public, read_networks, read_url, resolve_host

#: What it is -> addresses of that kind, at its edges.
FORBIDDEN = {
    "this network": ("0.0.0.0", "0.255.255.255"),
    "private": ("10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "192.168.255.255"),
    "shared by a carrier": ("100.64.0.0", "100.127.255.255"),
    "loopback": ("127.0.0.1", "127.255.255.254", "::1"),
    "link-local": ("169.254.169.254", "169.254.0.0", "fe80::1", "febf::1"),
    "protocol assignments": ("192.0.0.1", "192.0.0.170", "2001::1", "2001:1ff::1"),
    "documentation": ("192.0.2.1", "198.51.100.9", "203.0.113.255", "2001:db8::1", "3fff::1"),
    "AS112 and AMT": ("192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"),
    "6to4 relay": ("192.88.99.1",),
    "benchmarking": ("198.18.0.1", "198.19.255.255", "2001:2::1"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1"),
    "reserved": ("240.0.0.1", "255.255.255.255"),
    "unspecified": ("::",),
    "IPv4-mapped": ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8"),
    "IPv4-compatible": ("::127.0.0.1", "::8.8.8.8"),
    "NAT64": ("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "64:ff9b:1:ffff::1"),
    "6to4": ("2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1"),
    "Teredo": ("2001:0:53aa:64c:0:0:80ff:fffe", "2001::ffff"),
    "unique local": ("fc00::1", "fdff::1"),
    "site-local": ("fec0::1",),
    "discard-only": ("100::1",),
    "of nobody": ("4000::1", "8000::1", "1fff::1"),
    "with a zone": ("fe80::1%eth0", "2606:4700::1111%eth0"),
}
PUBLIC = (
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
    "223.255.255.255", "2606:4700::1111", "2001:200::1", "2001:4860:4860::8888", "2003::1", "2a00:1450::1", "3ffe::1",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "address"), [(kind, each) for kind, all_ in FORBIDDEN.items() for each in all_])
def test_no_special_address_is_public(kind: str, address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_neighbours_of_special_networks_are_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://example.com@10.0.0.1/",
        "https://example.com:22/",
        "https://example.com:80/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://example.com/#fragment",
        "https://example.com/a b",
        "https://example.com\\@10.0.0.1/",
        "https://exa\nmple.com/",
        "https://exämple.com/",
        "https://①②⑦.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://exam..ple.com/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_https_url_is_refused(url: str):
    with pytest.raises(BadInput) as caught:
        read_url(url)
    assert caught.value.field == "url"
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("https://EXAMPLE.com:8443/a/b?c=d", "example.com", 8443, "/a/b?c=d"),
        ("https://example.com./x", "example.com", 443, "/x"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x"),
        ("https://xn--exmple-cua.com/%20", "xn--exmple-cua.com", 443, "/%20"),
    ],
)
def test_a_good_url_is_taken_apart_once(url: str, host: str, port: int, path: str):
    target = read_url(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost"])
def test_other_spellings_of_loopback_are_seen_through(host: str):
    target = read_url(f"https://{host}/")
    with pytest.raises(Forbidden, match="not public"):
        check(target, resolve_host(target.host, target.port), ())


def test_one_private_address_among_several_forbids_the_name():
    target = read_url("https://example.com/")
    check(target, [ip_address("8.8.8.8"), ip_address("2606:4700::1111")], ())
    for hidden in ("10.0.0.1", "::1"):
        with pytest.raises(Forbidden) as caught:
            check(target, [ip_address("8.8.8.8"), ip_address(hidden)], ())
        assert caught.value.code == "address_forbidden"
    with pytest.raises(Forbidden) as caught:
        check(target, [], ())
    assert caught.value.code == "not_resolved"


def test_a_private_installation_opens_its_networks_and_no_others():
    allow = read_networks(" 10.1.0.0/16, fd00::/8,")
    inside = read_url("http://hooks.internal:3000/a", allow)
    check(inside, [ip_address("10.1.2.3"), ip_address("fd00::1")], allow)
    for others in (["10.2.0.1"], ["10.1.2.3", "127.0.0.1"]):
        with pytest.raises(Forbidden):
            check(inside, [ip_address(each) for each in others], allow)
    with pytest.raises(Forbidden, match="https"):
        check(inside, [ip_address("8.8.8.8")], allow)
    check(read_url("https://example.com/", allow), [ip_address("8.8.8.8")], allow)
