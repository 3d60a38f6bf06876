"""The desk's pages of trust: who may work, what waits for a yes, how a morning begins; and the operator's reviews."""

import os

import pytest
from browsing import DESK, PHONE, Device, Devices
from dressed import ADMIN, DISPATCHER, OPERATOR, Dressed, done, dress
from playwright.sync_api import expect

from dispatch.audit.bundle import verify_bundle

LONG = bool(os.environ.get("TRUCKROLL_TEST_LONG"))
LOOKS = [(size, scheme) for size in (PHONE, DESK) for scheme in ("light", "dark")]
CANARY = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def acme(devices: Devices) -> Dressed:
    return dress(devices.town)


def fits(device: Device) -> bool:
    """Nothing has to be pushed sideways."""
    return bool(device.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def sits_down(devices: Devices, device: Device, email: str) -> None:
    """Signed in, wherever that leads, and at the desk."""
    devices.sign_in(device, email, "nav, header button")
    device.opens("/desk/")


def goes(device: Device, name: str) -> None:
    device.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def in_panel(device: Device, button: str) -> None:
    """Answer the one question that is open, and see it go."""
    device.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    device.page.get_by_role("dialog").wait_for(state="detached")


def test_an_admin_lets_people_in_and_out_with_a_reason_and_makes_an_exception(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, ADMIN)
        goes(desk, "Technicians")
        desk.presses("Admit: Ray Diaz")
        assert desk.barriers() == []
        in_panel(desk, "Admit")
        expect(desk.page.get_by_text("Ray Diaz")).to_have_count(0)
        desk.presses("Decline: Dana Whitefeather")
        desk.page.get_by_label("We have enough people").check()
        in_panel(desk, "Decline")
        desk.sees("Nobody here")
        desk.page.get_by_label("Admitted", exact=True).check()
        desk.presses("Suspend: Ray Diaz")
        desk.page.get_by_label("Conduct on site").check()
        in_panel(desk, "Suspend")
        desk.page.get_by_label("Suspended", exact=True).check()
        desk.sees("Conduct on site")
        states = {each["technician_id"]: each for each in done(acme.admin.get("/v1/admissions"))["items"]}
        shut_out = states[str(devices.town.world.technicians[1])]
        assert (shut_out["state"], shut_out["reason"]) == ("suspended", "conduct")

        desk.presses("Invite a technician")
        desk.page.get_by_label("Number of the technician").fill("T-99999")
        desk.page.get_by_role("dialog").get_by_role("button", name="Invite a technician").click()
        desk.sees("There is nobody with this number")
        expect(desk.page.get_by_label("Number of the technician")).to_have_value("T-99999")
        desk.page.get_by_label("Number of the technician").fill("T-00006")
        in_panel(desk, "Invite a technician")
        desk.sees("Priya Nair")

        goes(desk, "Pools")
        desk.follows("Night crew")
        desk.sees("hvac from level 3")
        desk.sees("Trained by us in May")
        assert desk.barriers() == []
        desk.presses("Change requirements")
        desk.page.get_by_label("Least reputation, from 0 to 100").fill("40")
        in_panel(desk, "Save")
        asks = done(acme.admin.get(f"/v1/pools/{acme.pool}/requirements"))["requirements"]
        assert (asks["min_reputation"], asks["skills"], len(asks["near"])) == (0.4, {"hvac": 3}, 1)
        desk.presses("Make an exception")
        desk.page.get_by_label("Number of the technician").fill("T-00004")
        desk.page.get_by_label("Kept out, though meeting it").check()
        desk.page.get_by_label("Reason").fill(CANARY)
        in_panel(desk, "Make an exception")
        desk.sees(CANARY)
        made = done(acme.admin.get(f"/v1/pools/{acme.pool}/overrides"))
        assert (made[0]["is_member"], made[0]["reason"]) == (False, CANARY)
        desk.presses("Take back: Lena Brandt")
        desk.sees("ended")


def test_two_people_approve_what_is_too_large_for_one_and_money_says_where_it_went(devices: Devices, acme: Dressed):
    with devices.device(PHONE, "dark") as rosa, devices.device(DESK) as clara:
        sits_down(devices, rosa, DISPATCHER)
        goes(rosa, "Approvals")
        rosa.presses("Approve $140")
        expect(rosa.page.get_by_role("button", name="Approve $140")).to_have_count(0)
        rosa.presses("Sign $480")
        rosa.sees("You have signed; a second person is missing.")
        assert rosa.barriers() == []
        assert fits(rosa)
        rosa.sees("$60 disputed: The hours")

        sits_down(devices, clara, ADMIN)
        goes(clara, "Approvals")
        clara.sees("1 person has signed")
        clara.presses("Approve $480")
        clara.sees("Nothing waits")
        assert clara.barriers() == []
        clara.presses("Give way")
        in_panel(clara, "Give way")
        clara.sees("Decided: $60 for the technician")
        goes(clara, "Money")
        clara.sees("Set aside for work")
        assert clara.barriers() == []
        with clara.page.expect_download() as download:
            clara.follows("As a file (CSV)")
        assert "hold" in download.value.path().read_text()
    states = {each["number"]: each["state"] for each in done(acme.admin.get("/v1/jobs"))["items"]}
    assert {states[acme.jobs[name]] for name in ("waits", "large")} == {"approved"}


def test_a_morning_tells_what_is_behind_each_figure_and_hours_say_what_can_be_done(devices: Devices, acme: Dressed):
    with (
        devices.device(DESK) as desk,
        devices.device(PHONE, locale="es-MX", timezone_id="America/Mexico_City") as phone,
    ):
        sits_down(devices, desk, ADMIN)
        goes(desk, "Morning")
        desk.sees("2 work orders wait for approval")
        filled = desk.page.locator(".figure", has=desk.page.get_by_text("Filled", exact=True))
        expect(filled.locator("strong")).to_have_text("90%")
        desk.sees("the skill is below the level wanted")
        late = desk.page.locator(".figure", has=desk.page.get_by_text("On time", exact=True))
        late.locator("summary").click()
        expect(late.get_by_role("link", name=acme.jobs["late"])).to_be_visible()
        assert desk.barriers() == []
        desk.page.get_by_label("Which days").select_option("1")
        desk.sees("first visits")
        goes(desk, "Compliance")
        desk.sees("1 visit lies after it")
        desk.sees("Trained by us in May")
        desk.sees("alarm code")
        assert desk.barriers() == []
        goes(desk, "Hours with you")
        desk.page.get_by_label("near the limit").check()
        desk.page.get_by_text("What can be done").first.click()
        desk.sees("Give the next work to others of the pool")
        assert desk.barriers() == []

        sits_down(devices, phone, ADMIN)
        goes(phone, "La mañana")
        phone.sees("órdenes esperan")
        assert phone.barriers() == []
        assert fits(phone)


def test_the_operator_looks_before_they_verify_answers_and_hands_on_evidence(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, OPERATOR)
        goes(desk, "Reviews")
        desk.sees("site briefing")
        expect(desk.page.get_by_role("button", name="It is genuine")).to_be_disabled()
        desk.presses("Look at the pages")
        page = desk.page.get_by_role("img", name="Page 1")
        expect(page).not_to_have_js_property("naturalWidth", 0)
        desk.presses("It is genuine")
        in_panel(desk, "It is genuine")
        desk.sees("No proof waits")
        desk.presses("Answer")
        desk.page.get_by_label("It stays as it is").check()
        desk.page.get_by_label("In words, for the technician").fill("Nine others were nearer or had better marks.")
        in_panel(desk, "Answer")
        desk.sees("Nobody asked for a second look")
        desk.presses("Review it")
        in_panel(desk, "Review it")
        desk.sees("being reviewed")
        assert desk.barriers() == []

        goes(desk, "Clients")
        desk.presses("Decline: Initech field services")
        desk.page.get_by_label("Papers are missing").check()
        in_panel(desk, "Decline")
        desk.sees("Declined")
        assert desk.barriers() == []
        goes(desk, "Rules")
        desk.sees("holds today")
        expect(desk.page.locator("del", has_text="600").first).to_be_visible()
        assert desk.barriers() == []
        goes(desk, "Evidence")
        desk.presses("Verify: Acme service")
        desk.sees("Whole:")
        desk.page.get_by_label("Work order number").fill(acme.jobs["late"])
        desk.presses("Make the file")
        with desk.page.expect_download() as download:
            desk.follows("Download")
        assert verify_bundle(download.value.path().read_bytes()).is_whole
        assert desk.barriers() == []
    [review] = done(acme.operator.get("/v1/reviews"))["items"]
    assert (review["state"], review["answer"]) == ("rejected", "Nine others were nearer or had better marks.")


def test_pages_of_the_operator_are_no_ones_else_and_an_empty_desk_says_how_to_begin(devices: Devices, acme: Dressed):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, DISPATCHER)
        expect(desk.page.get_by_role("link", name="Compliance")).to_have_count(0)
        desk.opens("/desk/operator/reviews")
        desk.sees("It is not there, or not for you.")
        assert desk.barriers() == []


@pytest.mark.skipif(not LONG, reason="every size and theme: scripts/test --long")
@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_of_trust_fits_and_can_be_read(devices: Devices, acme: Dressed, size, scheme):
    for who, pages in (
        (ADMIN, ("Morning", "Compliance", "Approvals", "Technicians", "Pools", "Hours with you", "Money")),
        (OPERATOR, ("Reviews", "Clients", "Rules", "Evidence")),
    ):
        with devices.device(size, scheme) as device:
            sits_down(devices, device, who)
            for name in pages:
                goes(device, name)
                device.page.wait_for_load_state("networkidle")
                assert device.barriers() == []
                assert fits(device)
