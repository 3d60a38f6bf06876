"""What is a technician's own on the phone: messages, money, record, proofs, hours, notices, the calendar."""

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Device, Devices
from pictures import PDF, photo
from playwright.sync_api import expect
from points import reckons
from signing import add_staff
from town import Caller
from unsent import UNSENT, until

SHOTS = os.environ.get("TRUCKROLL_SHOTS")
CANARY = "<img src=x onerror=\"document.title='owned'\">"


@dataclass
class Taken:
    """A job that somebody has."""

    job: str
    visit: str
    assignment: str
    technician: UUID
    caller: Caller
    email: str

    def does(self, *wishes: str) -> None:
        for wish in wishes:
            answer = self.caller.post(f"/v1/visits/{self.visit}/{wish}")
            assert answer.status_code == 200, answer.text


def takes(devices: Devices, **job: Any) -> Taken:
    posted, offers = devices.town.offered(**job)
    caller = devices.town.by_id(offers[0].technician_id)
    won = caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert won.status_code == 200, won.text
    email = devices.address_of(offers[0].technician_id)
    told = won.json()
    return Taken(
        f"/v1/jobs/{posted['id']}", told["visit_id"], told["assignment_id"], offers[0].technician_id, caller, email
    )


def signs_in(devices: Devices, phone: Device, email: str, path: str) -> None:
    devices.sign_in(phone, email)
    phone.sees("Nothing on this day")
    phone.opens(path)


def test_a_message_typed_without_a_network_reaches_the_client(devices: Devices):
    taken = takes(devices, title=f"Swap {CANARY}")
    staff = devices.town.staff
    said = staff.post(f"{taken.job}/messages", {"text": f"Is the old drive with you? {CANARY}"})
    assert said.status_code == 201, said.text
    with devices.device() as phone:
        signs_in(devices, phone, taken.email, "/phone/me")
        phone.sees("1 new")
        assert phone.barriers() == []
        phone.follows("Messages")
        phone.sees("Acme service")
        assert phone.barriers() == []
        phone.follows("Swap")
        phone.sees("Is the old drive with you?")
        assert phone.barriers() == []
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        phone.page.get_by_label("Your message").fill(f"Yes, in the van. {CANARY}")
        # What is typed outlives the page.
        phone.page.reload()
        expect(phone.page.get_by_label("Your message")).to_have_value(f"Yes, in the van. {CANARY}")
        phone.presses("Send")
        phone.sees("Waits to be sent")
        phone.page.get_by_label("Add a photo").set_input_files(_photo_file())
        expect(phone.page.get_by_role("img", name="Your photo")).to_be_visible()
        assert phone.barriers() == []
        phone.presses("Send")
        expect(phone.page.get_by_role("img", name="Photo or document")).to_be_visible()
        assert len(staff.get(f"{taken.job}/messages").json()["items"]) == 1

        phone.offline(False)
        expect(phone.page.get_by_text("Waits to be sent")).to_have_count(0)
        phone.heard()
        shown, newest = staff.get(f"{taken.job}/messages").json()["items"][:2]
        assert (shown["text"], len(shown["files"])) == ("A photo", 1)
        assert staff.get(f"/v1/files/{shown['files'][0]}").content.startswith(b"\xff\xd8\xff")
        assert (newest["text"], newest["author"]["kind"]) == (f"Yes, in the van. {CANARY}", "technician")
        phone.opens("/phone/me")
        phone.sees("My money")
        expect(phone.page.get_by_text("1 new")).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_client_is_blocked_with_a_reason_that_it_never_reads(devices: Devices, size: tuple[int, int]):
    town = devices.town
    job, offers = town.offered()
    who = offers[0].technician_id
    add_staff(town, "client_admin", "clara@acme.example", "Clara Voss")
    with devices.device(size) as phone:
        signs_in(devices, phone, devices.address_of(who), "/phone/me")
        phone.follows("Clients: favourites and blocks")
        phone.presses("Block: Acme service")
        panel = phone.page.get_by_role("dialog")
        panel.get_by_role("button", name="Block", exact=True).click()
        assert panel.get_by_label("Why").evaluate("each => each.validity.valueMissing"), "a block says why"
        panel.get_by_label("Why").fill(f"They shouted at me {CANARY}")
        assert phone.barriers() == []
        _shot(phone, "phone-mark", size)
        panel.get_by_role("button", name="Block", exact=True).click()
        panel.wait_for(state="detached")
        phone.sees("Blocked")
        phone.sees(f"They shouted at me {CANARY}")
        assert phone.barriers() == []
        _shot(phone, "phone-marks", size)
        answer = town.by_id(who).get(f"/v1/offers/{offers[0].id}").json()
        assert answer["state"] == "declined"
        with devices.device(DESK) as desk:
            devices.sign_in(desk, "clara@acme.example", "nav, header button")
            for path in (f"/desk/jobs/{job['id']}", "/desk/technicians"):
                desk.opens(path)
                desk.page.get_by_role("heading", level=1).wait_for()
                desk.page.wait_for_load_state("networkidle")
                assert "shouted" not in desk.page.content()
                assert "Blocked:" not in desk.page.content()
        phone.presses("Take back: Acme service")
        expect(phone.page.get_by_role("button", name="Favour: Acme service")).to_be_visible()
        [known] = town.by_id(who).get("/v1/technicians/me/clients").json()["items"]
        assert (known["kind"], known["reason"]) == (None, None)


