"""The desk's pages of trust: who may work, what waits for a yes, how a morning begins; and the operator's reviews."""

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, dress, take
from pictures import photo
from playwright.sync_api import expect
from signing import add_staff
from sqlalchemy import update

from dispatch.audit.bundle import verify_bundle
from dispatch.record.tables import CredentialKindRow, CredentialRow
from dispatch.screening.protocol import Result
from dispatch.screening.results import take_result

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
SHOTS = os.environ.get("TRUCKROLL_SHOTS")
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
CANARY = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


def fits(device: Device) -> bool:
    """Nothing has to be pushed sideways."""
    return bool(device.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def sits_down(devices: Devices, device: Device, email: str) -> None:
    """Signed in, wherever that leads, and at the desk."""
    devices.sign_in(device, email, "nav, header button")
    device.opens("/desk/")


def goes(device: Device, name: str) -> None:
    device.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def in_panel(device: Device, button: str) -> None:
    """Answer the one question that is open, and see it go."""
    device.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    device.page.get_by_role("dialog").wait_for(state="detached")


def test_an_admin_lets_people_in_and_out_with_a_reason_and_makes_an_exception(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, ADMIN)
        goes(desk, "Technicians")
        desk.presses("Admit: Ray Diaz")
        assert desk.barriers() == []
        in_panel(desk, "Admit")
        expect(desk.page.get_by_text("Ray Diaz")).to_have_count(0)
        desk.presses("Decline: Dana Whitefeather")
        desk.page.get_by_label("We have enough people").check()
        in_panel(desk, "Decline")
        desk.sees("Nobody here")
        desk.page.get_by_label("Admitted", exact=True).check()
        desk.presses("Suspend: Ray Diaz")
        desk.page.get_by_label("Conduct on site").check()
        in_panel(desk, "Suspend")
        desk.page.get_by_label("Suspended", exact=True).check()
        desk.sees("Conduct on site")
        states = {each["technician_id"]: each for each in done(acme.admin.get("/v1/admissions"))["items"]}
        shut_out = states[str(devices.town.world.technicians[1])]
        assert (shut_out["state"], shut_out["reason"]) == ("suspended", "conduct")

        desk.presses("Invite a technician")
        desk.page.get_by_label("Number of the technician").fill("T-99999")
        desk.page.get_by_role("dialog").get_by_role("button", name="Invite a technician").click()
        desk.sees("There is nobody with this number")
        expect(desk.page.get_by_label("Number of the technician")).to_have_value("T-99999")
        desk.page.get_by_label("Number of the technician").fill("T-00006")
        in_panel(desk, "Invite a technician")
        desk.sees("Priya Nair")

        goes(desk, "Pools")
        desk.follows("Night crew")
        desk.sees("hvac from level 3")
        desk.sees("Trained by us in May")
        assert desk.barriers() == []
        desk.presses("Change requirements")
        desk.page.get_by_label("Least reputation, from 0 to 100").fill("40")
        in_panel(desk, "Save")
        asks = done(acme.admin.get(f"/v1/pools/{acme.pool}/requirements"))["requirements"]
        assert (asks["min_reputation"], asks["skills"], len(asks["near"])) == (0.4, {"hvac": 3}, 1)
        desk.presses("Make an exception")
        desk.page.get_by_label("Number of the technician").fill("T-00004")
        desk.page.get_by_label("Kept out, though meeting it").check()
        desk.page.get_by_label("Reason").fill(CANARY)
        in_panel(desk, "Make an exception")
        desk.sees(CANARY)
        made = done(acme.admin.get(f"/v1/pools/{acme.pool}/overrides"))
        assert (made[0]["is_member"], made[0]["reason"]) == (False, CANARY)
        desk.presses("Take back: Lena Brandt")
        desk.sees("ended")


def test_two_people_approve_what_is_too_large_for_one_and_money_says_where_it_went(devices: Devices, acme: Dressed):
    with devices.device(PHONE, "dark") as rosa, devices.device(DESK) as clara:
        sits_down(devices, rosa, DISPATCHER)
        goes(rosa, "Approvals")
        row = rosa.page.get_by_role("listitem").filter(has=rosa.page.get_by_role("button", name="Approve $140"))
        row.get_by_role("button", name="Give a bonus").click()
        rosa.page.get_by_label("How much more, in USD").fill("10")
        rosa.page.get_by_label("Why").fill("Stayed until it ran")
        assert rosa.barriers() == []
        if SHOTS:
            rosa.page.screenshot(path=Path(SHOTS) / "bonus.png", full_page=True)
        in_panel(rosa, "Give a bonus")
        rosa.sees("Bonus · 1")
        rosa.presses("Approve $150")
        expect(rosa.page.get_by_role("button", name="Approve $150")).to_have_count(0)
        # On the work order's own page, too, and also once the work is approved; the operator gives none.
        (waits,) = [each for each in done(acme.admin.get("/v1/jobs"))["items"] if each["number"] == acme.jobs["waits"]]
        rosa.opens(f"/desk/jobs/{waits['id']}")
        rosa.page.get_by_role("button", name="Give a bonus").click()
        rosa.page.get_by_label("How much more, in USD").fill("5")
        rosa.page.get_by_label("Why").fill(CANARY)
        assert rosa.barriers() == []
        in_panel(rosa, "Give a bonus")
        rosa.sees("$139.50")
        assert rosa.barriers() == []
        assert fits(rosa)
        if SHOTS:
            rosa.page.screenshot(path=Path(SHOTS) / "bonus-job.png", full_page=True)
        [paid] = done(acme.admin.get("/v1/payments", params={"job_id": waits["id"]}))["items"]
        assert [(each["amount"], each["reason"]) for each in paid["extras"]][-1] == ("5.00", CANARY)
        with devices.device(DESK) as olga:
            sits_down(devices, olga, OPERATOR)
            olga.opens(f"/desk/jobs/{waits['id']}")
            olga.sees("$139.50")
            expect(olga.page.get_by_role("button", name="Give a bonus")).to_have_count(0)
        rosa.opens("/desk/approvals")
        (large,) = [each for each in done(acme.admin.get("/v1/jobs"))["items"] if each["number"] == acme.jobs["large"]]
        with devices.device(DESK) as rick:
            add_staff(devices.town, "requester", "rick@acme.example", "Rick Stone")
            devices.sign_in(rick, "rick@acme.example", "header")
            rick.opens(f"/desk/jobs/{large['id']}")
            rick.sees("It costs more than your role may approve ($0 at most). Ask for a yes of: ")
            expect(rick.page.get_by_role("button", name="Approve the work")).to_have_count(0)
            expect(rick.page.get_by_role("button", name="Send back")).to_have_count(1)
            if SHOTS:
                rick.page.screenshot(path=Path(SHOTS) / "approve-limit.png", full_page=True)
        rosa.presses("Sign $480")
        rosa.sees("You have signed; a second person is missing.")
        assert rosa.barriers() == []
        assert fits(rosa)
        rosa.sees("$60 disputed: The hours")
        # The work order's own page says the same, and asks for no yes that would be refused.
        rosa.opens(f"/desk/jobs/{large['id']}")
        rosa.sees("Signed by Rosa Marsh")
        rosa.sees("The signature of somebody else of your team is missing.")
        expect(rosa.page.get_by_role("button", name="Approve the work")).to_have_count(0)
        assert rosa.barriers() == []

        sits_down(devices, clara, ADMIN)
        goes(clara, "Approvals")
        clara.sees("1 person has signed")
        clara.presses("Approve $480")
        clara.sees("Nothing waits")
        assert clara.barriers() == []
        clara.presses("Give way")
        in_panel(clara, "Give way")
        clara.sees("Decided: $60 for the technician")
        goes(clara, "Money")
        clara.sees("Set aside for work")
        assert clara.barriers() == []
        with clara.page.expect_download() as download:
            clara.follows("As a file (CSV)")
        assert "hold" in download.value.path().read_text()
        clara.sees("Nobody was paid in this year")
        with clara.page.expect_download() as download:
            clara.follows("The year as a file (CSV)")
        assert download.value.path().read_text().startswith("name,owner_id,client_id,engaged_as")
    states = {each["number"]: each["state"] for each in done(acme.admin.get("/v1/jobs"))["items"]}
    assert {states[acme.jobs[name]] for name in ("waits", "large")} == {"approved"}


def test_the_named_person_decides_what_both_sides_have_stated_and_both_read_why(devices: Devices, acme: Dressed):
    ray = devices.address_of(devices.town.world.technicians[1])
    with devices.device(DESK) as rosa, devices.device() as phone, devices.device(DESK, "dark") as olga:
        sits_down(devices, rosa, DISPATCHER)
        goes(rosa, "Approvals")
        rosa.sees("Ray Diaz")
        rosa.presses("State it anew")
        expect(rosa.page.get_by_label("What happened")).to_have_value("Left after an hour")
        rosa.page.get_by_label("What happened").fill(f"Left after an hour, the frame still open. {CANARY}")
        rosa.page.get_by_label("Add a photo or PDF").set_input_files(_photo_file())
        rosa.sees("Evidence 1")
        assert rosa.barriers() == []
        in_panel(rosa, "State your side")
        expect(rosa.page.get_by_role("img", name="Evidence 1")).not_to_have_js_property("naturalWidth", 0)

        devices.sign_in(phone, ray)
        phone.opens("/phone/money")
        phone.page.locator("summary").filter(has_text="Seal the door frame").click()
        phone.sees("Left after an hour, the frame still open.")
        phone.sees("Nothing yet.")
        assert phone.barriers() == []
        phone.presses("State your side")
        phone.page.get_by_label("What happened").fill(f"Two hours, see the log. {CANARY}")
        phone.page.get_by_label("Pay that is right, in USD").fill("140")
        phone.page.get_by_label("Add a photo or PDF").set_input_files(_photo_file())
        phone.sees("Evidence 1")
        assert phone.barriers() == []
        in_panel(phone, "State your side")
        phone.sees("State it anew")

        sits_down(devices, olga, OPERATOR)
        goes(olga, "Disputes")
        olga.sees("$80 is not disputed: due or paid already")
        olga.sees(f"Two hours, see the log. {CANARY}")
        expect(olga.page.get_by_role("img", name="Evidence 1")).to_have_count(2)
        assert olga.barriers() == []
        add_staff(devices.town, "operator", "ned@truckroll.example", "Ned Okafor")
        for other in ("Ned Okafor", "Olga Brandt"):
            olga.presses(f"Name another person: {acme.jobs['disputed']}")
            olga.page.get_by_label("Who decides").select_option(other)
            olga.page.get_by_label("Why").fill("On leave")
            assert olga.barriers() == []
            if SHOTS:
                olga.page.screenshot(path=Path(SHOTS) / "name-decider.png", full_page=True)
            in_panel(olga, "Name another person")
            olga.sees(f"{other} decides")
            mine = olga.page.get_by_role("button", name=f"Decide: {acme.jobs['disputed']}")
            expect(mine).to_have_count(int(other == "Olga Brandt"))
        olga.presses(f"Decide: {acme.jobs['disputed']}")
        olga.page.get_by_label("A part").check()
        olga.page.get_by_label("For the technician, in USD").fill("20,00")
        olga.sees("$20 to Ray Diaz, $40 back to Acme service.")
        olga.page.get_by_label("Why, for both sides").fill("The log shows an hour and a quarter.")
        assert olga.barriers() == []
        in_panel(olga, "Decide")
        olga.sees("Nothing to decide")
        olga.page.get_by_label("Decided", exact=True).check()
        olga.sees("Decided: $20 for the technician")

        for side in (rosa, phone):
            side.page.reload()
            if side is phone:
                phone.page.locator("summary").filter(has_text="Seal the door frame").click()
            side.sees("Decided: $20 for the technician")
            side.sees("Olga Brandt: The log shows an hour and a quarter.")
            expect(side.page.get_by_role("button", name="State it anew")).to_have_count(0)


def _photo_file() -> Any:
    return {"name": "frame.jpg", "mimeType": "image/jpeg", "buffer": photo()}


def test_an_admin_keeps_budgets_agreements_and_where_a_pools_people_live(devices: Devices, acme: Dressed):
    nda = {"code": "nda", "name": "NDA", "family": "agreement", "is_screening": False}
    done(acme.operator.post("/v1/credential-kinds", nda))
    area = {"type": "Polygon", "coordinates": [[[-104, 30], [-103, 30], [-103, 31], [-104, 30]]]}
    with devices.device(DESK) as desk, devices.device(PHONE, "dark", locale="es-MX") as phone:
        sits_down(devices, desk, ADMIN)
        goes(desk, "Budgets")
        desk.sees("No budgets yet")
        desk.sees("Above $300, a second person approves too.")
        desk.presses("Make a budget")
        desk.page.get_by_label("Code").fill("PO-7781")
        desk.page.get_by_label("Name").fill(CANARY)
        desk.page.get_by_label("Sum, in USD").fill("100")
        desk.page.get_by_label("First day").fill("2026-01-01")
        assert desk.barriers() == []
        in_panel(desk, "Make a budget")
        desk.sees(CANARY)
        desk.presses("Change PO-7781")
        desk.page.get_by_label("Sum, in USD").fill("150")
        desk.page.get_by_label("Only with a reason, by these people").check()
        in_panel(desk, "Save")
        desk.sees("beyond it with a reason: administrator")
        take(devices.town, "Test the lift's phone", 0, budget="PO-7781")
        goes(desk, "Morning")
        desk.follows("Cost against budget")
        desk.sees("$140 of $150 promised")
        desk.sees("$10 left")
        assert desk.barriers() == []
        goes(desk, "Post")
        desk.page.get_by_label("Budget").select_option("PO-7781")
        desk.sees("$10 left of PO-7781.")
        assert desk.barriers() == []

        goes(desk, "Agreements")
        desk.presses("Publish an agreement")
        desk.page.get_by_label("Its words").fill(f"What you see there stays there. {CANARY}")
        assert desk.barriers() == []
        in_panel(desk, "Publish an agreement")
        desk.sees("Version 1, published")
        desk.page.get_by_text("Read it").click()
        desk.sees(f"What you see there stays there. {CANARY}")
        desk.presses("Next version of NDA")
        desk.page.get_by_label("Its words").fill("Nothing leaves the vault.")
        in_panel(desk, "Publish an agreement")
        desk.sees("Version 2, published")
        assert desk.barriers() == []

        goes(desk, "Pools")
        desk.follows("Night crew")
        desk.presses("Change requirements")
        desk.presses("Take place 1 away")
        desk.page.get_by_label("ZIP code").fill("79830")
        desk.page.get_by_label("Miles around it").fill("20")
        desk.presses("Add a place")
        desk.sees("20 mi around Alpine")
        file = desk.page.get_by_label("Area, as a GeoJSON file")
        file.set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": b"Texas"})
        desk.sees("This is no GeoJSON with a polygon.")
        file.set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(area).encode()})
        desk.sees("An area with 4 corners")
        assert desk.barriers() == []
        in_panel(desk, "Save")
        desk.sees("to live near one of 2 places")

        sits_down(devices, phone, ADMIN)
        goes(phone, "Presupuestos")
        phone.sees("prometidos")
        assert phone.barriers() == []
        assert fits(phone)
        goes(phone, "Grupos")
        phone.follows("Night crew")
        phone.sees("climatización desde el nivel 3")
        assert phone.barriers() == []
    asks = done(acme.admin.get(f"/v1/pools/{acme.pool}/requirements"))["requirements"]
    assert (round(asks["near"][0]["lat"]), asks["near"][-1]["km"], asks["area"]["type"]) == (30, 32.2, "Polygon")


