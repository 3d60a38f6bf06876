"""How does an endpoint fare, and when may it be tried again? Pure: one outcome after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.queue import WAITS_S, back_off

#: A delivery is tried so often (the waits between are `dispatch.queue.WAITS_S`, about a day), then it has failed.
MAX_TRIES = len(WAITS_S) + 1
#: An answer that takes longer is a sign of trouble.
SLOW_MS = 3_000
#: Failed or slow: so much trouble; well answered: one less. At the first bound the endpoint is served in the lane of
#: the troubled, until it is at none. One that fails one time in five stays among the healthy.
TROUBLE_A_FAILURE, TROUBLED_FROM, MAX_TROUBLE = 3, 12, 18
#: After so many deliveries in a row that failed the endpoint is left alone for a while, then one of them is tried.
BREAKS_AFTER = 5
_PAUSES_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 600.0, 900.0)
#: Failing for so long raises an alarm, and then pauses the endpoint.
ALARM_AFTER = timedelta(hours=1)
PAUSED_AFTER = timedelta(hours=24)
#: What an endpoint may ask for at most by Retry-After.
_MAX_ASKED_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. `status` is HTTP's, None where there was none; `code` says it in a word."""

    code: str
    ms: int
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def is_good(self) -> bool:
        """It was taken: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fares. `num_failures` in a row, of so many deliveries; not to be tried before `next_try_at`."""

    num_failures: int = 0
    failing_since: datetime | None = None
    trouble: int = 0
    is_troubled: bool = False
    next_try_at: datetime | None = None

    def may_try(self, now: datetime) -> bool:
        """The endpoint is not being left alone."""
        return self.next_try_at is None or self.next_try_at <= now

    @property
    def is_on_trial(self) -> bool:
        """It failed so often that one delivery is tried at a time."""
        return self.num_failures >= BREAKS_AFTER


def after(health: Health, answer: Answer, now: datetime, draw: float, *, is_first_try: bool = True) -> Health:
    """The endpoint's health after an answer; `draw` in [0, 1) is the jitter of its pause.

    That a delivery which failed before fails again says something of that delivery, not of the endpoint: one event that
    a receiver cannot take would else bring all others to a stop.
    """
    bad = not answer.is_good
    change = TROUBLE_A_FAILURE if bad or answer.ms > SLOW_MS else -1
    trouble = max(0, min(MAX_TROUBLE, health.trouble + change))
    is_troubled = trouble > 0 and (health.is_troubled or trouble >= TROUBLED_FROM)
    if not bad:
        return Health(trouble=trouble, is_troubled=is_troubled)
    failed = replace(
        health,
        num_failures=max(1, health.num_failures + (is_first_try or health.is_on_trial)),
        failing_since=health.failing_since or now,
        trouble=trouble,
        is_troubled=is_troubled,
    )
    return replace(failed, next_try_at=_left_alone_until(failed, answer, now, draw))


def next_try(num_tries: int, now: datetime, draw: float) -> datetime:
    """When a delivery that failed for the `num_tries`-th time is tried again."""
    return now + back_off(WAITS_S[min(num_tries, len(WAITS_S)) - 1], draw)


def has_failed_for_good(num_tries: int, health: Health) -> bool:
    """Tried too often. While the endpoint takes nothing at all, no delivery is to blame: the endpoint is paused."""
    return num_tries >= MAX_TRIES and not health.is_on_trial


def _left_alone_until(health: Health, answer: Answer, now: datetime, draw: float) -> datetime | None:
    asked = None if answer.retry_after_s is None else now + timedelta(seconds=min(answer.retry_after_s, _MAX_ASKED_S))
    if not health.is_on_trial:
        return asked
    pause_s = _PAUSES_S[min(health.num_failures - BREAKS_AFTER, len(_PAUSES_S) - 1)]
    pause = now + back_off(pause_s, draw)
    return pause if asked is None else max(asked, pause)
