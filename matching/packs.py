"""Which limits hold on this day? Packs: dated sets of thresholds, each with its source and words for people.

A pack is kept as a document (a TOML file) that says from when to when it holds; versions of one id follow one another
without overlap or gap. A client says of each pack whether it is hard (refuses work), soft (warns) or off, and may add
limits of its own. All of it is guidance for people who decide, not legal advice.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, get_args

from matching.errors import PackError, PolicyError
from matching.papers import Paper, check_papers
from matching.taxclasses import TAX_CLASSES
from matching.usage import ENGAGEMENTS, FOREVER, Crossed, HoursLimit, HoursRules, Limit, TenureLimit

#: What a pack looks at: hours in a window; calendar months with work; the share of income; sums of pay that ask for a
#: written contract or a form; questions that people answer.
PackKind = Literal["hours", "tenure", "income_share", "contract", "tax_form", "checklist"]
Binding = Literal["hard", "soft", "off"]

#: What one can do when a limit comes near.
WAYS_ON: Mapping[str, str] = {
    "rotate": "give the next work to others of the pool",
    "pause": "pause the work with this client until hours are free again",
    "convert_w2": "engage them as an employee (W-2) through a payroll partner",
    "use_vendor": "use a company (vendor) that employs them",
    "written_contract": "sign a written contract that names the work, the pay and the day of payment",
    "file_form": "file the form for the year",
    "answer": "answer the questions, with the evidence for each",
}

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

#: A client's limits of its own.
MOST_OWN = 10

#: Only these can be counted ahead, so only these can refuse work.
_CAN_BE_HARD = ("hours", "tenure")

#: kind -> the thresholds that it must have, and those that it may have
_THRESHOLDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "hours": (frozenset({"hours", "window_months"}), frozenset({"num_years", "crossed"})),
    "tenure": (frozenset({"months", "in_months"}), frozenset()),
    "income_share": (frozenset({"share", "window_months"}), frozenset()),
    "contract": (frozenset({"amount", "window_days", "agreements"}), frozenset({"pay_within_days", "occupations"})),
    "tax_form": (frozenset({"amount", "form"}), frozenset({"exempt_classes"})),
    "checklist": (frozenset({"questions"}), frozenset()),
}
_NUMBERS = {
    "hours": (1, 8784),
    "window_months": (1, 60),
    "num_years": (1, 3),
    "months": (1, 60),
    "in_months": (2, 120),
    "share": (0.01, 1),
    "amount": (1, 1_000_000),
    "window_days": (1, 366),
    "pay_within_days": (1, 366),
}


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One version of a pack: what holds from `valid_from` through `valid_to` (None: until a later version says so).

    `binding` is what holds for a client that has said nothing; `amber` the share of the threshold from which people
    are warned; `is_custom`: a habit of the trade, not a rule of law. It concerns who works in one of `engagements`.
    `guidance_es` is the guidance in Spanish, empty where there is none: the words are read, not gone by.
    """

    id: str
    version: int
    title: str
    kind: PackKind
    jurisdiction: str
    valid_from: date
    valid_to: date | None
    source: str
    guidance: str
    binding: Binding
    thresholds: Mapping[str, Any]
    ways_on: tuple[str, ...]
    engagements: tuple[str, ...] = ENGAGEMENTS
    is_custom: bool = False
    amber: float = 0.8
    guidance_es: str = ""

    def holds_on(self, day: date) -> bool:
        """Whether this version holds that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def _days(self) -> tuple[int, int]:
        return self.valid_from.toordinal(), FOREVER if self.valid_to is None else self.valid_to.toordinal()

    @property
    def questions(self) -> Mapping[str, Mapping[str, Any]]:
        """Of a checklist, by code: group, words, the answer that speaks of an `employee`, and the `flag` it raises."""
        return {each["code"]: each for each in self.thresholds.get("questions", ())}

    @property
    def limit(self) -> Limit | None:
        """What can be counted ahead, None for the other kinds."""
        values = self.thresholds
        if self.kind == "hours":
            crossed: Crossed = values.get("crossed", "reached")
            most_s = round(values["hours"] * 3600)
            years = values.get("num_years", 1)
            return HoursLimit(self.id, most_s, values["window_months"], years, crossed, self.engagements, *self._days)
        if self.kind == "tenure":
            return TenureLimit(self.id, values["months"], values["in_months"], self.engagements, *self._days)
        return None


@dataclass(frozen=True, slots=True)
class LimitsPolicy:
    """What a client chose: how hard each pack is, limits of its own, and the papers that each engagement needs.

    `papers` maps `contractor`, `w2` and `company` to what is wanted of them; see `matching.papers`.
    """

    packs: Mapping[str, Binding] = field(default_factory=dict)
    own: tuple[Pack, ...] = ()
    papers: Mapping[str, tuple[Paper, ...]] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], packs: Sequence[Pack]) -> "LimitsPolicy":
        """The choice of a stored document: `packs` by id, `own` as a list of limits.

        Raises
        ------
        PolicyError
            When it names an unknown pack or binding, or a limit of its own is not one.
        """
        unknown = document.keys() - {"packs", "own", "papers"}
        if unknown:
            raise PolicyError(f"limits: {sorted(unknown)[0]!r} is not a setting; use packs, own, papers")
        kinds = {pack.id: pack.kind for pack in packs}
        chosen, own = document.get("packs", {}), document.get("own", [])
        if not isinstance(chosen, dict) or not isinstance(own, list) or len(own) > MOST_OWN:
            raise PolicyError(f"limits: packs is an object of id and binding, own a list of at most {MOST_OWN} limits")
        for pack_id, binding in chosen.items():
            if pack_id not in kinds:
                raise PolicyError(f"limits.packs: {pack_id!r} is not a pack; there are {', '.join(sorted(kinds))}")
            if binding not in get_args(Binding):
                raise PolicyError(f"limits.packs.{pack_id}: {binding!r} is none of hard, soft, off")
            if binding == "hard" and kinds[pack_id] not in _CAN_BE_HARD:
                raise PolicyError(f"limits.packs.{pack_id}: a sign of this kind warns, it cannot refuse work; use soft")
        limits = tuple(_own_limit(each, kinds) for each in own)
        if len({each.id for each in limits}) < len(limits):
            raise PolicyError("limits.own: each needs an id of its own")
        return cls(chosen, limits, check_papers(document.get("papers", {})))

    @classmethod
    def of_stored(cls, document: Mapping[str, Any], packs: Sequence[Pack]) -> "LimitsPolicy":
        """The same of a document that was good once: what it says of packs that are gone has no say."""
        known = {pack.id for pack in packs}
        chosen = {pack: binding for pack, binding in document.get("packs", {}).items() if pack in known}
        return cls.from_document({**document, "packs": chosen}, packs)

    def binding_of(self, pack: Pack) -> Binding:
        """How hard a pack is for this client."""
        return self.packs.get(pack.id, pack.binding)

    def in_force(self, packs: Sequence[Pack], day: date, engaged_as: str | None = None) -> list[tuple[Pack, Binding]]:
        """What this client goes by on a day, by id: not what is off, nor what doesn't concern who is so engaged."""
        return [pair for pair in self.from_day(packs, day, engaged_as) if pair[0].holds_on(day)]

    def from_day(self, packs: Sequence[Pack], day: date, engaged_as: str | None = None) -> list[tuple[Pack, Binding]]:
        """The same on a day or later: of a pack each version in its turn, for what is planned ahead."""
        concerned = (pack for pack in (*packs, *self.own) if engaged_as is None or engaged_as in pack.engagements)
        held = [(pack, self.binding_of(pack)) for pack in concerned if pack.valid_to is None or day <= pack.valid_to]
        return sorted((pair for pair in held if pair[1] != "off"), key=lambda pair: (pair[0].id, pair[0].valid_from))