def test_a_morning_tells_what_is_behind_each_figure_and_hours_say_what_can_be_done(devices: Devices, acme: Dressed):
    with (
        devices.device(DESK) as desk,
        devices.device(PHONE, locale="es-MX", timezone_id="America/Mexico_City") as phone,
    ):
        sits_down(devices, desk, ADMIN)
        goes(desk, "Morning")
        desk.sees("2 work orders wait for approval")
        filled = desk.page.locator(".figure", has=desk.page.get_by_text("Filled", exact=True))
        expect(filled.locator("strong")).to_have_text("90%")
        desk.sees("the skill is below the level wanted")
        late = desk.page.locator(".figure", has=desk.page.get_by_text("On time", exact=True))
        late.locator("summary").click()
        expect(late.get_by_role("link", name=acme.jobs["late"])).to_be_visible()
        assert desk.barriers() == []
        desk.page.get_by_label("Which days").select_option("1")
        desk.sees("first visits")
        goes(desk, "Compliance")
        desk.sees("1 visit lies after it")
        desk.sees("Trained by us in May")
        desk.sees("alarm code")
        desk.sees("2.4 hours in 3 months")
        assert desk.barriers() == []
        goes(desk, "Hours with you")
        desk.page.get_by_label("near the limit").check()
        desk.page.get_by_text("What can be done").first.click()
        desk.sees("Give the next work to others of the pool")
        assert desk.barriers() == []

        sits_down(devices, phone, ADMIN)
        goes(phone, "La mañana")
        phone.sees("órdenes esperan")
        assert phone.barriers() == []
        assert fits(phone)
        goes(phone, "Cumplimiento")
        phone.sees("2.4 horas en 3 meses")
        assert fits(phone)


