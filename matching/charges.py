"""What is owed for work that ended early? The client's own rules, by plain arithmetic.

Whoever is told off in time gets nothing; inside the hours of a step, its fee; once on the way, the trip; once there, or
before a site that isn't ready, the trip and the hours spent, at least the minimum. The fee and those hours are not
added up: the larger of the two is owed, so that nobody saves money by waiting until the technician has arrived.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from matching.cancellation import ZERO, CancellationRules
from matching.currencies import rounded
from matching.job import Pay

#: How the work ended: the client's word, the site's state, or done after a wait.
Cause = Literal["cancelled", "not_ready", "no_access", "complete"]
ChargeKind = Literal["cancellation_fee", "trip_charge", "minimum_hours", "stand_by"]
CHARGE_KINDS: tuple[ChargeKind, ...] = ("cancellation_fee", "trip_charge", "minimum_hours", "stand_by")

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Ending:
    """How somebody's work ended, at an aware instant `at`; agreed was `[start_at, end_at)`.

    `arrived_at` is when they checked in, `left_at` when they checked out; `waited_min` the minutes that they waited on
    the site for no fault of theirs.
    """

    cause: Cause
    at: datetime
    start_at: datetime
    end_at: datetime
    is_on_the_way: bool = False
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    waited_min: int = 0
    why: str = "other"


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum that is owed, in whole minor units of the currency; `why` is a code."""

    kind: ChargeKind
    amount: Decimal
    currency: str
    why: str


def charges_of(rules: CancellationRules, pay: Pay, ending: Ending) -> tuple[Charge, ...]:
    """What is owed to one technician for this ending, in the order of `CHARGE_KINDS`; sums of nothing are left out."""
    if ending.cause == "cancelled" and ending.why in rules.free_reasons:
        return ()
    owed = (
        {"stand_by": _stand_by(rules, pay, ending)} if ending.cause == "complete" else _of_early_end(rules, pay, ending)
    )
    sums = {kind: rounded(owed.get(kind, ZERO), pay.currency) for kind in CHARGE_KINDS}
    return tuple(Charge(kind, amount, pay.currency, _code(kind, ending)) for kind, amount in sums.items() if amount > 0)


def hours_between(start_at: datetime, end_at: datetime) -> Decimal:
    """Real hours between two aware instants; the clocks of a zone, which may skip or repeat one, do not count."""
    # Python subtracts two times of the same zone as the clocks show them, an hour off across a change.
    return Decimal((end_at.astimezone(UTC) - start_at.astimezone(UTC)).total_seconds()) / _HOUR_S


def _of_early_end(rules: CancellationRules, pay: Pay, ending: Ending) -> dict[str, Decimal]:
    is_there = ending.arrived_at is not None or ending.cause != "cancelled"
    fee = _fee(rules, pay, ending) if ending.cause == "cancelled" else ZERO
    hours = _hours_there(rules, pay, ending) if is_there else ZERO
    return {
        "cancellation_fee": fee if fee > hours else ZERO,
        "trip_charge": rules.trip_charge if is_there or ending.is_on_the_way else ZERO,
        "minimum_hours": hours if hours >= fee else ZERO,
    }


def _fee(rules: CancellationRules, pay: Pay, ending: Ending) -> Decimal:
    """The step with the fewest hours that still covers the time left; once the start has passed, the nearest one."""
    left_h = hours_between(ending.at, ending.start_at)
    for step in sorted(rules.steps, key=lambda each: each.within_h):
        if left_h < step.within_h:
            return step.amount if step.amount is not None else (step.share or ZERO) * _whole_pay(pay, ending)
    return ZERO


