"""Checklists: which answers are open, which speak of an employee, what they bring with them."""

from dataclasses import replace

import pytest

from dispatch.talent.packfiles import shipped_packs
from matching.checklist import Reading, read_answers
from matching.packs import Pack


def pack(pack_id: str) -> Pack:
    return next(each for each in shipped_packs() if each.id == pack_id)


def test_nothing_answered_is_open_and_says_nothing():
    abc = pack("us-ca-abc")
    assert read_answers(abc, {}) == Reading(tuple(abc.questions), (), {})
    assert read_answers(abc, {"b_other_business": "unsure"}).open == tuple(abc.questions)


@pytest.mark.parametrize("letter", ["a_free_of_control", "b_other_business", "c_own_trade"])
def test_one_no_to_the_abc_presumes_an_employee(letter: str):
    abc = pack("us-ca-abc")
    answers = dict.fromkeys(abc.questions, "yes")
    assert read_answers(abc, answers) == Reading((), (), {})
    found = read_answers(abc, answers | {letter: "no"})
    assert (found.employee, list(found.flags)) == ((letter,), [f"abc_{letter[0]}"])


def test_technical_work_through_a_third_party_is_flagged_by_section_1706():
    irs = pack("us-irs-common-law")
    found = read_answers(irs, {"third_party_technical": "yes", "tools": "yes", "training": "yes", "may_decline": "no"})
    assert found.employee == ("training", "may_decline", "third_party_technical")
    assert list(found.flags) == ["section_1706"]
    assert "instructions" in found.open


def test_which_answer_counts_and_what_it_flags_says_the_pack_alone():
    asked = {"code": "own_van", "group": "money", "words": "Do they bring a van?", "employee": "yes"}
    flag = {"code": "house_rule", "words": "a rule of the house"}
    mine = replace(pack("us-ca-abc"), thresholds={"questions": [{**asked, "flag": flag}]})
    assert read_answers(mine, {"own_van": "yes"}) == Reading((), ("own_van",), {"house_rule": "a rule of the house"})
    assert read_answers(mine, {"own_van": "no"}) == Reading((), (), {})


def test_every_shipped_question_speaks_of_an_employee_in_just_one_way():
    for each in (each for each in shipped_packs() if each.kind == "checklist"):
        yes = set(read_answers(each, dict.fromkeys(each.questions, "yes")).employee)
        no = set(read_answers(each, dict.fromkeys(each.questions, "no")).employee)
        assert yes | no == set(each.questions)
        assert not yes & no
