"""How is the API described, so that a client can be generated?"""

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from dispatch.settings import Settings

APP = create_app(Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost:1/0"))
SPEC = APP.openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, operations in SPEC["paths"].items()
    for method, operation in operations.items()
]


def test_the_description_is_valid():
    OpenAPIV31SpecValidator(SPEC).validate()


def test_names_of_operations_are_different_and_readable():
    names = [operation["operationId"] for _, _, operation in (each.values for each in OPERATIONS)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", name) for name in names)
    assert "postJob" in names


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_what_can_go_wrong(path, method, operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for status, answer in operation["responses"].items():
        if status >= "400" and "application/problem+json" in answer.get("content", {}):
            reference = answer["content"]["application/problem+json"]["schema"]["$ref"]
            assert reference == "#/components/schemas/Problem"
    assert "500" in operation["responses"]
    # What signs somebody in is answered with a cookie, which is kept nowhere to be told again.
    assert ("Idempotency-Key" in _names(operation)) == (method == "post" and not path.startswith("/v1/sign-in/"))
    assert ("If-Match" in _names(operation)) == (method == "patch")
    if "{" in path:
        assert "404" in operation["responses"]
    if method in ("post", "patch"):
        assert {"400", "401", "403", "409", "413", "415", "422", "429", "503"} <= operation["responses"].keys()


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_body_and_parameter_has_an_example_or_a_plain_type(path, method, operation):
    if "requestBody" in operation:
        ((media_type, media),) = operation["requestBody"]["content"].items()
        if media_type == "application/json":
            assert _resolved(media["schema"]).get("examples"), media
        else:
            assert (media_type, media["schema"]["format"]) == ("application/octet-stream", "binary")
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter["name"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_is_one_that_its_schema_accepts(path, method, operation):
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for holder in (*bodies, *operation["responses"].values()):
        for media_type, media in holder.get("content", {}).items():
            if media.get("schema") and "json" in media_type:
                whole = media["schema"] | {"components": SPEC["components"]}
                Draft202012Validator(whole).validate(media["example"])


def test_no_two_schemas_share_a_name():
    assert [name for name in SPEC["components"]["schemas"] if "__" in name] == []


def test_nothing_of_other_dialects_is_in_it():
    assert "HTTPValidationError" not in SPEC["components"]["schemas"]
    assert "itemSchema" not in str(SPEC)


def test_the_example_of_a_job_is_one_that_is_accepted(town):
    example = SPEC["components"]["schemas"]["JobIn"]["examples"][0]
    answer = town.staff.post("/v1/jobs", example | {"site_id": str(town.world.site)})
    assert answer.status_code == 201, answer.text


def _names(operation):
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def _resolved(schema):
    return SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_no_path_hides_behind_one_that_takes_any_word(path, method, operation):
    """The first path of the description that takes a request is the one that is meant to."""
    asked = re.sub(r"{\w+}", "0", path)
    shapes = {each: re.sub(r"{\w+}", "[^/]+", each) for each, own in SPEC["paths"].items() if method in own}
    first = next(each for each, shape in shapes.items() if re.fullmatch(shape, asked))
    assert first == path
