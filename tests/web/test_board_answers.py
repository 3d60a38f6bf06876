"""What waits for an answer on the board: what somebody needs on site, another time, messages; and who may go where."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import done
from playwright.sync_api import Locator, expect
from relaying import relayed
from signing import add_staff

ROSA, OMAR = "rosa@acme.example", "omar@acme.example"
CANARY = "<img src=x onerror=\"document.title='owned'\">"
SHOTS = os.environ.get("TRUCKROLL_SHOTS")


def looks(device: Device, name: str) -> None:
    """Keep a picture for whoever wants to look, and find no barrier."""
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}.png")
    assert (name, device.barriers()) == (name, [])


def given(devices: Devices, num: int = 0, **more: Any) -> tuple[dict[str, Any], Any, str]:
    """A job that this technician of the world has: the job, their caller, and the visit."""
    job, offers = devices.town.offered(**more)
    who = devices.town.world.technicians[num]
    caller = devices.town.by_id(who)
    [offer] = [each for each in offers if each.technician_id == who]
    won = done(caller.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1}))
    return job, caller, f"/v1/visits/{won['visit_id']}"


def row(desk: Device, words: str) -> Locator:
    return desk.page.locator("aside li").filter(has_text=words)


def test_what_the_site_needs_is_granted_or_refused_and_another_time_agreed_from_the_board(devices: Devices):
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    _, there, visit = given(devices, title="Replace pump")
    later, their, other = given(devices, 1, title="Fix the reader")
    for act in ("leave", "check-in"):
        done(there.post(f"{visit}/{act}"))
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("2 jobs")
        # Somebody on site needs more time: the row leads to it, also while the job is in progress.
        done(there.post(f"{visit}/site-requests", {"kind": "more_time", "minutes": 45, "note": CANARY}))
        relayed(town)
        row(desk, "The site waits for an answer").get_by_role("button", name="Answer").click()
        waiting = desk.page.locator(".answers")
        expect(waiting).to_contain_text("needs 45 min more")
        expect(waiting).to_contain_text(CANARY)
        expect(waiting).to_be_focused()
        looks(desk, "board-answer-time")
        waiting.get_by_label("Minutes more").fill("30")
        waiting.get_by_label("Added to the pay, USD").fill("25")
        # What was typed outlives a closed drawer and a reload.
        desk.presses("Close")
        expect(waiting).to_have_count(0)
        desk.page.reload()
        row(desk, "The site waits for an answer").get_by_role("button", name="Answer").click()
        waiting.get_by_text("What you typed before is here.").wait_for()
        expect(waiting.get_by_label("Added to the pay, USD")).to_have_value("25")
        waiting.get_by_role("button", name="Grant 30 min more").click()
        expect(waiting).to_have_count(0)
        [asked] = town.staff.get("/v1/site-requests").json()["items"]
        assert (asked["state"], asked["granted_minutes"], asked["granted_amount"]) == ("granted", 30, "25.00")
        expect(row(desk, "The site waits for an answer")).to_have_count(0)
        # A part comes with a later visit; what would cost too much is refused, and why is kept.
        for body in ({"kind": "part", "item": f"Fan {CANARY}", "quantity": 2}, {"kind": "second_person"}):
            done(there.post(f"{visit}/site-requests", body))
        relayed(town)
        part = waiting.locator("li").filter(has_text="needs a part: Fan")
        part.get_by_label("How many").fill("1")
        part.get_by_label("It comes with a later visit").check()
        looks(desk, "board-answer-part")
        part.get_by_role("button", name="Yes, with a later visit").click()
        expect(part).to_have_count(0)
        waiting.get_by_label("Why not").select_option("It costs too much")
        waiting.get_by_role("button", name="Say no").click()
        expect(waiting).to_have_count(0)
        helper, fan, _ = town.staff.get("/v1/site-requests").json()["items"]
        assert (fan["state"], fan["is_return"]) == ("granted", True)
        assert town.staff.get(f"/v1/parts/{fan['part_id']}").json()["quantity"] == 1
        assert (helper["state"], helper["why"]) == ("refused", "too_dear")
        # Another time is proposed: refused once with a reason, then agreed to.
        start = town.world.start + timedelta(hours=1)
        wish = {"time": {"start_at": start.isoformat()}, "reason": "technician_asks", "note": CANARY}
        done(their.post(f"{other}/proposals", wish))
        relayed(town)
        row(desk, "A change waits for an answer").get_by_role("button", name="Fix the reader").click()
        expect(waiting).to_contain_text("Technician 1 proposes")
        expect(waiting).to_contain_text(CANARY)
        looks(desk, "board-answer-change")
        waiting.get_by_label("Why not").select_option("Too late")
        waiting.get_by_role("button", name="Say no").click()
        expect(waiting).to_have_count(0)
        done(their.post(f"{other}/proposals", wish))
        relayed(town)
        waiting.get_by_role("button", name="Agree: it binds both").click()
        expect(waiting).to_have_count(0)
        agreed, refused = town.staff.get("/v1/proposals").json()["items"]
        assert (agreed["state"], refused["state"]) == ("accepted", "refused")
        [planned] = town.staff.get(f"/v1/jobs/{later['id']}").json()["visits"]
        assert planned["planned_start_at"] == agreed["start_at"]
        assert "owned" not in desk.page.title()
    # Two answer at once, on a phone: the second is told, and nothing is granted twice.
    done(there.post(f"{visit}/site-requests", {"kind": "more_time", "minutes": 15}))
    with devices.device(PHONE, "dark") as desk:
        devices.sign_in(desk, ROSA, "header")
        row(desk, "The site waits for an answer").get_by_role("button", name="Answer").click()
        grant = desk.page.get_by_role("button", name="Grant 15 min more")
        grant.wait_for()
        looks(desk, "board-answer-phone")
        newest = town.staff.get("/v1/site-requests").json()["items"][0]
        done(town.staff.post(f"/v1/site-requests/{newest['id']}/refuse", {"why": "other"}))
        grant.click()
        desk.page.get_by_role("alert").first.wait_for()
    assert town.staff.get("/v1/site-requests").json()["items"][0]["state"] == "refused"


def test_messages_say_who_wrote_and_are_read_when_shown_also_without_a_job(devices: Devices):
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    job, writer, _ = given(devices, title="Replace pump")
    given(devices, 1, title="Another one")
    done(town.staff.post(f"/v1/jobs/{job['id']}/messages", {"text": "The rear door"}))
    done(writer.post(f"/v1/jobs/{job['id']}/messages", {"text": f"Which door? {CANARY}"}))
    other = town.technician(1)
    person = f"/v1/technicians/{town.world.technicians[1]}/messages"
    done(other.post(person, {"text": "Is there work on Monday?", "client_id": str(town.world.client)}))
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("2 messages not read")
        desk.page.locator("aside").get_by_role("button", name="Replace pump").click()
        said = desk.page.locator(".drawer li")
        expect(said.first).to_contain_text("Technician 0")
        expect(said.first).to_contain_text("in the app, ")
        expect(said.first).to_contain_text(f"Which door? {CANARY}")
        expect(said.nth(1)).to_contain_text("The rear door")
        looks(desk, "board-talk")
        expect(row(desk, "2 messages not read")).to_have_count(0)
        # Who writes without a job is named, read and answered.
        asks = row(desk, "1 message not read")
        asks.get_by_role("button", name="Technician 1").click()
        panel = desk.page.get_by_role("dialog")
        expect(panel).to_contain_text("Is there work on Monday?")
        expect(row(desk, "1 message not read")).to_have_count(0)
        panel.get_by_label("Message").fill("Yes, look at the offers")
        panel.get_by_role("button", name="Send").click()
        expect(panel.locator("li").first).to_contain_text("Yes, look at the offers")
        expect(panel.locator("li").first).to_contain_text("You")
        looks(desk, "board-talk-panel")
        panel.get_by_role("button", name="Close").click()
        desk.sees("Nothing needs you now")
        assert "owned" not in desk.page.title()
    assert other.get(person).json()["items"][0]["text"] == "Yes, look at the offers"


def test_board_and_desk_lead_to_each_other_and_why_not_is_one_press_or_a_name_away(devices: Devices):
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    job, _, _ = given(devices, title="Replace pump")
    draft = town.posted(title="Fix the reader", is_draft=True)
    with devices.device(DESK, locale="es-MX") as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("2 trabajos")
        desk.page.get_by_label("Estado").select_option("Borrador")
        desk.sees("1 trabajo")
        desk.page.locator(".work").get_by_role("button", name=draft["number"], exact=True).wait_for()
        desk.page.get_by_label("Estado").select_option("Todos los estados")
        # To the page of the work order and back to it on the board.
        desk.page.locator(".work").get_by_role("button", name=job["number"], exact=True).click()
        desk.follows("Página de la orden")
        desk.sees("En el tablero")
        assert desk.barriers() == []
        desk.follows("En el tablero")
        expect(desk.page.locator(".drawer h2")).to_contain_text("Replace pump")
        # Of somebody who was asked, and of somebody by a part of their name.
        asked = desk.page.locator(".drawer li").filter(has_text="Technician 3")
        asked.get_by_role("button", name="¿Por qué no?").click()
        one = desk.page.locator(".one")
        expect(one).to_contain_text("Technician 3")
        field = desk.page.get_by_label("Por qué no (nombre o número)")
        expect(field).to_have_value("Technician 3")
        field.fill("technician")
        desk.presses("Buscar")
        desk.page.locator(".several").get_by_role("button", name="Technician 5").click()
        expect(one).to_contain_text("Technician 5")
        looks(desk, "board-whynot-name")
        # What happened is said in words.
        desk.presses("Qué pasó")
        desk.sees("Asignada")
        assert "_" not in desk.page.locator(".drawer .body").inner_text()
        assert "filled" not in desk.page.locator(".drawer .body").inner_text()
        looks(desk, "board-story")
        desk.follows("Mesa de servicio")
        desk.sees("Órdenes de trabajo")
        desk.follows("Tablero")
        desk.sees("Le necesitan")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_who_may_not_assign_drags_nothing_and_reads_why(devices: Devices, size):
    town = devices.town
    add_staff(town, "requester", ROSA, "Rosa Marsh")
    add_staff(town, "dispatcher", OMAR, "Omar Diaz")
    job = town.posted(title="Replace pump")
    for email, can in ((ROSA, False), (OMAR, True)):
        with devices.device(size) as desk:
            devices.sign_in(desk, email, "header")
            desk.opens("/board/")
            desk.page.get_by_role("button", name=job["number"], exact=True).click()
            desk.presses("Timeline")
            desk.presses(f"The day of {job['number']}")
            desk.presses("Close")
            bar = desk.page.locator(".lane button").first
            expect(bar).to_have_attribute("draggable", str(can).lower())
            says = desk.page.get_by_text("Only dispatchers and administrators drag work")
            expect(says).to_have_count(0 if can else 1)
            expect(desk.page.get_by_text("Drag a job to a technician")).to_have_count(1 if can else 0)
            expect(desk.page.get_by_role("button", name="Add a row")).to_have_count(1 if can else 0)
            if not can:
                looks(desk, f"board-requester-{size[0]}")
                assert desk.page.evaluate("document.documentElement.scrollWidth") <= size[0]
