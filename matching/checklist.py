"""What do the answers to a checklist of classification say? Which are open, and which speak of an employee.

Which answer speaks of an employee, and which raises a flag, says the pack. The answers are people's, each with its
owner, date and evidence; nothing here decides what somebody is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from matching.packs import Pack

Answer = Literal["yes", "no", "unsure"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)


@dataclass(frozen=True, slots=True)
class Reading:
    """Codes of questions without an answer, of those that speak of an employee, and flags with their words."""

    open: tuple[str, ...]
    employee: tuple[str, ...]
    flags: Mapping[str, str]


def read_answers(pack: Pack, answers: Mapping[str, str]) -> Reading:
    """What these answers (question -> answer) say, in the order of the questions; unsure is as open as none."""
    known = {code: answers.get(code, "unsure") for code in pack.questions}
    employee = tuple(code for code, each in pack.questions.items() if known[code] == each["employee"])
    flags = [pack.questions[code]["flag"] for code in employee if "flag" in pack.questions[code]]
    return Reading(
        open=tuple(code for code, answer in known.items() if answer == "unsure"),
        employee=employee,
        flags={flag["code"]: flag["words"] for flag in flags},
    )
