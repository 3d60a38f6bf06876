"""Which companies are reported in a year? Those that people worked through and that were no corporations when paid."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
from dispatch.record.tables import EventRow, TaxClassRow, TechnicianRow, new_id
from dispatch.talent.companies import create_company, employ
from dispatch.talent.packfiles import shipped_packs
from dispatch.talent.taxclasses import W9, class_on, classes_of, classify_company, tax_day
from matching.errors import PackError
from matching.job import Pay
from matching.packs import parse_pack
from matching.taxclasses import TAX_CLASSES

D = Decimal
SIGNED, ALWAYS = date(2026, 1, 15), date(2020, 1, 1)
ZONE = "America/New_York"


@pytest.fixture
def crew(purse: Purse) -> UUID:
    """A company that everybody here works for, and that nobody has paid yet."""
    purse.agrees(limits={"dispatcher": "5000"})
    purse.pays_in("5000")
    made: UUID = purse.does(lambda session, now: create_company(session, purse.operator, "Crew and Sons", now=now))

    def employs(session, now):
        for technician in session.scalars(select(TechnicianRow.id)).all():
            employ(session, purse.operator, technician, made, now=now)

    purse.does(employs)
    return made


@pytest.fixture
def company(purse: Purse, crew: UUID) -> UUID:
    """The same, which was paid 2,000 dollars for the work of its people this year."""
    pays(purse, "2000.00")
    return crew


def pays(purse: Purse, amount: str, at: datetime | None = None) -> UUID:
    """Work of its people is done, approved and paid; the payout."""
    purse.approves(done(purse, pay=Pay("fixed", D(amount), "USD")))
    [payout] = purse.runs_payouts()
    purse.does(lambda session, now: hear(session, ENGINE, Word(payout, "paid"), now=at or now))
    return payout


def year_of(purse: Purse, year: int) -> list[tuple[str | None, D, bool, bool]]:
    def read(session, _):
        lines = yearly(session, year, zone=ZONE, packs=shipped_packs())
        return [(line.tax_class, line.amount, line.is_reported, line.lacks_class) for line in lines]

    return purse.does(read)


def line_of(purse: Purse, *, packs=None) -> YearLine:
    [line] = purse.does(
        lambda session, now: yearly(session, now.year, zone="UTC", packs=shipped_packs() if packs is None else packs)
    )
    return line


def says(
    purse: Purse,
    company: UUID,
    tax_class: str,
    counts_from: date | None = ALWAYS,
    *,
    signed_on: date = SIGNED,
    actor=None,
    at: datetime | None = None,
) -> None:
    w9 = W9(tax_class, signed_on, counts_from)
    purse.does(lambda session, now: classify_company(session, actor or purse.operator, company, w9, now=at or now))


def entries(purse: Purse, company: UUID) -> list[tuple[str, date]]:
    """What counts from which day on, the newest first."""

    def read(session, _):
        return [(each.tax_class, each.counts_from) for each in classes_of(session, [company]).get(company, [])]

    return purse.does(read)


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


def test_a_class_that_is_entered_in_january_leaves_last_year_s_report_as_it_was(purse: Purse, crew: UUID):
    says(purse, crew, "llc_partnership")
    pays(purse, "2000.00", datetime(2026, 12, 31, 22, tzinfo=UTC))
    before = [("llc_partnership", D("2000.00"), True, False)]
    assert year_of(purse, 2026) == before
    # Half past eleven on New Year's Eve in New York, and an hour later.
    for at, day in ((datetime(2027, 1, 1, 4, 30, tzinfo=UTC), date(2026, 12, 31)),
                    (datetime(2027, 1, 1, 5, 30, tzinfo=UTC), date(2027, 1, 1))):  # fmt: skip
        assert tax_day(at) == day
    january = datetime(2027, 1, 8, 15, tzinfo=UTC)
    says(purse, crew, "c_corporation", None, signed_on=date(2027, 1, 8), at=january)
    assert year_of(purse, 2026) == before
    assert entries(purse, crew) == [("c_corporation", date(2027, 1, 8)), ("llc_partnership", ALWAYS)]
    pays(purse, "2500.00", january)
    assert year_of(purse, 2026) == before
    assert year_of(purse, 2027) == [("c_corporation", D("2500.00"), False, False)]
    says(purse, crew, "c_corporation", date(2026, 12, 31), signed_on=date(2027, 1, 8), at=january)
    assert year_of(purse, 2026) == [("c_corporation", D("2000.00"), False, False)], "the operator let it count earlier"


def test_what_was_paid_before_the_day_from_which_a_class_counts_lacks_one(purse: Purse, crew: UUID):
    pays(purse, "2000.00", datetime(2026, 3, 2, 4, 30, tzinfo=UTC))  # the evening of the first in New York
    says(purse, crew, "partnership", date(2026, 3, 2))
    assert year_of(purse, 2026) == [(None, D("2000.00"), False, True)]
    says(purse, crew, "partnership", date(2026, 3, 1))
    assert year_of(purse, 2026) == [("partnership", D("2000.00"), True, False)]


def test_in_a_year_in_which_a_company_changed_what_it_got_as_no_corporation_is_added_up(purse: Purse, crew: UUID):
    for tax_class, month in (("sole_owner", 1), ("partnership", 4), ("c_corporation", 7)):
        says(purse, crew, tax_class, date(2026, month, 1))
        pays(purse, "1000.00", datetime(2026, month, 2, 15, tzinfo=UTC))
    assert sorted(year_of(purse, 2026)) == [
        ("c_corporation", D("1000.00"), False, False),
        ("partnership", D("1000.00"), True, False),
        ("sole_owner", D("1000.00"), True, False),
    ]
    says(purse, crew, "s_corporation", date(2026, 4, 1))
    assert {line[2:] for line in year_of(purse, 2026)} == {(False, False)}, "1,000 of 3,000 are no corporation's"


def test_an_unknown_class_is_told_of_where_it_decides_with_what_is_known(purse: Purse, crew: UUID):
    pays(purse, "1000.00", datetime(2026, 1, 2, 15, tzinfo=UTC))
    says(purse, crew, "partnership", date(2026, 2, 1))
    assert year_of(purse, 2026) == [(None, D("1000.00"), False, False)], "below the sum it decides nothing"
    pays(purse, "1000.00", datetime(2026, 2, 2, 15, tzinfo=UTC))
    assert {(line[0], *line[2:]) for line in year_of(purse, 2026)} == {
        (None, False, True),
        ("partnership", False, False),
    }


def test_money_that_came_back_is_taken_off_what_it_was_paid_as(purse: Purse, crew: UUID):
    says(purse, crew, "partnership")
    payout = pays(purse, "2000.00", datetime(2026, 3, 1, 15, tzinfo=UTC))
    says(purse, crew, "c_corporation", date(2026, 3, 10))
    back = datetime(2026, 3, 12, 15, tzinfo=UTC)
    purse.does(lambda session, _: hear(session, ENGINE, Word(payout, "returned"), now=back))
    assert year_of(purse, 2026) == [("partnership", D("0.00"), False, False)]


def test_of_two_entries_of_a_day_the_later_counts_and_none_is_overwritten(purse: Purse, company: UUID):
    says(purse, company, "llc_partnership")
    says(purse, company, "llc_partnership")
    says(purse, company, "llc_partnership", date(2026, 5, 1))
    assert entries(purse, company) == [("llc_partnership", ALWAYS)], "what counts already is no entry"
    says(purse, company, "c_corporation")
    says(purse, company, "trust", date(2026, 2, 1), signed_on=SIGNED + timedelta(days=17))
    assert entries(purse, company) == [("trust", date(2026, 2, 1)), ("c_corporation", ALWAYS)]

    def read(session, _):
        rows = classes_of(session, [company])[company]
        days = (date(2019, 12, 31), ALWAYS, date(2026, 1, 31), date(2026, 2, 1))
        held = [each and each.tax_class for each in (class_on(rows, day) for day in days)]
        return held, session.scalars(select(TaxClassRow.tax_class).order_by(TaxClassRow.said_at)).all()

    held, written = purse.does(read)
    assert held == [None, "c_corporation", "c_corporation", "trust"]
    assert written == ["llc_partnership", "c_corporation", "trust"]


def test_a_class_comes_from_a_w9_by_the_operator_s_word_and_an_older_one_replaces_no_newer_one(
    purse: Purse, company: UUID
):
    later = SIGNED + timedelta(days=30)
    says(purse, company, "llc_s_corporation", later, signed_on=later)
    with pytest.raises(BadInput, match="on 2026-03-01 its W-9 of 2026-02-14 counts"):
        says(purse, company, "llc_partnership", date(2026, 3, 1))
    says(purse, company, "llc_partnership")
    with pytest.raises(BadInput) as unsigned:
        says(purse, company, "trust", signed_on=date(2199, 1, 1))
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
        {"company": str(company), "tax_class": name, "signed_on": str(signed), "counts_from": str(day)}
        for name, signed, day in (("llc_s_corporation", later, later), ("llc_partnership", SIGNED, ALWAYS))
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
