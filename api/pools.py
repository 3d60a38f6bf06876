"""Whom does a client want first, and whom not at all? Pools and marks, both ways."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from api.auth import Dispatcher, StaffReader, Technician, only
from api.idempotency import Reply, idempotent
from api.paging import Cursor, Limit, page
from api.parts import parts_of, reading, writing
from api.schemas.clients import PoolIn, PoolMemberOut, PoolOut
from api.schemas.pages import PageOf
from api.schemas.talent import ClientMarkIn, ClientMetOut, MarkOut, OwnMarkOut
from api.sites import client_meant
from dispatch.admission.blocking import put_client_mark as put_mark_of_client
from dispatch.admission.blocking import put_technician_mark as put_technician_mark_of
from dispatch.admission.relations import known_to
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import ClientMarkRow, ClientRow, OfferRow, PoolMemberRow, PoolRow, TechnicianMarkRow
from dispatch.talent.pools import add_to_pool, create_pool, remove_from_pool

router = APIRouter(prefix="/v1", tags=["pools and marks"])

PoolKeeper = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator"))]


@router.post("/pools", status_code=201, response_model=PoolOut, summary="Make a pool")
def post_pool(request: Request, actor: PoolKeeper, pool: PoolIn) -> Response:
    """A new, empty pool of your client."""
    client_id = client_meant(actor, pool.client_id)

    def work(session: Session, now: datetime) -> Reply:
        made = create_pool(session, actor, client_id, pool.name, now=now)
        return Reply(_show(session.get_one(PoolRow, made), 0), 201, {"Location": f"/v1/pools/{made}"})

    return idempotent(request, actor, work)


@router.get("/pools", response_model=PageOf[PoolOut], summary="List pools")
def list_pools(
    request: Request,
    actor: StaffReader,
    response: Response,
    name: Annotated[str | None, Query(max_length=200, description="Only this one.", examples=["Regulars"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[PoolOut]:
    """Your pools, newest first. Their members: `GET /v1/technicians?pool_id=`."""
    members = select(func.count()).where(PoolMemberRow.pool_id == PoolRow.id).correlate(PoolRow).scalar_subquery()
    wanted = select(PoolRow, members)
    if name is not None:
        wanted = wanted.where(PoolRow.name == name)
    with reading(request, actor) as session:
        found = page(session, request, wanted, PoolRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0], row[1]) for row in found.rows], next=found.next)


@router.put("/pools/{pool_id}/members/{technician_id}", response_model=PoolMemberOut, summary="Put into a pool")
def put_member(request: Request, actor: PoolKeeper, pool_id: UUID, technician_id: UUID) -> PoolMemberOut:
    """Somebody of the market, or who has worked for you, becomes a member; a second time changes nothing."""
    with writing(request, actor, "engine") as session:
        num_new = add_to_pool(session, actor, pool_id, [technician_id], now=database_now(session))
    return PoolMemberOut(pool_id=pool_id, technician_id=technician_id, is_new=num_new == 1)


@router.delete(
    "/pools/{pool_id}/members/{technician_id}",
    status_code=204,
    response_class=Response,
    summary="Take out of a pool",
)
def delete_member(request: Request, actor: PoolKeeper, pool_id: UUID, technician_id: UUID) -> Response:
    """Offers already sent stay; who is no member is asked no more."""
    with writing(request, actor, "engine") as session:
        remove_from_pool(session, actor, pool_id, [technician_id], now=database_now(session))
    return Response(status_code=204)


@router.get("/marks", response_model=PageOf[OwnMarkOut], summary="List your marks")
def list_marks(
    request: Request, actor: Dispatcher, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[OwnMarkOut]:
    """Whom your client blocks or favours, and why. No technician reads this."""
    wanted = select(ClientMarkRow).where(ClientMarkRow.client_id == actor.client_id)
    with reading(request, actor) as session:
        found = page(session, request, wanted, ClientMarkRow.technician_id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(
        items=[OwnMarkOut.model_validate(row[0], from_attributes=True) for row in found.rows], next=found.next
    )


@router.get("/technicians/me/clients", response_model=PageOf[ClientMetOut], summary="List the clients whom you know")
def list_clients_met(
    request: Request, actor: Technician, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[ClientMetOut]:
    """Who asked or invited you, or has a pool that is open to all; with your mark and why, which no client reads."""
    assert actor.technician_id is not None
    mine = TechnicianMarkRow
    wanted = (
        select(ClientRow.id.label("client_id"), ClientRow.name, mine.kind, mine.reason, mine.marked_at)
        .outerjoin(mine, (mine.client_id == ClientRow.id) & (mine.technician_id == actor.technician_id))
        .where(known_to(actor.technician_id) | mine.kind.is_not(None))
    )
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, wanted, ClientRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[ClientMetOut.model_validate(row, from_attributes=True) for row in found.rows], next=found.next)


@router.put("/technicians/{technician_id}/mark", response_model=MarkOut, summary="Block or favour a technician")
def put_technician_mark(request: Request, actor: Dispatcher, technician_id: UUID, mark: ClientMarkIn) -> MarkOut:
    """For your client; a block says why. They never learn of it; it ends open offers, and flags what is assigned."""
    assert actor.client_id is not None
    with writing(request, actor, "engine") as session:
        now = database_now(session)
        stands = put_mark_of_client(
            session, actor, actor.client_id, technician_id, mark.kind, reason=mark.reason, now=now
        )
    return MarkOut(technician_id=technician_id, client_id=actor.client_id, kind=mark.kind, assignments=stands)


@router.delete(
    "/technicians/{technician_id}/mark", status_code=204, response_class=Response, summary="Take your mark back"
)
def delete_technician_mark(request: Request, actor: Dispatcher, technician_id: UUID) -> Response:
    """Neither blocked nor favoured; where there was no mark, nothing changes."""
    assert actor.client_id is not None
    with writing(request, actor, "engine") as session:
        put_mark_of_client(session, actor, actor.client_id, technician_id, None, now=database_now(session))
    return Response(status_code=204)


@router.put("/clients/{client_id}/mark", response_model=MarkOut, summary="Block or favour a client")
def put_client_mark(request: Request, actor: Technician, client_id: UUID, mark: ClientMarkIn) -> MarkOut:
    """For yourself, of a client you know; a block says why and declines open offers. They never learn of it."""
    assert actor.technician_id is not None
    with writing(request, actor, "engine") as session:
        _has_met(session, actor.technician_id, client_id)
        now = database_now(session)
        stands = put_technician_mark_of(
            session, actor, actor.technician_id, client_id, mark.kind, reason=mark.reason, now=now
        )
    return MarkOut(technician_id=actor.technician_id, client_id=client_id, kind=mark.kind, assignments=stands)


@router.delete("/clients/{client_id}/mark", status_code=204, response_class=Response, summary="Take your mark back")
def delete_client_mark(request: Request, actor: Technician, client_id: UUID) -> Response:
    """Neither blocked nor favoured; where there was no mark, nothing changes."""
    assert actor.technician_id is not None
    with writing(request, actor, "engine") as session:
        _has_met(session, actor.technician_id, client_id)
        put_technician_mark_of(session, actor, actor.technician_id, client_id, None, now=database_now(session))
    return Response(status_code=204)


def _has_met(session: Session, technician_id: UUID, client_id: UUID) -> None:
    """A technician knows the clients who asked them or are open to all: of the others not even that they exist."""
    asked = exists().where(OfferRow.technician_id == technician_id, OfferRow.client_id == ClientRow.id)
    marked = exists().where(
        TechnicianMarkRow.technician_id == technician_id, TechnicianMarkRow.client_id == ClientRow.id
    )
    knows = select(ClientRow.id).where(ClientRow.id == client_id, known_to(technician_id) | asked | marked)
    if session.scalar(knows) is None:
        raise NotFound("client", client_id)


def _show(row: PoolRow, num_members: int) -> PoolOut:
    return PoolOut(
        id=row.id, client_id=row.client_id, name=row.name, num_members=num_members, created_at=row.created_at
    )
