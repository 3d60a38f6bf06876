"""What does a browser get?"""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.faces import BUILT, add_faces, page_headers
from dispatch.settings import ApiSettings, Settings

SETTINGS = Settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost:1/0")
LONG = "x" * 2_000


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The application with faces of a few files each. Nothing behind it is asked, so nothing has to run."""
    files = {
        "index.html": "start",
        "icon.svg": "<svg/>",
        "assets/phone-abc123.js": LONG,
        "phone/index.html": "phone page",
        "phone/worker.js": "worker",
        "board/index.html": "board page",
        "desk/index.html": "desk page",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr("api.app.add_faces", lambda app, settings: add_faces(app, settings, tmp_path))
    return TestClient(create_app(SETTINGS), follow_redirects=False)


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "start"),
        ("/sign-in", "start"),
        ("/phone/", "phone page"),
        ("/phone/offers/0197", "phone page"),
        ("/board/", "board page"),
        ("/desk/jobs", "desk page"),
    ],
)
def test_each_address_of_a_face_is_its_page_which_may_do_nothing_elsewhere(browser, path, page):
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (200, page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_face_without_its_slash_leads_to_its_page(browser):
    answer = browser.get("/phone")
    assert answer.status_code == 307
    assert answer.headers["Location"].endswith("/phone/")


def test_a_file_with_its_hash_is_kept_for_ever_and_sent_packed(browser):
    answer = browser.get("/assets/phone-abc123.js", headers={"Accept-Encoding": "gzip"})
    assert answer.text == LONG
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < 200


def test_the_service_worker_is_asked_for_again_each_time(browser):
    assert browser.get("/phone/worker.js").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/phone/none.js", "/assets/none.js", "/none", "/v1/none", "/phone/%2e%2e/index.html.bak", "/assets/%2e%2e/x.y"],
)
def test_what_is_not_there_is_a_problem_as_everywhere(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_no_address_leads_out_of_the_folder(browser, tmp_path):
    (tmp_path.parent / "secret.txt").write_text("not for you")
    for path in ("/assets/..%2f..%2fsecret.txt", "/phone/..%2f..%2fsecret.txt", "/phone/%2e%2e/%2e%2e/secret.txt"):
        assert "not for you" not in browser.get(path).text


def test_the_map_s_tiles_are_the_only_thing_that_may_come_from_elsewhere():
    policy = page_headers(ApiSettings(tiles_url="https://tiles.example.org/{z}/{x}/{y}.png?key=1"))
    assert "img-src 'self' blob: data: https://tiles.example.org;" in policy["Content-Security-Policy"]
    assert "script-src 'self';" in policy["Content-Security-Policy"]


def test_without_built_faces_the_root_still_says_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr("api.app.add_faces", lambda app, settings: add_faces(app, settings, tmp_path))
    browser = TestClient(create_app(SETTINGS))
    assert "/v1/openapi.json" in browser.get("/").text
    assert browser.get("/phone/").status_code == 404


def test_the_faces_as_they_are_built_run_no_script_that_stands_in_a_page():
    pages = list(BUILT.glob("**/index.html"))
    assert len(pages) == 4, "scripts/web builds them"
    for page in pages:
        text = page.read_text()
        assert text.count("<script") == text.count('<script type="module" crossorigin src="/assets/')
        assert "<style" not in text
        assert " style=" not in text
