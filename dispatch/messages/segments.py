"""How many SMS does a text take? 160 characters of the GSM alphabet in one, or 70 of any other.

Longer texts are cut into parts that bear a header: 153 and 67 characters each. One letter outside the alphabet (an
"á" is outside, an "é" is not) makes the whole text the dearer kind.

Source: 3GPP TS 23.038, 6.2.1 (alphabet and extension table), 6.2.3 (UCS2); TS 23.040, 9.2.3.24.1 (parts).
"""

import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
#: What typography brings in, and the alphabet has not.
_PLAIN = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-",
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u2022": "-", "\t": " ",
    }
)  # fmt: skip


class Segments(NamedTuple):
    """How a text travels."""

    num: int
    alphabet: Literal["gsm", "ucs2"]


def count(text: str) -> Segments:
    """The number of SMS that a text takes."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        return Segments(_parts((1 + (character in _EXTENDED) for character in text), 160, 153), "gsm")
    return Segments(_parts((1 + (ord(character) > 0xFFFF) for character in text), 70, 67), "ucs2")


def for_sms(text: str) -> str:
    """The text in the plainest letters that say the same; accents go only where that saves a message."""
    plain = text.translate(_PLAIN)
    bare = "".join(each if each in _BASIC else _without_accent(each) for each in plain)
    return bare if count(bare).num < count(plain).num else plain


def _without_accent(character: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFD", character) if not unicodedata.combining(part))


def _parts(units: Iterable[int], alone: int, in_parts: int) -> int:
    """Parts that characters of these sizes take; one of two units is never cut."""
    sizes = list(units)
    if sum(sizes) <= alone:
        return 1
    num, used = 1, 0
    for size in sizes:
        if used + size > in_parts:
            num, used = num + 1, 0
        used += size
    return num