def _shot(device: Device, name: str, size: tuple[int, int]) -> None:
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}-{size[0]}.png")


def test_money_is_told_job_by_job_and_moves_from_set_aside_to_paid(devices: Devices):
    operator, url = devices.town.key("operator"), f"/v1/clients/{devices.town.world.client}"
    assert operator.post(f"{url}/money", {"rules": {"fee_share": "0.10", "pay_after_days": 0}}).status_code == 200
    assert operator.post(f"{url}/funds", {"amount": "200.00"}).status_code == 201
    taken = takes(devices)
    with devices.device() as phone:
        signs_in(devices, phone, taken.email, "/phone/money")
        phone.sees("Work that is yours or not approved yet")
        phone.page.locator("summary").click()
        phone.sees("The sum is reckoned when the work is done.")
        # As the offer said, before anybody approved it.
        expect(_sum(phone, "Set aside")).to_have_text("$126")
        expect(phone.page.locator("summary .figures")).to_have_text("$126")
        taken.does("check-in", "check-out")
        assert taken.caller.post(f"{taken.job}/finish").status_code == 200
        phone.page.reload()
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        phone.sees("-$14")
        expect(phone.page.locator("details dd").last).to_have_text("$126")
        assert devices.town.staff.post(f"{taken.job}/approve").status_code == 200
        phone.page.reload()
        expect(_sum(phone, "Due")).to_have_text("$126")
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        phone.sees("Our fee")
        phone.sees("-$14")
        assert phone.barriers() == []
        assert operator.post("/v1/payouts/run").status_code == 200
        phone.page.reload()
        expect(_sum(phone, "Paid")).to_have_text("$126")
        expect(_sum(phone, "Due")).to_have_text("$0")
        phone.sees("Being prepared")
        phone.follows("Statement")
        expect(phone.page.get_by_role("row").filter(has_text="Work approved")).to_contain_text("Replace drive")
        phone.sees("Into a payout")
        assert phone.barriers() == []
        with phone.page.expect_download() as table:
            phone.follows("Download as a table")
        assert "payout,-126.00" in table.value.path().read_text()


def _fined(devices: Devices) -> Taken:
    """Work that is done, of which the client wants to take $20 off because it was late."""
    town = devices.town
    operator, url = town.key("operator"), f"/v1/clients/{town.world.client}"
    add_staff(town, "operator", "olga@network.example", "Olga Brandt")
    assert operator.post(f"{url}/money", {"rules": {"fee_share": "0.10"}}).status_code == 200
    assert operator.post(f"{url}/funds", {"amount": "300.00"}).status_code == 201
    listed = [{"code": "parking", "kind": "expense", "cap": "15.00"}, {"code": "late", "kind": "penalty", "cap": "20"}]
    taken = takes(devices, day_policy={"rates": {"extras": listed, "travel_mile": "0.67"}})
    taken.does("check-in", "check-out")
    assert taken.caller.post(f"{taken.job}/finish").status_code == 200
    [payment] = taken.caller.get("/v1/payments").json()["items"]
    late = town.staff.post(f"/v1/payments/{payment['id']}/extras", {"code": "late", "amount": "20.00"})
    assert late.status_code == 201, late.text
    return taken


