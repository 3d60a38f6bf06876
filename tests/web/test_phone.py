"""A technician's phone: signed in by a link, asked, answering with and without a network, then the day itself."""

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from browsing import DESK, PHONE, Device, Devices
from playwright.sync_api import Route, expect

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
FEW = {"wave": {"min_size": 2, "max_size": 2, "target": 0.01, "explore_share": 0, "answer_s": 3600}}
CANARY = "<img src=x onerror=\"document.title='owned'\">"


def holder(devices: Devices, job: str) -> UUID | None:
    """Who has the job, as the record says."""
    (slot,) = devices.town.staff.get(f"/v1/jobs/{job}").json()["visits"][0]["slots"]
    return UUID(slot["technician"]["id"]) if slot["technician"] else None


def test_a_yes_that_was_said_without_a_network_wins_when_it_comes_back(devices: Devices):
    job, offers = devices.town.offered()
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.sees("Nothing on this day")
        phone.follows("Offers")
        phone.follows("Replace drive")
        phone.sees("Number 1 of 8 who may do it")
        assert phone.barriers() == []
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        phone.presses("Accept 12:00 PM")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        assert holder(devices, job["id"]) is None
        # The phone is shut and opened again, still without a network: everything is there.
        phone.page.reload()
        phone.sees("Kept on this phone")
        phone.sees("1 answer waits to be sent")
        assert phone.barriers() == []

        phone.offline(False)
        phone.sees("While you were offline: It is yours.")
        assert holder(devices, job["id"]) == offers[0].technician_id
        phone.follows("See the day")
        phone.sees("Store 1147, Alpine")
        assert phone.barriers() == []
        # From the empty day of today one sees when the next work is, and its sheet is kept.
        phone.offline(True)
        phone.follows("Today")
        phone.sees("Your next work")
        phone.follows("Store 1147, Alpine")
        phone.follows("Store 1147, Alpine")
        phone.sees(f"Work order {job['number']}")
        phone.sees("106 N 5th St")


def test_a_yes_said_without_a_network_is_told_as_such_though_its_first_try_comes_after(devices: Devices):
    _job, offers = devices.town.offered()
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.follows("Offers")
        phone.follows("Replace drive")
        phone.sees("Why you")
        phone.page.evaluate(
            "new Promise((held) => navigator.locks.request('truckroll-outbox', () => (held(),"
            " new Promise((free) => (window.free = free)))))"
        )
        phone.offline(True)
        phone.presses("Accept 12:00 PM")
        phone.sees("Kept on this phone. It is sent when there is a network.")
        phone.offline(False)
        phone.page.evaluate("window.free()")
        phone.sees("While you were offline: It is yours.")


def test_who_was_slower_while_offline_is_told_the_truth(devices: Devices):
    job, offers = devices.town.offered(title=CANARY)
    slow, quick = offers[0], offers[1]
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(slow.technician_id))
        phone.follows("Offers")
        phone.sees(CANARY)
        phone.page.get_by_role("link", name=CANARY).click()
        phone.sees("Why you")
        phone.offline(True)
        phone.presses("Accept 12:00 PM")
        phone.sees("Kept on this phone")
        won = devices.town.by_id(quick.technician_id).post(f"/v1/offers/{quick.id}/accept", {"terms_version": 1})
        assert won.status_code == 200
        phone.offline(False)
        phone.sees("While you were offline: filled by another.")
        assert phone.barriers() == []
        phone.presses("OK")
        expect(phone.page.get_by_text("While you were offline")).to_have_count(0)
        phone.follows("Offers")
        phone.sees("No offers now")
    assert holder(devices, job["id"]) == quick.technician_id