def parse_pack(document: Mapping[str, Any], name: str) -> Pack:
    """The pack of one document; `name` says in errors where it stands.

    Raises
    ------
    PackError
        When a setting is missing, unknown, or outside its limits.
    """
    values = dict(document)
    try:
        ways_on, valid_to = tuple(values.pop("ways_on", ())), values.pop("valid_to", None)
        engagements = tuple(values.pop("engagements", ENGAGEMENTS))
        pack = Pack(ways_on=ways_on, valid_to=valid_to, engagements=engagements, **values)
    except TypeError as error:
        raise PackError(f"{name}: {str(error).removeprefix('Pack.__init__() ')}") from error
    _check(pack, name)
    return pack


def check_timelines(packs: Iterable[Pack]) -> tuple[Pack, ...]:
    """The same packs by id and day, if the versions of each id follow one another day by day.

    Raises
    ------
    PackError
        When two versions of a pack overlap, or leave days between them without any; both are named.
    """
    ordered = sorted(packs, key=lambda pack: (pack.id, pack.valid_from, pack.version))
    for before, after in pairwise(ordered):
        if before.id != after.id:
            continue
        names = f"pack {before.id}: version {before.version} and version {after.version}"
        if before.valid_to is None or before.valid_to >= after.valid_from:
            until = "without end" if before.valid_to is None else f"through {before.valid_to}"
            raise PackError(f"{names} overlap: the one holds {until}, the other from {after.valid_from}")
        if before.valid_to + timedelta(days=1) != after.valid_from:
            raise PackError(f"{names} leave a gap: the one ends {before.valid_to}, the other begins {after.valid_from}")
        if after.version <= before.version:
            raise PackError(f"{names}: a later version has a higher number")
    return tuple(ordered)


