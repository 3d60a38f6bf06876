"""What does somebody read at /v1/docs? Everything that the description says, and nothing from elsewhere."""

import re
import time
from base64 import b64encode
from hashlib import sha256
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.deadline import DEADLINE_S
from api.docpage import page_of
from dispatch.settings import Settings

SETTINGS = Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost:1/0")


@pytest.fixture(scope="module")
def app():
    return create_app(SETTINGS)


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
    assert packed.num_bytes_downloaded * 5 < plain.num_bytes_downloaded
    assert packed.text == plain.text == answer.text


@pytest.mark.parametrize("path", ["/v1/docs", "/v1/openapi.json"])
def test_who_asks_first_gets_it_however_long_it_takes_to_make(path):
    app = create_app(SETTINGS)
    describe = app.openapi

    def slowly():
        time.sleep(DEADLINE_S + 0.5)
        return describe()

    app.openapi = slowly
    answer = TestClient(app).get(path)
    assert answer.status_code == 200
    assert "postJob" in answer.text


def test_a_program_reads_the_same(app):
    answer = TestClient(app).get("/v1/openapi.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == app.openapi()


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
