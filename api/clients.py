"""Who posts work? Clients with their policy, and the people who work for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import STAFF, Operator, only
from api.errors import Stale
from api.etags import is_known, wanted_version
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import reading, writing
from api.schemas.admission import ApplicationIn, ClientMove, ClientMoved, ClientMoveIn
from api.schemas.clients import ClientIn, ClientOut, ClientPatch, StaffIn, StaffOut, StaffRole
from api.schemas.pages import PageOf
from api.versions import content_etag, content_version
from dispatch.admission.clients import MOVES, Limits
from dispatch.admission.clients import move_client as move_a_client
from dispatch.errors import NotFound
from dispatch.privacy.leaving import let_staff_go
from dispatch.record.session import Actor, database_now
from dispatch.record.tables import ClientRow, StaffRow
from dispatch.talent.clients import add_staff, create_client, set_policy, set_standing
from matching.daypolicy import DayPolicy
from matching.policy import Policy

router = APIRouter(prefix="/v1", tags=["clients"])

#: Who keeps a client: its admin, and the operator all.
ClientKeeper = Annotated[Actor, Depends(only("client_admin", "operator"))]
Applicant = Annotated[Actor, Depends(only("operator", "gateway"))]
ClientReader = Annotated[Actor, Depends(only(*STAFF, "operator"))]


@router.post("/clients", status_code=201, response_model=ClientOut, summary="Add a client")
def post_client(request: Request, actor: Operator, client: ClientIn) -> Response:
    """A new tenant. Approved at once with its agreement and way of paying; else it waits as an application."""

    def work(session: Session, now: datetime) -> Reply:
        made = create_client(session, actor, client.name, currency=client.currency, policy=client.policy,
                             day_policy=client.day_policy, standing=client.standing(), now=now)  # fmt: skip
        shown = _show(_find(session, actor, made))
        return Reply(shown, 201, {"Location": f"/v1/clients/{made}", **content_etag(shown)})

    return idempotent(request, actor, work)


@router.post("/clients/applications", status_code=201, response_model=ClientMoved, summary="Apply to be a client")
def post_application(request: Request, actor: Applicant, wish: ApplicationIn) -> Response:
    """Handed in by the operator or through a gateway; nothing can be posted before it is approved."""
    agreement = None if wish.agreement is None else wish.agreement.said()

    def work(session: Session, now: datetime) -> Reply:
        standing = {"regions": wish.regions, "agreement": agreement}
        made = create_client(
            session, actor, wish.name, currency=wish.currency, standing=standing, is_application=True, now=now
        )
        return Reply(_moved(session.get_one(ClientRow, made), ()), 201, {"Location": f"/v1/clients/{made}"})

    return idempotent(request, actor, work)


@router.post("/clients/{client_id}/{client_move}", response_model=ClientMoved, summary="Approve, suspend …")
def move_client(
    request: Request, actor: Operator, client_id: UUID, client_move: ClientMove, move: ClientMoveIn
) -> Response:
    """The operator's review. A suspended client asks nobody: open offers are withdrawn, what is agreed stands."""

    def work(session: Session, now: datetime) -> Reply:
        limits = Limits(move.credit_limit, move.pays_outside, move.regions)
        stands = move_a_client(session, actor, client_id, client_move, move.reason, limits, now=now)
        return Reply(_moved(session.get_one(ClientRow, client_id), stands))

    return idempotent(request, actor, work)