def test_a_yes_whose_reply_was_lost_is_sent_again_under_its_name_and_is_one_yes(devices: Devices):
    job, offers = devices.town.offered()
    names: list[str] = []

    def loses_the_first_reply(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            assert route.fetch().status == 200, "the server has heard it"
            route.abort()
        else:
            route.continue_()

    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.follows("Offers")
        phone.follows("Replace drive")
        phone.sees("Why you")
        phone.page.route("**/v1/offers/*/accept", loses_the_first_reply)
        phone.presses("Accept 12:00 PM")
        phone.sees("It is yours.")
        expect(phone.page.get_by_text("filled by another")).to_have_count(0)
        assert len(names) >= 2
        assert len(set(names)) == 1, "another name would have been another yes"
        phone.faults.remove("error: Failed to load resource: net::ERR_FAILED")
    assert holder(devices, job["id"]) == offers[0].technician_id


def test_open_jobs_are_taken_and_asked_for_in_the_order_that_one_likes(devices: Devices):
    slot = {"needs": {"skills": {"hvac": 2}}}
    nobody = {"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600}}
    cheap = devices.town.posted(title="Sweep yard", policy=nobody, slots=[slot | {"pay": {"amount": "90.00"}}])
    start = devices.town.world.start + timedelta(days=1)
    window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=4)).isoformat()}
    dear = devices.town.posted(
        title="Replace pump", policy=nobody, mode="manual", window=window, slots=[slot | {"pay": {"amount": "300.00"}}]
    )
    devices.town.world.send_waves()
    asked = {each.technician_id for each in devices.town.world.offers()}
    who = next(each for each in devices.town.world.technicians if each not in asked)
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(who))
        phone.follows("Open jobs")
        phone.sees("Sweep yard")
        titles = phone.page.locator("li h2")
        phone.page.get_by_label("Order").select_option("Best paid first")
        expect(titles).to_have_text(["Replace pump", "Sweep yard"])
        phone.page.get_by_label("Order").select_option("Nearest first")
        expect(titles).to_have_count(2)
        assert phone.barriers() == []
        phone.presses("Ask for it")
        expect(phone.page.get_by_role("button", name="Ask for it")).to_have_count(0)
        phone.presses("Take it")
        phone.sees("No open job that you may do now")
        phone.heard()
    items = devices.town.staff.get(f"/v1/jobs/{dear['id']}/offers").json()["items"]
    assert [each["state"] for each in items if each["technician"]["id"] == str(who)] == ["requested"]
    assert holder(devices, cheap["id"]) == who


def test_a_no_and_other_terms_reach_the_client(devices: Devices):
    odd = {"fixed_h": "2", "then_hourly": "50.00", "travel_mile": "0.67", "after_hours_share": "0.5"}
    job, offers = devices.town.offered(day_policy={"rates": odd})
    with devices.device(locale="es-MX", timezone_id="America/New_York") as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.follows("Ofertas")
        # The clock where the work is, and the reader's own beside it.
        zone = devices.town.world.start.astimezone(ZoneInfo("America/Chicago")).tzname()
        phone.sees(f"12:00 p.m. \N{EN DASH} 4:00 p.m. {zone}")
        phone.sees("1:00 p.m. \N{EN DASH} 5:00 p.m. aquí")
        phone.follows("Replace drive")
        phone.page.locator("summary").first.click()
        phone.sees("por las primeras 2 h, luego USD 50 por hora")
        phone.sees("0.67 por milla")
        phone.sees("% más antes de las 7:00 a.m. y después de las 7:00 p.m.")
        assert phone.barriers() == []
        phone.presses("Otra propuesta")
        phone.page.get_by_label("Pago en USD").fill("nothing")
        phone.presses("Pedir esto")
        phone.sees("Escriba una cantidad")
        # What was typed outlives the page, and is gone once it is said.
        why = f"El puente está cerrado. {CANARY}"
        phone.page.get_by_label("Algo más").fill(why)
        phone.page.reload()
        phone.presses("Otra propuesta")
        expect(phone.page.get_by_label("Algo más")).to_have_value(why)
        expect(phone.page.get_by_label("Pago en USD")).to_have_value("nothing")
        phone.page.get_by_label("Pago en USD").fill("180,50")
        assert phone.barriers() == []
        phone.presses("Pedir esto")
        phone.sees("Propuso otras condiciones")
        phone.heard()
        (asked,) = [
            each for each in devices.town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"] if each["counter"]
        ]
        assert (asked["counter"]["pay"]["amount"], asked["counter"]["note"]) == ("180.50", why)
        phone.page.wait_for_function("!Object.keys(localStorage).some((each) => each.includes('counter'))")
        phone.presses("No")
        phone.page.get_by_label("La hora no me conviene").check()
        phone.presses("Decir que no")
        phone.sees("Ahora no hay ofertas")
        phone.heard()
    states = {
        each["id"]: each["reason"] for each in devices.town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"]
    }
    assert states[str(offers[0].id)] == "time"


