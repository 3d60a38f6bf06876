"""The service department's desk: a work order is posted while the count lives, its page, the list, a table, the map."""

import os
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import done
from playwright.sync_api import Route, expect
from signing import add_staff
from sqlalchemy import insert, select
from unsent import until

from dispatch.record.tables import PoolRow, SiteRow, new_id

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
SHOTS = os.environ.get("TRUCKROLL_DESK_SHOTS")
CANARY = "<img src=x onerror=\"document.title='owned'\">"
ROSA, OMAR = "rosa@acme.example", "omar@acme.example"
CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def office(devices: Devices) -> Devices:
    """The department has its people, and the server's index knows the technicians."""
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    add_staff(devices.town, "requester", OMAR, "Omar Reyes")
    devices.town.app.state.parts.refresh()
    return devices


def shot(desk: Device, name: str) -> None:
    """Keep how it looks, where somebody wants to look."""
    if SHOTS:
        desk.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def field(desk: Device, name: str):
    return desk.page.get_by_label(name, exact=True)


def choice(desk: Device, name: str):
    return desk.page.get_by_role("combobox", name=name, exact=True)


def answer(desk: Device):
    return desk.page.get_by_role("complementary", name="Who may do it")


def fill_in(desk: Device, devices: Devices, title: str = CANARY) -> None:
    """What a requester types, in the order of the page."""
    start = devices.town.world.start.astimezone(CHICAGO)
    field(desk, "Work").fill(title)
    desk.page.get_by_label("Store number, name or town").fill("1147")
    field(desk, "Day").fill(start.strftime("%Y-%m-%d"))
    field(desk, "From").fill(start.strftime("%H:%M"))
    field(desk, "To").fill((start + timedelta(hours=4)).strftime("%H:%M"))
    field(desk, "Sum in USD").fill("140")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_work_order_is_posted_while_the_count_lives(office: Devices, size):
    with office.device(size) as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/post")
        desk.presses("Post it")
        desk.sees("things are still missing")
        assert desk.barriers() == []
        fill_in(desk, office)
        expect(answer(desk).get_by_text("may do it then, of 8 in reach")).to_be_visible()
        # A level above all: it costs everybody, and taking the way on lets them in again.
        choice(desk, "Skills").select_option(label="hvac")
        choice(desk, "Least level of hvac").select_option(label="Level 5")
        expect(answer(desk).get_by_text("for 8 it is the only reason")).to_be_visible()
        shot(desk, f"post-{size[0]}")
        assert desk.barriers() == []
        desk.page.get_by_role("button", name="Take: Ask for HVAC at level 3").click()
        expect(choice(desk, "Least level of hvac")).to_have_value("3")
        expect(answer(desk).locator(".count")).to_have_text("8")
        # A proof is locked: it says so, and no way on does without it.
        desk.page.get_by_label(re.compile("^Proofs")).select_option(label="Background check")
        expect(answer(desk).get_by_text("Locked: nobody can lift it")).to_be_visible()
        expect(answer(desk).get_by_role("button", name=re.compile("proof|background", re.I))).to_have_count(0)
        desk.presses("Leave out Background check")
        # Neither a lost network nor a reload takes what was typed.
        desk.offline(True)
        desk.page.get_by_label("What they should know").fill("Ring at the rear door")
        desk.presses("Post it")
        desk.sees("What you typed is kept on this device")
        desk.offline(False)
        desk.page.reload()
        expect(field(desk, "Work")).to_have_value(CANARY)
        expect(desk.page.get_by_label("What they should know")).to_have_value("Ring at the rear door")
        desk.presses("Post it")
        desk.sees("What happened")
        desk.sees("Ring at the rear door")
        expect(desk.page.get_by_role("heading", name=CANARY)).to_be_visible()
        expect(desk.page).to_have_title(re.compile("Service desk"))
    (job,) = office.town.staff.get("/v1/jobs").json()["items"]
    posted = office.town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert posted["visits"][0]["slots"][0]["needs"]["skills"] == {"hvac": 3}
    assert posted["visits"][0]["window"]["start_at"] == office.town.world.start.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("locale", "number", "taken", "look"),
    [
        ("en-US", "Your work order number", "Another work order has this number: nothing was posted.", "Look at"),
        ("es-US", "Su número de orden", "Otra orden ya tiene este número: no se publicó nada.", "Ver"),
    ],
)
def test_a_number_that_is_taken_posts_nothing_and_says_which_work_order_has_it(
    office: Devices, locale: str, number: str, taken: str, look: str
):
    town = office.town
    here = town.posted(title="The first of this number")
    place = {"store_number": "2001", "name": "Alpine 2", "address": "2 Main St", "town": "Alpine", "region": "TX"}
    place |= {"postcode": "79830", "lat": 30.3585, "lng": -103.661}
    other = town.staff.post("/v1/sites", place)
    assert other.status_code == 201, other.text
    there = town.posted(title="One at another place", site_id=other.json()["id"])
    with office.device(DESK) as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/post")
        fill_in(desk, office, "A new work order")
        desk.sees("of 8 in reach")
        # What was typed stays on this device, whatever the language that the rest is read in.
        kept = desk.page.evaluate("JSON.stringify(localStorage)")
    with office.device(DESK, locale=locale) as desk:
        office.sign_in(desk, OMAR, "header")
        keep = "kept => Object.entries(JSON.parse(kept)).forEach(each => localStorage.setItem(...each))"
        desk.page.evaluate(keep, kept)
        desk.opens("/desk/post")
        own = field(desk, number)
        free = own.input_value()
        # At the same place the API answers with the old work order, at another one with a conflict.
        for held in (here, there):
            own.fill(held["number"])
            desk.page.locator("form button.main").click()
            desk.sees(taken)
            expect(own).to_be_focused()
            expect(own).to_have_attribute("aria-invalid", "true")
            way = desk.page.get_by_role("link", name=re.compile(f"^{look} .{held['title']}"))
            expect(way).to_have_attribute("href", f"/desk/jobs/{held['id']}")
            assert desk.barriers() == []
            # The same once more is the same answer; nothing typed is gone.
            desk.page.locator("form button.main").click()
            expect(own).to_be_focused()
            desk.page.reload()
            expect(own).to_have_value(held["number"])
        shot(desk, "post-taken-1440")
        assert len(town.staff.get("/v1/jobs").json()["items"]) == 2
        own.fill(free)
        desk.page.locator("form button.main").click()
        desk.page.wait_for_url(re.compile("/desk/jobs/"))
        expect(desk.page.get_by_role("heading", name="A new work order")).to_be_visible()
    assert {each["number"] for each in town.staff.get("/v1/jobs").json()["items"]} == {
        here["number"], there["number"], free,
    }  # fmt: skip


