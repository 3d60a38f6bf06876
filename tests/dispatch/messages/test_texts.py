"""The catalogue is whole, in both languages, and what it says fits where it is sent."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dispatch.messages.catalogue import FORMS, LANGUAGES, parameters_of, reasons, text, texts
from dispatch.messages.occasions import BY_KEY, GROUPS, OCCASIONS, WITHOUT_EVENT
from dispatch.messages.readers import _WHO
from dispatch.messages.scene import PARAMETERS
from dispatch.messages.segments import count, for_sms
from dispatch.messages.wording import Both, Said, Sum, When, Why, write
from dispatch.record.tables.audit import SUBJECTS
from matching.trouble import TROUBLE

CHICAGO = ZoneInfo("America/Chicago")
AT = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
WHEN = When(AT, "America/New_York")
#: Values as long as they are in real life; a Saturday, whose Spanish name has a letter that SMS has not.
VALUES = {name: WHEN for name in ("start", "until", "confirm_by", "arrival", "due", "new_start")} | {
    "client": "Acme Field Service", "number": "WO-88000-12", "title": "Replace hard drive", "town": "San Francisco",
    "region": "CA", "hours": "2", "site": "Store 1147", "address": "106 N 5th St", "technician": "Anna María Müller",
    "pay": Sum(Decimal("140.50"), "USD", True), "why": Why("cannot_come"), "author": "Acme Field Service",
    "trouble": Why("unassigned_soon"),
    "wish": Both(Sum(Decimal(160), "USD"), WHEN), "about": "WO-88000-12", "text": Said("The door is locked."),
    "code": "K7F2QM", "reader": "Anna María Müller", "num": 7, "reply_code": "482113",
    "first": "WO-88000-12 is approved", "lines": Said("- a"),
    "link": Said("https://dispatch.example.org/sign-in#token=" + "x" * 43), "minutes": 30,
    "amount": Sum(Decimal("1140.50"), "USD"), "awarded": Sum(Decimal("140.50"), "USD"), "extra": "parking garage",
}  # fmt: skip
#: What only those may read who have the work: the door, and who else is on it.
OF_THE_ASSIGNED = {"address", "site", "number"}


def filled(key: str, language: str):
    return write(key, language, CHICAGO, {name: VALUES.get(name, "word") for name in PARAMETERS} | VALUES)


def test_every_language_has_the_same_keys_and_every_key_the_same_parameters_in_every_form():
    for language in LANGUAGES:
        assert set(texts(language)) == set(texts("en"))
        for key, own in texts(language).items():
            for form in FORMS:
                theirs = parameters_of(getattr(own, form)), parameters_of(getattr(texts("en")[key], form))
                assert theirs[0] == theirs[1], (language, key, form)


def test_every_occasion_has_a_text_and_every_text_an_occasion():
    assert {line.key for line in OCCASIONS} | set(WITHOUT_EVENT) == set(texts("en"))


def test_every_parameter_has_a_meaning_and_every_meaning_is_used():
    used = set().union(*(each.parameters for key, each in texts("en").items() if key not in WITHOUT_EVENT))
    assert used == set(PARAMETERS)


def test_lines_that_share_a_text_agree_on_how_it_is_told():
    for line in OCCASIONS:
        first = BY_KEY[line.key]
        assert (line.group, line.urgency, line.until) == (first.group, first.urgency, first.until)
        assert line.subject in SUBJECTS
        assert line.group in GROUPS
        assert line.who in _WHO


def test_nobody_is_told_the_door_before_the_work_is_theirs():
    for line in OCCASIONS:
        if line.who in ("asked", "answered") or line.key == "counter_refused":
            assert not texts("en")[line.key].parameters & OF_THE_ASSIGNED, line.key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(texts("en")))
def test_a_text_with_usual_values_fits_one_sms_or_two_where_it_must_say_much(key: str, language: str):
    written = filled(key, language)
    assert "{" not in "".join(getattr(written, form) for form in FORMS)
    assert "\n" not in written.subject
    sms = count(for_sms(written.short))
    forms = texts("en")[key]
    num_times = len(parameters_of(forms.short) & {"start", "until", "deadline", "change", "arrival", "wish"})
    assert sms.alphabet == "gsm" or sms.num == 1
    assert sms.num <= (2 if num_times > 1 else 1), written.short


def test_every_kind_of_trouble_has_its_words_in_every_language():
    for language in LANGUAGES:
        assert set(TROUBLE) <= set(reasons(language))
        told = write("escalated", language, CHICAGO, VALUES | {"trouble": Why("no_check_in")}).subject
        assert told == f"WO-88000-12: {reasons(language)['no_check_in']}"


def test_an_unknown_language_is_answered_in_the_first():
    assert text("assigned", "tlh") == text("assigned", "en")


def test_a_time_is_told_by_the_readers_clock_with_the_sites_beside_it_only_where_they_differ():
    assert "9:00 AM CST (10:00 AM EST at the site)" in filled("confirmed", "en").short.replace("\u202f", " ")
    assert "(10:00 a.m. EST en el lugar)" in filled("confirmed", "es").short.replace("\u202f", " ")
    same = write("confirmed", "en", ZoneInfo("America/New_York"), VALUES).short.replace("\u202f", " ")
    assert "10:00 AM EST" in same
    assert "site" not in same


def test_the_repeated_hour_of_the_night_when_clocks_go_back_is_told_apart():
    first, second = (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (6, 7))
    told = [write("confirmed", "en", CHICAGO, VALUES | {"start": When(at)}).short for at in (first, second)]
    assert ["CDT" in told[0], "CST" in told[1]] == [True, True]


def test_money_follows_its_currency():
    yen = write("offer_sent", "en", CHICAGO, VALUES | {"pay": Sum(Decimal(15000), "JPY")}).short
    assert "¥15,000" in yen
    assert "¥15,000.00" not in yen


def test_a_value_adds_no_line_no_parameter_and_no_header():
    bad = "x}\r\nBcc: all@example.org {client} \x1b[31m\u202ey"
    written = write("taken", "en", CHICAGO, VALUES | {"technician": bad, "title": bad, "number": bad})
    assert "\n" not in written.subject + written.short + written.long
    assert "\r" not in written.subject
    assert "{client}" in written.short
    assert "\x1b" not in written.long
    assert "\u202e" not in written.long


def test_what_a_person_wrote_keeps_its_lines():
    written = write("message", "en", CHICAGO, VALUES | {"text": Said("one\ntwo")})
    assert written.long.startswith("one\ntwo")
    assert "\n" not in written.subject


@pytest.mark.parametrize(
    ("words", "num", "alphabet"),
    [
        ("", 1, "gsm"),
        ("a" * 160, 1, "gsm"),
        ("a" * 161, 2, "gsm"),
        ("a" * 306, 2, "gsm"),
        ("a" * 307, 3, "gsm"),
        ("€" * 80, 1, "gsm"),
        ("€" * 81, 2, "gsm"),
        # 153 is odd: a sign of two units is not cut, so each part holds 76 of them.
        ("€" * 153, 3, "gsm"),
        ("é" * 160, 1, "gsm"),
        ("á" * 70, 1, "ucs2"),
        ("á" * 71, 2, "ucs2"),
        ("á" * 134, 2, "ucs2"),
        ("😀" * 35, 1, "ucs2"),
        ("😀" * 67, 3, "ucs2"),
    ],
)
def test_segments_are_counted_as_the_network_counts_them(words: str, num: int, alphabet: str):
    assert count(words) == (num, alphabet)


def test_accents_go_only_where_that_saves_a_message():
    assert for_sms("¿Está ahí?") == "¿Está ahí?"
    assert for_sms("Está ahí: " + "a" * 100) == "Esta ahi: " + "a" * 100
    assert for_sms("año ñandú " + "é" * 100).startswith("año ñandu é")
    assert for_sms("\u201cso\u201d \u2013 it\u2019s\u2026") == '"so" - it\'s...'
