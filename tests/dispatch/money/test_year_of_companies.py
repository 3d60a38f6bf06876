"""Which companies are reported in a year? Those that people worked through and that are not taxed as corporations."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from purse import Purse, done
from sqlalchemy import select

from dispatch.errors import BadInput, NotFound, Refused
from dispatch.money.payouts import hear
from dispatch.money.provider import Word
from dispatch.money.statements import YearLine, yearly
from dispatch.record.session import ENGINE
from dispatch.record.tables import CompanyRow, EventRow, TechnicianRow, new_id
from dispatch.talent.companies import classify_company, create_company, employ
from dispatch.talent.packfiles import shipped_packs
from matching.errors import PackError
from matching.job import Pay
from matching.packs import parse_pack
from matching.taxclasses import TAX_CLASSES

D = Decimal
SIGNED = date(2026, 1, 15)


@pytest.fixture
def company(purse: Purse) -> UUID:
    """A company that was paid 2,000 dollars for the work of its people this year."""
    purse.agrees(limits={"dispatcher": "5000"})
    purse.pays_in("5000")
    made: UUID = purse.does(lambda session, now: create_company(session, purse.operator, "Crew and Sons", now=now))

    def employs(session, now):
        for technician in session.scalars(select(TechnicianRow.id)).all():
            employ(session, purse.operator, technician, made, now=now)

    purse.does(employs)
    purse.approves(done(purse, pay=Pay("fixed", D("2000.00"), "USD")))
    [payout] = purse.runs_payouts()
    purse.does(lambda session, now: hear(session, ENGINE, Word(payout, "paid"), now=now))
    return made


def line_of(purse: Purse, *, packs=None) -> YearLine:
    [line] = purse.does(
        lambda session, now: yearly(session, now.year, zone="UTC", packs=shipped_packs() if packs is None else packs)
    )
    return line


def says(purse: Purse, company: UUID, tax_class: str, signed_on: date = SIGNED, actor=None) -> CompanyRow:
    def act(session, now):
        return classify_company(session, actor or purse.operator, company, tax_class, signed_on, now=now)

    return purse.does(act)


def test_a_company_whose_class_nobody_has_entered_is_told_of_and_not_left_out(purse: Purse, company: UUID):
    line = line_of(purse)
    assert (line.owner_id, line.name, line.engaged_as) == (company, "Crew and Sons", "company")
    assert (line.amount, line.is_reported, line.tax_class, line.lacks_class) == (D("2000.00"), False, None, True)


@pytest.mark.parametrize("tax_class", TAX_CLASSES)
def test_who_is_not_taxed_as_a_corporation_is_reported(purse: Purse, company: UUID, tax_class: str):
    says(purse, company, tax_class)
    line = line_of(purse)
    is_corporation = tax_class in ("c_corporation", "s_corporation", "llc_c_corporation", "llc_s_corporation")
    assert (line.tax_class, line.is_reported, line.lacks_class) == (tax_class, not is_corporation, False)


def test_below_the_sum_of_the_year_s_version_its_class_decides_nothing(purse: Purse, company: UUID):
    [form] = [pack for pack in shipped_packs() if pack.kind == "tax_form" and pack.valid_to is None]
    dearer = (replace(form, thresholds={**form.thresholds, "amount": 2000.01}),)
    assert not line_of(purse, packs=dearer).lacks_class
    says(purse, company, "partnership")
    assert line_of(purse).is_reported
    assert not line_of(purse, packs=dearer).is_reported
    none_exempt = (replace(form, thresholds={name: form.thresholds[name] for name in ("amount", "form")}),)
    assert not line_of(purse, packs=none_exempt).is_reported, "a version that says nothing of companies asks of none"
    assert not line_of(purse, packs=()).is_reported


def test_a_class_comes_from_the_newest_w9_by_the_operator_s_word_and_is_told_once(purse: Purse, company: UUID):
    says(purse, company, "llc_partnership")
    again = says(purse, company, "llc_partnership")
    assert (again.tax_class, again.tax_class_on) == ("llc_partnership", SIGNED)
    later = SIGNED + timedelta(days=30)
    says(purse, company, "llc_s_corporation", later)
    with pytest.raises(BadInput, match="its newest W-9 is of 2026-02-14"):
        says(purse, company, "llc_partnership")
    with pytest.raises(BadInput) as unsigned:
        says(purse, company, "trust", date(2199, 1, 1))
    assert unsigned.value.field == "signed_on"
    with pytest.raises(BadInput) as unknown:
        says(purse, company, "corporation")
    assert unknown.value.field == "tax_class"
    with pytest.raises(NotFound):
        says(purse, new_id(), "trust")
    with pytest.raises(Refused):
        says(purse, company, "trust", actor=purse.world.staff)
    told = select(EventRow.data).where(EventRow.kind == "company_classified").order_by(EventRow.id)
    assert purse.does(lambda session, _: session.scalars(told).all()) == [
        {"company": str(company), "tax_class": name, "signed_on": day.isoformat()}
        for name, day in (("llc_partnership", SIGNED), ("llc_s_corporation", later))
    ]


@pytest.mark.parametrize("exempt", ["c_corporation", ["corporation"], [1], None])
def test_a_pack_names_classes_that_there_are(exempt: object):
    good = {
        "id": "form", "version": 1, "title": "A form", "kind": "tax_form", "jurisdiction": "US",
        "valid_from": date(2026, 1, 1), "source": "a law", "guidance": "words", "binding": "soft",
        "ways_on": ["file_form"],
    }  # fmt: skip
    thresholds = {"amount": 2000, "form": "1099-NEC"}
    assert parse_pack(good | {"thresholds": {**thresholds, "exempt_classes": ["trust"]}}, "a file").kind == "tax_form"
    with pytest.raises(PackError, match="exempt_classes"):
        parse_pack(good | {"thresholds": {**thresholds, "exempt_classes": exempt}}, "a file")