def test_what_is_one_of_very_many_is_found_as_one_types(office: Devices):
    client = office.town.world.client
    with office.town.world.as_engine() as (session, now):
        own = dict(session.execute(select(SiteRow.__table__).where(SiteRow.store_number == "1147")).mappings().one())
        del own["point"]
        others = [{**own, "id": new_id(), "store_number": f"9{num:03}", "name": "Kiosk"} for num in range(230)]
        session.execute(insert(SiteRow), others)
        pool = {"client_id": client, "created_at": now}
        session.execute(insert(PoolRow), [{"id": new_id(), "name": f"Crew {num}", **pool} for num in range(201)])
    with office.device() as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/post")
        desk.sees("Crew 0 (0)")
        sought = desk.page.get_by_label("Store number, name or town")
        sought.fill("114")
        offered = desk.page.locator(f"datalist option[value^='1147 · {own['name']}']")
        expect(offered).to_have_count(1)
        sought.fill(offered.get_attribute("value") or "")
        desk.sees(own["address"])
        # It is the same after a reload, though it is not among the newest.
        desk.page.reload()
        expect(sought).to_have_value(re.compile("^1147 · "))
        sought.fill("Nowhere at all")
        desk.sees("No site of yours begins with this number")
        assert desk.barriers() == []
        desk.offline(True)
        sought.fill("kio")
        desk.sees("The server could not be reached")
        desk.offline(False)
        desk.presses("Try again")
        expect(desk.page.locator("datalist option[value*='Kiosk']")).to_have_count(20)


