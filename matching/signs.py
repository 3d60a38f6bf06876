"""Which signs do sums of pay give? A written contract that is due, a form for the year, a share of income.

By the pay that was agreed for work done or promised, in US dollars: what the packs of these kinds count in. Signs warn;
they never refuse work. A contract that was signed before the work is no sign any more; a form is never a breach, so it
is amber at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from matching.packs import Binding, Pack
from matching.standing import Level, Standing, begins_later, judged_days, worst_of_each
from matching.usage import shifted

#: What a client may not read: it would tell what others pay.
ONLY_OWN = ("income_share",)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What one client agreed to pay for work on a day (as ordinal) at a site of a region, such as TX.

    `skills` are the codes of what the work needs.
    """

    client_id: UUID
    day: int
    region: str
    amount: Decimal
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Signed:
    """An agreement signed with the client: its kind, and from which day through which (ordinals) it counts."""

    kind: str
    from_day: int
    until_day: int

    def covers(self, day: int) -> bool:
        """Whether it counts on a day."""
        return self.from_day <= day <= self.until_day


def signs(
    agreed: Sequence[Agreed],
    client_id: UUID,
    in_force: Sequence[tuple[Pack, Binding]],
    today: int,
    signed: Sequence[Signed] = (),
) -> tuple[Standing, ...]:
    """How a technician stands with a client under the packs that count pay; `agreed` is that of all clients.

    `signed` is what they signed with this client.

    `in_force` are the versions that hold today or later; each judges the days on which it holds.
    """
    planned = [each.day for each in agreed if each.client_id == client_id and each.day > today]
    return worst_of_each(
        [
            _sign(pack, binding, agreed, client_id, today, ends, signed)
            for pack, binding in in_force
            if pack.kind in ("contract", "tax_form", "income_share") and (ends := judged_days(pack, today, planned))
        ]
    )


def pay_by(work: Agreed, theirs: Sequence[Agreed], laws: Sequence[Pack]) -> tuple[Pack, date] | None:
    """The last day on which work done on its day is to be paid, and by which of the laws; None: no law says.

    `theirs` is all that its client agreed with this technician: a law looks only at sums from its own on.
    """
    found = []
    for pack in laws:
        if not pack.holds_on(date.fromordinal(work.day)) or not _concerns(pack, work):
            continue
        counted = [each for each in theirs if _concerns(pack, each)]
        ends = [day for each in counted if work.day <= (day := each.day) < work.day + pack.thresholds["window_days"]]
        if max(_sum(pack, counted, end) for end in (work.day, *ends)) >= pack.thresholds["amount"]:
            found.append((pack, date.fromordinal(work.day + pack.thresholds["pay_within_days"])))
    return min(found, key=lambda each: each[1], default=None)


def _sign(
    pack: Pack,
    binding: Binding,
    agreed: Sequence[Agreed],
    client_id: UUID,
    today: int,
    ends: Sequence[int],
    signed: Sequence[Signed],
) -> Standing:
    signed_on = None
    theirs = [each for each in agreed if each.client_id == client_id and _concerns(pack, each)]
    if pack.kind == "income_share":
        used = projected = _share(pack, agreed, client_id, today)
        most = float(pack.thresholds["share"])
    else:
        used = _sum(pack, [each for each in theirs if each.day <= today], today)
        fullest = max(ends, key=lambda end: _sum(pack, theirs, end))
        projected = _sum(pack, theirs, fullest)
        most = float(pack.thresholds["amount"])
    level: Level = "red" if projected >= most else "amber" if projected >= pack.amber * most else "green"
    if pack.kind == "tax_form" and level == "red":
        level = "amber"
    if pack.kind == "contract" and level != "green":
        days = [each.day for each in _window(pack, theirs, fullest)]
        level, signed_on = _signed(pack, level, days, signed)
    from_day = begins_later(pack, today)
    return Standing(pack, binding, level, used, projected, most, None, None, from_day, signed_on)


def _signed(pack: Pack, level: Level, days: Sequence[int], signed: Sequence[Signed]) -> tuple[Level, date | None]:
    """Green where the work of all these days was signed for before, amber where only the last was; and since when."""
    contracts = [each for each in signed if each.kind in pack.thresholds["agreements"] and each.covers(max(days))]
    if not contracts:
        return level, None
    first = min(each.from_day for each in contracts)
    return "green" if first <= min(days) else "amber", date.fromordinal(first)


def _concerns(pack: Pack, agreed: Agreed) -> bool:
    """Whether a law of a state is that of the site, and the work is of the occupations that it lists, if it does."""
    if pack.jurisdiction not in ("US", f"US-{agreed.region}"):
        return False
    listed = pack.thresholds.get("occupations")
    return listed is None or any(not agreed.skills.isdisjoint(skills) for skills in listed.values())


def _sum(pack: Pack, theirs: Sequence[Agreed], end: int) -> float:
    """The pay of the window that ends on a day."""
    return float(sum((each.amount for each in _window(pack, theirs, end)), Decimal(0)))


def _window(pack: Pack, theirs: Sequence[Agreed], end: int) -> list[Agreed]:
    """What lies in the window that ends on a day: so many days, or the calendar year so far."""
    days = pack.thresholds.get("window_days")
    first = end - days + 1 if days else date(date.fromordinal(end).year, 1, 1).toordinal()
    return [each for each in theirs if first <= each.day <= end]


def _share(pack: Pack, agreed: Sequence[Agreed], client_id: UUID, today: int) -> float:
    since = shifted(today, -pack.thresholds["window_months"])
    counted = [each for each in agreed if since < each.day <= today]
    total = sum((each.amount for each in counted), Decimal(0))
    own = sum((each.amount for each in counted if each.client_id == client_id), Decimal(0))
    return float(own / total) if total else 0.0
