"""How is the API described, so that a client can be generated? OpenAPI 3.1, made whole after FastAPI has made it.

FastAPI describes its own validation error, which nobody gets here, and not what all routes share: keys, preconditions
and problems. These follow from method and address, so they are added by rule and cannot be forgotten.
"""

from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.examples import example_of
from api.schemas.problems import Problem

_WORDS = {
    "400": "The request cannot be read, or its Idempotency-Key is missing.",
    "401": "No valid key, and nobody who is signed in.",
    "403": "A key of another role, or a change that may have come from another site's page.",
    "404": "There is no such thing, or not for you.",
    "409": "Its state does not allow it; `moves` says what does.",
    "410": "It was there once, and is no longer: `first` is the oldest that is kept; of a link, another can be had.",
    "412": "It changed since you read it.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "A value cannot be used; `errors` names each.",
    "428": "If-Match is missing.",
    "429": "Asked too often; see Retry-After.",
    "500": "A fault on our side.",
    "503": "Not now; see Retry-After and `outcome_unknown`.",
}
_NO_KEY = ("/v1/health", "/v1/metrics")
#: What is answered with a cookie is answered once: a secret is kept nowhere to be told again.
_ONCE = "/v1/sign-in/"
#: Reads that ask what a change would do: where it cannot be made, they say so as it would.
_LOOKS_AHEAD = ("/suggestions", "/cancellation")
_EXAMPLE_ID = "01973b2e-7c1a-7000-8000-0000000000a1"

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each new request; the same key and body again gets the same answer, with no second effect.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "example": "post-WO-10442-1",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that you read: the change is refused if it is no longer true.",
    "schema": {"type": "string", "pattern": '^"v[0-9]{1,9}"$'},
    "example": '"v1"',
}
_MAKING = Lock()


def describe(app: FastAPI) -> dict[str, Any]:
    """The description, made once, whoever asks at the same time."""
    with _MAKING:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema


def _description(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
        separate_input_output_schemas=True,
    )
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    schemas: dict[str, Any] = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    _show_examples(found)
    _drop_item_schemas(found)
    return found


def operation_id(name: str) -> str:
    """A route's function as a name in a generated client: `post_job` is `postJob`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    if method == "post" and not path.startswith(_ONCE):
        parameters.append(dict(_IDEMPOTENCY_KEY))
    if method == "patch":
        parameters.append(dict(_IF_MATCH))
    for parameter in parameters:
        if parameter["schema"].get("format") == "uuid":
            parameter.setdefault("example", _EXAMPLE_ID)
        parameter.setdefault("description", f"The {parameter['name'].removesuffix('_id')}'s id.")
    if not parameters:
        del operation["parameters"]
    responses = operation["responses"]
    responses.pop("422", None)
    for status in _statuses(path, method, operation):
        responses[status] = _problem(status)


def _statuses(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """What can go wrong, by rule."""
    if path.startswith(_NO_KEY):
        return ["422", "500", "503"]
    found = ["401", "403", "404", "422", "429", "500", "503"]
    if "requestBody" in operation:
        found += ["400", "413", "415"]
    if method in ("post", "patch", "put", "delete"):
        found += ["400", "409", "413", "415"]
    if method == "patch":
        found += ["412", "428"]
    if path.endswith(("/replay", "/link/open")):
        found.append("410")
    if path.endswith(_LOOKS_AHEAD):
        found.append("409")
    return sorted(set(found))


def _problem(status: str) -> dict[str, Any]:
    headers = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}, "example": 1}}
    answer: dict[str, Any] = {
        "description": _WORDS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return answer | ({"headers": headers} if status in ("429", "503") else {})


def _show_examples(description: dict[str, Any]) -> None:
    """Every body and every answer has an example; a parameter too, where one can be made."""
    schemas = description["components"]["schemas"]
    for operations in description["paths"].values():
        for operation in operations.values():
            for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
                for media in holder.get("content", {}).values():
                    if media.get("schema") and not {"example", "examples"} & media.keys():
                        media["example"] = example_of(media["schema"], schemas)


def _drop_item_schemas(node: Any) -> None:
    """`itemSchema` is of OpenAPI 3.2: no generator knows it yet."""
    if isinstance(node, dict):
        node.pop("itemSchema", None)
        for each in node.values():
            _drop_item_schemas(each)
    elif isinstance(node, list):
        for each in node:
            _drop_item_schemas(each)
