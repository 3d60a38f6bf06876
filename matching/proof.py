"""Does a proof satisfy what a client asks of its kind, and through which day?

Everything that a client can ask becomes a last day: an age at the job's end, a slack after it, a version to be signed
again are days; a scope, a sum, a state are yes or no. So the index holds one day a technician and requirement, and the
rule that judges it stays one comparison, whatever is asked.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from uuid import UUID

from matching.errors import PolicyError

#: The last day of a proof that does not satisfy: before every job.
NEVER = 0
#: The last day of what has none: after every job.
FOR_EVER = date.max.toordinal()

_SETTINGS = (
    "scope",
    "max_age_days",
    "per_occurrence",
    "aggregate",
    "currency",
    "slack_days",
    "by_state",
    "own",
    "versions",
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof in force: its kind, its last day (ordinal), the facts of its family, and for which client alone.

    `from_day` is the first day (ordinal) of one that has not begun; `NEVER`: it has.
    """

    kind: str
    until_day: int
    facts: Mapping[str, Any]
    client_id: UUID | None = None
    from_day: int = NEVER


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a client asks of a kind beyond its last day.

    `scope` are searches that the report must have made; `max_age_days` is its greatest age at the end of the job,
    counted from `issued_on`; `per_occurrence` and `aggregate` are sums insured at least, in `currency`; it must go on
    for `slack_days` after the job; `by_state`: it must be of the state where the work is. `client_id` is set where
    only a proof for this client counts (`own`): what it verified itself, what was signed with it. `versions` are those
    of its agreement, each with the day (ordinal) from which it must have been signed (None: older ones go on counting).
    """

    kind: str
    scope: tuple[str, ...] = ()
    max_age_days: int | None = None
    per_occurrence: str | None = None
    aggregate: str | None = None
    currency: str = "USD"
    slack_days: int = 0
    by_state: bool = False
    client_id: UUID | None = None
    versions: tuple[tuple[int, int | None], ...] = ()

    def key(self, region: str = "") -> str:
        """The name under which a technician's last day for it stands among their credentials."""
        return f"{self.kind}#{_digest(self)}{'@' + region if self.by_state else ''}"


def kind_of(key: str) -> str:
    """The kind of credential that a key is of, which is what people read."""
    return key.partition("#")[0]


def last_day(proof: Proof, asked: Requirement, region: str = "") -> int:
    """The last day (ordinal) on which a job may end for this proof to satisfy; `NEVER` where it does not."""
    facts = proof.facts
    if proof.client_id != asked.client_id or not set(asked.scope) <= set(facts.get("scope", ())):
        return NEVER
    if not _is_insured(facts, asked) or (asked.by_state and region not in facts.get("states", ())):
        return NEVER
    days = [proof.until_day - asked.slack_days]
    if asked.max_age_days is not None:
        issued = facts.get("issued_on")
        days.append(date.fromisoformat(issued).toordinal() + asked.max_age_days if issued else NEVER)
    if asked.versions:
        days.append(_signed_until(facts.get("version", 0), asked.versions))
    return max(NEVER, min(days))


def last_days(proofs: Sequence[Proof], requirements: Iterable[Requirement]) -> dict[str, int]:
    """The last day of each kind, and of each requirement that some proof satisfies, by key.

    The best proof counts, and one that begins before it ends or on the day after goes on where it ends. One that begins
    later leaves a gap, and counts from its first day on.
    """
    spans: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for proof in proofs:
        if proof.client_id is None:
            spans[proof.kind, 0].append((proof.from_day, proof.until_day))
    for asked in requirements:
        for proof in proofs:
            if proof.kind == asked.kind:
                for region in proof.facts.get("states", ()) if asked.by_state else ("",):
                    if (day := last_day(proof, asked, region)) > NEVER:
                        # A slack is asked of the last proof alone, not of each that is renewed.
                        span = (proof.from_day, day + asked.slack_days)
                        spans[asked.key(region), asked.slack_days].append(span)
    ends = {key: run_end(found) - slack_days for (key, slack_days), found in spans.items()}
    return {key: day for key, day in ends.items() if day > NEVER}


