"""Money as all sides live it: the operator agrees on credit, a job is paid, a part is disputed, a bank says no."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from outboxes import Post, to
from pictures import photo
from town import PAYOUT_SECRET

from dispatch.messages import people
from dispatch.money.provider import signature
from dispatch.record.tables import StaffRow, TechnicianRow, new_id

RATES = {"rates": {"extras": [{"code": "parking", "kind": "expense", "cap": "15.00"},
                              {"code": "late", "kind": "penalty", "cap": "20.00"}]}}  # fmt: skip


def does_the_job(given):
    given.does("confirm", "leave", "check-in", "check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200


def payment_of(given, caller=None):
    [found] = (caller or given.staff).get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    return found


def test_a_job_is_paid_from_the_clients_funds_to_the_technicians_bank(story, operator, acme):
    job, offers = story.town.offered()
    terms = story.town.by_id(offers[0].technician_id).get(f"/v1/offers/{offers[0].id}").json()["pay_terms"]
    assert (terms["gross"], terms["fee"], terms["net"], terms["pay_after_days"]) == ("140.00", "14.00", "126.00", 0)
    [open_job] = story.town.by_id(offers[0].technician_id).get("/v1/open-jobs").json()["items"]
    assert open_job["pay_terms"] == terms
    given = story.taken(job, offers[0])
    money = given.staff.get(f"{acme}/money").json()
    assert (money["funds"], money["held"], money["room"]) == ("60.00", "140.00", "60.00")

    mine = payment_of(given, given.technician)
    assert (mine["held"], mine["fee"], mine["net"]) == ("140.00", "0.00", terms["net"]), "as the offer said"
    does_the_job(given)
    claimed = payment_of(given)
    assert claimed["net"] == "126.00"
    assert [(line["kind"], line["amount"]) for line in claimed["lines"]] == [("fixed", "140.00")]
    approved = given.staff.post(f"{given.job_url}/approve")
    assert approved.json()["state"] == "approved"
    assert given.staff.post(f"{given.job_url}/approve").status_code == 409
    mine = payment_of(given, given.technician)
    assert (mine["due"], mine["net"]) == ("126.00", "126.00")

    [payout] = operator.post("/v1/payouts/run").json()["payouts"]
    assert operator.post("/v1/payouts/run").json()["payouts"] == []
    [mine] = given.technician.get("/v1/payouts").json()["items"]
    assert (mine["id"], mine["amount"], mine["state"]) == (payout, "126.00", "created")
    today = datetime.now(UTC).date()
    days = f"from_day={today - timedelta(days=1)}&to_day={today + timedelta(days=1)}"
    theirs = given.technician.get(f"/v1/statements?{days}").json()
    assert [line["amount"] for line in theirs["lines"]] == ["126.00", "-126.00"]
    clients = given.staff.get(f"/v1/statements?{days}").json()
    assert (clients["opening"], clients["closing"]) == ("0.00", "60.00")
    csv = given.staff.get(f"/v1/statements.csv?{days}")
    assert csv.headers["content-type"].startswith("text/csv")
    assert "hold,-140.00" in csv.text


def statement_of(caller, *, as_csv=False):
    """The lines of these days as the caller reads them; of the file a dict by column."""
    today = datetime.now(UTC).date()
    days = f"from_day={today - timedelta(days=1)}&to_day={today + timedelta(days=1)}"
    if as_csv:
        return list(csv.DictReader(io.StringIO(caller.get(f"/v1/statements.csv?{days}").text)))
    return caller.get(f"/v1/statements?{days}").json()["lines"]


def test_a_statements_lines_name_their_work_to_whoever_may_see_it(story, operator, acme):
    """A client reads its own number, whoever is paid the title; money that came in is for no work."""
    title, number = "@Replace the drive", "=1+1"
    given, company = story.assigned_to_company(title=title, number=number)
    does_the_job(given)
    given.staff.post(f"{given.job_url}/approve")
    assert operator.post("/v1/payouts/run").json()["payouts"]
    named = [(each["kind"], each["job_id"], each["number"], each["title"]) for each in statement_of(given.staff)]
    job = given.job["id"]
    assert named == [("deposit", None, None, None), ("hold", job, number, title)]
    paid = [(each["kind"], each["job_id"], each["number"], each["title"]) for each in statement_of(company)]
    assert paid == [("approve", job, None, title), ("payout", None, None, None)]
    assert statement_of(given.technician) == [], "the company is paid"
    assert statement_of(story.town.stranger) == []
    assert [(each["job_id"], each["number"], each["title"]) for each in statement_of(given.staff, as_csv=True)] == [
        ("", "", ""), (job, f"'{number}", f"'{title}"),
    ]  # fmt: skip
    [approved, _] = statement_of(company, as_csv=True)
    assert (approved["number"], approved["title"]) == ("", f"'{title}")


def test_without_funds_nobody_is_asked_and_the_dispatcher_reads_why(story, operator, acme):
    story.assigned()
    second = story.town.posted()
    story.town.world.send_waves()
    shown = story.town.staff.get(f"/v1/jobs/{second['id']}").json()
    assert (shown["state"], shown["unfilled"]["is_unfunded"]) == ("unfilled", True)
    assert shown["unfilled"]["ways_on"] == ["add_funds", "cancel"]
    operator.post(f"{acme}/funds", {"amount": "100.00"})
    assert story.town.staff.post(f"/v1/jobs/{second['id']}/resume").status_code == 200
    story.town.world.send_waves()
    assert story.town.staff.get(f"/v1/jobs/{second['id']}").json()["state"] == "open"


def test_a_counter_that_is_accepted_is_set_aside_at_its_own_pay(story, operator, acme):
    job, offers = story.town.offered()
    asked = {"pay": {"kind": "fixed", "amount": "175.00", "currency": "USD"}, "reason": "pay", "note": ""}
    countered = story.town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/counter", asked)
    assert countered.status_code == 201, countered.text
    accepted = story.town.staff.post(f"/v1/counters/{countered.json()['id']}/accept")
    assert accepted.status_code == 200, accepted.text
    (payment,) = story.town.staff.get(f"/v1/payments?job_id={job['id']}").json()["items"]
    assert payment["held"] == "175.00"
    assert story.town.staff.get(f"{acme}/money").json()["room"] == "25.00"


def test_half_of_it_is_disputed_the_rest_is_paid_and_the_operator_decides(story, operator, acme):
    given = story.assigned()
    does_the_job(given)
    payment = f"/v1/payments/{payment_of(given)['id']}"
    said = {"hours": "1.00", "amount": "70.00", "note": "Left after an hour"}
    dispute = given.staff.post(f"{payment}/dispute", {"amount": "70.00", "reason": "hours", "position": said}).json()
    part = payment_of(given)
    assert (part["due"], part["fee"], part["net"]) == ("63.00", "7.00", "126.00"), "the rest may still come"
    theirs = {"hours": "2.00", "note": "The log says two hours"}
    stated = given.technician.post(f"/v1/disputes/{dispute['id']}/state", theirs).json()
    words = {side: each["note"] for side, each in stated["positions"].items()}
    assert words == {"client": "Left after an hour", "technician": "The log says two hours"}
    [waiting] = operator.get("/v1/disputes?state=open").json()["items"]
    assert waiting == stated | {"number": given.job["number"]}, "which is for staff"
    assert (waiting["number"], waiting["decider"], waiting["undisputed"]) == (given.job["number"], "Olga", "70.00")
    assert operator.get("/v1/disputes?state=decided").json()["items"] == []
    stranger = story.town.stranger
    assert stranger.get("/v1/disputes").json()["items"] == []
    assert stranger.get("/v1/disputes?state=open").json()["items"] == []
    assert stranger.post(f"/v1/disputes/{dispute['id']}/state", {"hours": "9.00"}).status_code == 404
    assert stranger.post(f"{payment}/approve", {"amount": "1.00"}).status_code == 404
    decided = operator.post(f"/v1/disputes/{dispute['id']}/decide", {"awarded": "35.00", "note": "Half"})
    assert (decided.json()["state"], decided.json()["awarded"]) == ("decided", "35.00")
    [read] = given.technician.get("/v1/disputes").json()["items"]
    assert (read["decided_note"], read["undisputed"], read["technician"]) == ("Half", "70.00", waiting["technician"])
    after = payment_of(given)
    assert after["net"] == "94.50"
    assert (after["due"], after["fee"], after["refunded"], after["held"]) == ("94.50", "10.50", "35.00", "0.00")


def test_a_client_asks_back_what_it_approved_and_the_technician_gives_way(story, operator, acme):
    given = story.assigned()
    does_the_job(given)
    given.staff.post(f"{given.job_url}/approve")
    payment = payment_of(given)
    asked = {"amount": "40.00", "reason": "quality", "position": {"note": "The door does not close"}}
    dispute = given.staff.post(f"/v1/payments/{payment['id']}/dispute", asked).json()
    assert given.state() == "disputed"
    frozen = payment_of(given)
    assert (frozen["state"], frozen["due"], frozen["held"]) == ("disputed", "90.00", "40.00")
    url = f"/v1/disputes/{dispute['id']}/concede"
    assert story.town.stranger.post(url).status_code == 404
    assert operator.post(url).status_code == 403
    given_up = given.technician.post(url)
    assert (given_up.json()["state"], given_up.json()["awarded"]) == ("decided", "0.00")
    assert given.technician.post(url).status_code == 409
    after = payment_of(given)
    assert (after["state"], after["due"], after["fee"], after["refunded"]) == ("due", "90.00", "10.00", "40.00")
    assert given.staff.get(f"{acme}/money").json()["funds"] == "100.00"
    assert given.state() == "approved"
    today = datetime.now(UTC).date()
    days = f"from_day={today - timedelta(days=1)}&to_day={today + timedelta(days=1)}"
    mine = given.technician.get(f"/v1/statements?{days}").json()["lines"]
    assert [(line["kind"], line["amount"]) for line in mine] == [("approve", "126.00"), ("refund", "-36.00")]


def test_only_extras_that_the_offer_listed_are_claimed_up_to_their_cap_and_a_penalty_can_be_contested(story, acme):
    given = story.assigned(day_policy=RATES)
    does_the_job(given)
    payment = f"/v1/payments/{payment_of(given)['id']}"
    listed = [(each["code"], each["kind"], each["cap"]) for each in payment_of(given)["listed"]]
    assert listed == [("parking", "expense", "15.00"), ("late", "penalty", "20.00")]

    def extra(caller, code, amount):
        return caller.post(f"{payment}/extras", {"code": code, "amount": amount})

    for caller, code, amount in (
        (given.technician, "tip", "5.00"),
        (given.technician, "late", "5.00"),
        (given.staff, "parking", "5.00"),
        (given.technician, "parking", "15.01"),
    ):
        assert extra(caller, code, amount).status_code == 422
    parking = extra(given.technician, "parking", "9.00").json()["payment"]["extras"][0]["id"]
    assert extra(given.technician, "parking", "6.01").status_code == 422, "with the other it is above its cap"
    late = extra(given.staff, "late", "20.00").json()["payment"]["extras"][1]["id"]
    assert given.technician.post(f"{payment}/extras/{parking}/answer", {"answer": "approve"}).status_code == 409
    assert given.staff.post(f"{payment}/extras/{parking}/answer", {"answer": "approve"}).status_code == 200
    assert given.technician.post(f"{payment}/extras/{late}/answer", {"answer": "contest"}).status_code == 200
    assert given.technician.post(f"{payment}/extras/{late}/answer", {"answer": "contest"}).status_code == 409
    given.staff.post(f"{given.job_url}/approve")
    after = payment_of(given)
    assert Decimal(after["due"]) + Decimal(after["fee"]) == Decimal("149.00"), "the penalty does not count"


def test_what_was_asked_for_on_top_is_answered_before_the_yes_and_what_was_refused_is_disputed(story, operator, acme):
    given = story.assigned(day_policy=RATES)
    does_the_job(given)
    payment = f"/v1/payments/{payment_of(given)['id']}"
    receipt = given.technician.send(photo(), kind="photo", job_id=given.job["id"]).json()["id"]
    paid = {"code": "parking", "amount": "9.00", "file_id": receipt}
    [asked] = given.technician.post(f"{payment}/extras", paid).json()["payment"]["extras"]
    assert given.staff.get(f"/v1/files/{asked['file']}").status_code == 200
    own = f"/v1/approvals?job_id={given.job['id']}"
    [lacks] = given.staff.get(own).json()["items"]
    assert (lacks["missing"], lacks["parts"][0]["payment"]["extras"]) == ("answers", [asked])
    refused = given.staff.post(f"{given.job_url}/approve")
    assert refused.status_code == 409
    assert "parking 9.00 USD" in refused.json()["detail"]
    wish = {"amount": "1.00", "reason": "quality"}
    assert given.staff.post(f"{payment}/dispute", wish).status_code == 409, "a dispute would drop it, too"
    assert given.staff.post(f"{payment}/approve", {"amount": "40.00"}).status_code == 200, "a part may be approved"
    given.staff.post(f"{payment}/extras/{asked['id']}/answer", {"answer": "refuse"})
    assert given.staff.get(own).json()["items"][0]["missing"] is None
    mine = {"amount": "9.00", "reason": "expense", "position": {"note": "The only place to park"}}
    assert given.technician.post(f"{payment}/dispute", mine | {"amount": "109.01"}).status_code == 422
    assert given.technician.post(f"{payment}/dispute", mine | {"reason": "pay", "amount": "100.01"}).status_code == 422
    dispute = given.technician.post(f"{payment}/dispute", mine).json()
    assert (dispute["amount"], dispute["undisputed"], dispute["waiting"]) == ("9.00", "40.00", "100.00")
    ruled = operator.post(f"/v1/disputes/{dispute['id']}/decide", {"awarded": "9.00", "note": "There is a receipt"})
    assert ruled.status_code == 200
    after = payment_of(given)
    assert (after["state"], Decimal(after["due"]) + Decimal(after["fee"])) == ("held", Decimal("49.00"))
    assert given.staff.post(f"{given.job_url}/approve").status_code == 200
    after = payment_of(given)
    assert (Decimal(after["due"]) + Decimal(after["fee"]), after["held"]) == (Decimal("149.00"), "0.00")


def test_a_penalty_is_contested_after_the_approval_too_and_nobody_got_it_meanwhile(story, operator, acme):
    given = story.assigned(day_policy=RATES)
    does_the_job(given)
    payment = f"/v1/payments/{payment_of(given)['id']}"
    added = given.staff.post(f"{payment}/extras", {"code": "late", "amount": "20.00"}).json()["payment"]
    assert given.staff.post(f"{given.job_url}/approve").status_code == 200
    approved = payment_of(given)
    assert (approved["state"], approved["held"], approved["due"]) == ("due", "20.00", "108.00")
    contest = f"{payment}/extras/{added['extras'][0]['id']}/answer"
    assert story.town.stranger.post(contest, {"answer": "contest"}).status_code == 404
    assert given.staff.post(contest, {"answer": "contest"}).status_code == 409
    assert given.technician.post(contest, {"answer": "contest"}).json()["payment"]["state"] == "disputed"
    assert given.state() == "disputed"
    [dispute] = operator.get("/v1/disputes").json()["items"]
    assert (dispute["amount"], dispute["reason"], dispute["undisputed"]) == ("20.00", "penalty", "120.00")
    gate = given.technician.send(photo(), kind="photo", job_id=given.job["id"]).json()["id"]
    says = {"note": "The gate was locked until nine", "files": [gate]}
    named = given.technician.post(f"/v1/disputes/{dispute['id']}/state", says | {"files": [gate, dispute["id"]]})
    assert (named.status_code, dispute["id"] in named.text, "/files/1" in named.text) == (422, True, True)
    assert given.technician.post(f"/v1/disputes/{dispute['id']}/state", says).status_code == 200
    assert [who.get(f"/v1/files/{gate}").status_code for who in (given.staff, operator, story.town.stranger)] == [
        200, 200, 404,
    ]  # fmt: skip
    ruled = operator.post(f"/v1/disputes/{dispute['id']}/decide", {"awarded": "20.00", "note": "Not their fault"})
    assert ruled.status_code == 200
    after = payment_of(given)
    assert (after["held"], after["due"], after["fee"]) == ("0.00", "126.00", "14.00")
    assert given.state() == "approved"


def test_a_way_is_paid_by_the_mile_where_the_offer_says_so_and_the_client_agrees_to_the_miles(story, acme):
    given = story.assigned(day_policy={"rates": {"travel_mile": "0.67"}})
    does_the_job(given)
    payment = f"/v1/payments/{payment_of(given)['id']}"
    assert [(each["code"], each["rate"]) for each in payment_of(given)["listed"]] == [("travel_mile", "0.67")]

    def says(caller, code, units):
        return caller.post(f"{payment}/travel", {"code": code, "units": units})

    assert says(given.technician, "travel_hour", "1").status_code == 422, "the offer pays for miles"
    assert says(given.staff, "travel_mile", "1").status_code == 422
    assert says(story.town.stranger, "travel_mile", "1").status_code == 404
    for wrong in ("0", "2000.01", "1.005", "-3", "NaN"):
        assert says(given.technician, "travel_mile", wrong).status_code == 422
    said = says(given.technician, "travel_mile", "42.5")
    [way] = said.json()["payment"]["extras"]
    assert (way["kind"], way["units"], way["amount"], way["state"]) == ("travel", "42.5", "28.48", "asked")
    assert says(given.technician, "travel_mile", "42.5").status_code == 409, "once"
    given.staff.post(f"{payment}/extras/{way['id']}/answer", {"answer": "refuse"})
    [_, way] = says(given.technician, "travel_mile", "40").json()["payment"]["extras"]
    given.staff.post(f"{payment}/extras/{way['id']}/answer", {"answer": "approve"})
    lines = {line["kind"]: line for line in payment_of(given)["lines"]}
    assert (lines["travel_mile"]["units"], lines["travel_mile"]["rate"]) == ("40", "0.67")
    given.staff.post(f"{given.job_url}/approve")
    after = payment_of(given)
    assert Decimal(after["due"]) + Decimal(after["fee"]) == Decimal("166.80")


def test_everybody_hears_of_money_that_concerns_them_on_both_sides(story, operator, acme, monkeypatch):
    monkeypatch.setattr(people, "_CONTACTS_QUIET", None)
    post, desk, olga = Post(story.town.world), "desk@acme.example", "olga@example.org"
    with story.town.world.as_engine() as (session, now):
        who = {"role": "dispatcher", "name": "Sam Lopez", "email": desk, "created_at": now}
        session.add(StaffRow(id=new_id(), client_id=story.town.world.client, **who))
    given = story.assigned(day_policy=RATES)
    does_the_job(given)
    with given.town.world.as_engine() as (session, _):
        session.get_one(TechnicianRow, given.technician_id).works_in_quiet_hours = True
    post.goes_out()

    def heard():
        """What went out since: to the technician, to the client's desk, to who decides."""
        sent = post.goes_out()
        return [[each.subject for each in to(sent, who)] for who in ("+14325550000", desk, olga)]

    number = given.job["number"]
    payment = f"/v1/payments/{payment_of(given)['id']}"
    asked = given.technician.post(f"{payment}/extras", {"code": "parking", "amount": "9.00"}).json()["payment"]
    assert heard() == [[], [f"{number}: Technician 0 asks for $9.00"], []]
    given.staff.post(f"{payment}/extras/{asked['extras'][0]['id']}/answer", {"answer": "refuse"})
    assert heard() == [[f"{number}: $9.00 refused"], [], []]
    wish = {"amount": "40.00", "reason": "quality", "position": {"note": "The door does not close"}}
    dispute = f"/v1/disputes/{given.staff.post(f'{payment}/dispute', wish).json()['id']}"
    assert heard() == [[f"{number}: $40.00 is disputed"], [], [f"{number}: decide about $40.00"]]
    given.technician.post(f"{dispute}/state", {"note": "It did when I left"})
    assert heard() == [[], [f"{number}: the other side has said its view"], []]
    given.staff.post(f"{dispute}/state", {"note": "Not on the photo"})
    assert heard() == [[f"{number}: the other side has said its view"], [], []]
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    another = {"reason": "away"}
    assert operator.post(f"{dispute}/decider", another).status_code == 422, "nobody else of the operator's is there"
    sides = (admin, given.staff, given.technician)
    assert [who.post(f"{dispute}/decider", another).status_code for who in sides] == [403] * 3, "no side chooses"
    ned = operator.post("/v1/staff", {"role": "operator", "name": "Ned", "email": "ned@example.org"}).json()["id"]
    assert operator.post(f"{dispute}/decider", {"reason": "Ned is ill"}).status_code == 422, "no words of a person"
    assert operator.post(f"{dispute}/decider", another).json()["decider"] == "Ned"
    [told] = to(post.goes_out(), "ned@example.org")
    assert told.subject == f"{number}: decide about $40.00"
    back = {"reason": "workload", "decider_id": operator.get("/v1/me").json()["id"]}
    assert operator.post(f"{dispute}/decider", back).json()["decider"] == "Olga"
    assert heard() == [[f"{number}: somebody else decides"], [f"{number}: somebody else decides"], []]
    assert ned in [each["id"] for each in operator.get("/v1/staff?role=operator").json()["items"]]
    operator.post(f"{dispute}/decide", {"awarded": "25.00", "note": "Half of it"})
    assert heard() == [[f"{number}: the dispute is over"], [f"{number}: the dispute is over"], []]
    [payout] = operator.post("/v1/payouts/run").json()["payouts"]
    for outcome, words in (("paid", "$112.50 is on your account"), ("returned", "$112.50 did not arrive")):
        body = json.dumps({"payout": payout, "outcome": outcome}).encode()
        headers = {"Truckroll-Signature": signature(PAYOUT_SECRET, datetime.now(UTC), body)}
        story.town.key("gateway").sends_raw("/v1/gateway/payouts", body, headers)
        assert heard() == [[words], [], []]


