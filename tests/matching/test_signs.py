"""Signs by pay: New York's written contract from 800 USD in 120 days, 1099-NEC from 2,000 in a year, 70 % of income."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from dispatch.talent.packfiles import shipped_packs
from matching.packs import LimitsPolicy
from matching.signs import Agreed, signs
from matching.standing import Standing

TODAY = date(2026, 6, 1)
OURS, OTHERS = UUID(int=1), UUID(int=2)


def pay(amount: str, day: int = 0, region: str = "NY", client: UUID = OURS) -> Agreed:
    return Agreed(client, (TODAY + timedelta(days=day)).toordinal(), region, Decimal(amount))


def sign(pack: str, *agreed: Agreed) -> Standing:
    in_force = LimitsPolicy().in_force(shipped_packs(), TODAY)
    return next(each for each in signs(agreed, OURS, in_force, TODAY.toordinal()) if each.pack.id == pack)


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
    assert sign("us-1099-nec", pay("1500"), pay("500", day=20)).level == "red"


def test_a_form_is_judged_by_the_version_of_the_year_in_which_the_work_is_done():
    december = date(2025, 12, 20)
    in_force = LimitsPolicy().from_day(shipped_packs(), december)

    def form(day: date) -> Standing:
        agreed = [Agreed(OURS, each.toordinal(), "TX", Decimal(500)) for each in (december, day)]
        return next(each for each in signs(agreed, OURS, in_force, december.toordinal()) if each.unit == "USD")

    assert [(each.level, each.most) for each in (form(date(2025, 12, 31)), form(date(2026, 1, 2)))] == [
        ("red", 600),
        ("amber", 600),
    ]


def test_the_share_of_income_is_of_what_was_worked_here_in_a_year():
    assert sign("income-share").level == "green", "of nothing"
    found = sign("income-share", pay("699"), pay("301", client=OTHERS), pay("5000", day=9), pay("900", day=-365))
    assert (found.used, found.level) == (0.699, "amber")
    assert sign("income-share", pay("700"), pay("300", client=OTHERS)).level == "red"
