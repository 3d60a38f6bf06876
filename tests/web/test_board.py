"""A dispatcher's board: what needs a person, the work in three views, why and why not, and two dispatchers at once."""

import json
import os
from pathlib import Path
from uuid import UUID

import pytest
from browsing import DESK, PATIENCE_MS, PHONE, Device, Devices
from dressed import done
from playwright.sync_api import Locator, expect
from relaying import relayed
from signing import add_staff
from sqlalchemy import update

from dispatch.record.session import ENGINE
from dispatch.record.tables import TechnicianSkillRow
from dispatch.visits.alarms import raise_alarm

ROSA, OMAR = "rosa@acme.example", "omar@acme.example"
CANARY = "=<img src=x onerror=\"document.title='owned'\">"
#: All lanes at once, with the drawer open.
TALL = (1440, 1300)
SHOTS = os.environ.get("TRUCKROLL_SHOTS")
#: Of the map 300 pixels at least, above what is said of a job.
MAP_IS_IN_SIGHT = """() => {
    const [map, drawer] = ['.map figure', '.drawer'].map((each) => document.querySelector(each).getBoundingClientRect())
    return Math.min(map.bottom, drawer.top) - Math.max(0, map.top) >= 300
}"""


def looks(device: Device, name: str) -> None:
    """Keep a picture for whoever wants to look, and find no barrier."""
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"{name}.png")
    assert (name, device.barriers()) == (name, [])


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
        desk.page.get_by_label("Why not name or number").fill("nobody")
        desk.presses("Look up")
        desk.sees("Nobody in reach has this name or number.")
        looks(desk, f"board-whynot-{size[0]}-{scheme}")
        desk.presses("What happened")
        desk.sees("Posted")
        desk.presses("Timeline")
        desk.sees("Nothing on this day")
        # On a phone the timeline is seen at once: what needs a person is its number until somebody opens it.
        if size == PHONE:
            expect(desk.page.locator("aside li")).to_have_count(0)
            desk.presses("Needs you (1)")
            desk.sees("Nobody has it, and it starts soon")
            desk.presses("Needs you (1)")
        looks(desk, f"board-timeline-{size[0]}-{scheme}")
        desk.presses("Map")
        desk.page.locator("[data-people]").first.wait_for()
        # Where one is, though no border of a state is near; and what is said of a job leaves the map in sight.
        desk.sees("Near Alpine, TX")
        expect(desk.page.locator("[data-name=town]").filter(has_text="Alpine")).to_have_count(1)
        desk.page.locator("path.county").wait_for(state="attached")
        desk.page.wait_for_function(MAP_IS_IN_SIGHT)
        looks(desk, f"board-map-{size[0]}-{scheme}")
        desk.presses("Close")
        expect(desk.page.locator(".drawer")).to_have_count(0)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert "owned" not in desk.page.title()