def test_a_template_an_address_and_other_pay(office: Devices):
    with office.device(DESK) as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/post")
        expect(desk.page.get_by_label("Template")).to_have_count(0)
        # A template needs the work and its pay; neither number nor place nor time.
        desk.presses("Keep as a template")
        desk.sees("2 things are still missing")
        expect(field(desk, "Work")).to_be_focused()
        field(desk, "Work").fill("Swap a till")
        choice(desk, "Skills").select_option(label="hvac")
        choice(desk, "Paid").select_option(label="By the device")
        field(desk, "USD a device").fill("25")
        desk.page.get_by_label(re.compile("^Devices expected")).fill("3")
        desk.presses("Keep as a template")
        name = desk.page.get_by_role("dialog").get_by_label("Name of the template")
        expect(name).to_have_value("Swap a till")
        desk.sees("how far around is asked and its budget; not its number, place and time.")
        assert desk.barriers() == []
        name.fill("Till")
        desk.presses("Keep it")
        chosen = desk.page.get_by_label("Template")
        expect(chosen.locator("option:checked")).to_have_text("Till")
        # Its name is taken now.
        desk.presses("Keep as a template")
        name.fill("Till")
        desk.presses("Keep it")
        desk.sees("use a name that none of your templates has")
        desk.presses("Close")
        desk.presses("Start anew")
        expect(field(desk, "Work")).to_have_value("")
        chosen.select_option(label="Till")
        expect(field(desk, "Work")).to_have_value("Swap a till")
        expect(desk.page.get_by_label(re.compile("^Devices expected"))).to_have_value("3")
        desk.page.get_by_role("radio", name="On the map").check()
        desk.page.get_by_role("img", name="Click where the work is").click(position={"x": 260, "y": 330})
        desk.sees("It is added to your sites when you post.")
        expect(field(desk, "State")).to_have_value("TX")
        shot(desk, "post-map-1440")
        assert desk.barriers() == []
        desk.page.get_by_role("radio", name="ZIP code").check()
        desk.page.get_by_role("textbox", name="ZIP code").fill("79830")
        desk.sees("Alpine, TX 79830")
        field(desk, "Street and number").fill("12 Main St")
        expect(answer(desk).get_by_text("of 8 in reach")).to_be_visible()
        desk.page.get_by_label("As soon as possible").check()
        expect(answer(desk).get_by_text("may do it now")).to_be_visible()
        desk.presses("Post it")
        desk.sees("What happened")
        desk.sees("12 Main St")
    (template,) = office.town.staff.get("/v1/templates").json()["items"]
    assert template["job"]["slots"][0]["needs"]["skills"].keys() == {"hvac"}
    (job,) = office.town.staff.get("/v1/jobs").json()["items"]
    posted = office.town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert posted["visits"][0]["slots"][0]["needs"]["skills"].keys() == {"hvac"}
    assert posted["visits"][0]["asked_time"] == "asap"
    assert Decimal(posted["day_policy"]["rates"]["per_device"]) == 25


