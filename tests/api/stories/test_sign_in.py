"""People sign in, are known by their cookie, and are nobody any more when they leave."""

import pytest
from signing import Browser, Mail, add_staff, give_address, token_in
from town import Town

from dispatch.record.session import Actor

OPERATOR = Actor("operator")
ROSA, ANNA = "rosa@acme.example", "anna@example.org"
PASSWORD = "correct horse battery"


@pytest.fixture
def mail(town: Town) -> Mail:
    return Mail(town)


def signed_in(town: Town, mail: Mail, email: str) -> Browser:
    """Somebody who asked for a link, and opened it."""
    browser = Browser(town)
    assert browser.post("/v1/sign-in/link", {"email": email}).status_code == 202
    (message,) = mail.goes_out()
    answer = browser.opens(token_in(message.body))
    assert answer.status_code == 201, answer.text
    return browser


def test_a_technician_gets_a_link_by_mail_and_answers_an_offer(town: Town, mail: Mail):
    anna = town.world.technicians[0]
    give_address(town, anna, "Anna@Example.org")
    _, offers = town.offered()
    browser = signed_in(town, mail, ANNA)
    me = browser.get("/v1/me").json()
    assert (me["role"], me["technician_id"], me["email"]) == ("technician", str(anna), ANNA)
    assert me["time_zone"] == "America/Chicago"
    assert {"accept", "listOffers"} <= set(me["may"])
    assert "postJob" not in me["may"]
    offer = next(each for each in offers if each.technician_id == anna)
    shown = browser.get("/v1/offers").json()["items"]
    assert [each["id"] for each in shown] == [str(offer.id)]
    yes = browser.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1})
    assert yes.status_code == 200, yes.text


def test_a_dispatcher_posts_a_job_and_signs_out(town: Town, mail: Mail):
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    browser = signed_in(town, mail, ROSA)
    assert browser.get("/v1/me").json()["client_name"] == "Acme service"
    posted = browser.post("/v1/jobs", town.job_body())
    assert posted.status_code == 201, posted.text
    cookie = dict(browser.cookies)
    assert browser.delete("/v1/sessions/current").status_code == 204
    assert browser.cookies == {}
    browser.cookies = cookie
    assert browser.get("/v1/me").status_code == 401