@router.get("/clients", response_model=PageOf[ClientOut], summary="List clients")
def list_clients(
    request: Request, actor: ClientReader, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[ClientOut]:
    """The operator's list; staff find their own client alone."""
    wanted = select(ClientRow)
    if actor.kind != "operator":
        wanted = wanted.where(ClientRow.id == actor.client_id)
    with reading(request, actor) as session:
        found = page(session, request, wanted, ClientRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[_show(row[0]) for row in found.rows], next=found.next)


@router.get("/clients/{client_id}", response_model=ClientOut, summary="Read a client")
def get_client(request: Request, actor: ClientReader, client_id: UUID) -> Response:
    """The client with its policy. The ETag guards a change."""
    with reading(request, actor) as session:
        shown = _show(_find(session, actor, client_id))
    headers = content_etag(shown)
    if is_known(request, content_version(shown)):
        return Response(status_code=304, headers=headers)
    return to_response(Reply(shown, headers=headers))


@router.patch("/clients/{client_id}", response_model=ClientOut, summary="Change a client's policy")
def patch_client(request: Request, actor: ClientKeeper, client_id: UUID, patch: ClientPatch) -> Response:
    """Replace the settings that decisions follow, those of the day, or both; jobs already posted keep theirs.

    Credit limit, way of paying, states of operation and agreement are the operator's. Needs If-Match with the ETag.
    """
    version = wanted_version(request, "client")
    with writing(request, actor, "engine") as session:
        row = _find(session, actor, client_id)
        session.refresh(row, with_for_update=True)
        if content_version(_show(row)) != version:
            raise Stale("client")
        now = database_now(session)
        set_policy(session, actor, client_id, patch.policy, patch.day_policy, now=now)
        if standing := patch.standing():
            set_standing(session, actor, client_id, standing, now=now)
        session.refresh(row)
        shown = _show(row)
    return to_response(Reply(shown, headers=content_etag(shown)))


@router.post("/staff", status_code=201, response_model=StaffOut, summary="Add a member of staff")
def post_staff(request: Request, actor: ClientKeeper, person: StaffIn) -> Response:
    """A person of your client; make a key for them next. The operator names the client, or nobody's: an operator."""
    client_id = person.client_id or actor.client_id

    def work(session: Session, now: datetime) -> Reply:
        made = add_staff(session, actor, client_id, person.role, person.name, person.email, now=now)
        shown = StaffOut.model_validate(session.get_one(StaffRow, made))
        return Reply(shown, 201, {"Location": f"/v1/staff/{made}"})

    return idempotent(request, actor, work)


@router.get("/staff", response_model=PageOf[StaffOut], summary="List staff")
def list_staff(
    request: Request,
    actor: ClientKeeper,
    response: Response,
    client_id: Annotated[UUID | None, Query(description="For the operator: only of this client.")] = None,
    role: Annotated[StaffRole | None, Query(description="Only with this role.")] = None,
    id: Annotated[list[UUID] | None, Query(max_length=200, description="Only these.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[StaffOut]:
    """Your client's people, those who have left too; newest first."""
    wanted = select(StaffRow)
    if actor.kind != "operator":
        wanted = wanted.where(StaffRow.client_id == actor.client_id)
    if client_id is not None:
        wanted = wanted.where(StaffRow.client_id == client_id)
    if role is not None:
        wanted = wanted.where(StaffRow.role == role)
    if id is not None:
        wanted = wanted.where(StaffRow.id.in_(id))
    with reading(request, actor) as session:
        found = page(session, request, wanted, StaffRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[StaffOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.delete("/staff/{staff_id}", status_code=204, response_class=Response, summary="A member of staff has left")
def delete_staff(request: Request, actor: ClientKeeper, staff_id: UUID) -> Response:
    """Their keys are revoked at once; their name stays with what they did.

    A client's last admin and the last operator stay (409, `last_admin`, `last_operator`): name another one first.
    """
    with writing(request, actor, "engine") as session:
        let_staff_go(session, actor, staff_id, now=database_now(session))
    return Response(status_code=204)


def _find(session: Session, actor: Actor, client_id: UUID) -> ClientRow:
    row = session.get(ClientRow, client_id) if actor.client_id in (None, client_id) else None
    if row is None:
        raise NotFound("client", client_id)
    return row


def _moved(row: ClientRow, stands: Sequence[UUID]) -> ClientMoved:
    moves: Any = list(MOVES[row.state])
    state: Any = row.state
    return ClientMoved(id=row.id, state=state, reason=row.state_reason, assignments=list(stands), moves=moves)


_SAME = (
    "id", "name", "currency", "policy", "day_policy", "created_at", "state", "state_reason", "credit_limit", "regions",
    "agreement", "pays_outside",
)  # fmt: skip


def _show(row: ClientRow) -> ClientOut:
    effective: Any = Policy.from_document(row.policy).to_document()
    same = {name: getattr(row, name) for name in _SAME}
    day: Any = DayPolicy.from_document(row.day_policy).to_document()
    return ClientOut(**same, effective_policy=effective, effective_day_policy=day)
