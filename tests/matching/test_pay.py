"""What work is worth: each kind of pay, odd hours across midnight and clock changes, rounding, currencies."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matching.daypolicy import DayPolicy
from matching.errors import PolicyError
from matching.job import Pay
from matching.moneyrules import MoneyRules, Signature, what_is_missing
from matching.pay import Worked, devices_of, hours_of, net_of, pay_lines, rates_at, total
from matching.rates import Rates

CHICAGO = "America/Chicago"
D = Decimal
HOURLY, FIXED = Pay("hourly", D(60), "USD"), Pay("fixed", D(140), "USD")


def local(*parts: int, zone: str = CHICAGO, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)


#: A Monday, two hours in the morning.
MORNING = (local(2026, 3, 2, 9), local(2026, 3, 2, 11))


def paid(
    pay: Pay, rates: Rates, *spans: tuple[datetime, datetime], holidays: tuple[date, ...] = (), **more
) -> dict[str, Decimal]:
    worked = Worked(spans, more.pop("zone", CHICAGO), more.pop("agreed_h", D(2)), **more)
    return {line.kind: line.amount for line in pay_lines(pay, rates, worked, is_holiday=holidays.__contains__)}


@pytest.mark.parametrize(
    ("pay", "rates", "lines"),
    [
        (FIXED, Rates(), {"fixed": D("140.00")}),
        (HOURLY, Rates(), {"work": D("120.00")}),
        (HOURLY, Rates(minimum_h=D(3)), {"work": D("180.00")}),
        (HOURLY, Rates(cap_h=D("1.5")), {"work": D("90.00")}),
        (HOURLY, Rates(travel_flat=D(25)), {"work": D("120.00"), "travel_flat": D("25.00")}),
        (FIXED, Rates(fixed_h=D(1), then_hourly=D(50)), {"fixed": D("140.00"), "beyond_fixed": D("50.00")}),
        (FIXED, Rates(fixed_h=D(2), then_hourly=D(50)), {"fixed": D("140.00")}),
        (
            FIXED,
            Rates(fixed_h=D(1), then_hourly=D(50), cap_h=D("1.5")),
            {"fixed": D("140.00"), "beyond_fixed": D("25.00")},
        ),
        (FIXED, Rates(per_device=D("12.50")), {}),
    ],
)  # fmt: skip
def test_each_kind_of_pay_is_what_its_terms_say(pay, rates, lines):
    assert paid(pay, rates, MORNING) == lines


def test_devices_miles_and_hours_of_travel_are_paid_by_their_number():
    rates = Rates(per_device=D("12.50"), travel_mile=D("0.67"), travel_hour=D(30))
    found = paid(FIXED, rates, MORNING, num_devices=7, miles=D(31), travel_h=D("0.75"))
    assert found == {"devices": D("87.50"), "travel_mile": D("20.77"), "travel_hour": D("22.50")}


def test_each_device_is_paid_its_share_of_what_was_agreed_for_those_expected():
    rates = Rates(per_device=D(25), devices=D(3))
    raised = Pay("fixed", D(90), "USD")
    assert paid(raised, rates, MORNING, num_devices=3) == {"devices": D("90.00")}
    assert paid(raised, rates, MORNING, num_devices=2) == {"devices": D("60.00")}
    assert (devices_of(raised, rates), rates_at(raised, rates).per_device) == (3, D(30))
    assert devices_of(Pay("fixed", D(75), "USD"), Rates(per_device=D(25))) == 3, "as it was told before it was counted"
    assert (devices_of(HOURLY, rates), rates_at(HOURLY, rates)) == (0, rates)
    assert paid(FIXED, Rates(per_device=D(0)), MORNING, num_devices=3) == {"fixed": D("140.00")}


def test_an_evening_a_weekend_and_a_holiday_are_paid_more_and_an_hour_has_one_surcharge_only():
    rates = Rates(after_hours_share=D("0.5"), weekend_share=D("0.25"), holiday_share=D(1))
    friday = (local(2026, 3, 6, 18), local(2026, 3, 6, 20))
    assert paid(HOURLY, rates, friday) == {"work": D("120.00"), "after_hours": D("30.00")}
    over_midnight = (local(2026, 3, 6, 23), local(2026, 3, 7, 8))
    # An hour of Friday's night, seven of Saturday's night at the larger share, one of Saturday's day.
    assert paid(HOURLY, rates, over_midnight) == {
        "work": D("540.00"), "after_hours": D("240.00"), "weekend": D("15.00"),
    }  # fmt: skip
    assert paid(HOURLY, rates, friday, holidays=(date(2026, 3, 6),)) == {"work": D("120.00"), "holiday": D("120.00")}


def test_the_turn_of_the_year_belongs_to_the_new_years_holiday_from_local_midnight_on():
    rates = Rates(holiday_share=D(1))
    night = (local(2026, 12, 31, 22), local(2027, 1, 1, 1))
    assert paid(HOURLY, rates, night, holidays=(date(2027, 1, 1),)) == {"work": D("180.00"), "holiday": D("60.00")}
    kiritimati = tuple(each.astimezone(ZoneInfo("Pacific/Kiritimati")) for each in night)
    assert paid(HOURLY, rates, kiritimati, holidays=(date(2027, 1, 1),), zone="Pacific/Kiritimati")["holiday"] == D(
        "180.00"
    )


def test_a_night_in_which_the_clocks_change_has_its_real_hours():
    back = (local(2026, 11, 1, 0, 30), local(2026, 11, 1, 3, 30))
    forth = (local(2026, 3, 8, 0, 30), local(2026, 3, 8, 3, 30))
    rates = Rates(weekend_share=D("0.5"))
    assert paid(HOURLY, rates, back) == {"work": D("240.00"), "weekend": D("120.00")}
    assert paid(HOURLY, rates, forth) == {"work": D("120.00"), "weekend": D("60.00")}


def test_beyond_the_cap_no_hour_is_paid_nor_what_would_come_on_top():
    rates = Rates(cap_h=D(2), after_hours_share=D("0.5"))
    evening = (local(2026, 3, 2, 18), local(2026, 3, 2, 22))
    assert paid(HOURLY, rates, evening) == {"work": D("120.00"), "after_hours": D("30.00")}


def test_a_fixed_pay_has_its_surcharge_by_the_hours_that_were_agreed():
    rates = Rates(after_hours_share=D("0.5"))
    evening = (local(2026, 3, 2, 19), local(2026, 3, 2, 20))
    assert paid(FIXED, rates, evening, agreed_h=D(2))["after_hours"] == D("35.00")
    assert "after_hours" not in paid(FIXED, rates, evening, agreed_h=D(0))


@pytest.mark.parametrize(
    ("currency", "amount", "minutes", "sum_"),
    [("USD", "0.01", 30, "0.01"), ("USD", "33.33", 20, "11.11"), ("JPY", "1999", 20, "666"), ("JPY", "1", 30, "1")],
)
def test_lines_are_rounded_to_whole_minor_units_a_half_upwards(currency, amount, minutes, sum_):
    span = (MORNING[0], MORNING[0] + timedelta(minutes=minutes))
    assert paid(Pay("hourly", D(amount), currency), Rates(), span)["work"] == D(sum_)


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 900)), min_size=1, max_size=5),
    st.decimals(0, 500, places=2),
    st.sampled_from(["USD", "JPY"]),
    st.sampled_from([CHICAGO, "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
@example([(0, 326), (32, 602)], D("0.01"), "USD", CHICAGO)  # Thirds of hours.
@example([(0, 1), (9734, 1)], D("0.30"), "USD", CHICAGO)
def test_odd_hours_never_outnumber_the_hours_and_lines_add_up_in_whole_units(parts, rate, currency, zone):
    at, spans = datetime(2026, 10, 25, tzinfo=UTC), []
    for gap, minutes in parts:
        spans.append((at + timedelta(minutes=gap), at + timedelta(minutes=gap + minutes)))
        at = spans[-1][1]
    rates = Rates(after_hours_share=D(1), weekend_share=D(1), holiday_share=D(1))
    lines = pay_lines(
        Pay("hourly", rate, currency), rates, Worked(spans, zone, D(1)), is_holiday=lambda day: day.day == 1
    )
    odd = sum((line.units for line in lines if line.kind != "work"), D(0))
    # Each kind of hours is a fraction of its own, rounded at the 28th digit.
    assert odd <= hours_of(spans) + D("1e-20")
    digits = D(1) if currency == "JPY" else D("0.01")
    assert total(lines) == sum(line.amount for line in lines)
    assert all(line.amount % digits == 0 for line in lines)


@pytest.mark.parametrize(
    ("gross", "share", "currency", "fee"),
    [
        ("140", "0.10", "USD", "14.00"),
        ("0.05", "0.10", "USD", "0.01"),
        ("0.04", "0.10", "USD", "0.00"),
        ("5", "0.1", "JPY", "1"),
    ],
)
def test_fee_and_net_are_the_gross_to_the_minor_unit(gross, share, currency, fee):
    found = net_of(D(gross), D(share), currency)
    assert found == (D(fee), D(gross) - D(fee))


@pytest.mark.parametrize(
    "document",
    [{"minimum_h": "-1"}, {"minimum_h": "1.001"}, {"minimum_h": "NaN"}, {"cap_h": "0"}, {"cap_h": 1, "minimum_h": 2},
     {"fixed_h": 1}, {"then_hourly": 1}, {"fixed_h": 1, "then_hourly": 1, "per_device": 1}, {"day_from": "24:00"},
     {"day_from": "19:00"}, {"day_to": 7}, {"weekend_share": 4}, {"overtime": 1}, {"travel_mile": True},
     {"travel_flat": "1e9"}, {"extras": [{"code": "Parking", "kind": "expense", "cap": 1}]},
     {"extras": [{"code": "parking", "kind": "tip", "cap": 1}]},
     {"extras": [{"code": "parking", "kind": "expense", "cap": 0}]},
     {"extras": [{"code": "parking", "kind": "expense"}]}, {"extras": 5}, {"devices": 3},
     {"per_device": 25, "devices": 0}, {"per_device": 25, "devices": "2.5"}, {"per_device": 25, "devices": "NaN"},
     {"extras": [{"code": "a", "kind": "expense", "cap": 1}, {"code": "a", "kind": "bonus", "cap": 1}]}],
)  # fmt: skip
def test_rates_out_of_their_limits_are_refused_by_name(document):
    with pytest.raises(PolicyError, match="rates"):
        DayPolicy.from_document({"rates": document})


def test_rates_and_money_rules_are_written_and_read_back():
    rates = {"cap_h": "4", "extras": [{"code": "parking", "kind": "expense", "cap": "20"}], "day_from": "08:00"}
    policy = DayPolicy.from_document({"rates": rates})
    assert DayPolicy.from_document(policy.to_document()) == policy
    rules = MoneyRules.from_document({"credit_limit": "10.50", "limits": {"dispatcher": 5}, "second_above": None})
    assert MoneyRules.from_document(rules.to_document()) == rules


@pytest.mark.parametrize(
    ("signatures", "amount", "missing"),
    [
        ([("ann", "dispatcher", 50)], 50, None),
        ([("ann", "dispatcher", 51)], 51, "limit"),
        ([("ann", "requester", 1)], 1, "limit"),
        ([("ann", "client_admin", 101)], 101, "second"),
        ([("ann", "client_admin", 101), ("ann", "client_admin", 101)], 101, "second"),
        ([("ann", "client_admin", 101), ("bob", "dispatcher", 101)], 101, None),
        ([("ann", "client_admin", 101), ("bob", "dispatcher", 60)], 101, "second"),
        ([("ann", "dispatcher", 101), ("bob", "dispatcher", 101)], 101, "limit"),
        ([("ann", "client_admin", 100)], 100, None),
    ],
)
def test_who_signs_and_for_how_much_says_what_an_approval_lacks(signatures, amount, missing):
    rules = MoneyRules(limits={"dispatcher": D(50), "client_admin": D(500)}, second_above=D(100))
    signed = tuple(Signature(by, role, D(sum_)) for by, role, sum_ in signatures)
    assert what_is_missing(rules, signed, D(amount)) == missing
