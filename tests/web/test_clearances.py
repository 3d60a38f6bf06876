"""The operator's word that somebody is a US person: given, changed and taken back at the desk, by its last day."""

from datetime import UTC, date, datetime, timedelta

from browsing import DESK, PHONE, Device, Devices
from dressed import OPERATOR
from playwright.sync_api import Locator, expect
from signing import add_staff
from sitting import fits, goes, in_panel, sits_down
from sqlalchemy import update

from dispatch.record.tables import CredentialKindRow, TechnicianRow

ANA, BO = "Ana Flores", "Bo <b>Lund</b>"


def named(devices: Devices) -> date:
    """Two technicians by name, and the operator; what day it is."""
    world = devices.town.world
    add_staff(devices.town, "operator", OPERATOR, "Olga Brandt")
    with world.as_engine() as (session, _):
        for who, name in zip(world.technicians, (ANA, BO), strict=False):
            session.execute(update(TechnicianRow).where(TechnicianRow.id == who).values(name=name))
    return datetime.now(UTC).date()


def word_of(devices: Devices, num: int) -> tuple[str, str | None]:
    with devices.town.world.as_engine() as (session, _):
        row = session.get_one(TechnicianRow, devices.town.world.technicians[num])
        return row.clearance, None if row.clearance_until is None else row.clearance_until.isoformat()


def row_of(device: Device, name: str) -> Locator:
    return device.page.get_by_role("listitem").filter(has_text=name)


def test_the_operator_gives_a_word_changes_its_end_and_takes_it_back(devices: Devices):
    """Also: a day beyond a year is not sent, one that somebody else changed meanwhile is refused where it was typed."""
    today = named(devices)
    with devices.device(DESK) as olga:
        sits_down(devices, olga, OPERATOR)
        goes(olga, "Clearances")
        olga.sees("No clearance ends soon")
        olga.page.get_by_role("radio", name="Everybody", exact=True).check()
        olga.page.get_by_label("Name holds").fill("o <b>")
        olga.presses("Find")
        expect(row_of(olga, BO)).to_contain_text("Not known")
        expect(row_of(olga, ANA)).to_have_count(0)
        olga.page.get_by_label("Name holds").fill("flores")
        olga.presses("Find")
        expect(row_of(olga, BO)).to_have_count(0)
        olga.presses(f"Your word: {ANA}")
        panel = olga.page.get_by_role("dialog", name=f"Your word: {ANA}")
        panel.get_by_label("What you say of them").select_option("us_person")
        day = panel.get_by_label("Last day")
        expect(day).to_have_value((today + timedelta(days=365)).isoformat())
        day.fill((today + timedelta(days=366)).isoformat())
        panel.get_by_role("button", name="Keep it").click()
        assert day.evaluate("each => each.validity.rangeOverflow"), "a year is the most"
        assert olga.barriers() == []
        soon, later = ((today + timedelta(days=days)).isoformat() for days in (20, 90))
        day.fill(soon)
        in_panel(olga, "Keep it")
        expect(row_of(olga, ANA)).to_contain_text("US person through")
        assert word_of(devices, 0) == ("us_person", soon)

        olga.page.get_by_label("Name holds").fill("")
        olga.presses("Find")
        olga.page.get_by_role("radio", name="Ends within 30 days", exact=True).check()
        expect(olga.page.get_by_role("list", name="Clearances").get_by_role("listitem")).to_have_count(1)
        assert olga.barriers() == []
        olga.presses(f"Your word: {ANA}")
        expect(day).to_have_value(soon)
        path = f"/v1/technicians/{devices.town.world.technicians[0]}"
        operator = devices.town.key("operator")
        meanwhile = operator.patch(path, {"clearance_until": later}, operator.get(path).headers["ETag"])
        assert meanwhile.status_code == 200, meanwhile.text
        panel.get_by_label("What you say of them").select_option("unknown")
        panel.get_by_role("button", name="Keep it").click()
        expect(panel.get_by_role("alert")).to_contain_text("Somebody changed it meanwhile")
        olga.page.keyboard.press("Escape")
        olga.sees("No clearance ends soon")
        assert word_of(devices, 0) == ("us_person", later)
        olga.page.get_by_role("radio", name="Everybody", exact=True).check()
        olga.presses(f"Your word: {ANA}")
        panel.get_by_label("What you say of them").select_option("unknown")
        in_panel(olga, "Keep it")
        expect(row_of(olga, ANA)).to_contain_text("Not known")
        assert word_of(devices, 0) == ("unknown", None)


def test_in_spanish_on_a_phone_a_word_is_given_until_there_is_a_proof_for_it(devices: Devices):
    today = named(devices)
    last = (today + timedelta(days=10)).isoformat()
    with devices.device(PHONE, "dark", locale="es-MX") as olga:
        sits_down(devices, olga, OPERATOR)
        goes(olga, "Habilitaciones")
        olga.page.get_by_role("radio", name="Todos", exact=True).check()
        olga.presses(f"Su palabra: {BO}")
        panel = olga.page.get_by_role("dialog")
        panel.get_by_label("Lo que usted dice").select_option(label="Persona de EE. UU.")
        panel.get_by_label("Último día").fill(last)
        assert olga.barriers() == []
        assert fits(olga)
        in_panel(olga, "Guardarlo")
        expect(row_of(olga, BO)).to_contain_text("Persona de EE. UU. hasta el")
        assert word_of(devices, 1) == ("us_person", last)
        with devices.town.world.as_engine() as (session, _):
            session.add(CredentialKindRow(code="export", name="Form I-9", family="clearance"))
        olga.page.reload()
        olga.sees("Aquí se puede probar, con: Form I-9.")
        expect(row_of(olga, BO)).to_contain_text("Persona de EE. UU. hasta el")
        expect(olga.page.get_by_role("button", name=f"Su palabra: {BO}")).to_have_count(0)
        assert olga.barriers() == []
        assert fits(olga)
