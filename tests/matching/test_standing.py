"""Green, amber, red: by what is projected and by the pace, each with what to do and when there is room again.

The pack: 100 hours in 12 months, amber from 80; the day is 1 June 2026.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from matching.packs import Pack, parse_pack
from matching.standing import standings, worst

TODAY = date(2026, 6, 1)
HOUR = 3600


def pack(kind: str = "hours", **thresholds: Any) -> Pack:
    return parse_pack(
        {
            "id": "p",
            "version": 1,
            "title": "A limit",
            "kind": kind,
            "jurisdiction": "US",
            "valid_from": date(2020, 1, 1),
            "source": "a law",
            "guidance": "Look out.",
            "binding": "soft",
            "thresholds": thresholds or {"hours": 100, "window_months": 12},
            "ways_on": ["rotate"],
        },
        "p",
    )


def standing(hours: dict[int, tuple[float, float]], of: Pack | None = None) -> Any:
    """Days are counted from today."""
    seconds = {
        (TODAY + timedelta(days=day)).toordinal(): (int(worked * HOUR), int(promised * HOUR))
        for day, (worked, promised) in hours.items()
    }
    (found,) = standings(seconds, [(of or pack(), "soft")], TODAY.toordinal())
    return found


@pytest.mark.parametrize(
    ("worked", "promised", "level"),
    [(79.9, 0, "green"), (80, 0, "amber"), (60, 20, "amber"), (60, 39.9, "amber"), (60, 40, "red"), (100, 0, "red")],
)
def test_what_is_promised_counts_like_what_is_worked(worked: float, promised: float, level: str):
    found = standing({-100: (worked, 0), 20: (0, promised)})
    assert (found.level, found.used, found.projected) == (level, worked, worked + promised)


def test_red_says_from_which_day_there_is_room_again():
    found = standing({-100: (90, 0), -1: (10, 0)})
    assert found.free_on == date(2026, 6, 1) - timedelta(days=100) + timedelta(days=365)
    assert found.text == f"100 of 100 hours with what is promised: pause until {found.free_on.isoformat()}"


def test_a_pace_that_fills_it_within_six_weeks_warns_before_the_share_does():
    steady = {-day: (8, 0) for day in range(0, 56, 7)}
    found = standing(steady)
    assert (found.projected, found.level, found.reaches_on) == (64, "amber", date(2026, 7, 3))
    assert "at this pace full on 2026-07-03" in found.text
    assert standing({day - 60: hours for day, hours in steady.items()}).level == "green", "that was long ago"


def test_what_leaves_the_window_before_the_promised_work_comes_does_not_count_with_it():
    found = standing({-360: (90, 0), 20: (0, 50)})
    assert (found.used, found.projected, found.level) == (90, 90, "amber")


def test_two_years_count_only_when_both_are_full():
    both = pack(hours=50, window_months=12, num_years=2)
    assert standing({-500: (20, 0), -100: (90, 0)}, both).level == "green"
    found = standing({-500: (60, 0), -100: (45, 0)}, both)
    assert (found.projected, found.level) == (45, "amber")
    assert standing({-500: (60, 0), -100: (50, 0)}, both).level == "red"


def test_months_with_work_are_counted_and_the_break_is_named():
    tenure = pack("tenure", months=4, in_months=6)
    months = {(date(2026, month, 15) - TODAY).days: (1.0, 0.0) for month in (3, 4, 5)}
    assert standing(months, tenure).level == "green"
    found = standing({**months, (date(2026, 2, 15) - TODAY).days: (1.0, 0.0)}, tenure)
    assert (found.projected, found.level, found.free_on) == (4, "red", date(2026, 8, 1))


def test_a_version_that_begins_later_judges_what_is_promised_from_its_day_on():
    hours = {"hours": 100, "window_months": 12}
    old = replace(pack(**hours), valid_to=date(2026, 8, 31))
    new = replace(pack(**{**hours, "hours": 60}), version=2, valid_from=date(2026, 9, 1))
    worked = {(TODAY - timedelta(days=9)).toordinal(): (50 * HOUR, 0)}

    def stands(promised_on: date, today: date = TODAY) -> Any:
        promised = {promised_on.toordinal(): (0, 10 * HOUR)}
        (found,) = standings({**worked, **promised}, [(old, "hard"), (new, "hard")], today.toordinal())
        return found

    august, september = stands(date(2026, 8, 31)), stands(date(2026, 9, 1))
    assert (august.pack.version, august.level, august.projected, august.most) == (1, "green", 60, 100)
    assert (september.pack.version, september.level, september.projected, september.most) == (2, "red", 60, 60)
    assert september.free_on == date(2027, 5, 23), "not before: until September there is room, then none"
    assert september.text == "from 2026-09-01: 60 of 60 hours with what is promised: pause until 2027-05-23"
    soon = stands(date(2026, 8, 31), today=date(2026, 7, 21))
    assert (soon.pack.version, soon.level) == (2, "red"), "six weeks ahead they are warned, whatever is promised"
    assert stands(date(2026, 8, 31), today=date(2026, 7, 20)).pack.version == 1
    assert stands(date(2026, 9, 2), today=date(2026, 9, 2)).from_day is None


def test_the_worst_level_is_that_of_the_pair():
    assert worst([]) == "green"
    assert worst(["green", "amber"]) == "amber"
    assert worst(["red", "amber"]) == "red"