def _hours_there(rules: CancellationRules, pay: Pay, ending: Ending) -> Decimal:
    """The hours spent, at least the minimum, at most those agreed; a fixed pay is never exceeded.

    Work that the client ends is paid as far as it went, whatever the rules say; before a closed door the rules decide.
    """
    if rules.minimum_h == 0 and ending.cause != "cancelled":
        return ZERO
    left_at = ending.left_at or ending.at
    spent_h = hours_between(ending.arrived_at, left_at) if ending.arrived_at is not None else ZERO
    agreed_h = hours_between(ending.start_at, ending.end_at)
    paid_h = max(rules.minimum_h, min(spent_h, agreed_h))
    sum_of_hours = _hourly(pay, ending) * paid_h
    return min(sum_of_hours, pay.amount) if pay.kind == "fixed" else sum_of_hours


def _stand_by(rules: CancellationRules, pay: Pay, ending: Ending) -> Decimal:
    waited_min = max(0, ending.waited_min - rules.stand_by_free_min)
    return _hourly(pay, ending) * rules.stand_by_share * waited_min / 60


def _hourly(pay: Pay, ending: Ending) -> Decimal:
    agreed_h = hours_between(ending.start_at, ending.end_at)
    return pay.amount if pay.kind == "hourly" else pay.amount / agreed_h


def _whole_pay(pay: Pay, ending: Ending) -> Decimal:
    return pay.amount if pay.kind == "fixed" else pay.amount * hours_between(ending.start_at, ending.end_at)


def _code(kind: ChargeKind, ending: Ending) -> str:
    return "waited" if kind == "stand_by" else ending.why


@dataclass(frozen=True, slots=True)
class FeeLine:
    """Told off less than `within_h` hours before the start, `amount` is owed."""

    within_h: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CancellationTerms:
    """The rules as they apply to one pay and duration, in figures and in words."""

    currency: str
    steps: tuple[FeeLine, ...]
    trip_charge: Decimal
    minimum_h: Decimal
    minimum_amount: Decimal
    stand_by_free_min: int
    stand_by_hourly: Decimal
    words: tuple[str, ...]


def terms_of(rules: CancellationRules, pay: Pay, duration_min: int) -> CancellationTerms:
    """What a technician is told before they say yes; all sums in the currency of the pay, in whole minor units."""
    currency, whole, hourly = pay.currency, pay.total(duration_min), pay.hourly(duration_min)
    steps = tuple(
        FeeLine(
            step.within_h, rounded(step.amount if step.amount is not None else (step.share or ZERO) * whole, currency)
        )
        for step in sorted(rules.steps, key=lambda each: each.within_h)
    )
    minimum = rules.minimum_h * hourly
    terms = CancellationTerms(
        currency=currency,
        steps=steps,
        trip_charge=rounded(rules.trip_charge, currency),
        minimum_h=rules.minimum_h,
        minimum_amount=rounded(min(minimum, whole) if pay.kind == "fixed" else minimum, currency),
        stand_by_free_min=rules.stand_by_free_min,
        stand_by_hourly=rounded(hourly * rules.stand_by_share, currency),
        words=(),
    )
    return replace(terms, words=tuple(_in_words(terms)))


def _in_words(terms: CancellationTerms) -> Iterator[str]:
    for step in terms.steps:
        yield f"Cancelled less than {_plain(step.within_h)} h before the start: {step.amount} {terms.currency}."
    if terms.trip_charge:
        yield (
            f"Cancelled once you are on the way or there, or the site is not ready: {terms.trip_charge} "
            f"{terms.currency} for the trip."
        )
    if terms.minimum_h:
        yield (
            f"Once you are there, at least {_plain(terms.minimum_h)} h are paid, {terms.minimum_amount} "
            f"{terms.currency}, unless the fee is larger."
        )
    if terms.stand_by_hourly:
        yield (
            f"Waiting on the site for more than {terms.stand_by_free_min} min: {terms.stand_by_hourly} "
            f"{terms.currency} an hour."
        )
    if not (terms.steps or terms.trip_charge or terms.minimum_h):
        yield "No fee is paid when the client cancels before the work begins."


def _plain(number: Decimal) -> str:
    """Without trailing zeros and never with an exponent."""
    return f"{number.normalize():f}"
