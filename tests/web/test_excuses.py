"""Work handed back for the client's sake: said on the phone, answered at the client's desk or the operator's."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import done
from playwright.sync_api import Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from points import reckons
from signing import add_staff

SHOTS = os.environ.get("TRUCKROLL_SHOTS")
CANARY = "<img src=x onerror=\"document.title='owned'\">"
ROSA, OLGA, PIA = "rosa@acme.example", "olga@truckroll.example", "pia@truckroll.example"


@pytest.fixture
def taken(devices: Devices) -> dict[str, Any]:
    """Work that somebody has, and who looks at what they say."""
    town = devices.town
    add_staff(town, "dispatcher", ROSA, "Rosa Lind")
    add_staff(town, "operator", OLGA, "Olga Berg")
    job, offers = town.offered(title="Swap the drive")
    caller = town.by_id(offers[0].technician_id)
    won = done(caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))
    visit = done(town.staff.get(f"/v1/jobs/{job['id']}"))["visits"][0]
    return {
        "caller": caller,
        "email": devices.address_of(offers[0].technician_id),
        "page": f"/phone/visits/{visit['planned_start_at'][:10]}/{won['visit_id']}",
        "assignment": won["assignment_id"],
        "visit": won["visit_id"],
    }


def is_shown(device: Device, name: str) -> None:
    """Nothing is in the way of anybody, nothing has to be pushed sideways; a picture where one is wanted."""
    assert device.barriers() == []
    assert device.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if SHOTS:
        device.page.screenshot(path=Path(SHOTS) / f"excuse-{name}.png", full_page=True)


def sits_down(devices: Devices, desk: Device, email: str, page: str) -> None:
    devices.sign_in(desk, email, "nav, header button")
    desk.opens(page)


def record_says(devices: Devices, phone: Device, words: str) -> None:
    """Outcomes are made of what no open transaction of the server is older than, another test's among them."""
    for _ in range(10):
        reckons(devices)
        phone.opens("/phone/record")
        with suppress(PlaywrightTimeout):
            phone.page.get_by_text(words).first.wait_for(timeout=2_000)
            return
    phone.sees(words)


def answers(desk: Device, verdict: str, words: str) -> None:
    desk.presses("Answer")
    panel = desk.page.get_by_role("dialog")
    panel.get_by_label(verdict).check()
    panel.get_by_label("In words, for the technician").fill(words)
    panel.get_by_role("button", name="Answer", exact=True).click()
    panel.wait_for(state="detached")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_phone_says_who_looks_and_the_clients_desk_answers(devices: Devices, taken, size):
    with devices.device(PHONE) as phone, devices.device(size, "dark") as desk:
        sits_down(devices, desk, ROSA, "/desk/reviews")
        desk.sees("Nobody waits for an answer")
        link = desk.page.get_by_role("navigation").get_by_role("link", name="Reviews", exact=True)
        expect(link).not_to_contain_text("1")
        is_shown(desk, "none")

        devices.sign_in(phone, taken["email"])
        phone.opens(taken["page"])
        phone.presses("I cannot come")
        phone.page.get_by_label("I am ill").check()
        expect(phone.page.get_by_text("Looked at by a person before it counts")).to_have_count(0)
        phone.page.get_by_label("Nobody lets me in").check()
        phone.sees("Looked at by a person before it counts")
        phone.page.get_by_label("What happened").fill(f"The gate is locked all week. {CANARY}")
        is_shown(phone, "hand-back")
        phone.presses("Hand it back")
        phone.heard()
        record_says(devices, phone, "A person at the client looks at your reason")
        phone.sees("Does not count before a person has looked at it")
        is_shown(phone, "record")

        desk.opens("/desk/")
        expect(link).to_contain_text("1")
        expect(link).to_have_accessible_description("1 to answer")
        link.click()
        desk.sees("Handed back, not their doing")
        desk.sees("Nobody would let them in")
        desk.sees(f"The gate is locked all week. {CANARY}")
        expect(desk.page.get_by_text(re.compile("days left"))).to_be_visible()
        is_shown(desk, "waits")
        # What is typed outlives a server that is away, and who tried tries again.
        desk.presses("Answer")
        desk.sees("if nobody does, it never counts")
        is_shown(desk, "answering")
        desk.page.keyboard.press("Escape")
        answers(desk, "It was not so: it counts", "The gate was open; the log shows it.")
        desk.sees("Nobody waits for an answer")
        expect(link).not_to_contain_text("1")

        record_says(devices, phone, "A person found otherwise: it counts")
        phone.sees("The gate was open; the log shows it.")
        phone.presses("This is wrong: You gave the work back a day or more before")
        phone.page.get_by_label("What happened").fill("I have a picture of the lock")
        phone.page.get_by_role("dialog").get_by_role("button", name="Ask for a review").click()
        phone.sees("Your appeal is open")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_who_leaves_for_a_reason_that_lies_elsewhere_reads_that_somebody_looks(devices: Devices, taken, size):
    done(taken["caller"].post(f"/v1/visits/{taken['visit']}/check-in"))
    with devices.device(PHONE) as phone, devices.device(size) as desk:
        devices.sign_in(phone, taken["email"])
        phone.opens(taken["page"])
        phone.presses("Check out")
        phone.page.get_by_label("I have to come back").check()
        phone.page.get_by_label("Not enough time").check()
        looked = phone.page.get_by_text("Looked at by a person before it counts")
        expect(looked).to_have_count(0)
        phone.page.get_by_label("A part is missing").check()
        expect(looked).to_be_visible()
        is_shown(phone, "leaving")
        phone.page.get_by_label("What is needed").fill(f"A drive of another size {CANARY}")
        phone.page.get_by_role("dialog").get_by_role("button", name="Check out").click()
        phone.sees("Checked out")
        phone.heard()
        record_says(devices, phone, "A person at the client looks at your reason")
        is_shown(phone, "record-ending")

        sits_down(devices, desk, ROSA, "/desk/reviews")
        desk.sees("Another visit needed, not their doing")
        desk.sees("A part was missing")
        desk.sees(f"A drive of another size {CANARY}")
        is_shown(desk, f"ending-{size[0]}")
        answers(desk, "It was not so: it counts", "The drive was there.")
        desk.sees("Nobody waits for an answer")
        record_says(devices, phone, "A person found otherwise: it counts")
        phone.presses("This is wrong: Somebody had to come again")


