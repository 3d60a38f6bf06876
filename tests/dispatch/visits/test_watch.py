"""What should have happened by now: each deadline at its moment, and not a second before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.visits.watch import Watched, expected_end, look
from matching.daypolicy import Day

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = Day(remind_before_min=60, late_after_min=15)
#: Agreed yesterday for 18:00 to 20:00; to confirm by 14:00; half an hour's drive.
BEFORE = Watched(
    presence="assigned",
    assigned_at=NOW - timedelta(days=1),
    confirm_by=NOW + timedelta(hours=2),
    is_reminded=False,
    start_at=NOW + timedelta(hours=6),
    end_at=NOW + timedelta(hours=8),
    eta_at=None,
    checked_in_at=None,
    leave_by=NOW + timedelta(hours=5, minutes=30),
)


def due(watched: Watched, at: datetime) -> list[str]:
    return [kind for kind, _ in look(watched, DAY, at).due]


@pytest.mark.parametrize(
    ("kind", "minutes", "watched"),
    [
        ("remind", 60, BEFORE),
        ("not_confirmed", 120, replace(BEFORE, is_reminded=True)),
        ("not_left", 330, replace(BEFORE, presence="confirmed")),
        ("no_check_in", 375, replace(BEFORE, presence="on_the_way")),
        ("overdue", 480, replace(BEFORE, presence="checked_in", checked_in_at=NOW + timedelta(hours=6))),
    ],
)
def test_each_deadline_is_due_at_its_minute_and_the_next_look_is_not_later(
    kind: str, minutes: int, watched: Watched
) -> None:
    at = NOW + minutes * MINUTE
    assert kind not in due(watched, at - timedelta(microseconds=1))
    assert kind in due(watched, at)
    next_at = look(watched, DAY, at - MINUTE).next_at
    assert next_at is not None
    assert next_at <= at


def test_who_said_that_they_come_later_is_missed_later() -> None:
    late = replace(BEFORE, presence="confirmed", eta_at=BEFORE.start_at + 45 * MINUTE)
    assert "not_left" not in due(late, BEFORE.leave_by + 44 * MINUTE)
    assert "no_check_in" not in due(late, BEFORE.start_at + 59 * MINUTE)
    assert due(late, BEFORE.start_at + 60 * MINUTE) == ["not_left", "no_check_in"]


def test_a_time_that_comes_before_the_agreed_one_makes_nobody_late() -> None:
    early = replace(BEFORE, presence="on_the_way", eta_at=BEFORE.start_at - 60 * MINUTE)
    assert due(early, BEFORE.start_at + 14 * MINUTE) == []


def test_work_taken_on_short_notice_is_not_missed_at_once() -> None:
    short = replace(BEFORE, assigned_at=NOW, confirm_by=NOW, start_at=NOW + 10 * MINUTE, leave_by=NOW - 20 * MINUTE)
    assert due(short, NOW) == ["remind"]
    assert {"not_confirmed", "not_left"} <= set(due(replace(short, is_reminded=True), NOW + 15 * MINUTE))


def test_the_next_visit_is_at_risk_as_soon_as_the_end_foreseen_is_too_late_for_the_way() -> None:
    there = replace(
        BEFORE,
        presence="checked_in",
        checked_in_at=BEFORE.start_at + 30 * MINUTE,
        next_start_at=BEFORE.end_at + 60 * MINUTE,
        next_travel=20 * MINUTE,
    )
    # In half an hour late, so out at half past eight: ten minutes to spare.
    assert due(there, BEFORE.start_at + 31 * MINUTE) == []
    later = replace(there, checked_in_at=BEFORE.start_at + 45 * MINUTE)
    assert due(later, BEFORE.start_at + 46 * MINUTE) == ["next_visit_at_risk"]


def test_whoever_runs_over_is_looked_at_again_soon() -> None:
    there = replace(BEFORE, presence="checked_in", checked_in_at=BEFORE.start_at)
    over = BEFORE.end_at + 10 * MINUTE
    assert expected_end(there, over) == over + 15 * MINUTE
    assert look(there, DAY, over).next_at == over + 5 * MINUTE


@pytest.mark.parametrize("presence", ["stepped_out", "checked_out"])
def test_nothing_is_missed_of_who_has_left(presence: str) -> None:
    assert look(replace(BEFORE, presence=presence), DAY, NOW + timedelta(days=9)) == look(
        replace(BEFORE, presence=presence), DAY, NOW
    )
    assert due(replace(BEFORE, presence=presence), NOW + timedelta(days=9)) == []
