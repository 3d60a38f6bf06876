"""Photos beside words that were not sent, and a signature: here after the page was shut, gone once they are sent?"""

from typing import Any

import pytest
from browsing import Device, Devices
from dressed import done
from pictures import photo
from playwright.sync_api import expect
from unsent import UNSENT, kept, until

SIGNED = [{"code": "signed", "kind": "signature", "label": "The manager signs"}]
SIZES = UNSENT.replace("each.size > 0 && each.type", "each.size")
#: How much of the pad is ink.
INK = """canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
    return data.filter((each, at) => at % 4 === 0 && each < 128).length
}"""
#: What a browser says of its store when the disk is full.
FILL = """() => {
    IDBObjectStore.prototype.put = () => { throw new DOMException('The quota is used up.', 'QuotaExceededError') }
}"""
JPEG, PNG = "image/jpeg", "image/png"


@pytest.fixture
def taken(devices: Devices) -> dict[str, Any]:
    """A job that is signed for, and who has it: on site, with the visit's page."""
    town = devices.town
    job, offers = town.offered(deliverables=SIGNED)
    who = offers[0].technician_id
    visit = done(town.by_id(who).post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))["visit_id"]
    for move in ("confirm", "leave", "check-in"):
        done(town.by_id(who).post(f"/v1/visits/{visit}/{move}"))
    page = f"/phone/visits/{town.world.start.date()}/{visit}"
    return {"job": job["id"], "visit": visit, "page": page, "email": devices.address_of(who), "caller": town.by_id(who)}


def test_photos_beside_a_message_outlive_the_page_with_and_without_a_network(devices: Devices, taken):
    with devices.device() as phone:
        opens(devices, phone, taken, f"/phone/messages/job/{taken['job']}")
        mine = phone.page.get_by_role("img", name="Your photo")
        words = phone.page.get_by_label("Your message")
        words.fill("The unit is wet")
        chooses(phone, "Add a photo", photo(gps=True))
        chooses(phone, "Another photo", photo(), photo())
        expect(mine).to_have_count(3)
        kept(phone, [JPEG, JPEG, JPEG])
        assert phone.barriers() == []
        phone.page.reload()
        expect(mine).to_have_count(3)
        expect(words).to_have_value("The unit is wet")

        phone.offline(True)
        phone.page.reload()
        expect(mine).to_have_count(3)
        until(phone, lambda: mine.evaluate_all("all => all.map(each => each.naturalWidth)") == [40, 40, 40])
        phone.presses("Leave photo 2 out")
        expect(mine).to_have_count(2)
        kept(phone, [JPEG, JPEG])
        phone.page.reload()
        expect(mine).to_have_count(2)
        # What is kept of one conversation stands beside no other words.
        phone.opens(taken["page"])
        phone.presses("Something happened")
        phone.sees("What you saw")
        expect(mine).to_have_count(0)
        phone.opens(f"/phone/messages/job/{taken['job']}")
        expect(mine).to_have_count(2)
        phone.presses("Send")
        expect(mine).to_have_count(0)
        # What is said waits with the rest of it, not here.
        kept(phone, [])
        phone.page.reload()
        phone.sees("The unit is wet")
        expect(mine).to_have_count(0)

        phone.offline(False)
        phone.heard()
    [said] = [each for each in messages(taken) if each["text"] == "The unit is wet"]
    assert len(said["files"]) == 2


def test_photos_of_what_happened_are_there_when_the_panel_is_opened_again(devices: Devices, taken):
    with devices.device() as phone:
        opens(devices, phone, taken, taken["page"])
        mine = phone.page.get_by_role("img", name="Your photo")
        phone.offline(True)
        phone.presses("Something happened")
        phone.page.get_by_label("Something was damaged").check()
        phone.page.get_by_label("What you saw").fill("A shelf fell")
        chooses(phone, "Add a photo", photo())
        expect(mine).to_have_count(1)
        kept(phone, [JPEG])
        phone.page.reload()
        phone.presses("Something happened")
        expect(mine).to_have_count(1)
        expect(phone.page.get_by_label("What you saw")).to_have_value("A shelf fell")
        phone.page.get_by_label("Something was damaged").check()
        # Who presses twice before it is through says it once.
        phone.page.locator("dialog form", has_text="Report it").evaluate(
            "each => { each.requestSubmit(); each.requestSubmit() }"
        )
        phone.offline(False)
        phone.heard()
        phone.presses("Something happened")
        expect(phone.page.get_by_label("What you saw")).to_have_value("")
        expect(mine).to_have_count(0)
        kept(phone, [])
        phone.heard()
    [told] = devices.town.staff.get(f"/v1/visits/{taken['visit']}/incidents").json()["items"]
    assert (told["note"], len(told["files"])) == ("A shelf fell", 1)


