"""What came of one piece of work?"""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from matching.outcomes import CLIENT_CAUSED, OWN_RETURNS, UNSAFE, WHY_NOT, WORDS, Happened, Work, outcomes_of
from matching.reputation import ReputationPolicy

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINE = UUID(int=1)
WORK = Work(MINE, is_lead=True)
_ids = count(100)


def happened(subject, kind, *, minutes=0.0, actor="technician", **data):
    return Happened(UUID(int=next(_ids)), subject, kind, actor, START + timedelta(minutes=minutes), data)


def made(start=START):
    return happened("assignment", "made", minutes=-1440, start_at=start.isoformat())


def checked_in(minutes=0.0, assignment=MINE):
    at = (START + timedelta(minutes=minutes)).isoformat()
    return happened("visit", "checked_in", minutes=minutes, assignment=str(assignment), at=at)


def checked_out(outcome="complete", why=None, assignment=MINE):
    return happened("visit", "checked_out", minutes=60, assignment=str(assignment), outcome=outcome, why=why)


def released(why, *, minutes=-120.0, actor="technician"):
    return happened("assignment", "released", minutes=minutes, actor=actor, why=why)


def told(*events, work=WORK, answers=None):
    found = outcomes_of(work, events, answers or {}, ReputationPolicy())
    assert len({each.part for each in found}) == len(found), "one outcome for each part"
    assert all(each.kind in WORDS and (each.why_not is None or each.why_not in WHY_NOT) for each in found)
    return {each.part: (each.kind, each.value, each.severity, each.why_not) for each in found}


def test_work_that_nobody_began_or_gave_back_has_no_outcome():
    assert told() == {}
    assert told(made()) == {}


@pytest.mark.parametrize(
    ("minutes", "kind", "value"),
    [(-31, "too_early", 0.0), (-30, "in_time", 1.0), (15, "in_time", 1.0), (16, "late", 0.0)],
)
def test_a_check_in_keeps_the_work_and_is_in_time_or_not(minutes, kind, value):
    assert told(made(), checked_in(minutes)) == {
        "kept": ("begun", 1.0, 1.0, None),
        "on_time": (kind, value, 1.0, None),
    }


def test_what_both_sides_agreed_to_later_is_the_start_that_counts():
    moved = happened("assignment", "changed", minutes=-600, start_at=(START + timedelta(hours=2)).isoformat())
    assert told(made(), moved, checked_in(125))["on_time"][0] == "in_time"
    assert told(made(), moved, checked_in(5))["on_time"][0] == "too_early"
    after = happened("assignment", "changed", minutes=200, start_at=(START + timedelta(hours=9)).isoformat())
    assert told(made(), checked_in(5), after)["on_time"][0] == "in_time", "only what was agreed by then"


def test_only_the_first_check_in_counts_and_only_ones_own():
    assert told(made(), checked_in(5), checked_in(90))["on_time"][0] == "in_time"
    assert told(made(), checked_in(5, assignment=UUID(int=2))) == {}


def test_handing_back_early_weighs_half_late_one_and_not_coming_three():
    assert told(made(), released("sick", minutes=-1440))["kept"] == ("early_back_out", 0.0, 0.5, None)
    assert told(made(), released("sick", minutes=-1439))["kept"] == ("back_out", 0.0, 1.0, None)
    assert told(made(), released("no_show", minutes=30, actor="dispatcher"))["kept"] == ("no_show", 0.0, 3.0, None)
    assert told(made(), released("no_show", minutes=30))["kept"][0] == "back_out", "nobody marks themselves absent"


@pytest.mark.parametrize("actor", ["dispatcher", "client_admin", "requester", "engine"])
def test_what_the_clients_side_ends_is_no_outcome(actor):
    assert told(made(), released("duplicate", actor=actor)) == {}


def test_handing_back_within_the_agreed_minutes_is_free():
    work = Work(MINE, is_lead=True, hand_back_until=START - timedelta(minutes=120))
    assert told(made(), released("sick", minutes=-120), work=work) == {}
    assert told(made(), released("sick", minutes=-119), work=work)["kept"][0] == "back_out"


def test_a_danger_or_the_client_behind_a_back_out_is_listed_and_does_not_count():
    for why in UNSAFE:
        assert told(made(), released(why))["kept"][3] == "unsafe"
    for why in CLIENT_CAUSED:
        assert told(made(), released(why))["kept"][3] == "client"


def _looks(event, *kinds):
    return [happened("excuse", kind, actor="dispatcher", event=str(event.id)) for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "why_not"),
    [
        (("made",), "in_review"),
        (("made", "passed_on"), "in_review"),
        (("made", "upheld"), "unsafe"),
        (("made", "rejected"), None),
        (("made", "passed_on", "rejected"), None),
        (("made", "passed_on", "unanswered"), "unanswered"),
    ],
)
def test_an_excuse_counts_when_a_person_has_turned_it_around_and_not_before(kinds, why_not):
    for minutes, severity in ((-1440, 0.5), (-120, 1.0)):
        back = released("unsafe", minutes=minutes)
        kept = told(made(), back, *_looks(back, *kinds))["kept"]
        assert kept[1:] == (0.0, severity, why_not), "its weight is by when it was handed back, not when looked at"


