"""Why may they not, in people's words, and who may read which reason?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from matching.candidates import Bools, Candidates
from matching.eligibility import LOCKED, OVERRIDABLE, Rule, Words, failed, mask

#: Who reads: the operator of the network; a client's staff, its dispatchers included; a technician about themselves.
Audience = Literal["operator", "client", "technician"]

#: Counts below this are not told to a client: they would speak of persons.
LEAST_COUNT = 5

#: What a failed rule means, said of a technician.
WORDS: Mapping[Rule, str] = {
    Rule.ACTIVE: "not active",
    Rule.BLOCKED: "blocked, by one side or the other",
    Rule.POOL: "in none of the job's pools",
    Rule.SKILL: "lacks a skill",
    Rule.LEVEL: "has the skill, but below the level wanted",
    Rule.CREDENTIAL: "a certificate is missing or ends before the visit",
    Rule.CLEARANCE: "not proved to be a US person",
    Rule.AREA: "the site is outside their own area",
    Rule.HOURS: "outside their working hours",
    Rule.FREE: "busy then",
    Rule.CAPACITY: "their day is full",
    Rule.LIMIT: "their hours with this client are used up",
    Rule.RATE: "the pay is below their own least rate",
    Rule.ASKED: "already asked in this round",
    Rule.SUSPENDED: "suspended from this client's work",
}

#: What a client reads instead. Blocks, working hours and the hours given to other clients read the same as an
#: account that rests, so that none of them can be told from the others.
_CLIENT_READS: Mapping[Rule, tuple[str, str]] = {
    **dict.fromkeys((Rule.ACTIVE, Rule.BLOCKED, Rule.HOURS, Rule.FREE, Rule.CAPACITY), ("available", "not available")),
    **dict.fromkeys((Rule.CREDENTIAL, Rule.CLEARANCE), ("screening", "screening incomplete")),
}


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The why-not list of one job.

    `counts` has a technician once under each rule that they fail; `sets` are the distinct sets of failed rules
    with their counts, the most frequent first; `minimal_sets` those of them that contain no other: nobody more may
    do the job unless all rules of one of these are met; `near_misses` counts those who fail one rule only.
    """

    num_in_reach: int
    num_may: int
    counts: Mapping[Rule, int]
    sets: tuple[tuple[tuple[Rule, ...], int], ...]
    minimal_sets: tuple[tuple[Rule, ...], ...]
    near_misses: Mapping[Rule, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as one audience reads it; `num_technicians` None means fewer than `LEAST_COUNT`.

    Where several rules are read as one, it is locked if all of them are, and may be set aside only if each of them may.
    """

    code: str
    words: str
    num_technicians: int | None
    is_locked: bool
    may_override: bool

    @property
    def count_text(self) -> str:
        """The count for people."""
        return f"fewer than {LEAST_COUNT}" if self.num_technicians is None else str(self.num_technicians)


@dataclass(frozen=True, slots=True)
class Cost(Reason):
    """A reason, and what it costs: `num_alone` fail nothing else, told of no locked rule (None) and of no few."""

    num_alone: int | None


def why_not(words: Words) -> WhyNot:
    """Who may not, counted by rule and by set of rules."""
    values, nums = np.unique(words, return_counts=True)
    pairs = [(int(value), int(num)) for value, num in zip(values, nums, strict=True)]
    failing = sorted((pair for pair in pairs if pair[0]), key=lambda pair: (-pair[1], pair[0]))
    minimal = [word for word, _ in failing if not any(other != word and other & word == other for other, _ in failing)]
    return WhyNot(
        num_in_reach=len(words),
        num_may=sum(num for value, num in pairs if value == 0),
        counts=count_by_rule(words),
        sets=tuple((failed(word), num) for word, num in failing),
        minimal_sets=tuple(failed(word) for word in minimal),
        near_misses={failed(word)[0]: num for word, num in sorted(failing) if word.bit_count() == 1},
    )


def count_by_rule(words: Words) -> dict[Rule, int]:
    """How many fail each rule; rules that nobody fails are left out."""
    counts = {rule: int(np.count_nonzero(words & mask(rule))) for rule in Rule}
    return {rule: num for rule, num in counts.items() if num}


def visible_reasons(words: Words, audience: Audience) -> tuple[Reason, ...]:
    """The reasons of these technicians as the audience may read them, in the order of the rules.

    A client reads "not available" and "screening incomplete" where the rule itself is none of their business, and
    no count under `LEAST_COUNT`. Pass a client only the rows of `visible_rows`, a technician only their own.
    """
    reasons = []
    for (code, text), rules in _read_together(audience).items():
        num = int(np.count_nonzero(words & mask(*rules)))
        if num:
            reasons.append(_reason(code, text, rules, visible_count(num, audience)))
    return tuple(reasons)


def costs_of(words: Words, audience: Audience) -> tuple[Cost, ...]:
    """The same, what costs most first; how many a locked rule alone keeps out is not told."""
    costs = []
    for (code, text), rules in _read_together(audience).items():
        failing = words & mask(*rules) != 0
        num, alone = int(np.count_nonzero(failing)), int(np.count_nonzero(failing & (words & ~mask(*rules) == 0)))
        if num:
            reason = _reason(code, text, rules, visible_count(num, audience))
            told = None if reason.is_locked else visible_count(alone, audience)
            costs.append((num, Cost(**asdict(reason), num_alone=told)))
    costs.sort(key=lambda each: -each[0])
    return tuple(cost for _, cost in costs)


def told_of(code: str, audience: Audience, num: int | None) -> Reason:
    """One rule as the audience reads it, with a count that it may read."""
    read = reading(Rule[code.upper()], audience)
    return _reason(*read, _read_together(audience)[read], num)


def _reason(code: str, words: str, rules: Sequence[Rule], num: int | None) -> Reason:
    return Reason(code, words, num, LOCKED.issuperset(rules), OVERRIDABLE.issuperset(rules))


def _read_together(audience: Audience) -> dict[tuple[str, str], list[Rule]]:
    """The rules that the audience reads as one reason, by its code and words, in their order."""
    together: dict[tuple[str, str], list[Rule]] = {}
    for rule in Rule:
        together.setdefault(reading(rule, audience), []).append(rule)
    return together


def visible_rows(candidates: Candidates, audience: Audience) -> Bools:
    """The technicians, (N,), of whom the audience may know: a client's pools, whom it admitted, the market."""
    if audience == "client":
        return candidates.in_pool | candidates.in_market | candidates.is_admitted | candidates.is_suspended
    return np.ones(len(candidates), dtype=np.bool_)


def visible_count(num: int, audience: Audience) -> int | None:
    """The number, or None where the audience may not read so small a one."""
    return None if audience == "client" and 0 < num < LEAST_COUNT else num


def reading(rule: Rule, audience: Audience) -> tuple[str, str]:
    """The code and the words under which the audience reads a rule."""
    own = (rule.code, WORDS[rule])
    return _CLIENT_READS.get(rule, own) if audience == "client" else own
