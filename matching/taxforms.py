"""From which sum of a year's pay on is a form filed? By the packs: that of a year is what holds on its last day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.packs import Pack


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a year: of whom it asks, by how they are engaged, and from which sum (US dollars) on.

    Of a company it asks unless that is taxed as one of `exempt_classes`; None: it asks of no company.
    """

    name: str
    amount: Decimal
    engagements: tuple[str, ...]
    exempt_classes: frozenset[str] | None = None

    def asks(self, engaged_as: str, income: Decimal) -> bool:
        """Whether it is filed for somebody who was paid so much in the year."""
        return engaged_as in self.engagements and income >= self.amount

    def asks_company(self, tax_class: str | None, income: Decimal) -> bool | None:
        """The same of a company that people worked through; None: it would depend on its class, and none is known."""
        if self.exempt_classes is None or income < self.amount:
            return False
        return None if tax_class is None else tax_class not in self.exempt_classes


def forms_of(packs: Iterable[Pack], year: int) -> list[Form]:
    """The forms of a calendar year."""
    day = date(year, 12, 31)
    return [
        Form(
            pack.thresholds["form"],
            Decimal(str(pack.thresholds["amount"])),
            pack.engagements,
            frozenset(pack.thresholds["exempt_classes"]) if "exempt_classes" in pack.thresholds else None,
        )
        for pack in packs
        if pack.kind == "tax_form" and pack.holds_on(day)
    ]
