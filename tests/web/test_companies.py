"""How each company is taxed: the operator enters it from its W-9, and a year of pay says what follows."""

import os
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from browsing import DESK, PHONE, Devices
from dressed import ADMIN, OPERATOR
from playwright.sync_api import expect
from purse import Purse, done
from signing import add_staff
from sitting import fits, goes, in_panel, sits_down
from sqlalchemy import select

from dispatch.money.payouts import hear
from dispatch.money.provider import Word
from dispatch.record.session import ENGINE
from dispatch.record.tables import TaxClassRow, TechnicianRow
from dispatch.talent.companies import create_company, employ
from dispatch.talent.taxclasses import tax_day
from matching.job import Pay

SHOTS = os.environ.get("TRUCKROLL_SHOTS")
CANARY = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def company(devices: Devices) -> UUID:
    """A company that Acme paid 2,000 dollars this year for the work of its people, and one that nobody paid."""
    purse = Purse(devices.town.world)
    purse.agrees(limits={"dispatcher": "5000"})
    purse.pays_in("5000")
    add_staff(devices.town, "client_admin", ADMIN, "Clara Whitfield")
    add_staff(devices.town, "operator", OPERATOR, "Olga Brandt")

    def makes(session, now) -> UUID:
        create_company(session, purse.operator, "Marfa Low Voltage", now=now)
        made = create_company(session, purse.operator, f"Crew and Sons {CANARY}", now=now)
        for technician in session.scalars(select(TechnicianRow.id)).all():
            employ(session, purse.operator, technician, made, now=now)
        return made

    made: UUID = purse.does(makes)
    purse.approves(done(purse, pay=Pay("fixed", Decimal("2000.00"), "USD")))
    [payout] = purse.runs_payouts()
    purse.does(lambda session, now: hear(session, ENGINE, Word(payout, "paid"), now=now))
    return made


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_operator_enters_how_a_company_is_taxed_and_the_year_says_that_it_is_reported(
    devices: Devices, company: UUID, size: dict[str, int], scheme: str
):
    name = f"Crew and Sons {CANARY}"
    with devices.town.world.as_engine() as (_, now):
        first_day = f"{tax_day(now).year}-01-01"
    with devices.device(size, scheme=scheme) as olga, devices.device(DESK) as clara:
        sits_down(devices, clara, ADMIN)
        goes(clara, "Money")
        paid = clara.page.get_by_role("row").filter(has_text="$2,000")
        expect(paid.get_by_text("tax classification missing")).to_be_visible()
        expect(paid.get_by_role("button")).to_have_count(0)
        assert clara.barriers() == []

        sits_down(devices, olga, OPERATOR)
        goes(olga, "Companies")
        both = olga.page.get_by_role("list", name="Companies").get_by_role("listitem")
        crew, others = both.filter(has_text=name), both.filter(has_text="Marfa Low Voltage")
        for each in (crew, others):
            expect(each.get_by_text("tax classification missing")).to_be_visible()
        line = olga.page.get_by_role("row").filter(has_text="$2,000")
        expect(line.get_by_text("paid by Acme")).to_be_visible()
        assert olga.barriers() == []
        assert fits(olga)
        line.get_by_role("button", name=f"Enter it: {name}").click()
        panel = olga.page.get_by_role("dialog", name=f"How it is taxed: {name}")
        expect(panel.get_by_label("Tax classification")).to_have_value("")
        panel.get_by_label("Tax classification").select_option(label="LLC taxed as a partnership")
        panel.get_by_label("Day on which the W-9 was signed").fill("2026-01-15")
        expect(panel.get_by_label("from this day on")).to_have_value(first_day)
        assert olga.barriers() == []
        if SHOTS:
            olga.page.screenshot(path=Path(SHOTS) / f"tax-class-{scheme}.png")
        in_panel(olga, "Keep it")
        expect(crew.get_by_text("LLC taxed as a partnership, from")).to_contain_text("holds today")
        expect(line.get_by_text("to be reported")).to_be_visible()
        expect(line.get_by_text("LLC taxed as a partnership")).to_be_visible()
        expect(line.get_by_role("button")).to_have_count(0)
        expect(crew.get_by_text("tax classification missing")).to_have_count(0)
        expect(others.get_by_text("tax classification missing")).to_be_visible()
        assert olga.page.title().startswith("Companies")
        if SHOTS:
            olga.page.screenshot(path=Path(SHOTS) / f"companies-{scheme}.png", full_page=True)

        clara.page.reload()
        expect(paid.get_by_text("to be reported")).to_be_visible()
        expect(paid.get_by_text("LLC taxed as a partnership")).to_be_visible()
        clara.opens("/desk/operator/companies")
        clara.sees("It is not there, or not for you.")
    with devices.town.world.as_engine() as (session, _):
        (row,) = session.scalars(select(TaxClassRow).where(TaxClassRow.company_id == company))
        assert (row.tax_class, str(row.signed_on), str(row.counts_from)) == ("llc_partnership", "2026-01-15", first_day)