def test_a_counter_by_the_device_asks_for_so_much_for_each(devices: Devices):
    slot = {"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "75.00"}}
    job, offers = devices.town.offered(day_policy={"rates": {"per_device": "25"}}, slots=[slot])
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.opens(f"/phone/offers/{offers[0].id}")
        phone.page.locator("summary").filter(has_text="Pay lines").click()
        phone.sees("$25 for each device that is done, 3 expected")
        phone.presses("Counter")
        amount = phone.page.get_by_label("Pay for each device in USD")
        expect(amount).to_have_value("25")
        phone.presses("Ask for this")
        phone.sees("Change the pay or the start.")
        amount.fill("30")
        phone.presses("Ask for this")
        phone.sees("You asked for other terms")
        phone.heard()
    listed = devices.town.staff.get(f"/v1/jobs/{job['id']}/offers").json()["items"]
    assert [each["counter"]["pay"]["amount"] for each in listed if each["counter"]] == ["90.00"]


def test_a_start_in_a_window_of_days_is_said_and_chosen_with_its_day(devices: Devices):
    # Work as soon as possible, within two days of the site's noon.
    start = devices.town.world.start
    window = {"start_at": start.isoformat(), "end_at": (start + timedelta(hours=48)).isoformat()}
    _job, offers = devices.town.offered(window=window)
    here = datetime.now(start.tzinfo).year
    first, second, third = (
        f"{day:%a, %b} {day.day}" + (f", {day.year}" if day.year != here else "")
        for day in (start + timedelta(days=each) for each in range(3))
    )
    with devices.device(locale="es-MX", timezone_id="America/New_York") as phone:
        devices.sign_in(phone, devices.address_of(offers[1].technician_id))
        phone.opens(f"/phone/offers/{offers[1].id}")
        yes = phone.page.get_by_role("button", name=re.compile("^Aceptar"))
        expect(yes).to_have_text(
            re.compile(rf"Aceptar, \w+,? {start.day}[ \w]+, 12:00\sp\.m\.\sC[SD]T \(1:00\sp\.m\. aquí\)")
        )
        expect(phone.page.locator("optgroup")).to_have_count(3)
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.opens(f"/phone/offers/{offers[0].id}")
        phone.sees(f"Accept {first}, 12:00 PM")
        days = phone.page.locator("optgroup")
        expect(days).to_have_count(3)
        assert [each.get_attribute("label") for each in days.all()] == [first, second, third]
        assert days.nth(1).locator("option").count() == 48
        phone.presses("Counter")
        panel = phone.page.get_by_role("dialog")
        expect(panel.locator("optgroup")).to_have_count(3)
        panel.get_by_label("Start").select_option(f"{second}, 9:00 AM")
        looks(phone, "phone-counter-days")
        assert phone.barriers() == []
        phone.page.keyboard.press("Escape")
        phone.page.locator(".accept select").select_option(f"{second}, 9:00 AM")
        looks(phone, "phone-offer-days")
        assert phone.barriers() == []
        phone.presses(f"Accept {second}, 9:00 AM")
        phone.sees("It is yours.")
        phone.heard()
    mine = devices.town.by_id(offers[0].technician_id).get("/v1/assignments").json()["items"]
    assert [datetime.fromisoformat(each["start_at"]) for each in mine] == [start + timedelta(hours=21)]


def test_what_cannot_be_read_is_never_said_to_be_gone(devices: Devices):
    _job, offers = devices.town.offered()
    day = devices.town.world.start.date()
    is_away = True

    def answer(status: int) -> Callable[[Route], None]:
        def away(route: Route) -> None:
            if not is_away:
                route.continue_()
            elif status == 0:
                route.abort()
            else:
                route.fulfill(status=status, content_type="application/problem+json", body='{"code": "overdue"}')

        return away

    none = "0197b0de-0000-7000-8000-000000000001"
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.sees("Nothing on this day")
        pages = (
            (f"/phone/offers/{none}", f"**/v1/offers/{none}", "This offer is not here any more"),
            (f"/phone/visits/{day}/{none}", "**/v1/day?*", "This visit is not on your day"),
            (f"/phone/visits/{day}/{none}/work", "**/v1/day?*", "This visit is not on your day"),
        )
        for status in (0, 429, 503):
            for path, asked, gone in pages:
                is_away = True
                phone.page.route(asked, answer(status))
                phone.opens(path)
                again = phone.page.locator("[role=alert]").get_by_role("button", name="Try again")
                again.wait_for()
                expect(phone.page.get_by_text(gone)).to_have_count(0)
                assert phone.barriers() == []
                # Asked again, it is known that there is no such thing.
                is_away = False
                again.click()
                phone.sees(gone)
                expect(again).to_have_count(0)
                phone.page.unroute(asked)
        phone.faults[:] = [each for each in phone.faults if "net::ERR_FAILED" not in each]


def test_the_best_paid_of_open_jobs_are_among_all_that_there_are(devices: Devices):
    town = devices.town
    nobody = {"wave": {"min_size": 1, "max_size": 1, "answer_s": 3600}}
    slot = {"needs": {"skills": {"hvac": 2}}}
    for num in range(51):
        town.posted(title=f"Sweep yard {num}", policy=nobody, slots=[slot | {"pay": {"amount": "90.00"}}])
    # The last of the list: as far as the others, and posted after them.
    town.posted(title="Replace pump", policy=nobody, slots=[slot | {"pay": {"amount": "300.00"}}])
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(town.world.technicians[0]))
        phone.follows("Open jobs")
        phone.sees("Sweep yard")
        phone.page.get_by_label("Order").select_option("Best paid first")
        expect(phone.page.locator("li h2")).to_have_count(52)
        expect(phone.page.locator("li h2").first).to_have_text("Replace pump")
        expect(phone.page.get_by_text("There may be more")).to_have_count(0)
        # Where the server has more than it tells at once, it is said.
        phone.page.route("**/v1/open-jobs?*", lambda each: each.continue_(url=each.request.url.replace("200", "20")))
        phone.page.reload()
        phone.sees("These are the 20 nearest that you may do. There may be more, farther away.")
        expect(phone.page.locator("li h2")).to_have_count(20)
        assert phone.barriers() == []