def test_whoever_left_a_company_is_told_of_it_until_an_admin_has_chosen_how_they_work(devices: Devices, acme: Dressed):
    who, client = devices.town.world.technicians[0], devices.town.world.client
    engagement, limits = f"/v1/technicians/{who}/engagement", f"/v1/clients/{client}/limits"
    company = done(acme.operator.post("/v1/companies", {"name": "Lone Star Service"}))["id"]
    done(acme.operator.call("PUT", f"/v1/technicians/{who}/company", json={"company_id": company}))
    done(acme.admin.patch(engagement, {"engaged_as": "company"}, acme.admin.get(engagement).headers["ETag"]))
    were = acme.admin.get(limits)
    asked = {"limits": {**were.json()["limits"], "papers": {"contractor": ["background_check"]}}}
    done(acme.admin.patch(limits, asked, were.headers["ETag"]))
    done(acme.operator.call("PUT", f"/v1/technicians/{who}/company", json={"company_id": None}))
    with devices.device(DESK, scheme="dark") as desk, devices.device(PHONE) as phone:
        devices.sign_in(phone, devices.address_of(who), "nav, header button")
        for page in ("usage", "proofs"):
            phone.opens(f"/phone/{page}")
            phone.sees("You left the company through which you worked for Acme service")
            assert phone.barriers() == []
            assert fits(phone)
            if SHOTS:
                phone.page.screenshot(path=Path(SHOTS) / f"unchosen-{page}.png", full_page=True)
        with devices.device(PHONE, "dark") as rosa:
            sits_down(devices, rosa, DISPATCHER)
            rosa.opens("/desk/technicians")
            rosa.sees("An administrator of yours chooses it.")
            expect(rosa.page.get_by_role("button", name="Choose how they work")).to_have_count(0)
            assert fits(rosa)
        sits_down(devices, desk, ADMIN)
        goes(desk, "Hours with you")
        desk.page.get_by_label("to choose").check()
        left = desk.page.get_by_text("Maria Lopez left the company")
        expect(left).to_have_count(1)
        assert desk.barriers() == []
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "unchosen-hours.png")
        goes(desk, "Technicians")
        expect(left).to_have_count(1)
        desk.presses("Choose how they work: Maria Lopez")
        desk.page.get_by_label("employee (W-2)").check()
        desk.page.get_by_label("Your payroll partner").select_option("Lone Star Service")
        assert desk.barriers() == []
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "choose.png")
        in_panel(desk, "Choose how they work")
        expect(left).to_have_count(0)
        told = done(acme.admin.get(engagement))
        assert (told["engaged_as"], told["must_choose"]) == ("w2", False)
        assert done(acme.admin.get(limits))["payroll_company_id"] == company
        phone.page.reload()
        phone.sees("My proofs")
        expect(phone.page.get_by_text("You left the company")).to_have_count(0)


