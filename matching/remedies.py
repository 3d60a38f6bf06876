"""What would let more people do this job?

Every change is one of the job's own terms. Where the columns allow it the changed job is judged again, so the
number is exact; where they don't (another time, a call) it is an upper bound and says so. Locked rules are never
among the changes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Literal

import numpy as np

from matching.candidates import Bools, Candidates
from matching.eligibility import Rule, Words, judge, mask
from matching.job import Job, Pay
from matching.policy import Policy
from matching.reasons import LEAST_COUNT, Audience, visible_count

ChangeKind = Literal["pay", "market", "skill", "level", "time", "day", "call", "round"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change and what it would bring.

    `subject` is the skill that it touches; `before` and `after` are the values of the term, empty where it has
    none, `currency` is that of a pay; `num_more` technicians may do the job after it (None: fewer than
    `LEAST_COUNT`), at most so many where `is_exact` is false.
    """

    kind: ChangeKind
    words: str
    num_more: int | None
    subject: str = ""
    before: str = ""
    after: str = ""
    is_exact: bool = True
    currency: str = ""

    @property
    def text(self) -> str:
        """The change and its effect in one sentence."""
        num = f"fewer than {LEAST_COUNT}" if self.num_more is None else str(self.num_more)
        return f"{self.words}: {'' if self.is_exact else 'up to '}{num} more"


def could_do_it_if(
    job: Job, candidates: Candidates, policy: Policy, words: Words, *, audience: Audience = "operator"
) -> tuple[Change, ...]:
    """The smallest single changes after which more may, those that bring most first.

    For a client the smallest change is one that admits at least `LEAST_COUNT`, and loses its value where not even
    that many could be won: else it would tell one person's least rate.
    """
    at_least = LEAST_COUNT if audience == "client" else 1

    def num_more(changed: Job, columns: Candidates) -> int:
        return int(np.count_nonzero((judge(changed, columns, policy) == 0) & (words != 0)))

    changes = [
        *_more_pay(job, candidates, words, num_more, at_least),
        *_market(job, candidates, num_more),
        *_lower_levels(job, candidates, num_more, at_least),
        *_by_other_means(words),
    ]
    changes.sort(key=lambda change: -(change.num_more or 0))
    return tuple(_visible(change, audience) for change in changes)


CountMore = Callable[[Job, Candidates], int]


def _more_pay(job: Job, candidates: Candidates, words: Words, num_more: CountMore, at_least: int) -> Iterator[Change]:
    """The lowest pay that the next `at_least` technicians accept, in the job's own kind of pay."""
    least_rates = candidates.min_hourly_cents
    cents = np.sort(least_rates[(words == mask(Rule.RATE)) & (least_rates > 0)])
    if not len(cents):
        return
    pay = _paying(job, Decimal(int(cents[min(at_least, len(cents)) - 1])) / 100)
    num = num_more(replace(job, pay=pay), candidates)
    per = "an hour" if pay.kind == "hourly" else "for the visit"
    text = f"raise the pay from {job.pay.amount} to {pay.amount} {pay.currency} {per}"
    yield Change("pay", text, num, before=str(job.pay.amount), after=str(pay.amount), currency=pay.currency)


def _paying(job: Job, hourly: Decimal) -> Pay:
    """The job's pay raised until it is worth `hourly`, rounded up to the hundredth."""
    amount = hourly if job.pay.kind == "hourly" else hourly * job.duration_min / 60
    return replace(job.pay, amount=amount.quantize(Decimal("0.01"), rounding=ROUND_CEILING))


def _market(job: Job, candidates: Candidates, num_more: CountMore) -> Iterator[Change]:
    if not job.needs.market:
        num = num_more(replace(job, needs=replace(job.needs, market=True)), candidates)
        if num:
            yield Change("market", "open the job to the market", num, before="pools", after="pools and market")


def _lower_levels(job: Job, candidates: Candidates, num_more: CountMore, at_least: int) -> Iterator[Change]:
    """For each skill the highest lower level that admits enough, and going without it where that admits more."""
    for code, wanted in sorted(job.needs.skills.items()):
        best = 0
        for level in range(wanted - 1, 0, -1):
            skills = {**job.needs.skills, code: level}
            num = num_more(replace(job, needs=replace(job.needs, skills=skills)), candidates)
            if num > best and (num >= at_least or level == 1):
                best = num
                text = f"ask for {code} at level {level} instead of {wanted}"
                yield Change("level", text, num, subject=code, before=str(wanted), after=str(level))
                break
        num = num_more(*_without_skill(job, candidates, code))
        if num > best:
            yield Change("skill", f"do without the skill {code}", num, subject=code, before=str(wanted))


def _without_skill(job: Job, candidates: Candidates, code: str) -> tuple[Job, Candidates]:
    skills = {other: level for other, level in job.needs.skills.items() if other != code}
    column = sorted(job.needs.skills).index(code)
    columns = replace(candidates, skill_levels=np.delete(candidates.skill_levels, column, axis=1))
    return replace(job, needs=replace(job.needs, skills=skills)), columns


def _by_other_means(words: Words) -> Iterator[Change]:
    """Changes whose effect the columns can't foretell: how many stand to gain at most."""
    time, day = mask(Rule.HOURS, Rule.FREE), mask(Rule.HOURS, Rule.FREE, Rule.CAPACITY)
    stands_in_the_way: tuple[tuple[ChangeKind, str, Bools], ...] = (
        ("time", "widen or move the window", (words & ~time == 0) & (words != 0)),
        ("day", "move it to another day", (words & ~day == 0) & (words & mask(Rule.CAPACITY) != 0)),
        ("call", "call those whose own area ends before the site", words == mask(Rule.AREA)),
        ("round", "change the terms and ask again who was asked", words == mask(Rule.ASKED)),
    )
    for kind, text, rows in stands_in_the_way:
        if rows.any():
            yield Change(kind, text, int(np.count_nonzero(rows)), is_exact=False)


def _visible(change: Change, audience: Audience) -> Change:
    if change.num_more is None or visible_count(change.num_more, audience) is not None:
        return change
    if change.kind == "pay":
        return replace(change, num_more=None, words="raise the pay", before="", after="", currency="")
    return replace(change, num_more=None)
