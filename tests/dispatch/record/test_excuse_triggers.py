"""Nothing that was handed back is excused unless a person is asked to look at it."""

import pytest
from guarding import Guarded

from matching.outcomes import CLIENT_CAUSED, TALENT, UNSAFE

pytestmark = pytest.mark.guards

CHECK_VIOLATION = "23514"


@pytest.mark.parametrize("why", [*UNSAFE, *CLIENT_CAUSED])
@pytest.mark.parametrize("by", TALENT)
def test_assignments_excused_lets_nothing_be_excused_that_no_person_is_asked_to_look_at(
    guarded: Guarded, by: str, why: str
):
    gone = f"state = 'released', ended_at = now(), ended_by = '{by}', ended_why = '{why}', hand_back_until = NULL"
    guarded.run(guarded.update("assignments", "acme", gone))
    refusal = guarded.refuses("SET CONSTRAINTS ALL IMMEDIATE")
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "assignments_excused")
    assert f"was handed back as {why}: nobody is asked to look at it" in refusal.message
    guarded.run(guarded.update("reviews", "acme", "about = 'excuse'"))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "gone",
    [
        "ended_by = 'technician', ended_why = 'ill', hand_back_until = NULL",
        "ended_by = 'dispatcher', ended_why = 'no_access', hand_back_until = NULL",
        "ended_by = 'technician', ended_why = 'no_access', hand_back_until = now()",
    ],
)
def test_assignments_excused_asks_nothing_where_there_is_nothing_to_excuse(guarded: Guarded, gone: str):
    guarded.run(guarded.update("assignments", "acme", f"state = 'released', ended_at = now(), {gone}"))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


def test_assignments_excused_asks_nothing_of_an_observer(guarded: Guarded):
    guarded.run(guarded.update("slots", "acme", "is_observer = true, is_lead = false"))
    gone = "state = 'released', ended_at = now(), ended_by = 'technician', ended_why = 'unsafe', hand_back_until = NULL"
    guarded.run(guarded.update("assignments", "acme", gone))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")
