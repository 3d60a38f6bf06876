"""Nothing is excused unless a person is asked to look at it, and nobody answers twice about the same."""

import pytest
from guarding import Guarded

from dispatch.visits.endings import RETURN_WHYS, START_WHYS
from matching.outcomes import CLIENT_CAUSED, OWN_RETURNS, TALENT, UNSAFE

pytestmark = pytest.mark.guards

CHECK_VIOLATION = "23514"
EXCUSED = [
    *(("return_needed", why) for why in RETURN_WHYS if why not in OWN_RETURNS),
    *(("could_not_start", why) for why in START_WHYS),
]


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


def ends(guarded: Guarded, outcome: str, why: str, by: str | None = "technician") -> str:
    """Anna was there, alone; the statement that ends the visit."""
    guarded.run(guarded.update("assignments", "acme", "checked_in_at = now()"))
    said = f"outcome = '{outcome}', outcome_why = '{why}', outcome_by = " + (f"'{by}'" if by else "NULL")
    return guarded.update("visits", "acme", f"state = 'checked_out', checked_out_at = now(), {said}")


@pytest.mark.parametrize(("outcome", "why"), EXCUSED)
@pytest.mark.parametrize("by", [*TALENT, None])
def test_visits_excused_lets_no_ending_be_excused_that_no_person_is_asked_to_look_at(
    guarded: Guarded, by: str | None, outcome: str, why: str
):
    guarded.run(ends(guarded, outcome, why, by))
    refusal = guarded.refuses("SET CONSTRAINTS ALL IMMEDIATE")
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "visits_excused")
    assert f"ended as {outcome} ({why}): nobody is asked to look at it" in refusal.message
    guarded.run(guarded.update("reviews", "acme", "about = 'excuse'"))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


def test_visits_excused_sees_a_word_that_is_changed_afterwards(guarded: Guarded):
    guarded.run(ends(guarded, "return_needed", "time"))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")
    guarded.run("SET CONSTRAINTS ALL DEFERRED")
    guarded.run(guarded.update("visits", "acme", "outcome_why = 'part'"))
    assert guarded.refuses("SET CONSTRAINTS ALL IMMEDIATE").constraint == "visits_excused"


@pytest.mark.parametrize(
    ("outcome", "why", "by"),
    [
        ("complete", "", "technician"),
        *(("return_needed", why, "technician") for why in OWN_RETURNS),
        ("could_not_start", "no_access", "dispatcher"),
        ("cancelled", "", "dispatcher"),
    ],
)
def test_visits_excused_asks_nothing_where_there_is_nothing_to_excuse(
    guarded: Guarded, outcome: str, why: str, by: str
):
    guarded.run(ends(guarded, outcome, why, by))
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("who", ["helper", "observer", "absent"])
def test_visits_excused_asks_nothing_for_those_whose_word_it_is_not(guarded: Guarded, who: str):
    end = ends(guarded, "could_not_start", "unsafe")
    if who == "absent":
        guarded.run(guarded.update("assignments", "acme", "checked_in_at = NULL"))
    else:
        guarded.run(guarded.update("slots", "acme", f"is_lead = false, is_observer = {who == 'observer'}"))
    if who == "helper":
        free = {"id": "gen_random_uuid()", "num": "7", "state": "'open'", "technician_id": "NULL"}
        guarded.run(guarded.copy("slots", "acme", free))
    guarded.run(end)
    guarded.run("SET CONSTRAINTS ALL IMMEDIATE")


ANSWERED = "state = 'rejected', decided_at = now(), decided_by ="


def second(guarded: Guarded, by: str, *, others: int = 1) -> str:
    """An excuse was answered by an operator, who has so many colleagues; the answer to the appeal about the same."""
    guarded.run("ALTER TABLE staff DISABLE TRIGGER staff_last_stays")
    guarded.run("UPDATE staff SET left_at = now() WHERE role = 'operator'")
    for num in range(others + 1):
        row = {"id": f"'{_operator(num)}'", "client_id": "NULL", "role": "'operator'", "email": f"'o{num}@x.example'"}
        guarded.run(guarded.copy("staff", "acme", row | {"left_at": "NULL", "erased_at": "NULL"}))
    excuse = {"id": "gen_random_uuid()", "about": "'excuse'", "state": "'rejected'", "passed_on_at": "now()"}
    first = excuse | {"due_at": "now()", "decided_at": "now()", "decided_by": f"'{_operator(0)}'"}
    guarded.run(guarded.update("reviews", "acme", "about = 'outcome', state = 'open', decided_at = NULL"))
    guarded.run(guarded.copy("reviews", "acme", first))
    return guarded.update("reviews", "acme", f"{ANSWERED} '{by}'")


def _operator(num: int) -> str:
    return f"00000000-0000-0000-0000-0000000000f{num}"


def test_reviews_by_another_lets_nobody_answer_twice_about_the_same_where_another_could(guarded: Guarded):
    refusal = guarded.refuses(second(guarded, _operator(0)))
    assert (refusal.code, refusal.constraint) == (CHECK_VIOLATION, "reviews_by_another")
    assert "has answered about the same before; somebody else has to" in refusal.message


def test_reviews_by_another_lets_another_answer(guarded: Guarded):
    assert guarded.accepts(second(guarded, _operator(1))) == 1


def test_reviews_by_another_lets_the_only_person_of_the_operators_answer(guarded: Guarded):
    assert guarded.accepts(second(guarded, _operator(0), others=0)) == 1


def test_reviews_by_another_counts_nobody_who_has_left(guarded: Guarded):
    answer = second(guarded, _operator(0))
    guarded.run(f"UPDATE staff SET left_at = now() WHERE id = '{_operator(1)}'")
    assert guarded.accepts(answer) == 1


def test_reviews_by_another_is_about_the_same_event_alone(guarded: Guarded):
    answer = second(guarded, _operator(0))
    other = "(SELECT id FROM events WHERE id <> (SELECT event_id FROM reviews WHERE about = 'outcome') LIMIT 1)"
    guarded.run(f"UPDATE reviews SET event_id = {other} WHERE about = 'excuse'")
    assert guarded.accepts(answer) == 1