def test_a_w9_older_than_one_that_came_meanwhile_is_refused_where_it_was_typed(devices: Devices, company: UUID):
    with devices.device(DESK) as desk:
        sits_down(devices, desk, OPERATOR)
        goes(desk, "Companies")
        desk.presses(f"How it is taxed: Crew and Sons {CANARY}")
        panel = desk.page.get_by_role("dialog")
        panel.get_by_label("Tax classification").select_option("partnership")
        panel.get_by_label("Day on which the W-9 was signed").fill("2026-01-15")
        newer = {"tax_class": "c_corporation", "signed_on": "2026-02-14"}
        url = f"/v1/companies/{company}/tax-class"
        assert devices.town.key("operator").call("PUT", url, json=newer).status_code == 200
        panel.get_by_role("button", name="Keep it").click()
        expect(panel.get_by_role("alert")).to_be_visible()
        expect(panel.get_by_label("Tax classification")).to_have_value("partnership")
        assert desk.barriers() == []
        panel.get_by_label("from this day on").fill("2025-06-01")
        in_panel(desk, "Keep it")
        row = desk.page.get_by_role("listitem").filter(has_text="Crew and Sons")
        expect(row.get_by_text("C corporation, from")).to_contain_text("holds today")
        expect(row.get_by_text("Partnership, from")).to_be_visible()
        expect(row.get_by_text("holds today")).to_have_count(1)
        expect(desk.page.get_by_role("row").filter(has_text="$2,000").get_by_text("no", exact=True)).to_be_visible()


def test_in_spanish_the_year_names_what_is_missing_and_the_form_asks_for_it(devices: Devices, company: UUID):
    with (
        devices.device(PHONE, locale="es-MX") as olga,
        devices.device(PHONE, "dark", locale="es-MX") as clara,
    ):
        sits_down(devices, clara, ADMIN)
        clara.opens("/desk/money")
        paid = clara.page.get_by_role("row").filter(has_text="Crew and Sons")
        expect(paid.get_by_text("falta la clasificación fiscal")).to_be_visible()
        assert clara.barriers() == []
        sits_down(devices, olga, OPERATOR)
        goes(olga, "Empresas")
        olga.presses(f"Anotarla: Crew and Sons {CANARY}")
        panel = olga.page.get_by_role("dialog")
        panel.get_by_label("Clasificación fiscal").select_option(label="LLC que tributa como S corporation")
        panel.get_by_label("Día en que se firmó el W-9").fill("2026-01-15")
        assert olga.barriers() == []
        in_panel(olga, "Guardarlo")
        row = olga.page.get_by_role("listitem").filter(has_text="Crew and Sons")
        expect(row.get_by_text("LLC que tributa como S corporation, desde el")).to_contain_text("vale hoy")
        clara.page.reload()
        expect(paid.get_by_text("no", exact=True)).to_be_visible()
        expect(paid.get_by_text("falta la clasificación fiscal")).to_have_count(0)
