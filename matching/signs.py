"""Which signs do sums of pay give? A written contract that is due, a form for the year, a share of income.

By the pay that was agreed for work done or promised, in US dollars: what the packs of these kinds count in. Signs warn;
they never refuse work.
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
    """What one client agreed to pay for work on a day (as ordinal) at a site of a region, such as TX."""

    client_id: UUID
    day: int
    region: str
    amount: Decimal


def signs(
    agreed: Sequence[Agreed], client_id: UUID, in_force: Sequence[tuple[Pack, Binding]], today: int
) -> tuple[Standing, ...]:
    """How a technician stands with a client under the packs that count pay; `agreed` is that of all clients.

    `in_force` are the versions that hold today or later; each judges the days on which it holds.
    """
    planned = [each.day for each in agreed if each.client_id == client_id and each.day > today]
    return worst_of_each(
        [
            _sign(pack, binding, agreed, client_id, today, ends)
            for pack, binding in in_force
            if pack.kind in ("contract", "tax_form", "income_share") and (ends := judged_days(pack, today, planned))
        ]
    )


def _sign(
    pack: Pack, binding: Binding, agreed: Sequence[Agreed], client_id: UUID, today: int, ends: Sequence[int]
) -> Standing:
    theirs = [each for each in agreed if each.client_id == client_id and _concerns(pack, each)]
    if pack.kind == "income_share":
        used = projected = _share(pack, agreed, client_id, today)
        most = float(pack.thresholds["share"])
    else:
        used = _sum(pack, [each for each in theirs if each.day <= today], today)
        projected = max(_sum(pack, theirs, end) for end in ends)
        most = float(pack.thresholds["amount"])
    level: Level = "red" if projected >= most else "amber" if projected >= pack.amber * most else "green"
    from_day = begins_later(pack, today)
    return Standing(pack, binding, level, used, projected, most, reaches_on=None, free_on=None, from_day=from_day)


def _concerns(pack: Pack, agreed: Agreed) -> bool:
    """Whether a law of a state is that of the site."""
    return pack.jurisdiction in ("US", f"US-{agreed.region}")


def _sum(pack: Pack, theirs: Sequence[Agreed], end: int) -> float:
    """The pay of the window that ends on a day: so many days, or the calendar year so far."""
    days = pack.thresholds.get("window_days")
    first = end - days + 1 if days else date(date.fromordinal(end).year, 1, 1).toordinal()
    return float(sum((each.amount for each in theirs if first <= each.day <= end), Decimal(0)))


def _share(pack: Pack, agreed: Sequence[Agreed], client_id: UUID, today: int) -> float:
    since = shifted(today, -pack.thresholds["window_months"])
    counted = [each for each in agreed if since < each.day <= today]
    total = sum((each.amount for each in counted), Decimal(0))
    own = sum((each.amount for each in counted if each.client_id == client_id), Decimal(0))
    return float(own / total) if total else 0.0
