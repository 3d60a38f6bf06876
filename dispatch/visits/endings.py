"""How did a visit end? The outcomes, and what each must say. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.errors import BadInput

#: Why somebody must come again, as codes.
RETURN_WHYS = ("part", "access", "second_person", "other_skill", "time", "other")
#: Why the work could not start. None of them counts against the technician, unless a person finds otherwise.
START_WHYS = ("no_access", "not_ready", "unsafe")
#: What a check-out can carry; after `back_later` the technician comes back to the same visit.
OUTCOMES = ("complete", "return_needed", "could_not_start", "back_later")


@dataclass(frozen=True, slots=True)
class Ending:
    """What a technician says on leaving.

    `why` is a code, `note` what is needed or was found, `evidence` ids of files; `start_at` and `end_at` are the window
    in which a return trip would suit, and `duration_min` how long it takes.
    """

    outcome: str = "complete"
    why: str | None = None
    note: str = ""
    evidence: tuple[UUID, ...] = ()
    start_at: datetime | None = None
    end_at: datetime | None = None
    duration_min: int | None = None


def check_ending(ending: Ending, *, now: datetime) -> None:
    """Refuse an ending that leaves the next one to guess.

    Raises
    ------
    BadInput
        When the outcome is unknown, its reason is missing or of another, a return says not what is needed, or a visit
        that could not start brings neither a note nor a file.
    """
    if ending.outcome not in OUTCOMES:
        raise BadInput("outcome", ending.outcome, f"send one of {', '.join(OUTCOMES)}")
    whys = {"return_needed": RETURN_WHYS, "could_not_start": START_WHYS}.get(ending.outcome)
    if whys is None and ending.why is not None:
        raise BadInput("why", ending.why, f"leave it out: {ending.outcome} needs no reason")
    if whys is not None and ending.why not in whys:
        raise BadInput("why", ending.why, f"send one of {', '.join(whys)}")
    if ending.outcome == "return_needed" and not ending.note.strip():
        raise BadInput("note", ending.note, "say what is needed for the return: the part, the person, the time")
    if ending.outcome == "could_not_start" and not ending.note.strip() and not ending.evidence:
        raise BadInput("evidence", [], "say what you found: a note, a photo's id, or both")
    _check_window(ending, now)


def _check_window(ending: Ending, now: datetime) -> None:
    if ending.start_at is None and ending.end_at is None:
        return
    if ending.outcome != "return_needed":
        raise BadInput("window", ending.outcome, "leave it out: only a return has a window")
    if ending.end_at is None or ending.end_at <= now:
        raise BadInput("window.end_at", ending.end_at, "choose a time that has not passed")