def test_templates_are_posted_from_whole_renamed_archived_and_taken_back(office: Devices):
    staff = office.town.staff
    item = {"code": "photo", "kind": "photo", "label": "The finished till"}
    slots = [
        {"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}},
        {"role": "helper", "pay": {"amount": "40.00"}},
    ]
    work = {
        "title": "Swap a till", "job_type": "service", "duration_min": 90, "slots": slots, "budget": "Q1",
        "policy": {"reach_km": 240, "wave": {"max_size": 9}}, "deliverables": [item],
    }  # fmt: skip
    made = staff.post("/v1/templates", {"name": "Till", "job": work})
    assert made.status_code == 201, made.text
    with office.device(DESK) as desk, office.device(PHONE, "dark") as phone:
        office.sign_in(desk, OMAR, "header")
        desk.page.get_by_role("navigation").get_by_role("link", name="Templates", exact=True).click()
        desk.sees("1 hr 30 min · 2 people · $140 · HVAC · Q1")
        assert desk.barriers() == []
        shot(desk, "templates-1440")
        desk.presses("Rename: Till")
        desk.page.get_by_role("dialog").get_by_label("Name of the template").fill(CANARY)
        desk.presses("Rename")
        desk.sees(CANARY)
        desk.presses(f"Archive: {CANARY}")
        desk.sees("nobody posts from it")
        desk.sees("No templates yet")
        desk.presses("Take back")
        desk.sees("is in use again")
        desk.presses(f"Archive: {CANARY}")
        desk.page.get_by_label("Archived", exact=True).check()
        desk.presses(f"Take back: {CANARY}")
        desk.sees("Nothing is archived")
        # Somebody renames it while this page is open.
        desk.page.get_by_label("In use", exact=True).check()
        expect(desk.page.get_by_role("button", name=f"Rename: {CANARY}", exact=True)).to_be_visible()
        url = f"/v1/templates/{made.json()['id']}"
        assert staff.patch(url, {"name": "Till"}, staff.get(url).headers["ETag"]).status_code == 200
        desk.presses(f"Rename: {CANARY}")
        desk.page.get_by_role("dialog").get_by_label("Name of the template").fill("Other")
        desk.presses("Rename")
        expect(desk.page.get_by_role("alert")).to_be_visible()
        desk.presses("Close")
        assert staff.get(url).json()["name"] == "Till"
        # Not reached: what was read stays, and it is asked again.
        desk.offline(True)
        desk.page.get_by_label("Archived", exact=True).check()
        desk.sees("The server could not be reached")
        desk.offline(False)
        desk.page.get_by_label("In use", exact=True).check()

        desk.page.get_by_role("link", name="Post: Till", exact=True).click()
        expect(field(desk, "Work")).to_have_value("Swap a till")
        desk.sees("Asked are those within 149 mi.")
        expect(choice(desk, "Budget").locator("option:checked")).to_have_text("Q1, over or gone")
        assert desk.page.url.endswith("/desk/post")
        shot(desk, "post-from-template-1440")
        assert desk.barriers() == []
        choice(desk, "Budget").select_option(label="No budget")
        field(desk, "Sum in USD").fill("150")
        field(desk, "Store number, name or town").fill("1147")
        desk.presses("Post it")
        desk.sees("What happened")
        office.sign_in(phone, OMAR, "header")
        phone.opens("/desk/templates")
        phone.sees("Swap a till")
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shot(phone, "templates-390")
    (job,) = staff.get("/v1/jobs").json()["items"]
    posted = staff.get(f"/v1/jobs/{job['id']}").json()
    assert posted["budget"] is None
    assert posted["policy"]["reach_km"] == 240
    assert posted["policy"]["wave"]["max_size"] == 9
    slots = posted["visits"][0]["slots"]
    assert sorted((each["role"], Decimal(each["pay"]["amount"])) for each in slots) == [
        ("helper", 40),
        ("technician", 150),
    ]
    items = staff.get(f"/v1/jobs/{job['id']}/deliverables").json()["items"]
    assert [each["code"] for each in items] == ["photo"]


def test_the_page_of_a_work_order_from_a_proposal_to_the_change_of_another(office: Devices):
    town = office.town
    job, offers = town.offered(title=CANARY)
    waiting = town.posted()
    asked = {"pay": {"amount": "180.00"}, "reason": "distance", "note": CANARY}
    assert town.by_id(offers[0].technician_id).post(f"/v1/offers/{offers[0].id}/counter", asked).status_code == 201
    with office.device(DESK) as first, office.device(DESK) as second:
        for desk, who in ((first, ROSA), (second, OMAR)):
            office.sign_in(desk, who, "header")
            desk.opens(f"/desk/jobs/{job['id']}")
            desk.sees("proposes")
        assert first.barriers() == []
        shot(first, "job-1440")
        # Both open the same terms; the slower one is told what changed and by whom, and keeps their own words.
        for desk, title in ((first, "Replace the drive"), (second, "Replace both drives")):
            desk.presses("Change")
            desk.page.get_by_role("dialog").get_by_label("Work").fill(title)
        assert second.barriers() == []
        first.presses("Save")
        expect(first.page.get_by_role("heading", name="Replace the drive")).to_be_visible()
        second.presses("Save")
        second.sees("Rosa Marsh changed it at")
        second.sees("the words. Nothing of yours was saved.")
        shot(second, "job-changed-1440")
        assert town.staff.get(f"/v1/jobs/{job['id']}").json()["title"] == "Replace the drive"
        expect(second.page.get_by_role("dialog").get_by_label("Work")).to_have_value("Replace both drives")
        second.presses("Save mine over it")
        expect(second.page.get_by_role("heading", name="Replace both drives")).to_be_visible()
        # Who only posts is not offered what a dispatcher answers.
        second.sees("A dispatcher or administrator answers this.")
        for words in ("Accept these terms", "Stop asking"):
            expect(second.page.get_by_role("button", name=words, exact=True)).to_have_count(0)
        expect(first.page.get_by_role("button", name="Accept these terms", exact=True)).to_have_count(1)
        # Why not somebody; then the proposal is accepted.
        first.page.get_by_label("Name or number").fill("T-00003")
        first.presses("Look")
        first.sees("Already asked")
        first.presses("Accept these terms")
        first.sees("Assigned")
        first.presses("Cancel")
        first.sees("It costs nothing.")
        shot(first, "cancel-1440")
        assert first.barriers() == []
        second.presses("Cancel")
        second.sees("It costs nothing.")
        first.presses("Cancel it")
        first.sees("Cancelled")
        second.presses("Cancel it")
        second.sees("Rosa Marsh was quicker, at ")
        second.sees(": Cancelled. Nothing of yours was done.")
        assert second.barriers() == []
        shot(second, "cancel-overtaken-1440")
        # Before anybody is asked: who may do it, and the score in its parts.
        first.opens(f"/desk/jobs/{waiting['id']}")
        first.page.locator("details summary").first.click()
        first.sees("Travel")
        shot(first, "job-candidates-1440")
        assert first.barriers() == []


def fail_first(desk: Device, held: list[Route]) -> None:
    """The network goes under the question about the first reason, once it was asked."""
    until(desk, lambda: held != [])
    with desk.page.expect_event("requestfailed", lambda each: "why=customer_closed" in each.url):
        held.pop().abort("internetdisconnected")


def test_a_price_of_another_reason_is_never_agreed_to(office: Devices):
    job = office.town.posted()
    with office.device(DESK) as desk:
        office.sign_in(desk, ROSA, "header")
        held: list[Route] = []
        desk.page.route(re.compile("/cancellation\\?why=customer_closed"), lambda each: held.append(each))
        desk.opens(f"/desk/jobs/{job['id']}")
        desk.presses("Cancel")
        panel = desk.page.get_by_role("dialog")
        why, act = panel.get_by_role("combobox"), panel.get_by_role("button", name="Cancel it", exact=True)
        expect(act).to_be_disabled()
        reasons = why.locator("option").evaluate_all("all => all.map(each => each.value)")
        with desk.page.expect_response(re.compile(f"why={reasons[1]}$")):
            why.select_option(reasons[1])
        expect(act).to_be_enabled()
        # The first reason's answer comes now, and it is a failure of another question.
        fail_first(desk, held)
        expect(desk.page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)
        expect(act).to_be_enabled()
        # Another reason, whose price is not here yet: the old one is not agreed to.
        why.select_option("customer_closed")
        expect(act).to_be_disabled()
        expect(desk.page.get_by_text("It costs nothing.")).to_have_count(0)
        fail_first(desk, held)
        desk.sees("The server could not be reached")
        expect(act).to_be_disabled()
        asked: list[str] = []
        desk.page.on("request", lambda each: asked.append(each.url))
        with desk.page.expect_response(re.compile(f"why={reasons[2]}$")):
            why.select_option(reasons[2])
        expect(desk.page.get_by_role("dialog").get_by_role("alert")).to_have_count(0)
        expect(act).to_be_enabled()
        # The page is read anew, and nothing changed: nobody's finger finds the button gone.
        with desk.page.expect_response(re.compile("/candidates\\?")):
            pass
        assert len([each for each in asked if "/cancellation?" in each]) == 1
        act.click()
        desk.sees("Cancelled")


def test_a_question_that_failed_is_not_somebody_out_of_reach(office: Devices):
    job = office.town.posted()
    with office.device(DESK) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens(f"/desk/jobs/{job['id']}")
        desk.page.route(re.compile("/candidates/"), lambda each: each.abort("internetdisconnected"))
        desk.page.get_by_label("Name or number").fill("T-00003")
        desk.presses("Look")
        desk.sees("The server could not be reached")
        expect(desk.page.get_by_text("Not in reach")).to_have_count(0)
        desk.page.unroute(re.compile("/candidates/"))
        desk.presses("Look")
        desk.sees("May do it")
        assert desk.barriers() == []


def test_what_is_agreed_by_the_device_is_shown_and_raised_as_such(office: Devices):
    town = office.town
    job, _ = town.offered(
        day_policy={"rates": {"per_device": "25"}},
        slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "75.00"}}],
    )
    hours = {"fixed_h": "2", "then_hourly": "50", "cap_h": "4"}
    blended = town.posted(day_policy={"rates": hours})
    by_hour = town.posted(day_policy={"rates": {"cap_h": "4"}}, slots=[{"pay": {"kind": "hourly", "amount": "45.00"}}])
    with office.device(PHONE) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens(f"/desk/jobs/{by_hour['id']}")
        desk.sees("$45 an hour")
        desk.sees("No more than 4 hr are paid")
        desk.opens(f"/desk/jobs/{blended['id']}")
        desk.sees("$140 for the first 2 hr, then $50 an hour")
        desk.sees("No more than 4 hr are paid")
        desk.presses("Change")
        expect(field(desk, "Fixed part of the pay in USD")).to_have_value("140")
        desk.presses("Close")
        desk.opens(f"/desk/jobs/{job['id']}")
        desk.sees("$25 for each device that is done, 3 expected")
        desk.presses("Change")
        amount = field(desk, "Pay for each device in USD")
        expect(amount).to_have_value("25")
        amount.fill("30")
        assert desk.barriers() == []
        desk.presses("Save")
        desk.sees("$30 for each device that is done, 3 expected")
        assert desk.barriers() == []
    shown = town.staff.get(f"/v1/jobs/{job['id']}").json()
    assert shown["visits"][0]["slots"][0]["pay"]["amount"] == "90.00"


