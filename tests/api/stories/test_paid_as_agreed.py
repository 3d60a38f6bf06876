"""What is agreed is what is paid, by the device too."""

from decimal import Decimal

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
    early = given.technician.post(f"{given.job_url}/finish").json()
    assert [(each["num_given"], each["num_needed"]) for each in early["missing"]] == [(2, 3)]
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