def test_a_client_gives_more_than_was_listed_and_the_technician_reads_why(story, operator, acme):
    rules = {"fee_share": "0.10", "pay_after_days": 0, "second_above": "170.00"}
    assert operator.post(f"{acme}/money", {"rules": rules}).status_code == 200
    given = story.assigned()
    does_the_job(given)
    bonus = f"/v1/payments/{payment_of(given)['id']}/bonus"
    wish = {"amount": "20.00", "reason": "Stayed until it ran"}
    assert given.technician.post(bonus, wish).status_code == 403
    assert story.town.stranger.post(bonus, wish).status_code in (403, 404)
    assert given.staff.post(bonus, {"amount": "20.00", "reason": ""}).status_code == 422
    answer = given.staff.post(bonus, wish)
    assert (answer.status_code, answer.json()["is_approved"]) == (201, True)
    theirs = payment_of(given, given.technician)
    assert [(line["kind"], line["amount"]) for line in theirs["lines"]][-1] == ("extra_bonus", "20.00")
    assert (theirs["extras"][0]["reason"], theirs["extras"][0]["state"]) == ("Stayed until it ran", "approved")
    more = given.staff.post(bonus, {"amount": "170.01", "reason": "And more"}).json()
    assert (more["is_approved"], more["payment"]["extras"][1]["state"]) == (False, "proposed")
    assert len(payment_of(given, given.technician)["extras"]) == 1, "nothing is promised yet"
    back = f"{bonus.removesuffix('bonus')}extras/{more['payment']['extras'][1]['id']}/answer"
    assert given.staff.post(back, {"answer": "approve"}).status_code == 409, "the same person"
    assert given.staff.post(back, {"answer": "refuse"}).status_code == 200
    given.staff.post(f"{given.job_url}/approve")
    assert payment_of(given)["due"] == "144.00"


