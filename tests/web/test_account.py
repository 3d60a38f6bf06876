"""One's own way in: the password, where one is signed in, and whom else one may be."""

import json
import zipfile

import pytest
from browsing import DESK, PHONE, Devices
from playwright.sync_api import expect
from signing import Browser, add_staff, give_address

ROSA = "rosa@acme.example"
PASSWORD, OTHER = "correct horse battery", "another horse battery"


def _elsewhere(devices: Devices) -> Browser:
    """Rosa at another device, signed in by a link."""
    browser = Browser(devices.town)
    assert browser.opens(devices.link_for(ROSA)).status_code == 201
    return browser


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_staff_set_a_password_and_sign_out_where_they_are_not(devices: Devices, size):
    add_staff(devices.town, "dispatcher", ROSA, "Rosa Marsh")
    with devices.device(size) as desk:
        devices.sign_in(desk, ROSA, "header")
        lost, other = _elsewhere(devices), _elsewhere(devices)
        # From the board, by one's name.
        desk.follows("Rosa Marsh")
        desk.sees("Rosa Marsh, dispatcher, Acme service")
        expect(desk.page.get_by_role("listitem")).to_have_count(3)
        assert desk.barriers() == []
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        desk.page.get_by_role("button", name="Sign out there").first.click()
        expect(desk.page.get_by_role("listitem")).to_have_count(2)
        assert [each.get("/v1/me").status_code for each in (lost, other)].count(401) == 1

        with desk.page.expect_download() as data:
            desk.follows("Download your data")
        with zipfile.ZipFile(data.value.path()) as archive:
            assert [each["email"] for each in json.loads(archive.read("data/staff.json"))] == [ROSA]

        desk.presses("Set a password")
        desk.page.get_by_label("A new password").fill(ROSA)
        desk.presses("Set a password")
        desk.sees("Take 12 to 200 characters that are harder to guess")
        desk.page.get_by_label("A new password").fill(PASSWORD)
        assert desk.barriers() == []
        desk.presses("Set a password")
        desk.sees("The new password counts from now on.")
        desk.sees("You are signed in nowhere else.")
        assert [each.get("/v1/me").status_code for each in (lost, other)] == [401, 401]

    with devices.device(size, locale="es-US") as desk:
        desk.opens("/desk/account")
        desk.page.get_by_label("Correo electrónico").fill(ROSA)
        desk.presses("Tengo contraseña")
        desk.page.get_by_label("Contraseña").fill(PASSWORD)
        desk.presses("Entrar")
        # Who came by password proves that they know it.
        desk.presses("Cambiarla")
        desk.page.get_by_label("La contraseña que tiene").fill("no es esta, seguro")
        desk.page.get_by_label("Contraseña nueva").fill(OTHER)
        desk.presses("Cambiarla")
        desk.sees("Esta no es la contraseña que tiene.")
        desk.page.get_by_label("La contraseña que tiene").fill(PASSWORD)
        desk.presses("Cambiarla")
        desk.sees("La contraseña nueva vale desde ahora.")
        desk.presses("Quitarla")
        desk.page.get_by_role("dialog").get_by_role("button", name="Quitarla", exact=True).click()
        desk.sees("La contraseña ya no existe.")
        asked = {"email": ROSA, "password": OTHER}
        assert Browser(devices.town).post("/v1/sign-in/password", asked).status_code == 401


def test_somebody_of_two_clients_and_a_van_goes_on_as_each(devices: Devices):
    town = devices.town
    add_staff(town, "requester", ROSA, "Rosa Marsh")
    add_staff(town, "dispatcher", ROSA, "R. Marsh", client=town.globex)
    give_address(town, town.world.technicians[0], ROSA)
    town.posted(title="Replace pump")
    with devices.device() as phone:
        devices.sign_in(phone, ROSA, "header")
        phone.sees("Replace pump")
        # What is for another of one's own selves offers to be that one.
        phone.opens("/phone/")
        phone.sees("You are signed in as requester")
        assert phone.barriers() == []
        phone.page.get_by_role("button", name="technician").click()
        phone.page.get_by_role("link", name="Today").wait_for()
        phone.opens("/phone/settings")
        phone.sees("Go on as somebody else")
        phone.sees("This device")
        assert phone.barriers() == []
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        phone.presses("Go on as R. Marsh, dispatcher, Globex")
        phone.page.wait_for_url("**/board/**")
        phone.sees("Globex")
        expect(phone.page.get_by_text("Replace pump")).to_have_count(0)
