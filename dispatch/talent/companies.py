"""Which companies do technicians work for, and who works for them?"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatch.errors import BadInput, NotFound
from dispatch.record.events import record
from dispatch.record.session import Actor
from dispatch.record.tables import CompanyRow, new_id
from dispatch.talent.engaging import fall_back, go_through
from dispatch.talent.insurance import reopen_insurance
from dispatch.talent.rights import NETWORK, hold_technician, only
from dispatch.talent.words import checked_text
from matching.taxclasses import TAX_CLASSES


def create_company(session: Session, actor: Actor, name: str, *, now: datetime) -> UUID:
    """A new company, without workers.

    Raises
    ------
    BadInput
        The name cannot be kept, or a company has it.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="adding companies")
    company_id: UUID | None = session.scalar(
        insert(CompanyRow)
        .values(id=new_id(), name=checked_text("name", name), created_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(CompanyRow.id)
    )
    if company_id is None:
        raise BadInput("name", name, "use a name that no company has")
    record(session, actor, NETWORK, "company_created", {"company": str(company_id)}, client_id=None, now=now)
    return company_id


def classify_company(
    session: Session, actor: Actor, company_id: UUID, tax_class: str, signed_on: date, *, now: datetime
) -> CompanyRow:
    """How a company is taxed, by its W-9 and the day on which that was signed; an older one replaces no newer one.

    Raises
    ------
    BadInput
        When there is no such class, or it was signed after today or before the one that is known.
    NotFound, Refused
        There is no such company; the actor is not the operator.
    """
    only(actor, "operator", doing="saying how companies are taxed")
    row = session.get(CompanyRow, company_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("company", company_id)
    if tax_class not in TAX_CLASSES:
        raise BadInput("tax_class", tax_class, f"use one of {', '.join(TAX_CLASSES)}")
    if signed_on > now.date():
        raise BadInput("signed_on", signed_on.isoformat(), "send the day on which the W-9 was signed")
    if row.tax_class_on is not None and signed_on < row.tax_class_on:
        raise BadInput("signed_on", signed_on.isoformat(), f"its newest W-9 is of {row.tax_class_on}: use that one")
    if (row.tax_class, row.tax_class_on) == (tax_class, signed_on):
        return row
    row.tax_class, row.tax_class_on = tax_class, signed_on
    session.flush()
    told = {"company": str(company_id), "tax_class": tax_class, "signed_on": signed_on.isoformat()}
    record(session, actor, NETWORK, "company_classified", told, client_id=None, now=now)
    return row


def employ(session: Session, actor: Actor, technician_id: UUID, company_id: UUID | None, *, now: datetime) -> None:
    """Say that a technician works for this company from now on, or (None) alone. What was offered keeps its answerer.

    Raises
    ------
    NotFound
        There is no such technician or company.
    Refused
        The actor is not the operator.
    """
    only(actor, "operator", doing="saying who works for whom")
    row = hold_technician(session, actor, technician_id)
    if company_id is not None and session.get(CompanyRow, company_id) is None:
        raise NotFound("company", company_id)
    if row.company_id == company_id:
        return
    row.company_id = company_id
    session.flush()
    data = {"company": None if company_id is None else str(company_id)}
    record(session, actor, ("technician", technician_id), "employed", data, client_id=None, now=now)
    reopen_insurance(session, [technician_id], now=now)
    if company_id is None:
        fall_back(session, actor, technician_id, now=now)
    else:
        go_through(session, actor, technician_id, now=now)
