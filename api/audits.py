"""Is the history whole? Walked anew for whoever asks: the operator for each client, and for the network itself."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select

from api.auth import Operator
from api.parts import parts_of
from api.schemas.audits import BreakOut, ChainOut
from dispatch.errors import NotFound
from dispatch.record.chain import verify
from dispatch.record.session import database_now, transaction
from dispatch.record.tables import ClientRow

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit/chain", response_model=ChainOut, summary="Is the history whole?")
def get_chain(
    request: Request,
    actor: Operator,
    client_id: Annotated[UUID | None, Query(description="Of this client; left out: the network's own.")] = None,
) -> ChainOut:
    """Every event's hash and every seal of one chain, recomputed; the first break is named.

    A history too long to walk within a request is answered with 503: `truckroll audit verify` takes its time.
    """
    with transaction(parts_of(request).engine, actor, role="engine") as session:
        if client_id is not None and session.scalar(select(ClientRow.id).where(ClientRow.id == client_id)) is None:
            raise NotFound("client", client_id)
        found = verify(session, client_id)
        at = database_now(session)
    first = None if found.first_break is None else BreakOut.model_validate(found.first_break)
    return ChainOut(
        client_id=client_id,
        is_whole=first is None,
        num_events=found.num_events,
        num_unsealed=found.num_unsealed,
        first_break=first,
        verified_at=at,
    )