def test_nobody_took_it_and_the_ways_on(office: Devices):
    town = office.town
    site = f"/v1/sites/{town.world.site}"
    called = {"contact_name": "The night porter", "contact_phone": "+14325550142"}
    assert town.staff.patch(site, called, town.staff.get(site).headers["ETag"]).status_code == 200
    job = town.posted(slots=[{"needs": {"skills": {"hvac": 5}}, "pay": {"amount": "140.00"}}])
    town.world.send_waves()
    with office.device(PHONE) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens("/desk/")
        expect(desk.page.get_by_role("table").get_by_text("Nobody took it")).to_be_visible()
        desk.follows("Replace drive")
        desk.sees("0 were asked")
        desk.sees("Has the skill, below the level wanted")
        shot(desk, "job-unfilled-390")
        assert desk.barriers() == []
        # Each way on opens what it changes, with what the live count proposed filled in.
        desk.page.get_by_role("button", name="Ask further around").get_by_text("could do it").wait_for()
        shot(desk, "job-ways-390")
        desk.page.get_by_role("button", name="Ask further around").click()
        expect(field(desk, "Further around, in miles")).to_be_focused()
        expect(field(desk, "Further around, in miles")).to_have_value("10")
        shot(desk, "job-wider-390")
        assert desk.barriers() == []
        desk.presses("Discard my changes")
        desk.page.get_by_role("button", name="Move the time").click()
        expect(field(desk, "From")).to_be_focused()
        begin = job["visits"][0]["window"]["start_at"][:10]
        assert field(desk, "From").input_value()[:10] > begin
        desk.presses("Discard my changes")
        desk.presses("Call those who are near")
        desk.sees("The night porter")
        expect(desk.page.locator("dialog a[href='tel:+14325550142']")).to_have_count(1)
        shot(desk, "job-call-390")
        assert desk.barriers() == []
        desk.page.keyboard.press("Escape")
        # What was typed outlives a closed panel and a reload, until it is sent.
        desk.presses("Raise the pay")
        expect(field(desk, "Pay in USD")).to_be_focused()
        discard = desk.page.get_by_role("button", name="Discard my changes")
        desk.page.locator("dialog textarea").fill("Bring a ladder")
        expect(discard).to_be_visible()
        desk.presses("Close")
        desk.page.reload()
        desk.presses("Raise the pay")
        expect(desk.page.locator("dialog textarea")).to_have_value("Bring a ladder")
        desk.sees("What you typed before is here.")
        desk.presses("Begin anew")
        expect(desk.page.locator("dialog textarea")).to_have_value("")
        expect(discard).to_have_count(0)
        field(desk, "Pay in USD").fill("190,50")
        desk.sees("people are asked anew")
        desk.presses("Save")
        desk.sees("$190.50")
    assert town.staff.get(f"/v1/jobs/{job['id']}").json()["state"] == "open"


