"""From which sum of a year's pay on is a form filed? By the packs: that of a year is what holds on its last day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.packs import Pack


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a year: of whom it asks, by how they are engaged, and from which sum (US dollars) on."""

    name: str
    amount: Decimal
    engagements: tuple[str, ...]

    def asks(self, engaged_as: str, income: Decimal) -> bool:
        """Whether it is filed for somebody who was paid so much in the year."""
        return engaged_as in self.engagements and income >= self.amount


def forms_of(packs: Iterable[Pack], year: int) -> list[Form]:
    """The forms of a calendar year."""
    day = date(year, 12, 31)
    return [
        Form(pack.thresholds["form"], Decimal(str(pack.thresholds["amount"])), pack.engagements)
        for pack in packs
        if pack.kind == "tax_form" and pack.holds_on(day)
    ]