def run_end(spans: Iterable[tuple[int, int]]) -> int:
    """The last day of the unbroken run of proofs of which one has begun (first day `NEVER`), else `NEVER`.

    `spans` are (first, last) days, as ordinals.
    """
    end = NEVER
    for first, last in sorted(spans):
        if first <= end + 1:
            end = max(end, last)
    return end


def held_until(days: Mapping[str, int], kind: str, asked: Requirement | None) -> int:
    """The last day of a kind among somebody's days by key, as it is asked; wherever, for one that goes by the state."""
    if asked is None:
        return days.get(kind, NEVER)
    if not asked.by_state:
        return days.get(asked.key(), NEVER)
    return max((day for key, day in days.items() if key.startswith(asked.key())), default=NEVER)


def needed_keys(kinds: Iterable[str], requirements: Mapping[str, Requirement], region: str) -> tuple[str, ...]:
    """The keys of what a job needs: those of the client's requirements, or the kind alone where there is none."""
    return tuple(
        sorted(requirements[kind].key(region) if kind in requirements else kind for kind in map(kind_of, kinds))
    )


def read_requirements(document: Mapping[str, Any], client_id: UUID) -> dict[str, Requirement]:
    """A client's requirements by kind.

    Raises
    ------
    PolicyError
        When a setting is unknown or outside its limits.
    """
    found = {}
    for kind, settings in document.items():
        if not isinstance(settings, Mapping) or not set(settings) <= set(_SETTINGS):
            raise PolicyError(f"proof_policy.{kind}: give settings of {', '.join(_SETTINGS)}")
        found[kind] = _requirement(kind, settings, client_id)
    return found


@lru_cache(maxsize=4096)
def _digest(asked: Requirement) -> str:
    text = json.dumps(asdict(asked), sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _requirement(kind: str, settings: Mapping[str, Any], client_id: UUID) -> Requirement:
    versions = tuple((int(version), day) for version, day in settings.get("versions", ()))
    is_own = _flag(f"{kind}.own", settings.get("own", False)) or bool(versions)
    return Requirement(
        kind=kind,
        scope=_codes(f"{kind}.scope", settings.get("scope", ())),
        max_age_days=_days(f"{kind}.max_age_days", settings.get("max_age_days"), 1),
        per_occurrence=_sum(f"{kind}.per_occurrence", settings.get("per_occurrence")),
        aggregate=_sum(f"{kind}.aggregate", settings.get("aggregate")),
        currency=_currency(f"{kind}.currency", settings.get("currency", "USD")),
        slack_days=_days(f"{kind}.slack_days", settings.get("slack_days", 0), 0) or 0,
        by_state=_flag(f"{kind}.by_state", settings.get("by_state", False)),
        client_id=client_id if is_own else None,
        versions=versions,
    )


def _is_insured(facts: Mapping[str, Any], asked: Requirement) -> bool:
    sums = [(name, wanted) for name in ("per_occurrence", "aggregate") if (wanted := getattr(asked, name)) is not None]
    if not sums:
        return True
    if facts.get("currency") != asked.currency:
        return False
    return all(Decimal(facts.get(name, "0")) >= Decimal(wanted) for name, wanted in sums)


def _signed_until(signed: int, versions: Sequence[tuple[int, int | None]]) -> int:
    """The day before the first later version must have been signed; nothing signed satisfies nothing."""
    if not any(version == signed for version, _ in versions):
        return NEVER
    ends = [day - 1 for version, day in versions if version > signed and day is not None]
    return min(ends, default=date.max.toordinal())


def _codes(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or any(not isinstance(each, str) or not each for each in value):
        raise PolicyError(f"proof_policy.{name} {value!r}: a list of codes")
    return tuple(sorted(set(value)))


def _days(name: str, value: Any, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 3_650:
        raise PolicyError(f"proof_policy.{name} {value!r}: whole days from {least} to 3650")
    return value


def _currency(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise PolicyError(f"proof_policy.{name} {value!r}: three letters, like USD")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(f"proof_policy.{name} {value!r}: true or false")
    return value


def _sum(name: str, value: Any) -> str | None:
    if value is None:
        return None
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= Decimal("1e12"):
        raise PolicyError(f'proof_policy.{name} {value!r}: a sum as text, like "1000000"')
    return format(amount.normalize(), "f")