def test_whoever_is_asked_by_name_is_told_so_and_their_yes_gives_them_the_work(devices: Devices):
    job, offers = devices.town.offered(mode="manual", policy=FEW)
    asked = {each.technician_id for each in offers}
    named = next(each for each in devices.town.world.technicians if each not in asked)
    told = devices.town.staff.post(f"/v1/jobs/{job['id']}/offers", {"technician_id": str(named)})
    assert told.status_code == 201, told.text
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(named))
        phone.sees("Nothing on this day")
        phone.follows("Offers")
        phone.sees("You were asked by name")
        assert phone.barriers() == []
        phone.follows("Replace drive")
        phone.sees("Nobody new is asked until you answer or your time is over.")
        phone.sees("Your yes gives you the work.")
        assert phone.barriers() == []
        phone.presses("Accept 12:00 PM")
        phone.sees("It is yours.")
    assert holder(devices, job["id"]) == named


def test_the_day_from_the_promise_to_the_way_home(devices: Devices):
    job, offers = devices.town.offered()
    taker = devices.town.by_id(offers[0].technician_id)
    assert taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code == 200
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.sees("Nothing on this day")
        phone.opens(f"/phone/day/{devices.town.world.start.date()}")
        phone.sees(job["number"])
        phone.presses("I will be there")
        phone.sees("Confirmed")
        phone.presses("Running late")
        phone.page.get_by_label("30 min later", exact=True).check()
        assert phone.barriers() == []
        phone.presses("Tell them")
        phone.sees("You said that you come at 12:30 PM")
        phone.presses("On my way")
        phone.sees("On the way")
        phone.follows("Store 1147")
        phone.sees("106 N 5th St")
        assert phone.barriers() == []
        phone.presses("Check in")
        phone.sees("On site")
        phone.presses("Check out")
        phone.page.get_by_label("I have to come back").check()
        phone.page.get_by_label("It takes two").check()
        phone.page.get_by_label("What is needed").fill(CANARY)
        assert phone.barriers() == []
        phone.page.get_by_role("dialog").get_by_role("button", name="Check out").click()
        phone.sees("Checked out")
        # The phone says so at once; the record has it a moment later.
        phone.follows("Me")
        phone.sees("all you said was heard")
        first, _next = devices.town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"]
        assert (first["state"], first["outcome"]) == ("checked_out", "return_needed")


