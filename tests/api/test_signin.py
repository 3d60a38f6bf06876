"""May a request with a cookie change anything, what is the cookie like, and how often may anybody try?"""

from collections.abc import Iterator
from typing import Any

import pytest
from signing import OURS, Browser, Mail, add_staff, token_in
from sqlalchemy import select
from streaming import listening, serving
from town import Town, small_town

from api import streamkeys
from api.app import create_app
from dispatch.errors import BadInput
from dispatch.record.tables import SessionRow
from dispatch.settings import Settings

ROSA = "rosa@acme.example"
PASSWORD = "correct horse battery"

#: What a request may say of where it comes from -> whether it may change something.
COMES_FROM: list[tuple[dict[str, str | None], bool]] = [
    ({}, True),
    ({"Sec-Fetch-Site": None}, True),
    ({"Origin": None}, True),
    ({"Origin": "https://testserver"}, True),
    ({"Origin": None, "Sec-Fetch-Site": None}, False),
    ({"Truckroll-Web": None}, False),
    ({"Truckroll-Web": "0"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "none"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "http://evil.example", "Sec-Fetch-Site": None}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://testserver.evil.example"}, False),
    ({"Origin": "http://testserver:8080"}, False),
    ({"Origin": ""}, False),
]


@pytest.fixture(scope="module")
def desk(calm_town: Town) -> Browser:
    add_staff(calm_town, "client_admin", ROSA, "Rosa Marsh")
    return opened(calm_town)


def opened(town: Town, email: str = ROSA) -> Browser:
    browser, mail = Browser(town), Mail(town)
    browser.post("/v1/sign-in/link", {"email": email})
    assert browser.opens(token_in(mail.goes_out()[0].body)).status_code == 201
    return browser


def said(changes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in (OURS | changes).items() if value is not None}


@pytest.mark.parametrize(("changes", "may"), COMES_FROM, ids=str)
def test_a_change_with_a_cookie_must_come_from_our_own_pages(
    calm_town: Town, desk: Browser, changes: dict[str, str | None], may: bool
):
    browser = Browser(calm_town, dict(desk.cookies), said(changes))
    for method, url, body in (
        ("POST", "/v1/bundles", {"name": f"Bundle {COMES_FROM.index((changes, may))}"}),
        ("PUT", "/v1/me/password", {"password": "short"}),
        ("DELETE", "/v1/sessions/00000000-0000-7000-8000-000000000000", None),
        ("PATCH", "/v1/preferences", {}),
    ):
        more = {"json": body} if body is not None else {}
        answer = browser.call(method, url, {"Idempotency-Key": f"csrf-{COMES_FROM.index((changes, may))}"}, **more)
        assert (answer.status_code != 403) is may, answer.text
        assert may or answer.json()["code"] == "cross_site"
    assert browser.get("/v1/bundles").status_code == 200


@pytest.mark.parametrize(("changes", "may"), COMES_FROM, ids=str)
def test_nobody_is_signed_in_by_another_sites_page(calm_town: Town, changes: dict[str, str | None], may: bool):
    browser = Browser(calm_town, headers=said(changes))
    answer = browser.post("/v1/sign-in/link/open", {"token": "x" * 43})
    assert answer.json()["code"] == ("link_unknown" if may else "cross_site")


def test_a_key_needs_none_of_it_and_wins_over_a_cookie(calm_town: Town, desk: Browser):
    sent = {"Authorization": f"Bearer {calm_town.technician().secret}"}
    browser = Browser(calm_town, dict(desk.cookies), sent)
    assert browser.get("/v1/me").json()["role"] == "technician"
    dispatcher = {"Authorization": f"Bearer {calm_town.staff.secret}", "Origin": "http://evil.example"}
    assert Browser(calm_town, headers=dispatcher).post("/v1/bundles", {"name": "By key"}).status_code == 201
    wrong = Browser(calm_town, dict(desk.cookies), {"Authorization": "Bearer tr_nobody"})
    assert wrong.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("public_url", "name", "is_secure"),
    [
        (None, "truckroll", False),
        ("http://dispatch.example.org", "truckroll", False),
        ("https://dispatch.example.org", "__Host-truckroll", True),
    ],
)
def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    database_url: str, redis_url: str, public_url: str | None, name: str, is_secure: bool
):
    with small_town(database_url, redis_url, public_url=public_url) as town:
        add_staff(town, "operator", "olga@example.org", "Olga")
        mail = Mail(town)
        headers = OURS | ({"Origin": public_url} if public_url else {})
        browser = Browser(town, headers=headers)
        browser.post("/v1/sign-in/link", {"email": "olga@example.org"})
        words = mail.goes_out()[0].body
        assert f"{public_url or 'http://127.0.0.1:8000'}/sign-in#token=" in words
        answer = browser.opens(token_in(words))
        (cookie,) = answer.headers.get_list("set-cookie")
        given, *marks = cookie.split("; ")
        assert given.startswith(f"{name}=")
        assert {mark.lower() for mark in marks} == {
            "httponly", "samesite=lax", "path=/", f"max-age={30 * 86_400}", *(["secure"] if is_secure else []),
        }  # fmt: skip
        assert answer.headers["Cache-Control"] == "no-store"
        assert given.partition("=")[2] not in answer.text
        me = browser.get("/v1/me")
        assert (me.json()["role"], me.json()["client_id"]) == ("operator", None)
        assert browser.get("/v1/clients").status_code == 200
        browser.delete("/v1/sessions/current")
        assert browser.cookies == {}
        # A name that browsers would let another host set is not looked at over https.
        stolen = Browser(town, {"truckroll" if is_secure else "__Host-truckroll": given.partition("=")[2]}, headers)
        assert stolen.get("/v1/me").status_code == 401