def test_what_came_on_top_is_claimed_a_penalty_contested_and_a_part_disputed_from_the_phone(devices: Devices):
    taken = _fined(devices)
    with devices.device() as phone:
        signs_in(devices, phone, taken.email, "/phone/money")
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        phone.sees("The client takes $20 off: late")
        phone.presses("Contest it")
        expect(phone.page.get_by_text("The client takes $20 off")).to_have_count(0)
        phone.presses("Add an expense or your way")
        phone.page.get_by_label("Parking up to $15").check()
        phone.page.get_by_label("Sum in USD").fill("15.01")
        photo_field = phone.page.get_by_label("Photo of the receipt")
        photo_field.set_input_files({"name": "r.jpg", "mimeType": "image/jpeg", "buffer": photo()})
        expect(phone.page.get_by_role("img", name="Your photo")).to_be_visible()
        assert phone.barriers() == []
        phone.presses("Ask for it")
        phone.sees("A value cannot be used.")
        phone.page.get_by_label("Sum in USD").fill("9")
        _in_panel(phone, "Ask for it")
        phone.presses("Add an expense or your way")
        phone.page.get_by_label("Miles, both ways $0.67 each").check()
        phone.page.get_by_label("How many miles").fill("42,5")
        _in_panel(phone, "Ask for it")
        phone.sees("waits for the client")

        phone.presses("I do not agree with the pay")
        phone.page.get_by_label("How much of it, in USD").fill("40")
        phone.page.get_by_label("the hours").check()
        phone.page.get_by_label("What happened").fill(f"Two hours. {CANARY}")
        assert phone.barriers() == []
        _in_panel(phone, "Open a dispute")
        phone.sees("Olga Brandt decides")
        phone.sees(f"Two hours. {CANARY}")
        phone.heard()
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        phone.presses("Give way")
        _in_panel(phone, "Give way")
        phone.sees("Decided: $0 for the technician")
        phone.heard()
    [payment] = taken.caller.get("/v1/payments").json()["items"]
    states = {each["code"]: (each["state"], each["amount"]) for each in payment["extras"]}
    assert states == {
        "late": ("contested", "20.00"), "parking": ("contested", "9.00"), "travel_mile": ("contested", "28.48"),
    }, "what nobody had answered joined the dispute"  # fmt: skip