def hard_rules(document: Mapping[str, Any], hours_zone: str, packs: tuple[Pack, ...], day: date) -> HoursRules:
    """What refuses work for a client with these stored limits, on this day or later: each limit on its own days."""
    return _bound_rules(json.dumps(document, sort_keys=True), hours_zone, packs, day, "hard")


def soft_rules(document: Mapping[str, Any], hours_zone: str, packs: tuple[Pack, ...], day: date) -> HoursRules:
    """The same of what only warns."""
    return _bound_rules(json.dumps(document, sort_keys=True), hours_zone, packs, day, "soft")


@lru_cache(maxsize=1024)
def _bound_rules(text: str, hours_zone: str, packs: tuple[Pack, ...], day: date, wanted: Binding) -> HoursRules:
    policy = LimitsPolicy.of_stored(json.loads(text), packs)
    limits = (pack.limit for pack, binding in policy.from_day(packs, day) if binding == wanted)
    return HoursRules(hours_zone, tuple(limit for limit in limits if limit is not None))


def _own_limit(document: Mapping[str, Any], taken: Mapping[str, str]) -> Pack:
    """A client's own limit of hours: `id`, `hours`, `window_months`; `binding`, else soft; `engagements`, else all."""
    if not isinstance(document, dict):
        raise PolicyError(f"limits.own: {document!r} is no object with id, hours and window_months")
    values = dict(document)
    name, binding = values.pop("id", ""), values.pop("binding", "soft")
    engagements = values.pop("engagements", list(ENGAGEMENTS))
    if not isinstance(engagements, list):
        raise PolicyError(f"limits.own.{name}: engagements {engagements!r} is no list of {', '.join(ENGAGEMENTS)}")
    if not isinstance(name, str) or not _ID.fullmatch(name) or name in taken:
        raise PolicyError(
            f"limits.own: {name!r} cannot be its id: small letters, digits and hyphens, unlike any pack's"
        )
    if binding not in get_args(Binding):
        raise PolicyError(f"limits.own.{name}: binding {binding!r} is none of hard, soft, off")
    try:
        return parse_pack(
            {
                "id": name,
                "version": 1,
                "title": f"{values.get('hours')} hours in {values.get('window_months')} months",
                "kind": "hours",
                "jurisdiction": "own",
                "valid_from": date.min,
                "source": "the client's own limit",
                "guidance": "A limit that the client set for itself.",
                "guidance_es": "Un límite que el cliente se puso a sí mismo.",
                "binding": binding,
                "thresholds": {"crossed": "exceeded", **values},
                "ways_on": ("rotate", "pause"),
                "engagements": engagements,
                "is_custom": True,
            },
            f"limits.own.{name}",
        )
    except PackError as error:
        raise PolicyError(str(error)) from error


