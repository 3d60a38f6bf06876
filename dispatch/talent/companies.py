"""Which companies do technicians work for, and who works for them?"""

from datetime import datetime
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
