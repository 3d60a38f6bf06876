"""Is this text fit to be kept and shown? One check of every name, number, code, mail address and phone number.

Text stays text: what looks like a formula or a tag is kept as it is, and is the business of whoever shows it.
"""

import re
import unicodedata

import phonenumbers

from dispatch.errors import BadInput

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")

#: Characters that turn the writing direction of what follows: a name with one makes a whole line read wrongly.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked_text(field: str, value: str, *, max_chars: int = 200, is_long: bool = False) -> str:
    """The text in composed form (NFC) without spaces around; `is_long` text may have lines and tabs, and be empty.

    Raises
    ------
    BadInput
        It is empty or too long, or holds a control character, half of a surrogate pair, or a character that turns
        the direction of writing.
    """
    found = None if value.isprintable() else next((each for each in value if _is_unfit(each, is_long)), None)
    if found is not None:
        raise BadInput(field, value, f"leave out the character U+{ord(found):04X}, which cannot be kept or misleads")
    text = unicodedata.normalize("NFC", value).strip()
    if not text and not is_long:
        raise BadInput(field, value, "give at least one visible character")
    if len(text) > max_chars:
        raise BadInput(field, value, f"shorten it to {max_chars} characters; it has {len(text):,}")
    return text


def checked_code(field: str, value: str) -> str:
    """A code of a catalogue: lower-case letters, digits, `_`, `.` and `-`, at most 64; BadInput if it is none."""
    if not _CODE.fullmatch(value):
        raise BadInput(field, value, "use lower-case letters, digits, _ . and - (at most 64), such as hvac_2")
    return value


def checked_email(field: str, value: str) -> str:
    """A mail address that looks like one; BadInput if it does not."""
    text = checked_text(field, value, max_chars=254)
    if not _EMAIL.fullmatch(text):
        raise BadInput(field, value, "write it as name@example.org")
    return text


def checked_phone(field: str, value: str, country: str = "US") -> str:
    """The phone number as E.164 (`+14155550132`); one without `+` is read as of `country`.

    Raises
    ------
    BadInput
        It is no number that the plan of its country has.
    """
    way_out = f"write it as +14155550132, or as it is dialled in {country}"
    if len(value) > 40:
        raise BadInput(field, value, way_out)
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        raise BadInput(field, value, way_out) from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise BadInput(field, value, way_out)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_unfit(character: str, is_long: bool) -> bool:
    if character in _TURNING:
        return True
    if is_long and character in "\n\r\t":
        return False
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
