"""What does one look like? An example of any schema of the description, made from its types where none was written."""

from collections.abc import Mapping
from typing import Any

_ID = "01973b2e-7c1a-7000-8000-0000000000a1"
_BY_FORMAT = {"uuid": _ID, "date-time": "2026-11-30T14:00:00Z", "date": "2026-11-30"}
_BY_TYPE = {"integer": 1, "number": 1.0, "boolean": True, "string": "text", "null": None}
#: Deeper than any of ours: what refers to itself ends here.
_MAX_LEVELS = 12

Schema = Mapping[str, Any]


def example_of(schema: Schema, schemas: Mapping[str, Schema], level: int = 0) -> Any:
    """An example that the schema itself accepts; `schemas` are the description's, by name."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, level)
    if schema.get("examples"):
        return schema["examples"][0]
    for word in ("const", "default", "example"):
        if schema.get(word) is not None:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        return example_of(choice, schemas, level)
    return _by_type(schema, schemas, level)


def _by_type(schema: Schema, schemas: Mapping[str, Schema], level: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, schemas, level)
    if kind == "array":
        items = schema.get("items")
        return [example_of(items, schemas, level + 1)] if items and level < _MAX_LEVELS else []
    if kind in ("integer", "number"):
        return max(_BY_TYPE[kind], schema.get("minimum", 0))
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(kind or ""))


def _object(schema: Schema, schemas: Mapping[str, Schema], level: int) -> dict[str, Any]:
    if level >= _MAX_LEVELS:
        return {}
    named = schema.get("properties", {})
    found = {name: example_of(each, schemas, level + 1) for name, each in named.items()}
    others = schema.get("additionalProperties")
    if not named and isinstance(others, Mapping) and others:
        found["hvac"] = example_of(others, schemas, level + 1)
    return found