def test_a_review_excuses_only_what_it_is_about_and_nothing_that_was_no_excuse():
    back, other, ill = released("unsafe"), happened("assignment", "other"), released("ill")
    assert told(made(), back, *_looks(other, "made", "rejected"))["kept"][3] == "unsafe"
    assert told(made(), ill, *_looks(ill, "made", "upheld"))["kept"][3] is None


def test_an_appeal_stands_above_the_answer_to_an_excuse():
    back = released("no_access")
    looks = _looks(back, "made", "rejected")
    for answer, why_not in (("open", "disputed"), ("upheld", "corrected"), ("rejected", None)):
        assert told(made(), back, *looks, answers={back.id: answer})["kept"][3] == why_not


@pytest.mark.parametrize(
    ("outcome", "why", "expected"),
    [
        ("complete", None, ("complete", 1.0, 1.0, None)),
        *(("return_needed", why, ("return_needed", 0.0, 1.0, None)) for why in OWN_RETURNS),
        *(
            ("return_needed", why, ("return_needed", 0.0, 1.0, "client"))
            for why in ("part", "access", "second_person", "other_skill")
        ),
        ("could_not_start", "no_access", ("could_not_start", 0.0, 1.0, "client")),
        ("could_not_start", "not_ready", ("could_not_start", 0.0, 1.0, "client")),
        ("could_not_start", "unsafe", ("could_not_start", 0.0, 1.0, "unsafe")),
    ],
)
def test_how_a_visit_ended_counts_unless_it_lay_elsewhere(outcome, why, expected):
    assert told(made(), checked_in(), checked_out(outcome, why))["completed"] == expected


@pytest.mark.parametrize(
    ("outcome", "why", "excuse"),
    [
        ("return_needed", "part", "client"),
        ("could_not_start", "no_access", "client"),
        ("could_not_start", "unsafe", "unsafe"),
    ],
)
@pytest.mark.parametrize(
    ("kinds", "stands"),
    [
        ((), "as said"),
        (("made",), "in_review"),
        (("made", "passed_on"), "in_review"),
        (("made", "upheld"), "as said"),
        (("made", "rejected"), None),
        (("made", "passed_on", "rejected"), None),
        (("made", "passed_on", "unanswered"), "unanswered"),
    ],
)
def test_an_ending_that_was_excused_waits_for_a_person_too(outcome, why, excuse, kinds, stands):
    out = checked_out(outcome, why)
    why_not = excuse if stands == "as said" else stands
    assert told(made(), checked_in(), out, *_looks(out, *kinds))["completed"] == (outcome, 0.0, 1.0, why_not)


@pytest.mark.parametrize("why", OWN_RETURNS)
def test_a_return_that_was_in_their_hands_is_excused_by_no_review(why):
    out = checked_out("return_needed", why)
    assert told(made(), checked_in(), out, *_looks(out, "made", "upheld"))["completed"][3] is None


def test_a_visit_that_the_client_stopped_says_nothing():
    assert "completed" not in told(made(), checked_in(), checked_out("cancelled"))
    assert "completed" not in told(made(), checked_in(), checked_out(None)), "somebody else is still there"


def test_a_helper_answers_for_coming_and_not_for_the_visit():
    helper = Work(MINE, is_lead=False)
    done = happened("job", "approved", minutes=600, actor="dispatcher")
    assert set(told(made(), checked_in(), checked_out(), done, work=helper)) == {"kept", "on_time"}


def test_sent_back_once_is_sent_back_and_only_complete_work_is_judged():
    back, good = (happened("job", kind, minutes=600, actor="dispatcher") for kind in ("sent_back", "approved"))
    whole = (made(), checked_in(), checked_out())
    assert told(*whole, good)["passed"] == ("approved", 1.0, 1.0, None)
    assert told(*whole, back, good)["passed"] == ("sent_back", 0.0, 1.0, None)
    assert "passed" not in told(made(), checked_in(), checked_out("return_needed", "part"), back)


def test_stars_count_once_they_are_shown_and_only_the_clients():
    def shown(by_client, assignment=MINE):
        return happened("visit", "ratings_shown", assignment=str(assignment), by_client=by_client, by_technician=1)

    assert told(made(), checked_in(), shown(2))["rated"] == ("stars_2", 0.25, 1.0, None)
    assert "rated" not in told(made(), checked_in(), shown(None))
    assert "rated" not in told(made(), checked_in(), shown(5, UUID(int=2)))


def test_an_appeal_sets_aside_what_speaks_against_them_and_nothing_else():
    late = checked_in(40)
    for answer, why_not in (("open", "disputed"), ("upheld", "corrected"), ("rejected", None)):
        found = told(made(), late, answers={late.id: answer})
        assert found["on_time"] == ("late", 0.0, 1.0, why_not)
        assert found["kept"] == ("begun", 1.0, 1.0, None)


def test_while_a_dispute_about_the_pay_is_open_nothing_bad_counts():
    work = [made(), checked_in(20), checked_out(), happened("job", "sent_back", minutes=90, actor="dispatcher")]
    opened, decided = (happened("dispute", kind, minutes=100 + num) for num, kind in enumerate(("opened", "decided")))
    assert {part: told(*work, opened)[part][3] for part in ("kept", "on_time", "completed", "passed")} == {
        "kept": None, "on_time": "pay_disputed", "completed": None, "passed": "pay_disputed",
    }  # fmt: skip
    again = happened("dispute", "opened", minutes=102)
    assert told(*work, opened, decided) == told(*work)
    assert told(*work, opened, decided, again) == told(*work, opened)
