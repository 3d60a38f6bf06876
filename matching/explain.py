"""What does a stored decision say to people?

`explain` tells of the job: who was asked and for which parts of the score, who came next, who may not and why, and
what would let more. `explain_technician` tells one technician all their ticks and crosses.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np

from matching.candidates import Candidates
from matching.decision import Placed
from matching.eligibility import Rule, judge
from matching.inputs import Inputs, decode
from matching.ranking import rank
from matching.reasons import WORDS, Audience, Reason, visible_reasons, visible_rows, why_not
from matching.remedies import Change, could_do_it_if
from matching.responses import chances
from matching.scoring import score
from matching.ticks import Tick, ticks


@dataclass(frozen=True, slots=True)
class Explanation:
    """One decision as one audience reads it.

    `outcome` is the decision in a sentence; `sets` are the smallest sets of rules in the way, with how many fail
    exactly these (for the operator alone: they single people out).
    """

    role: str
    outcome: str
    num_in_reach: int
    num_may: int
    asked: tuple[Placed, ...]
    next_best: tuple[Placed, ...]
    reasons: tuple[Reason, ...]
    sets: tuple[tuple[tuple[Rule, ...], int], ...]
    changes: tuple[Change, ...]

    def to_document(self) -> dict[str, Any]:
        """The explanation as plain JSON values."""
        return {
            "role": self.role,
            "outcome": self.outcome,
            "num_in_reach": self.num_in_reach,
            "num_may": self.num_may,
            "asked": [placed.to_document() for placed in self.asked],
            "next_best": [placed.to_document() for placed in self.next_best],
            "reasons": [{**asdict(reason), "count": reason.count_text} for reason in self.reasons],
            "sets": [{"rules": [rule.code for rule in rules], "num_technicians": num} for rules, num in self.sets],
            "changes": [{**asdict(change), "text": change.text} for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class TechnicianExplanation:
    """One technician in one decision; `place` (1 = best) is None for who may not."""

    technician: UUID
    may: bool
    was_asked: bool
    place: int | None
    num_may: int
    total: float
    parts: Mapping[str, float]
    chance: float
    ticks: tuple[Tick, ...]

    def to_document(self) -> dict[str, Any]:
        """The explanation as plain JSON values."""
        told = [
            {"rule": tick.rule.code, "holds": tick.holds, "text": tick.text, "words": WORDS[tick.rule]}
            for tick in self.ticks
        ]
        return {
            "technician": str(self.technician),
            "may": self.may,
            "was_asked": self.was_asked,
            "place": self.place,
            "num_may": self.num_may,
            "total": self.total,
            "parts": dict(self.parts),
            "chance": self.chance,
            "ticks": told,
        }


def explain(document: Mapping[str, Any], stored_inputs: bytes, audience: Audience = "operator") -> Explanation:
    """The stored outcome and inputs of a decision, told to the operator or to the client's staff.

    Raises
    ------
    ReplayError
        When the stored inputs can't be read back.
    """
    inputs = decode(stored_inputs)
    words = np.array(document["words"], dtype=np.uint32)
    rows = np.flatnonzero(visible_rows(inputs.candidates, audience))
    candidates, words = inputs.candidates.take(rows), words[rows]
    listed = why_not(words)
    sizes = dict(listed.sets)
    return Explanation(
        role=inputs.job.role,
        outcome=_outcome(document),
        num_in_reach=listed.num_in_reach,
        num_may=listed.num_may,
        asked=tuple(Placed.from_document(placed) for placed in document["asked"]),
        next_best=tuple(Placed.from_document(placed) for placed in document["next_best"]),
        reasons=visible_reasons(words, audience),
        sets=tuple((rules, sizes[rules]) for rules in listed.minimal_sets) if audience == "operator" else (),
        changes=could_do_it_if(inputs.job, candidates, inputs.policy, words, audience=audience),
    )


def explain_technician(
    document: Mapping[str, Any], stored_inputs: bytes, technician: UUID
) -> TechnicianExplanation | None:
    """What the decision says of one technician, in full; None for one who was not in reach.

    For the technician themselves and for the operator. Rules and score are worked out again from the inputs.

    Raises
    ------
    ReplayError
        When the stored inputs can't be read back.
    """
    inputs = decode(stored_inputs)
    row = row_of(inputs.candidates, technician)
    return None if row is None else _of_row(inputs, row, was_asked=_was_asked(document, technician))


def _of_row(inputs: Inputs, row: int, *, was_asked: bool) -> TechnicianExplanation:
    job, candidates, policy = inputs.job, inputs.candidates, inputs.policy
    words = judge(job, candidates, policy)
    scores = score(job, candidates, policy, inputs.scarce)
    rows = rank(job, candidates, words, scores, inputs.seed).rows.tolist()
    return TechnicianExplanation(
        technician=candidates.id_at(row),
        may=not words[row],
        was_asked=was_asked,
        place=rows.index(row) + 1 if row in rows else None,
        num_may=len(rows),
        total=float(scores.total[row]),
        parts=scores.parts_at(row),
        chance=float(chances(job, candidates)[row]),
        ticks=ticks(job, candidates, policy, row),
    )


def row_of(candidates: Candidates, technician: UUID) -> int | None:
    """Where a technician stands among the candidates; None: nowhere."""
    found = np.flatnonzero(candidates.ids == np.bytes_(technician.bytes))
    return int(found[0]) if len(found) else None


def _was_asked(document: Mapping[str, Any], technician: UUID) -> bool:
    return str(technician) in {placed["technician"] for placed in document["asked"]}


def _outcome(document: Mapping[str, Any]) -> str:
    if document["kind"] == "auto":
        award = document["auto"]
        return award["why_empty"] or f"given at once to {len(award['technicians'])} by standing consent"
    wave = document["wave"]
    if wave["why_empty"]:
        return f"nobody asked: {wave['why_empty']}"
    whom = "the backup" if wave["is_backup"] else f"the {len(wave['technicians'])} best"
    return (
        f"wave {wave['num']}: asked {whom} until {wave['until']}, "
        f"a chance of {wave['reached']:.0%} of enough yeses ({wave['target']:.0%} wanted)"
    )
