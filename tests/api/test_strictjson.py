"""Is this body one that nobody can misread? The parser alone, and in front of a route."""

import pytest

from api.errors import Malformed
from api.strictjson import MAX_BYTES, MAX_LEVELS, parse
from dispatch.errors import BadInput

JSON = {"Content-Type": "application/json", "Idempotency-Key": "k"}


def test_plain_json_is_parsed_as_it_stands():
    assert parse(b'{"a": [1, 2.5, "\xc3\xa9", null, true, {"b": -7}]}') == {"a": [1, 2.5, "é", None, True, {"b": -7}]}


@pytest.mark.parametrize(
    ("body", "path", "way_out"),
    [
        (b'{"a": {"b": NaN}}', "/a/b", "finite"),
        (b"[1, -Infinity]", "/1", "finite"),
        (b"[1e999]", "/0", "1e308"),
        (b'{"a": 1, "b": 2, "a": 3}', "/a", "once"),
        (b'{"a": ' + b"9" * 5000 + b"}", "/a", "digits"),
        (b'{"x/y": "\\ud800"}', "/x~1y", "surrogates"),
        (b'{"\\ud800": 1}', "/", "surrogates"),
        (b'["a\\u0000b"]', "/0", "NUL"),
    ],
)
def test_values_that_readers_take_differently_are_named_by_path(body, path, way_out):
    with pytest.raises(BadInput, match=way_out) as caught:
        parse(body)
    assert caught.value.field == path


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 20_000 + b"]" * 20_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b"[" * (MAX_LEVELS + 1) + b"]" * (MAX_LEVELS + 1),
        b"{",
        b'{"a": 1} x',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b"'a'",
        b"[01]",
    ],
    ids=["20,000 lists", "20,000 objects", "one too deep", "cut", "tail", "BOM", "no UTF-8", "quotes", "octal"],
)
def test_what_is_no_json_is_malformed(body):
    with pytest.raises(Malformed):
        parse(body)


def test_as_many_levels_as_allowed_are_fine():
    assert parse(b"[" * MAX_LEVELS + b"]" * MAX_LEVELS)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": ""}, 415),
        (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415),
        (b"{}", {"Content-Type": "application/merge-patch+json"}, 422),
        (b" " * (MAX_BYTES + 1), {}, 413),
        (b'{"a": NaN}', {}, 422),
        (b"{", {}, 400),
        (b"[" * 20_000, {}, 400),
        (b"", {}, 422),
        (b"null", {}, 422),
        (b'"text"', {}, 422),
    ],
)
def test_every_refusal_is_a_problem_and_never_a_fault(calm_town, content, headers, status):
    answer = calm_town.staff.call("POST", "/v1/jobs", content=content, headers=JSON | headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_body_that_comes_in_pieces_is_counted_too(calm_town):
    pieces = (b" " * 100_000 for _ in range(11))
    answer = calm_town.staff.call("POST", "/v1/jobs", content=pieces, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize("url", ["/v1/jobs?number=a%00b", "/v1/jobs/%00", "/v1/jobs?cursor=%00"])
def test_nul_in_the_address_is_refused(calm_town, url):
    answer = calm_town.staff.get(url)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_input"