def test_what_is_said_of_the_pay_without_a_network_is_kept_and_then_told_with_the_truth(devices: Devices):
    taken = _fined(devices)
    with devices.device() as phone:
        signs_in(devices, phone, taken.email, "/phone/money")
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        phone.sees("The client takes $20 off: late")
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        phone.presses("Contest it")
        expect(phone.page.get_by_text("The client takes $20 off")).to_have_count(0)
        phone.presses("Add an expense or your way")
        phone.page.get_by_label("Parking up to $15").check()
        phone.page.get_by_label("Sum in USD").fill("15.01")
        _in_panel(phone, "Ask for it")
        # What waits outlives the page, and cannot be said twice.
        phone.page.reload()
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        expect(phone.page.get_by_text("Kept on this phone")).to_have_count(2)
        expect(phone.page.get_by_role("button", name="Contest it", exact=True)).to_have_count(0)
        assert phone.barriers() == []
        phone.offline(False)
        phone.sees("While you were offline: They know.")
        # What cannot be is said, and not typed again.
        phone.sees("What came on top: Replace drive")
        phone.sees("A value cannot be used.")
        phone.presses("Add an expense or your way")
        expect(phone.page.get_by_label("Sum in USD")).to_have_value("15.01")
        phone.page.get_by_label("Sum in USD").fill("9")
        _in_panel(phone, "Ask for it")
        phone.sees("waits for the client")

        phone.offline(True)
        phone.presses("I do not agree with the pay")
        phone.page.get_by_label("How much of it, in USD").fill("40")
        phone.page.get_by_label("the hours").check()
        phone.page.get_by_label("What happened").fill(f"Two hours. {CANARY}")
        evidence = phone.page.get_by_label("Add a photo or PDF")
        evidence.set_input_files([_photo_file(), {"name": "bill.pdf", "mimeType": "application/pdf", "buffer": PDF}])
        phone.sees("Evidence 2")
        until(phone, lambda: len(phone.page.evaluate(UNSENT)) == 2)
        # What was typed and what was added to it outlive the page.
        phone.page.reload()
        phone.page.locator("summary").filter(has_text="Replace drive").click()
        phone.presses("I do not agree with the pay")
        phone.sees("Evidence 2")
        expect(phone.page.get_by_label("How much of it, in USD")).to_have_value("40")
        expect(phone.page.get_by_label("the hours")).to_be_checked()
        expect(phone.page.get_by_label("What happened")).to_have_value(f"Two hours. {CANARY}")
        assert phone.barriers() == []
        _in_panel(phone, "Open a dispute")
        phone.sees("Kept on this phone")
        expect(phone.page.get_by_role("button", name="I do not agree with the pay", exact=True)).to_have_count(0)
        assert taken.caller.get("/v1/disputes").json()["items"] == []
        phone.offline(False)
        phone.sees("Olga Brandt decides")
        phone.sees(f"Two hours. {CANARY}")
        phone.heard()
        assert phone.barriers() == []
    [dispute] = taken.caller.get("/v1/disputes").json()["items"]
    assert [len(dispute["positions"]["technician"]["files"]), dispute["amount"]] == [2, "49.00"]
    [payment] = taken.caller.get("/v1/payments").json()["items"]
    states = {each["code"]: (each["state"], each["amount"]) for each in payment["extras"]}
    assert states == {"late": ("contested", "20.00"), "parking": ("contested", "9.00")}


def _in_panel(phone: Device, button: str) -> None:
    phone.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    phone.page.get_by_role("dialog").wait_for(state="detached")


def test_the_record_says_what_each_point_stands_on_and_how_to_appeal(devices: Devices):
    taken = takes(devices)
    back = taken.caller.post(f"/v1/assignments/{taken.assignment}/back-out", {"why": "other"})
    assert back.status_code == 200, back.text
    reckons(devices)
    with devices.device() as phone:
        signs_in(devices, phone, taken.email, "/phone/record")
        phone.sees("You gave the work back a day or more before")
        assert phone.barriers() == []
        phone.presses("This is wrong: You gave the work back a day or more before")
        phone.page.get_by_label("What happened").fill(f"They moved it. {CANARY}")
        assert phone.barriers() == []
        phone.presses("Ask for a review")
        phone.sees("Your appeal is open")
        phone.heard()
        [review] = taken.caller.get("/v1/reviews").json()["items"]
        assert (review["words"], review["state"]) == (f"They moved it. {CANARY}", "open")
        answer = {"verdict": "rejected", "words": f"Seen. {CANARY}"}
        _answered(devices, review["id"], answer)
        phone.page.reload()
        phone.sees("Your appeal was rejected")
        phone.sees(f"The answer: Seen. {CANARY}")
        phone.opens("/phone/usage")
        phone.sees("Hours with clients")
        assert phone.barriers() == []


