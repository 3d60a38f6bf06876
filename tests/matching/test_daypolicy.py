"""What a client may want of the day, and what is refused by name."""

import pytest

from matching.daypolicy import DayPolicy
from matching.errors import PolicyError


def test_a_document_reads_back_as_what_was_written():
    policy = DayPolicy.from_document({"requests": {"answer_min": 5}})
    assert policy.requests.answer_min == 5
    assert DayPolicy.from_document(policy.to_document()) == policy


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
    ],
)
def test_what_no_day_can_follow_is_refused_by_name(document, words):
    with pytest.raises(PolicyError, match=words):
        DayPolicy.from_document(document)
