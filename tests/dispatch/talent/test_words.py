"""Is this text fit to be kept and shown?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.errors import BadInput
from dispatch.talent.words import checked_code, checked_email, checked_phone, checked_text


@pytest.mark.parametrize(
    "bad", ["a\x00b", "half \ud800 pair", "evil \u202egpj.exe", "two\nlines", "", "   ", "x" * 201]
)
def test_what_misleads_or_breaks_is_refused_by_name_and_value(bad: str) -> None:
    with pytest.raises(BadInput) as refused:
        checked_text("name", bad)
    assert (refused.value.field, refused.value.value) == ("name", bad)


@pytest.mark.parametrize("kept", ["=1+1", "@SUM(A1)", "-2", "O'Brien <b>", "José", "李小龙", "Zoë 👩‍🔧"])
def test_text_stays_text_even_where_it_looks_like_a_formula(kept: str) -> None:
    assert checked_text("name", kept) == kept


def test_one_way_of_writing_is_kept_for_what_looks_the_same() -> None:
    assert checked_text("name", " Jose\u0301 ") == "Jos\u00e9"


def test_notes_may_have_lines_and_be_empty_but_no_hidden_characters() -> None:
    assert checked_text("access", "door 1\n\tring twice", is_long=True) == "door 1\n\tring twice"
    assert checked_text("access", "", is_long=True) == ""
    with pytest.raises(BadInput):
        checked_text("access", "ring\x07", is_long=True)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_kept_can_be_stored_and_is_kept_as_it_is_again(text: str) -> None:
    try:
        kept = checked_text("name", text)
    except BadInput:
        return
    assert "\x00" not in kept
    kept.encode("utf-8")
    assert checked_text("name", kept) == kept


@pytest.mark.parametrize("bad", ["", "HVAC", "a b", "-x", "x" * 65, "hvac\n"])
def test_a_code_is_of_few_characters(bad: str) -> None:
    with pytest.raises(BadInput):
        checked_code("skills", bad)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("(415) 555-0132", "+14155550132"), ("+44 20 8366 1177", "+442083661177"), ("14155550132", "+14155550132")],
)
def test_phone_numbers_are_kept_in_one_form(written: str, kept: str) -> None:
    assert checked_phone("phone", written) == kept


@pytest.mark.parametrize("bad", ["", "911-HELP", "+1000555000", "4155550132 ext 5", "0" * 50, "+999123456789"])
def test_what_no_plan_of_numbers_has_is_refused(bad: str) -> None:
    with pytest.raises(BadInput):
        checked_phone("phone", bad)


@pytest.mark.parametrize("bad", ["ann", "ann@", "@x.org", "ann@x", "a b@x.org", "ann@x.org,bob@x.org", "ann@@x.org"])
def test_mail_addresses_look_like_one(bad: str) -> None:
    assert checked_email("email", "ann.lee+t@mail.example.org") == "ann.lee+t@mail.example.org"
    with pytest.raises(BadInput):
        checked_email("email", bad)
