"""How is a text written for one reader? In their language, with their clock, and the site's beside it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_time, get_timezone_name
from babel.numbers import format_currency

from dispatch.messages.catalogue import FORMS, parameters_of, reason, text

#: Language -> locale: spoken so in the United States, where the first sites are.
_LOCALES = {"en": "en_US", "es": "es_US"}
#: Words around values that are no text of their own.
_WORDS = {
    "en": {"an_hour": "{sum} an hour", "site": "{own} ({site} at the site)", "and": "{one} and {two}"},
    "es": {"an_hour": "{sum} la hora", "site": "{own} ({site} en el lugar)", "and": "{one} y {two}"},
}
#: How long a value may be in the short form, where every character is paid for.
_SHORT_CHARS = 40


@dataclass(frozen=True, slots=True)
class When:
    """An instant at a site in this zone."""

    at: datetime
    site_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of money; `hourly`: for each hour."""

    amount: Decimal
    currency: str
    hourly: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """A reason's code."""

    code: str


@dataclass(frozen=True, slots=True)
class Both:
    """Two values, or the one that there is."""

    one: "Value | None"
    two: "Value | None"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person wrote: kept whole, lines and all, in every form."""

    words: str


Value = str | int | When | Sum | Why | Both | Said


@dataclass(frozen=True, slots=True)
class Written:
    """A text in its four forms, ready to be sent."""

    subject: str
    short: str
    long: str
    spoken: str


def write(key: str, language: str, zone: ZoneInfo, values: Mapping[str, Value]) -> Written:
    """Fill a text's forms; what a value brings in can add no line to a subject and no parameter to a text.

    Raises
    ------
    KeyError
        When a parameter has no value: the occasion promises what it does not know.
    """
    forms = text(key, language)
    written = {}
    for form in FORMS:
        pattern = getattr(forms, form)
        limit = _SHORT_CHARS if form in ("short", "subject") else None
        filled = {name: _said(values[name], language, zone, limit) for name in parameters_of(pattern)}
        written[form] = pattern.format_map(filled).strip()
    written["subject"] = _one_line(written["subject"])
    return Written(**written)


def _said(value: Value, language: str, zone: ZoneInfo, limit: int | None) -> str:
    locale = _LOCALES.get(language, "en_US")
    if isinstance(value, When):
        return _when(value, language, locale, zone)
    if isinstance(value, Sum):
        money = format_currency(value.amount, value.currency, locale=locale)
        return _words(language, "an_hour", sum=money) if value.hourly else money
    if isinstance(value, Why):
        return reason(language, value.code)
    if isinstance(value, Both):
        there = [_said(each, language, zone, limit) for each in (value.one, value.two) if each is not None]
        return _words(language, "and", one=there[0], two=there[1]) if len(there) == 2 else "".join(there)
    if isinstance(value, Said):
        return value.words
    return _shortened(_one_line(str(value)), limit)


def _when(value: When, language: str, locale: str, zone: ZoneInfo) -> str:
    own = _clock(value.at, zone, locale)
    if value.site_zone is None:
        return own
    site = ZoneInfo(value.site_zone)
    if value.at.astimezone(site).utcoffset() == value.at.astimezone(zone).utcoffset():
        return own
    return _words(language, "site", own=own, site=_clock(value.at, site, locale, day=False))


def _clock(at: datetime, zone: ZoneInfo, locale: str, *, day: bool = True) -> str:
    local = at.astimezone(zone)
    time = format_time(local, "short", tzinfo=zone, locale=locale)
    name = get_timezone_name(local, width="short", locale="en_US")
    date = f"{format_skeleton('EdMMM', local, tzinfo=zone, locale=locale)}, " if day else ""
    return f"{date}{time} {name}"


def _words(language: str, name: str, **values: str) -> str:
    return _WORDS.get(language, _WORDS["en"])[name].format(**values)


def _one_line(words: str) -> str:
    """Without what ends a line or steers a terminal or a mail: one line of visible characters."""
    plain = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in words)
    return re.sub(r"\s+", " ", plain).strip()


def _shortened(words: str, limit: int | None) -> str:
    return words if limit is None or len(words) <= limit else words[: limit - 3].rstrip() + "..."