def test_what_somebody_was_shown_is_nobody_elses_at_the_same_browser(calm_town: Town, desk: Browser):
    answer = desk.get("/v1/preferences")
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Vary" not in calm_town.staff.get("/v1/bundles").headers


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5_000, "a; b=c", "%00", '"quoted"'])
def test_a_cookie_that_is_none_is_nobody(calm_town: Town, cookie: str):
    answer = Browser(calm_town, {"truckroll": cookie}).get("/v1/me")
    assert answer.status_code == 401
    assert answer.content == calm_town.http.get("/v1/me").content


def test_only_the_hash_of_a_secret_is_kept(calm_town: Town, desk: Browser):
    with calm_town.world.as_engine() as (session, _):
        kept = str([tuple(row) for row in session.execute(select(*SessionRow.__table__.columns))])
    assert desk.cookies["truckroll"] not in kept


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        ("link", {"email": "rosa"}, "/email"),
        ("link", {"email": "a@b.example\r\nBcc: x@y.example"}, "/email"),
        ("link", {"email": "x" * 300 + "@example.org"}, "/email"),
        ("link", {"email": "rosa@acme.example,eve@evil.example"}, "/email"),
        ("link", {"email": None}, "/email"),
        ("link", {"email": "‮rosa@acme.example"}, "/email"),
        ("link", {"email": ROSA, "to": "eve@evil.example"}, "/to"),
        ("link/open", {"token": ""}, "/token"),
        ("link/open", {"token": "'; DROP TABLE sessions; --      "}, "/token"),
        ("link/open", {"token": "x" * 43, "identity_id": "me"}, "/identity_id"),
        ("link/renew", {"token": 7}, "/token"),
        ("password", {"email": ROSA, "password": ""}, "/password"),
        ("password", {"email": ROSA, "password": "x" * 5_000}, "/password"),
        ("password", {"email": ROSA, "password": ["x"]}, "/password"),
    ],
)
def test_what_cannot_be_used_is_named(calm_town: Town, url: str, body: dict[str, Any], field: str):
    answer = Browser(calm_town).post(f"/v1/sign-in/{url}", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == field


@pytest.mark.parametrize("password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", ROSA, "rosarosarosa", "abababababab"])
def test_a_password_that_is_easy_to_guess_is_refused_and_never_told_back(desk: Browser, password: str):
    answer = desk.put("/v1/me/password", {"password": password})
    assert answer.status_code == 422
    assert password not in answer.text


