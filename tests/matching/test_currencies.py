"""Which currencies are there, and how fine is their money?"""

import pytest

from matching.currencies import CURRENCIES, THOUSANDTHS, WHOLE_CURRENCIES, digits_of, why_refused


def test_every_currency_is_of_one_fineness_and_written_as_iso_has_it():
    assert not THOUSANDTHS & CURRENCIES
    assert CURRENCIES > WHOLE_CURRENCIES
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCIES | THOUSANDTHS)
    assert (digits_of("JPY"), digits_of("USD")) == (0, 2)


@pytest.mark.parametrize("code", ["ABC", "usd", "US", "", "XXX", "XTS", "XAU"])
def test_what_is_no_currency_in_use_is_refused(code):
    assert "ISO 4217" in why_refused(code)


@pytest.mark.parametrize("code", sorted(THOUSANDTHS))
def test_a_third_digit_is_never_cut_the_currency_is_refused_by_name(code):
    assert code in why_refused(code)
    assert "thousandths" in why_refused(code)


def test_those_in_use_are_taken():
    assert [why_refused(code) for code in ("USD", "CAD", "MXN", "EUR", "JPY", "XCD")] == [None] * 6
