"""Which skills, kinds of credentials and companies does the network know?"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import Anyone, Operator
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import reading, writing
from api.people import find_visible, show_technicians
from api.schemas.clients import (
    CompanyIn,
    CompanyOut,
    CredentialKindIn,
    CredentialKindOut,
    CredentialKindsOut,
    EmployIn,
    FactOut,
    SkillIn,
    SkillOut,
    SkillsOut,
    TaxClassIn,
    TaxClassOut,
)
from api.schemas.pages import PageOf
from api.schemas.talent import TechnicianOut
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import CompanyRow, CredentialKindRow, SkillRow, TaxClassRow
from dispatch.talent.catalogue import Kind, put_credential_kinds, put_skills
from dispatch.talent.companies import create_company, employ
from dispatch.talent.proofs import FACTS
from dispatch.talent.taxclasses import W9, class_on, classes_of, classify_company, tax_day
from dispatch.visits.lapses import recheck

router = APIRouter(prefix="/v1", tags=["catalogues"])


@router.get("/skills", response_model=SkillsOut, summary="List skills")
def list_skills(request: Request, actor: Anyone) -> SkillsOut:
    """The catalogue, by code; a skill has levels from 1 to 5."""
    with reading(request, actor) as session:
        rows = session.scalars(select(SkillRow).order_by(SkillRow.code)).all()
    return SkillsOut(items=[SkillOut.model_validate(row) for row in rows])


@router.post("/skills", status_code=201, response_model=SkillOut, summary="Add or rename a skill")
def post_skill(request: Request, actor: Operator, skill: SkillIn) -> Response:
    """A new code, or another name for one that exists."""

    def work(session: Session, now: datetime) -> Reply:
        put_skills(session, actor, {skill.code: skill.name}, now=now)
        return Reply(SkillOut(code=skill.code, name=skill.name), 201)

    return idempotent(request, actor, work)


@router.get("/credential-kinds", response_model=CredentialKindsOut, summary="List kinds of credentials")
def list_credential_kinds(request: Request, actor: Anyone) -> CredentialKindsOut:
    """The catalogue, by code, with what a proof of each kind says."""
    with reading(request, actor) as session:
        rows = session.scalars(select(CredentialKindRow).order_by(CredentialKindRow.code)).all()
    return CredentialKindsOut(items=[_show_kind(row) for row in rows])


@router.post("/credential-kinds", status_code=201, response_model=CredentialKindOut, summary="Add or rename a kind")
def post_credential_kind(request: Request, actor: Operator, kind: CredentialKindIn) -> Response:
    """A new code, or another name for one that exists. What a kind is stays so once there are proofs of it."""

    def work(session: Session, now: datetime) -> Reply:
        put_credential_kinds(session, actor, [Kind(**kind.model_dump())], now=now)
        return Reply(_show_kind(session.get_one(CredentialKindRow, kind.code, populate_existing=True)), 201)

    return idempotent(request, actor, work)


@router.get("/companies", response_model=PageOf[CompanyOut], summary="List companies")
def list_companies(
    request: Request, actor: Anyone, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[CompanyOut]:
    """All companies of the network, newest first. Their workers: `GET /v1/technicians?company_id=`."""
    with reading(request, actor) as session:
        found = page(session, request, select(CompanyRow), CompanyRow.id, limit=limit, cursor=cursor)
        items = _show_companies(session, actor, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=items, next=found.next)


@router.post("/companies", status_code=201, response_model=CompanyOut, summary="Add a company")
def post_company(request: Request, actor: Operator, company: CompanyIn) -> Response:
    """A new company, without workers."""

    def work(session: Session, now: datetime) -> Reply:
        made = create_company(session, actor, company.name, now=now)
        return Reply(_show_companies(session, actor, [session.get_one(CompanyRow, made)])[0], 201)

    return idempotent(request, actor, work)


@router.put("/companies/{company_id}/tax-class", response_model=CompanyOut, summary="Say how a company is taxed")
def put_tax_class(request: Request, actor: Operator, company_id: UUID, wish: TaxClassIn) -> CompanyOut:
    """By its W-9, from a day on: whether pay from that day on is reported (1099-NEC) depends on it.

    What was paid before stays as it was classed. An entry is never changed; an older W-9 replaces no newer one.
    """
    with writing(request, actor, "engine") as session:
        w9 = W9(wish.tax_class, wish.signed_on, wish.counts_from)
        classify_company(session, actor, company_id, w9, now=database_now(session))
        return _show_companies(session, actor, [session.get_one(CompanyRow, company_id)])[0]


@router.put("/technicians/{technician_id}/company", response_model=TechnicianOut, summary="Say who works for whom")
def put_company(request: Request, actor: Operator, technician_id: UUID, company: EmployIn) -> TechnicianOut:
    """From now on; what was offered keeps its answerer."""
    with writing(request, actor, "engine") as session:
        employ(session, actor, technician_id, company.company_id, now=database_now(session))
        recheck(session, actor, technician_id, now=database_now(session))
        return show_technicians(session, actor, [find_visible(session, actor, technician_id)])[0]


def _show_companies(session: Session, actor: Actor, rows: Sequence[CompanyRow]) -> list[CompanyOut]:
    """How each is taxed is between it and the operator."""
    classes = classes_of(session, [row.id for row in rows]) if actor.kind == "operator" else {}
    today = tax_day(database_now(session))
    return [_show_company(row, classes.get(row.id, []), today) for row in rows]


def _show_company(row: CompanyRow, classes: Sequence[TaxClassRow], today: date) -> CompanyOut:
    held = class_on(classes, today)
    return CompanyOut(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        tax_class=None if held is None else held.tax_class,
        tax_class_on=None if held is None else held.signed_on,
        tax_class_from=None if held is None else held.counts_from,
        tax_classes=[TaxClassOut.model_validate(each) for each in classes],
    )


def _show_kind(row: CredentialKindRow) -> CredentialKindOut:
    facts = [
        FactOut(name=name, is_needed=fact.is_needed, shape=fact.shape, choices=list(fact.choices))
        for name, fact in FACTS[row.family].items()
    ]
    same = {name: getattr(row, name) for name in CredentialKindOut.model_fields if name != "facts"}
    return CredentialKindOut(**same, facts=facts)