def test_a_proof_is_photographed_page_by_page_and_handed_in(devices: Devices):
    town = devices.town
    operator = town.key("operator")
    kind = {"code": "osha_10", "name": f"OSHA 10 {CANARY}", "family": "certificate", "is_screening": False}
    assert operator.post("/v1/credential-kinds", kind).status_code == 201
    pool = town.staff.post("/v1/pools", {"name": f"Night crew {CANARY}"}).json()["id"]
    where = f"/v1/pools/{pool}/requirements"
    asks = {"requirements": {"skills": {"hvac": 1}, "credentials": ["osha_10"]}}
    etag = town.staff.get(where).headers["ETag"]
    assert town.staff.call("PATCH", where, json=asks, headers={"If-Match": etag}).status_code == 200
    technician = town.world.technicians[0]
    with devices.device() as phone:
        signs_in(devices, phone, devices.address_of(technician), "/phone/proofs")
        phone.sees("No proof yet")
        phone.sees(f"Night crew {CANARY}")
        phone.sees(f"Proof: OSHA 10 {CANARY}")
        phone.sees("No job near you was closed to you")
        assert phone.barriers() == []
        phone.page.get_by_role("listitem").filter(has_text="Proof: OSHA 10").get_by_role("link").click()
        phone.page.get_by_label("Valid from").fill("2026-01-01")
        phone.page.get_by_label("Valid until, its last day").fill("2025-12-31")
        phone.page.get_by_label("Number or where it can be looked up").fill("Card 4711")
        phone.presses("On to the photos")
        phone.sees("The last day must not have passed")
        last = datetime.now(UTC).date() + timedelta(days=200)
        phone.page.get_by_label("Valid until, its last day").fill(last.isoformat())
        assert phone.barriers() == []
        phone.presses("On to the photos")
        phone.sees("Photograph it first, page by page.")
        phone.heard()
        _page(phone, "Choose a photo or PDF", b"no picture at all")
        phone.sees("This is neither a photo nor a PDF.")
        _page(phone, "Photograph a page", photo(gps=True))
        phone.sees("Page 1")
        _page(phone, "Choose a photo or PDF", PDF)
        phone.sees("Page 2")
        assert phone.barriers() == []
        phone.presses("Hand it in")
        phone.sees("Being reviewed")
        phone.page.get_by_role("link", name="Back").click()
        phone.sees("Being reviewed")
        assert phone.barriers() == []
    [proof] = town.technician(0).get(f"/v1/technicians/{technician}/credentials").json()["items"]
    assert (proof["kind"], proof["state"], proof["valid_until"]) == ("osha_10", "submitted", last.isoformat())
    assert [each["content_type"] for each in proof["documents"]] == ["image/jpeg", "application/pdf"]


def test_what_an_insurance_says_is_handed_in_with_it(devices: Devices):
    town = devices.town
    kind = {"code": "liability", "name": "Liability", "family": "insurance", "is_screening": False}
    assert town.key("operator").post("/v1/credential-kinds", kind).status_code == 201
    technician = town.world.technicians[0]
    days = [datetime.now(UTC).date() + timedelta(days=num) for num in (-30, 300)]
    with devices.device() as phone:
        signs_in(devices, phone, devices.address_of(technician), "/phone/proofs/new/liability")
        phone.page.get_by_label("Valid from").fill(days[0].isoformat())
        phone.page.get_by_label("Valid until, its last day").fill(days[1].isoformat())
        phone.page.get_by_label("Number or where it can be looked up").fill("GL-771")
        phone.page.get_by_label("Who is insured, as it stands there").fill(f"Ray Diaz {CANARY}")
        phone.page.get_by_label("Covered each time").fill("1,000,000")
        # What was typed outlives the page.
        phone.page.reload()
        expect(phone.page.get_by_label("Covered each time")).to_have_value("1,000,000")
        phone.page.get_by_label("Covered in all").fill("$2 000 000")
        assert phone.barriers() == []
        phone.presses("On to the photos")
        phone.sees("Photograph it first, page by page.")
        phone.heard()
    [proof] = town.technician(0).get(f"/v1/technicians/{technician}/credentials").json()["items"]
    assert proof["facts"] == {
        "named_insured": f"Ray Diaz {CANARY}", "per_occurrence": "1000000", "aggregate": "2000000", "currency": "USD",
    }  # fmt: skip