def test_the_operator_looks_before_they_verify_answers_and_hands_on_evidence(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, OPERATOR)
        goes(desk, "Reviews")
        desk.sees("site briefing")
        expect(desk.page.get_by_role("button", name="It is genuine")).to_be_disabled()
        desk.presses("Look at the pages")
        page = desk.page.get_by_role("img", name="Page 1")
        expect(page).not_to_have_js_property("naturalWidth", 0)
        desk.presses("It is genuine")
        desk.sees("See that the days are those of the proof itself")
        in_panel(desk, "It is genuine")
        desk.sees("No proof waits")
        desk.presses("Answer")
        desk.page.get_by_label("It stays as it is").check()
        desk.page.get_by_label("In words, for the technician").fill("Nine others were nearer or had better marks.")
        in_panel(desk, "Answer")
        desk.sees("Nobody asked for a second look")
        desk.presses("Review it")
        in_panel(desk, "Review it")
        desk.sees("being reviewed")
        assert desk.barriers() == []

        goes(desk, "Clients")
        desk.presses("Decline: Initech field services")
        desk.page.get_by_label("Papers are missing").check()
        in_panel(desk, "Decline")
        desk.sees("Declined")
        assert desk.barriers() == []
        desk.presses("Approve: Initech field services")
        desk.page.get_by_label("Version").fill("2026-01")
        desk.page.get_by_label("Accepted by").fill("Sam Lopez")
        text = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"}
        desk.page.get_by_label("Or the text itself, as a file").set_input_files(text)
        # The hash of "abc", as FIPS 180-2 gives it.
        expect(desk.page.get_by_label("Hash of its text (SHA-256)")).to_have_value(
            re.compile("^ba7816bf8f01cfea.*15ad$")
        )
        desk.page.get_by_label("Pays outside Truckroll").check()
        assert desk.barriers() == []
        in_panel(desk, "Approve")
        desk.sees("pays outside Truckroll")
        desk.sees("Agreement 2026-01, accepted by Sam Lopez")
        goes(desk, "Rules")
        desk.sees("holds today")
        expect(desk.page.locator("del", has_text="600").first).to_be_visible()
        assert desk.barriers() == []
        goes(desk, "Evidence")
        desk.presses("Verify: Acme service")
        desk.sees("Whole:")
        desk.page.get_by_label("Work order number").fill(acme.jobs["late"])
        desk.presses("Make the file")
        with desk.page.expect_download() as download:
            desk.follows("Download")
        assert verify_bundle(download.value.path().read_bytes()).is_whole
        assert desk.barriers() == []
    [review] = done(acme.operator.get("/v1/reviews"))["items"]
    assert (review["state"], review["answer"]) == ("rejected", "Nine others were nearer or had better marks.")


