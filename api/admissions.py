"""Who has been let in? Invitations, applications, and what becomes of them, from both sides."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from api.auth import Talent, only, speaking_for
from api.etags import etag, is_known
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of
from api.schemas.admission import (
    AdmissionIn,
    AdmissionMove,
    AdmissionMoveIn,
    AdmissionOut,
    AdmissionState,
    InvitationIn,
    RedeemIn,
)
from api.schemas.pages import PageOf
from api.sites import client_meant
from dispatch.admission.redeeming import redeem
from dispatch.admission.relations import Side, apply_to, find_admission, invite, move_admission, moves_of
from dispatch.record.session import Actor, transaction
from dispatch.record.tables import AdmissionRow, ClientRow, TechnicianRow

router = APIRouter(prefix="/v1", tags=["admissions"])

Inviter = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator"))]
Party = Annotated[Actor, Depends(only("client_admin", "dispatcher", "operator", "technician", "company"))]
Redeemer = Annotated[Actor, Depends(only("technician", "gateway"))]


@router.post("/invitations", status_code=201, response_model=AdmissionOut, summary="Invite a technician")
def post_invitation(request: Request, actor: Inviter, wish: InvitationIn) -> Response:
    """Somebody whom you may know; once they accept they are admitted, and in the private pools that you name."""
    client_id = client_meant(actor, wish.client_id)

    def work(session: Session, now: datetime) -> Reply:
        made = invite(session, actor, client_id, wish.technician_id, wish.pools, now=now)
        return _reply(session, actor, made, (), 201)

    return idempotent(request, actor, work)


@router.post("/invitations/redeem", response_model=AdmissionOut, summary="Come in with a code")
def redeem_invitation(request: Request, actor: Redeemer, wish: RedeemIn) -> Response:
    """Once, for whom it was meant: they are admitted, and active if they were new to the network."""

    def work(session: Session, now: datetime) -> Reply:
        admission_id, who = redeem(session, actor, wish.code, now=now)
        return _reply(session, who, admission_id, ())

    return idempotent(request, actor, work)


@router.post("/admissions", status_code=201, response_model=AdmissionOut, summary="Ask a client to be let in")
def post_admission(request: Request, actor: Talent, wish: AdmissionIn) -> Response:
    """A client that has asked you for work, or has a pool that is open to all who meet its requirements."""

    def work(session: Session, now: datetime) -> Reply:
        asker = speaking_for(session, actor, wish.technician_id)
        assert asker.technician_id is not None
        made = apply_to(session, asker, asker.technician_id, wish.client_id, now=now)
        return _reply(session, asker, made, (), 201)

    return idempotent(request, actor, work)


@router.get("/admissions", response_model=PageOf[AdmissionOut], summary="List admissions")
def list_admissions(
    request: Request,
    actor: Party,
    response: Response,
    state: Annotated[AdmissionState | None, Query(description="Only these.", examples=["invited"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[AdmissionOut]:
    """Yours, newest first: a client's with technicians, a technician's with clients."""
    wanted = select(AdmissionRow, ClientRow.name).join(ClientRow, ClientRow.id == AdmissionRow.client_id)
    wanted = wanted.where(*_theirs(actor))
    if state is not None:
        wanted = wanted.where(AdmissionRow.state == state)
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, wanted, AdmissionRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0], row[1], _side(actor), ()) for row in found.rows], next=found.next)


@router.get("/admissions/{admission_id}", response_model=AdmissionOut, summary="Read an admission")
def get_admission(request: Request, actor: Party, admission_id: UUID) -> Response:
    """With what you may make of it."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        row, _ = find_admission(session, actor, admission_id)
        reply = _reply(session, actor, admission_id, ())
    if is_known(request, row.version):
        return Response(status_code=304, headers=dict(reply.headers))
    return to_response(reply)


@router.post("/admissions/{admission_id}/{admission_move}", response_model=AdmissionOut, summary="Accept, admit, end …")
def post_admission_move(
    request: Request, actor: Party, admission_id: UUID, admission_move: AdmissionMove, move: AdmissionMoveIn
) -> Response:
    """Each side has its moves. A suspension shuts the technician out at once: offers end, assignments are flagged."""

    def work(session: Session, now: datetime) -> Reply:
        stands = move_admission(session, actor, admission_id, admission_move, move.reason, now=now)
        return _reply(session, actor, admission_id, stands)

    return idempotent(request, actor, work)


def _theirs(actor: Actor) -> Sequence[ColumnElement[bool]]:
    if actor.kind == "operator":
        return ()
    if actor.client_id is not None:
        return (AdmissionRow.client_id == actor.client_id,)
    if actor.technician_id is not None:
        return (AdmissionRow.technician_id == actor.technician_id,)
    workers = exists().where(
        TechnicianRow.id == AdmissionRow.technician_id, TechnicianRow.company_id == actor.company_id
    )
    return (workers,)


def _side(actor: Actor) -> Side:
    return "technician" if actor.kind in ("technician", "company", "gateway") else "client"


def _reply(session: Session, actor: Actor, admission_id: UUID, stands: Sequence[UUID], status: int = 200) -> Reply:
    row = session.get_one(AdmissionRow, admission_id, populate_existing=True)
    shown = _show(row, session.get_one(ClientRow, row.client_id).name, _side(actor), stands)
    headers = {"ETag": etag(row.version)} | ({"Location": f"/v1/admissions/{row.id}"} if status == 201 else {})
    return Reply(shown, status, headers)


def _show(row: AdmissionRow, client: str, side: Side, stands: Sequence[UUID]) -> AdmissionOut:
    """Who was invited is the client's to know as soon as they agree: till then it knows what it wrote itself."""
    is_client = side == "client"
    state: Any = row.state
    moves: Any = list(moves_of(row.state, side))
    hides = is_client and row.given_email is not None and row.state not in ("admitted", "suspended")
    return AdmissionOut(
        id=row.id,
        client_id=row.client_id,
        client=client,
        technician_id=None if hides else row.technician_id,
        state=state,
        reason=row.reason,
        name=row.given_name if is_client else None,
        email=row.given_email if is_client else None,
        pools=[UUID(each) for each in row.pools] if is_client else [],
        created_at=row.created_at,
        moved_at=row.moved_at,
        moves=moves,
        assignments=list(stands),
    )
