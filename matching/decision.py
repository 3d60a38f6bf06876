"""Whom does the engine ask or choose for this job, on which grounds, and would it do so again?

A decision is a value: its inputs and its outcome. `encode_inputs` and `outcome_document` store it, `replay` decides
again from the stored inputs and compares every figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self
from uuid import UUID

from matching.award import Award, choose_auto
from matching.candidates import Candidates, Floats
from matching.eligibility import Rule, Words, judge
from matching.fanout import Wave, plan_wave
from matching.inputs import DecisionKind, Inputs, decode, digest, encode, stored_digest
from matching.job import Job
from matching.policy import Policy
from matching.ranking import Ranking, rank
from matching.reasons import count_by_rule
from matching.responses import chances
from matching.scoring import NO_SCARCITY, Scarce, Scores, score

#: Changes whenever the same inputs may lead to another outcome.
ENGINE_VERSION = "2"

#: How many of the best who were not asked are kept with their scores.
NUM_NEXT = 3

_MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Placed:
    """One technician of the ranking: place (1 = best), score, its parts by name, and the chance of a yes."""

    technician: UUID
    place: int
    total: float
    parts: Mapping[str, float]
    chance: float

    def to_document(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "technician": str(self.technician),
            "place": self.place,
            "total": self.total,
            "parts": dict(self.parts),
            "chance": self.chance,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The value of a stored document."""
        return cls(**{**document, "technician": UUID(document["technician"])})


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What was decided and why.

    `words` (N,) are the failed rules of everyone in reach, `counts` how many fail each; `asked` are those asked (or
    chosen at once), `next_best` the best who were not, both in the order of the ranking.
    """

    inputs: Inputs
    inputs_digest: str
    words: Words
    counts: Mapping[Rule, int]
    num_may: int
    asked: tuple[Placed, ...]
    next_best: tuple[Placed, ...]
    outcome: Wave | Award
    engine_version: str = ENGINE_VERSION

    @property
    def kind(self) -> DecisionKind:
        """Which question was decided."""
        return self.inputs.kind

    @property
    def policy_version(self) -> str:
        """The version of the policy that decided."""
        return self.inputs.policy.version


@dataclass(frozen=True, slots=True)
class Replay:
    """Whether deciding again gave the same outcome, else the first difference: where, stored, now."""

    is_identical: bool
    first_difference: str | None


def decide_wave(
    job: Job,
    candidates: Candidates,
    policy: Policy,
    *,
    now: datetime,
    seed: int,
    wave_num: int,
    first_ask: Sequence[UUID] = (),
    scarce: Scarce = NO_SCARCITY,
) -> Decision:
    """Judge everyone, rank those who may, and say whom to ask now."""
    return decide(Inputs("wave", job, candidates, policy, now, seed, wave_num, tuple(first_ask), scarce))


def decide_auto(
    job: Job, candidates: Candidates, policy: Policy, *, now: datetime, seed: int, scarce: Scarce = NO_SCARCITY
) -> Decision:
    """Judge everyone, rank those who may, and choose the best with standing consent."""
    return decide(Inputs("auto", job, candidates, policy, now, seed, scarce=scarce))


def decide(inputs: Inputs) -> Decision:
    """The decision that follows from these inputs, and from nothing else."""
    job, candidates, policy = inputs.job, inputs.candidates, inputs.policy
    words = judge(job, candidates, policy)
    scores = score(job, candidates, policy, inputs.scarce)
    ranking = rank(job, candidates, words, scores, inputs.seed)
    chance = chances(job, candidates)
    outcome = _outcome(inputs, ranking, chance)
    asked, next_best = _placed(candidates, ranking, scores, chance, outcome.rows)
    return Decision(
        inputs=inputs,
        inputs_digest=digest(inputs),
        words=words,
        counts=count_by_rule(words),
        num_may=len(ranking),
        asked=asked,
        next_best=next_best,
        outcome=outcome,
    )


def encode_inputs(decision: Decision) -> bytes:
    """The decision's inputs for storage: ids, codes and figures, no personal data."""
    return encode(decision.inputs)