def test_pages_of_the_operator_are_no_ones_else_and_an_empty_desk_says_how_to_begin(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, DISPATCHER)
        expect(desk.page.get_by_role("link", name="Compliance")).to_have_count(0)
        desk.opens("/desk/operator/reviews")
        desk.sees("It is not there, or not for you.")
        assert desk.barriers() == []


@pytest.mark.skipif(not LONG, reason="every size and theme: scripts/test --long")
@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_of_trust_fits_and_can_be_read(devices: Devices, acme: Dressed, size, scheme):
    for who, pages in (
        (
            ADMIN,
            (
                "Morning",
                "Compliance",
                "Approvals",
                "Technicians",
                "Pools",
                "Hours with you",
                "Money",
                "Budgets",
                "Agreements",
            ),
        ),
        (OPERATOR, ("Reviews", "Disputes", "Clients", "Rules", "Evidence")),
    ):
        with devices.device(size, scheme) as device:
            sits_down(devices, device, who)
            for name in pages:
                goes(device, name)
                device.page.wait_for_load_state("networkidle")
                assert device.barriers() == []
                assert fits(device)


def test_the_time_log_is_corrected_from_the_desk_and_both_sides_answer(devices: Devices, acme: Dressed):
    work = take(devices.town, "Mount the cabinet", 0)
    work.finishes()
    log = f"{work.visit}/time-log"
    (noted,) = done(work.technician.get(log))["entries"]
    page = f"/desk/jobs/{work.job['id']}"
    with devices.device(DESK) as rosa, devices.device(PHONE, "dark") as clara:
        sits_down(devices, rosa, DISPATCHER)
        rosa.opens(page)
        rosa.sees("Not agreed yet: approving the work agrees to it")
        rosa.page.get_by_role("button", name="Correct: ").click()
        panel = rosa.page.get_by_role("dialog")
        # A span that ends before it begins is refused in words, and what was typed stays.
        start = panel.get_by_label("From")
        begun = start.input_value()
        panel.get_by_label("To", exact=True).fill(begun)
        panel.get_by_label("Why is it wrong?").fill(CANARY)
        assert rosa.barriers() == []
        if SHOTS:
            rosa.page.screenshot(path=Path(SHOTS) / "correct.png")
        panel.get_by_role("button", name="Propose it").click()
        panel.locator("[role=alert]").wait_for()
        expect(panel.get_by_label("Why is it wrong?")).to_have_value(CANARY)
        hour = datetime.fromisoformat(begun) - timedelta(hours=1)
        start.fill(hour.strftime("%Y-%m-%dT%H:%M"))
        panel.get_by_role("button", name="Propose it").click()
        rosa.sees("Waits for ")
        expect(rosa.page.get_by_role("button", name="Correct: ")).to_have_count(0)
        (proposed,) = [each for each in done(work.technician.get(log))["entries"] if each["state"] == "proposed"]
        assert (proposed["proposed_by"], proposed["note"], proposed["entry_id"]) == ("client", CANARY, noted["id"])
        done(work.technician.post(f"{work.visit}/corrections/{proposed['id']}/refuse"))
        rosa.sees("Not agreed to")

        # The technician says how it was; whoever dispatches answers, here on a phone.
        began = datetime.fromisoformat(noted["started_at"])
        hours = [(began - timedelta(hours=each)).isoformat() for each in (4, 2)]
        mine = {"started_at": hours[0], "ended_at": hours[1], "note": "Two hours, really"}
        done(work.technician.post(f"{log}/{noted['id']}/corrections", mine))
        sits_down(devices, clara, ADMIN)
        clara.opens(page)
        clara.sees("Two hours, really")
        clara.sees("says so and waits for your answer")
        assert clara.barriers() == []
        assert fits(clara)
        if SHOTS:
            clara.page.screenshot(path=Path(SHOTS) / "corrected.png", full_page=True)
        clara.presses("Agree")
        expect(clara.page.locator("[data-entry=proposed]")).to_have_count(0)
        clara.sees("Agreed")
        assert "owned" not in clara.page.title()
    states = {each["version"]: each["state"] for each in done(work.technician.get(log))["entries"]}
    assert states == {1: "superseded", 2: "refused", 3: "current"}


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_operator_writes_down_what_a_proof_says_beside_what_was_handed_in(
    devices: Devices, acme: Dressed, size: dict[str, int], scheme: str
):
    town = devices.town
    kind = {"code": "liability", "name": "Liability insurance", "family": "insurance"}
    done(acme.operator.post("/v1/credential-kinds", kind))
    days = {"valid_from": "2026-01-01", "valid_until": str(datetime.now().astimezone().date() + timedelta(days=200))}
    facts = {"named_insured": "Someone Else", "per_occurrence": "500000", "aggregate": "1000000", "currency": "USD"}
    path = f"/v1/technicians/{town.world.technicians[5]}/credentials"
    proof = {"kind": "liability", "evidence": "Policy 77", "facts": facts, **days}
    made = done(town.technician(5).post(path, proof))
    with devices.device(size, scheme=scheme) as desk:
        sits_down(devices, desk, OPERATOR)
        desk.opens("/desk/operator/reviews")
        row = desk.page.get_by_role("listitem").filter(has_text="Policy 77")
        row.get_by_role("button", name="It is genuine").click()
        panel = desk.page.get_by_role("dialog")
        expect(panel.get_by_text("Handed in: Someone Else")).to_be_visible()
        expect(panel.get_by_label("Covered each time")).to_have_value("500000")
        panel.get_by_label("Covered each time").fill("1,000,000")
        panel.get_by_label("Last day").fill("2025-12-31")
        panel.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
        expect(panel.get_by_text("the last is not before the first")).to_be_visible()
        panel.get_by_label("Last day").fill(days["valid_until"])
        panel.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Who is insured")).to_have_attribute("aria-invalid", "true")
        expect(panel.get_by_text("This must be the legal name")).to_be_visible()
        assert desk.barriers() == []
        assert fits(desk)
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / f"verify-{scheme}.png")
        desk.page.keyboard.press("Escape")
        row.get_by_role("button", name="It is genuine").click()
        expect(panel.get_by_label("Covered each time")).to_have_value("1,000,000")
        panel.get_by_label("Who is insured").fill(acme.town.technician(5).get("/v1/me").json()["name"])
        in_panel(desk, "It is genuine")
        expect(row).to_have_count(0)
    (kept,) = [each for each in done(acme.operator.get(path))["items"] if each["id"] == made["id"]]
    assert (kept["state"], kept["facts"]["per_occurrence"]) == ("verified", "1000000")


