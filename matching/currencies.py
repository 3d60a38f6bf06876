"""Which currencies are there, and how fine is their money? Whole units for some, hundredths for all others here."""

from decimal import ROUND_HALF_UP, Decimal

#: Currencies without hundredths; all others have two digits here. Source: ISO 4217, list one.
WHOLE_CURRENCIES = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905 (a list of 17)
)

#: Currencies in thousandths: the record keeps two digits of a sum, the third would be lost. They are refused.
THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_HUNDREDTHS = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TOP TRY TTD TWD TZS UAH USD UZS VES WST XCD XCG YER ZAR ZMW ZWG""".split()  # noqa: SIM905 (a list of 137)
)
#: All in which somebody can be paid here.
CURRENCIES = WHOLE_CURRENCIES | _HUNDREDTHS


def why_refused(currency: str) -> str | None:
    """Why nobody can be paid in this currency here, and the way out; None: they can."""
    if currency in CURRENCIES:
        return None
    if currency in THOUSANDTHS:
        return f"{currency} is counted in thousandths, of which two digits are kept: pay in another, such as USD"
    return "give the ISO 4217 code of a currency in use, such as USD"


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