@pytest.mark.parametrize(("size", "scheme"), LOOKS if LONG or SHOTS else LOOKS[:1])
def test_the_list_finds_and_says_when_there_is_none(office: Devices, size, scheme):
    with office.device(size, scheme) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens("/desk/")
        desk.sees("No work orders yet")
        office.town.offered(title=CANARY, number="WO-1")
        office.town.posted(number="WO-2", is_draft=True)
        desk.page.reload()
        desk.sees("WO-2")
        shot(desk, f"list-{size[0]}-{scheme}")
        assert desk.barriers() == []
        choice(desk, "State").select_option(label="Draft")
        expect(desk.page.get_by_text("WO-1")).to_have_count(0)
        desk.page.get_by_label("Work order number").fill("WO-1")
        desk.page.get_by_label("Work order number").press("Enter")
        desk.sees("No work order matches")
        assert desk.barriers() == []
        desk.presses("Show all")
        desk.sees("WO-1")
        desk.opens("/desk/jobs/0197b0de-0000-7000-8000-000000000001")
        desk.sees("This work order is not there")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_table_shows_its_bad_cells_and_is_posted_whole(office: Devices, size):
    start = office.town.world.start.astimezone(CHICAGO)
    when = [(start + timedelta(hours=each)).strftime("%Y-%m-%d %H:%M") for each in (0, 4)]
    names = "number,store_number,title,job_type,start,end,duration_min,skills,pay"
    line = "{},1147,{},hardware,{},{},60,hvac:2,{}".format
    table = "\n".join(
        (names, line("UP-1", CANARY.replace('"', ""), *when, "140"), line("UP-2", "Fix it", *when, "a lot"))
    )
    with office.device(size) as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/upload")
        desk.page.get_by_label("CSV file").set_input_files(
            files=[{"name": "jobs.csv", "mimeType": "text/csv", "buffer": table.encode()}]
        )
        desk.sees("One field cannot be used. Nothing is posted.")
        desk.sees("Write a sum such as 140.00")
        expect(desk.page.get_by_label("pay, line 3")).to_be_in_viewport()
        shot(desk, f"upload-{size[0]}")
        assert desk.barriers() == []
        desk.page.get_by_label("pay, line 3").fill("155")
        desk.presses("Look again")
        desk.sees("2 work orders are ready.")
        assert office.town.staff.get("/v1/jobs").json()["items"] == []
        desk.presses("Post 2 work orders")
        desk.sees("2 work orders were posted.")
        assert desk.barriers() == []
    assert len(office.town.staff.get("/v1/jobs").json()["items"]) == 2