def test_what_a_pool_wants_signed_is_read_and_signed(devices: Devices):
    town = devices.town
    kind = {"code": "nda", "name": "NDA", "family": "agreement", "is_screening": False}
    assert town.key("operator").post("/v1/credential-kinds", kind).status_code == 201
    admin = town.key("client_admin", client_id=town.world.client)
    words = f"What you see there stays there.\n{CANARY}"
    made = admin.post(f"/v1/clients/{town.world.client}/agreements", {"kind": "nda", "words": words})
    assert made.status_code == 201, made.text
    pool = town.staff.post("/v1/pools", {"name": "Bank crew"}).json()["id"]
    where = f"/v1/pools/{pool}/requirements"
    etag = town.staff.get(where).headers["ETag"]
    asks = {"requirements": {"agreements": ["nda"]}}
    assert town.staff.call("PATCH", where, json=asks, headers={"If-Match": etag}).status_code == 200
    technician = town.world.technicians[0]
    with devices.device() as phone:
        signs_in(devices, phone, devices.address_of(technician), "/phone/proofs")
        phone.sees("Read it and sign.")
        phone.follows("Read and sign")
        phone.sees("What you see there stays there.")
        phone.sees(CANARY)
        assert phone.barriers() == []
        phone.presses("Sign")
        phone.sees("Holds")
        expect(phone.page.get_by_text("Read it and sign.")).to_have_count(0)
    [signed] = town.technician(0).get(f"/v1/technicians/{technician}/credentials").json()["items"]
    assert (signed["kind"], signed["state"]) == ("nda", "verified")


def test_hours_time_off_and_ways_to_hear_are_ones_own_to_set(devices: Devices):
    technician = devices.town.world.technicians[0]
    caller, url = devices.town.technician(0), f"/v1/technicians/{technician}"
    with devices.device() as phone:
        signs_in(devices, phone, devices.address_of(technician), "/phone/hours")
        phone.sees("you are offered work at any time")
        phone.presses("Add hours on Monday")
        phone.page.get_by_label("Monday from").fill("18:00")
        phone.sees("The end must lie after the start.")
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        phone.page.get_by_label("Monday to").fill("00:00")
        assert phone.barriers() == []
        phone.presses("Save hours")
        phone.sees("Saved.")
        assert caller.get(f"{url}/hours").json()["hours"] == [{"weekday": 0, "begin": "18:00", "end": "24:00"}]
        first = date(datetime.now(UTC).year + 1, 7, 3)
        phone.page.get_by_label("First day off").fill(f"{first}")
        phone.page.get_by_label("Last day off").fill(f"{first.replace(day=5)}")
        phone.presses("Take time off")
        phone.sees(f"{first:%a}, Jul 3")
        [off] = caller.get(f"{url}/time-off").json()["items"]
        assert (off["start_at"], off["end_at"]) == (f"{first}T05:00:00Z", f"{first.replace(day=6)}T05:00:00Z")
        phone.page.get_by_role("button", name="Work after all").click()
        phone.sees("No time off is planned.")

        phone.opens("/phone/settings")
        phone.page.get_by_label("Money").select_option("none")
        phone.page.get_by_label("Offers").select_option("sms")
        expect(phone.page.get_by_label("Offers")).to_have_value("sms")
        _until(lambda: caller.get("/v1/preferences").json()["channels"] == {"money": [], "offers": ["sms", "mail"]})
        phone.page.get_by_label("Money").select_option("")
        _until(lambda: caller.get("/v1/preferences").json()["channels"] == {"offers": ["sms", "mail"]})
        phone.sees("This browser cannot show notices, or they are not set up here.")
        phone.presses("Make an address")
        address = phone.page.get_by_label("Calendar").input_value()
        path = address.removeprefix(devices.town.settings.base_url)
        assert devices.town.http.get(path).text.startswith("BEGIN:VCALENDAR")
        assert phone.barriers() == []
        phone.presses("End the address")
        phone.sees("Make an address")
        assert devices.town.http.get(path).status_code == 404


def test_a_push_is_shown_and_leads_to_the_phones_page(devices: Devices):
    email = devices.address_of(devices.town.world.technicians[0])
    with devices.device(permissions=["geolocation", "notifications"]) as phone:
        signs_in(devices, phone, email, "/phone/")
        scope = phone.page.evaluate("navigator.serviceWorker.ready.then((each) => each.scope)")
        shown = _pushed(phone, scope, '{"id": "n1", "title": "A new offer", "body": "Replace drive, $140"}')
        assert shown == [["A new offer", "Replace drive, $140", "n1"]]
        # The same notice again takes the place of the first.
        again = _pushed(phone, scope, '{"id": "n1", "title": "A new offer", "body": "Replace drive, $150"}')
        assert again == [["A new offer", "Replace drive, $150", "n1"]]


