"""What does Truckroll say? All texts, by language and key, from `texts/*.toml`."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: The languages that texts are kept in; the first stands in for others.
LANGUAGES = ("en", "es")
FORMS = ("subject", "short", "long", "spoken")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in its four forms; `{names}` in them are parameters."""

    subject: str
    short: str
    long: str
    spoken: str

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters of all forms."""
        return frozenset().union(*(parameters_of(getattr(self, form)) for form in FORMS))


def text(key: str, language: str) -> Text:
    """The text of a key; in the first language where it is not kept in this one."""
    return texts(language if language in LANGUAGES else LANGUAGES[0])[key]


@cache
def texts(language: str) -> Mapping[str, Text]:
    """All texts of a language."""
    return {key: Text(**forms) for key, forms in tomllib.loads(_source(f"{language}.toml")).items()}


def reason(language: str, code: str) -> str:
    """A code in words; one that is not kept is said as it is."""
    return reasons(language if language in LANGUAGES else LANGUAGES[0]).get(code, code.replace("_", " "))


@cache
def reasons(language: str) -> Mapping[str, str]:
    """Every code that is kept in words in a language."""
    return tomllib.loads(_source(f"reasons.{language}.toml"))


def _source(name: str) -> str:
    return files("dispatch.messages").joinpath("texts", name).read_text("utf-8")


def parameters_of(form: str) -> frozenset[str]:
    """Names of the parameters of one form."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(form) if name is not None)