def test_what_is_wrong_with_a_table_is_said_in_the_readers_language(office: Devices):
    with office.device(DESK, locale="es-US") as desk:
        office.sign_in(desk, OMAR, "header")
        desk.opens("/desk/upload")
        when = "2027-03-01 09:00,2027-03-01 13:00,60,hvac:2"
        lines = [
            "number,store_number,title,job_type,start,end,duration_min,skills,pay",
            f"UP-1,0000,Fix it,hardware,{when},140",
            f"UP-1,1147,Fix it,hardware,{when},a lot",
        ]
        desk.page.get_by_role("textbox").fill("\n".join(lines))
        desk.page.locator("main form button.main").click()
        desk.sees("Ninguno de sus lugares tiene este número de tienda")
        desk.sees("Una línea anterior tiene el mismo número")
        desk.sees("Escriba una suma como 140.00")
        assert desk.barriers() == []


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_where_people_may_be_asked_and_what_removes_them(office: Devices, size):
    with office.device(size) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens("/desk/coverage")
        cell = desk.page.get_by_role("button", name=re.compile("Your sites: 1"))
        expect(cell).to_contain_text("8")
        choice(desk, "Skills").select_option(label="drones")
        expect(cell).to_contain_text("Lacks a skill")
        cell.click()
        desk.sees("In reach: 8.")
        shot(desk, f"coverage-{size[0]}")
        assert desk.barriers() == []
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        # Whoever rests is so on any day, and no moment is named.
        me = f"/v1/technicians/{office.town.world.technicians[0]}"
        assert office.town.technician().post(f"{me}/pause").status_code == 200
        office.town.app.state.parts.refresh()
        desk.opens("/desk/coverage")
        expect(cell.get_by_text("Not available", exact=True)).to_be_visible()


