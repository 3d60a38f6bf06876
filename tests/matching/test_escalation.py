"""The ladder: 10 minutes, 30, 60; urgent alarms climb twice as fast."""

from datetime import UTC, datetime, timedelta

from matching.daypolicy import Escalation, Step
from matching.escalation import again_at, first_at, next_at, step_from

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
MIN = timedelta(minutes=1)
LADDER = Escalation((Step(10, "duty"), Step(30, "duty:2"), Step(60, "role:client_admin")), again_min=90)


def test_each_step_comes_so_long_after_the_one_before_as_the_ladder_says():
    assert first_at(LADDER, 3, NOW) == NOW + 10 * MIN
    assert next_at(LADDER, 3, 1, NOW, was_heard=True) == NOW + 20 * MIN
    assert next_at(LADDER, 3, 2, NOW, was_heard=True) == NOW + 30 * MIN
    assert next_at(LADDER, 3, 3, NOW, was_heard=True) is None, "on the last step it stands"
    assert [step_from(LADDER, level).whom for level in range(3)] == ["duty", "duty:2", "role:client_admin"]


def test_priorities_set_the_pace():
    assert first_at(LADDER, 1, NOW) == NOW + 5 * MIN
    assert next_at(LADDER, 5, 1, NOW, was_heard=True) == NOW + 60 * MIN
    assert again_at(LADDER, 4, NOW) == NOW + 180 * MIN


def test_a_step_without_anybody_is_followed_at_once():
    assert next_at(LADDER, 3, 1, NOW, was_heard=False) == NOW
    assert next_at(LADDER, 3, 3, NOW, was_heard=False) is None


def test_what_was_taken_on_and_not_ended_climbs_on_and_past_the_end_repeats_the_last_step():
    assert again_at(LADDER, 3, NOW) == NOW + 90 * MIN
    assert again_at(Escalation(LADDER.steps, again_min=None), 3, NOW) is None
    assert step_from(LADDER, 7).whom == "role:client_admin"


def test_a_ladder_without_steps_goes_nowhere():
    assert first_at(Escalation(()), 3, NOW) is None
    assert again_at(Escalation(()), 3, NOW) is None
