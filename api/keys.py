"""Who may call, as whom? Keys: make, list, revoke."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from api.auth import only
from api.idempotency import Reply, idempotent, to_response
from api.paging import Cursor, Limit, page
from api.parts import parts_of, writing
from api.schemas.clients import KeyIn, KeyMade, KeyOut
from api.schemas.pages import PageOf
from dispatch.errors import NotFound
from dispatch.record.session import Actor, database_now, transaction
from dispatch.record.tables import ApiKeyRow
from dispatch.talent.keys import create_key, revoke_key

router = APIRouter(prefix="/v1/keys", tags=["keys"])

KeyKeeper = Annotated[Actor, Depends(only("client_admin", "operator"))]
KeyHolder = Annotated[Actor, Depends(only("client_admin", "operator", "technician", "company"))]


@router.post("", status_code=201, response_model=KeyMade, summary="Make a key")
def post_key(request: Request, actor: KeyKeeper, key: KeyIn) -> Response:
    """A client's admin makes keys for its own staff, the operator for everybody. The secret is shown this once.

    It is kept nowhere: the same request again is answered without it. Who lost it revokes the key and makes another.
    """
    named = {key.technician_id, key.company_id} - {None}
    client_id = key.client_id if actor.kind == "operator" or named else key.client_id or actor.client_id

    secrets: list[str] = []

    def work(session: Session, now: datetime) -> Reply:
        owner = key.model_dump(exclude={"client_id", "expires_at"})
        made = create_key(session, actor, **owner, client_id=client_id, expires_at=key.expires_at, now=now)
        secrets.append(made.secret)
        row = KeyOut.model_validate(session.get_one(ApiKeyRow, made.id))
        return Reply(KeyMade(**row.model_dump(), secret=None), 201)

    response = idempotent(request, actor, work)
    if response.status_code != 201 or not secrets:
        return response
    shown = KeyMade.model_validate_json(bytes(response.body)).model_copy(update={"secret": secrets[0]})
    return to_response(Reply(shown, 201, {"Cache-Control": "no-store"}))


@router.get("", response_model=PageOf[KeyOut], summary="List keys")
def list_keys(
    request: Request, actor: KeyHolder, response: Response, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[KeyOut]:
    """Your client's, your own, or, for the operator, all; revoked ones too, newest first."""
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        found = page(session, request, select(ApiKeyRow).where(_own(actor)), ApiKeyRow.id, limit=limit, cursor=cursor)
    response.headers.update(found.headers)
    return PageOf(items=[KeyOut.model_validate(row[0]) for row in found.rows], next=found.next)


@router.delete("/{key_id}", status_code=204, response_class=Response, summary="Revoke a key")
def delete_key(request: Request, actor: KeyKeeper, key_id: UUID) -> Response:
    """Nobody is known by it any more: requests within two seconds, open streams within a few."""
    with writing(request, actor, "engine") as session:
        if session.scalar(select(ApiKeyRow.id).where(ApiKeyRow.id == key_id, _own(actor))) is None:
            raise NotFound("key", key_id)
        revoke_key(session, actor, key_id, now=database_now(session))
    return Response(status_code=204)


def _own(actor: Actor) -> ColumnElement[bool]:
    if actor.kind == "operator":
        return true()
    if actor.technician_id is not None:
        return ApiKeyRow.technician_id == actor.technician_id
    if actor.company_id is not None:
        return ApiKeyRow.company_id == actor.company_id
    return (ApiKeyRow.client_id == actor.client_id) & ApiKeyRow.client_id.is_not(None)