def test_another_start_and_pay_of_work_that_somebody_has_is_asked_of_them(office: Devices):
    town = office.town
    job, offers = town.offered(title="Replace drive")
    caller = town.by_id(offers[0].technician_id)
    won = done(caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))
    with office.device(DESK) as desk:
        office.sign_in(desk, ROSA, "header")
        desk.opens(f"/desk/jobs/{job['id']}")
        desk.presses("Change")
        expect(desk.page.get_by_label("Further around, in miles")).to_have_count(0)
        begin = datetime.fromisoformat(field(desk, "From").input_value())
        field(desk, "From").fill((begin + timedelta(hours=1)).isoformat(timespec="minutes"))
        field(desk, "Pay in USD").fill("155")
        desk.sees("the technician is asked whether a new time or pay suits")
        assert desk.barriers() == []
        desk.presses("Ask the technician")
        expect(desk.page.get_by_role("dialog")).to_have_count(0)
    [asked] = done(caller.get(f"/v1/visits/{won['visit_id']}/proposals"))["items"]
    assert (asked["by_side"], asked["state"], asked["pay"]["amount"]) == ("client", "open", "155.00")
    before = done(town.staff.get(f"/v1/jobs/{job['id']}"))["visits"][0]["planned_start_at"]
    assert datetime.fromisoformat(asked["start_at"]) == datetime.fromisoformat(before) + timedelta(hours=1)
    done(caller.post(f"/v1/proposals/{asked['id']}/accept"))
    assert done(town.staff.get(f"/v1/jobs/{job['id']}"))["visits"][0]["planned_start_at"] == asked["start_at"]