def test_the_board_moves_without_a_reload_and_says_when_it_cannot(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job, offers = devices.town.offered(mode="manual")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("1 job")
        is_live(desk)
        # Another job appears; somebody says yes and is given the work.
        devices.town.posted(title="Another one")
        relayed(devices.town)
        desk.sees("2 jobs")
        taker = devices.town.by_id(offers[0].technician_id)
        assert taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code in (200, 202)
        relayed(devices.town)
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
        desk.presses("Nudge")
        nudged = f"The door is locked\nPlease look at {job['number']}: we wait for a word from you."
        expect(desk.page.get_by_label("Message")).to_have_value(nudged)
        desk.page.get_by_label("Message").fill("The door is locked")
        desk.offline(False)
        is_live(desk)
        desk.presses("Send")
        expect(desk.page.locator(".drawer li p")).to_have_text("The door is locked")
        # Reopened with a reason: it is asked for again.
        expect(desk.page.get_by_text("Reopening takes it from Technician")).to_contain_text("the backup first")
        desk.presses("Reopen")
        expect(desk.page.locator(".facts strong")).to_have_text("Open")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_job_that_leaves_while_it_is_looked_at_is_told_apart_from_one_that_never_was_here(devices: Devices, size):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    job, _ = devices.town.offered(title="Replace pump")
    with devices.device(size) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.opens(f"/board/?job={job['id']}")
        head = desk.page.get_by_role("heading", level=2, name="Replace pump")
        expect(head).to_be_visible()
        is_live(desk)
        done(devices.town.staff.post(f"/v1/jobs/{job['id']}/cancel", {"why": "duplicate"}))
        relayed(devices.town)
        desk.sees("This job is not on the board any more")
        desk.sees("Its own page says what became of it.")
        looks(desk, f"board-gone-{size[0]}")
        desk.opens(f"/board/?job={job['id']}")
        not_here = desk.page.get_by_role("heading", level=2, name="This job is not on the board", exact=True)
        expect(not_here).to_be_visible()
        desk.sees("This is over, or not for you.")
        looks(desk, f"board-not-here-{size[0]}")
        desk.page.get_by_role("link", name="Page of the work order").click()
        desk.sees("Cancelled")


def test_who_was_assigned_is_taken_back_with_what_that_means_or_it_is_too_late(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    jobs = []
    for title in ("Replace pump", "Replace fan"):
        job, offers = devices.town.offered(mode="manual", title=title)
        yes = devices.town.by_id(offers[0].technician_id).post(
            f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}
        )
        assert yes.status_code in (200, 202), yes.text
        jobs.append(job)
    relayed(devices.town)
    first, second = jobs
    of_job = "/v1/assignments?state=live&job_id="
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        chooses(desk, first["number"])
        desk.page.get_by_role("button", name="Assign ").click()
        desk.sees("They were told that they have it, and may have confirmed.")
        desk.sees("Nothing is owed for it now.")
        assert len(devices.town.staff.get(of_job + first["id"]).json()["items"]) == 1
        looks(desk, "board-assigned-undo")
        desk.presses("Undo")
        desk.sees("Taken back.")
        expect(desk.page.locator(".facts strong")).to_have_text("Open")
        assert devices.town.staff.get(of_job + first["id"]).json()["items"] == []
        # Somebody else has released them meanwhile: the truth, and nothing done twice.
        chooses(desk, second["number"])
        desk.page.get_by_role("button", name="Assign ").click()
        desk.sees("They were told that they have it, and may have confirmed.")
        (given,) = devices.town.staff.get(of_job + second["id"]).json()["items"]
        released = devices.town.staff.post(f"/v1/assignments/{given['id']}/release", {"why": "late"})
        assert released.status_code == 200, released.text
        desk.presses("Undo")
        desk.sees("It cannot be taken back any more: it went on meanwhile.")


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
        expect(desk.page.locator("dialog")).to_have_count(0)
        # Down to the first row and to the one below it, and up again.
        numbers = desk.page.locator(".work [data-row]").all_inner_texts()
        assert {*numbers} == {first["number"], second["number"]}
        for key, number in zip("jjk", [*numbers, numbers[0]], strict=True):
            keyboard.press(key)
            expect(desk.page.locator(".drawer h2")).to_contain_text(number)
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


def test_who_moves_a_job_that_somebody_moved_is_told_who_did_and_overwrites_nothing(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    add_staff(devices.town, "dispatcher", OMAR, "Omar Diaz")
    job = devices.town.posted()
    with devices.device(DESK) as rosa, devices.device(DESK) as omar:
        for each, email in ((rosa, ROSA), (omar, OMAR)):
            devices.sign_in(each, email, "header")
            chooses(each, job["number"])
        rosa.presses("24 hours later")
        omar.presses("1 hour later")
        omar.sees("8 may do it")
        omar.presses("Move")
        omar.sees("Done.")
        # The way back is there for ten seconds: nothing that takes long comes before it.
        omar.presses("Undo")
        omar.sees("Taken back.")
        rosa.presses("Move")
        rosa.sees("Omar Diaz changed it meanwhile: The terms were changed")
        looks(rosa, "board-overtaken")
    events = done(devices.town.staff.get(f"/v1/jobs/{job['id']}/events"))["items"]
    by = [each["actor_name"] for each in events if each["kind"] == "terms_changed"]
    assert by == ["Omar Diaz", "Omar Diaz"], "there and back, and nothing of Rosa's"
    assert window(devices, job) == job["visits"][0]["window"]


def test_a_job_is_dragged_to_a_technician_and_to_another_time_and_back(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    devices.town.app.state.parts.refresh()
    job = devices.town.posted(title="Replace pump", day_policy={"rates": {"after_hours_share": "0.5"}})
    with devices.device(TALL) as desk:
        devices.sign_in(desk, ROSA, "header")
        chooses(desk, job["number"])
        desk.presses("Timeline")
        desk.presses(f"The day of {job['number']}")
        desk.presses("Close")
        ghost = desk.page.locator(".ghost")
        desk.page.locator(".lane button").click()
        lane(desk, "Technician 3").wait_for()
        # Over somebody: what the rules say and what comes of it, before it is let go.
        holds(desk, job, "Technician 3")
        expect(ghost).to_contain_text("may do it")
        expect(ghost).to_contain_text("Let go: Technician 3 is asked first, for 15 minutes")
        looks(desk, "board-ghost")
        desk.page.mouse.up()
        desk.sees("Asked by name")
        assert asked(devices, job) == {"Technician 3": "sent"}
        # The way back is there for ten seconds: nothing that takes long comes before it.
        desk.presses("Undo")
        desk.sees("Taken back")
        looks(desk, "board-asked")
        assert asked(devices, job) == {"Technician 3": "withdrawn"}
        # To another time, when it costs half as much again.
        holds(desk, job, "Nobody yet", hours=8)
        expect(ghost).to_contain_text("Let go: it is moved")
        expect(ghost).to_contain_text("+$")
        looks(desk, "board-ghost-time")
        desk.page.mouse.up()
        desk.sees("Done.")
        assert window(devices, job) != job["visits"][0]["window"]
        desk.presses("Undo")
        is_back(desk, devices, job)
        # Somebody says yes: to another technician it is reopened first, to another time they are asked.
        taker = devices.town.world.technicians[2]
        offer = devices.town.staff.post(f"/v1/jobs/{job['id']}/offers", {"technician_id": str(taker)}).json()
        yes = devices.town.by_id(taker).post(
            f"/v1/offers/{offer['id']}/accept", {"terms_version": offer["terms_version"]}
        )
        assert yes.status_code == 200, yes.text
        relayed(devices.town)
        lane(desk, "Technician 2").get_by_role("button", name=job["number"]).wait_for()
        holds(desk, job, "Technician 2", hours=1)
        expect(ghost).to_contain_text("Let go: Technician 2 is asked whether this time suits")
        desk.page.mouse.up()
        desk.sees("Done.")
        (proposal,) = devices.town.staff.get("/v1/proposals").json()["items"]
        assert (proposal["state"], proposal["kind"], proposal["by_side"]) == ("open", "time", "client")
        assert proposal["technician_id"] == str(taker)


def test_what_may_be_overridden_is_with_a_reason_and_what_is_locked_says_so(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    low = devices.town.world.technicians[6]
    with devices.town.world.as_engine() as (session, _):
        session.execute(update(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == low).values(level=1))
    devices.town.app.state.parts.refresh()
    job = devices.town.posted(title="Replace pump")
    needs = {"skills": {"hvac": 1}, "credentials": ["background_check"]}
    locked = devices.town.posted(title="Behind the door", slots=[{"needs": needs, "pay": {"amount": "140.00"}}])
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        # With the keyboard alone: the row, the tab, the number, the reason.
        chooses(desk, job["number"])
        desk.page.get_by_role("button", name="Why not …").focus()
        desk.page.keyboard.press("Enter")
        desk.page.get_by_label("Why not name or number").focus()
        desk.page.keyboard.type("T-00006")
        desk.page.keyboard.press("Enter")
        desk.page.locator(".one").wait_for()
        looks(desk, "board-override")
        desk.page.locator(".one select").first.select_option("nobody_else")
        desk.page.get_by_role("button", name="Ask Technician 6 all the same").focus()
        desk.page.keyboard.press("Enter")
        desk.sees("Done.")
        desk.presses("What happened")
        desk.sees("set aside: has the skill below the level (Nobody else in time)")
        desk.sees("Rosa Marsh")
        looks(desk, "board-story")
        chooses(desk, locked["number"])
        desk.presses("Why not …")
        desk.page.get_by_label("Why not name or number").fill("T-00000")
        desk.presses("Look up")
        desk.sees("Law, insurance, clearance, limits and blocks are locked")
        expect(desk.page.get_by_role("button", name="Ask Technician 0")).to_have_count(0)
        looks(desk, "board-locked")


def test_a_job_dragged_to_somebody_whom_a_rule_keeps_out_is_theirs_to_answer_with_a_reason(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    low = devices.town.world.technicians[6]
    with devices.town.world.as_engine() as (session, _):
        session.execute(update(TechnicianSkillRow).where(TechnicianSkillRow.technician_id == low).values(level=1))
    devices.town.app.state.parts.refresh()
    job = devices.town.posted(title="Replace pump")
    with devices.device(TALL) as desk:
        devices.sign_in(desk, ROSA, "header")
        chooses(desk, job["number"])
        desk.presses("Timeline")
        desk.presses(f"The day of {job['number']}")
        desk.presses("Close")
        desk.page.locator(".lane button").click()
        lane(desk, "Technician 3").wait_for()
        # Who may not do it is none of the best: their row is asked for, by a number that is nobody's, then by name.
        expect(lane(desk, "Technician 6")).to_have_count(0)
        by = desk.page.get_by_label("Technician by name or number")
        by.fill("T-nobody")
        desk.presses("Add a row")
        desk.sees("Nobody whom you may ask has this name or number.")
        by.fill("technician 6")
        desk.presses("Add a row")
        lane(desk, "Technician 6").wait_for()
        looks(desk, "board-lane-added")
        # Held over them for an hour later: which rule is in the way is said before it is let go.
        holds(desk, job, "Technician 6", hours=1)
        ghost = desk.page.locator(".ghost")
        expect(ghost).to_contain_text("Let go: Technician 6 can be asked all the same, with a reason")
        expect(ghost).to_contain_text("has the skill below the level")
        desk.page.mouse.up()
        panel = desk.page.get_by_role("dialog")
        expect(panel).to_contain_text("They are asked, not booked.")
        looks(desk, "board-override-dropped")
        before = window(devices, job)
        panel.locator("select").first.select_option("nobody_else")
        panel.get_by_role("button", name="Ask Technician 6 all the same").click()
        expect(panel).to_have_count(0)
        # The row changed: it is an hour later, and its drawer names whom it was asked.
        desk.sees("Done.")
        desk.presses("Asked")
        expect(desk.page.locator(".drawer .body")).to_contain_text("Technician 6")
        assert asked(devices, job)["Technician 6"] == "sent"
        assert window(devices, job) != before == job["visits"][0]["window"]
        desk.presses("What happened")
        desk.sees("set aside: has the skill below the level (Nobody else in time)")


def test_the_map_shows_the_same_work_with_shapes_words_and_counts(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    devices.town.app.state.parts.refresh()
    first, second = devices.town.posted(title="Replace pump"), devices.town.posted(title=CANARY)
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        desk.sees("2 jobs")
        desk.presses("Map")
        desk.page.locator("[data-spot='2']").wait_for()
        expect(desk.page.locator("figure [data-spot]")).to_have_count(1)
        desk.page.locator("input[type=search]").fill("pump")
        shape = desk.page.locator("figure [data-spot='1']")
        expect(shape).to_contain_text(f"{first['number']} Open")
        shape.locator("path").first.click()
        expect(desk.page.locator(".drawer h2")).to_contain_text(first["number"])
        # Who could do it, with the way, by their cells: eight within eight kilometres stand in few places.
        expect(desk.page.locator("[data-people] text").first).to_contain_text("min")
        people = desk.page.locator("[data-people]").evaluate_all("all => all.map((one) => Number(one.dataset.people))")
        assert sum(people) == 8
        assert len(people) < 8
        looks(desk, "board-map-chosen")
        desk.page.locator("input[type=search]").fill("")
        expect(desk.page.locator("figure [data-spot]")).to_have_count(2)
        desk.presses("List")
        chosen = desk.page.locator(".work tr.chosen")
        expect(chosen).to_contain_text(first["number"])
        assert "owned" not in desk.page.title()
        assert second["number"] in desk.page.locator(".work").inner_text()


def test_what_is_at_risk_is_said_in_words_and_a_work_order_is_printed(devices: Devices):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    about = {"access": "Ring twice", "contact_name": "Dana Site", "contact_phone": "+14325550199"}
    site = f"/v1/sites/{devices.town.world.site}"
    assert devices.town.staff.patch(site, about, devices.town.staff.get(site).headers.get("ETag")).status_code == 200
    clean = {"code": "clean", "kind": "check", "label": "The place is clean", "is_required": False}
    job = devices.town.posted(title="Replace pump", description="Mind the shelf", deliverables=[clean])
    devices.town.posted(title="Sweep yard")
    drive = {"item": "Drive", "quantity": 2, "state": "ordered", "carrier": "UPS", "note": "In the crate"}
    assert devices.town.staff.post(f"/v1/jobs/{job['id']}/parts", drive).status_code == 201
    visit = UUID(job["visits"][0]["id"])
    with devices.town.world.as_engine() as (session, now):
        about = {"client_id": devices.town.world.client, "job_id": UUID(job["id"]), "visit_id": visit, "now": now}
        for kind in ("not_confirmed", "not_left", "credential_expiring", "unassigned_soon"):
            raise_alarm(session, ENGINE, kind, due_at=now, **about)
    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "header")
        row = desk.page.locator(".work tr").filter(has_text="Replace pump")
        for words in ("Late to confirm", "Late to leave", "A proof ends before the visit", "Window closing"):
            expect(row).to_contain_text(words)
            desk.sees(words)
        looks(desk, "board-risks")
        desk.page.get_by_label("Only with trouble").check()
        expect(desk.page.locator(".work tr").filter(has_text="Sweep yard")).to_have_count(0)
        expect(row).to_be_visible()
        desk.presses("Map")
        expect(desk.page.locator("[data-spot] title")).to_contain_text("Late to leave")
        row_of = f"The day of {job['number']}"
        desk.page.locator("[data-spot] .many, [data-spot] path").first.dispatch_event("click", {"bubbles": True})
        desk.presses("Timeline")
        desk.presses(row_of)
        expect(desk.page.get_by_role("button", name=row_of)).to_have_count(0)
        bar = desk.page.locator(".lane button").filter(has_text=job["number"])
        expect(bar).to_contain_text("Late to leave")
        assert "A proof ends before the visit" in (bar.get_attribute("title") or "")
        desk.presses("List")
        desk.page.get_by_label("Only with trouble").uncheck()
        chooses(desk, job["number"])
        desk.page.evaluate("window.print = () => { window.printed = true }")
        desk.presses("Print work order")
        desk.page.wait_for_function("window.printed")
        desk.page.emulate_media(media="print")
        expect(desk.page.locator(".drawer h2")).to_contain_text(f"{job['number']} Replace pump")
        expect(desk.page.locator(".facts")).to_contain_text("Store 1147, Alpine, TX")
        paper = desk.page.locator(".order")
        place = job["place"]
        for words in (place["address"], place["postcode"], "Ring twice", "Dana Site", "+14325550199", "Mind the shelf"):
            expect(paper).to_contain_text(words)
        for words in ("2 hr of work", "$140 for the visit", "level 2", "The place is clean"):
            expect(paper).to_contain_text(words)
        for words in ("Drive: ordered, UPS", "In the crate"):
            expect(paper).to_contain_text(words)
        for hidden in ("aside", ".work", ".drawer .tabs", ".drawer .body", ".moves"):
            expect(desk.page.locator(hidden)).to_be_hidden()
        if SHOTS:
            desk.page.pdf(path=Path(SHOTS) / "order.pdf", format="Letter")
        looks(desk, "board-print")


def is_live(device: Device) -> None:
    """Wait for the board to say so; "Not live" is something else."""
    expect(device.page.locator(".tools [role=status]")).to_have_text("Live")


def lane(device: Device, name: str) -> Locator:
    return device.page.locator("li").filter(has=device.page.locator(".who", has_text=name))


def holds(device: Device, job: dict, over: str, hours: float = 0) -> None:
    """Take a job's bar and hold it over somebody's lane, so many hours later; let go with the mouse's button."""
    bar = device.page.locator(".lane").get_by_role("button", name=job["number"])
    target = lane(device, over).locator(".lane")
    bar.hover(position={"x": 10, "y": 10})  # only once it stands still
    taken, place = bar.bounding_box(), target.bounding_box()
    assert taken
    assert place
    mouse = device.page.mouse
    mouse.move(taken["x"] + 10, taken["y"] + taken["height"] / 2)
    mouse.down()
    x = taken["x"] + 10 + hours * place["width"] / 24
    mouse.move(x, place["y"] + 10, steps=4)
    mouse.move(x, place["y"] + place["height"] / 2, steps=2)


def is_back(device: Device, devices: Devices, job: dict) -> None:
    """Wait until the job's window is what it was."""
    for _ in range(PATIENCE_MS // 100):
        if window(devices, job) == job["visits"][0]["window"]:
            return
        device.page.wait_for_timeout(100)
    raise AssertionError(device.page.locator(".drawer").inner_text())


def asked(devices: Devices, job: dict) -> dict[str, str]:
    items = devices.town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"]
    return {each["technician"]["name"]: each["state"] for each in items}


def window(devices: Devices, job: dict) -> dict:
    return devices.town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["window"]
