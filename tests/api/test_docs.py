"""What does somebody read at /v1/docs? Everything that the description says, and nothing from elsewhere."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.docpage import page_of
from dispatch.settings import Settings

SETTINGS = Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost:1/0")


@pytest.fixture(scope="module")
def app():
    made = create_app(SETTINGS)
    # A second's work, which a machine with much to do would not end before the deadline of the first request.
    made.openapi()
    return made


@pytest.fixture(scope="module")
def answer(app):
    return TestClient(app).get("/v1/docs")


def test_it_may_load_nothing_and_run_nothing(answer):
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    style = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert len(style) == 1
    by_hash = b64encode(sha256(style[0].encode()).digest()).decode()
    policy = dict(each.split(" ", 1) for each in answer.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["style-src"]) == ("'none'", f"'sha256-{by_hash}'")
    assert not re.search(r"<script|<link|<img|<iframe|\sstyle=|\son\w+=|\ssrc=", answer.text)
    assert set(re.findall(r"href=[\"']([^#\"'][^\"']*)", answer.text)) == {"/v1/openapi.json"}


def test_it_tells_of_every_operation_and_every_type_and_each_link_leads_somewhere(app, answer):
    spec = app.openapi()
    ids = re.findall(r"id=\"([^\"]+)\"", answer.text)
    assert len(ids) == len(set(ids))
    wanted = {operation["operationId"] for each in spec["paths"].values() for operation in each.values()}
    assert wanted | {f"type-{name}" for name in spec["components"]["schemas"]} <= set(ids)
    assert set(re.findall(r"href=\"#([^\"]+)\"", answer.text)) <= set(ids)


def test_a_request_can_be_copied_into_a_terminal(answer):
    shown = re.search(r'<details id="postJob">(.*?)</details>', answer.text, re.DOTALL)
    assert shown is not None
    command = unescape(shown[1].rsplit("<pre tabindex='0'>", 1)[1])
    assert command.startswith('curl -X POST "$TRUCKROLL/v1/jobs"')
    assert "-H 'Idempotency-Key: post-WO-10442-1'" in command
    assert "rooftop unit'\\''s" in command, "a quote in the example does not end the shell's"


def test_it_is_sent_packed_to_who_can_read_that(app, answer):
    packed = TestClient(app).get("/v1/docs", headers={"Accept-Encoding": "gzip"})
    plain = TestClient(app).get("/v1/docs", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) * 5 < int(plain.headers["Content-Length"])
    assert packed.text == plain.text == answer.text


def test_what_a_description_says_is_text_and_no_markup():
    evil = "<script>alert(1)</script> & `<b>`"
    operation = {"tags": [evil], "operationId": "a", "summary": evil, "description": evil, "responses": {}}
    spec = {
        "info": {"title": evil, "description": evil},
        "paths": {"/v1/<i>": {"get": operation | {"parameters": [{"name": evil, "in": "query", "description": evil}]}}},
        "components": {"schemas": {"A": {"properties": {evil: {"enum": [evil], "default": evil}}}}},
    }
    page = page_of(spec)
    assert not re.search(r"<script|<b>`|<i>", page)
    assert "<code>&lt;b&gt;</code>" in page
