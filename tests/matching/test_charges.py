"""What is owed for an early end, to the cent.

The visit: 4 May 2026, 09:00 to 11:00 in Denver (15:00 to 17:00 UTC), 140.00 USD fixed or 60.00 an hour. The rules:
half the pay inside 24 hours, 100.00 inside 2, 40.00 for the trip, an hour and a half at least, waiting over half an
hour at half the hourly pay.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.cancellation import CancellationRules, FeeStep
from matching.charges import CHARGE_KINDS, Ending, charges_of, hours_between, terms_of
from matching.job import Pay

START = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
END = START + timedelta(hours=2)
FIXED, HOURLY = Pay("fixed", Decimal("140.00"), "USD"), Pay("hourly", Decimal("60.00"), "USD")
RULES = CancellationRules(
    steps=(FeeStep(Decimal(24), share=Decimal("0.5")), FeeStep(Decimal(2), amount=Decimal(100))),
    trip_charge=Decimal(40),
    minimum_h=Decimal("1.5"),
    stand_by_share=Decimal("0.5"),
)


def told_off(before: timedelta = timedelta(days=3), **more) -> Ending:
    return Ending("cancelled", START - before, START, END, **more)


def owed(ending: Ending, pay: Pay = FIXED, rules: CancellationRules = RULES) -> dict[str, str]:
    return {charge.kind: str(charge.amount) for charge in charges_of(rules, pay, ending)}


@pytest.mark.parametrize(
    ("before", "fee"),
    [
        (timedelta(days=3), None),
        (timedelta(hours=24), None),
        (timedelta(hours=24) - timedelta(microseconds=1), "70.00"),
        (timedelta(hours=2), "70.00"),
        (timedelta(hours=2) - timedelta(microseconds=1), "100.00"),
        (timedelta(0), "100.00"),
        (timedelta(hours=-1), "100.00"),
    ],
)
def test_the_nearest_step_that_covers_the_time_left_is_owed_and_its_border_is_still_free(before, fee):
    assert owed(told_off(before)) == ({"cancellation_fee": fee} if fee else {})


def test_whoever_is_on_the_way_is_owed_the_trip_besides():
    assert owed(told_off(is_on_the_way=True)) == {"trip_charge": "40.00"}
    late = told_off(timedelta(hours=1), is_on_the_way=True)
    assert owed(late) == {"cancellation_fee": "100.00", "trip_charge": "40.00"}


def test_whoever_is_there_is_owed_the_trip_and_the_larger_of_the_fee_and_the_hours():
    """An hour and a half of 70.00 an hour are 105.00, more than the fee of 100.00."""
    there = told_off(timedelta(minutes=-10), arrived_at=START)
    assert owed(there) == {"trip_charge": "40.00", "minimum_hours": "105.00"}
    dear = replace(RULES, steps=(FeeStep(Decimal(2), amount=Decimal(120)),))
    assert owed(there, rules=dear) == {"cancellation_fee": "120.00", "trip_charge": "40.00"}


@pytest.mark.parametrize(
    ("minutes", "pay", "hours_sum"),
    [
        (105, HOURLY, "105.00"),
        (105, FIXED, "122.50"),
        (300, HOURLY, "120.00"),
        (300, FIXED, "140.00"),
        (-5, HOURLY, "90.00"),
    ],
)
def test_longer_work_is_paid_as_far_as_it_went_and_never_over_what_was_agreed(minutes, pay, hours_sum):
    without_fee = replace(RULES, steps=(), trip_charge=Decimal(0))
    ending = told_off(timedelta(minutes=-minutes), arrived_at=START)
    assert owed(ending, pay, without_fee) == {"minimum_hours": hours_sum}


def test_a_minimum_longer_than_the_visit_is_paid_by_the_hour_but_never_over_a_fixed_pay():
    long = replace(RULES, steps=(), trip_charge=Decimal(0), minimum_h=Decimal(4))
    there = told_off(timedelta(0), arrived_at=START)
    assert owed(there, HOURLY, long) == {"minimum_hours": "240.00"}
    assert owed(there, FIXED, long) == {"minimum_hours": "140.00"}


@pytest.mark.parametrize("cause", ["not_ready", "no_access"])
def test_before_a_site_that_is_not_ready_the_trip_and_the_minimum_are_owed_and_no_fee(cause):
    ending = Ending(cause, START + timedelta(minutes=10), START, END)
    assert owed(ending) == {"trip_charge": "40.00", "minimum_hours": "105.00"}
    assert owed(ending, rules=CancellationRules()) == {}, "a client without rules owes nothing for a closed door"


def test_work_that_the_client_ends_is_paid_by_the_hour_even_where_no_rule_says_so():
    ending = told_off(timedelta(minutes=-30), arrived_at=START)
    assert owed(ending, HOURLY, CancellationRules()) == {"minimum_hours": "30.00"}


@pytest.mark.parametrize(("waited", "sum_"), [(30, None), (31, "0.58"), (90, "35.00")])
def test_waiting_is_paid_beyond_the_free_minutes_when_the_work_was_done(waited, sum_):
    ending = Ending("complete", END, START, END, arrived_at=START, waited_min=waited)
    assert owed(ending) == ({"stand_by": sum_} if sum_ else {})


def test_nothing_is_owed_where_the_reason_lay_with_the_technician():
    assert owed(told_off(timedelta(hours=1), why="technician_asked")) == {}
    assert owed(told_off(timedelta(hours=1), why="weather")) == {"cancellation_fee": "100.00"}


def test_the_hours_of_the_night_on_which_the_clocks_change_are_counted_as_they_pass():
    """Denver, 8 March 2026: from 01:00 to 04:00 by the clocks pass two hours; on 1 November, four."""
    zone = ZoneInfo("America/Denver")
    assert hours_between(datetime(2026, 3, 8, 1, tzinfo=zone), datetime(2026, 3, 8, 4, tzinfo=zone)) == 2
    assert hours_between(datetime(2026, 11, 1, 0, tzinfo=zone), datetime(2026, 11, 1, 3, tzinfo=zone)) == 4
    start = datetime(2026, 3, 8, 4, tzinfo=zone)
    ending = Ending("cancelled", datetime(2026, 3, 8, 1, 30, tzinfo=zone), start, start + timedelta(hours=2))
    rules = CancellationRules(steps=(FeeStep(Decimal(2), amount=Decimal(9)),))
    assert owed(ending, rules=rules) == {"cancellation_fee": "9.00"}, "an hour and a half is left, not two and a half"


def test_a_currency_without_cents_is_owed_in_whole_units():
    pay = Pay("fixed", Decimal(10_001), "JPY")
    rules = CancellationRules(currency="JPY", steps=(FeeStep(Decimal(24), share=Decimal("0.5")),))
    charge = charges_of(rules, pay, told_off(timedelta(hours=1)))[0]
    assert (str(charge.amount), charge.currency) == ("5001.00", "JPY")


@given(
    minutes=st.integers(-600, 6000),
    arrived=st.integers(0, 300) | st.none(),
    is_on_the_way=st.booleans(),
    cause=st.sampled_from(("cancelled", "not_ready", "no_access", "complete")),
    pay=st.sampled_from((FIXED, HOURLY)),
)
def test_no_sum_is_negative_or_finer_than_a_cent_and_no_kind_comes_twice(minutes, arrived, is_on_the_way, cause, pay):
    at = START - timedelta(minutes=minutes)
    arrived_at = at - timedelta(minutes=arrived) if arrived is not None else None
    ending = Ending(cause, at, START, END, is_on_the_way, arrived_at, waited_min=arrived or 0)
    found = charges_of(RULES, pay, ending)
    assert [each.kind for each in found] == [kind for kind in CHARGE_KINDS if kind in {each.kind for each in found}]
    assert all(each.amount > 0 and each.amount == each.amount.quantize(Decimal("0.01")) for each in found)
    fees = {each.kind for each in found} & {"cancellation_fee", "minimum_hours"}
    assert len(fees) <= 1, "the fee and the hours are never added up"


@given(earlier=st.integers(0, 6000), later=st.integers(0, 6000))
def test_telling_somebody_off_later_never_costs_less(earlier, later):
    before, after = sorted((earlier, later), reverse=True)
    sums = [sum(c.amount for c in charges_of(RULES, FIXED, told_off(timedelta(minutes=m)))) for m in (before, after)]
    assert sums[0] <= sums[1]


def test_the_terms_say_in_figures_and_words_what_would_be_owed():
    terms = terms_of(RULES, FIXED, 120)
    assert [(str(line.within_h), str(line.amount)) for line in terms.steps] == [("2", "100.00"), ("24", "70.00")]
    assert (terms.minimum_amount, terms.stand_by_hourly) == (Decimal("105.00"), Decimal("35.00"))
    assert terms.words == (
        "Cancelled less than 2 h before the start: 100.00 USD.",
        "Cancelled less than 24 h before the start: 70.00 USD.",
        "Cancelled once you are on the way or there, or the site is not ready: 40.00 USD for the trip.",
        "Once you are there, at least 1.5 h are paid, 105.00 USD, unless the fee is larger.",
        "Waiting on the site for more than 30 min: 35.00 USD an hour.",
    )
    assert terms_of(CancellationRules(), HOURLY, 120).words == (
        "No fee is paid when the client cancels before the work begins.",
    )