def test_the_map_is_brought_when_it_is_opened_and_shows_the_work_and_ones_base(devices: Devices):
    job, offers = devices.town.offered()
    taker = devices.town.by_id(offers[0].technician_id)
    assert taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).status_code == 200
    devices.town.posted(title="Nobody was asked yet")
    with devices.device() as phone:
        asked: list[str] = []
        phone.page.on("request", lambda request: asked.append(request.url))
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.page.evaluate("navigator.serviceWorker.ready")
        phone.follows("Open jobs")
        phone.sees("Nobody was asked yet")
        kept = phone.page.evaluate(
            "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
            ".then((all) => all.map((each) => each.url))"
        )
        assert len(kept) > 20
        theirs = ("PlaceMap", "BaseMap", "states-10m", "counties-10m", "base-map")
        assert [each for each in asked + kept if any(name in each for name in theirs)] == []
        phone.presses("On a map")
        phone.page.locator("[data-map=home]").wait_for()
        looks(phone, "phone-map-jobs")
        assert phone.barriers() == []
        # A coarse place, before it is one's own; a tap leads to what the list says of it.
        expect(phone.page.get_by_role("img", name="About where the work is")).to_be_visible()
        phone.page.locator("[data-map=work]").click()
        expect(phone.page.get_by_role("heading", name="Nobody was asked yet")).to_be_focused()
        phone.opens(f"/phone/visits/{devices.town.world.start.date()}/{_visit(job)}")
        phone.presses("On a map")
        expect(phone.page.locator("[data-map=work]")).to_contain_text("Store 1147")
        phone.page.locator("[data-map=home]").wait_for()
        phone.page.locator("[data-map=work]").scroll_into_view_if_needed()
        looks(phone, "phone-map-visit")
        assert _widest(phone) <= PHONE[0]
        phone.presses("Close the map")
        expect(phone.page.locator("figure")).to_have_count(0)


def _visit(job: dict[str, Any]) -> str:
    return str(job["visits"][0]["id"])


def looks(phone: Device, name: str) -> None:
    if folder := os.environ.get("TRUCKROLL_SHOTS"):
        phone.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.mark.parametrize(("size", "scheme"), LOOKS if LONG else LOOKS[:1])
def test_every_page_can_be_used_by_everybody(devices: Devices, tmp_path: Path, size, scheme):
    _, offers = devices.town.offered(
        slots=[{"needs": {"skills": {"hvac": 2}}, "pay": {"kind": "hourly", "amount": "62.50"}}]
    )
    devices.town.posted(title="Nobody was asked yet")
    with devices.device(size, scheme) as phone:
        phone.opens("/phone/")
        phone.sees("Mail me a link")
        assert phone.barriers() == []
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.sees("Nothing on this day")
        for path, words in [
            ("/phone/", "Nothing on this day"),
            ("/phone/offers", "$125 net"),
            (f"/phone/offers/{offers[0].id}", "Why you"),
            ("/phone/offers/0197b0de-0000-7000-8000-000000000001", "This offer is not here any more"),
            ("/phone/jobs", "Nobody was asked yet"),
            ("/phone/visits/2027-03-01/0197b0de-0000-7000-8000-000000000001", "This visit is not on your day"),
            ("/phone/me", "all you said was heard"),
            ("/phone/messages", "No messages"),
            ("/phone/money", "No money yet"),
            ("/phone/money/2027-02", "Nothing moved in this month"),
            ("/phone/record", "Nobody has seen your work yet"),
            ("/phone/usage", "Hours with clients"),
            ("/phone/proofs", "No proof yet"),
            ("/phone/proofs/new", "What is it?"),
            ("/phone/hours", "No time off is planned"),
            ("/phone/settings", "Make an address"),
        ]:
            phone.opens(path)
            phone.sees(words)
            assert (path, phone.barriers()) == (path, [])
            assert _widest(phone) <= size[0], f"{path} is wider than the screen"


def test_an_offer_is_taken_with_the_keyboard_alone(devices: Devices):
    job, offers = devices.town.offered()
    with devices.device(DESK) as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.sees("Nothing on this day")
        for wanted in ("Offers", "Replace drive", "Accept"):
            _tabs_to(phone, wanted)
            phone.page.keyboard.press("Enter")
        phone.sees("It is yours.")
    assert holder(devices, job["id"]) == offers[0].technician_id


def _tabs_to(phone: Device, words: str) -> None:
    phone.page.get_by_text(words).first.wait_for()
    for _ in range(30):
        phone.page.keyboard.press("Tab")
        if words in phone.page.evaluate("document.activeElement.closest('a, button')?.textContent ?? ''"):
            return
    raise AssertionError(f"{words}: out of reach of the keyboard")


def _widest(phone: Device) -> int:
    width: int = phone.page.evaluate("document.documentElement.scrollWidth")
    return width
