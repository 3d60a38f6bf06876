"""What may a client's work cost? Its budgets, by project or purchase order, and how far each is used."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, only
from api.errors import Stale
from api.etags import etag, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import reading, writing
from api.schemas.budgets import BudgetIn, BudgetOut, BudgetPatch
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.money.budgets import BudgetWish, Usage, change_budget, create_budget, find_budget, usage_of
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import BudgetRow

router = APIRouter(prefix="/v1/clients/{client_id}/budgets", tags=["money"])

Keeper = Annotated[Actor, Depends(only("client_admin", "operator"))]
Reader = Annotated[Actor, Depends(only(*STAFF, "operator"))]


@router.post("", status_code=201, response_model=BudgetOut, summary="Make a budget")
def post_budget(request: Request, actor: Keeper, client_id: UUID, budget: BudgetIn) -> Response:
    """Jobs name it by its code; from then on what they commit is counted, and refused beyond where it is hard."""

    def work(session: Session, now: datetime) -> Reply:
        own = {name: getattr(budget, name) for name in BudgetWish.__slots__}
        made = create_budget(
            session, actor, client_id, BudgetWish(**own | {"reason_roles": tuple(budget.reason_roles)}), now=now
        )
        return _reply(session, find_budget(session, actor, made), 201)

    return idempotent(request, actor, work)


@router.get("", response_model=PageOf[BudgetOut], summary="List budgets")
def list_budgets(
    request: Request,
    actor: Reader,
    client_id: UUID,
    response: Response,
    code: Annotated[str | None, Query(max_length=64, description="Only this one.", examples=["PO-7781"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[BudgetOut]:
    """Your client's budgets, newest first, each with what is committed, spent, left and asked for."""
    if actor.client_id not in (None, client_id):
        raise NotFound("client", client_id)
    wanted = select(BudgetRow).where(BudgetRow.client_id == client_id)
    if code is not None:
        wanted = wanted.where(BudgetRow.code == code)
    with reading(request, actor) as session:
        found = page(session, request, wanted, BudgetRow.id, limit=limit, cursor=cursor)
        usage = usage_of(session, [row[0] for row in found.rows])
    response.headers.update(found.headers)
    return PageOf(items=[show_budget(row[0], usage[row[0].id]) for row in found.rows], next=found.next)


@router.get("/{budget_id}", response_model=BudgetOut, summary="Read a budget")
def get_budget(request: Request, actor: Reader, client_id: UUID, budget_id: UUID) -> Response:
    """The budget and its usage at this moment. The ETag guards a change of what you decide, not of the usage."""
    with reading(request, actor) as session:
        return to_response(_reply(session, _find(session, actor, client_id, budget_id)))


@router.patch("/{budget_id}", response_model=BudgetOut, summary="Change a budget")
def patch_budget(request: Request, actor: Keeper, client_id: UUID, budget_id: UUID, patch: BudgetPatch) -> Response:
    """Less than is committed takes nothing back: nothing more is committed until there is room.

    Needs If-Match with the ETag that you read.
    """
    version = wanted_version(request, "budget")
    with writing(request, actor, "engine") as session:
        _find(session, actor, client_id, budget_id)
        given = {name: getattr(patch, name) for name in patch.model_fields_set}
        if "reason_roles" in given:
            given["reason_roles"] = tuple(given["reason_roles"])
        if not change_budget(session, actor, budget_id, given, version, now=database_now(session)):
            raise Stale("budget")
        reply = _reply(session, find_budget(session, actor, budget_id))
    return to_response(reply)


def _find(session: Session, actor: Actor, client_id: UUID, budget_id: UUID) -> BudgetRow:
    row = find_budget(session, actor, budget_id)
    if row.client_id != client_id:
        raise NotFound("budget", budget_id)
    return row


def _reply(session: Session, row: BudgetRow, status: int = 200) -> Reply:
    headers = {"ETag": etag(row.version)}
    if status == 201:
        headers["Location"] = f"/v1/clients/{row.client_id}/budgets/{row.id}"
    return Reply(show_budget(row, usage_of(session, [row])[row.id]), status, headers)


_OWN = (
    "id", "client_id", "code", "name", "currency", "amount", "is_hard", "from_on", "until_on", "reason_roles",
    "created_at", "version",
)  # fmt: skip


def show_budget(row: BudgetRow, usage: Usage) -> BudgetOut:
    """A budget and how far it is used."""
    return BudgetOut(
        **{name: getattr(row, name) for name in _OWN},
        committed=usage.committed,
        spent=usage.spent,
        left=usage.left,
        asked=usage.asked,
        is_passed=usage.left < 0,
    )
