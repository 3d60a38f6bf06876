"""What each ending must say; and when a visit of several is over."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from dispatch.errors import BadInput
from dispatch.jobs.lifecycle import visit_state
from dispatch.visits.endings import Ending, check_ending
from dispatch.visits.presence import is_said

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "ending",
    [
        Ending(),
        Ending("back_later"),
        Ending("return_needed", "part", "A motor"),
        Ending("return_needed", "time", "Two more hours", start_at=NOW, end_at=NOW + timedelta(hours=3)),
        Ending("could_not_start", "unsafe", "Water on the floor"),
        Ending("could_not_start", "no_access", evidence=(uuid4(),)),
    ],
)
def test_an_ending_that_says_enough_passes(ending: Ending) -> None:
    check_ending(ending, now=NOW)


@pytest.mark.parametrize(
    ("ending", "field"),
    [
        (Ending("gone"), "outcome"),
        (Ending("complete", "part"), "why"),
        (Ending("return_needed", None, "A motor"), "why"),
        (Ending("return_needed", "unsafe", "A motor"), "why"),
        (Ending("return_needed", "part", "  "), "note"),
        (Ending("could_not_start", "part", "x"), "why"),
        (Ending("could_not_start", "not_ready"), "evidence"),
        (Ending(start_at=NOW, end_at=NOW + timedelta(hours=1)), "window"),
        (Ending("return_needed", "part", "x", start_at=NOW - timedelta(hours=2), end_at=NOW), "window.end_at"),
    ],
)
def test_an_ending_that_leaves_the_next_one_to_guess_is_refused_by_name(ending: Ending, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_ending(ending, now=NOW)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("people", "is_over"),
    [
        ([("checked_out", True)], True),
        ([("checked_out", False)], True),
        ([("checked_out", True), ("checked_in", False)], False),
        ([("checked_out", True), ("stepped_out", False)], False),
        ([("checked_out", True), ("assigned", False)], True),
        ([("checked_out", False), ("on_the_way", True)], False),
        ([("checked_out", False), ("checked_out", True)], True),
    ],
)
def test_a_visit_is_over_when_nobody_is_in_and_the_last_word_is_said(people: list, is_over: bool) -> None:
    assert is_said(people) is is_over


@pytest.mark.parametrize(
    ("presences", "state"),
    [
        ([], "planned"),
        (["assigned", "confirmed"], "confirmed"),
        (["on_the_way", "assigned"], "on_the_way"),
        (["assigned", "stepped_out"], "checked_in"),
        (["checked_out", "confirmed"], "checked_in"),
    ],
)
def test_a_visit_is_as_far_as_the_first_of_those_on_it(presences: list[str], state: str) -> None:
    assert visit_state(presences) == state
