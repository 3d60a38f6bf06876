"""Days of rules and their instants: bounded whatever is sent, right at the changes of clocks, off closed days."""

import time as clock
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.errors import BadInput
from dispatch.standing.occurrences import Plan, occurrences
from dispatch.standing.recurrence import days_of, read_rule

CHICAGO = ZoneInfo("America/Chicago")
FIRST = date(2027, 1, 4)  # a Monday


def days(rule, until=date(2037, 1, 1), first=FIRST):
    return list(days_of(read_rule(rule), first, time(8), CHICAGO, until=until))


def plan(rule="FREQ=DAILY", start=time(8), on_closed_day="keep", closed=(), exceptions=None, first=FIRST):
    why = {date.fromisoformat(day): "closed_day" for day in closed}
    return Plan(read_rule(rule), first, start, CHICAGO, on_closed_day, why.get, exceptions or {})


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-366",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29",
    ],
)
def test_a_rule_that_never_comes_is_given_up_at_once(rule):
    started = clock.process_time()
    assert days(rule) == []
    assert clock.process_time() - started < 0.1


@pytest.mark.parametrize(
    "rule",
    [
        "", "FREQ", "FREQ=", "=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY", "FREQ=SECONDLY", "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;COUNT=1000000000", "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=٣", "FREQ=DAILY;COUNT=2;UNTIL=20280101", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;BYHOUR=8",
        "FREQ=DAILY;UNTIL=20270301T080000", "FREQ=DAILY;UNTIL=20270230", "FREQ=DAILY;UNTIL=2027-03-01",
        "FREQ=WEEKLY;BYDAY=2MO", "FREQ=WEEKLY;BYMONTHDAY=3", "FREQ=MONTHLY;BYDAY=0MO", "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=DAILY;X-A=1",
        "FREQ=DAILY\nEXDATE:20270301", "DTSTART:20270301\nRRULE:FREQ=DAILY", "FREQ=DAILY;BYEASTER=1",
        "FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 5000),
    ],
)  # fmt: skip
def test_a_hostile_or_unclear_rule_is_refused_within_milliseconds(rule):
    started = clock.process_time()
    with pytest.raises(BadInput) as refused:
        read_rule(rule)
    assert refused.value.way_out
    assert clock.process_time() - started < 0.05


def test_leap_days_and_the_31st_come_where_the_calendar_has_them():
    assert days("FREQ=YEARLY", first=date(2028, 2, 29))[:3] == [date(2028, 2, 29), date(2032, 2, 29), date(2036, 2, 29)]
    thirty_firsts = days("FREQ=MONTHLY;BYMONTHDAY=31", until=date(2027, 12, 31))
    assert [day.month for day in thirty_firsts] == [1, 3, 5, 7, 8, 10, 12]
    across = days("FREQ=YEARLY", first=date(2096, 2, 29), until=date(2105, 1, 1))
    assert across == [date(2096, 2, 29), date(2104, 2, 29)]


def test_until_is_the_last_day_or_the_last_instant_on_the_clock_of_the_site():
    assert days("FREQ=DAILY;UNTIL=20270106") == [date(2027, 1, day) for day in (4, 5, 6)]
    assert days("FREQ=DAILY;UNTIL=20270106T140000Z")[-1] == date(2027, 1, 6)
    assert days("FREQ=DAILY;UNTIL=20270106T135959Z")[-1] == date(2027, 1, 5)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 6),
    st.lists(st.sampled_from(["MO", "WE", "FR", "SU"]), unique=True),
    st.lists(st.integers(1, 12), max_size=3, unique=True),
    st.one_of(st.none(), st.integers(1, 40)),
)
def test_the_days_are_those_of_the_library_itself(frequency, interval, by_day, by_month, count):
    rule = f"FREQ={frequency};INTERVAL={interval}"
    rule += f";BYDAY={','.join(by_day)}" if by_day else ""
    rule += f";BYMONTH={','.join(map(str, by_month))}" if by_month else ""
    rule += f";COUNT={count}" if count else ""
    first, until = datetime(2027, 1, 4, 8, tzinfo=UTC), datetime(2029, 1, 1, 8, tzinfo=UTC)
    whole = rrulestr(rule, dtstart=first).between(first, until, inc=True)
    assert days(rule, until=until.date()) == [each.date() for each in whole]


def test_a_time_that_the_clocks_skip_is_the_first_valid_one_and_of_two_the_first_counts():
    gap = next(occurrences(plan(start=time(2, 30)), after=date(2027, 3, 13), until=date(2027, 3, 14)))
    assert (gap.start_at, gap.notes) == (datetime(2027, 3, 14, 8, 0, tzinfo=UTC), ("clock_skips",))
    fold = next(occurrences(plan(start=time(1, 30)), after=date(2027, 11, 6), until=date(2027, 11, 7)))
    assert (fold.start_at, fold.notes) == (datetime(2027, 11, 7, 6, 30, tzinfo=UTC), ("clock_repeats",))


def found(a_plan, until):
    return {each.day.day: (each.start_at.day if each.start_at else None, each.notes)
            for each in occurrences(a_plan, after=None, until=until)}  # fmt: skip


def test_closed_days_are_left_out_kept_or_moved_on_and_two_never_meet():
    weekly, closed = "FREQ=WEEKLY;BYDAY=MO,TH", ("2027-01-07", "2027-01-08", "2027-01-09", "2027-01-10")
    until = date(2027, 1, 11)
    assert found(plan(weekly, closed=closed), until)[7] == (7, ())
    assert found(plan(weekly, on_closed_day="skip", closed=closed), until)[7] == (None, ("closed_day",))
    met = found(plan(weekly, on_closed_day="next_open_day", closed=closed), until)
    assert met[7] == (None, ("closed_day", "there_already"))
    alone = found(plan("FREQ=WEEKLY;BYDAY=TH", on_closed_day="next_open_day", closed=closed), until)
    assert alone[7] == (11, ("closed_day", "moved_on"))
    ever = [date.fromordinal(date(2027, 1, 7).toordinal() + num).isoformat() for num in range(20)]
    assert found(plan("FREQ=WEEKLY;BYDAY=TH", on_closed_day="next_open_day", closed=ever), until)[7] == (
        None, ("closed_day", "no_open_day"),
    )  # fmt: skip