def test_notice_of_a_removal_goes_with_the_copy_and_is_answered_from_a_phone_without_a_network(
    devices: Devices, acme: Dressed
):
    town, who, num = devices.town, devices.town.world.technicians[5], 5
    days = {"valid_from": "2026-01-01", "valid_until": str(datetime.now().astimezone().date() + timedelta(days=200))}
    path = f"/v1/technicians/{who}/credentials"
    made = done(town.technician(num).post(path, {"kind": "background_check", "evidence": "Report 9", **days}))
    with town.world.as_engine() as (session, _):
        family = {"family": "background_check", "is_screening": True}
        session.execute(update(CredentialKindRow).where(CredentialKindRow.code == "background_check").values(family))
        of_vendor = {"vendor": "local", "vendor_ref": "report-9", "vendor_seq": 0}
        session.execute(update(CredentialRow).where(CredentialRow.id == UUID(made["id"])).values(of_vendor))
    for seq, status in enumerate(("clear", "adverse"), 1):
        with town.world.as_engine() as (session, now):
            take_result(session, "local", Result("report-9", seq, status, ("county_7y",), now.date()), now=now)
    with devices.device(DESK) as desk, devices.device(PHONE, scheme="dark") as phone:
        sits_down(devices, desk, OPERATOR)
        desk.opens("/desk/operator/reviews")
        turned = desk.page.get_by_role("listitem").filter(has_text="Report 9")
        expect(turned.get_by_text("Verified, and it counts.")).to_be_visible()
        expect(turned.get_by_role("button", name="It is genuine")).to_have_count(0)
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "turned.png")
        turned.get_by_role("button", name="Give notice").click()
        panel = desk.page.get_by_role("dialog")
        panel.get_by_label("What the report says").fill(f"It names an open case. {CANARY}")
        expect(panel.get_by_label("Why there is no copy")).to_be_visible()
        report = {"name": "report.jpg", "mimeType": "image/jpeg", "buffer": photo()}
        panel.get_by_label("Attach pages").set_input_files([report])
        expect(panel.get_by_label("Why there is no copy")).to_have_count(0)
        assert desk.barriers() == []
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / "give-notice.png")
        in_panel(desk, "Send the notice")
        expect(turned).to_have_count(0)
        row = desk.page.get_by_role("listitem").filter(has_text="It names an open case.")
        row.get_by_text("The copy: 1 page").click()
        expect(row.get_by_role("link", name="Page 1")).to_be_visible()

        devices.sign_in(phone, devices.address_of(who), "nav, header button")
        phone.opens("/phone/proofs")
        phone.follows("Notice about a screening")
        phone.sees("Nothing is decided. You can answer.")
        phone.sees(CANARY)
        assert phone.barriers() == []
        assert fits(phone)
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "notice.png", full_page=True)
        link = phone.page.get_by_role("link", name=re.compile("Open.*Page 1")).get_attribute("href")
        copy = phone.page.request.get(f"{phone.url}{link}")
        assert (copy.status, copy.body()[:3]) == (200, b"\xff\xd8\xff")
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        words = phone.page.get_by_label("What is wrong in it")
        words.fill("That is somebody else of my name.")
        phone.page.reload()
        expect(words).to_have_value("That is somebody else of my name.")
        phone.presses("Send my answer")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        assert done(acme.operator.get(f"/v1/technicians/{who}/removals"))[0]["answer"] is None
        phone.offline(False)
        phone.sees("Nothing is decided. A person will read your answer.")
        phone.sees("You answered")
        (removal,) = done(acme.operator.get(f"/v1/technicians/{who}/removals"))
        assert (removal["state"], removal["answer"]) == ("answered", "That is somebody else of my name.")
        desk.page.reload()
        desk.sees("That is somebody else of my name.")


