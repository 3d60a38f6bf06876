"""A technician on site with nothing but a phone: what they need, what they hand in, with and without a network."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import DESK, Device, Devices
from dressed import done
from pictures import PDF, photo, picture
from playwright.sync_api import Route, expect
from signing import add_staff
from unsent import until

CANARY = "<img src=x onerror=\"document.title='owned'\">"
CHECKLIST = [
    {"code": "after", "kind": "photo", "label": "The unit, closed"},
    {"code": "serial", "kind": "serial", "label": "Serial number", "pattern": "SN-####"},
    {"code": "pressure", "kind": "reading", "label": "Pressure", "unit": "psi", "low": 60, "high": 75},
    {"code": "clean", "kind": "check", "label": "The place is clean", "is_required": False},
    {"code": "signed", "kind": "signature", "label": "The manager signs"},
]


@pytest.fixture
def taken(devices: Devices) -> dict[str, Any]:
    """A job with a checklist and a part, and who has it: their address, the visit, the day."""
    town = devices.town
    job, offers = town.offered(deliverables=CHECKLIST, description=f"Swap the drive. {CANARY}")
    drive = {"item": f"Drive {CANARY}", "state": "ordered", "note": f"Ask at bay 3. {CANARY}"}
    part = town.staff.post(f"/v1/jobs/{job['id']}/parts", drive)
    assert part.status_code == 201, part.text
    plan = town.staff.send(PDF, kind="document", site_id=str(town.world.site))
    assert plan.status_code == 201, plan.text
    caller = town.by_id(offers[0].technician_id)
    won = caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1})
    assert won.status_code == 200, won.text
    return {
        "job": f"/v1/jobs/{job['id']}",
        "visit": won.json()["visit_id"],
        "email": devices.address_of(offers[0].technician_id),
        "day": town.world.start.date(),
        "caller": caller,
        "part": part.json()["id"],
    }


def opens_visit(devices: Devices, phone: Device, taken: dict[str, Any]) -> None:
    devices.sign_in(phone, taken["email"])
    phone.sees("Nothing on this day")
    phone.opens(f"/phone/visits/{taken['day']}/{taken['visit']}")
    phone.sees("What to do")


def arrives(phone: Device) -> None:
    phone.presses("On my way")
    phone.sees("On the way")
    phone.presses("Check in")
    phone.sees("On site")


def chooses(phone: Device, label: str, name: str, data: bytes) -> None:
    """A file for an item, as if it came from the camera."""
    field = phone.page.get_by_label(label)
    field.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def test_a_job_is_proved_without_a_network_and_done_when_it_comes_back(devices: Devices, taken, tmp_path: Path):
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        phone.sees("0 of 5 handed in")
        phone.sees(CANARY)
        assert phone.barriers() == []
        arrives(phone)
        phone.follows("To hand in")
        chooses(phone, "From the phone: The unit, closed", "fake.jpg", b"no picture at all")
        phone.sees("This is no photo that can be opened")
        chooses(phone, "From the phone: The unit, closed", "huge.jpg", photo() + b"\0" * 20_000_000)
        phone.sees("This file is larger than 15 MB")
        assert phone.barriers() == []
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        chooses(phone, "Take a photo: The unit, closed", "a.jpg", large_photo())
        phone.sees("Kept on this phone")
        serial = phone.page.get_by_label("Serial number", exact=True)
        serial.fill("SN-4")
        phone.presses("Hand in: Serial number")
        phone.sees("It does not look as it should")
        serial.fill("SN-0042")
        # The phone is shut and opened again: what was typed and what was taken are both there.
        phone.page.reload()
        expect(phone.page.get_by_role("img", name="The unit, closed, photo 1")).to_be_visible()
        expect(serial).to_have_value("SN-0042")
        phone.presses("Hand in: Serial number")
        phone.page.get_by_label("Pressure", exact=True).fill("58,5")
        phone.sees("Outside of what it should be")
        phone.presses("Hand in: Pressure")
        phone.presses("The place is clean: Yes")
        phone.presses("Signed")
        phone.sees("Write the name of who signs")
        phone.page.get_by_label("Name of who signs").fill("Rosa Marsh")
        phone.presses("Signed")
        phone.sees("Nobody has signed yet")
        signs(phone)
        phone.presses("Signed")
        phone.sees("Signed by Rosa Marsh")
        assert phone.barriers() == []
        phone.page.get_by_role("link", name="Back").click()
        phone.sees("5 of 5 handed in")
        # The site's document was brought while there was a network.
        plan = phone.page.get_by_role("link", name="document, 1 KB")
        expect(plan).to_have_attribute("href", re.compile("^blob:"))
        phone.presses("Check out")
        phone.page.get_by_role("dialog").get_by_role("button", name="Check out").click()
        phone.presses("The job is done")
        assert devices.town.staff.get(f"{taken['job']}/deliverables").json()["deliverables"] == []

        phone.offline(False)
        phone.heard()
        phone.sees("You said that the job is done")
        assert phone.barriers() == []
    shown = taken["caller"].get(f"{taken['job']}/deliverables").json()
    assert (shown["job_state"], shown["is_complete"]) == ("done", True)
    by_item = {each["item"]: each for each in shown["deliverables"]}
    assert (by_item["serial"]["written"], by_item["pressure"]["number"]) == ("SN-0042", 58.5)
    assert (by_item["clean"]["is_ok"], by_item["signed"]["written"]) == (True, "Rosa Marsh")
    kept = by_item["after"]["file"]
    assert (kept["width"], kept["height"], kept["content_type"]) == (2000, 1500, "image/jpeg")
    assert by_item["signed"]["file"]["content_type"] == "image/png"


def test_who_is_paid_by_the_device_sees_how_many_serial_numbers_are_handed_in(devices: Devices):
    town = devices.town
    slot = {"needs": {"skills": {"hvac": 2}}, "pay": {"amount": "50.00"}}
    paid = {"day_policy": {"rates": {"per_device": "25"}}, "slots": [slot]}
    job, offers = town.offered(description="Swap both tills", **paid)
    caller = town.by_id(offers[0].technician_id)
    won = caller.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}).json()
    taken = {
        "visit": won["visit_id"],
        "email": devices.address_of(offers[0].technician_id),
        "day": town.world.start.date(),
    }
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        arrives(phone)
        phone.follows("To hand in")
        phone.sees("Serial number of each device")
        phone.sees("0 of 2")
        # The network is slow: the second is typed while the first is on its way, and stays.
        held: list[Route] = []
        theirs = "**/v1/visits/*/deliverables"
        phone.page.route(theirs, lambda each: each.continue_() if held else held.append(each))
        serial = phone.page.get_by_label("Serial number of each device", exact=True)
        serial.fill("TILL-1")
        phone.presses("Hand in: Serial number of each device")
        until(phone, lambda: len(held) == 1)
        phone.sees("1 of 2")
        serial.fill("TILL-2")
        with phone.page.expect_response(theirs):
            held[0].continue_()
        phone.heard()
        expect(serial).to_have_value("TILL-2")
        with phone.page.expect_response(theirs):
            phone.presses("Hand in: Serial number of each device")
        phone.sees("2 of 2")
        assert phone.barriers() == []
    shown = caller.get(f"/v1/jobs/{job['id']}/deliverables").json()
    assert [each["written"] for each in shown["deliverables"]] == ["TILL-1", "TILL-2"]


def test_a_photo_leaves_the_phone_without_what_the_camera_wrote(devices: Devices, taken):
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        arrives(phone)
        phone.follows("To hand in")
        given = photo("2026:11:25 09:00:00", gps=True)
        assert b"Spycam" in given
        assert b"Rosa Marsh was here" in given
        with phone.page.expect_request(lambda request: "/v1/files?" in request.url) as sent:
            chooses(phone, "Take a photo: The unit, closed", "a.jpg", given)
        body = sent.value.post_data_buffer or b""
        assert body.startswith(b"\xff\xd8\xff")
        assert not any(each in body for each in (b"Exif", b"Spycam", b"Rosa Marsh"))
        phone.sees("Handed in")
        expect(phone.page.get_by_role("img", name="The unit, closed, photo 1")).to_be_visible()


def test_what_is_needed_on_site_is_asked_for_and_answered(devices: Devices, taken):
    staff = devices.town.staff
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        phone.sees(f"Ask at bay 3. {CANARY}")
        phone.presses(f"It is here: Drive {CANARY}")
        phone.sees("It is there")
        phone.heard()
        assert staff.get(f"/v1/parts/{taken['part']}").json()["state"] == "received"
        arrives(phone)
        phone.presses("I need something")
        phone.page.get_by_label("How much longer?").select_option("45")
        phone.page.get_by_label("Anything they need to know").fill(CANARY)
        assert phone.barriers() == []
        phone.presses("Ask for it")
        phone.sees("Waiting for an answer")
        phone.heard()
        [asked] = staff.get("/v1/site-requests").json()["items"]
        assert (asked["kind"], asked["minutes"], asked["note"]) == ("more_time", 45, CANARY)
        granted = staff.post(f"/v1/site-requests/{asked['id']}/grant", {"minutes": 30, "amount": "25.00"})
        assert granted.status_code == 200
        phone.page.reload()
        phone.sees("Yes: 30 min more, $25 more pay")
        phone.presses("I need something")
        phone.page.get_by_label("A part is missing").check()
        phone.page.get_by_label("Which part").fill("Blower motor")
        phone.presses("Ask for it")
        phone.sees("A part is missing: Blower motor")
        assert phone.barriers() == []
        phone.presses("I do not need it any more")
        phone.sees("Taken back")
        phone.presses("Check out")
        phone.sees("4 things are still to be handed in.")
        phone.page.get_by_label("I could not start").check()
        phone.page.get_by_label("Nobody lets me in").check()
        phone.page.get_by_label("What you found").fill(f"Shutters down. {CANARY}")
        phone.page.get_by_role("dialog").get_by_role("button", name="Check out").click()
        phone.sees("Checked out")
        phone.heard()
        # Who could not start is not asked whether the job is done.
        expect(phone.page.get_by_role("button", name="The job is done")).to_have_count(0)
    first = staff.get(taken["job"]).json()["visits"][0]
    assert first["outcome"] == "could_not_start"
    add_staff(devices.town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, "rosa@acme.example", "nav, header button")
        desk.opens(f"/desk/jobs/{taken['job'].rpartition('/')[2]}")
        desk.sees(f"Shutters down. {CANARY}")
        desk.sees("Could not start: Nobody would let them in")
        assert desk.barriers() == []


def test_waiting_what_happened_and_stars_are_told_from_the_site(devices: Devices, taken):
    staff, visit = devices.town.staff, f"/v1/visits/{taken['visit']}"
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        phone.presses("I cannot come")
        phone.sees("A day or more before the start: it counts half on your record.")
        assert phone.barriers() == []
        phone.presses("I come all the same")
        arrives(phone)
        phone.sees("Working")
        phone.presses("I have to wait")
        phone.page.get_by_label("The site is not ready").check()
        assert phone.barriers() == []
        phone.presses("I am waiting")
        phone.page.get_by_role("button", name="Go on working").wait_for()
        phone.heard()
        log = taken["caller"].get(f"{visit}/time-log").json()["entries"]
        assert [(each["kind"], each["reason"]) for each in log] == [("work", None), ("wait", "not_ready")]
        phone.presses("Go on working")
        phone.sees("I have to wait")
        phone.page.evaluate("navigator.serviceWorker.ready")

        phone.offline(True)
        phone.presses("Something happened")
        phone.sees("call 911")
        phone.page.get_by_label("Something was damaged").check()
        phone.page.get_by_label("What you saw").fill(f"A shelf fell. {CANARY}")
        chooses(phone, "Add a photo", "shelf.jpg", photo(gps=True))
        expect(phone.page.get_by_role("img", name="Your photo")).to_be_visible()
        more = [{"name": f"{num}.jpg", "mimeType": "image/jpeg", "buffer": photo()} for num in range(4)]
        phone.page.get_by_label("Another photo").set_input_files(more)
        phone.sees("No more than 4 photos go along.")
        phone.presses("Leave photo 4 out")
        expect(phone.page.get_by_role("img", name="Your photo")).to_have_count(3)
        assert phone.barriers() == []
        phone.presses("Report it")
        phone.sees("What happened")
        assert staff.get(f"{visit}/incidents").json()["items"] == []
        phone.offline(False)
        phone.heard()
        phone.sees("A person decides what it was.")
        expect(phone.page.get_by_role("img", name="Photo or document")).to_have_count(3)
        assert phone.barriers() == []
        [incident] = staff.get(f"{visit}/incidents").json()["items"]
        assert (incident["kind"], incident["note"], len(incident["files"])) == ("damage", f"A shelf fell. {CANARY}", 3)

        phone.presses("Check out")
        phone.page.get_by_role("dialog").get_by_role("button", name="Check out").click()
        phone.sees("How was it there?")
        phone.page.get_by_label("4 of 5: Good").check()
        assert phone.barriers() == []
        phone.presses("Give the stars")
        phone.sees("You gave 4 of 5 stars.")
        phone.heard()
        _looks_after_it(devices, taken)
        phone.page.reload()
        phone.sees("The client gave you 5 of 5.")
        phone.sees("It was so.")
        assert phone.barriers() == []


def _looks_after_it(devices: Devices, taken: dict[str, Any]) -> None:
    """The dispatcher reads what happened, decides it, and gives stars too."""
    add_staff(devices.town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, "rosa@acme.example", "nav, header button")
        desk.opens(f"/desk/jobs/{taken['job'].rpartition('/')[2]}")
        desk.sees(f"A shelf fell. {CANARY}")
        expect(desk.page.get_by_role("img", name="Evidence 1")).not_to_have_js_property("naturalWidth", 0)
        assert desk.barriers() == []
        desk.presses("It was so")
        desk.page.get_by_role("dialog").get_by_role("button", name="It was so").click()
        expect(desk.page.get_by_role("button", name="It was so")).to_have_count(0)
        desk.page.get_by_label("5 of 5: Very good").check()
        desk.presses("Give the stars")
        desk.sees("You gave 5 of 5 stars")
        desk.sees("They gave you 4 of 5")
        assert desk.barriers() == []


def test_work_is_handed_back_and_somebody_else_is_asked(devices: Devices, taken):
    with devices.device(locale="es-MX") as phone:
        devices.sign_in(phone, taken["email"])
        phone.opens(f"/phone/visits/{taken['day']}/{taken['visit']}")
        phone.presses("No puedo ir")
        phone.page.get_by_label("Estoy enfermo").check()
        assert phone.barriers() == []
        phone.presses("Devolverlo")
        phone.sees("Esta visita no está en su día")
        phone.heard()
    [mine] = taken["caller"].get("/v1/assignments?state=released").json()["items"]
    assert (mine["ended_by"], mine["ended_why"]) == ("technician", "ill")


def test_another_time_is_proposed_and_the_clients_is_answered(devices: Devices, taken):
    staff, visit = devices.town.staff, f"/v1/visits/{taken['visit']}"
    with devices.device() as phone:
        opens_visit(devices, phone, taken)
        phone.presses("Another time")
        phone.page.get_by_role("dialog").get_by_role("radio").nth(1).check()
        phone.page.get_by_label("Why, in a few words").fill(CANARY)
        assert phone.barriers() == []
        phone.page.get_by_role("dialog").locator("button.main").click()
        phone.sees("You proposed")
        phone.heard()
        [mine] = staff.get(f"{visit}/proposals").json()["items"]
        assert (mine["by_side"], mine["note"]) == ("technician", CANARY)
        phone.presses("Take it back")
        expect(phone.page.get_by_text("You proposed")).to_have_count(0)
        start = devices.town.world.start + timedelta(hours=1)
        theirs = staff.post(f"{visit}/proposals", {"time": {"start_at": start.isoformat()}, "note": "Stocktaking"})
        assert theirs.status_code == 201, theirs.text
        phone.page.reload()
        phone.sees("The client asks for a change")
        phone.sees("Stocktaking")
        phone.presses("Agree")
        expect(phone.page.get_by_text("The client asks for a change")).to_have_count(0)
        phone.heard()
        assert phone.barriers() == []
    agreed = datetime.fromisoformat(taken["caller"].get("/v1/assignments").json()["items"][0]["start_at"])
    assert agreed == start.astimezone(UTC)


def test_what_was_sent_back_is_called_as_people_call_it_on_phone_and_desk(devices: Devices):
    town = devices.town
    serial = {"code": "serial_plate", "kind": "serial", "label": "Placa de serie"}
    job, offers = town.offered(deliverables=[serial])
    taker = town.by_id(offers[0].technician_id)
    visit = done(taker.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))["visit_id"]
    for move in ("confirm", "leave", "check-in"):
        done(taker.post(f"/v1/visits/{visit}/{move}"))
    made = done(taker.post(f"/v1/visits/{visit}/deliverables", {"item": "serial_plate", "written": "SN-1"}))
    done(taker.post(f"/v1/visits/{visit}/check-out"))
    done(taker.post(f"/v1/jobs/{job['id']}/finish"))
    due = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    done(town.staff.post(f"/v1/deliverables/{made['id']}/send-back", {"why": "unreadable", "due_at": due}))
    page = f"/phone/visits/{town.world.start.date()}/{visit}"
    with devices.device(locale="es-MX") as phone:
        devices.sign_in(phone, devices.address_of(offers[0].technician_id))
        phone.opens(page)
        phone.sees("Placa de serie: no se puede leer")
        assert phone.barriers() == []
        phone.opens(f"{page}/work")
        phone.sees("no se puede leer")
    add_staff(town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    with devices.device(DESK) as desk:
        devices.sign_in(desk, "rosa@acme.example", "nav, header button")
        desk.opens(f"/desk/jobs/{job['id']}")
        expect(desk.page.locator(".note", has_text="To be mended by")).to_contain_text("Placa de serie")
        assert desk.barriers() == []


def large_photo() -> bytes:
    return picture(size=(4000, 3000))


def signs(phone: Device) -> None:
    """A finger moves over the pad."""
    pad = phone.page.locator("canvas")
    pad.hover()  # only once it stands still
    box = pad.bounding_box()
    assert box is not None
    mouse = phone.page.mouse
    mouse.move(box["x"] + 30, box["y"] + 40)
    mouse.down()
    for step in range(1, 8):
        mouse.move(box["x"] + 30 + step * 30, box["y"] + 40 + (step % 2) * 40)
    mouse.up()