def test_who_helps_is_told_of_no_look_at_a_word_that_does_not_count(devices: Devices):
    town = devices.town
    slot = {"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "140.00"}}
    roles = [{**slot, "role": "lead", "is_lead": True}, {**slot, "role": "helper", "is_lead": False}]
    _, offers = town.offered(slots=roles)
    lead = next(each for each in offers if each.role == "lead")
    helper = next(each for each in offers if each.role == "helper" and each.technician_id != lead.technician_id)
    for offer, sees_it in ((lead, 1), (helper, 0)):
        caller = town.by_id(offer.technician_id)
        visit = done(caller.post(f"/v1/offers/{offer.id}/accept", {"terms_version": 1}))["visit_id"]
        done(caller.post(f"/v1/visits/{visit}/check-in"))
        with devices.device(PHONE) as phone:
            devices.sign_in(phone, devices.address_of(offer.technician_id))
            phone.opens(f"/phone/visits/{town.world.start.date()}/{visit}")
            phone.presses("Check out")
            phone.page.get_by_label("I have to come back").check()
            phone.page.get_by_label("A part is missing").check()
            phone.sees("What is needed")
            assert phone.barriers() == []
            expect(phone.page.get_by_text("Looked at by a person before it counts")).to_have_count(sees_it)


def test_who_answered_an_excuse_reads_that_somebody_else_answers_the_appeal(devices: Devices, taken):
    town, caller = devices.town, taken["caller"]
    done(caller.post(f"/v1/assignments/{taken['assignment']}/back-out", {"why": "client_changed"}))
    with town.world.as_engine() as (session, _):
        session.connection().exec_driver_sql("UPDATE reviews SET due_at = now() - interval '1 minute'")
    with devices.device(DESK) as desk, devices.device(PHONE, locale="es-MX") as other:
        reckons(devices)
        sits_down(devices, desk, OLGA, "/desk/operator/reviews")
        desk.sees("The client did not answer by its date.")
        answers(desk, "It was not so: it counts", "Nothing was changed.")
        desk.sees("Nobody asked for a second look")
        [excuse] = [each for each in done(caller.get("/v1/reviews"))["items"] if each["about"] == "excuse"]
        done(caller.post("/v1/appeals", {"event_id": excuse["event_id"], "words": "It was changed"}))
        desk.page.reload()
        desk.sees("Appeal against an outcome")
        expect(desk.page.get_by_role("button", name="Answer", exact=True)).to_be_visible()
        add_staff(town, "operator", PIA, "Pia Holm")
        desk.page.reload()
        desk.sees("You answered about the same before: somebody else has to answer this.")
        expect(desk.page.get_by_role("button", name="Answer", exact=True)).to_have_count(0)
        is_shown(desk, "for-another")
        devices.sign_in(other, PIA, "nav, header button")
        other.opens("/desk/operator/reviews")
        other.sees("Apelación contra un resultado")
        expect(other.page.get_by_role("button", name="Responder", exact=True)).to_be_visible()
        assert other.barriers() == []


def test_a_list_that_cannot_be_read_says_so_and_is_read_again(devices: Devices, taken):
    said = {"why": "unsafe", "words": "Bare wires"}
    done(taken["caller"].post(f"/v1/assignments/{taken['assignment']}/back-out", said))
    is_away = True

    def away(route: Route) -> None:
        if is_away:
            route.fulfill(status=503, content_type="application/problem+json", body='{"code": "unavailable"}')
        else:
            route.continue_()

    with devices.device(DESK) as desk:
        devices.sign_in(desk, ROSA, "nav, header button")
        desk.page.route("**/v1/reviews?*", away)
        desk.opens("/desk/reviews")
        again = desk.page.get_by_role("button", name="Try again")
        expect(again).to_be_visible()
        is_shown(desk, "trouble")
        is_away = False
        again.click()
        desk.sees("Bare wires")
        answers(desk, "It was so: it does not count", "The electrician found them too.")
        desk.sees("Nobody waits for an answer")


def test_an_answer_that_was_typed_outlives_a_reload_and_an_ended_session(devices: Devices, taken):
    done(taken["caller"].post(f"/v1/assignments/{taken['assignment']}/back-out", {"why": "client_changed"}))
    with devices.device(DESK) as desk:
        sits_down(devices, desk, ROSA, "/desk/reviews")
        desk.presses("Answer")
        words = desk.page.get_by_label("In words, for the technician")
        words.fill("It was moved on Monday.")
        desk.page.reload()
        desk.presses("Answer")
        expect(words).to_have_value("It was moved on Monday.")
        desk.page.context.clear_cookies()
        desk.page.reload()
        desk.page.get_by_role("heading", name="Sign in").wait_for()
        sits_down(devices, desk, ROSA, "/desk/reviews")
        desk.presses("Answer")
        expect(words).to_have_value("It was moved on Monday.")
        desk.sees("What you typed before is here.")
        desk.page.keyboard.press("Escape")
        # Whoever comes next on this device finds nothing of it.
        sits_down(devices, desk, OLGA, "/desk/")
        desk.page.get_by_role("navigation").get_by_role("link", name="Reviews", exact=True).wait_for()
        kept = "Object.values(sessionStorage).some((each) => each.includes('Monday'))"
        assert not desk.page.evaluate(kept)


def test_the_operator_answers_what_the_client_left_and_a_technician_reads_it_in_spanish(devices: Devices, taken):
    town = devices.town
    done(taken["caller"].post(f"/v1/assignments/{taken['assignment']}/back-out", {"why": "client_changed"}))
    with devices.device(DESK) as desk, devices.device(PHONE, locale="es-MX") as phone:
        sits_down(devices, desk, OLGA, "/desk/operator/reviews")
        desk.sees("Nobody asked for a second look")
        with town.world.as_engine() as (session, _):
            session.connection().exec_driver_sql("UPDATE reviews SET due_at = now() - interval '1 minute'")
        devices.sign_in(phone, taken["email"])
        record_says(devices, phone, "El cliente no lo miró a tiempo: ahora lo mira el operador")
        desk.page.reload()
        desk.sees("The client did not answer by its date.")
        is_shown(desk, "passed-on")
        answers(desk, "It was so: it does not count", "The order was changed on Monday.")
        desk.sees("Nobody asked for a second look")
        record_says(devices, phone, "Una persona le dio la razón: no cuenta")
        phone.sees("The order was changed on Monday.")
        assert phone.barriers() == []