def test_a_technician_asks_a_person_to_look_again_without_a_network_and_reads_the_answer(
    devices: Devices, acme: Dressed
):
    _, offers = devices.town.offered(title="Replace the card reader")
    offer = next(each for each in offers if each.technician_id == devices.town.world.technicians[0])
    with devices.device(PHONE) as phone:
        devices.sign_in(phone, devices.address_of(offer.technician_id), "nav, header button")
        phone.opens(f"/phone/offers/{offer.id}")
        phone.page.get_by_text("Ask a person to look again").click()
        phone.sees("A program asked in this order.")
        assert phone.barriers() == []
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.offline(True)
        phone.page.get_by_label("What should they look at?").fill(f"I live next door. {CANARY}")
        phone.presses("Ask a person")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        phone.offline(False)
        phone.sees("A person looks at it")
        phone.sees("You have an answer by")
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "look.png", full_page=True)
        (review,) = [each for each in done(acme.operator.get("/v1/reviews"))["items"] if each["words"].endswith(CANARY)]
        said = {"verdict": "rejected", "words": "Two others were nearer."}
        done(acme.operator.post(f"/v1/reviews/{review['id']}/answer", said))
        phone.page.reload()
        phone.sees("The answer: Two others were nearer.")
        assert fits(phone)
        # The message of the answer leads to one's record, for the offer is over by then.
        phone.opens("/phone/record")
        phone.sees("Decisions that you asked about")
        phone.sees(f"I live next door. {CANARY}")
        phone.sees("The answer: Two others were nearer.")
        assert phone.barriers() == []
        assert fits(phone)
        if SHOTS:
            phone.page.screenshot(path=Path(SHOTS) / "looks.png", full_page=True)
