"""A dispatcher's board: what needs a person, the work in three views, why and why not, and two dispatchers at once."""

import json
import os
from pathlib import Path
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Device, Devices
from playwright.sync_api import expect
from signing import add_staff

from dispatch.record.relay import relay
from dispatch.record.session import ENGINE
from dispatch.visits.alarms import raise_alarm

ROSA = "rosa@acme.example"
CANARY = "=<img src=x onerror=\"document.title='owned'\">"
SHOTS = os.environ.get("TRUCKROLL_SHOTS")


def looks(device: Device, name: str) -> None:
    """Keep a picture for whoever wants to look, and find no barrier."""
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}.png")
    assert (name, device.barriers()) == (name, [])


def relayed(devices: Devices) -> None:
    """What the dispatcher's worker does: number what was committed, and ring."""
    with devices.town.world.as_engine() as (session, _):
        relay(session)


def chooses(device: Device, number: str) -> None:
    device.page.locator(".work").get_by_role("button", name=number, exact=True).click()
    device.page.locator(".drawer").wait_for()


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_what_needs_a_person_comes_first_and_every_view_can_be_used(devices: Devices, size, scheme):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job, _ = devices.town.offered(title=CANARY)
    devices.town.posted(title="Replace pump")
    with devices.town.world.as_engine() as (session, now):
        about = {"client_id": devices.town.world.client, "job_id": UUID(job["id"]), "due_at": now, "now": now}
        raise_alarm(session, ENGINE, "unassigned_soon", **about)
    with devices.device(size, scheme) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("Needs you (1)")
        desk.sees("Nobody has it, and it starts soon")
        desk.sees("2 jobs")
        looks(desk, f"board-list-{size[0]}-{scheme}")
        desk.page.locator("aside").get_by_role("button", name=CANARY).click()
        desk.sees("Asked")
        # Who was asked already is asked no more; of the other job nobody was.
        desk.presses("Why this one")
        desk.sees(" in reach, ")
        pump = desk.page.locator(".work tr").filter(has_text="Replace pump").get_by_role("button")
        pump.click()
        desk.presses("Why this one")
        desk.sees("8 may do it")
        looks(desk, f"board-why-{size[0]}-{scheme}")
        desk.presses("Why not …")
        desk.page.get_by_label("Why not number").fill("nobody")
        desk.presses("Look up")
        desk.sees("Nobody in reach has this number.")
        looks(desk, f"board-whynot-{size[0]}-{scheme}")
        desk.presses("What happened")
        desk.sees("Posted")
        desk.presses("Timeline")
        desk.sees("Nothing on this day")
        looks(desk, f"board-timeline-{size[0]}-{scheme}")
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert "owned" not in desk.page.title()


def test_the_board_moves_without_a_reload_and_says_when_it_cannot(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job, offers = devices.town.offered(mode="manual")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("1 job")
        desk.sees("Live")
        # Another job appears; somebody says yes and is given the work.
        devices.town.posted(title="Another one")
        relayed(devices)
        desk.sees("2 jobs")
        taker = devices.town.by_id(offers[0].technician_id)
        assert taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code in (200, 202)
        relayed(devices)
        chooses(desk, job["number"])
        desk.page.get_by_role("button", name="Assign ").click()
        expect(desk.page.locator(".facts strong")).to_have_text("Assigned")
        # What was typed stays when another job is looked at, and the line breaks.
        desk.presses("Messages")
        desk.page.get_by_label("Message").fill("The door is locked")
        desk.offline(True)
        desk.presses("Send")
        desk.sees("The server could not be reached")
        desk.sees("Not live: as of")
        looks(desk, "board-stale")
        desk.presses("Close")
        chooses(desk, job["number"])
        desk.presses("Messages")
        expect(desk.page.get_by_label("Message")).to_have_value("The door is locked")
        desk.offline(False)
        desk.sees("Live")
        desk.presses("Send")
        expect(desk.page.locator(".drawer li p")).to_have_text("The door is locked")
        # Reopened with a reason: it is asked for again.
        desk.presses("Reopen")
        expect(desk.page.locator(".facts strong")).to_have_text("Open")


def test_the_board_is_used_with_the_keyboard_and_what_is_seen_is_taken_along(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    first, second = devices.town.posted(title=CANARY), devices.town.posted(title="Replace pump")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("2 jobs")
        keyboard = desk.page.keyboard
        keyboard.press("?")
        desk.sees("Next and previous row")
        looks(desk, "board-keys")
        keyboard.press("Escape")
        chosen = []
        for key in ("j", "j", "k"):
            keyboard.press(key)
            chosen.append(desk.page.locator(".drawer h2").inner_text().split()[0])
        assert chosen[0] == chosen[2]
        assert {*chosen} == {first["number"], second["number"]}
        keyboard.press("Escape")
        expect(desk.page.locator(".drawer")).to_have_count(0)
        with desk.page.expect_download() as told:
            desk.presses("CSV")
        rows = Path(told.value.path()).read_text().split("\r\n")
        assert any("'=<img" in row for row in rows)
        keyboard.press("/")
        keyboard.type("pump")
        desk.sees("1 job")
        with desk.page.expect_download() as told:
            desk.presses("GeoJSON")
        (feature,) = json.loads(Path(told.value.path()).read_text())["features"]
        assert feature["id"] == second["id"]
