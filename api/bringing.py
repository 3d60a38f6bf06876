"""A client brings its own people: a file of them, invited into a pool."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.idempotency import Reply, idempotent
from api.pools import PoolKeeper
from api.schemas.pools import BroughtOut, BroughtRow
from api.strictjson import BODY
from dispatch.admission.bringing import bring_in
from dispatch.admission.peoplefile import read_people

router = APIRouter(prefix="/v1", tags=["pools and marks"])

_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/pool-invitations", response_model=BroughtOut, summary="Invite a file of people", openapi_extra=_SENT)
def post_pool_invitations(
    request: Request,
    actor: PoolKeeper,
    pool_id: Annotated[UUID, Query(description="Into which private pool of yours.")],
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing.", examples=[False])] = False,
) -> Response:
    """The body is a CSV file in UTF-8, at most 2 MB: name, email, phone, postcode, lat, lng, skills (hvac:3;wifi).

    All rows, or none and every bad one named. The same file again changes nothing; a no stands.
    """
    data = request.scope[BODY]

    def work(session: Session, now: datetime) -> Reply:
        people = read_people(data)
        found = bring_in(session, actor, pool_id, people, is_dry_run=dry_run, now=now)
        rows = [BroughtRow(line=line, outcome=outcome) for line, outcome in found.rows]
        return Reply(BroughtOut(pool_id=pool_id, is_dry_run=dry_run, counts=found.counts, rows=rows))

    return idempotent(request, actor, work)
