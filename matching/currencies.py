"""How fine is this currency's money? Whole units for some, hundredths for all others."""

from decimal import ROUND_HALF_UP, Decimal

#: Currencies without hundredths; all others have two digits here, a third would be lost in the record.
WHOLE_CURRENCIES = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905 (a list of 17)
)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The sum in whole minor units of its currency, a half upwards, always with the two digits that are kept."""
    return amount.quantize(unit_of(currency), ROUND_HALF_UP).quantize(Decimal("0.01"))


def unit_of(currency: str) -> Decimal:
    """The smallest sum there is, as the record keeps it."""
    return Decimal(1) if currency in WHOLE_CURRENCIES else Decimal("0.01")


def has_too_many_digits(amount: Decimal, currency: str) -> bool:
    """Whether the sum has fractions that its currency does not have."""
    return amount != rounded(amount, currency)


def digits_of(currency: str) -> int:
    """How many digits its minor unit has, as the record keeps it."""
    return 0 if currency in WHOLE_CURRENCIES else 2
