"""What is agreed is what is paid: by the device, by the hour, in parts; as it was posted, and when it is raised."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, text

from dispatch.money.claims import lines_of
from dispatch.record.tables import PaymentRow

D = Decimal
#: What the desk posts for three devices at 25 dollars each.
BY_DEVICE = {
    "day_policy": {"rates": {"per_device": "25"}},
    "slots": [
        {"needs": {"skills": {"hvac": 2}}, "pay": {"kind": "fixed", "amount": "75.00", "currency": "USD"}},
    ],
}


def payment_of(given, caller=None):
    [found] = (caller or given.staff).get(f"/v1/payments?job_id={given.job['id']}").json()["items"]
    return found


def field_of(answer) -> str:
    """The field of the one thing that is refused."""
    assert answer.status_code == 422, answer.text
    [wrong] = answer.json()["errors"]
    return wrong["path"]


def test_who_is_paid_by_the_device_hands_in_the_serial_number_of_each_and_is_paid_for_them(story, operator, acme):
    given = story.assigned(**BY_DEVICE)
    [item] = given.technician.get(f"{given.job_url}/deliverables").json()["items"]
    assert (item["kind"], item["label"], item["min_count"]) == ("serial", "Serial number of each device", 3)
    given.does("confirm", "leave", "check-in")
    for number in ("TILL-1", "TILL-2"):
        given.hands_in(item["code"], written=number)
    again = given.technician.post(f"{given.visit}/deliverables", {"item": item["code"], "written": "TILL-2"})
    assert field_of(again) == "/written", "it is one device"
    given.does("check-out")
    given.hands_in(item["code"], written="TILL-3")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    [line] = payment_of(given)["lines"]
    assert (line["kind"], Decimal(line["units"]), line["amount"]) == ("devices", D(3), "75.00")
    given.staff.post(f"{given.job_url}/approve")
    paid = payment_of(given, given.technician)
    assert (paid["due"], paid["fee"], paid["refunded"]) == ("67.50", "7.50", "0.00")


def test_a_serial_number_is_asked_for_each_device_whatever_the_checklist_asked_for(story):
    own = {"code": "till", "kind": "serial", "label": "The till's number", "pattern": "SN-##"}
    taken = {"code": "device_serial", "kind": "check", "label": "All of them run"}

    def asked(**job):
        made = story.town.posted(**BY_DEVICE | job)
        items = story.town.staff.get(f"/v1/jobs/{made['id']}/deliverables").json()["items"]
        return made, [(each["code"], each["kind"], each["min_count"]) for each in items]

    assert asked(deliverables=[own])[1] == [("till", "serial", 3)]
    assert asked(deliverables=[taken])[1] == [("device_serial", "check", 1), ("device_serial_", "serial", 3)]
    by_hour = BY_DEVICE["slots"][0] | {"pay": {"kind": "hourly", "amount": "60.00"}}
    made, items = asked(slots=[by_hour])
    assert items == [], "nothing is paid by the device yet"
    url = f"/v1/jobs/{made['id']}"
    etag = story.town.staff.get(url).headers["ETag"]
    assert story.town.staff.patch(url, {"pay": {"amount": "100.00"}}, etag).status_code == 200
    assert story.town.staff.get(f"{url}/deliverables").json()["items"][0]["min_count"] == 4
    odd = story.town.job_body(**BY_DEVICE | {"slots": [{"pay": {"amount": "80.00"}}]})
    assert field_of(story.town.staff.post("/v1/jobs", odd)) == "/slots/0/pay/amount"


def test_where_fewer_devices_are_found_than_expected_the_work_is_done_and_fewer_are_paid(story, operator, acme):
    given = story.assigned(**BY_DEVICE)
    [item] = given.technician.get(f"{given.job_url}/deliverables").json()["items"]
    given.does("confirm", "leave", "check-in")
    given.hands_in(item["code"], written="TILL-1")
    given.does("check-out")
    assert given.technician.post(f"{given.job_url}/finish").status_code == 200
    [line] = payment_of(given)["lines"]
    assert (line["kind"], Decimal(line["units"]), line["amount"]) == ("devices", D(1), "25.00")


@pytest.mark.parametrize(("asked", "enough", "ends"), [(1, 1, True), (3, None, False)])
def test_fewer_devices_end_the_work_where_the_checklist_itself_asked_for_no_more(
    story, operator, acme, asked, enough, ends
):
    own = {"code": "till", "kind": "serial", "label": "The till's number", "min_count": asked}
    given = story.assigned(**BY_DEVICE, deliverables=[own])
    [item] = given.technician.get(f"{given.job_url}/deliverables").json()["items"]
    assert (item["min_count"], item["enough"]) == (3, enough)
    given.does("confirm", "leave", "check-in", "check-out")
    [lacks] = given.technician.post(f"{given.job_url}/finish").json()["missing"]
    assert (lacks["item"], lacks["num_needed"], lacks["num_given"]) == ("till", asked, 0)
    given.hands_in("till", written="TILL-1")
    assert given.technician.post(f"{given.job_url}/finish").is_success is ends


def test_by_the_device_one_person_of_a_visit_is_paid_and_only_for_those_of_their_own_visit(story, acme):
    place = BY_DEVICE["slots"][0]
    both = story.town.job_body(**BY_DEVICE | {"slots": [place | {"count": 2}]})
    assert field_of(story.town.staff.post("/v1/jobs", both)) == "/slots"
    hourly = place | {"role": "helper", "is_lead": False, "pay": {"kind": "hourly", "amount": "30.00"}}
    assert story.town.staff.post("/v1/jobs", story.town.job_body(**BY_DEVICE | {"slots": [place, hourly]})).is_success

    given = story.assigned(**BY_DEVICE)
    [item] = given.technician.get(f"{given.job_url}/deliverables").json()["items"]
    given.does("confirm", "leave", "check-in")
    given.hands_in(item["code"], written="TILL-1")
    asked = given.asks(kind="second_person")
    grant = f"/v1/site-requests/{asked['id']}/grant"
    assert field_of(given.staff.post(grant, {})) == "/slot/pay", "the same pay would pay each device twice"
    again = {"outcome": "return_needed", "why": "part", "note": "Two tills are locked"}
    assert given.technician.post(f"{given.visit}/check-out", again).is_success
    later = next(each for each in given.staff.get(given.job_url).json()["visits"] if each["id"] != given.visit_id)
    with story.town.world.as_engine() as (session, _):
        session.execute(
            text("UPDATE deliverables SET visit_id = :later WHERE job_id = :job"),
            {"later": UUID(later["id"]), "job": UUID(given.job["id"])},
        )
        payment = session.scalars(select(PaymentRow).where(PaymentRow.job_id == UUID(given.job["id"]))).one()
        assert lines_of(session, payment, only_agreed=False) == [], "of another visit"
        session.execute(text("UPDATE deliverables SET visit_id = :mine"), {"mine": UUID(given.visit_id)})
        [line] = lines_of(session, payment, only_agreed=False)
        assert (line["kind"], D(line["amount"])) == ("devices", D(25))


KINDS = {
    "fixed": ("fixed", {}, (140, 150, 160, 170), 0),
    "hourly": ("hourly", {}, (60, 70, 80, 90), None),
    "blended": ("fixed", {"fixed_h": "1", "then_hourly": "50"}, (100, 110, 120, 130), 50),
    "by the device": ("fixed", {"per_device": "25"}, (75, 90, 105, 120), 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pay_is_raised_by_the_client_a_counter_and_a_proposal_and_is_what_is_set_aside(story, acme, kind):
    """For two hours, of which blended pay covers one; three devices are expected throughout."""
    pay_kind, rates, (posted, raised, countered, proposed), beyond = KINDS[kind]

    def pay(amount):
        return {"pay": {"kind": pay_kind, "amount": f"{amount}.00", "currency": "USD"}}

    def worth(amount):
        return f"{amount * 2 if beyond is None else amount + beyond}.00"

    town, slot = story.town, {"needs": {"skills": {"hvac": 2}}}
    job = town.posted(day_policy={"rates": rates}, slots=[slot | pay(posted)])
    url = f"/v1/jobs/{job['id']}"
    etag = town.staff.get(url).headers["ETag"]
    assert field_of(town.staff.patch(url, pay(posted), etag)) == "/pay/amount", "so much is paid already"
    changed = town.staff.patch(url, pay(raised), etag)
    assert changed.status_code == 200, changed.text

    town.world.send_waves()
    offer = next(each for each in town.world.offers(UUID(job["id"])) if each.state == "sent")
    technician = town.by_id(offer.technician_id)
    terms = technician.get(f"/v1/offers/{offer.id}").json()["pay_terms"]
    assert terms["gross"] == worth(raised)
    asked = f"/v1/offers/{offer.id}/counter"
    assert field_of(technician.post(asked, pay(raised))) == "/pay/amount", "so much is offered"
    made = technician.post(asked, pay(countered))
    assert made.status_code == 201, made.text
    won = town.staff.post(f"/v1/counters/{made.json()['id']}/accept").json()
    given = story.given(job, offer, won)
    assert payment_of(given)["held"] == worth(countered)

    wish = given.client_proposes(**pay(proposed))
    agreed = technician.post(f"/v1/proposals/{wish['id']}/accept")
    assert agreed.status_code == 200, agreed.text
    assert payment_of(given)["held"] == worth(proposed)


def test_a_pay_by_the_device_that_is_raised_is_the_same_for_each_and_paid_for_those_done(story, acme):
    town = story.town
    job = town.posted(**BY_DEVICE)
    url = f"/v1/jobs/{job['id']}"
    etag = town.staff.get(url).headers["ETag"]
    assert field_of(town.staff.patch(url, {"pay": {"amount": "80.00"}}, etag)) == "/pay/amount"
    shown = town.staff.patch(url, {"pay": {"amount": "90.00"}}, etag).json()
    rates = shown["day_policy"]["rates"]
    assert (D(rates["per_device"]), D(rates["devices"])) == (30, 3)
    copied = town.staff.post(f"{url}/copy", {"number": "COPY-1", "window": job["visits"][0]["window"]})
    assert copied.status_code == 201, copied.text
    assert copied.json()["visits"][0]["slots"][0]["pay"]["amount"] == "90.00"

    town.world.send_waves()
    offer = next(each for each in town.world.offers(UUID(job["id"])) if each.state == "sent")
    technician = town.by_id(offer.technician_id)
    assert D(technician.get(f"/v1/offers/{offer.id}").json()["pay_terms"]["rates"]["per_device"]) == 30
    odd = {"pay": {"kind": "fixed", "amount": "100.00", "currency": "USD"}, "reason": "pay"}
    assert field_of(technician.post(f"/v1/offers/{offer.id}/counter", odd)) == "/pay/amount"
    given = story.taken(job, offer)
    wish = town.staff.post(f"{given.visit}/proposals", {"pay": {"amount": "100.00"}})
    assert field_of(wish) == "/pay/amount"
    given.does("confirm", "leave", "check-in")
    for number in ("TILL-1", "TILL-2", "TILL-3"):
        given.hands_in("device_serial", written=number)
    given.does("check-out")
    assert technician.post(f"{url}/finish").status_code == 200
    assert town.staff.post(f"{url}/approve").json()["state"] == "approved"
    paid = payment_of(given)
    assert (paid["due"], paid["fee"], paid["refunded"]) == ("81.00", "9.00", "0.00")