def test_a_signature_outlives_the_page_and_is_the_one_that_is_sent(devices: Devices, taken):
    with devices.device() as phone:
        opens(devices, phone, taken, f"{taken['page']}/work")
        pad = phone.page.locator("canvas")
        phone.page.get_by_label("Name of who signs").fill("Rosa Marsh")
        signs(phone)
        drawn = pad.evaluate(INK)
        assert drawn > 500
        kept(phone, [PNG])
        phone.page.reload()
        clear = phone.page.get_by_role("button", name="Begin again", exact=True)
        expect(clear).to_be_enabled()
        assert pad.evaluate(INK) == drawn, "stroke by stroke as it was drawn"

        phone.offline(True)
        before = phone.page.evaluate(SIZES)
        signs(phone, lower=60)
        more = pad.evaluate(INK)
        assert more > drawn
        until(phone, lambda: phone.page.evaluate(SIZES) != before)
        phone.page.reload()
        expect(clear).to_be_enabled()
        assert pad.evaluate(INK) == more
        phone.presses("Begin again")
        kept(phone, [])
        phone.page.reload()
        expect(clear).to_be_disabled()
        assert pad.evaluate(INK) == 0, "what was wiped off does not come back"
        signs(phone)
        kept(phone, [PNG])
        phone.page.reload()
        expect(clear).to_be_enabled()
        assert phone.barriers() == []
        phone.presses("Signed")
        phone.sees("Signed by Rosa Marsh")
        kept(phone, [])
        phone.offline(False)
        phone.heard()
    [sent] = taken["caller"].get(f"/v1/jobs/{taken['job']}/deliverables").json()["deliverables"]
    assert (sent["written"], sent["file"]["content_type"]) == ("Rosa Marsh", PNG)


def test_nobody_else_finds_what_was_not_sent_and_a_full_phone_says_that_it_is_not_kept(devices: Devices, taken):
    talk = f"/phone/messages/job/{taken['job']}"
    with devices.device() as phone:
        opens(devices, phone, taken, talk)
        mine = phone.page.get_by_role("img", name="Your photo")
        chooses(phone, "Add a photo", photo())
        expect(mine).to_have_count(1)
        kept(phone, [JPEG])
        phone.page.evaluate(FILL)
        chooses(phone, "Another photo", photo())
        phone.sees("There is no room left on this phone: it is kept only until this page closes.")
        expect(mine).to_have_count(2)
        assert phone.barriers() == []
        phone.page.reload()
        expect(mine).to_have_count(1)
        other = devices.address_of(devices.town.world.technicians[-1])
        assert other != taken["email"]
        devices.sign_in(phone, other)
        phone.sees("Nothing on this day")
        kept(phone, [])


def opens(devices: Devices, phone: Device, taken: dict[str, Any], page: str) -> None:
    devices.sign_in(phone, taken["email"])
    phone.sees("Nothing on this day")
    phone.opens(page)
    phone.page.evaluate("navigator.serviceWorker.ready")


def chooses(phone: Device, label: str, *photos: bytes) -> None:
    files = [{"name": f"{num}.jpg", "mimeType": JPEG, "buffer": each} for num, each in enumerate(photos)]
    phone.page.get_by_label(label).set_input_files(files)  # type: ignore[arg-type]


def signs(phone: Device, lower: int = 0) -> None:
    """A finger moves over the pad."""
    pad = phone.page.locator("canvas")
    pad.hover()  # only once it stands still
    box = pad.bounding_box()
    assert box is not None
    mouse = phone.page.mouse
    mouse.move(box["x"] + 30, box["y"] + 20 + lower)
    mouse.down()
    for step in range(1, 8):
        mouse.move(box["x"] + 30 + step * 30, box["y"] + 20 + lower + (step % 2) * 30)
    mouse.up()


def messages(taken: dict[str, Any]) -> list[Any]:
    found: list[Any] = taken["caller"].get(f"/v1/jobs/{taken['job']}/messages").json()["items"]
    return found
