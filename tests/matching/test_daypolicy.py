"""What a client may want of the day, and what is refused by name."""

import json

import pytest

from matching.daypolicy import DayPolicy, ServiceLevel, Step
from matching.errors import PolicyError


def test_a_document_reads_back_as_what_was_written():
    policy = DayPolicy.from_document({"requests": {"answer_min": 5}})
    assert policy.requests.answer_min == 5
    assert DayPolicy.from_document(policy.to_document()) == policy


def test_levels_and_steps_read_back_as_what_was_written():
    ladder = {"steps": [{"after_min": 5, "whom": "duty:2", "channels": ["sms"]}], "pace": {"1": 0.25}}
    level = {"fix_min": 240, "counted": "around_the_clock"}
    policy = DayPolicy.from_document({"sla": {"priorities": {"2": level}}, "escalation": ladder})
    assert policy.sla.level(2) == ServiceLevel(None, 240, "around_the_clock")
    assert policy.sla.level(1) == ServiceLevel(), "nothing is promised where nothing is said"
    assert policy.escalation.steps == (Step(5, "duty:2", ("sms",)),)
    assert (policy.escalation.pace["1"], policy.escalation.pace["5"]) == (0.25, 3.0)
    assert DayPolicy.from_document(json.loads(json.dumps(policy.to_document()))) == policy


def test_a_jobs_own_settings_stand_before_the_clients_and_those_before_the_defaults():
    client = {"day": {"late_after_min": 30, "remind_before_min": 90}}
    merged = DayPolicy.from_document(client, {"day": {"late_after_min": 10}})
    assert (merged.day.late_after_min, merged.day.remind_before_min) == (10, 90)
    assert merged.proposals == DayPolicy().proposals


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"requests": {"answer_min": 0}}, r"requests.answer_min 0: a whole number from 1"),
        ({"requests": {"answer_min": True}}, "requests.answer_min True"),
        ({"requests": {"answer_min": 2.5}}, "requests.answer_min 2.5"),
        ({"requests": {"if_unanswered": "guess"}}, "if_unanswered 'guess': one of"),
        ({"requests": {"ring": 1}}, "ring"),
        ({"requests": 5}, "day_policy.requests: give settings"),
        ({"holidays": {}}, "day_policy.holidays"),
        ({"sla": {"priorities": {"6": {}}}}, "sla.priorities.6: name priorities from 1 to 5"),
        ({"sla": {"priorities": []}}, "sla.priorities .*: an object"),
        ({"sla": {"priorities": {"1": 5}}}, "sla.priorities.1 5: an object"),
        ({"sla": {"priorities": {"1": {"fix_h": 5}}}}, "sla.priorities.1: .*fix_h"),
        ({"sla": {"priorities": {"1": {"fix_min": 0}}}}, "sla.priorities.fix_min 0: a whole number from 1"),
        ({"sla": {"priorities": {"1": {"fix_min": 129_601}}}}, "to 129600"),
        ({"sla": {"priorities": {"1": {"respond_min": 60, "fix_min": 59}}}}, "fix_min 59: not below respond_min 60"),
        ({"sla": {"priorities": {"1": {"counted": "days"}}}}, "counted 'days': one of open_hours"),
        ({"sla": {"warn_min": -1}}, "sla.warn_min -1"),
        ({"sla": {"unassigned_before_min": 1e3}}, "sla.unassigned_before_min 1000.0"),
        ({"escalation": {"steps": {}}}, "escalation.steps .*: a list"),
        ({"escalation": {"steps": [{"after_min": n} for n in range(11)]}}, "at most 10"),
        ({"escalation": {"steps": [{"after_min": 5}, {"after_min": 5}]}}, "each later than the one before"),
        ({"escalation": {"steps": [{}]}}, r"escalation.steps\[0\]: .*after_min"),
        ({"escalation": {"steps": [{"after_min": 5, "whom": "boss"}]}}, "whom 'boss': duty"),
        ({"escalation": {"steps": [{"after_min": 5, "whom": "duty:0"}]}}, "whom 'duty:0'"),
        ({"escalation": {"steps": [{"after_min": 5, "whom": "role:operator"}]}}, "whom 'role:operator'"),
        ({"escalation": {"steps": [{"after_min": 5, "whom": 7}]}}, "whom 7"),
        ({"escalation": {"steps": [{"after_min": 5, "channels": []}]}}, r"channels \[\]: some of mail"),
        ({"escalation": {"steps": [{"after_min": 5, "channels": ["mail", "mail"]}]}}, "each once"),
        ({"escalation": {"steps": [{"after_min": 5, "channels": "mail"}]}}, "channels 'mail'"),
        ({"escalation": {"steps": [{"after_min": 5, "channels": [[]]}]}}, "channels"),
        ({"escalation": {"pace": {"1": 0.05}}}, "escalation.pace.1 0.05"),
        ({"escalation": {"pace": {"0": 1}}}, "escalation.pace.0 1"),
        ({"escalation": {"pace": {"1": True}}}, "escalation.pace.1 True"),
        ({"escalation": {"pace": {"1": float("nan")}}}, "escalation.pace.1 nan"),
        ({"escalation": {"again_min": 0}}, "escalation.again_min 0"),
    ],
)
def test_what_no_day_can_follow_is_refused_by_name(document, words):
    with pytest.raises(PolicyError, match=words):
        DayPolicy.from_document(document)