def test_a_key_has_neither_session_nor_password(calm_town: Town):
    key = calm_town.staff
    assert key.get("/v1/me").json() | {"may": None} == {
        "role": "dispatcher", "id": None, "name": None, "email": None, "client_id": str(calm_town.world.client),
        "client_name": None, "technician_id": None, "company_id": None, "language": "en", "time_zone": None,
        "has_password": False, "may_set_password": False, "session": None, "others": [], "may": None,
    }  # fmt: skip
    assert key.call("PUT", "/v1/me/password", json={"password": PASSWORD}).status_code == 403
    assert key.call("DELETE", "/v1/sessions/current").status_code == 403
    switch = {"identity_id": str(calm_town.world.client)}
    assert key.call("POST", "/v1/sign-in/switch", json=switch, headers=OURS).status_code == 403


def test_what_somebody_may_do_is_what_the_routes_let_them(calm_town: Town):
    """Of every operation that is listed for a role none is refused for the role, and of the others all are."""
    for role, owner in (("requester", {"client_id": calm_town.world.client}), ("operator", {})):
        caller = calm_town.key(role, **owner)
        may = set(caller.get("/v1/me").json()["may"])
        for path, operations in calm_town.app.openapi()["paths"].items():
            if "get" in operations and "{" not in path and "stream" not in path and "sign-in" not in path:
                answer = caller.get(path)
                refused = answer.status_code == 403 and answer.json()["detail"].startswith("role ")
                assert refused is (operations["get"]["operationId"] not in may), path


@pytest.fixture
def strict(database_url: str, redis_url: str) -> Iterator[Town]:
    with small_town(database_url, redis_url, sign_ins_an_address=3, sign_ins_a_minute=12) as town:
        add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
        yield town


def test_an_address_is_tried_so_often_whoever_has_it_and_another_as_often_again(strict: Town):
    browser = Browser(strict)
    for email in (ROSA, "nobody@example.org"):
        tries = [browser.post("/v1/sign-in/password", {"email": email, "password": "guess"}) for _ in range(4)]
        assert [each.status_code for each in tries] == [401, 401, 401, 429]
    assert int(tries[-1].headers["Retry-After"]) > 0
    # Who is guessed at still gets a link.
    assert browser.post("/v1/sign-in/link", {"email": ROSA.upper()}).status_code == 202


def test_an_origin_tries_so_often_whatever_it_tries(strict: Town):
    browser = Browser(strict)
    tries = [browser.opens(f"{at:043}") for at in range(13)]
    assert [each.status_code for each in tries] == [401] * 12 + [429]
    assert browser.get("/v1/sign-in/ways").status_code == 429
    assert strict.staff.get("/v1/bundles").status_code == 200


def test_a_stream_works_with_the_cookie_and_ends_with_the_session(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streamkeys, "KEY_CHECK_S", 0.05)
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    desk = opened(town)
    cookie = f"truckroll={desk.cookies['truckroll']}"
    with serving(create_app(town.settings)) as address, listening(f"{address}/v1/board/stream", cookie=cookie) as board:
        assert board.next("snapshot").kind == "snapshot"
        assert desk.delete("/v1/sessions").status_code == 204
        assert board.next("(end)").kind == "(end)"


def test_a_provider_without_the_name_it_knows_us_by_is_told_when_the_process_starts():
    settings = Settings(database_url="postgresql://x@localhost/x", redis_url="redis://localhost:1/0",
                        oidc_issuer="https://login.example.org")  # fmt: skip
    with pytest.raises(BadInput, match="TRUCKROLL_OIDC_CLIENT_ID"):
        create_app(settings)