def test_a_tap_on_a_push_opens_what_it_is_about(devices: Devices):
    """The page's own worker with a notice of the browser; a tap by hand and a new window are nothing that tests may."""
    job, offers = devices.town.offered()
    page, where = f"/offers/{offers[0].id}", f"**/phone/offers/{offers[0].id}"
    with devices.device(permissions=["geolocation", "notifications"]) as phone:
        signs_in(devices, phone, devices.address_of(offers[0].technician_id), "/phone/settings")
        phone.page.evaluate("window.isTheSame = true")
        scope = phone.page.evaluate("navigator.serviceWorker.ready.then((each) => each.scope)")
        told = {"id": "n2", "title": "A new offer", "page": page, "body": "Replace drive, $140"}
        _pushed(phone, scope, json.dumps(told))
        assert _taps(phone, 0) == []
        phone.page.wait_for_url(where)
        phone.sees("Why you")
        assert phone.page.evaluate("window.isTheSame"), "it was not loaded anew: what was typed is there"
        # Without a phone that is open there is a new one, at the page.
        _pushed(phone, scope, json.dumps(told))
        phone.page.goto(phone.url + "/")
        assert _taps(phone) == [f"/phone{page}"]
        phone.opens(f"/phone{page}")
        phone.sees("Why you")
        # A notice from before it was said opens the phone.
        phone.page.goto(phone.url + "/phone/")
        _pushed(phone, scope, '{"id": "n3", "title": "An offer", "body": "Old words"}')
        phone.page.goto(phone.url + "/")
        assert _taps(phone) == ["/phone/"]
    assert job["id"]


def _taps(phone: Device, num: int = 1) -> Any:
    """Tap the notice that is shown; which windows the worker asks the browser for, so many at least."""
    worker = next(each for each in phone.context.service_workers if each.url.endswith("/phone/worker.js"))
    return worker.evaluate(
        """async (num) => {
            const opened = []
            self.clients.openWindow = async (path) => void opened.push(path)
            const [notification] = await self.registration.getNotifications()
            // The browser lets no event of a script keep its worker alive; what it is told is done all the same.
            try {
                self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
            } catch {}
            const pause = (ms) => new Promise((done) => setTimeout(done, ms))
            await pause(500)
            for (let tries = 0; opened.length < num && tries < 200; tries++) await pause(50)
            return opened
        }""",
        num,
    )


def _pushed(phone: Device, scope: str, data: str) -> Any:
    """What the phone shows once the browser's push service has brought this."""
    devtools = phone.context.new_cdp_session(phone.page)
    versions: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: versions.extend(told["registrations"]))
    devtools.send("ServiceWorker.enable")
    _until(lambda: any(each["scopeURL"] == scope for each in versions) or phone.page.wait_for_timeout(50))
    registration = next(each["registrationId"] for each in versions if each["scopeURL"] == scope)
    message = {"origin": phone.url, "registrationId": registration, "data": data}
    devtools.send("ServiceWorker.deliverPushMessage", message)
    return phone.page.evaluate(
        """async (wanted) => {
            const worker = await navigator.serviceWorker.ready
            for (let num = 0; num < 400; num++) {
                const all = (await worker.getNotifications()).map((each) => [each.title, each.body, each.tag])
                if (all.some((each) => each[1] === wanted)) return all
                await new Promise((done) => setTimeout(done, 50))
            }
        }""",
        data.split('"body": "')[1].rstrip('"}'),
    )


def _photo_file() -> Any:
    return {"name": "van.jpg", "mimeType": "image/jpeg", "buffer": photo()}


def _sum(phone: Device, name: str) -> Any:
    """The sum beside a word."""
    return phone.page.locator("dl > div").filter(has_text=name).first.locator("dd")


def _page(phone: Device, label: str, data: bytes) -> None:
    field = phone.page.get_by_label(label)
    field.set_input_files({"name": "page.jpg", "mimeType": "image/jpeg", "buffer": data})


def _until(is_so: Any) -> None:
    for _ in range(400):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to be")


def _answered(devices: Devices, review: str, answer: dict[str, str]) -> None:
    said = devices.town.key("operator").post(f"/v1/reviews/{review}/answer", answer)
    assert said.status_code == 200, said.text
