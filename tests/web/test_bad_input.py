"""What goes wrong at a browser is said, and nothing is overwritten: two tabs, an old link, a file that is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from browsing import DESK, Device, Devices
from dressed import done
from pictures import photo
from playwright.sync_api import Request, Route, expect
from signing import add_staff
from sqlalchemy import update

from dispatch.record.session import Actor
from dispatch.record.tables.signin import SignInRow
from dispatch.signin.links import make_link


def test_two_tabs_answer_the_same_offer_and_the_second_is_told(devices: Devices) -> None:
    job, offers = devices.town.offered()
    with devices.device() as first:
        devices.sign_in(first, devices.address_of(offers[0].technician_id))
        second = Device(first.url, first.context, first.context.new_page(), first.faults)
        # The second tab hears of nothing: else it takes the question back by itself, within two seconds.
        held: list[Route] = []
        second.page.route("**/v1/offers/stream", lambda each: held.append(each))
        for tab in (first, second):
            tab.opens(f"/phone/offers/{offers[0].id}")
            tab.sees("Why you")
        second.presses("No")
        second.page.get_by_label("The time does not suit").check()
        second.page.route(
            "**/v1/**", lambda each: held.append(each) if each.request.method == "GET" else each.continue_()
        )
        first.presses("Accept 12:00 PM")
        first.sees("It is yours.")
        # The question was open before the other tab answered: its answer comes too late, and says so.
        second.presses("Say no")
        second.sees("It changed meanwhile. Look at it again.")
        second.page.unroute("**/v1/**")
        second.opens(f"/phone/offers/{offers[0].id}")
        second.sees("You said yes")
        expect(second.page.get_by_role("button", name="Accept ")).to_have_count(0)
        assert second.barriers() == []
    [slot] = devices.town.staff.get(f"/v1/jobs/{job['id']}").json()["visits"][0]["slots"]
    assert slot["technician"]["id"] == str(offers[0].technician_id)


def test_a_link_that_nobody_opened_in_time_offers_another(devices: Devices) -> None:
    email = devices.address_of(devices.town.world.technicians[0])
    with devices.town.world.as_engine() as (session, now):
        token = make_link(session, Actor("operator"), email, timedelta(minutes=30), now=now - timedelta(hours=1))
        assert session.execute(update(SignInRow).values(expires_at=now - timedelta(minutes=1))).rowcount == 1
    with devices.device() as phone:
        phone.opens(f"/sign-in#token={token}")
        phone.presses("Sign in on this device")
        phone.sees("This link is over")
        assert phone.barriers() == []
        phone.presses("Mail me a new one")
        phone.sees("A new link is on its way")
        # A link that was cut short is no link; the way in stays open.
        phone.opens(f"/sign-in?again#token={token[:-5]}")
        phone.presses("Sign in on this device")
        phone.sees("This link is not one of ours")
        assert phone.barriers() == []


def test_a_page_of_a_proof_that_is_too_large_or_no_picture_is_refused_with_its_reason(devices: Devices) -> None:
    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(devices.town.world.technicians[0]))
        phone.opens("/phone/proofs/new")
        today = datetime.now(UTC).date()
        phone.page.locator("select").select_option(label="Background check")
        phone.page.get_by_label("Valid from").fill(today.isoformat())
        phone.page.get_by_label("Valid until, its last day").fill((today + timedelta(days=300)).isoformat())
        phone.page.get_by_label("Number or where it can be looked up").fill("Card 4711")
        phone.presses("On to the photos")
        phone.sees("Photograph it first, page by page.")
        phone.heard()
        for name, data, words in (
            ("huge.jpg", photo() + b"\0" * 20_000_000, "larger than 15 MB"),
            ("fake.jpg", b"no picture at all", "neither a photo nor a PDF"),
            ("cut.jpg", photo()[:200], "neither a photo nor a PDF"),
        ):
            file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
            phone.page.get_by_label("Choose a photo or PDF").set_input_files([file])  # type: ignore[list-item]
            phone.sees(words)
        # What only the server sees is told as people say it.
        cut = {"name": "cut.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n1 0 obj << >> endobj"}
        phone.page.get_by_label("Choose a photo or PDF").set_input_files([cut])  # type: ignore[list-item]
        told = phone.page.get_by_role("listitem").filter(has_text="It was not taken: This file cannot be used")
        expect(told).to_contain_text("Take the photo again, or choose another file.")
        assert phone.barriers() == []


def _has_no_time(route: Route) -> None:
    """What the API answers when its own deadline has passed."""
    body = '{"code": "overdue", "outcome_unknown": true}'
    route.fulfill(status=503, headers={"Retry-After": "1"}, content_type="application/problem+json", body=body)


def test_what_is_read_while_the_server_has_no_time_is_asked_again_and_no_trouble_is_shown(devices: Devices) -> None:
    asked: list[str] = []

    def reads_late(route: Route) -> None:
        asked.append(route.request.url)
        if asked.count(route.request.url) == 1:
            _has_no_time(route)
        else:
            route.continue_()

    with devices.device() as phone:
        devices.sign_in(phone, devices.address_of(devices.town.world.technicians[0]))
        for each in ("preferences", "preferences/calendar", "me"):
            phone.page.route(f"**/v1/{each}", reads_late)
        phone.opens("/phone/settings")
        expect(phone.page.get_by_label("Offers")).to_be_visible()
        phone.sees("Make an address")
        expect(phone.page.get_by_role("alert")).to_have_count(0)
        assert len(set(asked)) == 3
        assert phone.barriers() == []


def test_what_was_done_when_the_answer_came_too_late_is_asked_again_under_its_name(devices: Devices) -> None:
    add_staff(devices.town, "dispatcher", "rosa@acme.example", "Rosa Marsh")
    job = devices.town.posted()
    names: list[str] = []

    def holds_late(route: Route) -> None:
        names.append(route.request.headers["idempotency-key"])
        if len(names) == 1:
            assert route.fetch().status == 200, "it is done"
            _has_no_time(route)
        else:
            assert route.request.post_data_json == {"why": "other"}
            route.continue_()

    with devices.device(DESK) as desk:
        devices.sign_in(desk, "rosa@acme.example", "header")
        desk.opens(f"/desk/jobs/{job['id']}")
        desk.page.route("**/v1/jobs/*/hold", holds_late)
        with desk.page.expect_response(lambda each: each.url.endswith("/hold") and each.status == 200):
            desk.presses("Stop asking")
        expect(desk.page.get_by_role("button", name="Ask again")).to_be_visible()
        expect(desk.page.get_by_role("alert")).to_have_count(0)
        assert names == [names[0]] * 2
    events = done(devices.town.staff.get(f"/v1/jobs/{job['id']}/events"))["items"]
    assert [each["kind"] for each in events].count("held") == 1


#: What is chosen in place of a photo: 20 MB, and bytes that are no picture.
NO_PHOTOS = {"huge.jpg": photo() + b"\0" * 20_000_000, "fake.jpg": b"no picture at all"}
#: By language: the message's field and its photo, the two reasons, the photo that is handed in.
SAID = {
    "en-US": ("Your message", "Add a photo", "This file is larger than 15 MB", "This is no photo that can be opened",
              "From the phone: The unit, closed"),
    "es-MX": ("Su mensaje", "Añadir una foto", "Este archivo pasa de 15 MB", "No es una foto que se pueda abrir",
              "Del teléfono: The unit, closed"),
}  # fmt: skip


def test_a_photo_that_is_too_large_or_none_keeps_the_words_beside_it_and_sends_nothing(
    devices: Devices, tmp_path: Path
) -> None:
    town = devices.town
    for name, data in NO_PHOTOS.items():
        (tmp_path / name).write_bytes(data)
    asked = [
        {"code": "after", "kind": "photo", "label": "The unit, closed"},
        {"code": "serial", "kind": "serial", "label": "Serial number"},
    ]
    job, offers = town.offered(deliverables=asked)
    mine = town.by_id(offers[0].technician_id)
    visit = done(mine.post(f"/v1/offers/{offers[0].id}/accept", {"terms_version": 1}))["visit_id"]
    for move in ("confirm", "leave", "check-in"):
        done(mine.post(f"/v1/visits/{visit}/{move}"))
    email = devices.address_of(offers[0].technician_id)
    for locale, (message, add, *reasons, choose) in SAID.items():
        with devices.device(locale=locale) as phone:
            devices.sign_in(phone, email)
            sent: list[Request] = []
            phone.page.on("request", lambda each, sent=sent: sent.append(each) if each.method == "POST" else None)
            phone.opens(f"/phone/messages/job/{job['id']}")
            words = phone.page.get_by_label(message)
            words.fill("The unit is wet")
            _refuses(phone, add, tmp_path, reasons)
            expect(words).to_have_value("The unit is wet")
            expect(phone.page.locator(".photos img")).to_have_count(0)
            phone.opens(f"/phone/visits/{town.world.start.date()}/{visit}/work")
            serial = phone.page.get_by_label("Serial number", exact=True)
            serial.fill("SN-0042")
            _refuses(phone, choose, tmp_path, reasons)
            expect(serial).to_have_value("SN-0042")
            assert phone.barriers() == []
            # Not in this page, nor in what the phone keeps to send later.
            phone.page.reload()
            expect(serial).to_have_value("SN-0042")
            phone.heard()
            assert [each.url for each in sent] == []
    assert done(mine.get(f"/v1/jobs/{job['id']}/messages"))["items"] == []
    assert done(mine.get(f"/v1/jobs/{job['id']}/deliverables"))["deliverables"] == []


def _refuses(phone: Device, label: str, folder: Path, reasons: list[str]) -> None:
    """Each is refused with its own reason, which is gone once another file is chosen."""
    for name, reason in zip(NO_PHOTOS, reasons, strict=True):
        phone.page.get_by_label(label).set_input_files(folder / name)
        phone.page.get_by_role("alert").filter(has_text=reason).wait_for()
    expect(phone.page.get_by_text(reasons[0])).to_have_count(0)
