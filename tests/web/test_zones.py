"""Whoever looks from another zone reads the site's clock with its name, and their own beside it, on every face."""

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from browsing import DESK, Device, Devices
from dressed import ADMIN, done, dress
from playwright.sync_api import expect
from points import reckons
from signing import add_staff

ROSA, OLGA = "rosa@acme.example", "olga@truckroll.example"
AFAR = {"timezone_id": "America/New_York"}
#: A moment at the site, and the same at the reader's: an hour later.
BOTH = re.compile(r"\d:\d\d [AP]M\s+C[SD]T\s*\([^)]*\d:\d\d [AP]M here\)")


def looks(device: Device, name: str) -> None:
    if folder := os.environ.get("TRUCKROLL_SHOTS"):
        device.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_technicians_phone_says_the_sites_clock_and_its_own(devices: Devices) -> None:
    town = devices.town
    job, offers = town.offered()
    taker = town.by_id(offers[0].technician_id)
    with devices.device(**AFAR) as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.opens(f"/phone/offers/{offers[0].id}")
        phone.page.get_by_role("button", name=re.compile(r"^Accept 12:00 PM\s+C[SD]T \(1:00 PM here\)$")).click()
        phone.sees("It is yours.")
        phone.heard()
        visit, day = _visit_of(taker), town.world.start.date()
        phone.opens(f"/phone/day/{day}")
        expect(phone.page.get_by_text("leave by")).to_have_text(BOTH)
        phone.opens(f"/phone/visits/{day}/{visit}")
        phone.presses("Another time")
        panel = phone.page.get_by_role("dialog")
        expect(panel.get_by_role("radio").nth(1)).to_have_accessible_name(BOTH)
        panel.get_by_role("radio").nth(1).check()
        expect(panel.locator("button.main")).to_have_text(BOTH)
        looks(phone, "zones-propose")
        panel.locator("button.main").click()
        expect(phone.page.locator(".note", has_text="You proposed").locator(".figures")).to_have_text(BOTH)
        phone.heard()
        phone.presses("Take it back")
        for name in ("On my way", "Check in"):
            phone.presses(name)
        expect(phone.page.get_by_text("since")).to_have_text(BOTH)
        phone.presses("Something happened")
        phone.page.get_by_label("Something was damaged").check()
        phone.page.get_by_label("What you saw").fill("A shelf fell")
        phone.presses("Report it")
        phone.heard()
        expect(phone.page.locator(".note", has_text="Something was damaged").locator(".quiet")).to_have_text(BOTH)
        looks(phone, "zones-visit")
        done(town.staff.post(f"/v1/jobs/{job['id']}/messages", {"text": "The rear door"}))
        phone.opens("/phone/messages")
        expect(phone.page.locator("li .figures")).to_have_text(BOTH)
        phone.follows("Replace drive")
        expect(phone.page.locator(".log .quiet").first).to_have_text(BOTH)
        looks(phone, "zones-talk")
        assert phone.barriers() == []


def _visit_of(taker: Any) -> str:
    [mine] = done(taker.get("/v1/assignments"))["items"]
    return str(mine["visit_id"])


def test_the_boards_timeline_runs_by_the_sites_clock_with_the_readers_below(devices: Devices) -> None:
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    town.app.state.parts.refresh()
    job = town.posted(title="Replace pump")
    with devices.device(DESK, **AFAR) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.presses("Timeline")
        bar = desk.page.locator(".lane").get_by_role("button", name=job["number"])
        # Their today is the site's own, which is a day behind the world's in its night.
        today = datetime.now(ZoneInfo("America/Chicago")).date()
        for _ in range((town.world.start.date() - today).days):
            desk.presses("The day after")
        expect(bar).to_have_accessible_name(re.compile(r"12:00 PM\s+C[SD]T\s+\(1:00 PM here\)"))
        there, here = desk.page.locator(".hours > div").all()
        expect(there).to_contain_text(re.compile(r"^C[SD]T\s*12:00 AM\s*3:00 AM"))
        expect(here).to_contain_text(re.compile(r"^E[SD]T here\s*1:00 AM\s*4:00 AM"))
        # It begins where the clock of the site says noon, not the reader's.
        noon = there.locator("span", has_text="12:00 PM").bounding_box()
        place = bar.bounding_box()
        assert noon
        assert place
        assert abs(noon["x"] - place["x"]) < 3
        looks(desk, "zones-timeline")
        assert desk.barriers() == []


def test_a_morning_says_when_it_was_by_the_sites_clock(devices: Devices) -> None:
    dress(devices.town)
    with devices.device(DESK, **AFAR) as desk:
        devices.sign_in(desk, ADMIN, "nav")
        desk.opens("/desk/morning")
        late = desk.page.locator(".figure", has=desk.page.get_by_text("On time", exact=True))
        late.locator("summary").click()
        expect(late.locator("li").first).to_have_text(BOTH)
        looks(desk, "zones-morning")
        desk.opens("/desk/compliance")
        expect(desk.page.locator("li", has_text="alarm code").first).to_have_text(BOTH)
        looks(desk, "zones-compliance")


def test_an_excuse_says_by_the_sites_clock_when_the_work_was_to_begin(devices: Devices) -> None:
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Marsh")
    add_staff(town, "operator", OLGA, "Olga Berg")
    _job, offers = town.offered(title="Replace pump")
    taker = town.by_id(offers[0].technician_id)
    won = done(taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))
    done(taker.post(f"/v1/assignments/{won['assignment_id']}/back-out", {"why": "unsafe", "words": "Bare wires"}))
    for who, page in ((ROSA, "/desk/reviews"), (OLGA, "/desk/operator/reviews")):
        if who == OLGA:
            with town.world.as_engine() as (session, _):
                session.connection().exec_driver_sql("UPDATE reviews SET due_at = now() - interval '1 minute'")
            reckons(devices)
        with devices.device(DESK, **AFAR) as desk:
            devices.sign_in(desk, who, "nav, header button")
            desk.opens(page)
            begins = desk.page.locator("p", has_text="It was not safe")
            expect(begins).to_have_text(re.compile(r"12:00 PM\s+C[SD]T\s*\(1:00 PM here\)"))
            looks(desk, f"zones-excuse-{who[:4]}")
            assert desk.barriers() == []
