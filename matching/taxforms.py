"""From which sum of a year's pay on is a form filed? By the packs: that of a year is what holds on its last day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.packs import Pack


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a year: of whom it asks, by how they are engaged, and from which sum (US dollars) on.

    Of a company it asks for what was paid while that was not taxed as one of `exempt_classes`; None: of no company.
    """

    name: str
    amount: Decimal
    engagements: tuple[str, ...]
    exempt_classes: frozenset[str] | None = None

    def asks(self, engaged_as: str, income: Decimal) -> bool:
        """Whether it is filed for somebody who was paid so much in the year."""
        return engaged_as in self.engagements and income >= self.amount

    def asks_company(self, tax_class: str | None, incomes: Mapping[str | None, Decimal]) -> bool | None:
        """Whether it is filed for what a company that people worked through was paid while it was taxed so.

        `incomes` are its whole year, by how it was taxed when it was paid: what is not exempt is added up. None: it
        would depend on its class, and none is known.
        """
        if self.exempt_classes is None or tax_class in self.exempt_classes:
            return False
        counted = sum((sum_ for each, sum_ in incomes.items() if each and each not in self.exempt_classes), Decimal(0))
        if tax_class is None:
            return None if counted + incomes[None] >= self.amount else False
        return counted >= self.amount


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
