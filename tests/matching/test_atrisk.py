"""Rules that see trouble coming: a visit of two hours planned at noon, an hour's drive away, with all in order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from matching.atrisk import (
    LOOK_AGAIN,
    RAISED,
    RULES,
    Coming,
    JobFacts,
    VisitFacts,
    broken,
    foreseen,
    look_again_at,
    risks,
)
from matching.daypolicy import DayPolicy
from matching.sla import Deadline, Promise
from matching.trouble import TROUBLE

HOUR, MIN = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
JOB, VISIT, ASSIGNMENT, ANNA = (UUID(int=n) for n in range(1, 5))
COMING = Coming(ASSIGNMENT, ANNA, NOON, 3600, None, {"insurance": date(2026, 12, 31)})
PLANNED = VisitFacts(
    VISIT,
    "planned",
    NOON + 2 * HOUR,
    120,
    NOON,
    NOON + 2 * HOUR,
    NOON - 3 * HOUR,
    0,
    date(2026, 11, 30),
    None,
    (COMING,),
)
GOOD = JobFacts(JOB, "assigned", responded_at=NOON - 300 * HOUR, visits=(PLANNED,))
OPEN = replace(
    GOOD,
    state="open",
    responded_at=None,
    visits=(replace(PLANNED, planned_start_at=None, planned_end_at=None, confirm_by=None, num_open=1, coming=()),),
)
POLICY = DayPolicy.from_document({"sla": {"warn_min": 60, "unassigned_before_min": 240}})


def seen(facts: JobFacts, now: datetime) -> list[tuple[str, datetime]]:
    return [(each.kind, each.due_at) for each in risks(facts, POLICY, now)]


def with_visit(facts: JobFacts, **changes: object) -> JobFacts:
    return replace(facts, visits=(replace(facts.visits[0], **changes),))


def with_person(**changes: object) -> JobFacts:
    return with_visit(GOOD, coming=(replace(COMING, **changes),))


def promised(respond: datetime | None, fix: datetime | None) -> Promise:
    return Promise(respond and Deadline(respond, respond - HOUR), fix and Deadline(fix, fix - HOUR))


def test_where_all_is_in_order_nothing_is_at_risk_the_day_before():
    assert seen(GOOD, NOON - 24 * HOUR) == []


def test_the_confirmation_and_the_way_are_watched_before_their_deadlines():
    assert seen(GOOD, NOON - 4 * HOUR - MIN) == []
    assert seen(GOOD, NOON - 4 * HOUR) == [("not_confirmed", NOON - 3 * HOUR)]
    assert seen(GOOD, NOON - 90 * MIN) == [("not_confirmed", NOON - 3 * HOUR), ("not_left", NOON - HOUR)]
    confirmed = with_visit(GOOD, state="confirmed")
    assert seen(confirmed, NOON - 90 * MIN) == [("not_left", NOON - HOUR)]
    assert seen(with_visit(GOOD, state="on_the_way"), NOON - 90 * MIN) == []


def test_the_visit_before_that_takes_too_long_is_seen_as_soon_as_the_way_no_longer_fits():
    assert seen(with_person(busy_until=NOON - HOUR), NOON - 5 * HOUR) == []
    late = with_person(busy_until=NOON - HOUR + MIN)
    assert seen(late, NOON - 5 * HOUR) == [("next_visit_at_risk", NOON)]
    overrun = with_visit(with_person(busy_until=NOON - 5 * HOUR), state="confirmed")
    assert ("next_visit_at_risk", NOON) in seen(overrun, NOON - HOUR + MIN)


@pytest.mark.parametrize("last_day", [date(2026, 11, 29), None])
def test_a_proof_that_is_not_valid_through_the_last_day_is_seen_before_anyone_drives(last_day):
    assert seen(with_person(proofs={"insurance": last_day}), NOON - 240 * HOUR) == [("credential_expiring", NOON)]
    assert seen(with_person(proofs={"insurance": date(2026, 11, 30)}), NOON - 240 * HOUR) == []


def test_a_missing_part_is_told_until_somebody_drives():
    missing = with_visit(GOOD, missing_part_at=NOON - HOUR)
    assert seen(missing, NOON - 24 * HOUR) == [("part_missing", NOON - HOUR)]
    assert seen(replace(missing, state="done"), NOON - 24 * HOUR) == []


def test_nobody_has_it_and_the_last_moment_comes_near():
    assert seen(OPEN, NOON - 2 * HOUR - MIN) == []
    assert seen(OPEN, NOON - 2 * HOUR) == [("unassigned_soon", NOON + 2 * HOUR)]


def test_nobody_took_it_and_nobody_may_are_told_apart():
    unfilled = replace(OPEN, state="unfilled", num_may=4)
    assert seen(unfilled, NOON - 24 * HOUR) == [("unfilled", NOON + 2 * HOUR)]
    assert seen(replace(unfilled, num_may=0), NOON - 24 * HOUR) == [("nobody_may", NOON + 2 * HOUR)]


def test_a_yes_waits_for_as_long_as_its_offer_lives():
    assert seen(replace(OPEN, answer_by=NOON - 23 * HOUR), NOON - 24 * HOUR) == [("pick_waiting", NOON - 23 * HOUR)]


def test_a_promise_to_respond_is_at_risk_then_broken_and_neither_once_somebody_is_assigned():
    facts = replace(OPEN, promise=promised(NOON - 20 * HOUR, None))
    assert seen(facts, NOON - 21 * HOUR - MIN) == []
    assert seen(facts, NOON - 21 * HOUR) == [("sla_at_risk", NOON - 20 * HOUR)]
    assert seen(facts, NOON - 20 * HOUR) == [("sla_breached", NOON - 20 * HOUR)]
    assert seen(replace(facts, responded_at=NOON - 21 * HOUR), NOON - 20 * HOUR) == []


def test_a_plan_that_ends_after_the_promise_is_at_risk_long_before_anyone_drives():
    in_time = replace(GOOD, promise=promised(None, NOON + 2 * HOUR))
    assert seen(in_time, NOON - 240 * HOUR) == []
    late = replace(GOOD, promise=promised(None, NOON + 2 * HOUR - MIN))
    assert seen(late, NOON - 240 * HOUR) == [("sla_at_risk", NOON + 2 * HOUR - MIN)]


def test_work_that_overruns_its_plan_is_at_risk_shortly_before_the_promise():
    facts = with_visit(replace(GOOD, state="in_progress", promise=promised(None, NOON + 5 * HOUR)), state="checked_in")
    assert seen(facts, NOON + 4 * HOUR - MIN) == []
    assert seen(facts, NOON + 4 * HOUR) == [("sla_at_risk", NOON + 5 * HOUR)]
    assert seen(facts, NOON + 5 * HOUR) == [("sla_breached", NOON + 5 * HOUR)]


def test_work_that_nobody_has_is_at_risk_while_there_is_still_time_for_it():
    facts = replace(OPEN, promise=promised(None, NOON - 20 * HOUR))
    assert seen(facts, NOON - 23 * HOUR - MIN) == []
    assert seen(facts, NOON - 23 * HOUR) == [("sla_at_risk", NOON - 20 * HOUR)]


def test_while_it_is_paused_no_promise_is_at_risk_or_broken():
    facts = replace(OPEN, promise=promised(NOON - 48 * HOUR, NOON - 30 * HOUR), paused_at=NOON - 40 * HOUR)
    assert seen(facts, NOON - 24 * HOUR) == []
    both = seen(replace(facts, paused_at=None), NOON - 24 * HOUR)
    assert both == [("sla_breached", NOON - 48 * HOUR)], "one alarm about a job, the earlier promise's"


def test_which_promises_are_broken_is_known_when_they_were_kept_late_too():
    facts = replace(OPEN, promise=promised(NOON - 2 * HOUR, NOON))
    assert broken(facts, NOON - 2 * HOUR - MIN) == ()
    assert broken(facts, NOON - 2 * HOUR) == ("respond",)
    assert broken(facts, NOON) == ("respond", "fix")
    in_time = replace(facts, state="done", responded_at=NOON - 3 * HOUR, fixed_at=NOON - MIN)
    assert broken(in_time, NOON + 24 * HOUR) == ()
    assert broken(replace(in_time, responded_at=NOON - 2 * HOUR, fixed_at=NOON), NOON + MIN) == ("respond", "fix")
    assert broken(replace(facts, paused_at=NOON - HOUR), NOON + HOUR) == ("respond",)
    assert broken(replace(facts, state="cancelled"), NOON + HOUR) == ()


def test_minutes_left_are_whole_and_negative_once_it_is_too_late():
    facts = replace(OPEN, promise=promised(NOON, None))
    (risk,) = (each for each in foreseen(facts, POLICY, NOON) if each.kind == "sla_breached")
    assert [risk.minutes_left(NOON + delta) for delta in (-90 * MIN, timedelta(0), timedelta(seconds=30))] == [
        90,
        0,
        -1,
    ]
    assert risk.words == "What was promised is broken"


def test_the_most_urgent_comes_first():
    facts = replace(OPEN, state="unfilled", promise=promised(NOON, None), answer_by=NOON + HOUR)
    assert [kind for kind, _ in seen(facts, NOON)] == ["sla_breached", "pick_waiting", "unassigned_soon", "unfilled"]


def test_the_next_look_is_when_the_next_thing_becomes_a_risk_and_never_far():
    at = NOON - 2 * HOUR
    assert look_again_at(foreseen(OPEN, POLICY, at - MIN), at - MIN) == at
    assert look_again_at(foreseen(OPEN, POLICY, at), at) == at + LOOK_AGAIN
    assert look_again_at(foreseen(OPEN, POLICY, at - HOUR), at - HOUR) == at - HOUR + LOOK_AGAIN


def test_work_that_was_sent_back_is_at_risk_shortly_before_it_is_due_and_after():
    back = replace(OPEN, state="sent_back", mend_by=NOON, visits=())
    warn = timedelta(minutes=POLICY.sla.warn_min)
    assert [each.kind for each in risks(back, POLICY, NOON - warn)] == ["rework_due"]
    assert [each.kind for each in risks(back, POLICY, NOON + HOUR)] == ["rework_due"]
    assert risks(back, POLICY, NOON - warn - MIN) == ()


@pytest.mark.parametrize("state", ["done", "approved", "cancelled", "draft"])
def test_a_job_that_is_over_or_not_yet_posted_is_never_at_risk(state):
    worst = replace(OPEN, state=state, promise=promised(NOON, NOON), answer_by=NOON)
    assert foreseen(worst, POLICY, NOON + HOUR) == ()


def test_every_kind_of_risk_has_its_words_and_a_rule_says_what_it_sees():
    worst = replace(OPEN, state="unfilled", promise=promised(NOON, NOON), answer_by=NOON)
    kinds = {each.kind for each in foreseen(worst, POLICY, NOON - HOUR)}
    kinds |= {each.kind for each in foreseen(with_person(proofs={"x": None}), POLICY, NOON - HOUR)}
    kinds |= {each.kind for each in foreseen(replace(worst, num_may=0), POLICY, NOON - HOUR)}
    kinds |= {each.kind for each in foreseen(replace(OPEN, state="sent_back", mend_by=NOON), POLICY, NOON - HOUR)}
    assert set(RAISED) <= kinds <= set(TROUBLE)
    assert all(rule.__doc__ for rule in RULES)
