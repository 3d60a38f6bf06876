"""Who hears next of an alarm that nobody has taken on, and when? The ladder, step by step.

`level` counts the steps made: 0 before the first. Past the last step an alarm that climbs on, because whoever took it
on did not end it, repeats the last one.
"""

from datetime import datetime, timedelta

from matching.daypolicy import Escalation, Step

#: The ladder of what is about no client: within the hour, and again after a day. Of the operator's all who are there
#: have the duty.
NETWORK_LADDER = Escalation((Step(60), Step(1440)), again_min=10_080)


def first_at(ladder: Escalation, priority: int, raised_at: datetime) -> datetime | None:
    """Return when an alarm that nobody takes on climbs for the first time; None: the ladder has no steps."""
    return _after(raised_at, ladder.steps[0].after_min, ladder, priority) if ladder.steps else None


def step_from(ladder: Escalation, level: int) -> Step:
    """Return the step that an alarm of this level makes next; the ladder has some."""
    return ladder.steps[min(level, len(ladder.steps) - 1)]


def next_at(ladder: Escalation, priority: int, level: int, now: datetime, *, was_heard: bool) -> datetime | None:
    """Return when an alarm that has just reached `level` climbs on; None: it stands on the last step.

    A step on which there was nobody to hear of it (a gap in the rota) is followed by the next at once.
    """
    if level >= len(ladder.steps):
        return None
    gap_min = ladder.steps[level].after_min - ladder.steps[level - 1].after_min
    return _after(now, gap_min, ladder, priority) if was_heard else now


def again_at(ladder: Escalation, priority: int, now: datetime) -> datetime | None:
    """Return when an alarm that somebody takes on now climbs on unless it is cleared; None: never."""
    if ladder.again_min is None or not ladder.steps:
        return None
    return _after(now, ladder.again_min, ladder, priority)


def _after(start: datetime, minutes: int, ladder: Escalation, priority: int) -> datetime:
    return start + timedelta(minutes=minutes * ladder.pace[str(priority)])
