"""How does a person read the description of the API? One page made from the OpenAPI document: text, links, no script.

Every operation opens by itself, so that the browser's own search finds what stands in it; every type has a place of its
own that others lead to. A request is tried from a terminal, by the line that stands with it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Doc = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --quiet: light-dark(#4a5a61, #a9b8be); --line: light-dark(#d5dde0, #33434a);
  --sunken: light-dark(#f1f4f5, #1b2529); --accent: light-dark(#0b6070, #6fc7d6); }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
pre { max-height: 24rem; overflow: auto; padding: .75rem; background: var(--sunken); }
nav { columns: 9rem; margin: 1.5rem 0; }
nav a { display: block; }
h2 { margin-top: 2.5rem; }
details { border-top: 1px solid var(--line); }
summary { padding: .5rem 0; cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.5rem; }
summary span, .quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 400; white-space: nowrap; }
"""
_REF = "#/components/schemas/"
_LIMITS = {
    "minimum": "at least {}", "maximum": "at most {}", "minLength": "{} characters or more",
    "maxLength": "up to {} characters", "minItems": "{} items or more", "maxItems": "up to {} items",
    "pattern": "as `{}`",
}  # fmt: skip


def page_of(spec: Doc) -> str:
    """The whole page."""
    info = spec["info"]
    tags: dict[str, list[str]] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    links = "".join(f'<a href="#{_part(tag)}">{escape(tag)}</a>' for tag in tags)
    parts = [f'<h2 id="{_part(tag)}">{escape(tag.capitalize())}</h2>{"".join(each)}' for tag, each in tags.items()]
    types = "".join(_type(name, schema) for name, schema in sorted(spec["components"]["schemas"].items()))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: the API</title><style>{STYLE}</style></head><body><header>"
        f"<h1>{escape(info['title'])}: the API</h1>{_words(info['description'])}"
        f"<p>{_secured(spec)} The same for programs: <a href='/v1/openapi.json'>/v1/openapi.json</a>.</p></header>"
        f'<nav aria-label="Parts">{links}<a href="#types">types</a></nav>'
        f'<main>{"".join(parts)}<h2 id="types">Types</h2>{types}</main></body></html>'
    )


def _secured(spec: Doc) -> str:
    schemes = spec["components"].get("securitySchemes", {}).values()
    return " ".join(_code(each["description"]) for each in schemes if "description" in each)


def _operation(method: str, path: str, operation: Doc) -> str:
    body = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b>{method.upper()}</b> <code>{escape(path)}</code>'
        f" <span>{escape(operation.get('summary', ''))}</span></summary>{_words(operation.get('description', ''))}"
        f"{_parameters(operation)}{_body(body)}{_answers(operation)}"
        f"{_pre(_command(method, path, operation, body))}</details>"
    )


def _parameters(operation: Doc) -> str:
    rows = [
        (f"{each['name']} ({each['in']})", each.get("schema", {}), each.get("required", False), each)
        for each in operation.get("parameters", [])
    ]
    return _table("Parameters", "".join(_row(*row) for row in rows))


def _body(body: tuple[str, Doc] | None) -> str:
    if body is None:
        return ""
    kind, content = body
    example = content.get("example")
    shown = (
        f"<pre tabindex='0'>{escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"
        if example is not None
        else ""
    )
    return f"<p>Body: {_kind(content.get('schema', {}))} <span class='quiet'>({escape(kind)})</span></p>{shown}"


def _answers(operation: Doc) -> str:
    rows = []
    for status, answer in sorted(operation["responses"].items()):
        content: Doc = next(iter(answer.get("content", {}).values()), {})
        kind = _kind(content["schema"]) if "schema" in content else ""
        words = "" if answer["description"] == "Successful Response" else answer["description"]
        rows.append(f"<tr><th scope='row'>{escape(status)}</th><td>{kind}</td><td>{_code(words)}</td></tr>")
    return _table("Answers", "".join(rows))


def _type(name: str, schema: Doc) -> str:
    needed = schema.get("required", [])
    rows = "".join(_row(field, each, field in needed, each) for field, each in schema.get("properties", {}).items())
    whole = _table("Fields", rows) if rows else f"<p>{_kind(schema)}</p>"
    words = _words(schema.get("description", ""))
    head = f'<details id="type-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    return f"{head}{words}{whole}</details>"


def _table(caption: str, rows: str) -> str:
    if not rows:
        return ""
    table = f"<table><caption>{caption}</caption>{rows}</table>"
    return f'<div class="wide" role="group" aria-label="{caption}" tabindex="0">{table}</div>'


def _pre(text: str) -> str:
    """By a keyboard, too, one gets to what it takes to scroll."""
    return f"<pre tabindex='0'>{escape(text)}</pre>"


def _row(name: str, schema: Doc, is_needed: bool, about: Doc) -> str:
    limits = [words.format(_number(schema[limit])) for limit, words in _LIMITS.items() if limit in schema]
    if "default" in schema:
        limits.append(f"else `{json.dumps(schema['default'])}`")
    notes = [about["description"]] if "description" in about else []
    notes += [f"{'; '.join(limits)}."] if limits else []
    mark = "" if is_needed else " <span class='quiet'>may be left out</span>"
    kind, words = _kind(schema), _code(" ".join(notes))
    return f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{kind}{mark}</td><td>{words}</td></tr>"


def _number(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _kind(schema: Doc) -> str:
    """What a value is, in a few words; a link where it is a type of ours."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return f'<a href="#type-{escape(name)}">{escape(name)}</a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(each) for each in schema[several])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " ".join(f"<code>{escape(json.dumps(each))}</code>" for each in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map to {_kind(schema['additionalProperties'])}"
    return escape(schema.get("format") or schema.get("type") or "anything")


def _command(method: str, path: str, operation: Doc, body: tuple[str, Doc] | None) -> str:
    return " \\\n  ".join(_arguments(method, path, operation, body))


def _arguments(method: str, path: str, operation: Doc, body: tuple[str, Doc] | None) -> Iterator[str]:
    address = path.replace("{", "${")
    yield f'curl -X {method.upper()} "$TRUCKROLL{address}"'
    if operation.get("security"):
        yield '-H "Authorization: Bearer $KEY"'
    for each in operation.get("parameters", []):
        if each["in"] == "header" and each.get("required"):
            yield f"-H '{each['name']}: {each.get('example', '')}'"
    if body is not None and body[1].get("example") is not None:
        yield f"-H 'Content-Type: {body[0]}'"
        sent = json.dumps(body[1]["example"], ensure_ascii=False).replace("'", "'\\''")
        yield f"-d '{sent}'"


def _words(text: str) -> str:
    return "".join(f"<p>{_code(each)}</p>" for each in text.split("\n\n") if each.strip())


def _code(text: str) -> str:
    """Text with what stands between backticks as code."""
    return re.sub(r"`(.+?)`", r"<code>\1</code>", escape(text))


def _part(tag: str) -> str:
    return "part-" + re.sub(r"[^a-z0-9]+", "-", tag.lower())
