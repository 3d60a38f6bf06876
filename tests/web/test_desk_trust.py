"""The desk's pages of trust: who may work, what waits for a yes, how a morning begins."""

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Devices
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, take
from playwright.sync_api import expect
from signing import add_staff
from sitting import fits, goes, in_panel, sits_down
from sqlalchemy import insert

from dispatch.record.tables import PoolRow, new_id

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
SHOTS = os.environ.get("TRUCKROLL_SHOTS")
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
CANARY = "<img src=x onerror=\"document.title='owned'\">"


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
        desk.sees("HVAC from level 3")
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
        desk.page.reload()
        desk.presses("Make an exception")
        expect(desk.page.get_by_label("Kept out, though meeting it")).to_be_checked()
        expect(desk.page.get_by_label("Reason")).to_have_value(CANARY)
        in_panel(desk, "Make an exception")
        desk.sees(CANARY)
        made = done(acme.admin.get(f"/v1/pools/{acme.pool}/overrides"))
        assert (made[0]["is_member"], made[0]["reason"]) == (False, CANARY)
        desk.presses("Take back: Lena Brandt")
        desk.sees("ended")


def test_whoever_could_not_be_taken_out_is_still_there_and_it_is_said(devices: Devices, acme: Dressed):
    """An old pool, with 200 newer ones before it: it is found all the same."""
    world = devices.town.world
    who = done(acme.admin.get("/v1/technicians?number=T-00006"))["items"][0]["id"]
    old = done(acme.admin.post("/v1/pools", {"name": "Old hands"}))["id"]
    done(acme.admin.call("PUT", f"/v1/pools/{old}/members/{who}"))
    with world.as_engine() as (session, now):
        pool = {"client_id": world.client, "created_at": now}
        session.execute(insert(PoolRow), [{"id": new_id(), "name": f"Crew {num}", **pool} for num in range(200)])
    override = {"is_member": True, "reason": "Trained since", "until": (world.start + timedelta(days=30)).isoformat()}
    done(acme.admin.call("PUT", f"/v1/pools/{acme.pool}/overrides/{who}", json=override))
    with devices.device(DESK) as desk:
        sits_down(devices, desk, ADMIN)
        desk.opens(f"/desk/pools/{old}")
        expect(desk.page.get_by_role("heading", name="Old hands")).to_be_visible()
        desk.page.route(
            re.compile("/v1/pools/.*/(members|overrides)/"), lambda each: each.abort("internetdisconnected")
        )
        desk.presses("Take out Priya Nair")
        desk.sees("The server could not be reached")
        expect(desk.page.get_by_role("button", name="Take out Priya Nair", exact=True)).to_be_visible()
        assert desk.barriers() == []
        desk.opens(f"/desk/pools/{acme.pool}")
        desk.presses("Take back: Priya Nair")
        desk.sees("The server could not be reached")
        assert desk.barriers() == []
        desk.page.unroute(re.compile("/v1/pools/.*/(members|overrides)/"))
        desk.presses("Take back: Priya Nair")
        desk.sees("ended")
        expect(desk.page.get_by_text("The server could not be reached")).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_dispatcher_favours_and_blocks_with_a_reason_that_no_technician_reads(
    devices: Devices, acme: Dressed, size: tuple[int, int]
):
    who = UUID(done(acme.admin.get("/v1/technicians?number=T-00006"))["items"][0]["id"])
    with devices.device(size) as desk:
        sits_down(devices, desk, DISPATCHER)
        desk.opens("/desk/technicians")
        name = "Ray Diaz"
        desk.presses(f"Favour or block: {name}")
        in_panel(desk, "Favour")
        marks = desk.page.get_by_role("list", name="Favourites and blocks")
        expect(marks.get_by_role("listitem")).to_contain_text(["Favourite"])
        [mark] = done(acme.admin.get("/v1/marks"))["items"]
        assert (mark["kind"], mark["reason"]) == ("favourite", None)

        desk.presses(f"Favour or block: {name}")
        panel = desk.page.get_by_role("dialog")
        panel.get_by_label("Blocked: never again").check()
        panel.get_by_role("button", name="Block", exact=True).click()
        assert panel.get_by_label("Reason").evaluate("each => each.validity.valueMissing"), "a block says why"
        panel.get_by_label("Reason").fill("  ")
        panel.get_by_role("button", name="Block", exact=True).click()
        expect(panel.get_by_role("alert")).to_contain_text("say why")
        panel.get_by_label("Reason").fill(CANARY)
        assert desk.barriers() == []
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / f"mark-{size[0]}.png")
        in_panel(desk, "Block")
        expect(marks.get_by_role("listitem")).to_contain_text([CANARY])
        assert desk.barriers() == []
        assert fits(desk)
        if SHOTS:
            desk.page.screenshot(path=Path(SHOTS) / f"marks-{size[0]}.png", full_page=True)

        desk.presses("Favour or block by number")
        panel.get_by_label("Number of the technician").fill("T-00006")
        panel.get_by_label("Blocked: never again").check()
        panel.get_by_label("Reason").fill("Broke the door")
        in_panel(desk, "Block")
        desk.sees("Broke the door")
        assert str(who) in {each["technician_id"] for each in done(acme.admin.get("/v1/marks"))["items"]}
        with devices.device(PHONE) as phone:
            devices.sign_in(phone, devices.address_of(who))
            for path in ("/phone/clients", "/phone/offers", "/phone/record", "/phone/proofs"):
                phone.opens(path)
                phone.page.get_by_role("heading", level=1).wait_for()
                assert "Broke the door" not in phone.page.content()
                assert "Blocked" not in phone.page.content()
        desk.presses(f"Take back: {name}")
        expect(marks.get_by_role("listitem")).to_have_count(1)


def test_two_people_approve_what_is_too_large_for_one_and_money_says_where_it_went(devices: Devices, acme: Dressed):
    with devices.device(PHONE, "dark") as rosa, devices.device(DESK) as clara:
        sits_down(devices, rosa, DISPATCHER)
        goes(rosa, "Approvals")
        row = rosa.page.get_by_role("listitem").filter(has=rosa.page.get_by_role("button", name="Approve $140"))
        row.get_by_role("button", name="Give a bonus").click()
        rosa.page.get_by_label("How much more, in USD").fill("10")
        rosa.page.get_by_label("Why").fill("Stayed until it ran")
        rosa.presses("Close")
        row.get_by_role("button", name="Give a bonus").click()
        expect(rosa.page.get_by_label("Why")).to_have_value("Stayed until it ran")
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
        rack = clara.page.get_by_role("row").filter(has_text="Move the server rack").first
        expect(rack.get_by_role("link", name=acme.jobs["large"])).to_have_attribute("href", f"/desk/jobs/{large['id']}")
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
                "Reviews",
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