def outcome_document(decision: Decision) -> dict[str, Any]:
    """The outcome as plain JSON values; floats keep their shortest exact form, so that they compare equal later."""
    outcome = decision.outcome
    return {
        "inputs_digest": decision.inputs_digest,
        "kind": decision.kind,
        "policy_version": decision.policy_version,
        "seed": decision.inputs.seed,
        "now": decision.inputs.now.astimezone(UTC).isoformat(),
        "num_in_reach": len(decision.words),
        "num_may": decision.num_may,
        "counts": {rule.code: num for rule, num in decision.counts.items()},
        "words": decision.words.tolist(),
        "asked": [placed.to_document() for placed in decision.asked],
        "next_best": [placed.to_document() for placed in decision.next_best],
        decision.kind: _wave_document(outcome) if isinstance(outcome, Wave) else _award_document(outcome),
        "engine_version": decision.engine_version,
    }


def replay(stored_inputs: bytes, stored_outcome: Mapping[str, Any]) -> Replay:
    """Decide again from what was stored, and compare with the stored outcome.

    Raises
    ------
    ReplayError
        When the stored inputs can't be read back.
    """
    again = replace(decide(decode(stored_inputs)), inputs_digest=stored_digest(stored_inputs))
    difference = _difference("", dict(stored_outcome), outcome_document(again))
    return Replay(is_identical=difference is None, first_difference=difference)


def _outcome(inputs: Inputs, ranking: Ranking, chance: Floats) -> Wave | Award:
    if inputs.kind == "auto":
        return choose_auto(inputs.job, inputs.candidates, ranking, inputs.policy, now=inputs.now)
    return plan_wave(
        inputs.job,
        inputs.candidates,
        ranking,
        chance,
        inputs.policy,
        now=inputs.now,
        seed=inputs.seed,
        wave_num=inputs.wave_num,
        first_ask=inputs.first_ask,
    )


def _placed(
    candidates: Candidates, ranking: Ranking, scores: Scores, chance: Floats, asked_rows: Sequence[int]
) -> tuple[tuple[Placed, ...], tuple[Placed, ...]]:
    """Those asked, and the best who were not."""
    rows = ranking.rows.tolist()
    place_of = {row: place for place, row in enumerate(rows, start=1)}
    asked = set(asked_rows)
    next_rows = list(islice((row for row in rows if row not in asked), NUM_NEXT))

    def placed(row: int) -> Placed:
        total, yes = float(scores.total[row]), float(chance[row])
        return Placed(candidates.id_at(row), place_of[row], total, scores.parts_at(row), yes)

    return tuple(placed(row) for row in asked_rows), tuple(placed(row) for row in next_rows)


def _wave_document(wave: Wave) -> dict[str, Any]:
    return {
        "num": wave.num,
        "technicians": [str(technician) for technician in wave.technicians],
        "until": wave.until.astimezone(UTC).isoformat(),
        "target": wave.target,
        "reached": wave.reached,
        "num_newcomers": wave.num_newcomers,
        "is_backup": wave.is_backup,
        "is_last": wave.is_last,
        "why_empty": wave.why_empty,
    }


def _award_document(award: Award) -> dict[str, Any]:
    return {
        "technicians": [str(technician) for technician in award.technicians],
        "hand_back_until": award.hand_back_until.astimezone(UTC).isoformat(),
        "why_empty": award.why_empty,
    }


def _difference(path: str, stored: Any, now: Any) -> str | None:
    """The first difference of two JSON values, in the order of the new one."""
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        names = [*now, *(name for name in stored if name not in now)]
        pairs = [(f"{path}.{name}".lstrip("."), stored.get(name, _MISSING), now.get(name, _MISSING)) for name in names]
    elif isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        pairs = [(f"{path}[{place}]", old, new) for place, (old, new) in enumerate(zip(stored, now, strict=True))]
    else:
        is_same = stored == now and isinstance(stored, bool) == isinstance(now, bool)
        return None if is_same else f"{path}: stored {_short(stored)}, now {_short(now)}"
    return next((found for pair in pairs if (found := _difference(*pair)) is not None), None)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
