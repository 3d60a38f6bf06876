"""How does an operator, or a script, speak to the API? One request, answered as JSON."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from dispatch.errors import BadInput, MissingService, Refused, TruckrollError

_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
#: name=text or name:=JSON; dots lead into inner documents.
_FIELD = re.compile(r"(?P<path>\w+(\.\w+)*)(?P<is_json>:)?=(?P<value>.*)", re.DOTALL)
_STEP = re.compile(r"(\w+)|\[(-?\d+)\]")


def call(
    method: Annotated[str, typer.Argument(help=f"One of {', '.join(_METHODS)}.")],
    path: Annotated[str, typer.Argument(help="Such as /v1/jobs.")],
    body: Annotated[
        list[str] | None,
        typer.Argument(
            help="A JSON document; or @FILE; or name=text and name:=JSON, window.start_at=… for inner ones."
        ),
    ] = None,
    key: Annotated[str, typer.Option(envvar="TRUCKROLL_KEY", help="Whose key: see truckroll keys.")] = "",
    url: Annotated[str, typer.Option(envvar="TRUCKROLL_URL", help="Where the API is.")] = "http://127.0.0.1:8000",
    pick: Annotated[str | None, typer.Option(help="Show this part alone, such as items[0].id.")] = None,
    once: Annotated[str | None, typer.Option(help="Idempotency-Key; else a new one for each call.")] = None,
    kind: Annotated[str, typer.Option("--type", help="Content-Type of @FILE.")] = "application/octet-stream",
) -> None:
    """Ask the API one thing, and show its answer as JSON. A change (PATCH) reads the ETag by itself first.

    For example: truckroll call GET /v1/trouble --key "$DISPATCHER" --pick items[0].kind
    """
    wanted = method.upper()
    if wanted not in _METHODS:
        raise BadInput("METHOD", method, f"name one of {', '.join(_METHODS)}")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx2.Client(base_url=url, headers=headers, timeout=30.0) as client:
            reply = _ask(client, wanted, path, body or [], once or str(uuid.uuid4()), kind)
    except httpx2.HTTPError as error:
        raise MissingService(
            "the API", f"{url} does not answer ({type(error).__name__})", "start it: truckroll up"
        ) from error
    if reply.status_code >= 400:
        raise _refusal(reply)
    document = reply.json() if "json" in reply.headers.get("content-type", "") else None
    _show(document if pick is None else _picked(document, pick), is_raw=pick is not None)


def _ask(client: httpx2.Client, method: str, path: str, body: list[str], key: str, kind: str) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if method == "POST" else {}
    if method == "PATCH":
        headers["If-Match"] = client.get(path).headers.get("ETag", "")
    content: bytes | None = None
    if body and body[0].startswith("@"):
        content, headers["Content-Type"] = _file(body[0][1:]), kind
    elif body:
        content, headers["Content-Type"] = _document(body), "application/json"
    return client.request(method, path, content=content, headers=headers)


def _document(words: list[str]) -> bytes:
    """The words as one JSON document: as it stands, or made of `name=text` and `name:=JSON`."""
    if len(words) == 1 and words[0].lstrip()[:1] in ("{", "["):
        return words[0].encode()
    document: dict[str, Any] = {}
    for word in words:
        found = _FIELD.fullmatch(word)
        if found is None:
            raise BadInput("BODY", word, "write name=text, name:=JSON, or one JSON document")
        *outer, name = found["path"].split(".")
        inner = document
        for each in outer:
            inner = inner.setdefault(each, {})
        inner[name] = _json(word, found["value"]) if found["is_json"] else found["value"]
    return json.dumps(document).encode()


def _json(word: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput("BODY", word, f"what follows := is JSON; for text write = ({error})") from error


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise BadInput("BODY", f"@{name}", f"name a file that can be read ({error.strerror})") from error


def _refusal(reply: httpx2.Response) -> TruckrollError:
    """What the API refused, with each field that it names; a fault of its own is a fault of ours."""
    try:
        problem: dict[str, Any] = reply.json()
    except ValueError:
        problem = {"detail": reply.text[:500]}
    fields = [f"\n  {each['path']}: {each['way_out']}" for each in problem.get("errors", []) if "way_out" in each]
    words = f"{reply.status_code} {problem.get('code', '')}: {problem.get('detail', '')}{''.join(fields)}"
    return TruckrollError(words) if reply.status_code >= 500 else Refused(words)


def _picked(document: Any, path: str) -> Any:
    """The part of a document that a path of names and [numbers] leads to."""
    found = document
    for name, number in _STEP.findall(path):
        try:
            found = found[name] if name else found[int(number)]
        except (KeyError, IndexError, TypeError) as error:
            has = ", ".join(found) if isinstance(found, dict) else f"{type(found).__name__}"
            raise BadInput("--pick", path, f"the answer has no {name or number} there; it has {has}") from error
    return found


def _show(value: Any, *, is_raw: bool) -> None:
    if is_raw and not isinstance(value, (dict, list)):
        typer.echo(value if isinstance(value, str) else json.dumps(value))
    elif value is not None:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
