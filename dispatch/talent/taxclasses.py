"""How is a company taxed, and from which day on? Entered from its W-9, kept as it was entered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CompanyRow, TaxClassRow, new_id
from dispatch.talent.rights import NETWORK, only
from matching.taxclasses import TAX_CLASSES, TAX_ZONE


@dataclass(frozen=True, slots=True)
class W9:
    """What a W-9 says, the day on which it was signed, and the day from which it counts; None: from today."""

    tax_class: str
    signed_on: date
    counts_from: date | None = None


def classify_company(session: Session, actor: Actor, company_id: UUID, w9: W9, *, now: datetime) -> None:
    """Say how a company is taxed from a day on; what was paid before that day stays as it was classed.

    Nothing is overwritten: of two entries of the same day the later one counts. One that says what counts on its day
    already is none. As the engine.

    Raises
    ------
    BadInput
        When there is no such class, the W-9 was signed after today, or a newer one counts on that day.
    NotFound, Refused
        There is no such company; the actor is not the operator.
    """
    only(actor, "operator", doing="saying how companies are taxed")
    if session.get(CompanyRow, company_id, with_for_update=True, populate_existing=True) is None:
        raise NotFound("company", company_id)
    if w9.tax_class not in TAX_CLASSES:
        raise BadInput("tax_class", w9.tax_class, f"use one of {', '.join(TAX_CLASSES)}")
    if w9.signed_on > now.date():
        raise BadInput("signed_on", w9.signed_on.isoformat(), "send the day on which the W-9 was signed")
    day = w9.counts_from or tax_day(now)
    held = class_on(classes_of(session, [company_id]).get(company_id, ()), day)
    if held is not None and w9.signed_on < held.signed_on:
        way_out = f"on {day} its W-9 of {held.signed_on} counts: use that one, or a day before {held.counts_from}"
        raise BadInput("signed_on", w9.signed_on.isoformat(), way_out)
    if held is not None and (held.tax_class, held.signed_on) == (w9.tax_class, w9.signed_on):
        return
    said = {"tax_class": w9.tax_class, "signed_on": w9.signed_on, "counts_from": day}
    session.add(TaxClassRow(id=new_id(), company_id=company_id, said_at=now, **said))
    session.flush()
    told = {"company": str(company_id)} | {name: str(value) for name, value in said.items()}
    record(session, actor, NETWORK, "company_classified", told, client_id=None, now=now)


def tax_day(now: datetime) -> date:
    """Which day it is where the network's tax years begin and end."""
    return now.astimezone(ZoneInfo(TAX_ZONE)).date()


def classes_of(session: Session, company_ids: Iterable[UUID]) -> dict[UUID, list[TaxClassRow]]:
    """What counts of each company from which day on, the newest day first; what was replaced is left out."""
    rows = session.scalars(
        select(TaxClassRow)
        .where(TaxClassRow.company_id.in_(company_ids))
        .order_by(TaxClassRow.counts_from.desc(), TaxClassRow.said_at.desc(), TaxClassRow.id.desc())
    )
    found: dict[UUID, list[TaxClassRow]] = {}
    for row in rows:
        mine = found.setdefault(row.company_id, [])
        if not mine or mine[-1].counts_from != row.counts_from:
            mine.append(row)
    return found


def class_on(classes: Sequence[TaxClassRow], day: date) -> TaxClassRow | None:
    """Which of a company's classes counts on a day; None: none is known for it."""
    return next((each for each in classes if each.counts_from <= day), None)
