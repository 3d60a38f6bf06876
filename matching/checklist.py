"""What do the answers to a checklist of classification say? Which are open, and which speak of an employee.

The answers are people's, each with its owner, date and evidence; nothing here decides what somebody is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from matching.packs import Pack

Answer = Literal["yes", "no", "unsure"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)

#: Questions where a yes speaks of an employee; at all others of the shipped packs a no does.
_YES_IS_EMPLOYEE = frozenset(
    {
        "instructions", "training", "hours_set", "lasting", "core_business", "control", "permanence", "integral",
        "third_party_technical",
    }
)  # fmt: skip

#: question whose answer has a rule of its own -> (answer, flag, words)
_FLAGS: Mapping[str, tuple[Answer, str, str]] = {
    "third_party_technical": (
        "yes",
        "section_1706",
        "technical work through a third party: section 530 gives no relief (section 1706)",
    ),
    "a_free_of_control": ("no", "abc_a", "A isn't met: presumed an employee in California"),
    "b_other_business": ("no", "abc_b", "B isn't met: presumed an employee in California"),
    "c_own_trade": ("no", "abc_c", "C isn't met: presumed an employee in California"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Codes of questions without an answer, of those that speak of an employee, and flags with their words."""

    open: tuple[str, ...]
    employee: tuple[str, ...]
    flags: Mapping[str, str]


def read_answers(pack: Pack, answers: Mapping[str, str]) -> Reading:
    """What these answers (question -> answer) say, in the order of the questions; unsure is as open as none."""
    known = {code: answers.get(code, "unsure") for code in pack.questions}
    return Reading(
        open=tuple(code for code, answer in known.items() if answer == "unsure"),
        employee=tuple(
            code for code, answer in known.items() if answer == ("yes" if code in _YES_IS_EMPLOYEE else "no")
        ),
        flags={flag: words for code, (answer, flag, words) in _FLAGS.items() if known.get(code) == answer},
    )