def test_a_bank_says_no_and_the_next_run_pays_again(story, operator, acme):
    given = story.assigned()
    does_the_job(given)
    given.staff.post(f"{given.job_url}/approve")
    [payout] = operator.post("/v1/payouts/run").json()["payouts"]
    gateway = story.town.key("gateway")

    def says(outcome, at=None, secret=PAYOUT_SECRET):
        body = json.dumps({"payout": payout, "outcome": outcome}).encode()
        headers = {"Truckroll-Signature": signature(secret, at or datetime.now(UTC), body)}
        return gateway.sends_raw("/v1/gateway/payouts", body, headers)

    assert says("paid", secret="somebody else's secret").status_code == 403
    assert says("paid", datetime.now(UTC) - timedelta(hours=1)).status_code == 403
    assert says("failed").json() == {"is_new": True}
    assert says("failed").json() == {"is_new": False}
    assert says("paid").json() == {"is_new": False}, "it came out of order"
    [again] = operator.post("/v1/payouts/run").json()["payouts"]
    payout = again
    assert says("returned").json() == {"is_new": True}, "before anybody said that it was paid"
    assert says("paid").json() == {"is_new": False}
    assert given.state() == "approved"
    [payout] = operator.post("/v1/payouts/run").json()["payouts"]
    assert says("paid").json() == {"is_new": True}
    assert given.state() == "paid"
    year = datetime.now(UTC).year
    [line] = given.technician.get(f"/v1/statements/years/{year}?zone=UTC").json()["lines"]
    assert (line["amount"], line["is_reported"]) == ("126.00", False)
    with story.town.world.as_engine() as (session, _):
        session.get_one(TechnicianRow, given.technician_id).name = "=HYPERLINK(1)"
    [line] = operator.get(f"/v1/statements/years/{year}?zone=UTC").json()["lines"]
    assert line["name"] == "=HYPERLINK(1)", "JSON keeps what was written"
    assert operator.get(f"/v1/statements/years/{year}?zone=Mars/Olympus").status_code == 422


