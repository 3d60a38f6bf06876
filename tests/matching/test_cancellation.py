"""What a client may say about early ends, and what is refused by name."""

from decimal import Decimal

import pytest

from matching.cancellation import CancellationRules, FeeStep
from matching.currencies import has_too_many_digits, rounded
from matching.daypolicy import DayPolicy
from matching.errors import PolicyError

RULES = {
    "currency": "EUR",
    "steps": [{"within_h": 48, "share": "0.5"}, {"within_h": "4.5", "amount": 99.5}],
    "trip_charge": "40.00",
    "minimum_h": 2,
    "stand_by_free_min": 15,
    "stand_by_share": "0.75",
    "free_reasons": ["no_show"],
}


def test_the_rules_read_back_as_what_was_written():
    rules = CancellationRules.from_document(RULES)
    assert rules.steps == (FeeStep(Decimal(48), share=Decimal("0.5")), FeeStep(Decimal("4.5"), Decimal("99.5")))
    assert (rules.trip_charge, rules.minimum_h, rules.stand_by_free_min) == (Decimal(40), Decimal(2), 15)
    assert CancellationRules.from_document(rules.to_document()) == rules


def test_they_are_a_section_of_the_day_policy_and_survive_its_document():
    policy = DayPolicy.from_document({"cancellation": RULES}, {"cancellation": {"trip_charge": "55.00"}})
    assert (policy.cancellation.trip_charge, policy.cancellation.currency) == (Decimal(55), "EUR")
    assert DayPolicy.from_document(policy.to_document()) == policy


def test_a_client_who_said_nothing_owes_nothing_by_its_rules():
    rules = CancellationRules()
    assert not rules.names_sums
    assert (rules.steps, rules.trip_charge, rules.minimum_h) == ((), 0, 0)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"steps": [{"within_h": 0, "amount": 5}]}, "within_h 0: above 0"),
        ({"steps": [{"within_h": 721, "amount": 5}]}, "within_h 721"),
        ({"steps": [{"within_h": "1.005", "amount": 5}]}, "in hundredths"),
        ({"steps": [{"within_h": 1}]}, "an amount or a share, not both"),
        ({"steps": [{"within_h": 1, "amount": 5, "share": 1}]}, "an amount or a share, not both"),
        ({"steps": [{"within_h": 1, "share": "1.01"}]}, "share 1.01: above 0, at most 1"),
        ({"steps": [{"within_h": 1, "share": 0}]}, "share 0: above 0"),
        ({"steps": [{"within_h": 1, "amount": -5}]}, "-5 is no sum"),
        ({"steps": [{"within_h": 1, "amount": "NaN"}]}, "'NaN': a number"),
        ({"steps": [{"within_h": 1, "amount": "Infinity"}]}, "'Infinity': a number"),
        ({"steps": [{"within_h": 1, "amount": True}]}, "True: a number"),
        ({"steps": [{"within_h": 1, "amount": "5.005"}]}, "as fine as USD"),
        ({"steps": [{"within_h": 1, "amount": 5}, {"within_h": "1.0", "amount": 6}]}, "each with hours of its own"),
        ({"steps": [{"within_h": each, "amount": 1} for each in range(1, 7)]}, "at most 5"),
        ({"steps": [{"within_h": 1, "amount": 5, "ring": 1}]}, "ring"),
        ({"steps": 5}, "cancellation"),
        ({"steps": [5]}, "cancellation"),
        ({"currency": "JPY", "trip_charge": "40.50"}, "as fine as JPY"),
        ({"currency": "usd"}, "'usd': an ISO 4217 code"),
        ({"currency": 5}, "not of its kind, str"),
        ({"trip_charge": 100_001}, "100001 is no sum"),
        ({"trip_charge": "forty"}, "'forty': a number"),
        ({"minimum_h": 25}, "minimum_h 25: from 0 to 24"),
        ({"stand_by_free_min": -1}, "stand_by_free_min -1"),
        ({"stand_by_free_min": True}, "not of its kind, int"),
        ({"stand_by_share": "1.5"}, "stand_by_share 1.5"),
        ({"free_reasons": "no_show"}, "a list of codes"),
        ({"free_reasons": [5]}, "a list of codes"),
        ({"fee": 5}, "cancellation.fee: there is no such setting"),
    ],
)
def test_what_nobody_can_owe_is_refused_by_name(document, words):
    with pytest.raises(PolicyError, match=words):
        CancellationRules.from_document(document)


@pytest.mark.parametrize(
    ("amount", "currency", "found"),
    [
        ("2.345", "USD", "2.35"),
        ("2.344", "USD", "2.34"),
        ("1234.5", "JPY", "1235.00"),
        ("0.49", "KRW", "0.00"),
        ("0.005", "EUR", "0.01"),
    ],
)
def test_sums_are_rounded_to_what_the_currency_has_a_half_upwards(amount, currency, found):
    assert str(rounded(Decimal(amount), currency)) == found
    assert has_too_many_digits(Decimal(amount), currency)
    assert not has_too_many_digits(Decimal(found), currency)
