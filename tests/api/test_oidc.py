"""People come in by their own company's login: against a real provider, a good one and bad ones."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey
from provider import CLIENT, SECRET, OpenIdProvider, query_of, running_provider
from signing import Browser, add_staff
from sqlalchemy import update
from town import Town, small_town

from dispatch.record.tables import SignInRow

ROSA = "rosa@acme.example"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with running_provider() as found:
        yield found


@pytest.fixture
def town(database_url: str, redis_url: str, provider: OpenIdProvider) -> Iterator[Town]:
    own = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with small_town(database_url, redis_url, public_url="http://testserver", **own) as found:
        add_staff(found, "dispatcher", ROSA, "Rosa Marsh")
        yield found


@pytest.fixture
def browser(town: Town) -> Browser:
    """One that goes to pages by itself: it sends none of our pages' headers."""
    return Browser(town, headers={"Sec-Fetch-Site": "cross-site"})


def local(url: str) -> str:
    where = urlsplit(url)
    assert where.netloc in ("", "testserver")
    return f"{where.path}?{where.query}"


def sent_to(browser: Browser, page: str = "/board") -> str:
    answer = browser.get(f"/v1/sign-in/oidc?next={page}")
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def comes_back(browser: Browser, provider: OpenIdProvider) -> Any:
    return browser.get(local(provider.visited(sent_to(browser))))


def refused(browser: Browser, answer: Any) -> str:
    """Why: the code that the page of sign-in is told; nobody is in."""
    assert answer.status_code == 302
    assert browser.get("/v1/me").status_code == 401
    assert urlsplit(answer.headers["location"]).path == "/sign-in"
    return query_of(answer.headers["location"])["error"]


def test_somebody_comes_in_by_the_provider_and_goes_on_to_their_page(
    town: Town, browser: Browser, provider: OpenIdProvider
):
    ways = browser.get("/v1/sign-in/ways").json()
    assert ways["oidc"] == {"name": "Single sign-on", "href": "/v1/sign-in/oidc"}
    answer = comes_back(browser, provider)
    assert (answer.status_code, answer.headers["location"]) == (302, "/board")
    assert set(browser.cookies) == {"truckroll"}
    me = browser.get("/v1/me").json()
    assert (me["email"], me["session"]["method"], me["may_set_password"]) == (ROSA, "oidc", True)
    assert provider.num_exchanged == 1


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\tb", "", "/" + "a" * 500]
)
def test_nobody_is_sent_on_to_another_host(browser: Browser, provider: OpenIdProvider, page: str):
    back = provider.visited(sent_to(browser, page.replace("\t", "%09")))
    assert browser.get(local(back)).headers["location"] == "/"


def test_a_way_back_is_good_once_and_at_the_browser_that_was_sent(
    town: Town, browser: Browser, provider: OpenIdProvider
):
    back = local(provider.visited(sent_to(browser)))
    state = dict(browser.cookies)
    other = Browser(town, headers=browser.headers)
    assert refused(other, other.get(back)) == "oidc_failed"
    assert provider.num_exchanged == 0
    assert browser.get(back).headers["location"] == "/board"
    again = Browser(town, state, browser.headers)
    assert refused(again, again.get(back)) == "oidc_failed"
    assert provider.num_exchanged == 1


def test_a_way_back_ends_after_some_minutes(town: Town, browser: Browser, provider: OpenIdProvider):
    back = local(provider.visited(sent_to(browser)))
    with town.world.as_engine() as (session, _):
        past = {name: getattr(SignInRow, name) - timedelta(minutes=10) for name in ("asked_at", "expires_at")}
        session.execute(update(SignInRow).values(past))
    assert refused(browser, browser.get(back)) == "oidc_failed"
    assert provider.num_exchanged == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"nonce": "another"}, "oidc_failed"),
        ({"nonce": None}, "oidc_failed"),
        ({"aud": "another client"}, "oidc_failed"),
        ({"aud": None}, "oidc_failed"),
        ({"iss": "https://evil.example"}, "oidc_failed"),
        ({"exp": 1_700_000_000}, "oidc_failed"),
        ({"iat": None}, "oidc_failed"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "oidc_failed"),
        ({"email_verified": False}, "oidc_unverified"),
        ({"email_verified": "true"}, "oidc_unverified"),
        ({"email_verified": None}, "oidc_unverified"),
        ({"email": None}, "oidc_unverified"),
        ({"email": ["rosa@acme.example"]}, "oidc_unverified"),
        ({"email": "nobody@example.org"}, "oidc_unknown"),
        ({"email": "no address"}, "oidc_failed"),
    ],
)
def test_a_token_that_does_not_prove_it_lets_nobody_in(
    browser: Browser, provider: OpenIdProvider, wrong: dict[str, Any], why: str
):
    provider.claims = wrong
    assert refused(browser, comes_back(browser, provider)) == why


def test_a_token_signed_by_another_key_is_none_and_a_key_that_was_changed_is_read_anew(
    town: Town, browser: Browser, provider: OpenIdProvider
):
    good = provider.key
    provider.published, provider.key = good, ECKey.generate_key("P-256", {"kid": "first"})
    assert refused(browser, comes_back(browser, provider)) == "oidc_failed"
    provider.key = good
    assert comes_back(browser, provider).headers["location"] == "/board"
    provider.published = provider.key = ECKey.generate_key("P-256", {"kid": "second"})
    assert comes_back(Browser(town, headers=browser.headers), provider).headers["location"] == "/board"


def test_a_refusal_and_a_code_that_is_none_lead_back_with_a_word(browser: Browser, provider: OpenIdProvider):
    provider.refuses = True
    assert refused(browser, comes_back(browser, provider)) == "oidc_denied"
    provider.refuses = False
    back = query_of(provider.visited(sent_to(browser)))
    made_up = browser.get(f"/v1/sign-in/oidc/callback?state={back['state']}&code=made-up")
    assert refused(browser, made_up) == "oidc_failed"
    assert refused(browser, browser.get("/v1/sign-in/oidc/callback")) == "oidc_failed"


@pytest.mark.parametrize("name", ["state", "code", "error"])
def test_what_is_too_long_to_be_true_leads_back_with_a_word(browser: Browser, provider: OpenIdProvider, name: str):
    back = query_of(provider.visited(sent_to(browser))) | {name: "a" * 4_001}
    answer = browser.get(f"/v1/sign-in/oidc/callback?{urlencode(back)}")
    assert refused(browser, answer) == ("oidc_denied" if name == "error" else "oidc_failed")
    assert provider.num_exchanged == 0


def test_a_provider_that_is_away_or_somebody_else_lets_nobody_in(town: Town, provider: OpenIdProvider):
    browser = Browser(town)
    town.app.state.parts.provider.issuer = "http://127.0.0.1:1"
    assert refused(browser, browser.get("/v1/sign-in/oidc")) == "oidc_away"
    town.app.state.parts.provider.issuer = provider.issuer.replace("127.0.0.1", "localhost")
    assert refused(browser, browser.get("/v1/sign-in/oidc")) in ("oidc_failed", "oidc_away")


def test_without_a_provider_there_is_nothing_there(calm_town: Town):
    browser = Browser(calm_town)
    assert browser.get("/v1/sign-in/ways").json()["oidc"] is None
    assert browser.get("/v1/sign-in/oidc").status_code == 404
    assert browser.get("/v1/sign-in/oidc/callback?state=x&code=y").status_code == 404
