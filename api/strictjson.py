"""Is this body one that nobody can misread? One strict JSON parser in front of every route.

Python's own parser takes NaN, keeps the last of two equal keys and lets a lone surrogate through, which then breaks
whatever writes it down. Here they are refused, each with the path of the value.
"""

import json
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Malformed, TooLarge, WrongType
from api.problems import problem_of
from dispatch.errors import BadInput, TruckrollError

#: Bytes of a body, levels of nesting, digits of a whole number.
MAX_BYTES = 1_000_000
#: (method, path) -> bytes at most, where the body is a file as it stands, and no JSON.
RAW = {("POST", "/v1/files"): 15_000_000, ("POST", "/v1/pool-invitations"): 2_000_001}
_DOCUMENTS = re.compile(r"/v1/credentials/[0-9A-Fa-f-]{36}/documents")
MAX_LEVELS = 64
MAX_DIGITS = 18

#: Where the raw body is kept in the request's scope, for whoever must compare it.
BODY = "truckroll.body"

_JSON = re.compile(r"application/([a-z0-9.+-]+\+)?json", re.IGNORECASE)


def parse(body: bytes) -> Any:
    """Parse a body.

    Raises
    ------
    Malformed
        When it is not UTF-8, or not JSON, or nested too deeply.
    BadInput
        When it is JSON that two readers would take differently, or that holds text nobody can keep.
    """
    try:
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=lambda name: _Unusable(name, "write a finite number, or null"),
            parse_int=_whole_number,
            parse_float=_fraction,
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} of the body is not UTF-8; send the body in UTF-8") from error
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}, column {error.colno}: {error.msg}; send valid JSON") from error
    except RecursionError as error:
        raise Malformed(f"the body is nested more than {MAX_LEVELS} levels deep; send a flatter one") from error
    for path, value in _values(document):
        _check(path, value)
    return document


def raw_bytes(scope: MutableMapping[str, Any]) -> int | None:
    """How many bytes at most the body may have where it is a file as it stands; None where it is JSON."""
    if scope["method"] == "POST" and _DOCUMENTS.fullmatch(scope["path"]):
        return RAW["POST", "/v1/files"]
    return RAW.get((scope["method"], scope["path"]))


class StrictJson:
    """Middleware: reads the body, refuses what nobody should send, hands it on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the refusal, or let the request through with its body read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            _check_address(scope)
            max_bytes = raw_bytes(scope)
            body = await _body(scope, receive, max_bytes or MAX_BYTES)
            if body and max_bytes is None and scope["method"] not in ("GET", "HEAD"):
                _check_type(scope)
                parse(body)
        except TruckrollError as error:
            await problem_of(error).to_response()(scope, receive, send)
            return
        scope[BODY] = body
        await self.app(scope, _replay(body, receive), send)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands where a value was that cannot be used, until its path is known."""

    value: str
    way_out: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _Unusable(key, "send each name once") if key in found else value
    return found


def _whole_number(digits: str) -> Any:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        return _Unusable(digits, f"send a whole number of at most {MAX_DIGITS} digits")
    return int(digits)


def _fraction(digits: str) -> Any:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        return _Unusable(digits, "send a number below 1e308")
    return number


def _values(document: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its JSON pointer, keys as values of their own; not recursive."""
    waiting: list[tuple[str, Any, int]] = [("", document, 1)]
    while waiting:
        path, value, level = waiting.pop()
        if level > MAX_LEVELS:
            raise Malformed(f"the body is nested more than {MAX_LEVELS} levels deep; send a flatter one")
        yield path, value
        if isinstance(value, dict):
            for key in value:
                yield path, key
            waiting.extend((f"{path}/{_escaped(key)}", each, level + 1) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{path}/{num}", each, level + 1) for num, each in enumerate(value))


def _check(path: str, value: Any) -> None:
    if isinstance(value, _Unusable):
        raise BadInput(path or "/", value.value, value.way_out)
    if isinstance(value, str):
        if "\0" in value:
            raise BadInput(path or "/", value.replace("\0", "\\0"), "send text without NUL")
        if not value.isascii() and not _is_encodable(value):
            raise BadInput(path or "/", ascii(value), "send whole characters, no lone surrogates")


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _escaped(key: str) -> str:
    shown = key if _is_encodable(key) else ascii(key)
    return shown[:80].replace("\0", "\\0").replace("~", "~0").replace("/", "~1")


def _check_address(scope: MutableMapping[str, Any]) -> None:
    query = unquote_to_bytes(scope["query_string"].replace(b"+", b" "))
    for where, text in (("path", scope["path"].encode("utf-8", "surrogatepass")), ("query", query)):
        if b"\0" in text:
            raise BadInput(where, text.replace(b"\0", b"\\0").decode("utf-8", "replace"), "send it without NUL")


def _check_type(scope: MutableMapping[str, Any]) -> None:
    found = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
    media_type, _, parameters = found.partition(";")
    if not _JSON.fullmatch(media_type.strip()):
        raise WrongType(f"content type {found[:80]!r} cannot be read here; send application/json")
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise WrongType(f"charset {charset[1][:80]!r} cannot be read here; send the body in UTF-8")


async def _body(scope: MutableMapping[str, Any], receive: Receive, max_bytes: int) -> bytes:
    """The whole body.

    Raises
    ------
    TooLarge
        Once more than `max_bytes` have come, whatever was announced.
    """
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and len(announced) < 20 and int(announced) > max_bytes:
        raise TooLarge(f"a body of {int(announced)} bytes is too large; send at most {max_bytes}")
    parts: list[bytes] = []
    num_bytes, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the connection ended before the body did; send all of it")
        parts.append(message.get("body", b""))
        num_bytes += len(parts[-1])
        more = message.get("more_body", False)
        if num_bytes > max_bytes:
            raise TooLarge(f"a body of more than {max_bytes} bytes is too large; send it in parts")
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def replay() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
