"""Signs by pay: New York's written contract from 800 USD in 120 days, 1099-NEC from 2,000 in a year, 70 % of income."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from dispatch.talent.packfiles import shipped_packs
from matching.packs import LimitsPolicy
from matching.signs import Agreed, Signed, pay_by, signs
from matching.standing import Standing

TODAY = date(2026, 6, 1)
OURS, OTHERS = UUID(int=1), UUID(int=2)


def pay(amount: str, day: int = 0, region: str = "NY", client: UUID = OURS, skill: str = "hvac") -> Agreed:
    return Agreed(client, (TODAY + timedelta(days=day)).toordinal(), region, Decimal(amount), frozenset({skill}))


def contract(day: int, until: int = 10_000, kind: str = "written_contract") -> Signed:
    return Signed(kind, TODAY.toordinal() + day, TODAY.toordinal() + until)


def sign(pack: str, *agreed: Agreed, signed: tuple[Signed, ...] = ()) -> Standing:
    in_force = LimitsPolicy().in_force(shipped_packs(), TODAY)
    return next(each for each in signs(agreed, OURS, in_force, TODAY.toordinal(), signed) if each.pack.id == pack)


@pytest.mark.parametrize(
    ("agreed", "projected", "level"),
    [
        ([pay("639.99")], 639.99, "green"),
        ([pay("640")], 640, "amber"),
        ([pay("500"), pay("299.99")], 799.99, "amber"),
        ([pay("500"), pay("300", day=30)], 800, "red"),
        ([pay("500", day=-119), pay("300")], 800, "red"),
        ([pay("500", day=-120), pay("300")], 300, "green"),
        ([pay("500", day=-100), pay("300", day=30)], 500, "green"),
        ([pay("900", region="NJ"), pay("900", client=OTHERS)], 0, "green"),
    ],
)
def test_a_contract_is_due_by_what_one_client_pays_in_the_state_within_120_days(
    agreed: list[Agreed], projected: float, level: str
):
    found = sign("us-ny-freelance", *agreed)
    assert (found.projected, found.level) == (projected, level)


def test_a_form_is_due_by_the_calendar_year_wherever_the_site_is():
    found = sign("us-1099-nec", pay("1500", region="TX"), pay("400", day=-200), pay("200", day=30, region="CA"))
    assert (found.used, found.projected, found.level) == (1500, 1700, "amber")
    assert sign("us-1099-nec", pay("1500"), pay("500", day=20)).level == "amber", "something to do, not a breach"


@pytest.mark.parametrize(
    ("signed", "level", "words"),
    [
        ([], "red", "with what is promised"),
        ([contract(-20)], "green", "a contract is signed since 2026-05-12"),
        ([contract(-21, kind="service_agreement"), contract(0)], "green", "signed since 2026-05-11"),
        ([contract(-19)], "amber", "a contract is signed since 2026-05-13; work before that had none"),
        ([contract(-20, until=9)], "red", "with what is promised"),
        ([contract(-20, kind="nda")], "red", "with what is promised"),
    ],
    ids=["none", "before the work", "of another kind, too", "after some of it", "ends before the last", "no contract"],
)
def test_a_contract_that_was_signed_before_the_work_is_no_sign_any_more(signed: list[Signed], level: str, words: str):
    found = sign("us-ny-freelance", pay("500", day=-20), pay("400", day=10), signed=tuple(signed))
    assert (found.level, found.projected) == (level, 900)
    assert found.text.endswith(words)


def test_work_is_to_be_paid_within_the_days_of_the_law_once_the_sums_are_its_own():
    laws = [pack for pack in shipped_packs() if "pay_within_days" in pack.thresholds]

    def last_day(*theirs: Agreed, region: str = "NY") -> tuple[str, date] | None:
        found = pay_by(pay("0", region=region), theirs, laws)
        return found and (found[0].id, found[1])

    assert last_day(pay("500"), pay("300", day=119)) == ("us-ny-freelance", date(2026, 7, 1))
    assert last_day(pay("500"), pay("299.99", day=3)) is None
    assert last_day(pay("500"), pay("300", day=120)) is None, "in no window together with this work"
    assert last_day(pay("500", day=-120), pay("300")) is None
    assert last_day(pay("500", region="IL"), region="IL") == ("us-il-freelance", date(2026, 7, 1))
    assert last_day(pay("900", region="CA"), region="CA") is None, "of no occupation that the law lists"


def test_california_asks_only_for_the_occupations_that_its_law_lists():
    wiring, photos = pay("900", region="CA"), pay("300", region="CA", skill="site_photography")
    assert (sign("us-ca-freelance", wiring).level, sign("us-ca-freelance", wiring).projected) == ("green", 0)
    assert (sign("us-ca-freelance", wiring, photos).level, sign("us-ca-freelance", photos).projected) == ("red", 300)
    assert sign("us-ca-freelance", pay("300", region="TX", skill="site_photography")).level == "green"


def test_a_form_is_judged_by_the_version_of_the_year_in_which_the_work_is_done():
    december = date(2025, 12, 20)
    in_force = LimitsPolicy().from_day(shipped_packs(), december)

    def form(day: date) -> Standing:
        agreed = [Agreed(OURS, each.toordinal(), "TX", Decimal(500)) for each in (december, day)]
        return next(each for each in signs(agreed, OURS, in_force, december.toordinal()) if each.unit == "USD")

    assert [(each.level, each.most) for each in (form(date(2025, 12, 31)), form(date(2026, 1, 2)))] == [
        ("amber", 600),
        ("amber", 600),
    ]
    assert [form(day).projected for day in (date(2025, 12, 31), date(2026, 1, 2))] == [1000, 500]


def test_the_share_of_income_is_of_what_was_worked_here_in_a_year():
    assert sign("income-share").level == "green", "of nothing"
    found = sign("income-share", pay("699"), pay("301", client=OTHERS), pay("5000", day=9), pay("900", day=-365))
    assert (found.used, found.level) == (0.699, "amber")
    assert sign("income-share", pay("700"), pay("300", client=OTHERS)).level == "red"