def _check(pack: Pack, name: str) -> None:
    if not pack.id or pack.version < 1 or pack.kind not in _THRESHOLDS:
        raise PackError(f"{name}: id {pack.id!r}, version {pack.version}, kind {pack.kind!r} are no pack's")
    if pack.valid_to is not None and pack.valid_to < pack.valid_from:
        raise PackError(f"{name}: valid_to {pack.valid_to} is before valid_from {pack.valid_from}")
    if pack.binding not in get_args(Binding) or (pack.binding == "hard" and pack.kind not in _CAN_BE_HARD):
        raise PackError(f"{name}: binding {pack.binding!r} cannot be that of a pack of kind {pack.kind}")
    _check_words(pack, name)
    must, may = _THRESHOLDS[pack.kind]
    _check_thresholds(pack.thresholds, must, may, name)
    _check_questions(pack.thresholds.get("questions", ()), name)
    if pack.kind == "contract":
        _check_contract(pack.thresholds, name)


def _check_words(pack: Pack, name: str) -> None:
    if not isinstance(pack.guidance_es, str):
        raise PackError(f"{name}: guidance_es {pack.guidance_es!r} is no text")
    if not 0 < pack.amber < 1:
        raise PackError(f"{name}: amber {pack.amber} is a share between 0 and 1")
    unknown = [way for way in pack.ways_on if way not in WAYS_ON]
    if unknown:
        raise PackError(f"{name}: ways_on {unknown[0]!r} is none of {', '.join(WAYS_ON)}")
    strange = [way for way in pack.engagements if way not in ENGAGEMENTS]
    if strange or not pack.engagements:
        raise PackError(f"{name}: engagements {list(pack.engagements)} are not some of {', '.join(ENGAGEMENTS)}")


def _check_contract(values: Mapping[str, Any], name: str) -> None:
    listed = values.get("occupations", {})
    if not isinstance(listed, dict) or not all(map(_is_codes, listed.values())):
        raise PackError(f"{name}: occupations {listed!r} is no table of occupation and codes of skills")
    if not _is_codes(values["agreements"]):
        raise PackError(f"{name}: agreements {values['agreements']!r} are no codes of kinds of agreement")


def _is_codes(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(code, str) and code for code in value)


def _check_questions(questions: Any, name: str) -> None:
    codes = set()
    for question in questions if isinstance(questions, list | tuple) else [questions]:
        if not isinstance(question, dict) or question.keys() - {"flag"} != {"code", "group", "words", "employee"}:
            raise PackError(f"{name}: question {question!r} has not just code, group, words, employee and perhaps flag")
        if question["employee"] not in ("yes", "no"):
            raise PackError(f"{name}: question {question['code']}: employee {question['employee']!r} is yes or no")
        flag = question.get("flag", {"code": "", "words": ""})
        if not isinstance(flag, dict) or flag.keys() != {"code", "words"}:
            raise PackError(f"{name}: question {question['code']}: flag {flag!r} has not just code and words")
        if question["code"] in codes:
            raise PackError(f"{name}: question {question['code']!r} is there twice")
        codes.add(question["code"])


def _check_thresholds(values: Mapping[str, Any], must: frozenset[str], may: frozenset[str], name: str) -> None:
    wrong = sorted((must - values.keys()) | (values.keys() - must - may))
    if wrong:
        raise PackError(f"{name}: threshold {wrong[0]!r} is {'missing' if wrong[0] in must else 'not of this kind'}")
    for key, value in values.items():
        low, high = _NUMBERS.get(key, (None, None))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if low is not None and high is not None and not (is_number and low <= value <= high):
            raise PackError(f"{name}: {key} {value!r} is outside {low} to {high}")
        whole = key in _NUMBERS and key not in ("hours", "share", "amount")
        if whole and not isinstance(value, int):
            raise PackError(f"{name}: {key} {value!r} is a whole number")
    if "in_months" in values and values["in_months"] <= values["months"]:
        raise PackError(f"{name}: in_months {values['in_months']} leaves no break after {values['months']} months")
    exempt = values.get("exempt_classes", [])
    if not isinstance(exempt, list) or not all(each in TAX_CLASSES for each in exempt):
        raise PackError(f"{name}: exempt_classes {exempt!r} is no list of {', '.join(TAX_CLASSES)}")
    if values.get("crossed", "reached") not in get_args(Crossed):
        raise PackError(f"{name}: crossed {values['crossed']!r} is none of reached, exceeded")