def test_who_is_converted_in_the_year_has_a_line_of_each_way_and_neither_changes_later(story, operator, acme):
    given = story.assigned()
    admin = story.town.key("client_admin", client_id=story.town.world.client)
    engagement = f"/v1/technicians/{given.technician_id}/engagement"
    year = datetime.now(UTC).year

    [company] = operator.get("/v1/companies").json()["items"]
    limits = f"/v1/clients/{story.town.world.client}/limits"
    partner = {"payroll_company_id": company["id"]}
    assert admin.patch(limits, partner, admin.get(limits).headers["ETag"]).status_code == 200

    def converts(way):
        said = admin.patch(engagement, {"engaged_as": way}, admin.get(engagement).headers["ETag"])
        assert said.status_code == 200, said.text

    def lines():
        found = operator.get(f"/v1/statements/years/{year}?zone=UTC").json()["lines"]
        return {line["engaged_as"]: line["amount"] for line in found}

    def is_paid(work):
        does_the_job(work)
        assert work.staff.post(f"{work.job_url}/approve").status_code == 200
        [payout] = operator.post("/v1/payouts/run").json()["payouts"]
        body = json.dumps({"payout": payout, "outcome": "paid"}).encode()
        headers = {"Truckroll-Signature": signature(PAYOUT_SECRET, datetime.now(UTC), body)}
        said = story.town.key("gateway").sends_raw("/v1/gateway/payouts", body, headers)
        assert said.json() == {"is_new": True}

    def takes_another():
        operator.post(f"{acme}/funds", {"amount": "200.00"})
        job, offers = story.town.offered()
        [own] = [offer for offer in offers if offer.technician_id == given.technician_id]
        return story.taken(job, own)

    is_paid(given)
    converts("w2")
    assert lines() == {"contractor": "126.00"}, "what was earned before stays a contractor's"
    is_paid(takes_another())
    assert lines() == {"contractor": "126.00", "w2": "126.00"}
    converts("contractor")
    assert lines() == {"contractor": "126.00", "w2": "126.00"}, "wages do not become a contractor's"
    [way, wages] = sorted(
        admin.get(f"/v1/statements/years/{year}?zone=UTC").json()["lines"], key=lambda each: each["engaged_as"]
    )
    owners = (str(given.technician_id), company["id"])
    assert (way["owner_id"], wages["owner_id"]) == owners, "its own lines, for the hirer; wages went to the partner"
    assert given.staff.get(f"/v1/statements/years/{year}").status_code == 403, "the admin's to read"
    globex = story.town.key("client_admin", client_id=story.town.globex)
    assert globex.get(f"/v1/statements/years/{year}?zone=UTC").json()["lines"] == []
    assert globex.get(f"/v1/statements/years/{year}.csv?zone=UTC").text.count("\n") == 1, "the head alone"
    with story.town.world.as_engine() as (session, _):
        session.get_one(TechnicianRow, given.technician_id).name = "=HYPERLINK(1)"
    file = admin.get(f"/v1/statements/years/{year}.csv?zone=UTC")
    assert file.headers["Content-Disposition"] == f'attachment; filename="paid-in-{year}.csv"'
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert {(row["tax_class"], row["lacks_class"]) for row in rows} == {("", "False")}, "wages are the partner's matter"
    told = {row["engaged_as"]: (row["name"], row["amount"], row["is_reported"]) for row in rows}
    assert told == {
        "contractor": ("'=HYPERLINK(1)", "126.00", "False"),
        "w2": (company["name"], "126.00", "False"),
    }
    assert admin.get(f"/v1/statements/years/{year}.csv?zone=Mars/Olympus").status_code == 422
    assert admin.get("/v1/statements/years/1999.csv").status_code == 422
