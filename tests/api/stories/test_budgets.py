"""Budgets as a client lives with them: a project's money is named, used, warned of, used up, raised."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from trusting import fund

from dispatch.record.tables import CompanyRow, TechnicianRow

BONUS = {"rates": {"extras": [{"code": "bonus", "kind": "bonus", "cap": "50.00"}]}}


@pytest.fixture
def admin(story):
    """Acme's admin; Acme has 900 USD here."""
    fund(story.town)
    return story.town.key("client_admin", client_id=story.town.world.client)


@pytest.fixture
def url(story):
    return f"/v1/clients/{story.town.world.client}/budgets"


def makes(admin, url, amount, **more):
    wish = {"code": "PO-1", "name": "Refit of the Texan stores", "amount": amount, "from_on": "2026-01-01", **more}
    made = admin.post(url, wish)
    assert made.status_code == 201, made.text
    return made.json()


def usage(caller, made, url):
    shown = caller.get(f"{url}/{made['id']}").json()
    return shown["committed"], shown["spent"], shown["left"], shown["asked"]


def does_the_job(given):
    given.does("confirm", "leave", "check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200


def test_a_project_has_its_money_and_nothing_goes_beyond_it(story, admin, url):
    hard = makes(admin, url, "300.00")
    job, offers = story.town.offered(budget="PO-1")
    assert (job["budget"]["code"], job["budget"]["left"], job["budget"]["is_short"]) == ("PO-1", "300.00", False)
    second = story.town.posted(budget="PO-1")
    assert not second["budget"]["is_short"], "280 are asked for of 300"
    third = story.town.posted(budget="PO-1")
    assert third["budget"]["is_short"], "420 are: whoever posts it is told, the first two yeses have it"
    dear = story.town.staff.post("/v1/jobs", story.town.job_body(budget="PO-1", slots=[{"pay": {"amount": "301.00"}}]))
    assert (dear.status_code, dear.json()["rules"]) == (409, ["over_budget"])

    given = story.taken(job, offers[0])
    assert usage(admin, hard, url) == ("140.00", "0.00", "160.00", "280.00")
    changed = {"pay": {"amount": "160.01"}}
    etag = f'"v{second["version"]}"'
    refused = story.town.staff.patch(f"/v1/jobs/{second['id']}", changed, etag)
    assert (refused.status_code, refused.json()["rules"]) == (409, ["over_budget"])

    does_the_job(given)
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"
    assert usage(admin, hard, url) == ("140.00", "140.00", "160.00", "280.00")
    makes(admin, url, "50.00", code="PO-0", from_on="2020-01-01", until_on="2020-12-31")
    morning = admin.get("/v1/mornings/service").json()["budgets"]
    assert [(each["code"], each["spent"], each["left"]) for each in morning] == [("PO-1", "140.00", "160.00")]
    assert story.town.stranger.get("/v1/mornings/service").json()["budgets"] == []
    assert given.technician.get(url).status_code == 403
    offer = story.town.by_id(offers[1].technician_id).get(f"/v1/offers/{offers[1].id}").text
    assert "PO-1" not in offer, "what a client means to spend is its own"
    assert {each["budget"] for each in story.told("job", "posted")} == {hard["id"]}


def test_the_last_money_of_a_project_is_given_once_and_the_dispatcher_reads_what_to_do(story, admin, url):
    hard = makes(admin, url, "200.00")
    first, offers = story.town.offered(budget="PO-1")
    second, others = story.town.offered(budget="PO-1", window=later(story, 1))
    story.taken(first, offers[0])
    asked = others[1]
    answer = story.town.by_id(asked.technician_id).post(f"/v1/offers/{asked.id}/accept", {"terms_version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "unfunded")
    counter = {"pay": {"amount": "60.01"}, "reason": "pay"}
    countered = story.town.by_id(asked.technician_id).post(f"/v1/offers/{asked.id}/counter", counter).json()
    refused = story.town.staff.post(f"/v1/counters/{countered['id']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "over_budget")
    story.town.staff.post(f"/v1/jobs/{second['id']}/hold", {"why": "other"})
    story.town.staff.post(f"/v1/jobs/{second['id']}/resume")
    story.town.world.send_waves()
    shown = story.town.staff.get(f"/v1/jobs/{second['id']}").json()
    assert (shown["state"], shown["unfilled"]["is_over_budget"]) == ("unfilled", True)
    assert shown["unfilled"]["ways_on"] == ["raise_budget", "cancel"]

    read = admin.get(f"{url}/{hard['id']}")
    raised = admin.patch(f"{url}/{hard['id']}", {"amount": "280.00"}, read.headers["ETag"])
    assert (raised.status_code, raised.json()["left"]) == (200, "140.00")
    assert admin.patch(f"{url}/{hard['id']}", {"amount": "500.00"}, read.headers["ETag"]).status_code == 412
    story.town.staff.post(f"/v1/jobs/{second['id']}/resume")
    story.town.world.send_waves()
    assert story.town.staff.get(f"/v1/jobs/{second['id']}").json()["state"] == "open"


def test_under_a_lowered_budget_no_substitute_is_sent_and_whoever_has_the_work_keeps_it(story, admin, url):
    made = makes(admin, url, "300.00")
    with story.town.world.as_engine() as (session, _):
        company = session.scalars(select(CompanyRow.id)).one()
        session.execute(update(TechnicianRow).values(company_id=company))
    job, offers = story.town.offered(budget="PO-1")
    given = story.taken(job, offers[0])
    etag = admin.get(f"{url}/{made['id']}").headers["ETag"]
    lowered = admin.patch(f"{url}/{made['id']}", {"amount": "100.00"}, etag)
    assert lowered.status_code == 200, lowered.text
    other = next(each for each in story.town.world.technicians if each != offers[0].technician_id)
    sent = story.town.key("company", company_id=company).post(
        f"/v1/assignments/{given.assignment_id}/substitute", {"worker_id": str(other), "why": "ill"}
    )
    assert (sent.status_code, sent.json()["rules"]) == (409, ["unfunded"])
    assert "budget" not in sent.text, "what a client means to spend is its own"
    given.does("confirm")
    assert usage(admin, made, url)[0] == "140.00"


def later(story, days):
    start = story.town.world.start + timedelta(days=days)
    return {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=2)).isoformat()}


def test_a_soft_budget_is_passed_with_a_reason_or_by_two_people(story, admin, url):
    soft = makes(admin, url, "100.00", is_hard=False)
    body = story.town.job_body(budget="PO-1")
    refused = story.town.staff.post("/v1/jobs", body)
    assert (refused.status_code, refused.json()["rules"]) == (409, ["over_soft_budget"])
    posted = story.town.key("client_admin", client_id=story.town.world.client).post(
        "/v1/jobs", {**body, "budget_reason": "The fridge is full"}
    )
    assert posted.status_code == 201, posted.text
    assert posted.json()["budget"]["reason"] == "The fridge is full"
    assert story.told("job", "budget_passed") == [], "nothing is committed yet"

    cheap = story.town.posted(budget="PO-1", slots=[{"pay": {"amount": "90.00"}}], window=later(story, 2))
    mine = f"/v1/jobs/{cheap['id']}"
    said = {"budget_reason": "The customer pays for it"}
    forbidden = story.town.staff.patch(mine, said, f'"v{cheap["version"]}"')
    assert forbidden.status_code == 403, "a dispatcher was not named by the budget"
    read = story.town.staff.get(mine)
    told = admin.patch(f"{url}/{soft['id']}", {"reason_roles": ["dispatcher"]}, '"v1"')
    assert told.json()["reason_roles"] == ["dispatcher"]
    changed = story.town.staff.patch(mine, {**said, "pay": {"amount": "130.00"}}, read.headers["ETag"])
    assert (changed.status_code, changed.json()["budget"]["reason"]) == (200, "The customer pays for it")


def test_what_is_granted_on_the_day_is_committed_paid_and_on_both_statements(story, admin, url):
    hard = makes(admin, url, "160.00")
    given = story.assigned(budget="PO-1")
    given.does("confirm", "leave", "check-in")
    asked = given.asks(kind="more_time", minutes=30)
    grant = f"/v1/site-requests/{asked['id']}/grant"
    refused = given.staff.post(grant, {"minutes": 30, "amount": "20.01"})
    assert (refused.status_code, refused.json()["rules"]) == (409, ["over_budget"])
    granted = given.staff.post(grant, {"minutes": 30, "amount": "20.00"})
    assert granted.json()["words"] == "You have 30 minutes more. 20.00 is added to your pay."
    assert usage(admin, hard, url) == ("160.00", "0.00", "0.00", "0.00")

    given.does("check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    [claimed] = given.technician.get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    assert [(line["kind"], line["amount"]) for line in claimed["lines"]] == [("fixed", "140.00"), ("granted", "20.00")]
    assert given.staff.post(f"{given.job_url}/approve").json()["state"] == "approved"
    [paid] = given.technician.get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    assert (paid["due"], paid["held"], paid["refunded"]) == ("160.00", "0.00", "0.00")
    assert usage(admin, hard, url) == ("160.00", "160.00", "0.00", "0.00")
    assert admin.get(f"/v1/clients/{story.town.world.client}/money").json()["funds"] == "740.00"

    today = datetime.now(UTC).date()
    days = f"from_day={today - timedelta(days=1)}&to_day={today + timedelta(days=1)}"
    theirs = given.technician.get(f"/v1/statements?{days}").json()
    assert sorted(line["amount"] for line in theirs["lines"]) == ["140.00", "20.00"]
    assert theirs["closing"] == "160.00"
    ours = given.staff.get(f"/v1/statements?{days}").json()
    assert [(line["kind"], line["amount"]) for line in ours["lines"] if line["kind"] == "charge"] == [
        ("charge", "-20.00")
    ]
    assert ours["closing"] == "740.00"


def test_templates_copies_and_drafts_keep_the_budget_and_are_asked_when_they_are_posted(story, admin, url):
    makes(admin, url, "150.00")
    makes(admin, url, "1000.00", code="PO-2")
    body = story.town.job_body(budget="PO-1", is_draft=True, slots=[{"pay": {"amount": "151.00"}}])
    draft = story.town.staff.post("/v1/jobs", body).json()
    assert draft["budget"]["code"] == "PO-1", "a draft asks for nothing yet"
    refused = story.town.staff.post(f"/v1/jobs/{draft['id']}/publish")
    assert refused.json()["rules"] == ["over_budget"]
    moved = story.town.staff.patch(f"/v1/jobs/{draft['id']}", {"budget": "PO-2"}, f'"v{draft["version"]}"')
    assert moved.json()["budget"]["code"] == "PO-2"
    assert story.town.staff.post(f"/v1/jobs/{draft['id']}/publish").status_code == 200
    copied = story.town.staff.post(f"/v1/jobs/{draft['id']}/copy", {"number": "C-1", "window": body["window"]})
    assert (copied.status_code, copied.json()["budget"]["code"]) == (201, "PO-2")
    other = {"number": "C-2", "window": body["window"], "budget": "PO-1"}
    assert story.town.staff.post(f"/v1/jobs/{draft['id']}/copy", other).json()["rules"] == ["over_budget"]
    none = story.town.staff.patch(f"/v1/jobs/{copied.json()['id']}", {"budget": None}, copied.headers["ETag"])
    assert none.json()["budget"] is None

    work = {name: body[name] for name in ("title", "job_type", "duration_min", "slots")}
    template = story.town.staff.post("/v1/templates", {"name": "Refit", "job": {**work, "budget": "PO-2"}})
    assert template.status_code == 201, template.text
    own = {"number": "T-1", "site_id": body["site_id"], "window": body["window"]}
    made = story.town.staff.post(f"/v1/templates/{template.json()['id']}/jobs", own)
    assert (made.status_code, made.json()["budget"]["code"]) == (201, "PO-2")


def test_wrong_budgets_are_refused_by_the_field(story, admin, url):
    makes(admin, url, "100.00")
    good = {"code": "PO-2", "name": "Refit", "amount": "5.00", "from_on": "2026-01-01"}
    for wrong, path in (
        ({"code": "PO-1"}, "/code"),
        ({"until_on": "2025-12-31"}, "/until_on"),
        ({"currency": "EUR"}, "/currency"),
        ({"amount": "-1"}, "/amount"),
        ({"reason_roles": ["operator"]}, "/reason_roles/0"),
        ({"spent": "0"}, "/spent"),
    ):
        refused = admin.post(url, {**good, **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path), refused.text
    for body in ({}, {"amount": None}, {"code": "PO-9"}):
        [made] = admin.get(f"{url}?code=PO-1").json()["items"]
        assert admin.patch(f"{url}/{made['id']}", body, '"v1"').status_code == 422
    assert story.town.staff.post(url, good).status_code == 403
    assert story.town.stranger.get(url).status_code in (403, 404)
    posted = story.town.staff.post("/v1/jobs", story.town.job_body(budget="PO-9"))
    assert posted.json()["errors"][0]["path"] == "/budget"
